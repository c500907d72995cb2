"""Compose: published figures of shorter periods → items, total and lines of a longer one (semantics G25, C20).

It is worked out twice: the first judge works in fractions and tells every line, the second in whole hundredths. What
comes in is text of published tables; nothing acts again that acted in the parts: floors, caps, vetoes, rounding of
rules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from pipelines.engines.vector import PART, Rescored, rounded_to, weighed
from pipelines.model.period import Period
from pipelines.model.points import plain, points, rounded
from pipelines.model.rule import EXACT, MEAN, REFUSE, ZERO, Compose, Item, Rulebook
from pipelines.model.score import WHOLE, Earlier, Entry, ItemScore, UnitScore
from pipelines.model.tally import UnitTally
from pipelines.model.words import RulebookRefusal, UsageRefusal
from pipelines.stages.judge import LEAVES_OUT
from pipelines.stages.settle import weighted
from pipelines.wording import say

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


def must_compose(
    rulebook: Rulebook, readings: Mapping[str, str], how: Compose, parts: Mapping[Period, Earlier | None]
) -> None:
    """UsageRefusal that names the parts that are not published; RulebookRefusal for a sum of what can be left out."""
    lacking = [str(part) for part, found in parts.items() if found is None]
    if lacking and (how.missing == REFUSE or len(lacking) == len(parts)):
        raise UsageRefusal(say("assess.parts_missing", parts="、".join(lacking), n=len(parts)))
    out = [id for id, item in rulebook.items.items() if item.without_data(readings) in LEAVES_OUT and not item.only]
    if how.by != MEAN and out:
        raise RulebookRefusal(say("rulebook.sum_of_left_out", items="、".join(out)))


def of_its_own(rulebook: Rulebook, how: Compose, parts: int) -> Rulebook:
    """What is left to judge in the longer period: the items of it alone; full marks are the longer period's.

    Bounds, vetoes and conditions acted in the parts and do not act again.
    """
    times = 1 if how.by == MEAN else parts
    own = {id for id, item in rulebook.items.items() if item.only}

    def longer(id: str, marks: Fraction | None) -> Fraction | None:
        return marks if id in own or marks is None else marks * times

    items = {
        id: item if id in own else replace(item, full_marks=item.full_marks * times, floor=None, bonus=None)
        for id, item in rulebook.items.items()
    }
    sheets = {
        group: {id: replace(one, full_marks=longer(id, one.full_marks), floors=()) for id, one in sheet.items()}
        for group, sheet in rulebook.sheets.items()
    }
    rules = {id: replace(rule, veto=None) for id, rule in rulebook.rules.items() if rule.item in own}
    return replace(rulebook, items=items, sheets=sheets, rules=rules, total_floor=None, total_cap=None)


def figures_of(parts: Mapping[Period, Earlier | None], unit_id: str, book: Rulebook, how: Compose) -> Parts:
    """What every part published of a unit, in their order; nothing of a part that is not there or has not the unit.

    ``book`` is the unit's own; ``how`` may ask for sums before they were rounded.
    """
    found: list[tuple[str, PartFigures | None]] = []
    for period, part in parts.items():
        line = part.ranking.get(unit_id) if part else None
        month = period.months[0] if period.n == 1 else ""
        if part is None:
            found.append((str(period), None))
        elif line is not None:
            items = {
                one["item_id"]: (
                    points(one["score"]),
                    points(one["full_marks"]),
                    points(one.get("measured_marks") or one["full_marks"]),
                )
                for one in part.items.get(unit_id, ())
            }
            base, bonus, total = (points(line[name]) for name in ("base", "bonus", "total"))
            if how.of_figures == EXACT:
                base, bonus, total = _unrounded(book, items, base, bonus, total)
            ranked = bool((line.get("group_rank") or "").strip())
            found.append((str(period), PartFigures(str(period), month, items, base, bonus, total, ranked)))
    return found


def _unrounded(
    book: Rulebook, items: Mapping[str, Figures], base: Fraction, bonus: Fraction, total: Fraction
) -> tuple[Fraction, Fraction, Fraction]:
    """The sums of a part out of its items; a total that something bounded, stretched or struck is as it was."""
    scores = {id: score for id, (score, _, _) in items.items()}
    exact, more = weighted(book, scores, [id for id, (_, full, _) in items.items() if not full])
    plain = rounded(exact + more, book.decimals) == total
    return exact, (more if rounded(more, book.decimals) == bonus else bonus), (exact + more if plain else total)


def compose(
    rulebook: Rulebook,
    how: Compose,
    parts: Mapping[Period, Earlier | None],
    tallies: Mapping[str, UnitTally],
    scores: Mapping[str, UnitScore],
) -> tuple[dict[str, UnitScore], list[Entry]]:
    """Scores of the longer period and the ledger lines of its parts.

    ``scores`` are of the items of the longer period alone, by the same ``rulebook`` (`of_its_own`).
    """
    found, entries = {}, []
    for unit_id, own in scores.items():
        book = rulebook.of_group(tallies[unit_id].unit.unit_group)
        shared = {id: item for id, item in book.items.items() if not item.only}
        made = composed(unit_id, how, figures_of(parts, unit_id, book, how), shared, book.places)
        items = {id: made.items[id] if id in made.items else own.items[id] for id in book.items}
        gone = [id for id, item in items.items() if not item.full_marks]
        base, bonus = (rounded(one, book.decimals) for one in weighted(book, _scores(items), gone))
        only = {id: item for id, item in items.items() if book.items[id].only}
        added = sum(weighted(book, _scores(only), gone), Fraction(0))
        whole = rounded(made.total + added, book.decimals) - base - bonus
        found[unit_id] = UnitScore(unit_id, items, base, bonus, whole)
        entries += made.lines
        if whole:
            entries.append(whole_line(unit_id, next(iter(rulebook.clauses)), whole))
    return found, entries


def _scores(items: Mapping[str, ItemScore]) -> dict[str, Fraction]:
    return {id: item.unrounded for id, item in items.items()}


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
        facts = {"item": id, "period": name, "score": plain(score), "n": str(len(own)), "by": how.by}
        points = rounded(score / n - share, places)
        month = part.month if part else ""
        found.append(_entry(unit_id, id, "compose", month, "" if month else name, points, f"compose_{how.by}", facts))
    rest = difference - sum((line.points for line in found), Fraction(0))
    if rest:
        facts = {"item": id, "deducted": plain(-difference)}
        found.append(_entry(unit_id, id, "rounding", "", "", rest, "compose_rounding", facts))
    return found


def _entry(
    unit: str, item: str, rule: str, month: str, ref: str, points: Fraction, sentence: str, facts: Mapping[str, str]
) -> Entry:
    return Entry(unit, item, rule, item, month, "", ref, points, "", sentence, facts)


def whole_line(unit_id: str, clause: str, points: Fraction) -> Entry:
    """What the parts' own sums come to beyond the sums of the items."""
    return Entry(unit_id, WHOLE, "compose", clause, "", "", "", points, "", "compose_whole", {})


