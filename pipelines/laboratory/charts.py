"""Charts, in Altair; drawn wherever they are shown, without a network. Colours tell apart for the colour-blind."""

import os
from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import IO

import numpy as np

from pipelines.lazy import PIL, must_have, scipy, vl_convert
from pipelines.lazy import altair as library
from pipelines.model.rule import Rulebook
from pipelines.model.words import UsageRefusal, Words
from pipelines.paths import FONTS
from pipelines.wording import hint, say

# Okabe and Ito's palette: blue, vermilion, green, purple, sky, orange, black, and a grey for what stays.
BLUE, VERMILION, GREEN, PURPLE, SKY, ORANGE, BLACK, GREY = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#e69f00",
    "#1b1b1b",
    "#8a919c",
)
PALETTE = (BLUE, VERMILION, GREEN, PURPLE, SKY, ORANGE, BLACK, GREY)
FONT = "Noto Sans CJK SC, Noto Sans SC, PingFang SC, Microsoft YaHei, sans-serif"
LINE = 16  # pixels that a line of labels takes
WIDENINGS = 8


# Notebooks draw Vega-Lite 5 themselves (JupyterLab 4, VS Code); ours uses nothing that came after it.
INTERACTIVE = "application/vnd.vegalite.v5+json"
SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
SHARP = 2  # pixels of the PNG to one of the chart
COLOURS = 48  # of the PNG


@cache
def altair():
    """Altair, for data of any length; UsageRefusal where it is not installed."""
    must_have("lab")
    library.data_transformers.disable_max_rows()
    return library


@cache
def converter():
    """vl-convert, which draws charts without a browser, with the project's Chinese fonts."""
    must_have("lab")
    if FONTS.is_dir():
        vl_convert.register_font_directory(str(FONTS))
    return vl_convert


class Shown:
    """A chart as a notebook, an export or a file gets it.

    Beside the form that answers the mouse stand two pictures, for whatever cannot run it: GitHub, nbconvert, paper.
    Altair's own form for notebooks is a page with 0.9 MB of script in it, of which JupyterLab draws the first only.
    """

    def _repr_mimebundle_(self, *given: object, **options: object):
        alt = altair()
        if alt.renderers.active not in ("default", ""):
            return super()._repr_mimebundle_(*given, **options)  # whoever uses the chart has chosen another form
        chart = {**self.to_dict(), "$schema": SCHEMA}
        svg = converter().vegalite_to_svg(chart)
        png, size = _png(svg)
        data = {INTERACTIVE: chart, "image/svg+xml": svg, "image/png": png, "text/plain": self.says}
        return data, {INTERACTIVE: {"embed_options": {"renderer": "svg"}}, "image/png": size}

    @property
    def says(self) -> str:
        """The chart's title and what it shows, as text."""
        title = self.title
        lines = (title,) if isinstance(title, str) else (title.text, title.subtitle)
        return "\n".join(line for line in lines if isinstance(line, str))

    def save(self, fp: str | Path | IO, format: str | None = None, **options: object) -> None:
        """As Altair's, and a page holds its own drawing code: it opens without a network."""
        converter()
        kind = format or (Path(fp).suffix.lstrip(".") if isinstance(fp, str | Path) else "")
        super().save(fp, format, **{"inline": kind == "html"} | options)

    def to_html(self, *given: object, inline: bool = True, **options: object) -> str:
        """As Altair's, and the page holds its own drawing code."""
        return super().to_html(*given, inline=inline, **options)


