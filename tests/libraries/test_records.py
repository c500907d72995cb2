"""What the offices record beside the libraries: special cases, guidance, difficulties, joint work, commendation."""

import pytest

from pipelines.views.libraries import waiver_rows
from tests.libraries.office import cases, found, report

STEP = {"unit_id": "U1", "step_id": "T1"}
SPECIAL = {"case_id": "C0", "unit_id": "U1", "matter_id": None, "closed_at": None}
TOLD = {**STEP, "step": "told", "matter_id": "M1"}
DUE = {"case_id": "C1", "reply_due_at": "2026-08-20 18:00:00", "replied_at": "2026-08-20 18:00:01"}
STATED = {"statement_id": "K1", "case_id": "C1", "unit_id": "U1", "stated_at": "2026-08-20 18:00:00", "reason": "x",
          "decision": "accepted", "decided_on": "2026-08-21"}
JOINT = {"incident_id": "I1", "unit_id": "U1", "case_id": "C1", "incident_type": "not_cooperating",
         "occurred_at": "2026-08-05 09:00:00", "verified": True}
PRAISE = {"unit_id": "U1", "award_type": "public_praise", "matter": "m", "awarded_on": "2026-08-05", "approved": True}
LETTER = {"commendation_id": "B1", "unit_id": "U1", "kind": "letter", "period": "2026Q2", "dated": "2026-09-30",
          "addressed_to": "省局"}
EARLIER = {**LETTER, "commendation_id": "B0", "period": "2026Q1", "dated": "2026-04-30"}


@pytest.mark.parametrize(("day", "not_told", "not_set_up"), [
    (None, True, False), ("2026-10-01", True, False), ("2026-09-30", False, False),
    ("2026-09-16", False, False), ("2026-09-15", False, True),
])
def test_a_unit_without_a_process_is_told_and_given_two_weeks(day, not_told, not_set_up):
    """M1: as of the thirtieth of September; what was recorded later is not known yet."""
    steps = [{**TOLD, "done_on": day}] if day else []
    given = {"matters": [{"unit_id": "U2"}], "cases": cases(2), "matter_steps": steps}
    assert found("unit_not_told", **given) == ([("U1", "M1")] if not_told else [])
    assert found("told_and_not_set_up", **given) == ([("U1", "M1")] if not_set_up else [])
    held = {"matters": [{"unit_id": "U1", "valid_from": "2026-09-30"}], "cases": cases(2), "matter_steps": steps}
    assert not found("unit_not_told", **held) and not found("told_and_not_set_up", **held)


@pytest.mark.parametrize(("steps", "closed_at", "not_urged", "undecided"), [
    ([], None, True, True), (["urged"], None, False, True), ([], "2026-08-10 09:00:00", False, True),
    (["urged", "finished"], None, False, True), (["finished", "not_added"], None, False, False),
    (["finished", "added"], None, False, False),
])
def test_a_special_case_is_urged_finished_and_decided(steps, closed_at, not_urged, undecided):
    """M1: every step recorded; whether the library gets the matter is the last."""
    rows = [{**STEP, "step_id": name, "step": name, "case_id": "C0", "matter_id": "M9" if name == "added" else None,
             "done_on": "2026-09-01"} for name in steps]
    given = {"matters": [{}], "cases": [{**SPECIAL, "closed_at": closed_at}], "matter_steps": rows}
    assert bool(found("special_not_urged", **given)) is not_urged
    assert found("case_without_matter", **given) == ([("U1", "C0")] if undecided else [])


@pytest.mark.parametrize(("entries", "is_found"), [
    ([], True), ([{"matter_id": "M9", "valid_from": "2026-09-30"}], False),
    ([{"matter_id": "M9", "valid_from": "2026-10-01"}], True), ([{"matter_id": "M9", "unit_id": "U2"}], True),
])
def test_what_was_to_be_added_is_in_the_library(entries, is_found):
    """M1: of the unit that was decided on, by the day."""
    step = {**STEP, "step": "added", "case_id": "C0", "matter_id": "M9", "done_on": "2026-09-01"}
    given = {"matters": [{}, *entries], "cases": [SPECIAL], "matter_steps": [step]}
    assert found("added_not_entered", **given) == ([("U1", "T1")] if is_found else [])


