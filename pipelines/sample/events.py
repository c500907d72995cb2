"""What happens to units beside the cases: incidents, instructions, awards."""

from pipelines.model.period import Period
from pipelines.sample.cases import HOUR, Cases
from pipelines.sample.city import City
from pipelines.sample.columns import DAY, NONE, dates, joined, labels, numbered, stamps
from pipelines.sample.draw import between, chance, some, stream, weighted
from pipelines.sample.names import words
from pipelines.sample.span import Span

KINDS = ("refused_to_sign", "not_handled", "rude_attitude", "poor_service")
AWARDS = ("public_praise", "city_leader_praise", "province_leader_praise", "suggestion_adopted", "city_media",
          "province_media", "briefing_praise")


def incidents_table(cases: Cases, city: City, seed: int, period: Period) -> dict:
    """The table `incidents`: one on 150 case rows or so, six in ten verified, the spotless units apart."""
    import numpy as np

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
    import numpy as np

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
    import numpy as np

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
    import numpy as np
    import pyarrow.compute as pc

    if not cases.count:
        return labels(np.full(len(unit), -1), ("",))
    order = np.argsort(cases.unit, kind="stable")
    sorted_units = cases.unit[order]
    low, high = np.searchsorted(sorted_units, unit, "left"), np.searchsorted(sorted_units, unit, "right")
    picked = order[np.minimum(between(rng, low, high - 1), cases.count - 1)]
    return pc.if_else(wanted & (high > low), joined(cases.ids(picked), ""), None)
