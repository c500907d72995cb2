"""What happens beside the cases, drawn: incidents, awards, what offices record, the slow registers of the city."""

from pipelines.lazy import compute as pc
from pipelines.lazy import numpy as np
from pipelines.lazy import pyarrow as pa
from pipelines.model.period import Period
from pipelines.sample.cases import HOUR, Cases
from pipelines.sample.city import (
    DAY,
    NONE,
    City,
    Span,
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

# What happens to units beside the cases: incidents, instructions, awards.


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


# The slow registers of the city: matters, their changes and the knowledge base.


KNOWLEDGE = ("duties", "policy", "law", "guide")


def matters_table(city: City, span: Span) -> dict:
    """The table `matters`: three a unit in force, and one that a newer process replaced."""
    number = np.append(np.arange(3 * city.size), 0)
    former = np.arange(len(number)) == 3 * city.size
    return {
        "matter_id": numbered("M", 3 * city.size, 5).take(number),
        "matter_name": labels(number % 3, words("matter_topics")),
        "unit_id": city.unit_id.take(number // 3),
        "process": labels(former.astype(int), ("受理—核查—办理—回复—归档", "受理—办理—回复")),
        "valid_from": dates(np.where(former, span.start - 900, span.start - 400)),
        "valid_to": dates(np.where(former, span.start - 401, NONE)),
    }


def matter_changes_table(city: City, span: Span, seed: int) -> dict:
    """The table `matter_changes`: every fifth unit applies for one, some of them undecided."""
    rng = stream(seed, "matter changes")
    unit = np.arange(0, city.size, 5)
    change = np.arange(len(unit)) % 3
    requested = between(rng, span.start, np.full(len(unit), span.end - 10))
    open_ = chance(rng, 0.3, len(unit))
    removals = np.flatnonzero(change == 1)
    owner = unit - np.isin(np.arange(len(unit)), removals[-1:])  # the last removal is of the matter of another unit
    described = np.where(change == 1, -1, 0)  # a removal needs no description
    return {
        "change_id": numbered("BG", len(unit), 4),
        "matter_id": numbered("M", 3 * city.size, 5).take(owner * 3),
        "unit_id": city.unit_id.take(unit),
        "change": labels(change, ("add", "remove", "modify")),
        "matter_name": labels(described, ("新增便民事项",)),
        "process": labels(described, ("受理—分办—办理—回复—回访",)),
        "requested_on": dates(requested),
        "decided_on": dates(np.where(open_, NONE, requested + 5)),
        "decision": labels(np.where(open_, -1, chance(rng, 0.2, len(unit))), ("approved", "rejected")),
    }


def knowledge_table(city: City, span: Span, seed: int) -> dict:
    """The table `knowledge`: four entries a unit; some published ones unsigned, some expired."""
    rng = stream(seed, "knowledge")
    number = np.arange(4 * city.size)
    expires = np.where(chance(rng, 0.3, len(number)), between(rng, span.start - 40, 0 * number + span.end + 300), NONE)
    signed = np.where(chance(rng, 0.08, len(number)), -1, number % 3)
    return {
        "entry_id": numbered("ZS", len(number), 5),
        "unit_id": city.unit_id.take(number // 4),
        "kind": labels(number % 4, KNOWLEDGE),
        "title": joined(labels(number // 4, city.unit_name), labels(number % 4, words("knowledge_titles"))),
        "updated_on": dates(between(rng, span.start - 300, 0 * number + span.end - 1)),
        "expires_on": dates(expires),
        "signed_off_by": labels(signed, words("leaders")),
        "status": labels(np.where(number % 11 == 10, 1 + number % 2, 0), ("published", "draft", "removed")),
    }


# What the offices record beside the scores: special cases, appointments, guidance, difficulties, commendations.


STEPS = ("told", "urged", "finished", "added", "not_added")
TOLD, URGED, FINISHED, ADDED, NOT_ADDED = range(5)


def matter_steps_table(cases: Cases, city: City, span: Span, table: dict) -> dict:
    """The table `matter_steps`: a unit is told once of a matter that it lacks; of three special cases one is undecided.

    ``table`` is `cases`, whose matters and roles decide what there is to record.
    """
    matter, inside = table["matter_id"], cases.dispatched >= span.start * DAY
    none = np.array(matter.is_null()) & inside & ~cases.assist
    special, lacking = np.flatnonzero(none), _first_of_another(cases, city, table, inside)
    day, n = cases.dispatched // DAY, np.arange(len(special))
    finished, decided = n % 6 != 1, n % 3 != 1
    drawn = [
        (lacking, np.full(len(lacking), TOLD), day[lacking] + 1),
        (special, np.full(len(special), URGED), day[special] + 5),
        (special[finished], np.full(finished.sum(), FINISHED), day[special][finished] + 12),
        (special[decided], np.where(n % 2, ADDED, NOT_ADDED)[decided], day[special][decided] + 15),
    ]
    row, step, on = (np.concatenate([part[k] for part in drawn]).astype("int64") for k in range(3))
    kept = on * DAY < span.taken
    row, step, on = row[kept], step[kept], on[kept]
    first_of_unit = numbered("M", 3 * city.size, 5).take(pa.array(cases.unit[row] * 3))
    return {
        "step_id": numbered("TB", len(row), 5),
        "unit_id": city.unit_id.take(cases.unit[row]),
        "step": labels(step, STEPS),
        "case_id": _only(cases.ids(row), step != TOLD),
        "matter_id": pc.coalesce(_only(matter.take(row), step == TOLD), _only(first_of_unit, step == ADDED)),
        "done_on": dates(on),
        "done_by": labels(row % 2, ("专线科甲", "专线科乙")),
    }


def _only(texts, kept):
    """The texts where ``kept``, elsewhere null."""
    return pc.if_else(pa.array(kept, pa.bool_()), texts, pa.scalar(None, pa.string()))


def _first_of_another(cases: Cases, city: City, table: dict, inside):
    """The first row inside the quarter of a unit and a matter of another unit, of every second such pair."""
    own = {f"M{3 * unit + n + 1:05d}": unit for unit in range(city.size) for n in range(3)}
    owner = np.array([own.get(matter, -1) for matter in table["matter_id"].to_pylist()], dtype="int64")
    foreign = np.flatnonzero((owner >= 0) & (owner != cases.unit) & inside & ~cases.assist)
    firsts = {}
    for row in foreign:
        firsts.setdefault((int(cases.unit[row]), table["matter_id"][int(row)].as_py()), int(row))
    return np.array(list(firsts.values())[::2], dtype="int64")


def appointment_steps_table(span: Span) -> dict:
    """The table `appointment_steps`: one stays, one leaves and says so late, one leaves and is to be replaced."""
    steps = [
        ("E001", "renewed", 10, "市政府办公室"),
        ("E002", "resigned", 5, None),  # 24 days before the end of the term
        ("E003", "resigned", 2, None),
        ("E003", "released", 38, "市政府办公室"),
        ("E003", "replacement_asked", 39, None),
    ]
    who, step, day, by = zip(*steps, strict=True)
    return {
        "step_id": numbered("PR", len(steps), 4),
        "evaluator_id": pa.array(who, pa.string()),
        "step": pa.array(step, pa.string()),
        "done_on": dates(span.start + np.array(day)),
        "decided_by": pa.array(by, pa.string()),
    }


def guidance_table(city: City, span: Span) -> dict:
    """The table `guidance`: evaluators meet once and get papers, every fourth unit is guided on its knowledge."""
    units = np.arange(0, city.size, 4)
    kinds = np.concatenate([[0, 1], np.full(len(units), 2)])
    days = np.concatenate([[20, 21], 30 + units % 40])
    return {
        "guidance_id": numbered("ZD", len(kinds), 4),
        "kind": labels(kinds, ("training", "papers", "knowledge")),
        "given_on": dates(span.start + days),
        "unit_id": city.unit_id.take(pa.array(np.concatenate([[-1, -1], units]), pa.int64(), mask=kinds != 2)),
        "topic": labels(kinds, words("guidance_topics")),
    }


def difficulties_table(cases: Cases, city: City, span: Span, seed: int, period: Period) -> dict:
    """The table `difficulties`: of late replies, mostly told in time; two in four accepted, one not, one undecided."""
    rng = stream(seed, "difficulties", period)
    late = (cases.replied > cases.reply_due) & (cases.reply_due >= span.start * DAY)
    row = some(rng, np.flatnonzero(late & (cases.reply_due < (span.end - 7) * DAY)), min(4 + cases.count // 400, 40))
    n = np.arange(len(row))
    stated = cases.reply_due[row] + np.where(n % 5 == 4, 6 * HOUR, -6 * HOUR)
    decision = np.array([0, 0, 1, -1])[n % 4]
    return {
        "statement_id": numbered("KN", len(row), 4),
        "case_id": cases.ids(row),
        "unit_id": city.unit_id.take(cases.unit[row]),
        "stated_at": stamps(stated),
        "reason": labels(n % 3, words("difficulty_reasons")),
        "decision": labels(decision, ("accepted", "rejected")),
        "decided_on": dates(np.where(decision < 0, NONE, stated // DAY + 2)),
    }


def commendations_table(city: City, span: Span, period: Period) -> dict:
    """The table `commendations`: staff of every seventh unit; of two units whose superiors are told one is left out."""
    staff, outside = np.arange(0, city.size, 7), np.unique([city.size - 1, max(city.size - 3, 0)])
    unit = np.concatenate([staff, outside, outside[:-1]])  # last period's letters, and all but one of this
    letter = np.arange(len(unit)) >= len(staff)
    first = letter & (np.arange(len(unit)) < len(staff) + len(outside))
    n, surnames, given, superiors = np.arange(len(unit)), words("surnames"), words("given"), words("superiors")
    people = joined(labels(n % len(surnames), surnames), labels((n * 7 + 3) % len(given), given))
    periods = (str(period.previous.previous), str(period.previous))
    return {
        "commendation_id": numbered("BZ", len(unit), 4),
        "unit_id": city.unit_id.take(unit),
        "kind": labels(letter.astype(int), ("staff", "letter")),
        "period": labels(np.where(letter, (~first).astype(int), -1), periods),
        "dated": dates(span.start + np.where(first, -70, 20)),
        "person": _only(people, ~letter),
        "addressed_to": labels(np.where(letter, unit % len(superiors), -1), superiors),
        "reason": labels(letter.astype(int), words("commendation_reasons")),
    }


def not_cooperating(cases: Cases, city: City, span: Span, incidents: dict) -> dict:
    """The table `incidents` with two units more that did not work together on a joint case, one of them verified."""
    inside = (cases.dispatched >= span.start * DAY) & (cases.dispatched < (span.end - 7) * DAY)
    row = np.flatnonzero(cases.assist & inside & ~city.spotless[cases.unit])[:2]
    more = {
        "incident_id": pa.array([f"SJL{n:05d}" for n in range(1, len(row) + 1)], pa.string()),
        "unit_id": city.unit_id.take(cases.unit[row]),
        "case_id": cases.ids(row),
        "incident_type": pa.array(["not_cooperating"] * len(row), pa.string()),
        "occurred_at": stamps(cases.dispatched[row] + 2 * DAY),
        "verified": np.arange(len(row)) == 0,
    }
    return {name: pa.concat_arrays([pa.array(incidents[name]), pa.array(more[name])]) for name in incidents}
