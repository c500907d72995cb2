"""The flags of a case row: given one row of the exports, expect these facts (readings.md, definitions)."""

from datetime import datetime

import pytest

from pipelines.edges.calendar import Calendar
from pipelines.engines.marks import selection
from pipelines.model.period import Period
from pipelines.model.words import Refusal
from pipelines.stages.measure import measure
from tests.sql.accepted import warehouse_with
from tests.toy.town import ISLAND

PERIOD = Period.parse("2026Q3")
BOOK = ISLAND.book
CASE = BOOK.marks["case_rows"]
READINGS = {id: reading.default for id, reading in BOOK.readings.items()}


def facts_of(cutoff: datetime = PERIOD.end, **tables: list[dict]) -> dict:
    """What is derived of case C1, its places by column, and by measure whether the rules' marks count it.

    ``signing`` and ``reply_<extension>`` are on_time, late or waived.
    """
    warehouse = warehouse_with(**tables)
    measure(warehouse, PERIOD, cutoff, BOOK, Calendar.load())
    found: dict = {}
    for view in ("facts.case_moments", "facts.case_rows", "facts.case_rows_marked"):
        result = warehouse.connection.execute(f"from {view} where case_id = 'C1'")
        row = result.fetchone()
        found |= dict(zip([column[0] for column in result.description], row, strict=True)) if row else {}
    if "marks_0" not in found:
        return {}
    found |= {column: found[f"place_{k}"] for k, column in enumerate(CASE.places)}
    found["signing"] = _state(found, "unclaimed", READINGS)
    for extension in ("approved", "requested_in_time"):
        found[f"reply_{extension}"] = _state(found, "tardy", {**READINGS, "extension": extension})
        by_deadline = {**READINGS, "mended_when": "in_time", "extension": extension}
        found[f"in_time_{extension}"] = _counted(found, "mended", by_deadline)
    found["closed"] = _counted(found, "mended", READINGS)
    return found


def _counted(row: dict, id: str, readings: dict) -> bool:
    pattern = selection(BOOK.measures[id], readings, CASE)[1][0]
    return row["marks_0"] & pattern == pattern


def _state(row: dict, rule: str, readings: dict) -> str:
    if not _counted(row, rule, readings):
        return "on_time"
    return "late" if row[f"waived_by__{rule}"] is None else "waived"


@pytest.mark.parametrize(
    ("signed_at", "flag"),
    [("2026-08-04 08:59:59", "on_time"), ("2026-08-04 09:00:00", "on_time"), ("2026-08-04 09:00:01", "late"),
     (None, "late"), ("2026-10-01 00:00:00", "late")],
)
def test_signing_on_the_second_is_in_time_and_a_signature_after_the_cutoff_is_none(signed_at, flag):
    """H2.1: late where signed after the limit, or not signed by the cutoff."""
    assert facts_of(cases=[{"case_id": "C1", "signed_at": signed_at}])["signing"] == flag


@pytest.mark.parametrize(
    ("sign_due_at", "flag"), [("2026-09-30 23:59:59", "late"), ("2026-10-01 00:00:00", "on_time")]
)
def test_an_unsigned_case_is_late_only_where_its_limit_is_before_the_cutoff(sign_due_at, flag):
    """H2.1: a limit at the cutoff itself has not passed."""
    row = {"case_id": "C1", "signed_at": None, "sign_due_at": sign_due_at, "reply_due_at": "2026-09-30 20:00:00"}
    assert facts_of(cases=[row])["signing"] == flag


@pytest.mark.parametrize(
    ("extension", "approved", "requested"),
    [
        ({}, "on_time", "on_time"),
        ({"requested_at": "2026-08-10 18:00:00"}, "on_time", "on_time"),
        ({"requested_at": "2026-08-10 18:00:01"}, "on_time", "late"),
        ({"decision": "rejected", "extended_until": None}, "late", "late"),
        ({"decision": None}, "late", "late"),
        ({"decided_at": None}, "on_time", "on_time"),
        ({"decided_at": "2026-10-01 00:00:00"}, "late", "late"),
        ({"extended_until": "2026-08-09 00:00:00"}, "late", "late"),
        ({"extended_until": "2026-08-15 09:59:59"}, "late", "late"),
    ],
)
def test_a_valid_extension_moves_the_reply_deadline(extension, approved, requested):
    """H2.1, reading `extension`: approved before the cutoff; requested in time where that is asked."""
    facts = facts_of(
        cases=[{"case_id": "C1", "replied_at": "2026-08-15 10:00:00"}],
        extensions=[{"extension_id": "X1", **extension}],
    )
    assert (facts["reply_approved"], facts["reply_requested_in_time"]) == (approved, requested)


