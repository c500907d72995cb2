"""A longer period out of the published figures of shorter ones (semantics G25, C20): worked out twice.

What comes in is text of published tables; nothing acts again that acted in the parts: floors, caps, vetoes, rounding
of rules. The first judge works in fractions and tells every line, the second in whole hundredths.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from pipelines.model.points import plain, rounded
from pipelines.model.rule import EXACT, MEAN, ZERO, Compose, Item
from pipelines.model.score import WHOLE, Entry, ItemScore

CENTS = 100
Figures = tuple[Fraction, Fraction, Fraction]  # of an item: its score, its full marks, its measured marks
NOTHING: Figures = (Fraction(0), Fraction(0), Fraction(0))


@dataclass(frozen=True)
class PartFigures:
    """What a part published of a unit; None stands for a part that is not there.

    ``items`` maps an item to its score, its full marks and its measured marks; ``base``, ``bonus`` and ``total`` are
    the sums; ``ranked``: whether it had a place.
    """

    name: str
    month: str  # of a part that is one month, else ""
    items: Mapping[str, Figures]
    base: Fraction
    bonus: Fraction
    total: Fraction
    ranked: bool


Parts = Sequence[tuple[str, PartFigures | None]]  # name of every part, and what it published of a unit


@dataclass(frozen=True)
class Composed:
    """Of a unit: its items but for those of the longer period alone, the total of them, the lines."""

    items: dict[str, ItemScore]
    total: Fraction
    lines: list[Entry]
    counted: int  # parts that its figures are of


def composed(unit_id: str, how: Compose, parts: Parts, sheet: Mapping[str, Item], places: int = 2) -> Composed:
    """The mean or sum of a unit's parts.

    ``sheet`` holds the items of the longer period, with its full marks; figures are rounded to so many ``places``, as
    items are, but exact sums (`of_figures`) are not. A missing part is left out, or counts nothing, as the book says;
    an item that did not count in a part is left out of its mean.
    """
    counted = _counted(how, parts)
    items, lines = {}, []
    for id, item in sheet.items():
        full = item.full_marks
        own = [(name, part, part.items.get(id, NOTHING) if part else NOTHING) for name, part in counted]
        own = [
            one for one in own if one[1] is None or one[2][1] or not full
        ]  # an item left out of a part counts nothing
        n = len(own) if how.by == MEAN else 1
        points = rounded(sum((score for _, _, (score, _, _) in own), Fraction(0)) / max(n, 1), places)
        measured = not full or any(marks for _, _, (_, _, marks) in own)
        marks = full if own else Fraction(0)
        notes = () if own else ("no_part",)
        items[id] = ItemScore(id, marks, points, notes, (), bool(own) and measured, item.weight, item.times)
        lines += _lines(unit_id, id, how, own, points - marks, marks, n, places)
    n = len(counted) if how.by == MEAN else 1
    there = [part for _, part in counted if part]
    sums = [
        sum(figures, Fraction(0)) / max(n, 1)
        for figures in zip(
            *((part.base, part.bonus, part.total - part.base - part.bonus) for part in there), strict=True
        )
    ]
    total = sum((one if how.of_figures == EXACT else rounded(one, places) for one in sums), Fraction(0))
    return Composed(items, total, lines, len(there))


def _counted(how: Compose, parts: Parts) -> Parts:
    """The parts that count: of a mean those in which the unit was ranked, and missing ones where they are zero."""
    if how.by == MEAN:
        return [one for one in parts if (one[1] is None and how.missing == ZERO) or (one[1] and one[1].ranked)]
    return [one for one in parts if one[1] is not None]


def _lines(
    unit_id: str,
    id: str,
    how: Compose,
    own: list[tuple[str, PartFigures | None, Figures]],
    difference: Fraction,
    marks: Fraction,
    n: int,
    places: int,
) -> list[Entry]:
    """A line a part, and one for what rounding them leaves: together the difference from the full marks."""
    share = marks / max(len(own), 1)  # of the full marks, in which each part has so much
    found = []
    for name, part, (score, _, _) in own:
        told = {"item": id, "period": name, "score": plain(score), "n": str(len(own)), "by": how.by}
        points = rounded(score / n - share, places)
        month = part.month if part else ""
        found.append(_entry(unit_id, id, "compose", month, "" if month else name, points, f"compose_{how.by}", told))
    rest = difference - sum((line.points for line in found), Fraction(0))
    if rest:
        told = {"item": id, "deducted": plain(-difference)}
        found.append(_entry(unit_id, id, "rounding", "", "", rest, "compose_rounding", told))
    return found


def _entry(
    unit: str, item: str, rule: str, month: str, ref: str, points: Fraction, sentence: str, told: Mapping[str, str]
) -> Entry:
    return Entry(unit, item, rule, item, month, "", ref, points, "", sentence, told)


def whole_line(unit_id: str, clause: str, points: Fraction) -> Entry:
    """What the parts' own sums come to beyond the sums of the items."""
    return Entry(unit_id, WHOLE, "compose", clause, "", "", "", points, "", "compose_whole", {})


