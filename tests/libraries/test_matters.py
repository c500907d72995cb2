"""The matter library: what is found in it, and what just is not."""

from datetime import date

import pytest

from pipelines.libraries import TABLES
from tests.libraries.office import added, cases, found, report

TWO = [{}, {"valid_from": "2026-01-01", "process": "受理—核查—回复"}]


def test_two_processes_in_force_at_once_are_found_for_every_holder():
    """M0.1: one matter has one process."""
    other = {"unit_id": "U2", "process": "受理—核查—回复"}
    assert found("several_processes", matters=TWO) == [("U1", "M1")]
    assert found("several_processes", matters=[{}, other]) == [("U1", "M1"), ("U2", "M1")]


@pytest.mark.parametrize("second", [
    {"process": "受理—核查—回复", "matter_id": "M2"},
    {"process": "受理—核查—回复", "valid_from": "2026-10-01"},
    {"process": "受理—核查—回复", "valid_from": "2010-01-01", "valid_to": "2026-09-29"},
    {"process": " 受理 — 办理 — 回复 ", "unit_id": "U2"},
])
def test_another_matter_a_process_of_another_day_and_the_same_process_are_no_second_one(second):
    """M0.1: a matter that two units handle by the same process has one."""
    assert found("several_processes", matters=[{}, second]) == []


def test_a_process_in_force_until_the_day_itself_counts():
    """M0.1: the last day is in force."""
    former = {"process": "受理—核查—回复", "valid_from": "2010-01-01", "valid_to": "2026-09-30"}
    assert found("several_processes", matters=[{}, former]) == [("U1", "M1")]


@pytest.mark.parametrize(("requested_on", "on", "late"), [
    ("2026-09-02", "2026-09-15", False),  # 9 working days
    ("2026-09-02", "2026-09-16", False),  # 10
    ("2026-09-02", "2026-09-17", True),  # 11
    ("2026-09-02", "2026-09-18", True),
    ("2026-09-04", "2026-09-18", False),  # from a Friday: the weekend is not worked
    ("2026-09-04", "2026-09-20", True),  # 20 September is a Sunday that is worked
    ("2026-02-09", "2026-02-27", False),  # Spring Festival, 15 to 23 February; 14 and 28 are Saturdays that are worked
    ("2026-02-09", "2026-02-28", False),
    ("2026-02-09", "2026-03-01", False),
    ("2026-02-09", "2026-03-02", True),
    ("2025-12-24", "2026-01-08", False),  # the year's end: 1 to 3 January off, Sunday 4 worked
    ("2025-12-24", "2026-01-09", True),
])
def test_a_change_may_wait_ten_working_days(requested_on, on, late):
    """M0.1: counted by the State Council's calendar, the day of the application left out."""
    change = {"change_id": "B1", "change": "modify", "process": "新", "requested_on": requested_on}
    given = found("change_waiting", on=date.fromisoformat(on), matters=[{}], matter_changes=[change])
    assert given == ([("U1", "B1")] if late else [])


@pytest.mark.parametrize(("decided", "late"), [
    ({"decision": "approved", "decided_on": "2026-09-30"}, False),
    ({"decision": "approved", "decided_on": "2026-10-01"}, True),  # decided after the day: on the day it waited
    ({"decision": "rejected", "decided_on": "2026-08-10"}, False),
    ({"decision": "rejected"}, False),
    ({"decided_on": "2026-08-10"}, True),  # a day without a word is no decision
    ({}, True),
])
def test_only_a_change_without_a_decision_waits(decided, late):
    """M0.1"""
    change = {"change_id": "B1", "change": "modify", "process": "新", "requested_on": "2026-08-03", **decided}
    assert bool(found("change_waiting", matters=[{}], matter_changes=[change])) is late


def test_a_year_without_a_calendar_is_named_and_everything_else_is_looked_for():
    """M0.1: no guess about working days."""
    given = report(on=date(2031, 1, 1), matters=TWO, matter_changes=[{"change_id": "B1", "change": "remove"}])
    assert "2031" in given.uncovered[0].zh
    assert "change_waiting" not in {rule.id for rule in given.rules}
    assert "several_processes" in {finding.rule.id for finding in given.findings}


@pytest.mark.parametrize(("case", "is_found"), [
    ({}, False),
    ({"unit_id": "U2"}, True),
    ({"matter_id": "M9"}, True),
    ({"unit_id": "U2", "role": "assist"}, False),
    ({"unit_id": "U2", "dispatched_at": "2026-06-30 23:59:59"}, False),
    ({"unit_id": "U2", "dispatched_at": "2026-07-01 00:00:00"}, True),
    ({"unit_id": "U2", "dispatched_at": "2026-09-30 23:59:59"}, True),
    ({"unit_id": "U2", "dispatched_at": "2026-10-01 00:00:00"}, False),
    ({"matter_id": None}, False),
])
def test_a_case_dispatched_to_a_unit_without_the_matter(case, is_found):
    """M1: the unit is to be told; leading units, cases of the quarter."""
    given = found("dispatched_without_matter", matters=[{}], cases=cases(1, **case))
    assert given == ([(case.get("unit_id", "U1"), "C0")] if is_found else [])


