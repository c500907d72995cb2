"""Where everything of a chart stands: figures → coordinates as text, for the SVG macros of `shared/charts.html.j2`."""

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import groupby, pairwise
from math import isqrt

from pipelines.model.period import Period
from pipelines.model.points import digits, half_up, mean, published, shown, told_apart
from pipelines.model.rule import Rule
from pipelines.model.score import ScoredPeriod
from pipelines.model.tally import UnitTally
from pipelines.views.figures import NOTHING, Say, month_name

LEFT, RIGHT = 24, 616  # of the 640 wide strip
TICK = (28, 52)  # upper and lower end of a tick
LAYERS = 4  # neighbours lie in different ones: a few paths draw fast, and ticks that overlap still show darker
TRACK = (58, 196)  # of the 470 wide rate panel, which a phone shows whole: left and right end of its scale
ROW, TOP = 26, 30  # of a rate panel: the height of a row, the middle of the first
SPAN, CEILING, FOOT = (60, 580), 26, 82  # of the line of periods: its ends, its highest and lowest point
LEAST, MOST = 3, 12  # totals that make a line, periods that it has room for
SPARK, SPARK_HEIGHT = (8, 152), (34, 6)  # of a small chart, 160 by 40: its ends, its lowest and highest point
STEP = 10  # scales begin and end at multiples of it
PLACES, PLACE_ROW, PLACE_TOP, ON_A_SHEET = (206, 600), 18, 40, 40  # of the chart of places: scale, rows, rows a chart
LONGEST, BESIDE_PLACES = 15, 13  # characters of a name beside a chart, and left of the chart of places
SLOPE, SLOPE_ROW, SLOPED = (236, 404), 17, 40  # of the slope: its ends, a row, units that it has room for
FUNNEL, FUNNEL_HEIGHT, CURVE = (44, 616), (268, 16), 32  # of the funnel: its ends, lowest and highest, steps of a limit
LIMITS = (("95", Fraction("1.96")), ("99.8", Fraction("3.09")))  # what chance keeps to, in standard errors
LABELLED = 10  # units outside the wider limit that are named in the picture