@pytest.mark.parametrize(
    ("reply_due_at", "month"),
    [("2026-06-30 23:59:59", None), ("2026-07-01 00:00:00", 1), ("2026-08-31 23:59:59", 2),
     ("2026-09-30 23:59:59", 3), ("2026-10-01 00:00:00", None)],
)
def test_a_case_belongs_to_the_month_of_its_deadline(reply_due_at, month):
    """H0.1, reading `belongs_to`: half-open months."""
    row = {"case_id": "C1", "dispatched_at": "2026-06-20 09:00:00", "sign_due_at": "2026-06-21 09:00:00",
           "signed_at": None, "replied_at": None, "closed_at": None, "reply_due_at": reply_due_at}
    assert facts_of(cases=[row]).get("due_at__approved") == month


def test_a_case_dispatched_in_the_quarter_and_due_after_it_is_kept_for_the_other_attribution():
    """H0.1, reading `belongs_to=sent`."""
    facts = facts_of(cases=[{"case_id": "C1", "reply_due_at": "2026-10-09 18:00:00"}])
    assert (facts["due_at__approved"], facts["dispatched_at"]) == (0, 2)


@pytest.mark.parametrize(
    ("closed_at", "by_cutoff", "by_deadline"),
    [("2026-08-10 18:00:00", True, True), ("2026-08-10 18:00:01", True, False), (None, False, False),
     ("2026-09-30 23:59:59", True, False), ("2026-10-01 00:00:00", False, False)],
)
def test_completed_by_the_cutoff_and_by_the_deadline_are_kept_apart(closed_at, by_cutoff, by_deadline):
    """H2.2, reading `mended_when`."""
    facts = facts_of(cases=[{"case_id": "C1", "closed_at": closed_at}])
    assert (facts["closed"], facts["in_time_approved"]) == (by_cutoff, by_deadline)


@pytest.mark.parametrize(
    ("public_rating", "rated_at", "final"),
    [("satisfied", None, "satisfied"), ("basically_satisfied", "2026-08-11 09:00:00", "basically_satisfied"),
     ("satisfied", "2026-10-01 00:00:00", "none"), (None, None, "none"), ("dissatisfied", None, "pending")],
)
def test_the_public_rating_counts_where_it_came_before_the_cutoff(public_rating, rated_at, final):
    """H2.2: a rating without a time counts as made before the cutoff."""
    row = {"case_id": "C1", "public_rating": public_rating, "rated_at": rated_at}
    assert facts_of(cases=[row])["rating_reminder"] == final


DISSATISFIED = {"case_id": "C1", "public_rating": "dissatisfied", "rated_at": "2026-08-11 09:00:00"}


@pytest.mark.parametrize(
    ("evaluation", "reminder", "assignment"),
    [
        ({}, "satisfied", "satisfied"),
        ({"rated_at": "2026-08-14 23:59:59"}, "satisfied", "satisfied"),  # Wed 12th assigned: Fri 14th is the 2nd day
        ({"rated_at": "2026-08-15 09:00:00"}, "satisfied", "pending"),  # Sat: after the 2nd day of the assignment
        ({"rated_at": "2026-08-17 23:59:59"}, "satisfied", "pending"),  # Mon: 2nd working day after the reminder
        ({"rated_at": "2026-08-18 00:00:00"}, "pending", "pending"),
        ({"reminded_at": None, "rated_at": "2026-08-17 23:59:59"}, "satisfied", "pending"),  # 24 h after assignment
        ({"reminded_at": None, "rated_at": "2026-08-18 00:00:00"}, "pending", "pending"),
        ({"reason": None}, "pending", "pending"),
        ({"rating": None}, "pending", "pending"),
        ({"rated_at": None}, "pending", "pending"),
        ({"returned_at": "2026-08-14 09:59:59"}, "pending", "pending"),
        ({"returned_at": "2026-08-14 10:00:00"}, "satisfied", "satisfied"),
        ({"withdrawn_at": "2026-08-14 09:59:59"}, "pending", "pending"),
        ({"evaluator_id": "E9"}, "pending", "pending"),
    ],
)
def test_an_evaluation_replaces_the_publics_dissatisfied_where_it_is_valid(evaluation, reminder, assignment):
    """E5.2, E5.3, E6.0: the two working days, and what makes an evaluation valid."""
    facts = facts_of(cases=[DISSATISFIED], evaluators=[{}], evaluations=[{"assignment_id": "V1", **evaluation}])
    assert (facts["rating_reminder"], facts["rating_assignment"]) == (reminder, assignment)