@pytest.mark.parametrize(("decided_on", "is_found"), [
    ("2026-08-02", False), ("2026-08-03", False), ("2026-09-30", False), ("2026-10-01", True),
])
def test_a_matter_that_was_entered_since_needs_no_notice(decided_on, is_found):
    """M1: asked on 30 September about a case of 3 August."""
    change = added(change_id="B1", unit_id="U2", decided_on=decided_on)
    given = found("dispatched_without_matter", matters=[{}], matter_changes=[change], cases=cases(1, unit_id="U2"))
    assert bool(given) is is_found


def test_an_excluded_case_is_not_looked_at():
    """M1: what the office took out of the quarter is out of this list too."""
    out = {"adjustment_id": "D1", "action": "exclude_case", "case_id": "C0", "unit_id": "U2"}
    assert found("dispatched_without_matter", matters=[{}], cases=cases(2, unit_id="U2"), adjustments=[out]) == [
        ("U2", "C1")]


def test_cases_of_no_matter_are_listed_one_by_one():
    """M1: handled as special cases first, then it is decided whether the matter is added."""
    rows = [*cases(2, matter_id=None), *cases(1, prefix="D"), *cases(1, prefix="A", matter_id=None, role="assist")]
    assert found("case_without_matter", matters=[{}], cases=rows) == [("U1", "C0"), ("U1", "C1")]


@pytest.mark.parametrize(("own", "away", "is_found"), [
    (0, 2, False), (0, 3, True), (3, 3, True), (4, 3, False), (3, 4, True), (101, 100, False),
])
def test_a_matter_whose_cases_keep_going_to_another_unit(own, away, is_found):
    """M2: at least three, and half of the matter's cases."""
    rows = [*cases(own), *cases(away, prefix="X", unit_id="U2")]
    given = report(matters=[{}], cases=rows)
    output = [finding for finding in given.findings if finding.rule.id == "goes_elsewhere"]
    assert [(finding.unit_id, finding.row) for finding in output] == ([("U1", "M1")] if is_found else [])
    assert all("乙局" in finding.what.zh and f"{own + away}件中有{away}件" in finding.what.zh for finding in output)


def test_cases_of_a_second_holder_go_nowhere_else():
    """M2: a matter that two units hold is at home with both."""
    assert found("goes_elsewhere", matters=[{}, {"unit_id": "U2"}], cases=cases(5, unit_id="U2")) == []


@pytest.mark.parametrize(("change", "rule"), [("remove", "removal_by_another"), ("modify", "modification_by_another")])
@pytest.mark.parametrize(("row", "is_found"), [
    ({"unit_id": "U2"}, True),
    ({"unit_id": "U2", "decision": "approved", "decided_on": "2026-09-10"}, True),
    ({"unit_id": "U2", "decision": "rejected", "decided_on": "2026-09-10"}, False),
    ({"unit_id": "U1"}, False),
    ({"unit_id": "U2", "matter_id": "M9"}, False),
    ({"unit_id": "U2", "requested_on": "2026-10-01"}, False),
])
def test_only_the_holder_applies_for_removal_and_modification(change, rule, row, is_found):
    """M2, M3: another unit's application is a finding."""
    given = found(rule, matters=[{}], matter_changes=[{"change_id": "B1", "change": change, "process": "新", **row}])
    assert given == ([("U2", "B1")] if is_found else [])


@pytest.mark.parametrize(("content", "is_found"), [
    ({}, True), ({"process": "新"}, False), ({"matter_name": "新"}, False),
])
def test_a_modification_says_what_becomes_of_the_matter(content, is_found):
    """M3"""
    change = {"change_id": "B1", "change": "modify", **content}
    assert bool(found("modification_of_nothing", matters=[{}], matter_changes=[change])) is is_found


def test_without_the_tables_nothing_is_looked_for():
    assert report(absent=TABLES, cases=cases(3, matter_id=None)) is None
    given = report(absent=("matters",), cases=cases(3, matter_id=None))
    assert {rule.subject.name for rule in given.rules}.isdisjoint({"processes", "dispatched", "elsewhere"})
    assert given.findings and {finding.rule.subject.library for finding in given.findings} == {"knowledge"}


def test_a_source_that_does_not_know_matters_of_cases_is_not_blamed_for_it():
    given = report(lacking=(("cases", "matter_id"),), matters=[{}], cases=cases(3, matter_id=None))
    assert {rule.subject.name for rule in given.rules}.isdisjoint({"dispatched", "elsewhere"})
