"""What the office decided after objections: decisions of each kind that find something to apply to."""

from pipelines.model.period import Period
from pipelines.sample.cases import Cases
from pipelines.sample.city import City
from pipelines.sample.columns import DAY, dates, labels, numbered
from pipelines.sample.draw import between, some, stream
from pipelines.sample.names import words
from pipelines.sample.span import Span

EXCLUDE, WAIVE, VOID = range(3)
ACTIONS = ("exclude_case", "waive_deduction", "void_evaluation")
RULES = ("late_signing", "late_reply", "")


def adjustments_table(
    cases: Cases, city: City, span: Span, incidents: dict, drawn: dict, seed: int, period: Period
) -> dict:
    """The table `adjustments`: excluded cases, waived cases and incidents, voided evaluations."""
    import numpy as np
    import pyarrow as pa

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
    import numpy as np

    occurred = incidents["occurred_at"].to_numpy(zero_copy_only=False)
    inside = (occurred >= np.datetime64(period.start)) & (occurred < np.datetime64(period.end))
    return np.flatnonzero(incidents["verified"] & inside)


def _timed(cases: Cases):
    return (("late_signing", cases.signed, cases.sign_due), ("late_reply", cases.replied, cases.reply_due))


def _chained(*columns):
    import pyarrow as pa

    return pa.concat_arrays([column.cast(pa.string()) for column in columns])
