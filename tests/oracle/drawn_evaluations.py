"""Draws evaluators and professional evaluations, crowded about holidays, make-up days and ends of appointments."""

from datetime import date, datetime, time, timedelta

import chinese_calendar

from .draw import DAY, SECOND, Draw, text_row
from .moments import second_working_day_after

LAST_SECOND = time(23, 59, 59)


def draw_evaluators(draw: Draw, unit_ids: list[str]) -> list[dict[str, str]]:
    """Evaluators whose appointments begin or end on a day of the quarter, or cover all of it."""
    evaluators = []
    for number in range(draw.rng.randint(3, 8)):
        day = draw.inside().date()
        appointed, term_ends, ended = draw.weighted(
            [((day - 400 * DAY, day + 330 * DAY, None), 6), ((day, day + 730 * DAY, None), 1),
             ((day - 730 * DAY, day, None), 1), ((day - 90 * DAY, day + 640 * DAY, day), 1),
             ((day - 700 * DAY, day, day + 9 * DAY), 1)]
        )
        evaluators.append(
            text_row(
                evaluator_id=f"E{number:02d}",
                name=f"评价员{number}",
                employer_unit_id=draw.rng.choice(unit_ids) if draw.chance(0.4) else None,
                appointed_on=appointed,
                term_ends_on=term_ends,
                ended_on=ended,
                away_from=day - DAY if draw.chance(0.3) else None,  # being away is reported and voids nothing
                away_until=day + 9 * DAY if draw.chance(0.3) else None,
            )
        )
    return evaluators


def draw_evaluations(
    draw: Draw, cases: list[dict[str, str]], evaluators: list[dict[str, str]]
) -> list[dict[str, str]]:
    """Zero to four assignments of a dissatisfied row, now and then one of another row."""
    odd_days = holidays_and_make_up_days(draw)
    evaluations: list[dict[str, str]] = []
    for row in cases:
        dissatisfied = row["public_rating"] == "dissatisfied"
        count = draw.rng.choice((0, 1, 1, 1, 2, 3, 4)) if dissatisfied else int(draw.chance(0.08))
        previous = None
        for _ in range(count):
            evaluation = draw_evaluation(draw, row, draw.rng.choice(evaluators), odd_days, previous)
            previous = evaluation["rated_at"] or previous
            evaluations.append({"assignment_id": ""} | evaluation)
    numbers = draw.rng.sample(range(len(evaluations)), len(evaluations))
    return [row | {"assignment_id": f"P{number:04d}"} for row, number in zip(evaluations, numbers, strict=True)]


def holidays_and_make_up_days(draw: Draw) -> list[date]:
    """The days of the quarter on which weekday and working day disagree."""
    days = [draw.start.date() + index * DAY for index in range((draw.end - draw.start).days)]
    return [day for day in days if chinese_calendar.is_workday(day) != (day.weekday() < 5)]


def draw_evaluation(
    draw: Draw, case: dict[str, str], evaluator: dict[str, str], odd_days: list[date], previous: str | None
) -> dict[str, str]:
    """One assignment: when given, reminded, rated, returned and withdrawn, with what result."""
    assigned = draw_assigned(draw, case, evaluator, odd_days)
    reminded = draw.weighted([(None, 3), (assigned + DAY, 4), (assigned + draw.span(3), 3)])
    reminded = reminded if reminded and reminded < draw.cutoff else None
    rated = draw_rated(draw, assigned, reminded, previous)
    rating = draw.rng.choice(("satisfied", "basically_satisfied", "dissatisfied"))
    has_result = rated is not None or draw.chance(0.3)
    return text_row(
        case_id=case["case_id"],
        unit_id=case["unit_id"],
        evaluator_id=evaluator["evaluator_id"],
        assigned_at=assigned,
        reminded_at=reminded,
        returned_at=draw_ended(draw, assigned, rated),
        withdrawn_at=draw_ended(draw, assigned, rated),
        rated_at=rated,
        rating=rating if has_result else None,
        reason="程序合规" if has_result else None,
    )


def draw_assigned(draw: Draw, case: dict[str, str], evaluator: dict[str, str], odd_days: list[date]) -> datetime:
    """An assignment after the dispatch, before a holiday, or on a day on which an appointment begins or ends."""
    clock = time(draw.rng.choice((0, 9, 15, 23)), draw.rng.randint(0, 59), 0)
    kind = draw.weighted([("after", 4), ("odd", 4), ("term", 3)])
    if kind == "odd" and odd_days:
        return datetime.combine(draw.rng.choice(odd_days) - draw.rng.randint(0, 4) * DAY, clock)
    edges = [evaluator[column] for column in ("appointed_on", "term_ends_on", "ended_on") if evaluator[column]]
    near = [day for day in map(date.fromisoformat, edges) if draw.start.date() <= day < draw.end.date()]
    if kind == "term" and near:
        return datetime.combine(draw.rng.choice(near) + draw.rng.choice((-1, 0, 1)) * DAY, clock)
    return datetime.fromisoformat(case["dispatched_at"]) + draw.span(12)


def draw_rated(draw: Draw, assigned: datetime, reminded: datetime | None, previous: str | None) -> datetime | None:
    """A rating in time, in the last second, a second too late, tied with another, about the cutoff, or never."""
    clock_start = draw.rng.choice((assigned, reminded or assigned + DAY))
    last = datetime.combine(second_working_day_after(clock_start.date()), LAST_SECOND)
    rated = draw.weighted(
        [(None, 2), (last, 4), (last + SECOND, 4), (last - draw.span(1), 3),
         (assigned, 1), (assigned + draw.span(9), 4), (draw.cutoff, 1), (draw.cutoff - SECOND, 1),
         (previous and datetime.fromisoformat(previous), 3)]
    )
    return rated and max(rated, assigned)


def draw_ended(draw: Draw, assigned: datetime, rated: datetime | None) -> datetime | None:
    """A return or withdrawal: mostly none, else beside the rating or some days after the assignment."""
    beside = (rated or assigned) + draw.rng.choice((-1, 0, 1)) * SECOND
    return draw.weighted([(None, 16), (beside, 2), (assigned + timedelta(days=4), 1)])
