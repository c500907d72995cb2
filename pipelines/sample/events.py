"""What happens to units beside the cases: incidents, instructions, awards."""

from pipelines.lazy import compute as pc
from pipelines.lazy import numpy as np
from pipelines.lazy import pyarrow as pa
from pipelines.model.period import Period
from pipelines.sample.cases import HOUR, Cases
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
    some,
    stamps,
    stream,
    weighted,
    words,
)

KINDS = ("refused_to_sign", "not_handled", "rude_attitude", "poor_service")
AWARDS = (
    "public_praise",
    "city_leader_praise",
    "province_leader_praise",
    "suggestion_adopted",
    "city_media",
    "province_media",
    "briefing_praise",
)


def incidents_table(cases: Cases, city: City, seed: int, period: Period) -> dict:
    """The table `incidents`: one on 150 case rows or so, six in ten verified, the spotless units apart."""
    rng = stream(seed, "incidents", period)
    eligible = np.flatnonzero(~city.spotless[cases.unit])
    row = some(rng, eligible, min(cases.count // 150 + 5, 20 * city.size))
    return {
        "incident_id": numbered("SJ", len(row)),
        "unit_id": city.unit_id.take(cases.unit[row]),
        "case_id": cases.ids(row),
        "incident_type": labels(weighted(rng, (2, 2, 3, 3), len(row)), KINDS),
        "occurred_at": stamps(cases.dispatched[row] + between(rng, HOUR, np.full(len(row), 6 * DAY))),
        "verified": chance(rng, 0.6, len(row)),
    }


def instructions_table(cases: Cases, city: City, span: Span, seed: int, period: Period) -> dict:
    """The table `instructions`: nought to six a unit, some of them on a case, some shared by two units."""
    rng = stream(seed, "instructions", period)
    owner = np.repeat(np.arange(city.size), rng.integers(0, 7, city.size))
    shared = chance(rng, 0.1 * (city.size > 1), len(owner))
    number = np.concatenate([np.arange(len(owner)), np.flatnonzero(shared)])
    unit = np.concatenate([owner, (owner[shared] + 1) % city.size])
    day = between(rng, span.first, np.full(len(owner), span.end - 1))[number]
    due = (day + between(rng, 7, np.full(len(owner), 20))[number]) * DAY + 18 * HOUR
    early = between(rng, np.where(city.spotless[unit], HOUR, -DAY), 0 * due + 3 * DAY)
    closed = np.where(chance(rng, 0.99, len(unit)) | city.spotless[unit], due - early, NONE)
    done = (closed != NONE) & (chance(rng, 0.98, len(unit)) | city.spotless[unit])
    return {
        "instruction_id": numbered("PS", len(owner)).take(number),
        "unit_id": city.unit_id.take(unit),
        "case_id": _cases_of(rng, cases, unit, chance(rng, 0.12, len(unit))),
        "instructed_at": stamps(day * DAY + 9 * HOUR),
        "due_at": stamps(due),
        "closed_at": stamps(np.where(closed < span.taken, closed, NONE)),
        "implemented_at": stamps(np.where(done & (closed + HOUR < span.taken), closed + HOUR, NONE)),
    }


def awards_table(city: City, span: Span, seed: int, period: Period) -> dict:
    """The table `awards`: a matter may be praised more than once, and be written with other brackets."""
    rng = stream(seed, "awards", period)
    unit = np.repeat(np.arange(city.size), np.where(city.spotless, 0, rng.integers(0, 5, city.size)))
    count, matters = len(unit), words("award_matters")
    return {
        "award_id": numbered("JF", count),
        "unit_id": city.unit_id.take(unit),
        "award_type": labels(weighted(rng, (8, 3, 1, 4, 4, 2, 3), count), AWARDS),
        "matter": labels(rng.integers(0, len(matters), count), matters),
        "awarded_on": dates(between(rng, span.start - 4, np.full(count, span.end - 1))),
        "approved": chance(rng, 0.85, count),
    }


def _cases_of(rng, cases: Cases, unit, wanted):
    """A case of each unit that wants one and has one, else null."""
    if not cases.count:
        return labels(np.full(len(unit), -1), ("",))
    order = np.argsort(cases.unit, kind="stable")
    sorted_units = cases.unit[order]
    low, high = np.searchsorted(sorted_units, unit, "left"), np.searchsorted(sorted_units, unit, "right")
    picked = order[np.minimum(between(rng, low, high - 1), cases.count - 1)]
    return pc.if_else(wanted & (high > low), joined(cases.ids(picked), ""), None)


# What the office decided after objections: decisions of each kind that find something to apply to.


EXCLUDE, WAIVE, VOID = range(3)
ACTIONS = ("exclude_case", "waive_deduction", "void_evaluation")
RULES = ("late_signing", "late_reply", "")


def adjustments_table(
    cases: Cases, city: City, span: Span, incidents: dict, drawn: dict, seed: int, period: Period
) -> dict:
    """The table `adjustments`: excluded cases, waived cases and incidents, voided evaluations."""
    rng = stream(seed, "adjustments", period)
    each = min(3 + cases.count // 2000, 60)
    ours = (cases.reply_due >= span.start * DAY) & (cases.reply_due < (span.end - 7) * DAY)
    late = {rule: np.flatnonzero(ours & (times > due)) for rule, times, due in _timed(cases)}
    any_late = np.union1d(*late.values())
    groups = [
        (EXCLUDE, some(rng, any_late, each), ""),
        (WAIVE, some(rng, late["late_signing"], each), "late_signing"),
        (WAIVE, some(rng, late["late_reply"], each), "late_reply"),
        (WAIVE, some(rng, any_late, each), ""),
        (VOID, some(rng, np.unique(drawn["row"]), each), ""),
    ]
    row = np.concatenate([rows for _, rows, _ in groups])
    incident = some(rng, _counting(incidents, period), 3)
    action = np.concatenate([np.full(len(rows), code) for code, rows, _ in groups] + [np.full(len(incident), WAIVE)])
    rule = [name for _, rows, name in groups for _ in rows] + [""] * len(incident)
    nothing = pa.nulls(len(row), pa.string())
    return {
        "adjustment_id": numbered("FH", len(action), 4),
        "action": labels(action, ACTIONS),
        "unit_id": _chained(city.unit_id.take(cases.unit[row]), incidents["unit_id"].take(incident)),
        "case_id": _chained(cases.ids(row), pa.nulls(len(incident), pa.string())),
        "rule_id": pa.array([name or None for name in rule], pa.string()),
        "ref_id": _chained(nothing, incidents["incident_id"].take(incident)),
        "decided_by": labels(action * 0, ("市长专线科",)),
        "decided_on": dates(between(rng, span.end + 1, 0 * action + span.end + 12)),
        "reason": labels(action, words("adjustment_reasons")),
    }


def _counting(incidents: dict, period: Period):
    """The verified incidents of the quarter."""
    occurred = incidents["occurred_at"].to_numpy(zero_copy_only=False)
    inside = (occurred >= np.datetime64(period.start)) & (occurred < np.datetime64(period.end))
    return np.flatnonzero(incidents["verified"] & inside)


def _timed(cases: Cases):
    return (("late_signing", cases.signed, cases.sign_due), ("late_reply", cases.replied, cases.reply_due))


def _chained(*columns):
    return pa.concat_arrays([column.cast(pa.string()) for column in columns])