def _png(svg: str) -> tuple[str, dict[str, int]]:
    """The picture in base64 and the size at which it is shown; few colours make it a tenth as large."""
    with PIL.Image.open(BytesIO(converter().svg_to_png(svg, scale=SHARP))) as drawn, BytesIO() as small:
        drawn.convert("RGB").quantize(COLOURS).save(small, "png", optimize=True)
        return b64encode(small.getvalue()).decode(), {"width": drawn.width // SHARP, "height": drawn.height // SHARP}


@cache
def shown() -> type:
    """The class of every chart that the laboratory hands out."""
    return type("Shown", (Shown, altair().LayerChart), {})


def text(name: str, **facts) -> str:
    """A text of the charts: `chart_<name>` in wording/laboratory.yaml."""
    return in_session_language(say(f"laboratory.chart_{name}", **facts))


def styled(layers, title: str, subtitle: str = "", width: int = 560, height: int = 420):
    """Layers as a chart with its title, size and fonts."""
    chart = shown()(**layers._kwds)
    heading = altair().TitleParams(title, subtitle=subtitle) if subtitle else title
    return (
        chart.properties(title=heading, width=width, height=height, padding=12)
        .configure(font=FONT)
        .configure_view(strokeWidth=0)
        .configure_title(
            anchor="start", fontSize=16, subtitleFontSize=12, subtitleColor="#555", subtitlePadding=6, offset=12
        )
        .configure_axis(grid=False, labelLimit=360, labelFontSize=11, titleFontSize=12, titleFontWeight="normal")
    )


def spread(wanted, gap: float) -> np.ndarray:
    """The positions nearest to those wanted of which no two lie closer than ``gap``."""
    wanted = np.asarray(wanted, float)
    if not len(wanted):
        return wanted
    order = np.argsort(wanted, kind="stable")
    shift = gap * np.arange(len(wanted))
    found = np.empty(len(wanted))
    found[order] = scipy.optimize.isotonic_regression(wanted[order] - shift).x + shift
    return found


def beside(wanted, height: int, ends: tuple[float, float]) -> tuple[np.ndarray, tuple[float, float]]:
    """Where labels of lines at ``wanted`` stand on an axis of so many pixels, and the ends that then hold them all."""
    low, high = ends
    places = np.asarray(wanted, float)
    for _ in range(WIDENINGS if len(places) else 0):  # labels beyond an end widen the axis, and every label with it
        places = spread(wanted, (high - low) * LINE / height)
        low, high = min(low, float(places.min())), max(high, float(places.max()))
    return places, (low, high)


def tornado(frame, title: str):
    """How far each single change moves the ranking."""
    alt = altair()
    rows = frame[["says", "change", "mean_moved", "most_moved", "furthest"]].to_dict("records")
    base = alt.Chart(alt.Data(values=rows)).encode(y=alt.Y("says:N", sort=None, title=None))
    bars = base.mark_bar(color=BLUE).encode(
        x=alt.X("mean_moved:Q", title=text("mean_moved")),
        tooltip=["change:N", "mean_moved:Q", "most_moved:N", "furthest:Q"],
    )
    figures = base.mark_text(align="left", dx=4, fontSize=10).encode(x="mean_moved:Q", text="mean_moved:Q")
    return styled(bars + figures, title, text("tornado"), 420, 20 * len(rows) + 20)


# Charts of places: before and after, and how far a place could be elsewhere.


AT = {"before": 0.0, "after": 1.0}  # where each side stands across the chart
TIE, NAME = 0.05, 0.06  # how far a label stands from its point, and what ties them


def slope(frame, title: str):
    """Places before and after, a line a unit: blue rises, orange falls; labels give way to one another."""
    alt = altair()
    frame = frame.dropna(subset=["place_before", "place_after"]).reset_index(drop=True)
    height, ends = max(160, (LINE + 6) * len(frame)), (1.0, 2.0)
    wanted = {side: frame[f"place_{side}"].astype(int).tolist() for side in AT}
    if len(frame):
        every = [*wanted["before"], *wanted["after"]]
        ends = min(every), max(*every, min(every) + 1)
    for side in (*AT, *AT):  # twice: the second side may have widened the axis
        at, ends = beside(wanted[side], height, ends)
        frame[f"at_{side}"] = at
    rows = [_row(row, side) for row in frame.itertuples() for side in AT]
    base = alt.Chart(alt.Data(values=rows))
    down, across = alt.Scale(reverse=True, domain=list(ends), nice=False), alt.Scale(domain=[-0.7, 1.7], nice=False)
    y, x = alt.Y("place:Q", scale=down, axis=None), alt.X("x:Q", scale=across, axis=None)
    colour = alt.Color(
        "way:N", legend=None, scale=alt.Scale(domain=["up", "down", "same"], range=[BLUE, VERMILION, GREY])
    )
    lines = base.mark_line(strokeWidth=2, point=True).encode(
        x=x, y=y, color=colour, detail="unit:N", tooltip=["unit:N", "place:Q", "why:N"]
    )
    ties = base.mark_rule(strokeWidth=0.7, opacity=0.6).encode(x=x, x2="tie:Q", y=y, y2="at:Q", color=colour)
    names = [
        base.transform_filter(f"datum.x == {AT[side]}")
        .mark_text(align=align, fontSize=11)
        .encode(
            x=alt.X("name:Q", scale=across, axis=None),
            y=alt.Y("at:Q", scale=down, axis=None),
            text="label:N",
            color=colour,
        )
        for side, align in (("before", "right"), ("after", "left"))
    ]
    heads = (
        alt.Chart(alt.Data(values=[{"x": at, "says": text(side)} for side, at in AT.items()]))
        .mark_text(fontSize=13, dy=-14)
        .encode(x=x, y=alt.value(0), text="says:N")
    )
    return styled(alt.layer(ties, lines, *names, heads), title, text("slope"), 820, height)


def _row(row, side: str) -> dict:
    """One end of a unit's line."""
    place, out = int(getattr(row, f"place_{side}")), -1 if side == "before" else 1
    return {
        "unit": row.unit_name,
        "place": place,
        "why": row.why,
        "x": AT[side],
        "at": float(getattr(row, f"at_{side}")),
        "tie": AT[side] + out * TIE,
        "name": AT[side] + out * NAME,
        "label": f"{place}  {row.unit_name}",
        "way": "up" if row.moved > 0 else "down" if row.moved < 0 else "same",
    }


def ranges(frame, title: str):
    """Every unit's place: the band under other readings, the line by chance, the dot where it stands."""
    alt = altair()
    names = ["unit_name", "place", "best", "worst", "chance_best", "chance_worst"]
    rows = frame[names].astype(object).to_dict("records")
    for row in rows:
        row["unit"] = f"{row['unit_name']}  {row['place']}"
    step = 18 if len(rows) <= 60 else 14
    base = alt.Chart(alt.Data(values=rows))
    y = alt.Y("unit:N", sort=None, title=None, axis=alt.Axis(ticks=False, domain=False, labelPadding=8))
    last = max((max(row["worst"], row["chance_worst"]) for row in rows), default=2)
    scale = alt.Scale(domain=[1, max(last, 2)], nice=False, zero=False)

    def x(name: str, side: str = ""):
        axis = alt.Axis(orient=side, title=text("place"), grid=True, gridColor="#eee") if side else None
        return alt.X(f"{name}:Q", scale=scale, axis=axis)

    def tick(name: str):
        return base.mark_tick(color=BLACK, thickness=1, size=step * 0.45).encode(y=y, x=x(name))

    layers = (
        base.mark_bar(color=SKY, opacity=0.6, height=step * 0.55).encode(y=y, x=x("best", "top"), x2="worst:Q"),
        base.mark_rule(color=BLACK, strokeWidth=1).encode(y=y, x=x("chance_best"), x2="chance_worst:Q"),
        tick("chance_best"),
        tick("chance_worst"),
        base.mark_point(color=VERMILION, filled=True, opacity=1, size=step * 3).encode(
            y=y, x=x("place", "bottom"), tooltip=["unit_name:N", *(f"{name}:Q" for name in names[1:])]
        ),
    )
    chart = alt.layer(*layers).resolve_axis(x="independent")
    return styled(chart, title, text("ranges"), 620, step * len(rows) + 20)


# Charts of sweeps: places along one value as lines, how far units move over two values as a heat map.


HEIGHT = 460
FIGURES_UP_TO = 400  # cells of a heat map that still hold a figure


def lines(sweep, units: Iterable[str]):
    """Places of some units along one value, each named at the end of its line."""
    alt, name, book = altair(), sweep.names[0], sweep.quarter.rulebook
    at = {id: k for k, id in enumerate(sweep.unit_ids)}
    units = [id for id in units if sweep.places[:, at[id]].all()]
    values = _values([of_value(book, name, row[0]) for row in sweep.grid])
    rows = [
        {"value": value, "unit": sweep.unit_name(id), "place": int(place)}
        for id in units
        for value, place in zip(values, sweep.places[:, at[id]].tolist(), strict=True)
    ]
    numbers = all(isinstance(value, float) for value in values)
    x = (
        alt.X("value:Q", title=of_name(book, name), scale=alt.Scale(zero=False, nice=False))
        if numbers
        else alt.X("value:N", title=of_name(book, name), sort=values, axis=alt.Axis(labelAngle=0, labelLimit=170))
    )
    ends = [row["place"] for row in rows[len(values) - 1 :: len(values)]]
    labels, domain = beside(ends, HEIGHT, (1.0, float(max([2, *(row["place"] for row in rows)]))))
    scale = alt.Scale(reverse=True, domain=list(domain), nice=False)
    order = [sweep.unit_name(id) for id in units]
    colour = alt.Color(
        "unit:N",
        sort=order,
        legend=None,
        scale=alt.Scale(domain=order, range=[PALETTE[k % len(PALETTE)] for k in range(len(order))]),
    )
    drawn = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(point=alt.OverlayMarkDef(size=36))
        .encode(
            x=x,
            y=alt.Y("place:Q", scale=scale, title=text("place")),
            color=colour,
            tooltip=["unit:N", "value:N", "place:Q"],
        )
    )
    named = [{"value": values[-1], "unit": unit, "at": float(label)} for unit, label in zip(order, labels, strict=True)]
    names = (
        alt.Chart(alt.Data(values=named))
        .mark_text(align="left", dx=10, fontSize=11)
        .encode(x=x, y=alt.Y("at:Q", scale=scale), text="unit:N", color=colour)
    )
    layers = [*([_in_force(sweep, x)] if numbers else []), drawn, names]
    return styled(alt.layer(*layers), text("lines", value=of_name(book, name)), f"{sweep.quarter.period}", 560, HEIGHT)


