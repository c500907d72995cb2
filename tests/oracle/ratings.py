"""The final rating of a case row: the public's, or a valid professional evaluation in its place."""

from datetime import datetime, timedelta

from .moments import second_working_day_after
from .quarter import Quarter
from .tables import Row


def final_rating(quarter: Quarter, case: Row) -> str:
    """Final rating: none, a rating, or pending where the public is dissatisfied and no valid evaluation is there."""
    public = public_rating(quarter, case)
    if public != "dissatisfied":
        return public
    valid = [evaluation for evaluation in evaluations_of(quarter, case) if is_valid(quarter, evaluation)]
    if not valid:
        return "pending"
    return max(valid, key=lambda evaluation: (evaluation["rated_at"], evaluation["assignment_id"]))["rating"]


def public_rating(quarter: Quarter, case: Row) -> str:
    """Cutoff: a public rating counts when it has no time or a time before the cutoff; otherwise there is none."""
    if case["public_rating"] in (None, "未评价"):
        return "none"
    if case["rated_at"] is not None and quarter.seen(case["rated_at"]) is None:
        return "none"
    return case["public_rating"]


def evaluations_of(quarter: Quarter, case: Row) -> list[Row]:
    """All assignments of this case and unit to an evaluator."""
    return [
        evaluation
        for evaluation in quarter.tables["evaluations"]
        if (evaluation["case_id"], evaluation["unit_id"]) == (case["case_id"], case["unit_id"])
    ]


def is_valid(quarter: Quarter, evaluation: Row) -> bool:
    """Valid evaluation: rated, reasoned, kept, in time, by an appointed outsider, and not voided."""
    rated_at = quarter.seen(evaluation["rated_at"])
    if rated_at is None or not evaluation["rating"] or not evaluation["reason"]:
        return False
    return (
        not ended_before(evaluation["returned_at"], rated_at)
        and not ended_before(evaluation["withdrawn_at"], rated_at)
        and in_time(quarter, evaluation, rated_at)
        and evaluator_may_judge(quarter, evaluation)
        and not is_voided(quarter, evaluation)
    )


def ended_before(ended_at: datetime | None, rated_at: datetime) -> bool:
    """Valid evaluation: returned or withdrawn before it was rated."""
    return ended_at is not None and ended_at < rated_at


def in_time(quarter: Quarter, evaluation: Row, rated_at: datetime) -> bool:
    """Valid evaluation: rated by the end of the 2nd working day after the day on which the clock starts."""
    return rated_at.date() <= second_working_day_after(clock_start(quarter, evaluation).date())


def clock_start(quarter: Quarter, evaluation: Row) -> datetime:
    """Reading `evaluation_clock`: the reminder (else 24 hours after the assignment), or the assignment."""
    if quarter.readings["evaluation_clock"] == "assignment":
        return evaluation["assigned_at"]
    return evaluation["reminded_at"] or evaluation["assigned_at"] + timedelta(hours=24)


def evaluator_may_judge(quarter: Quarter, evaluation: Row) -> bool:
    """Valid evaluation: the appointment covers the day of assignment and the employer is not the unit judged."""
    for evaluator in quarter.tables["evaluators"]:
        if evaluator["evaluator_id"] == evaluation["evaluator_id"]:
            last_day = min(day for day in (evaluator["term_ends_on"], evaluator["ended_on"]) if day is not None)
            covered = evaluator["appointed_on"] <= evaluation["assigned_at"].date() <= last_day
            return covered and evaluator["employer_unit_id"] != evaluation["unit_id"]
    return False


def is_voided(quarter: Quarter, evaluation: Row) -> bool:
    """Adjustments: a voided evaluation voids all of that case and unit."""
    return any(
        adjustment["action"] == "void_evaluation"
        and (adjustment["unit_id"], adjustment["case_id"]) == (evaluation["unit_id"], evaluation["case_id"])
        for adjustment in quarter.tables["adjustments"]
    )
