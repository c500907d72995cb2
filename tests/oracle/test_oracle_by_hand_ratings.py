"""Hand-worked examples of ratings, professional evaluations and the satisfaction rate."""

from datetime import date

import pytest

from .by_hand import adjustment, case, cases, evaluation, evaluator, item, scored, unit
from .moments import second_working_day_after

# one dissatisfied row alone: 0 % of 90, 45 whole steps, floored to 0; satisfied in its place: 20; not in the rate: 20
DISSATISFIED = {"public_rating": "dissatisfied", "rated_at": "2026-07-12 09:00:00"}


def judged(*evaluations, evaluators=None, readings=None, cutoff=None, adjustments=()):
    """The A3.2 score of one dissatisfied case with these evaluations: 20 when they made it satisfied, else 0."""
    tables = {"cases": [case(**DISSATISFIED)], "evaluations": list(evaluations), "adjustments": list(adjustments)}
    tables["evaluators"] = [evaluator()] if evaluators is None else evaluators
    return item(scored(readings, cutoff, **tables), "A3.2")


@pytest.mark.parametrize(
    ("start", "last"),
    [
        (date(2026, 7, 13), date(2026, 7, 15)),  # Monday: Tuesday, Wednesday
        (date(2026, 7, 16), date(2026, 7, 20)),  # Thursday: Friday, Monday
        (date(2026, 7, 18), date(2026, 7, 21)),  # Saturday: Monday, Tuesday
        (date(2026, 9, 18), date(2026, 9, 21)),  # Friday: Sunday 20 September is a make-up day, then Monday
        (date(2026, 9, 30), date(2026, 10, 9)),  # National Day 1 to 7 October: 8th and 9th
        (date(2026, 2, 13), date(2026, 2, 24)),  # Saturday 14 February is a make-up day, then the first day after
    ],
)
def test_second_working_day_by_the_state_council_calendar(start, last):
    assert second_working_day_after(start) == last


@pytest.mark.parametrize(
    ("rated_at", "score"),
    # reminded on Tuesday the 14th: to the end of Thursday the 16th
    [("2026-07-16 23:59:59", 20), ("2026-07-17 00:00:00", 0)],
)
def test_an_evaluation_has_until_the_end_of_the_second_working_day_after_the_reminder(rated_at, score):
    assert judged(evaluation(rated_at)) == score


def test_without_a_reminder_the_clock_starts_24_hours_after_the_assignment():
    assert judged(evaluation("2026-07-16 23:59:59", reminded_at="")) == 20
    assert judged(evaluation("2026-07-17 00:00:00", reminded_at="")) == 0


def test_under_assignment_the_clock_starts_a_day_earlier():
    readings = {"evaluation_clock": "assignment"}
    assert judged(evaluation("2026-07-15 23:59:59"), readings=readings) == 20
    assert judged(evaluation("2026-07-16 00:00:00"), readings=readings) == 0


@pytest.mark.parametrize("step", ["returned_at", "withdrawn_at"])
def test_returned_or_withdrawn_before_the_rating_is_not_valid(step):
    assert judged(evaluation("2026-07-15 09:00:00", **{step: "2026-07-15 08:59:59"})) == 0
    assert judged(evaluation("2026-07-15 09:00:00", **{step: "2026-07-15 09:00:00"})) == 20
    assert judged(evaluation("2026-07-15 09:00:00", **{step: "2026-07-15 09:00:01"})) == 20


def test_an_evaluation_without_a_time_is_not_valid():
    assert judged(evaluation("")) == 0


@pytest.mark.parametrize(
    ("changes", "score"),
    [
        ({"appointed_on": "2026-07-13"}, 20),
        ({"appointed_on": "2026-07-14"}, 0),
        ({"term_ends_on": "2026-07-13"}, 20),
        ({"term_ends_on": "2026-07-12"}, 0),
        ({"ended_on": "2026-07-13"}, 20),
        ({"ended_on": "2026-07-12"}, 0),
        ({"term_ends_on": "2026-07-12", "ended_on": "2026-12-31"}, 0),  # the earlier of the two
        ({"employer_unit_id": "U1"}, 0),
        ({"employer_unit_id": ""}, 20),
    ],
)
def test_the_appointment_covers_the_day_of_assignment_and_the_employer_is_another(changes, score):
    assert judged(evaluation("2026-07-15 09:00:00"), evaluators=[evaluator(**changes)]) == score


