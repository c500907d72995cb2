"""Decisions after objections: on what exists, on what belongs to another period, and on nothing."""

import pytest

from tests.contracts.test_plausible import of_quarter
from tests.contracts.world import good, good_tables

EXCLUDE = {"action": "剔除诉求件", "rule_id": None}


def decided(*rows: dict, **tables: list[dict]):
    """The validation of a quarter with these decisions; the good city has case C1 and incident I1 of unit U1."""
    adjustments = [good("adjustments", adjustment_id=f"D{i}", **row) for i, row in enumerate(rows, 1)]
    return of_quarter({**good_tables(), "adjustments": adjustments, **tables})[0]


@pytest.mark.parametrize(
    "row",
    [
        {"case_id": "C1"}, {"case_id": "C1", **EXCLUDE}, {"case_id": "C1", "action": "评价无效", "rule_id": None},
        {"case_id": None, "ref_id": "I1"}, {"case_id": "C1", "ref_id": "I1"}, {"case_id": "Ｃ1"},
        {"case_id": "C77", "ref_id": "I2"},  # the case of the unit's incident, which no case row has
    ],
)
def test_a_decision_on_what_exists_is_accepted(row):
    incidents = [good("incidents"), good("incidents", incident_id="I2", case_id="C77")]
    validation = decided(row, incidents=incidents)
    assert (validation.breaches, validation.rows["adjustments"].accepted) == ((), 1)


@pytest.mark.parametrize(
    ("row", "promise"),
    [
        ({"case_id": "C12", **EXCLUDE}, "case_id_in_cases"),
        ({"case_id": "C77", **EXCLUDE}, "case_id_in_cases"),  # an incident is no case row
        ({"case_id": "C12"}, "waived_case_id_in_cases_or_incidents"),
        ({"case_id": None, "ref_id": "I12"}, "ref_id_in_incidents"),
        ({"case_id": "C1", "ref_id": "I12"}, "ref_id_in_incidents"),
        ({"case_id": "2026081500012", **EXCLUDE}, "case_id_in_cases"),  # dated inside the quarter
        ({"case_id": "C12", "decided_on": "2027-02-01", **EXCLUDE}, "case_id_in_cases"),  # decided later
        ({"case_id": "2.02607E+12", "decided_on": "2026-10-10", **EXCLUDE}, "case_id_in_cases"),
    ],
)
def test_a_decision_on_nothing_that_this_period_has_is_rejected(row, promise):
    incidents = [good("incidents"), good("incidents", incident_id="I2", case_id="C77")]
    validation = decided(row, incidents=incidents)
    assert promise in {b.promise for b in validation.breaches}
    assert validation.rows["adjustments"].quarantined == 1


def test_a_decision_on_another_units_case_is_rejected_and_the_nearest_is_named():
    units = [good("units"), good("units", unit_id="U2", unit_name="水务局")]
    [breach] = decided({"case_id": "C1", "unit_id": "U2", **EXCLUDE}, units=units).breaches
    assert (breach.line, breach.value, breach.column) == (2, "C1/U2", "case_id/unit_id")
    assert "C1/U1" in breach.remedy.zh and "C1/U1" in breach.remedy.en


@pytest.mark.parametrize(
    "row",
    [
        {"case_id": "2026061500003", **EXCLUDE}, {"case_id": "2025-11-03-017"}, {"case_id": "TZ20261001001", **EXCLUDE},
        {"case_id": "202606-0012"}, {"case_id": "〔2025〕12号", **EXCLUDE}, {"case_id": None, "ref_id": "SJ2026063012"},
        {"case_id": "C12", "decided_on": "2026-06-30", **EXCLUDE},  # no date in the number, decided before the quarter
    ],
)
def test_a_decision_on_another_period_is_left_out_with_a_notice_and_counted(row):
    validation = decided(row, {"case_id": "C1"})
    count = validation.rows["adjustments"]
    assert (count.read, count.accepted, count.quarantined, count.left_out) == (2, 1, 0, 1)
    assert validation.breaches == ()
    [notice] = validation.notices
    assert "1 row of adjustments" in notice.en and "D1" in notice.zh


def test_decisions_on_other_periods_are_outside_the_tolerance_and_damaged_ones_inside():
    elsewhere = [{"case_id": f"20260401{i:05d}", **EXCLUDE} for i in range(30)]
    assert decided({"case_id": "C1"}, *elsewhere).stops == ()
    damaged = [{"case_id": f"20260801{i:05d}", **EXCLUDE} for i in range(30)]
    [stop] = decided({"case_id": "C1"}, *damaged).stops
    assert "adjustments.csv, line 3, case_id/unit_id '2026080100000/U1'" in stop.en


def test_a_faulty_decision_on_another_period_is_quarantined():
    validation = decided({"case_id": "2026061500003", "reason": None, **EXCLUDE})
    assert {b.promise for b in validation.breaches} == {"reason_required", "case_id_in_cases"}
    assert validation.rows["adjustments"].left_out == 0


def test_a_waiver_with_one_number_of_this_period_and_one_of_another_is_rejected():
    [breach] = decided({"case_id": "2026061500003", "ref_id": "I1"}).breaches
    assert breach.promise == "waived_case_id_in_cases_or_incidents"


def test_a_decision_on_a_quarantined_case_says_so():
    cases = [good("cases"), good("cases", case_id="C2", dispatched_at=None)]
    [breach] = [b for b in decided({"case_id": "C2", **EXCLUDE}, cases=cases).breaches if b.table == "adjustments"]
    assert breach.promise == "reference_rejected"