def _in_force(sweep, x):
    """A dashed line where the value stands now."""
    alt, name = altair(), sweep.names[0]
    value = sweep.in_force(name)
    ends = [float(row[0]) for row in sweep.grid]
    shown = [{"value": float(value), "says": text("now")}] if min(ends) <= float(value) <= max(ends) else []
    base = alt.Chart(alt.Data(values=shown))
    return base.mark_rule(strokeDash=[4, 4], color=GREY).encode(x=x) + base.mark_text(
        align="left", dx=4, baseline="top", fontSize=11, color="#555"
    ).encode(x=x, y=alt.value(2), text="says:N")


def heat(sweep):
    """How many places units move on average, over two values; the values in force are framed."""
    alt, book, names = altair(), sweep.quarter.rulebook, sweep.names[:2]
    now = tuple(sweep.in_force(name) for name in names)
    rows = [
        {
            "x": of_value(book, names[0], values[0]),
            "y": of_value(book, names[1], values[1]),
            "moved": round(float(moved), 1),
            "now": all(map(_equal, values, now)),
        }
        for values, moved in zip(sweep.grid, sweep.moved, strict=True)
    ]
    orders = [list(dict.fromkeys(row[axis] for row in rows)) for axis in ("x", "y")]
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("x:O", sort=orders[0], title=of_name(book, names[0]), axis=alt.Axis(labelAngle=0, labelOverlap=True)),
        y=alt.Y("y:O", sort=orders[1][::-1], title=of_name(book, names[1])),
    )
    cells = base.mark_rect().encode(
        color=alt.Color(
            "moved:Q",
            title=text("mean_moved"),
            scale=alt.Scale(scheme="blues"),
            legend=alt.Legend(orient="bottom", gradientLength=300),
        ),
        tooltip=["x:O", "y:O", "moved:Q"],
    )
    frame = base.transform_filter("datum.now").mark_rect(filled=False, stroke="#1b1b1b", strokeWidth=2)
    layers = [cells, frame]
    if len(rows) <= FIGURES_UP_TO:
        dark = alt.condition(
            f"datum.moved > {max(row['moved'] for row in rows) * 0.55}", alt.value("white"), alt.value("#1b1b1b")
        )
        layers.append(base.mark_text(fontSize=11).encode(text="moved:Q", color=dark))
    title = text("heat", first=of_name(book, names[0]), second=of_name(book, names[1]))
    return styled(
        alt.layer(*layers),
        title,
        f"{sweep.quarter.period}  {text('framed')}",
        600,
        max(120, min(460, 44 * len(orders[1]))),
    )