def test_without_evaluators_no_evaluation_is_valid():
    assert judged(evaluation("2026-07-15 09:00:00"), evaluators=[]) == 0


def test_the_last_valid_evaluation_counts_then_the_larger_assignment_id():
    early = evaluation("2026-07-15 09:00:00", "satisfied")
    later = evaluation("2026-07-15 10:00:00", "dissatisfied", assignment_id="P0")
    assert judged(early, later) == 0
    tied = later | {"rated_at": early["rated_at"]}
    assert judged(early, tied) == 20
    late_and_not_valid = evaluation("2026-07-20 09:00:00", "dissatisfied", assignment_id="P2")
    assert judged(early, late_and_not_valid) == 20


def test_a_voided_evaluation_voids_all_of_that_case_and_unit():
    rated = evaluation("2026-07-15 09:00:00")
    assert judged(rated, adjustments=[adjustment("void_evaluation", case_id="C1")]) == 0
    assert judged(rated, adjustments=[adjustment("void_evaluation", case_id="C2")]) == 20


def test_an_evaluation_at_the_cutoff_is_no_evaluation():
    rated = evaluation(
        "2026-10-09 12:00:00", assigned_at="2026-09-29 09:00:00", reminded_at="2026-09-30 09:00:00"
    )
    assert judged(rated) == 0
    assert judged(rated, cutoff="2026-10-09 12:00:00") == 0
    assert judged(rated, cutoff="2026-10-09 12:00:01") == 20


def test_an_evaluation_of_a_row_that_the_public_did_not_find_wanting_changes_nothing():
    rated = evaluation("2026-07-15 09:00:00", "dissatisfied")
    satisfied = case(public_rating="satisfied", rated_at="2026-07-12 09:00:00")
    assert item(scored(cases=[satisfied], evaluators=[evaluator()], evaluations=[rated]), "A3.2") == 20


def test_a_pending_row_is_dissatisfied_or_left_out_but_never_unrated():
    assert judged() == 0
    assert judged(readings={"pending_evaluation": "left_out"}) == 20
    # 4 satisfied, 1 dissatisfied by evaluation, 1 pending: 4/5 is 10 short, 5 steps (5/6 would be 3 steps)
    rows = cases(4, first=2, public_rating="satisfied") + [case(**DISSATISFIED), case("C6", **DISSATISFIED)]
    evaluations = {"evaluators": [evaluator()], "evaluations": [evaluation("2026-07-15 09:00:00", "dissatisfied")]}
    both = {"pending_evaluation": "left_out", "unrated": "satisfied"}
    assert item(scored(both, cases=rows, **evaluations), "A3.2") == 15


@pytest.mark.parametrize(
    ("rated_at", "score"), [("", 0), ("2026-09-30 23:59:59", 0), ("2026-10-01 00:00:00", 20)]
)
def test_a_public_rating_counts_without_a_time_or_before_the_cutoff(rated_at, score):
    assert item(scored(cases=[case(public_rating="dissatisfied", rated_at=rated_at)]), "A3.2") == score


def test_basically_satisfied_counts_unless_only_full_satisfaction_does():
    rows = cases(9, public_rating="satisfied") + [case("C10", public_rating="basically_satisfied")]
    rows += [case("C11", public_rating="dissatisfied")]
    # 10 of 11 is 90.9 %; full_only 9 of 11 is 81.8 %: 8.18 short, 4 steps
    assert item(scored(cases=rows), "A3.2") == 20
    assert item(scored({"satisfied": "full_only"}, cases=rows), "A3.2") == 16


def test_unrated_rows_are_left_out_or_count_as_satisfied():
    rows = cases(4, public_rating="satisfied") + [case("C5", public_rating="dissatisfied")] + cases(5, first=6)
    # 4 of 5 is 80 %: 10 short, 5 steps; with five unrated ones 9 of 10 is 90 %
    assert item(scored(cases=rows), "A3.2") == 15
    assert item(scored({"unrated": "satisfied"}, cases=rows), "A3.2") == 20


def test_the_unit_of_a_joint_case_is_judged_by_its_own_evaluation():
    units = [unit(), unit("U2")]
    rows = [case(**DISSATISFIED), case(unit_id="U2", **DISSATISFIED)]
    result = scored(
        units=units, cases=rows, evaluators=[evaluator()], evaluations=[evaluation("2026-07-15 09:00:00")]
    )
    assert (item(result, "A3.2"), item(result, "A3.2", "U2")) == (20, 0)
