"""The case rows of a sample quarter and their evaluations, drawn column by column."""

from dataclasses import dataclass

from pipelines.lazy import numpy as np
from pipelines.lazy import pyarrow as pa
from pipelines.model.period import Period
from pipelines.sample.city import (
    DAY,
    NONE,
    City,
    Span,
    between,
    chance,
    compact_dates,
    dates,
    digits,
    joined,
    labels,
    numbered,
    positions,
    stamps,
    stream,
    weighted,
    words,
)

# The case rows of a sample quarter, drawn column by column.


HOUR, MINUTE = 3600, 60
DISSATISFIED = 2  # position in RATINGS of case_tables.py


@dataclass(frozen=True)
class Cases:
    """One element a case row, in NumPy arrays; ``number`` is the serial of the case on its day."""

    unit: object
    assist: object
    day: object
    number: object
    dispatched: object
    sign_due: object
    reply_due: object
    signed: object
    replied: object
    closed: object
    rating: object
    rated: object
    extension: dict  # of the rows that ask for one: row, requested, decided, decision, until

    @property
    def count(self) -> int:
        """How many case rows."""
        return len(self.unit)

    def ids(self, rows):
        """The case ids of ``rows``, such as ``2026070100001``."""
        return joined(compact_dates(self.day[rows]), digits(self.number[rows], 5))


def draw_cases(city: City, span: Span, count: int, seed: int, period) -> Cases:
    """``count`` case rows: sent out from shortly before the quarter to its end, some of them to a second unit."""
    rng = stream(seed, "cases", period)
    lead, assist = _joint(rng, count, can_share=(city.workload > 0).sum() > 1)
    dispatched = _dispatches(rng, span, count)[lead]
    day = dispatched // DAY
    unit = _units(rng, city, lead, assist)
    sign_due = span.working_day(day, 1) * DAY + dispatched % DAY
    reply_due = span.working_day(day, between(rng, 3, 3 + 4 * (lead % 2))[lead]) * DAY + 18 * HOUR
    extension = _extensions(rng, span, assist, dispatched, reply_due)
    due = _effective(reply_due, extension)
    signed = _signings(rng, city, unit, dispatched, sign_due)
    replied = _replies(rng, city, unit, dispatched, signed, due)
    closed = _after(rng, replied, chance(rng, city.closing[unit], count), 10 * MINUTE, 20 * HOUR)
    rating, rated = _public_ratings(rng, city, unit, lead, closed)
    events = [_known(times, span.taken) for times in (signed, replied, closed)]
    rating[rated >= span.taken] = -1
    rated = _known(rated, span.taken)
    rated[chance(rng, 0.003, count)] = NONE  # a rating whose time the export lost
    return Cases(
        unit, assist, day, _serials(day, lead), dispatched, sign_due, reply_due, *events, rating, rated, extension
    )


def _joint(rng, count: int, can_share: bool):
    """For each row the row that leads its case, and whether it assists: never two assists in a row."""
    drawn = chance(rng, 0.05 * can_share, count)
    assist = drawn & ~np.concatenate([[True], drawn[:-1]])[:count]
    return np.maximum.accumulate(np.where(assist, 0, np.arange(count))), assist


def _dispatches(rng, span: Span, count: int):
    """Ascending seconds, working days busier than the others, between 8:30 and 17:59."""
    days = np.arange(span.first, span.end)
    busy = np.where(np.isin(days, span.worked), 1.0, 0.3)
    times = days[weighted(rng, busy, count)] * DAY + between(rng, 8 * HOUR + 30 * MINUTE, np.full(count, 18 * HOUR - 1))
    return np.sort(times)


def _serials(day, lead):
    """The number of each case on its day, from 1."""
    leads = np.cumsum(lead == np.arange(len(lead)))
    first = np.searchsorted(day, day, side="left")
    return leads - leads[first] + 1


def _units(rng, city: City, lead, assist):
    """The unit of each row; a second unit is another one that works."""
    working = np.flatnonzero(city.workload > 0)
    drawn = weighted(rng, city.workload[working], len(lead))
    further = rng.integers(1, max(len(working), 2), len(lead))
    return working[np.where(assist, (drawn[lead] + further) % len(working), drawn)]