@pytest.mark.parametrize(("given_on", "is_found"), [
    (None, True), ("2026-06-30", True), ("2026-07-01", False), ("2026-09-30", False), ("2026-10-01", True),
])
def test_a_unit_with_faults_is_guided_in_the_period(given_on, is_found):
    """K0.2"""
    entries = [{"entry_id": "K1", "signed_off_by": None}, {"entry_id": "K2", "expires_on": "2026-09-29"}]
    rows = [{"guidance_id": "G1", "kind": "knowledge", "unit_id": "U1", "given_on": given_on, "topic": "x"}]
    assert bool(found("not_guided", knowledge=entries, guidance=rows if given_on else [])) is is_found
    assert not found("not_guided", knowledge=entries[:1], guidance=[])


@pytest.mark.parametrize(("change", "rules"), [
    ({}, {"waiver_proposed"}),
    ({"stated_at": "2026-08-20 18:00:01"}, {"difficulty_late"}),
    ({"decision": None, "decided_on": None}, {"difficulty_undecided"}),
    ({"decided_on": "2026-10-01"}, {"difficulty_undecided"}),
    ({"decision": "rejected"}, set()),
    ({"stated_at": "2026-10-01 09:00:00"}, set()),
])
def test_a_difficulty_is_told_before_the_deadline_and_decided(change, rules):
    """A3.3: on the second itself is in time; a deadline that was extended is the deadline."""
    given = report(cases=[DUE], difficulties=[{**STATED, **change}])
    assert {finding.rule.id for finding in given.findings if finding.rule.of == "difficulties"} == rules


def test_an_accepted_difficulty_is_a_proposed_waiver_until_somebody_signs_it():
    """A3.3: the proposal has no decider, so that no run takes it before the office does."""
    (row,) = waiver_rows(report(cases=[DUE], difficulties=[STATED]))
    assert (row["action"], row["rule_id"]) == ("waive_deduction", "late_reply")
    assert (row["unit_id"], row["case_id"]) == ("U1", "C1")
    assert row["decided_by"] == row["decided_on"] == "" and "K1" in row["reason"]
    decided = {**row, "decided_by": "x", "decided_on": "2026-09-01", "ref_id": None}
    assert list(waiver_rows(report(cases=[DUE], difficulties=[STATED], adjustments=[decided]))) == []
    extended = {"case_id": "C1", "unit_id": "U1", "decision": "approved", "extended_until": "2026-08-20 18:00:01"}
    assert list(waiver_rows(report(cases=[DUE], difficulties=[STATED], extensions=[extended]))) == []


@pytest.mark.parametrize(("change", "units", "rules"), [
    ({}, ("U1", "U2"), {"not_cooperating"}), ({}, ("U1",), set()),
    ({"verified": False}, ("U1", "U2"), {"cooperation_to_verify"}),
    ({"occurred_at": "2026-06-30 23:59:59"}, ("U1", "U2"), set()),
    ({"incident_type": "not_handled"}, ("U1", "U2"), set()),
])
def test_who_does_not_cooperate_on_a_joint_case_is_named(change, units, rules):
    """A3.3: verified, on a case of several units."""
    rows = [{"case_id": "C1", "unit_id": unit} for unit in units]
    given = report(cases=rows, incidents=[{**JOINT, **change}])
    named = {(one.rule.id, one.unit_id) for one in given.findings if one.rule.of == "cooperation"}
    assert named == {(id, "U1") for id in rules}


@pytest.mark.parametrize(("change", "is_found"), [
    ({}, False), ({"period": "2026Q1"}, True), ({"dated": "2026-10-01"}, True), ({"kind": "staff"}, True),
])
def test_a_superior_is_told_of_the_period_before(change, is_found):
    """A0.1: whose superior was told once is told every period; the finding names it."""
    given = report(commendations=[EARLIER, {**LETTER, **change}])
    named = [(one.unit_id, "省局" in one.what.zh) for one in given.findings if one.rule.id == "letter_missing"]
    assert named == ([("U1", True)] if is_found else [])
    assert not found("letter_missing", commendations=[])


@pytest.mark.parametrize(("praises", "staff", "is_found"), [(1, 0, False), (2, 0, True), (2, 1, False)])
def test_where_the_public_praises_somebody_is_commended(praises, staff, is_found):
    """A0.1"""
    awards = [{**PRAISE, "award_id": f"W{n}"} for n in range(praises)]
    people = [{**LETTER, "kind": "staff", "dated": "2026-07-01"}] * staff
    assert bool(found("staff_not_commended", awards=awards, commendations=people)) is is_found