@pytest.mark.parametrize(
    ("evaluator", "final"),
    [
        ({}, "satisfied"),
        ({"appointed_on": "2026-08-12"}, "satisfied"),
        ({"appointed_on": "2026-08-13"}, "pending"),
        ({"term_ends_on": "2026-08-12"}, "satisfied"),
        ({"term_ends_on": "2026-08-11"}, "pending"),
        ({"ended_on": "2026-08-12"}, "satisfied"),
        ({"ended_on": "2026-08-11"}, "pending"),
        ({"employer_unit_id": "U1"}, "pending"),
        ({"employer_unit_id": "U2"}, "satisfied"),
    ],
)
def test_the_evaluator_must_be_appointed_on_the_day_and_not_employed_by_the_unit(evaluator, final):
    """E6.0, E7.0: appointment covers the day of assignment; the judge is not the judged."""
    facts = facts_of(cases=[DISSATISFIED], evaluators=[evaluator], evaluations=[{"assignment_id": "V1"}])
    assert facts["rating_reminder"] == final


def test_the_last_valid_evaluation_decides_and_ties_go_to_the_later_assignment_number():
    """E6.0: by time of rating, then by assignment."""
    evaluations = [
        {"assignment_id": "V2", "rating": "dissatisfied"},
        {"assignment_id": "V3", "rating": "basically_satisfied"},
        {"assignment_id": "V1", "rating": "satisfied"},
    ]
    facts = facts_of(cases=[DISSATISFIED], evaluators=[{}], evaluations=evaluations)
    assert facts["rating_reminder"] == "basically_satisfied"


def test_a_voided_evaluation_does_not_count():
    """E6.0: an adjustment voids all evaluations of the case and unit."""
    void = [{"adjustment_id": "D1", "action": "void_evaluation", "case_id": "C1"}]
    facts = facts_of(cases=[DISSATISFIED], evaluators=[{}], evaluations=[{"assignment_id": "V1"}], adjustments=void)
    assert facts["rating_reminder"] == "pending"


def test_an_excluded_case_leaves_every_measure():
    """H0.1: an exclusion bears on one unit's row only."""
    exclude = [{"adjustment_id": "D1", "action": "exclude_case", "case_id": "C1"}]
    assert facts_of(cases=[{"case_id": "C1"}], adjustments=exclude) == {}


@pytest.mark.parametrize(
    ("waiver", "signing", "reply"),
    [
        ({"case_id": "C1"}, "waived", "waived"),
        ({"case_id": "C1", "rule_id": "unclaimed"}, "waived", "late"),
        ({"case_id": "C1", "rule_id": "tardy"}, "late", "waived"),
        ({"case_id": "C1", "ref_id": "I1"}, "late", "late"),
        ({"case_id": "C2"}, "late", "late"),
    ],
)
def test_a_waiver_meets_the_lines_that_match_all_it_names(waiver, signing, reply):
    """H2.1: rule, case and ref must each match where they are given."""
    late = {"case_id": "C1", "signed_at": None, "replied_at": None}
    waivers = [{"adjustment_id": "D1", "action": "waive_deduction", **waiver}]
    facts = facts_of(cases=[late], adjustments=waivers)
    assert (facts["signing"], facts["reply_approved"]) == (signing, reply)


@pytest.mark.parametrize("moments", [
    {"assigned_at": "2012-08-12 09:00:00", "reminded_at": None},
    {"assigned_at": "2012-08-12 09:00:00"},  # the clock of the assignment alone
    {"assigned_at": "2012-08-12 09:00:00", "reminded_at": "2012-08-13 09:00:00", "rated_at": "2012-08-14 10:00:00"},
    {"reminded_at": "2012-08-13 09:00:00"},
])
def test_a_year_without_a_calendar_stops_and_names_the_file(moments):
    """E5.2: working days come from the State Council's calendar and from nowhere else."""
    moments = {"rated_at": "2026-08-14 10:00:00", **moments}
    evaluators = [{"appointed_on": "2010-01-01"}]
    with pytest.raises(Refusal) as stopped:
        facts_of(cases=[DISSATISFIED], evaluators=evaluators, evaluations=[{"assignment_id": "V1", **moments}])
    assert "rules/calendars/2012.yaml" in stopped.value.words.zh