def _extensions(rng, span: Span, assist, dispatched, reply_due) -> dict:
    """Three rows in a hundred ask for more time, mostly in time; a few that got it ask again."""
    row = np.flatnonzero(chance(rng, 0.03, len(assist)) & ~assist)
    again = row[chance(rng, 0.06, len(row))]
    row, second = np.concatenate([row, again]), np.arange(len(row) + len(again)) >= len(row)
    due = np.where(second, span.working_day(reply_due[row] // DAY, 5) * DAY + 18 * HOUR, reply_due[row])
    in_time = chance(rng, 0.93, len(row))
    requested = np.where(in_time, between(rng, dispatched[row] + HOUR, due - HOUR), between(rng, due + HOUR, due + DAY))
    decided = requested + between(rng, 2 * HOUR, np.full(len(row), 30 * HOUR))
    decision = np.where(chance(rng, 0.8, len(row)), 0, 1)
    open_ = (decided >= span.taken) | chance(rng, 0.04, len(row))
    decision[open_], decided[open_] = -1, NONE
    kept = requested < span.taken
    until = np.where(decision == 0, span.working_day(due // DAY, 5) * DAY + 18 * HOUR, NONE)
    return {
        "row": row[kept],
        "requested": requested[kept],
        "decided": decided[kept],
        "decision": decision[kept],
        "until": until[kept],
    }


def _effective(reply_due, extension: dict):
    due = reply_due.copy()
    np.maximum.at(due, extension["row"], extension["until"])
    return due


def _late(rng, city: City, unit, expected):
    """Which rows are late: the expected number a unit, with floor and ceiling as shares of its rows."""
    rows = np.maximum(np.bincount(unit, minlength=city.size), 1)
    likelihood = np.clip(expected / rows, expected / 5000, 0.35)
    return chance(rng, likelihood[unit], len(unit))


def _signings(rng, city: City, unit, dispatched, sign_due):
    """Signed within the limit or up to two days after it; a tenth of the late are never signed."""
    late = _late(rng, city, unit, city.late_signings)
    signed = between(rng, dispatched + 3 * MINUTE, np.where(late, dispatched, sign_due - HOUR))
    signed = np.where(late, sign_due + between(rng, 1, np.full(len(unit), 2 * DAY)), signed)
    signed[late & chance(rng, 0.1, len(unit))] = NONE
    signed[~late & chance(rng, 0.002, len(unit))] = 0  # on the very second
    return np.where(signed == 0, sign_due, signed)


def _replies(rng, city: City, unit, dispatched, signed, due):
    """Replied before the deadline or up to five days after it; a fifth of the late never reply."""
    late = _late(rng, city, unit, city.late_replies)
    replied = np.maximum(between(rng, dispatched + HOUR, due - 2 * HOUR), np.minimum(signed + 10 * MINUTE, due))
    replied = np.where(late, due + between(rng, 1, np.full(len(unit), 5 * DAY)), replied)
    replied[late & chance(rng, 0.2, len(unit))] = NONE
    exact = ~late & chance(rng, 0.001, len(unit))
    return np.where(exact, due, replied)


def _after(rng, times, happens, low: int, high: int):
    """A later event, where it happens at all and the earlier one did."""
    return np.where(happens & (times != NONE), times + between(rng, low, np.full(len(times), high)), NONE)


def _public_ratings(rng, city: City, unit, lead, closed):
    """Seven in ten closed cases are rated; all rows of a case carry the rating of its lead."""
    count = len(unit)
    bad = city.dissatisfied[unit]
    drawn = rng.random(count)
    rating = np.select([drawn < bad, drawn < bad + 0.2], [DISSATISFIED, 1], 0)
    rated = _after(rng, closed, chance(rng, 0.7, count), HOUR, 4 * DAY)
    rating[rated == NONE] = -1
    return rating[lead], rated[lead]


def _known(times, taken: int):
    """What had happened when the export was taken."""
    return np.where(times < taken, times, NONE)


# The case rows and their extensions as export tables.


RATINGS = ("satisfied", "basically_satisfied", "dissatisfied")


def cases_table(cases: Cases, city: City, seed: int, matters) -> dict:
    """The table `cases`; the titles hold invented names and telephone numbers."""
    rng = stream(seed, "titles")
    rows = np.arange(cases.count)

    def draw(topic: str):
        return labels(_same_for_case(rng.integers(0, len(words(topic)), len(rows)), cases.assist), words(topic))

    phone = digits(_same_for_case(rng.integers(0, 10_000, len(rows)), cases.assist), 4)
    waited = _same_for_case(between(rng, 5 * MINUTE, np.full(len(rows), 2 * HOUR)), cases.assist)
    return {
        "case_id": cases.ids(rows),
        "unit_id": city.unit_id.take(cases.unit),
        "role": labels(cases.assist.astype(int), ("lead", "assist")),
        "matter_id": _matter_ids(cases, city, rows, matters),
        "channel": draw("channels"),
        "title": joined("市民", draw("surnames"), draw("given"), draw("troubles"), ",电话1380000", phone),
        "received_at": stamps(cases.dispatched - waited),
        "dispatched_at": stamps(cases.dispatched),
        "sign_due_at": stamps(cases.sign_due),
        "signed_at": stamps(cases.signed),
        "reply_due_at": stamps(cases.reply_due),
        "replied_at": stamps(cases.replied),
        "closed_at": stamps(cases.closed),
        "public_rating": labels(cases.rating, RATINGS),
        "rated_at": stamps(cases.rated),
    }


def _matter_ids(cases: Cases, city: City, rows, matters):
    """One of the unit's three matters; now and then none, and at the busiest unit a matter of the quietest."""
    busy = city.workload > 0
    quietest = np.where(busy, city.workload, np.inf).argmin()
    taken_over = (cases.unit == city.workload.argmax()) & (rows % 24 == 1)
    owner = np.where(taken_over, quietest, cases.unit)
    return matters.take(positions(owner * 3 + rows % 3, rows % 80 != 7))


def extensions_table(cases: Cases, city: City) -> dict:
    """The table `extensions`."""
    asked = cases.extension
    return {
        "extension_id": numbered("EXT", len(asked["row"])),
        "case_id": cases.ids(asked["row"]),
        "unit_id": city.unit_id.take(cases.unit[asked["row"]]),
        "requested_at": stamps(asked["requested"]),
        "decided_at": stamps(asked["decided"]),
        "decision": labels(asked["decision"], ("approved", "rejected")),
        "extended_until": stamps(asked["until"]),
    }


def _same_for_case(values, assist):
    return values[np.maximum.accumulate(np.where(assist, 0, np.arange(len(values))))]


# Professional evaluators and their evaluations of cases that the public was not satisfied with.


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