# The second judge: whole hundredths of all units at once.


def recomposed(
    how: Compose, parts: Mapping[str, Parts], items: Mapping[str, bool], places: int = 2
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], np.ndarray]:
    """Items, whether each counts, and totals, of units in the order of ``parts``; ``items``: whether it has marks.

    In hundredths: whole ones, but fractions of them where ``places`` are more than two, or totals exact.
    """
    units, grain = list(parts), 10**places
    there = np.array([[part is not None for _, part in parts[unit]] for unit in units], bool)
    placed = np.array([[bool(part and part.ranked) for _, part in parts[unit]] for unit in units], bool)
    by_mean = how.by != "sum"
    enters = (placed | (~there & (how.missing == "zero"))) if by_mean else there
    points, counts = {}, {}
    for id, has_marks in items.items():
        lines = [[part.items.get(id, (0, 0, 0)) if part else (0, 0, 0) for _, part in parts[unit]] for unit in units]
        score, full = (np.array([[int(one[k] * grain) for one in line] for line in lines], np.int64) for k in (0, 1))
        own = enters & (~there | (full != 0) | (not has_marks))
        found = _shared(np.where(own, score, 0).sum(axis=1), own.sum(axis=1) if by_mean else None)
        points[id] = _hundredths(found, grain)
        counts[id] = own.any(axis=1)
    if how.of_figures == "exact":
        of_unit = [
            [part.total for (_, part), is_in in zip(parts[unit], row, strict=True) if part and is_in]
            for unit, row in zip(units, enters, strict=True)
        ]
        sums = [sum(one, Fraction(0)) for one in of_unit]
        among = np.maximum(enters.sum(axis=1), 1) if by_mean else np.ones(len(units), np.int64)
        exact = [one * CENTS / int(n) for one, n in zip(sums, among, strict=True)]
        return points, counts, np.array(exact, object)
    total = np.zeros(len(units), np.int64)
    figures = {
        name: np.array(
            [[int(getattr(part, name) * grain) if part else 0 for _, part in parts[unit]] for unit in units], np.int64
        )
        for name in ("base", "bonus", "total")
    }
    figures["whole"] = figures.pop("total") - figures["base"] - figures["bonus"]
    for table in figures.values():
        total += _shared(np.where(enters, table, 0).sum(axis=1), enters.sum(axis=1) if by_mean else None)
    return points, counts, _hundredths(total, grain)


def _hundredths(parts: np.ndarray, grain: int) -> np.ndarray:
    return parts if grain == CENTS else np.array([Fraction(int(one) * CENTS, grain) for one in parts], object)


def _shared(sums: np.ndarray, among: np.ndarray | None) -> np.ndarray:
    """Sums, or their means, in whole parts, halves away from nothing."""
    if among is None:
        return sums
    n = np.maximum(among, 1)
    return np.sign(sums) * ((2 * np.abs(sums) + n) // (2 * n))
