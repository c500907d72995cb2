"""A funnel plot: a rate of every unit by how many cases it rests on, with the limits that chance would keep to."""

import numpy as np

from pipelines.laboratory.charts import BLUE, GREY, ORANGE, VERMILION, altair, beside, in_session_language, styled, text
from pipelines.lazy import must_have
from pipelines.model.refusals import UsageRefusal
from pipelines.wording import hint, say

LIMITS = {"99.8": (0.001, 0.999), "95": (0.025, 0.975)}  # percent of the units that chance leaves inside
NAMED = 14  # units named on the chart, those furthest outside
HEIGHT = 460


def funnel(quarter, measure: str = ""):
    """The chart of one rate rule, by default the one that lists units of equal figures, else the book's first.

    UsageRefusal with the nearest name for a rule that is no rate.
    """
    book = quarter.rulebook
    rates = {id: rule for id, rule in book.rules.items() if rule.kind == "rate"}
    listing = [id for id, rule in rates.items() if (rule.part, rule.of) == book.ranking.listed_by]
    if not rates:
        raise UsageRefusal(say("laboratory.no_rates"))
    measure = measure or [*listing, *rates][0]
    if measure not in rates:
        raise UsageRefusal(say("laboratory.no_rule", rule=measure, hint=hint(measure, rates)))
    must_have("lab")
    rule, cube = rates[measure], quarter.world.cube
    part, of = (cube.counts(quarter.readings)[name].sum(axis=1) for name in (rule.part, rule.of))
    if {rule.part, rule.of} & cube.told_of_nobody():
        of = of * 0  # without data there is no rate, least of all one of nothing
    overall = float(part.sum() / max(of.sum(), 1))
    inside = {level: _within(part, of, overall, ends) for level, ends in LIMITS.items()}
    rows = [
        {
            "unit": quarter.world.registers[id].unit.unit_name,
            "part": int(p),
            "of": int(n),
            "rate": round(100 * p / n, 2),
            "outside": "no" if usual else "95" if rare else "99.8",
            "far": round(abs(p - n * overall) / max(n * overall * (1 - overall), 1) ** 0.5, 3),
        }
        for id, p, n, rare, usual in zip(cube.unit_ids, part, of, inside["99.8"], inside["95"], strict=True)
        if n
    ]
    title = f"{quarter.period}: {in_session_language(rule.title)}"
    return drawn(rows, _curves(of[of > 0], overall), float(rule.target), title, text("rate", rule=rule.title))


def drawn(rows: list[dict], limits: list[dict], target: float, title: str, axis: str):
    """Rates by volume with the limits of chance around the rate of all; who stands outside is named."""
    alt = altair()
    low = min([target, *(row["rate"] for row in rows)])
    y = alt.Scale(domain=[max(0, low - 3), 101], nice=False)
    x = alt.X(
        "of:Q",
        title=text("number"),
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(tickCount=8, format=",d"),
    )
    rate = alt.Y("rate:Q", title=axis, scale=y)
    colour = alt.Color(
        "outside:N", legend=None, scale=alt.Scale(domain=["no", "95", "99.8"], range=[GREY, ORANGE, VERMILION])
    )
    points = (
        alt.Chart(alt.Data(values=rows))
        .mark_point(filled=True, size=45, opacity=0.8)
        .encode(x=x, y=rate, color=colour, tooltip=["unit:N", "part:Q", "of:Q", "rate:Q"])
    )
    curves = (
        alt.Chart(alt.Data(values=limits))
        .mark_line(color=BLUE, clip=True)
        .encode(
            x=x,
            y=alt.Y("limit:Q", scale=y),
            detail="which:N",
            strokeDash=alt.StrokeDash(
                "level:N", legend=None, scale=alt.Scale(domain=["95", "99.8"], range=[[6, 3], [2, 3]])
            ),
        )
    )
    rule = alt.Chart(alt.Data(values=[{"target": target}])).mark_rule(color="#555").encode(y=alt.Y("target:Q", scale=y))
    layers = [curves, rule, points, *_labels(rows, x, y)]
    return styled(alt.layer(*layers), title, text("funnel"), 640, HEIGHT)


def _labels(rows: list[dict], x, y) -> list:
    """The names of those furthest outside, in a column at the right, each tied to its point."""
    alt = altair()
    named = sorted((row for row in rows if row["outside"] == "99.8"), key=lambda row: (-row["far"], row["unit"]))
    named = named[:NAMED]
    if not named:
        return []
    low, high = y.domain
    at, _ = beside([row["rate"] for row in named], HEIGHT, (low, high))
    placed = [{**row, "at": float(place)} for row, place in zip(named, at, strict=True)]
    base, edge = alt.Chart(alt.Data(values=placed)), 664
    lines = base.mark_rule(color=GREY, opacity=0.5).encode(
        x=x, x2=alt.value(edge), y=alt.Y("rate:Q", scale=y), y2="at:Q"
    )
    return [
        lines,
        base.mark_text(align="left", dx=4, fontSize=11, color=VERMILION).encode(
            x=alt.value(edge), y=alt.Y("at:Q", scale=y), text="unit:N"
        ),
    ]


def _within(part: np.ndarray, of: np.ndarray, rate: float, ends: tuple[float, float]) -> np.ndarray:
    """Whether each count is one that a unit of the common rate has but rarely exceeds: binomial, exact."""
    from scipy.stats import binom

    low, high = (binom.ppf(end, of, rate) for end in ends)
    return (part >= low) & (part <= high)


def _curves(of: np.ndarray, rate: float) -> list[dict]:
    """The limits along the volumes, between whole counts as far as the probability asks, so that they run smooth."""
    if not len(of):
        return []
    sizes = np.unique(np.geomspace(max(of.min(), 2), max(of.max(), 3), 80).round().astype(int))
    return [
        {"which": f"{level} {end}", "level": level, "of": int(n), "limit": float(limit)}
        for level, ends in LIMITS.items()
        for end in ends
        for n, limit in zip(sizes, 100 * _smooth(end, sizes, rate) / sizes, strict=True)
    ]


def _smooth(end: float, sizes: np.ndarray, rate: float) -> np.ndarray:
    """The quantile of a binomial count, interpolated between whole counts."""
    from scipy.stats import binom

    whole = binom.ppf(end, sizes, rate)
    above, below = binom.cdf(whole, sizes, rate), binom.cdf(whole - 1, sizes, rate)
    return np.clip(whole - (above - end) / np.maximum(above - below, 1e-12), 0, sizes)