def _number(value: str) -> object:
    try:
        return float(value)
    except ValueError:
        return value


def _values(texts: list[str]) -> list:
    """Numbers where all are numbers, else words."""
    numbers = [_number(text) for text in texts]
    return numbers if all(isinstance(number, float) for number in numbers) else texts


def _equal(one: str, other: str) -> bool:
    return _number(one) == _number(other)


# How a value, a reading or a change is called on a chart: in words, in the language of the session.


def in_session_language(words: Words) -> str:
    """In Chinese, or in English where GONGPING_LANG asks for it."""
    return words.into(os.environ.get("GONGPING_LANG", "zh"))


def of_name(rulebook: Rulebook, name: str) -> str:
    """Of a ``rule.field`` or a reading."""
    if name in rulebook.readings:
        return in_session_language(rulebook.readings[name].title)
    rule, _, field = name.partition(".")
    kind, _, number = field.rpartition("_")
    if number.isdecimal():  # of a band or a tier
        return in_session_language(say(f"laboratory.field_{kind}_n", rule=rulebook.rules[rule].title, n=number))
    return in_session_language(say(f"laboratory.field_{field}", rule=rulebook.rules[rule].title))


def of_value(rulebook: Rulebook, name: str, value: str) -> str:
    """Of a value of a reading; a number stays a number."""
    reading = rulebook.readings.get(name)
    return in_session_language(reading.says[value]) if reading and value in reading.says else str(value)


def of_change(rulebook: Rulebook, name: str, value: str) -> str:
    """Of one change, such as 满意率目标 → 92."""
    return f"{of_name(rulebook, name)} → {of_value(rulebook, name, value)}"


# A funnel plot: a rate of every unit by how many cases it rests on, with the limits that chance would keep to.


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
    binom = scipy.stats.binom
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
    binom = scipy.stats.binom
    whole = binom.ppf(end, sizes, rate)
    above, below = binom.cdf(whole, sizes, rate), binom.cdf(whole - 1, sizes, rate)
    return np.clip(whole - (above - end) / np.maximum(above - below, 1e-12), 0, sizes)
