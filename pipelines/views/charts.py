"""Where everything of a chart stands: figures → coordinates as text, for the SVG macros of `shared/charts.html.j2`."""

from fractions import Fraction

from pipelines.model.assessment import Assessment
from pipelines.model.points import half_up, shown
from pipelines.model.rule import Rule
from pipelines.model.tally import UnitTally
from pipelines.views.figures import NOTHING, Say, mean, month_name, percent

LEFT, RIGHT = 24, 616  # of the 640 wide strip
TRACK = (60, 330)  # of the 640 wide rate panel: left and right end of its scale
ROW, TOP = 26, 30  # of a rate panel: the height of a row, the middle of the first
STEP = 10  # scales begin and end at multiples of it


def strip(totals: list[Fraction], own: Fraction) -> dict:
    """All totals as ticks on one axis, the unit's own marked above, the mean below: no two labels in one row."""
    low, high = min((*totals, own)) // STEP * STEP, -(-max((*totals, own)) // STEP) * STEP
    high = max(high, low + STEP)
    middle = half_up(sum(totals, Fraction(0)) / len(totals)) if totals else own

    def x(value: Fraction) -> str:
        return _px(_between(LEFT, RIGHT, value, low, high))

    return {
        "ticks": [x(total) for total in totals],
        "axis": [{"x": x(Fraction(n)), "label": str(n)} for n in _axis(low, high)],
        "own": {"x": x(own), "label": shown(own), "anchor": _anchor(own, low, high)},
        "mean": {"x": x(middle), "label": mean(totals), "anchor": _anchor(middle, low, high)},
        "left": str(LEFT),
        "right": str(RIGHT),
    }


def rates(assessment: Assessment, tally: UnitTally, say: Say) -> list[dict]:
    """For every rate that is judged: a row per month (or the quarter) with part, whole, rate and target."""
    found = [_rate(rule, tally, assessment.period.months, say) for rule in assessment.rulebook.rules.values()
             if rule.kind == "rate"]  # fmt: skip
    return [panel for panel in found if any(row["of"] != "0" for row in panel["rows"])]


def _rate(rule: Rule, tally: UnitTally, months: tuple[str, ...], say: Say) -> dict:
    spans = months if rule.per == "month" else (None,)
    counted = [(span, tally.count(rule.part, span), tally.count(rule.of, span)) for span in spans]
    known = [Fraction(100 * part, of) for _, part, of in counted if of]
    low = max(Fraction(0), (min((*known, rule.target)) - 5) // STEP * STEP)
    target = _px(_between(*TRACK, rule.target, low, Fraction(100)))
    return {
        "title": rule.title.zh,
        "target": _plain(rule.target),
        "target_x": target,
        "low": _plain(low),
        "track": {"x": str(TRACK[0]), "end": str(TRACK[1]), "width": str(TRACK[1] - TRACK[0])},
        "height": str(TOP + ROW * len(counted) + 8),
        "bottom": str(TOP + ROW * len(counted) - 8),
        "rows": [_row(n, span, part, of, rule.target, low, say) for n, (span, part, of) in enumerate(counted)],
    }


def _row(number: int, span: str | None, part: int, of: int, target: Fraction, low: Fraction, say: Say) -> dict:
    y = TOP + ROW * number
    rate = Fraction(100 * part, of) if of else None
    short = half_up(target - rate) if rate is not None and rate < target else Fraction(0)
    key = "none" if rate is None else "short" if rate < target else "met"
    return {
        "label": month_name(span) if span else say("pages.whole_quarter").zh,
        "y": str(y),
        "text_y": str(y + 5),
        "bar_y": str(y - 4),
        "part": str(part),
        "of": str(of),
        "rate": percent(part, of) if of else NOTHING,
        "x": _px(_between(*TRACK, rate, low, Fraction(100))) if rate is not None else "",
        "state": key,
        "says": say(f"pages.rate_{key}", short=shown(short)).zh,
    }


def _between(left: int, right: int, value: Fraction, low: Fraction, high: Fraction) -> Fraction:
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
