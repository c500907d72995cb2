"""Who may take a case and who comes first (E0.1, E5.4, E6.0, E7.0)."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from pipelines.evaluators.eligibility import choose, fields_of, matches, on_duty
from pipelines.evaluators.state import CaseRow, State
from tests.evaluators.office import Office, away, case, only, person, rules

DAY = date(2026, 7, 6)
T0 = datetime(2026, 7, 6, 9)


def chosen(people, row=None, state=None, settings=None):
    """The id of the one who gets the case, None for nobody."""
    state, settings = state or State(), settings or rules()
    row = row or CaseRow(("C1", "U1"), None, (), T0)
    found = choose(on_duty(people, state, settings, DAY), row, state, settings, DAY).evaluator
    return found and found.evaluator_id


@pytest.mark.parametrize(
    ("facts", "may"),
    [
        ({"appointed_on": DAY}, True),
        ({"appointed_on": DAY + timedelta(1)}, False),
        ({"term_ends_on": DAY}, True),
        ({"term_ends_on": DAY - timedelta(1)}, False),
        ({"ended_on": DAY}, True),
        ({"ended_on": DAY - timedelta(1)}, False),
        ({"away_from": DAY, "away_until": DAY}, False),
        ({"away_from": DAY - timedelta(9), "away_until": DAY}, False),
        ({"away_from": DAY - timedelta(9), "away_until": DAY - timedelta(1)}, True),
        ({"away_from": DAY + timedelta(1), "away_until": DAY + timedelta(9)}, True),
        ({"away_from": DAY - timedelta(9)}, False),
        ({"employer_unit_id": "U1"}, False),
        ({"employer_unit_id": "U2"}, True),
    ],
)
def test_each_condition_holds_to_the_day(facts, may):
    assert chosen([person("E1", **facts)]) == ("E1" if may else None)


def test_an_absence_told_through_the_inbox_holds_from_its_first_day_to_its_last(tmp_path):
    office = Office(tmp_path / "s", [person("E1")], [case("C1")])
    office.step(T0 - timedelta(days=9), away("E1", DAY, DAY, T0 - timedelta(days=9)))
    assert office.step(T0 - timedelta(days=9)).away["E1"] == [(DAY, DAY)]
    office = Office(tmp_path / "t", [person("E1")], [case("C1", rated_at=T0 - timedelta(hours=1))])
    office.step(T0 - timedelta(days=9), away("E1", DAY, DAY, T0 - timedelta(days=9)))
    assert not office.step(T0).assignments
    assert only(office.step(T0 + timedelta(days=1))).evaluator_id == "E1"


def test_whoever_had_the_case_for_one_unit_does_not_get_it_for_another(tmp_path):
    rows = [case("C1", unit) for unit in ("U1", "U2", "U3")]
    office = Office(tmp_path / "s", [person("E1"), person("E2")], rows)
    state = office.step(T0)
    assert {one.evaluator_id for one in state.assignments.values()} == {"E1", "E2"}
    assert len(state.unassigned) == 1


def test_a_field_of_the_case_decides_where_one_who_may_take_it_has_it():
    row = CaseRow(("C1", "U1"), None, ("道路交通设施报修", "热线电话"), T0)
    expert, other = person("E2", fields=("交通",)), person("E1", fields=("教育",))
    assert chosen([other, expert], row) == "E2"
    assert chosen([other, replace(expert, employer_unit_id="U1")], row) == "E1"
    assert chosen([other, expert], row, settings=replace(rules(), conditions=("appointed", "other_employer"))) == "E1"


@pytest.mark.parametrize(
    ("fields", "topic", "match"),
    [("城建;交通", "公共交通", True), ("城建；ＡＩ", "ai 应用", True), ("教育", "交通", False), ("", "交通", False),
     ("交通管理、法律", "交通", True)],
)
def test_fields_are_matched_by_what_they_say(fields, topic, match):
    assert matches(person("E1", fields=fields_of(fields)), CaseRow(("C1", "U1"), None, (topic,), T0)) is match


def test_the_least_loaded_comes_first_and_equals_by_code(tmp_path):
    people = [person(id) for id in ("E3", "E1", "E2")]
    office = Office(tmp_path / "s", people, [case(f"C{n}") for n in range(1, 5)])
    given = [one.evaluator_id for one in office.step(T0).assignments.values()]
    assert given == ["E1", "E2", "E3", "E1"]


def test_those_who_wait_longest_are_assigned_first(tmp_path):
    cases = [case("C1", rated_at=T0 - timedelta(hours=1)), case("C2", rated_at=T0 - timedelta(hours=2))]
    office = Office(tmp_path / "s", [person("E1"), person("E2")], cases)
    given = {one.case[0]: one.evaluator_id for one in office.step(T0).assignments.values()}
    assert given == {"C2": "E1", "C1": "E2"}


def test_a_conflict_of_interest_that_was_avoided_is_counted(tmp_path):
    office = Office(tmp_path / "s", [person("E1", employer_unit_id="U1"), person("E2")], [case("C1")])
    assert (only(office.step(T0)).evaluator_id, only(office.step(T0)).barred) == ("E2", 1)