class Strip:
    """All totals as ticks on one axis, a unit's own marked above, the mean below: no two labels in one row."""

    def __init__(self, totals: list[Fraction], decimals: int = 2) -> None:
        self.totals = sorted(totals)
        self.mean, self.decimals = mean(totals, decimals), decimals
        self._ground = cache(self._ground)  # the same for nearly every unit

    def of(self, own: Fraction) -> dict:
        """The strip of the unit whose total is ``own``."""
        low = min(self.totals[0], own) // STEP * STEP
        high = max(-(-max(self.totals[-1], own) // STEP) * STEP, low + STEP)
        return {
            **self._ground(low, high),
            "own": self._mark(own, low, high),
            "left": str(LEFT),
            "right": str(RIGHT),
            "end": 2 * (own - low) > high - low,  # a phone begins there: the own mark must be seen
        }

    def _ground(self, low: int, high: int) -> dict:
        ticks = [f"M{_along(total, low, high)} {TICK[0]}V{TICK[1]}" for total in self.totals]
        return {
            "ticks": ["".join(ticks[n::LAYERS]) for n in range(min(LAYERS, len(ticks)))],
            "axis": [{"x": _along(Fraction(n), low, high), "label": str(n)} for n in _axis(low, high)],
            "mean": self._mark(self.mean, low, high),
        }

    def _mark(self, value: Fraction, low: int, high: int) -> dict:
        label = published(value, self.decimals)
        return {"x": _along(value, low, high), "label": label, "anchor": _anchor(value, low, high)}


def _along(value: Fraction, low: int, high: int) -> str:
    return _px(_between(LEFT, RIGHT, value, low, high))


def rates(result: ScoredPeriod, tally: UnitTally, say: Say, lang: str = "zh") -> list[dict]:
    """For every rate that is judged and has data: a row per month (or the period) with part, whole, rate and target."""
    found = [
        _rate(rule, tally, spans, say, lang) for rule, spans in _judged(result, tally) if not _lacks_data(rule, tally)
    ]
    return [panel for panel in found if any(row["of"] != "0" for row in panel["rows"])]


def without_data(result: ScoredPeriod, tally: UnitTally) -> list[Rule]:
    """The rates that would be judged and have no data: there is nothing to draw, least of all a rate of 0 %."""
    return [rule for rule, _ in _judged(result, tally) if _lacks_data(rule, tally)]


def _judged(result: ScoredPeriod, tally: UnitTally) -> Iterator[tuple[Rule, list[tuple[str | None, str]]]]:
    for rule in result.rulebook.rules.values():
        if rule.kind == "rate" and rule.is_for(tally.unit.unit_group) and (spans := _spans(rule, result)):
            yield rule, spans


def _lacks_data(rule: Rule, tally: UnitTally) -> bool:
    return bool({rule.part, rule.of} & tally.lacking)


def _spans(rule: Rule, result: ScoredPeriod) -> list[tuple[str | None, str]]:
    """What a panel has rows of: a month in which the rule holds, or the period (None), each with its first month."""
    months = result.period.months
    return [(month, month) for month in months if rule.holds_on(month)] if rule.by_month else [(None, months[0])]


def _rate(rule: Rule, tally: UnitTally, spans: list[tuple[str | None, str]], say: Say, lang: str) -> dict:
    group = tally.unit.unit_group
    targets = [rule.target_of(group, month) for _, month in spans]
    counted = [(span, tally.count(rule.part, span), tally.count(rule.of, span)) for span, _ in spans]
    known = [Fraction(100 * part, of) for _, part, of in counted if of]
    low = max(Fraction(0), (min((*known, *targets)) - 5) // STEP * STEP)
    title = rule.title.into(lang)
    facts = {"title": title, "target": "–".join(dict.fromkeys(map(_plain, targets)))}  # the first, then later ones
    return {
        "title": title,
        "target": say("scorecard.target", **facts).into(lang),
        "name": say("scorecard.rate_name", **facts).into(lang),
        "box": say("scorecard.rate_box", title=title).into(lang),
        "target_x": _px(_between(*TRACK, targets[0], low, Fraction(100))),
        "lines": _lines(targets, low),
        "low": _plain(low),
        "track": {"x": str(TRACK[0]), "end": str(TRACK[1]), "width": str(TRACK[1] - TRACK[0])},
        "height": str(TOP + ROW * len(counted) + 14),
        "foot": str(TOP + ROW * len(counted) + 8),
        "rows": [
            _row(n, span, (part, of), rule, target, low, say, lang)
            for n, ((span, part, of), target) in enumerate(zip(counted, targets, strict=True))
        ],
    }


def _lines(targets: list[Fraction], low: Fraction) -> list[dict]:
    """A line a target, along the rows that it is for."""
    found, first = [], 0
    for target, several in groupby(targets):
        last = first + len(list(several))
        top = TOP + ROW * first - ROW // 2 if first else 15
        foot = TOP + ROW * last - (8 if last == len(targets) else ROW // 2)
        x = _px(_between(*TRACK, target, low, Fraction(100)))
        found.append({"x": x, "top": str(top), "foot": str(foot)})
        first = last
    return found


def _row(
    number: int,
    span: str | None,
    counted: tuple[int, int],
    rule: Rule,
    target: Fraction,
    low: Fraction,
    say: Say,
    lang: str,
) -> dict:
    """A row of a panel: part and whole that were counted, and how their rate as the city prints it meets the target."""
    y, (part, of) = TOP + ROW * number, counted
    rate = told_apart(rule.printed(part, of), [(target, rule.each)]) if of else None
    short = Fraction(0) if rate is None else max(rate - target if rule.fewer else target - rate, Fraction(0))
    key = "none" if rate is None else "short" if short else "met"
    return {
        "label": month_name(span, lang) if span else say("pages.whole_period").into(lang),
        "y": str(y),
        "text_y": str(y + 5),
        "bar_y": str(y - 4),
        "part": str(part),
        "of": str(of),
        "count": f"{part}/{of}",
        "rate": NOTHING if rate is None else f"{digits(rate)}%",
        "x": _px(_between(*TRACK, rate, low, Fraction(100))) if rate is not None else "",
        "state": key,
        "says": say("pages.rate_over" if short and rule.fewer else f"pages.rate_{key}", short=digits(short)).into(lang),
    }


def trend(totals: list[tuple[Period, Fraction]], decimals: int = 2) -> dict | None:
    """The latest totals by period as a line, a gap where a period is not known; none for fewer than three.

    A label stands above its point, below it where both neighbours are higher: no line crosses it.
    """
    totals = [(period, total) for period, total in totals if period > totals[-1][0].ago(MOST)]
    if len(totals) < LEAST:
        return None
    periods, values = [period for period, _ in totals], [total for _, total in totals]
    low = min(values) // STEP * STEP
    high = max(-(-max(values) // STEP) * STEP, low + STEP)
    points = [
        {
            "x": _px(_between(*SPAN, Fraction(period.first), periods[0].first, periods[-1].first)),
            "y": _px(_between(FOOT, CEILING, total, low, high)),
            "label": published(total, decimals),
            "period": str(period),
        }
        for period, total in totals
    ]
    for point, below in zip(points, _below(values), strict=True):
        point["label_y"] = _px(Fraction(point["y"]) + (18 if below else -9))
    middle = [n for n in _axis(low, high) if n in (low, high) or high - low <= 5 * STEP]
    axis = [{"y": _px(_between(FOOT, CEILING, Fraction(n), low, high)), "label": str(n)} for n in middle]
    return {"points": points, "path": _line(points, periods), "axis": axis}


def history(past: list[tuple[int, str]], now: tuple[int, str], low: int, high: int) -> dict:
    """Figures of finished periods and the one now on a small ground, the expected band behind them.

    Each is a figure and how it was judged: ``broken`` is drawn otherwise.
    """
    every = [*past, now]
    least, most = min(low, *(value for value, _ in every)), max(high, *(value for value, _ in every))
    most = max(most, least + 1)

    def up(value: int) -> str:
        return _px(_between(*SPARK_HEIGHT, Fraction(value), least, most))

    points = [
        {"x": _px(_between(*SPARK, Fraction(n), 0, len(every) - 1)), "y": up(value), "broken": was == "broken"}
        for n, (value, was) in enumerate(every)
    ]
    top, bottom = up(high), up(low)
    return {
        "points": points,
        "path": "M" + "L".join(f"{point['x']} {point['y']}" for point in points),
        "top": top,
        "height": _px(Fraction(bottom) - Fraction(top)),
    }


def places(rows: list[dict]) -> list[dict]:
    """Places with their ranges, in charts of so many rows that each fits a sheet of paper, all on one scale.

    A row has a ``label``, its ``place``, (best, worst) under the ``readings`` and by ``chance``, and the number of its
    ``bracket``, 0 for none.
    """
    last = max((max(row["readings"][1], row["chance"][1]) for row in rows), default=1)
    steps = [step for step in (1, 2, 5, 10, 20, 50, 100) if last // step <= 12] or [last]
    axis = [{"x": _at_place(n, last), "label": str(n)} for n in (1, *range(steps[0], last + 1, steps[0])) if n <= last]
    axis = list({tick["label"]: tick for tick in axis}.values())
    return [_places(rows[start : start + ON_A_SHEET], start, last, axis) for start in range(0, len(rows), ON_A_SHEET)]


def _places(rows: list[dict], start: int, last: int, axis: list[dict]) -> dict:
    at = [PLACE_TOP + PLACE_ROW * n for n in range(len(rows))]
    spans = {
        name: "".join(
            f"M{_at_place(row[name][0], last)} {y}H{_at_place(row[name][1], last)}"
            for row, y in zip(rows, at, strict=True)
        )
        for name in ("readings", "chance")
    }
    brackets = [
        [y for _, y in group] for n, group in groupby(zip(rows, at, strict=True), lambda one: one[0]["bracket"]) if n
    ]
    return {
        **spans,
        "from": str(start),
        "last": str(last),
        "left": str(PLACES[0]),
        "right": str(PLACES[1]),
        "row": str(PLACE_ROW),
        "top": str(PLACE_TOP),
        "height": str(PLACE_TOP + PLACE_ROW * len(rows)),
        "foot": str(PLACE_TOP + PLACE_ROW * (len(rows) - 1) + 9),
        "axis": axis,
        "dots": "".join(f"M{_at_place(row['place'], last)} {y}h0" for row, y in zip(rows, at, strict=True)),
        "brackets": "".join(f"M614 {ys[0] - 6}h8V{ys[-1] + 6}h-8" for ys in brackets),
        "rows": [
            {"y": str(y + 4), "place": str(row["place"]), "name": _short(row["label"], BESIDE_PLACES)}
            for row, y in zip(rows, at, strict=True)
        ],
    }


def _at_place(place: int, last: int) -> str:
    return _px(_between(*PLACES, Fraction(place), 1, max(last, 2)))


def _short(name: str, most: int = LONGEST) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


def slope(rows: list[tuple[str, int, int]]) -> dict | None:
    """Places before and now (``label``, before, now), those that moved most where not all have room; none for none.

    Both sides stand in the order of their places, one below the other, so that no two labels meet.
    """
    most = sorted(rows, key=lambda row: (-abs(row[1] - row[2]), row[2], row[0]))[:SLOPED]
    if not most:
        return None
    sides = [sorted(most, key=lambda row: (row[side], row[2], row[0])) for side in (1, 2)]
    at = [{row: 36 + SLOPE_ROW * n for n, row in enumerate(side)} for side in sides]
    ways: dict[str, str] = {"up": "", "down": "", "same": ""}
    for row in most:
        way = "up" if row[1] > row[2] else "down" if row[1] < row[2] else "same"
        ways[way] += f"M{SLOPE[0]} {at[0][row]}L{SLOPE[1]} {at[1][row]}"
    return {
        "ways": ways,
        "height": str(36 + SLOPE_ROW * len(most)),
        "left": [{"y": str(at[0][row] + 4), "place": str(row[1]), "name": _short(row[0])} for row in sides[0]],
        "right": [{"y": str(at[1][row] + 4), "place": str(row[2]), "name": _short(row[0])} for row in sides[1]],
        "all": len(most) == len(rows),
    }


def funnel(rows: list[tuple[str, int, int]], city: tuple[int, int]) -> dict | None:
    """A rate (``label``, part, whole) by what it rests on, with the city's line and the limits that chance keeps to.

    ``outside``: what lies beyond the wider limit, (label, part, whole, whether it lies above). The scale of the whole
    is that of its root, for so do the limits narrow. None where nothing varies.
    """
    rows = [row for row in rows if row[2]]
    if not rows or not 0 < city[0] < city[1]:
        return None
    p, most = Fraction(*city), max(of for _, _, of in rows)
    odd = p * (1 - p)
    outside = [(*row, Fraction(row[1], row[2]) > p) for row in rows if _beyond(row, p, LIMITS[-1][1])]
    low = max(min(Fraction(100 * part, of) for _, part, of in rows) // STEP * STEP, 0)
    low = min(low, 100 * p // STEP * STEP)

    def across(of: Fraction) -> str:
        return _px(_between(*FUNNEL, Fraction(isqrt(int(of * 10**8))), 0, isqrt(most * 10**8)))

    def up(rate: Fraction) -> str:
        return _px(_between(*FUNNEL_HEIGHT, rate, low, 100))

    def limit(z: Fraction, side: int) -> str:
        sizes = [Fraction(most * n * n, CURVE * CURVE) for n in range(2, CURVE + 1)]
        points = [(of, 100 * (p + side * z * Fraction(isqrt(int(odd * 10**12 / of)), 10**6))) for of in sizes]
        inside = [(of, rate) for of, rate in points if low <= rate <= 100]
        return "M" + "L".join(f"{across(of)} {up(rate)}" for of, rate in inside) if inside else ""

    points: dict[str, str] = {"in": "", "above": "", "below": ""}
    far = {row[:3]: row[3] for row in outside}
    for row in rows:
        kind = "in" if row not in far else "above" if far[row] else "below"
        points[kind] += f"M{across(Fraction(row[2]))} {up(Fraction(100 * row[1], row[2]))}h0"
    named = sorted(outside, key=lambda row: -abs(Fraction(row[1], row[2]) - p))[:LABELLED]
    return {
        "points": points,
        "limits": [{"label": f"{label}%", "path": limit(z, 1) + limit(z, -1)} for label, z in LIMITS],
        "city": up(100 * p),
        "rate": f"{digits(half_up(100 * p))}%",
        "sizes": [{"x": across(Fraction(n)), "label": str(n)} for n in _sizes(most)],
        "rates": [
            {"y": up(Fraction(n)), "label": f"{n}%"} for n in range(int(low), 101, STEP * (1 + (100 - int(low)) // 60))
        ],
        "labels": _apart(
            [
                {"x": across(Fraction(of)), "y": up(Fraction(100 * part, of)), "name": _short(name), "above": above}
                for name, part, of, above in named
            ]
        ),
        "outside": outside,
    }


def _beyond(row: tuple[str, int, int], p: Fraction, z: Fraction) -> bool:
    """Whether a rate lies further from ``p`` than ``z`` standard errors; exact, for both sides are squared."""
    return (Fraction(row[1], row[2]) - p) ** 2 > z * z * p * (1 - p) / row[2]


def _sizes(most: int) -> list[int]:
    """Round numbers along a scale that goes by the root, the last below ``most``, none too near another."""
    found: list[int] = []
    for n in sorted((b * 10**e for e in range(7) for b in (1, 2, 5) if b * 10**e <= most), reverse=True):
        if not found or isqrt(found[-1] * 10**8) - isqrt(n * 10**8) > isqrt(most * 10**8) // 12:
            found.append(n)
    return found[::-1]


def _apart(labels: list[dict]) -> list[dict]:
    """Labels moved down until none stands on another; those in the right half grow to the left."""
    done: list[dict] = []
    for label in sorted(labels, key=lambda one: Fraction(one["y"])):
        left = Fraction(label["x"]) > sum(FUNNEL) // 2
        y = Fraction(label["y"]) + 4
        while any(one["left"] == left and abs(Fraction(one["text_y"]) - y) < 13 for one in done):
            y += 1
        x = Fraction(label["x"]) + (-9 if left else 9)
        done.append({**label, "left": left, "text_x": _px(x), "text_y": _px(y)})
    return done


def _below(values: list[Fraction]) -> list[bool]:
    padded = [values[1], *values, values[-2]]
    return [min(padded[n], padded[n + 2]) > value for n, value in enumerate(values)]


def _line(points: list[dict], periods: list[Period]) -> str:
    """A path from period to period, interrupted where one is missing."""
    steps = ["M", *("L" if before == after.previous else "M" for before, after in pairwise(periods))]
    return " ".join(f"{step} {point['x']} {point['y']}" for step, point in zip(steps, points, strict=True))


def _between(left: int, right: int, value: Fraction, low: Fraction | int, high: Fraction | int) -> Fraction:
    inside = min(max(value, low), high)
    return left + (right - left) * (inside - low) / (high - low)


def _anchor(value: Fraction, low: Fraction, high: Fraction) -> str:
    """A label near an end of the axis grows towards the middle."""
    share = (value - low) / (high - low)
    return "start" if share < Fraction(1, 8) else "end" if share > Fraction(7, 8) else "middle"


def _axis(low: int, high: int) -> range:
    """At most eleven numbers, always both ends of every step."""
    return range(int(low), int(high) + 1, STEP * (1 + (int(high) - int(low)) // (STEP * 11)))


def _px(value: Fraction) -> str:
    tenths = (value * 10).__round__()
    return f"{tenths // 10}.{tenths % 10}"


def _plain(value: Fraction) -> str:
    return str(int(value)) if value == int(value) else shown(half_up(value))
