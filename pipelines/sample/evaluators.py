"""Professional evaluators and their evaluations of cases that the public was not satisfied with."""

from pipelines.lazy import numpy as np
from pipelines.lazy import pyarrow as pa
from pipelines.model.period import Period
from pipelines.sample.cases import DISSATISFIED, HOUR, RATINGS, Cases
from pipelines.sample.city import City, Span
from pipelines.sample.draw import (
    DAY,
    NONE,
    between,
    chance,
    dates,
    joined,
    labels,
    numbered,
    stamps,
    stream,
    weighted,
    words,
)

EVALUATORS = 50  # E0.1
BACKGROUNDS = ("congress_deputy", "cppcc_member", "expert", "other")
TIMELY, LATE, RETURNED, WITHDRAWN, OPEN = range(5)


def evaluators_table(city: City, span: Span, seed: int) -> dict:
    """The table `evaluators`: two-year terms, two that end within the quarter, one ended early, one away."""
    rng = stream(seed, "evaluators")
    n = np.arange(EVALUATORS)
    appointed = span.start - 60 - between(rng, 0, np.full(EVALUATORS, 400))
    appointed[:2] = span.start + 30 - 730
    ended, away = np.full(EVALUATORS, NONE), np.full(EVALUATORS, NONE)
    ended[2], away[3] = span.start + 40, span.start + 10
    surnames, given, fields = words("surnames"), words("given"), words("fields")
    employed = np.where(chance(rng, 0.6, EVALUATORS), _employers(city, n), -1)
    return {
        "evaluator_id": numbered("E", EVALUATORS, 3),
        "name": joined(labels(n % len(surnames), surnames), labels(rng.permutation(len(given))[n % len(given)], given)),
        "employer_unit_id": labels(employed, city.unit_id.to_pylist()),
        "fields": labels(n % len(fields), fields),
        "background": labels(n % len(BACKGROUNDS), BACKGROUNDS),
        "appointed_on": dates(appointed),
        "term_ends_on": dates(appointed + 729),
        "ended_on": dates(ended),
        "away_from": dates(away),
        "away_until": dates(np.where(away == NONE, NONE, away + 20)),
        "recommended_by": labels(n % len(words("recommenders")), words("recommenders")),
    }


def draw_evaluations(cases: Cases, span: Span, seed: int, period: Period) -> dict:
    """Assignments as NumPy arrays; what was returned or withdrawn is assigned once more, the day after next."""
    rng = stream(seed, "evaluations", period)
    row = np.flatnonzero(cases.rating == DISSATISFIED)
    known = np.where(cases.rated[row] == NONE, cases.dispatched[row] + 5 * DAY, cases.rated[row])
    first = _assignments(rng, span, row, known + between(rng, HOUR, np.full(len(row), 8 * HOUR)), (75, 7, 8, 6, 4))
    again = np.isin(first["outcome"], (RETURNED, WITHDRAWN))
    second = _assignments(rng, span, row[again], first["assigned"][again] + 5 * DAY, (88, 6, 0, 0, 6))
    both = {name: np.concatenate([first[name], second[name]]) for name in first}
    kept = (both["assigned"] < span.taken) & ~chance(rng, 0.01, len(both["row"]))
    return {name: values[kept] for name, values in both.items()}


def evaluations_table(drawn: dict, cases: Cases, city: City, span: Span, seed: int, period: Period) -> dict:
    """The table `evaluations`; a few ratings do not speak to the points, some units do not answer evaluators."""
    rated = drawn["rated"] != NONE
    rng, count = stream(seed, "evaluation points", period), len(rated)
    speaks = rated & ~chance(rng, 0.05, count)
    points = {
        name: pa.array(chance(rng, share, count), pa.bool_(), mask=~speaks)
        for name, share in (("request_reasonable", 0.85), ("procedure_followed", 0.75), ("duty_done", 0.6))
    }
    asked = _moment(drawn["assigned"], HOUR, chance(rng, 0.1, count), span)
    suggested = _moment(drawn["returned"], 2 * DAY, chance(rng, 0.3, count), span)
    return {
        "assignment_id": numbered("PJ", len(rated), 7),
        "case_id": cases.ids(drawn["row"]),
        "unit_id": city.unit_id.take(cases.unit[drawn["row"]]),
        "evaluator_id": numbered("E", EVALUATORS, 3).take(drawn["evaluator"]),
        **{f"{name}_at": stamps(drawn[name]) for name in ("assigned", "reminded", "returned", "withdrawn", "rated")},
        "rating": labels(np.where(rated, drawn["rating"], -1), RATINGS),
        "reason": labels(np.where(rated, drawn["rating"] + drawn["row"] % 2, -1), words("evaluation_reasons")),
        **points,
        "asked_at": stamps(asked),
        "answered_at": stamps(_moment(asked, DAY, chance(rng, 0.7, count), span)),
        "declined_at": stamps(_moment(drawn["rated"], DAY, chance(rng, 0.03, count), span)),
        "studied_at": stamps(suggested),
        "suggestion": labels(np.where(suggested == NONE, -1, drawn["row"] % 2), words("suggestions")),
    }


def _moment(after, seconds: int, happens, span: Span):
    """So many seconds after another moment, where it happens and the export was not taken before."""
    times = np.where(happens & (after != NONE), after + seconds, NONE)
    return np.where(times < span.taken, times, NONE)


def _assignments(rng, span: Span, row, assigned, shares) -> dict:
    """One assignment a row with its outcome: rated in time, rated late, returned, withdrawn or still open."""
    count = len(row)
    outcome = weighted(rng, shares, count)
    reminded = assigned + DAY
    limit = span.working_day(reminded // DAY, 2) * DAY + DAY  # E5.2: the end of the second working day
    ends = {
        "rated": np.where(
            outcome == TIMELY,
            between(rng, assigned + 2 * HOUR, limit - 1),
            limit + between(rng, 0, np.full(count, 2 * DAY)),
        ),
        "returned": between(rng, assigned + HOUR, reminded),
        "withdrawn": limit + between(rng, 0, np.full(count, HOUR)),
    }
    happens = {"rated": (TIMELY, LATE), "returned": (RETURNED,), "withdrawn": (WITHDRAWN,)}
    ends = {
        name: np.where(np.isin(outcome, happens[name]) & (times < span.taken), times, NONE)
        for name, times in ends.items()
    }
    done = [(times != NONE) & (times < reminded) for times in ends.values()]  # nothing left to remind of
    prompted = (reminded < span.taken) & ~chance(rng, 0.05, count) & ~np.any(done, axis=0)
    rating = weighted(rng, (30, 30, 40), count)
    return {
        "row": row,
        "assigned": assigned,
        "outcome": outcome,
        "reminded": np.where(prompted, reminded, NONE),
        "evaluator": rng.integers(0, EVALUATORS, count),
        "rating": rating,
        **ends,
    }


def _employers(city: City, n):
    busiest = np.argsort(-city.workload, kind="stable")
    return busiest[n % len(busiest)]
