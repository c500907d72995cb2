"""What the offices record beside the scores: special cases, appointments, guidance, difficulties, commendations."""

from pipelines.lazy import compute as pc
from pipelines.lazy import numpy as np
from pipelines.lazy import pyarrow as pa
from pipelines.model.period import Period
from pipelines.sample.cases import HOUR, Cases
from pipelines.sample.city import City, Span
from pipelines.sample.draw import DAY, NONE, dates, joined, labels, numbered, some, stamps, stream, words

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
