"""A funnel plot: a rate of every unit by how many cases it rests on, with the limits that chance would keep to."""

import numpy as np

from pipelines.edges.wording import say
from pipelines.laboratory import charts
from pipelines.model.refusals import UsageRefusal
from pipelines.rulebook.names import hint

LIMITS = (0.001, 0.025, 0.975, 0.999)


def funnel(quarter, measure: str = "satisfaction_rate"):
    """The chart of one rate rule; UsageRefusal with the nearest name for a rule that is no rate."""
    rates = {id: rule for id, rule in quarter.rulebook.rules.items() if rule.kind == "rate"}
    if measure not in rates:
        raise UsageRefusal(say("laboratory.no_rule", rule=measure, hint=hint(measure, rates)))
    rule, cube = rates[measure], quarter.world.cube
    part, of = (cube.counts(quarter.readings)[name].sum(axis=1) for name in (rule.part, rule.of))
    overall = part.sum() / max(of.sum(), 1)
    low, high = _limits(of, overall)[1:3]
    rows = [
        {"unit": quarter.world.registers[id].unit.unit_name, "part": int(p), "of": int(n),
         "rate": round(100 * p / n, 2), "outside": "yes" if p < a or p > b else "no"}
        for id, p, n, a, b in zip(cube.unit_ids, part, of, low, high, strict=True) if n
    ]
    sizes = np.unique(np.geomspace(max(of[of > 0].min(initial=2), 2), max(of.max(), 2), 60).astype(int))
    curves = [{"which": str(level), "of": int(n), "limit": round(100 * k / n, 2)}
              for level, line in zip(LIMITS, _limits(sizes, overall), strict=True)
              for n, k in zip(sizes, line, strict=True)]
    title = f"{quarter.period}: {rule.title.zh} {rule.title.en}"
    return charts.funnel(rows, curves, float(rule.target), title)


def _limits(sizes: np.ndarray, rate: float) -> np.ndarray:
    """Level × size: the counts that a unit of the common rate stays within, binomial."""
    from scipy.stats import binom

    return np.stack([binom.ppf(level, sizes, rate) for level in LIMITS])
