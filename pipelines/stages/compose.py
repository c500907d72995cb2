"""Compose: the published figures of shorter periods → items, total and ledger lines of a longer one."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np

from pipelines.engines.composing import PartFigures, Parts, composed, recomposed, whole_line
from pipelines.engines.judging import LEAVES_OUT
from pipelines.engines.summing import PART, rounded_to
from pipelines.engines.vector import Rescored
from pipelines.model.period import Period
from pipelines.model.points import points, rounded
from pipelines.model.refusals import RulebookRefusal, UsageRefusal
from pipelines.model.result import Earlier
from pipelines.model.rule import MEAN, REFUSE, Compose, Item, Rulebook
from pipelines.model.score import Entry, UnitScore
from pipelines.model.tally import UnitTally
from pipelines.wording import say


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


def figures_of(parts: Mapping[Period, Earlier | None], unit_id: str) -> Parts:
    """What every part published of a unit, in their order; nothing of a part that is not there or has not the unit."""
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
            ranked = bool((line.get("group_rank") or "").strip())
            found.append((str(period), PartFigures(str(period), month, items, base, bonus, total, ranked)))
    return found


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
        full = {id: item.full_marks for id, item in shared.items()}
        made = composed(
            unit_id, how, figures_of(parts, unit_id), full, {id: item.weight for id, item in shared.items()}
        )
        items = {id: made.items[id] if id in made.items else own.items[id] for id in book.items}
        sums = {True: Fraction(0), False: Fraction(0)}  # of items with full marks, and of bonus
        added = Fraction(0)  # what the items of the longer period alone bring
        for id, item in items.items():
            sums[bool(book.items[id].full_marks)] += item.score * item.weight
            added += item.score * item.weight if book.items[id].only else 0
        base, bonus = (rounded(sums[key], book.decimals) for key in (True, False))
        whole = rounded(made.total + added, book.decimals) - base - bonus
        found[unit_id] = UnitScore(unit_id, items, base, bonus, whole)
        entries += made.lines
        if whole:
            entries.append(whole_line(unit_id, next(iter(rulebook.clauses)), whole))
    return found, entries


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
    given = {unit: figures_of(parts, unit) for unit in units}
    length = max((len(one) for one in given.values()), default=0)
    padded = {  # a part that has not the unit counts nowhere
        unit: [*one, *((("", _NOWHERE),) * (length - len(one)))] for unit, one in given.items()
    }
    marked = {id: bool(rulebook.items[id].full_marks) for id in shared}
    points_of, counts, total = recomposed(how, padded, marked)
    items, bare, out = dict(again.items), dict(again.bare), dict(again.out)
    for id in shared:
        lacks = np.array([id not in rulebook.of_group(tallies[unit].unit.unit_group).items for unit in units], bool)
        items[id] = np.where(lacks, 0, points_of[id])
        measured = [any(part and part.items.get(id, (0, 0, 0))[2] for _, part in given[unit]) for unit in units]
        out[id] = ~counts[id] | lacks
        bare[id] = out[id] | (~np.array(measured, bool) & marked[id])
    base = rounded_to(_summed(rulebook, items, lambda item: bool(item.full_marks)), rulebook.decimals)
    bonus = rounded_to(_summed(rulebook, items, lambda item: not item.full_marks), rulebook.decimals)
    added = _summed(rulebook, items, lambda item: bool(item.only))
    full = sum(
        (np.where(out[id], 0, _marks(rulebook, tallies, units, id)) for id in items), np.zeros(len(units), np.int64)
    )
    whole = rounded_to(total * PART + added, rulebook.decimals) - base - bonus
    return replace(again, items=items, bare=bare, out=out, base=base, bonus=bonus, whole=whole, full=full, veto=())


_NOWHERE = PartFigures("", "", {}, Fraction(0), Fraction(0), Fraction(0), False)


def _summed(rulebook: Rulebook, items: Mapping[str, np.ndarray], chosen: Callable[[Item], bool]) -> np.ndarray:
    """The weighted sum of some items, in ten-thousandths of hundredths."""
    found = np.zeros(len(next(iter(items.values()))), np.int64)
    for id, table in items.items():
        if chosen(rulebook.items[id]):
            found = found + table.astype(np.int64) * int(rulebook.items[id].weight * PART)
    return found


def _marks(rulebook: Rulebook, tallies: Mapping[str, UnitTally], units: tuple[str, ...], id: str) -> np.ndarray:
    sheets = [rulebook.of_group(tallies[unit].unit.unit_group).items.get(id) for unit in units]
    return np.array([int(item.full_marks * item.weight * PART) if item else 0 for item in sheets], np.int64)
