"""The knowledge base: what is found in it, and what just is not."""

import pytest

from tests.libraries.office import cases, found, report

KINDS = [{"entry_id": f"K{n}", "kind": kind} for n, kind in enumerate(("duties", "policy", "law", "guide"))]


@pytest.mark.parametrize(("row", "is_found"), [
    ({"signed_off_by": None}, True), ({}, False), ({"signed_off_by": None, "status": "draft"}, False),
    ({"signed_off_by": None, "status": "removed"}, False),
])
def test_what_is_published_is_signed_off(row, is_found):
    """K0.2"""
    assert found("published_unsigned", knowledge=[{"entry_id": "K1", **row}]) == ([("U1", "K1")] if is_found else [])


@pytest.mark.parametrize(("expires_on", "status", "is_found"), [
    ("2026-10-01", "published", False), ("2026-09-30", "published", False), ("2026-09-29", "published", True),
    ("2026-09-29", "draft", True), ("2026-09-29", "removed", False), (None, "published", False),
])
def test_what_is_out_of_date_is_removed(expires_on, status, is_found):
    """K0.2: asked on 30 September; the last day on which an entry holds is in time."""
    row = {"entry_id": "K1", "expires_on": expires_on, "status": status}
    assert bool(found("expired", knowledge=[row])) is is_found


@pytest.mark.parametrize(("updated_on", "is_found"), [
    ("2025-10-01", False), ("2025-09-30", False), ("2025-09-29", True), ("2026-12-01", False),
])
def test_an_entry_is_touched_within_a_year(updated_on, is_found):
    """K0.2: 364, 365 and 366 days before 30 September 2026."""
    assert bool(found("untouched", knowledge=[{"entry_id": "K1", "updated_on": updated_on}])) is is_found


def test_a_unit_owes_a_published_entry_of_every_kind():
    """K0.1"""
    rows = [*KINDS, *({**row, "entry_id": f"X{row['entry_id']}", "unit_id": "U2"} for row in KINDS[1:]),
            {"entry_id": "D", "unit_id": "U2", "status": "draft"}]
    assert found("kind_missing", knowledge=rows) == [("U2", "duties")]


@pytest.mark.parametrize(("count", "title", "is_found"), [
    (9, "主要工作职责", False), (10, "主要工作职责", True), (11, "主要工作职责", True),
    (11, "怎样报修路灯", True), (11, "路灯报修指南", False), (11, "路 灯 报 修", False),
])
def test_much_asked_for_and_nothing_to_read(count, title, is_found):
    """K0.1: ten cases make a demand; an entry answers that has the matter in its title."""
    given = found("demand_without_entry", matters=[{}], cases=cases(count),
                  knowledge=[{"entry_id": "K1", "title": title}])
    assert given == ([("U1", "M1")] if is_found else [])


@pytest.mark.parametrize("row", [{"status": "draft"}, {"unit_id": "U2"}])
def test_a_draft_and_another_units_entry_answer_nothing(row):
    """K0.1"""
    entry = {"entry_id": "K1", "title": "路灯报修指南", **row}
    assert found("demand_without_entry", matters=[{}], cases=cases(10), knowledge=[entry]) == [("U1", "M1")]


def test_a_channel_stands_for_cases_of_no_matter():
    """K0.1"""
    rows = [*cases(10, matter_id=None, channel="供暖专线"), *cases(9, prefix="D", channel="供暖专线")]
    assert found("demand_without_entry", matters=[{}], cases=rows, knowledge=[{"entry_id": "K1"}]) == [
        ("U1", "供暖专线")]


def test_only_the_first_twenty_places_of_the_city_are_named():
    """K0.1: equal demand shares its place."""
    def city(same):
        return [row for n in range(22) for row in
                cases(12 if n >= same else 20, prefix=f"C{n}-", matter_id=f"M{n:02d}")]

    def named(same):
        return len(found("demand_without_entry", cases=city(same), knowledge=[{"entry_id": "K1"}]))

    assert named(19) == 22  # three share the twentieth place
    assert named(20) == 20  # two share the twenty-first


def test_a_source_without_signatures_is_not_blamed_for_it():
    given = report(lacking=(("knowledge", "signed_off_by"),), knowledge=[{"entry_id": "K1", "signed_off_by": None}])
    assert "published_unsigned" not in {rule.id for rule in given.rules}