# The second judge: whole hundredths of all units at once.


def recompose(
    rulebook: Rulebook,
    how: Compose,
    parts: Mapping[Period, Earlier | None],
    tallies: Mapping[str, UnitTally],
    again: Rescored,
) -> Rescored:
    """The second judge's scores: those of the items of the longer period alone (``again``), and the parts anew."""
    shared = [id for id, item in rulebook.items.items() if not item.only]
    units = again.unit_ids
    books = {unit: rulebook.of_group(tallies[unit].unit.unit_group) for unit in units}
    given = {unit: figures_of(parts, unit, books[unit], how) for unit in units}
    length = max((len(one) for one in given.values()), default=0)
    padded = {  # a part that has not the unit counts nowhere
        unit: [*one, *((("", _NOWHERE),) * (length - len(one)))] for unit, one in given.items()
    }
    marked = {id: bool(rulebook.items[id].full_marks) for id in shared}
    points_of, counts, total = recomposed(how, padded, marked, rulebook.places)
    items, bare, out = dict(again.items), dict(again.bare), dict(again.out)
    for id in shared:
        lacks = np.array([id not in books[unit].items for unit in units], bool)
        items[id] = np.where(lacks, 0, points_of[id])
        measured = [any(part and part.items.get(id, (0, 0, 0))[2] for _, part in given[unit]) for unit in units]
        out[id] = ~counts[id] | lacks
        bare[id] = out[id] | (~np.array(measured, bool) & marked[id])
    groups = np.array([tallies[unit].unit.unit_group for unit in units], object)
    base, bonus = (rounded_to(one, rulebook.decimals) for one in _weighed(rulebook, groups, items, out))
    only = {id: points for id, points in items.items() if rulebook.items[id].only}
    added = sum(_weighed(rulebook, groups, only, out)) if only else np.zeros(len(units), np.int64)
    full = sum(
        (np.where(out[id], 0, _marks(rulebook, tallies, units, id)) for id in items), np.zeros(len(units), np.int64)
    )
    whole = rounded_to(total * PART + added, rulebook.decimals) - base - bonus
    return replace(again, items=items, bare=bare, out=out, base=base, bonus=bonus, whole=whole, full=full, veto=())


_NOWHERE = PartFigures("", "", {}, Fraction(0), Fraction(0), Fraction(0), False)


def _weighed(
    rulebook: Rulebook, groups: np.ndarray, items: Mapping[str, np.ndarray], out: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """What items bring to base and bonus, in parts of hundredths, each unit by its own sheet."""
    found = weighed(replace(rulebook, sheets={}), items, out)
    for group in rulebook.sheets:
        book, mine = rulebook.of_group(group), groups == group
        own = weighed(book, {id: points for id, points in items.items() if id in book.items}, out)
        found = np.where(mine, own[0], found[0]), np.where(mine, own[1], found[1])
    return found


def _marks(rulebook: Rulebook, tallies: Mapping[str, UnitTally], units: tuple[str, ...], id: str) -> np.ndarray:
    sheets = [rulebook.of_group(tallies[unit].unit.unit_group).items.get(id) for unit in units]
    return np.array([int(item.full_marks * item.weight * PART) if item else 0 for item in sheets], np.int64)


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
