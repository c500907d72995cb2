"""The second judge: the same rules over the tally cube in NumPy, sharing no arithmetic with the first.

Whole hundredths throughout; where a reading divides (`pro_rata`), floats place a sum and fractions settle it
wherever a float might be wrong.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from functools import cached_property, reduce
from math import lcm
from operator import add
from typing import Protocol

import numpy as np

from pipelines.engines.cube import Counts, Cube, CubeTable
from pipelines.model.contract import NOTHING, Absent
from pipelines.model.measure import CASE_ROWS
from pipelines.model.period import Period
from pipelines.model.rule import Bonus, Item, Rule, Rulebook, chosen
from pipelines.model.score import UnitScore
from pipelines.model.tally import UnitTally
from pipelines.model.words import ContractStop, JudgesDisagree
from pipelines.wording import say

PART = 1_000_000  # a factor of 1: two decimals each of a section's weight, an item's and a sheet's coefficient
CENTS = 100
ORDER = {"total": 0, "rank": 1, "grade": 2}
LEAVES_OUT = ("left_out", "reweighted")
DOUBT = 1e-6  # a sum this near to a rounding boundary is settled by fractions


@dataclass(frozen=True)
class Summed:
    """Of every unit, in hundredths: whole ones, but fractions of them in a book that is finer."""

    base: np.ndarray
    bonus: np.ndarray
    whole: np.ndarray  # what belongs to no single item
    kept: np.ndarray  # whether the bonus stands
    veto: tuple[str, ...]  # the rule whose veto holds, "" = none


@dataclass(frozen=True)
class Rescored:
    """Scores in whole hundredths, one entry a unit in the order of ``unit_ids``."""

    unit_ids: tuple[str, ...]
    items: dict[str, np.ndarray]
    base: np.ndarray
    bonus: np.ndarray
    rated: np.ndarray  # of the period, for the order of a list
    satisfied: np.ndarray
    case_rows: np.ndarray
    whole: np.ndarray | int = 0  # what measured items gain where they are stretched to the whole
    sums: Mapping[str, np.ndarray] = field(default_factory=dict)  # every measure over the period
    silent: Mapping[str, np.ndarray] = field(default_factory=dict)  # by measure: nothing tells it of the unit
    bare: Mapping[str, np.ndarray] = field(default_factory=dict)  # by item: nothing was there to judge it by
    out: Mapping[str, np.ndarray] = field(default_factory=dict)  # by item: it does not count
    full: np.ndarray | int = 0  # the full marks of the items that count, in parts (`PART`)
    veto: tuple[str, ...] = ()  # the rule whose veto holds, "" = none

    @property
    def total(self) -> np.ndarray:
        """Base and bonus together, and what belongs to no single item."""
        return self.base + self.bonus + self.whole


def rescore(cube: Cube, rulebook: Rulebook, readings: Mapping[str, str]) -> Rescored:
    """Every unit's items, base and bonus under the readings; ContractStop as the first judge.

    Groups with a sheet of their own are scored by it: an item that they do not have is out, with nothing to judge.
    """
    found = _rescored(cube, replace(rulebook, sheets={}), readings)
    for group in rulebook.sheets:
        own, mine = _rescored(cube, rulebook.of_group(group), readings), cube.groups == group
        nothing, everybody = np.zeros(len(mine), np.int64), np.ones(len(mine), bool)
        found = replace(
            found,
            items={id: np.where(mine, own.items.get(id, nothing), points) for id, points in found.items.items()},
            bare={id: np.where(mine, own.bare.get(id, everybody), there) for id, there in found.bare.items()},
            out={id: np.where(mine, own.out.get(id, everybody), there) for id, there in found.out.items()},
            base=np.where(mine, own.base, found.base),
            bonus=np.where(mine, own.bonus, found.bonus),
            whole=np.where(mine, own.whole, found.whole),
            full=np.where(mine, own.full, found.full),
            veto=tuple(np.where(mine, np.array(own.veto, object), np.array(found.veto, object)).tolist()),
        )
    return found


def _rescored(cube: Cube, rulebook: Rulebook, readings: Mapping[str, str]) -> Rescored:
    """The same of a book with one sheet for all."""
    counts = cube.counts(readings)
    rules_of = {item.id: [r for r in rulebook.rules.values() if r.item == item.id] for item in rulebook.items.values()}
    items = {item.id: item_scores(cube, counts, rules_of[item.id], item, readings) for item in rulebook.items.values()}
    part, of = rulebook.ranking.listed_by or ("", "")
    nothing = np.zeros(len(cube.unit_ids), np.int64)
    sheet = [(item, rules_of[item.id]) for item in rulebook.items.values()]
    sums = sums_of(cube, counts, rulebook, sheet, items, readings)
    items |= {id: np.where(sums.kept, items[id], 0) for id, item in rulebook.items.items() if not item.full_marks}
    rated, satisfied, case_rows = (counts.whole(name) if name else nothing for name in (of, part, CASE_ROWS))
    return Rescored(
        cube.unit_ids,
        items,
        sums.base,
        sums.bonus,
        rated,
        satisfied,
        case_rows,
        sums.whole,
        {name: counts.whole(name) for name in counts},
        {id: cube.silent(id) for id in cube.not_exported()},
        {item.id: _all_bare(cube, counts, rules, readings) for item, rules in sheet},
        {item.id: left_out(cube, counts, item, rules, readings) for item, rules in sheet},
        full_of(cube, counts, sheet, readings),
        sums.veto,
    )


def sums_of(
    cube: Cube,
    counts: Counts,
    rulebook: Rulebook,
    sheet: Sequence[tuple[Item, Sequence[Rule]]],
    items: Mapping[str, np.ndarray],
    readings: Mapping[str, str],
) -> Summed:
    """Base, bonus and the whole of every unit, from its items."""
    vetoes = [(rule, rules) for _, rules in sheet for rule in rules if rule.veto]
    fired = {rule.id: has_fired(cube, counts, rule, rules, readings) for rule, rules in vetoes}
    capped = [(item, rules) for item, rules in sheet if item.capped]
    out = {item.id: left_out(cube, counts, item, rules, readings) for item, rules in capped}
    return summed(rulebook, items, lambda base: stretch(cube, counts, sheet, readings, base), fired, out)


def has_fired(cube: Cube, counts: Counts, rule: Rule, rules: Sequence[Rule], readings: Mapping[str, str]) -> np.ndarray:
    """Of every unit: whether anything cost by an occurrence rule, or a rate lies under its target."""
    measured = concerned(cube, rule) & ~cube.silent(*rule.counted)
    if not measured.any():
        return measured
    if rule.kind == "occurrence":
        costs = costs_of(counts, rule, rules)
        costing = sum(_in_force(rule, table, readings, cube.months).sum(axis=1) for _, _, table in costs)
        return np.asarray((costing > 0) & measured)
    top, bottom, judged = _rates(rule, counts, readings)
    gap = (targets_of(cube, rule, top.shape[1]) * bottom - 100 * top) * judged
    return np.asarray(((-gap if rule.fewer else gap) > 0).any(axis=1) & measured)


def full_of(
    cube: Cube, counts: Counts, sheet: Iterable[tuple[Item, Sequence[Rule]]], readings: Mapping[str, str]
) -> np.ndarray:
    """Of every unit, the full marks of the items that count, in parts (`PART`)."""
    found = np.zeros(len(cube.unit_ids), np.int64)
    for item, rules in sheet:
        marks = int(item.full_marks * item.weight * PART)
        found += np.where(left_out(cube, counts, item, rules, readings), 0, marks)
    return found


def overall_figure(rulebook: Rulebook, figure: np.ndarray, full: np.ndarray | int) -> np.ndarray:
    """What orders all units: the figure, or in proportion to each unit's full marks, as whole numbers."""
    if not rulebook.ranking.by_share:
        return figure
    kinds = {int(marks) for marks in np.unique(full)} - {0}
    common = lcm(*kinds)
    marks_of = np.broadcast_to(full, figure.shape).ravel().tolist()
    scales = np.array([common // marks if marks else 0 for marks in marks_of], object).reshape(figure.shape)
    return figure.astype(object) * scales


def _all_bare(cube: Cube, counts: Counts, rules: Sequence[Rule], readings: Mapping[str, str]) -> np.ndarray:
    """Of every unit: whether nothing is there to judge an item by; an item without rules is not so."""
    found = np.full(len(cube.unit_ids), bool(rules))
    for rule in rules:
        found = found & (bare(cube, counts, rule, readings) | ~concerned(cube, rule))
    return found & _any_concerned(cube, rules)


def _any_concerned(cube: Cube, rules: Sequence[Rule]) -> np.ndarray:
    return np.logical_or.reduce([concerned(cube, rule) for rule in rules]) if rules else np.array(False)


def item_scores(
    cube: Cube, counts: Counts, rules: Sequence[Rule], item: Item, readings: Mapping[str, str]
) -> np.ndarray:
    """One item of every unit in hundredths; ``counts`` as `Cube.counts` gives them, ``rules`` those of the item."""
    taken = [deduction(cube, counts, rule, item, rules, readings) for rule in rules]
    return settled(cube, counts, rules, item, taken, readings)


def settled(
    cube: Cube, counts: Counts, rules: Sequence[Rule], item: Item, taken: list["Deduction"], readings: Mapping[str, str]
) -> np.ndarray:
    """An item of which its rules take so much: bounded, and nothing where it is left out."""
    full = _hundredths(item.full_marks)
    if not full:
        bonus = -sum((one.whole for one in taken), np.zeros(len(cube.unit_ids), np.int64))
        most = chosen((item.bonus or Bonus()).cap, readings)
        return bonus if most == "none" else np.minimum(bonus, _hundredths(Fraction(most)))
    if not rules:
        return np.full(len(cube.unit_ids), full, np.int64)
    return np.where(left_out(cube, counts, item, rules, readings), 0, kept_of(item, taken))


def bare(cube: Cube, counts: Counts, rule: Rule, readings: Mapping[str, str]) -> np.ndarray:
    """Of every unit: whether nothing is there to judge a rule by."""
    units = len(cube.unit_ids)
    if rule.kind == "assessed":
        return cube.assessed.get(rule.measure, np.full(units, -1)) < 0
    if rule.kind == "award":
        return np.full(units, "awards" in cube.not_exported())
    silent = cube.silent(*rule.counted)
    if rule.kind == "change":
        was = cube.before_of(rule)
        silent = silent | (was[rule.of or rule.measure] < (rule.needs * cube.measures[rule.of].scale if rule.of else 0))
    if not rule.of:
        return silent
    of = _best_of_group(counts, rule, readings, True) if rule.best else counts.whole(rule.of)[:, None]
    return silent | (of[:, 0] < rule.needs * cube.measures[rule.of].scale)


def concerned(cube: Cube, rule: Rule) -> np.ndarray:
    """Of every unit: whether a rule is for its group."""
    return np.isin(cube.groups, rule.groups) if rule.groups else np.ones(len(cube.unit_ids), bool)


def left_out(cube: Cube, counts: Counts, item: Item, rules: Sequence[Rule], readings: Mapping[str, str]) -> np.ndarray:
    """Of every unit: whether an item with these rules does not count, under `unmeasured` left_out or reweighted."""
    if not rules or item.without_data(readings) not in LEAVES_OUT:
        return np.zeros(len(cube.unit_ids), bool)
    out = np.ones(len(cube.unit_ids), bool)
    for rule in rules:
        silent = bare(cube, counts, rule, readings) | ~concerned(cube, rule)
        stays = rule.kind == "assessed" and item.without_mark(readings) not in LEAVES_OUT
        out = out & silent & (not stays)
    return out & _any_concerned(cube, rules)


def worth_nothing(
    cube: Cube, counts: Counts, item: Item, rules: Sequence[Rule], readings: Mapping[str, str]
) -> np.ndarray:
    """Of every unit: whether what is not measured leaves nothing of an item: left out, or zero by the reading."""
    nothing = left_out(cube, counts, item, rules, readings)
    if item.without_data(readings) == "zero":
        for rule in rules:
            silent = bare(cube, counts, rule, readings) & concerned(cube, rule) & (not rule.gives)
            nothing = nothing | (silent if rule.kind != "assessed" else False)
    return nothing


def stretch(
    cube: Cube,
    counts: Counts,
    sheet: Iterable[tuple[Item, Sequence[Rule]]],
    readings: Mapping[str, str],
    base: np.ndarray,
) -> np.ndarray:
    """What every unit's base gains, in hundredths, when its measured items are stretched to the whole; else nothing.

    ``base`` in parts of hundredths (`PART`).
    """
    left, whole = np.zeros(len(base), np.int64), np.zeros(len(base), np.int64)
    places = 2
    for item, rules in sheet:
        places = item.places
        of_item = marks_of(cube, counts, item, rules, readings)
        left, whole = left + of_item[0], whole + of_item[1]
    return stretched(base, left, whole, places)


def marks_of(
    cube: Cube, counts: Counts, item: Item, rules: Sequence[Rule], readings: Mapping[str, str]
) -> tuple[np.ndarray, np.ndarray]:
    """Of every unit, the full marks of an item in parts (`PART`): if it counts, and if it is to count.

    They differ where `reweighted` leaves it out and the others stand for it.
    """
    full = int(item.full_marks * item.weight * PART)
    gone = left_out(cube, counts, item, rules, readings)
    stands = full if item.without_data(readings) == "reweighted" else 0
    return np.where(gone, 0, full), np.where(gone, stands, full)


def stretched(base: np.ndarray, left: np.ndarray, whole: np.ndarray, places: int = 2) -> np.ndarray:
    """What stretching marks ``left`` to the ``whole`` adds to a base in parts of hundredths, in hundredths."""
    if base.dtype == object or places > 2:
        triples = zip(base.tolist(), left.tolist(), whole.tolist(), strict=True)
        gained = [
            nearest(Fraction(one) * of / at / PART, places) - nearest(Fraction(one) / PART, places)
            if at and at != of
            else Fraction(0)
            for one, at, of in triples
        ]
        return np.array(gained, object)
    found = np.zeros(base.shape, np.int64)
    if (some := (left != whole) & (left > 0)).any():
        wide, rest = base[some].astype(object), left[some].astype(object) * PART  # the product can pass 64 bits
        found[some] = (2 * wide * whole[some].astype(object) + rest) // (2 * rest) - (2 * wide + PART) // (2 * PART)
    return found


def places(figures: np.ndarray, among: np.ndarray) -> np.ndarray:
    """The place of each figure among those marked: 1 + how many of them are higher; equals share one."""
    compared = np.sort(figures[among])
    return len(compared) - np.searchsorted(compared, figures, side="right") + 1


def differences(scores: dict[str, UnitScore], rescored: Rescored) -> list[tuple[str, str, Fraction, Fraction]]:
    """(unit, item, first judge's score, second's) wherever the two differ; ``item`` may be base or total."""
    found = []
    for place, unit in enumerate(rescored.unit_ids):
        score = scores[unit]
        first = {id: item.unrounded for id, item in score.items.items()}
        first |= {"base": score.base, "total": score.total}
        second = {**rescored.items, "base": rescored.base, "total": rescored.total}
        for name, value in first.items():
            other = second[name][place]
            if value * 100 != other:
                found.append((unit, name, value, in_points(other)))
    return found


def in_points(hundredths: "np.integer | Fraction") -> Fraction:
    """A figure of the second judge as points."""
    return hundredths / 100 if isinstance(hundredths, Fraction) else Fraction(int(hundredths), 100)


class Tables(Protocol):
    """What is asked of the warehouse."""

    def arrow(self, table: str) -> CubeTable:
        """``schema.table`` as an Arrow table."""


def second_opinion(
    warehouse: Tables,
    period: Period,
    rulebook: Rulebook,
    readings: Mapping[str, str],
    tallies: dict[str, UnitTally],
    absent: Absent = NOTHING,
) -> Rescored:
    """The period scored again from the cube in the warehouse."""
    table = warehouse.arrow("tallies.cube")
    cube = Cube.prepare(table, rulebook.marks, rulebook.measures, tallies, period.months, absent)
    return rescore(cube, rulebook, readings)


def must_agree(scores: dict[str, UnitScore], rescored: Rescored) -> None:
    """JudgesDisagree names the first unit and item of which the two judges came to other figures."""
    for unit, item, first, second in differences(scores, rescored):
        raise JudgesDisagree(say("judge.judges_disagree", unit=unit, item=item, first=first, second=second))


@dataclass(frozen=True)
class Deduction:
    """What one rule takes from every unit in hundredths (what it gives is below nothing): whole ones, and shares."""

    whole: np.ndarray
    shares: tuple[np.ndarray, np.ndarray] | None = None  # numerators and denominators, unit × span

    @cached_property
    def near(self) -> np.ndarray:
        """The shares of every unit added up, as floats."""
        return (self.shares[0] / self.shares[1]).sum(axis=1) if self.shares else np.zeros(len(self.whole))

    def exact(self, unit: int) -> Fraction:
        """The shares of one unit added up."""
        if self.shares is None:
            return Fraction(0)
        pairs = zip(self.shares[0][unit], self.shares[1][unit], strict=True)
        return sum((Fraction(int(top), int(bottom)) for top, bottom in pairs), Fraction(0))

    def of(self, lines: np.ndarray) -> "Deduction":
        """These lines of it, in this order."""
        shares = None if self.shares is None else (self.shares[0][lines], self.shares[1][lines])
        return Deduction(self.whole[lines], shares)

    def where(self, units: np.ndarray, other: np.ndarray | int) -> "Deduction":
        """The same for these units, and ``other`` whole hundredths for all others."""
        shares = None if self.shares is None else (np.where(units[:, None], self.shares[0], 0), self.shares[1])
        return Deduction(np.where(units, self.whole, other), shares)

    def times(self, factor: Fraction) -> "Deduction":
        """So many times as much; of whole hundredths that stays whole."""
        top, bottom = factor.numerator, factor.denominator
        shares = None if self.shares is None else (self.shares[0] * top, self.shares[1] * bottom)
        return Deduction(self.whole * top // bottom, shares)

    def held(self, most: int) -> "Deduction":
        """Between ``-most`` and ``most`` hundredths."""
        near = self.whole + self.near
        over = np.abs(near) > most
        for unit in np.flatnonzero(np.abs(np.abs(near) - most) < DOUBT * (1 + np.abs(near))):
            over[unit] = abs(int(self.whole[unit]) + self.exact(int(unit))) > most
        return self.where(~over, np.where(near > 0, most, -most))


def deduction(
    cube: Cube, counts: Counts, rule: Rule, item: Item, rules: Sequence[Rule], readings: Mapping[str, str]
) -> Deduction:
    """What one rule of an item takes from every unit; ``rules`` are all those of the item."""
    full = _hundredths(item.full_marks)
    nothing, silent = np.zeros(len(cube.unit_ids), np.int64), cube.silent(*rule.counted)
    if rule.kind == "assessed":
        found = Deduction(full - np.minimum(_assessed(cube, rule, item, readings), full))
    elif rule.kind == "award":
        found = Deduction(-_awarded(cube, rule, rules, item.bonus or Bonus(), readings))
    elif silent.all():
        found = Deduction(nothing)
    elif rule.kind == "occurrence":
        found = _occurrences(cube, counts, rule, rules, readings).times(rule.times)
    else:
        found = TAKEN[rule.kind](cube, counts, rule, readings).times(rule.times)
    if silent.any() and not silent.all():
        found = found.where(~silent, 0)
    if rule.kind not in ("assessed", "award") and full:
        found = _without_data(cube, counts, rule, item, readings, found)
    if rule.at_most is not None:
        found = found.held(_hundredths(rule.at_most))
    return found.where(concerned(cube, rule), 0) if rule.groups else found


def _without_data(
    cube: Cube, counts: Counts, rule: Rule, item: Item, readings: Mapping[str, str], found: Deduction
) -> Deduction:
    """Where nothing is there to judge by: a rule that takes, takes nothing or all; one that gives, all or nothing."""
    silent, zero = bare(cube, counts, rule, readings), item.without_data(readings) == "zero"
    if rule.gives:
        return found.where(~silent, 0 if zero else -_hundredths(_most(rule) * rule.times))
    all_there_is = _hundredths(item.full_marks) - min(_hundredths(item.floor or Fraction(0)), 0)
    return found.where(~silent, all_there_is if zero else 0)


def _most(rule: Rule) -> Fraction:
    """The most that a rule can give."""
    return max((band.points for band in rule.bands), default=rule.worth)


def kept_of(item: Item, taken: list[Deduction]) -> np.ndarray:
    """What is left of an item in hundredths: all its rules together, rounded once, between its floor and full marks.

    Whole ones, but fractions where the item is exact or has more decimals.
    """
    full = _hundredths(item.full_marks)
    start = full if item.starts == "full" else 0
    whole = reduce(add, (one.whole for one in taken))
    shared = [one for one in taken if one.shares]
    if item.exact or item.places > 2:
        kept = _finer(item, start, whole, shared)
    elif not shared:
        kept = start - whole
    elif item.round == "score":
        kept = _rounded(start - whole, shared, -1)
    else:
        kept = start - _rounded(whole, shared, 1)
    least = kept if item.floor is None else np.maximum(kept, _hundredths(item.floor))
    return np.minimum(least, full)


def _finer(item: Item, start: int, whole: np.ndarray, shared: list[Deduction]) -> np.ndarray:
    """What is left of an item that is exact or has more decimals, before its bounds: fractions of hundredths."""
    taken = [int(n) + sum((one.exact(unit) for one in shared), Fraction(0)) for unit, n in enumerate(whole)]
    if item.exact:
        return np.array([start - one for one in taken], object)
    if item.round == "score":
        return np.array([nearest(start - one, item.places) for one in taken], object)
    return np.array([start - nearest(one, item.places) for one in taken], object)


def _rounded(whole: np.ndarray, shared: list[Deduction], sign: int) -> np.ndarray:
    """Whole hundredths, and shares of them added (or taken off), rounded halves away from nothing; exact."""
    near = np.abs(whole + sign * sum(one.near for one in shared)) + 0.5
    up = np.where(whole + sign * sum(one.near for one in shared) < 0, -1, 1)
    rounded = up * np.floor(near).astype(np.int64)
    for unit in np.flatnonzero(np.abs(near - np.round(near)) < DOUBT * (1 + near / 1000)):
        exact = int(whole[unit]) + sign * sum((one.exact(int(unit)) for one in shared), Fraction(0))
        size = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
        rounded[unit] = size if exact > 0 else -size
    return rounded


def _over_months(cube: Cube, rule: Rule, points: np.ndarray, readings: Mapping[str, str]) -> Deduction:
    """Whole points of every span, added up or averaged."""
    if chosen(rule.per, readings) == "mean":
        return Deduction(np.zeros(len(points), np.int64), (points, np.full_like(points, _averaged(cube, rule))))
    return Deduction(points.sum(axis=1))


def _averaged(cube: Cube, rule: Rule) -> int:
    """How many months a mean is of."""
    return max(int(_held(rule, cube.months).sum()), 1)


def _divided(cube: Cube, rule: Rule, top: np.ndarray, bottom: np.ndarray, readings: Mapping[str, str]) -> Deduction:
    """Shares of every span, added up or averaged."""
    parts = _averaged(cube, rule) if chosen(rule.per, readings) == "mean" else 1
    return Deduction(np.zeros(len(top), np.int64), (top, np.maximum(bottom, 1) * parts))


def _spans(rule: Rule, counts: Counts, id: str, readings: Mapping[str, str]) -> np.ndarray:
    """A measure as unit × span: the months that a rule tests, or the period in one; nothing where it does not hold."""
    spans = counts.whole(id)[:, None] if _in_one(rule, readings) else counts[id]
    return spans * _held(rule, counts.cube.months)[: spans.shape[1]]


def _in_force(rule: Rule, table: np.ndarray, readings: Mapping[str, str], months: Sequence[str]) -> np.ndarray:
    """What costs by month, of the spans that a rule tests."""
    spans = table.sum(axis=1, keepdims=True) if _in_one(rule, readings) else table
    return spans * _held(rule, months)[: spans.shape[1]]


def _in_one(rule: Rule, readings: Mapping[str, str]) -> bool:
    """Whether a rule tests the period, and not its months."""
    return chosen(rule.per, readings) in ("period", "pooled")


def _held(rule: Rule, months: Sequence[str]) -> np.ndarray:
    """Of every month, or of the first alone for the period: whether a rule is in force on its first day."""
    days = [date(int(month[:4]), int(month[5:]), 1) for month in months]
    first, last = rule.in_force_from or date.min, rule.in_force_to or date.max
    return np.array([first <= day <= last for day in days], bool)


def portions(rule: Rule, rules: Iterable[Rule]) -> list[tuple[str, int, list[tuple[Rule, str]]]]:
    """What a row can cost by a rule: (value of its column, hundredths, the rules and values by which it costs instead).

    ``rules`` are those of its item. A row that several rules `with` each other match costs once, the dearest; of equal
    ones the first in the book.
    """
    mates = [rule]
    for _ in range(2 * len(list(rules))):  # one step further each time
        known = {one.id for one in mates}
        named = {id for one in mates for id in one.once_with}
        mates = [one for one in rules if one.id in known | named or known & set(one.once_with)] or mates
    all_of = [(one, value, price) for one in mates for value, price in one.costs]
    ranked = sorted(range(len(all_of)), key=lambda k: (-all_of[k][2], k))
    found = []
    for at, k in enumerate(ranked):
        one, value, _ = all_of[k]
        if one.id == rule.id:
            before = [all_of[j][:2] for j in ranked[:at] if all_of[j][0].id != rule.id]
            price = dict(rule.prices)[value] if value else rule.deduct
            found.append((value, _hundredths(price), before))
    return found


def _occurrences(
    cube: Cube, counts: Counts, rule: Rule, rules: Sequence[Rule], readings: Mapping[str, str]
) -> Deduction:
    found = costs_of(counts, rule, rules)
    costs = [(price, _in_force(rule, table, readings, cube.months)) for _, price, table in found]
    return Deduction(sum(price * np.maximum(happened - rule.beyond, 0).sum(axis=1) for price, happened in costs))


def _many(cube: Cube, counts: Counts, rule: Rule, readings: Mapping[str, str]) -> Deduction:
    n, parts = _spans(rule, counts, rule.measure, readings), cube.measures[rule.measure].scale
    if not rule.of:  # for each, where what is counted are no rows
        return _divided(cube, rule, n * _hundredths(rule.deduct), np.full_like(n, parts), readings)
    of, wholes = _spans(rule, counts, rule.of, readings), cube.measures[rule.of].scale
    price = _hundredths(rule.deduct) * _hundredths(rule.each) * wholes
    return _divided(cube, rule, n * price * (of >= rule.needs * wholes), 100 * parts * of, readings)


def _rates(rule: Rule, counts: Counts, readings: Mapping[str, str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numerator and denominator of each rate in percent, rounded as the city prints it; and whether it is judged."""
    part = _spans(rule, counts, rule.part, readings)
    of = _best_of_group(counts, rule, readings) if rule.best else _spans(rule, counts, rule.of, readings)
    return _quotient(rule, part, of, rule.needs * counts.cube.measures[rule.of].scale)


def _quotient(rule: Rule, part: np.ndarray, of: np.ndarray, needs: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    judged = of >= needs
    if rule.round_rate is None:
        return 100 * part, of, judged
    scale = 10**rule.round_rate
    return (200 * scale * part + of) // np.maximum(2 * of, 1), np.full_like(of, scale), judged


def _rate(cube: Cube, counts: Counts, rule: Rule, readings: Mapping[str, str]) -> Deduction:
    """Points for a rate on the wrong side of its target, in steps or in proportion; and for one beyond it."""
    top, bottom, judged = _rates(rule, counts, readings)
    gap = (targets_of(cube, rule, top.shape[1]) * bottom - 100 * top) * judged
    gap = -gap if rule.fewer else gap
    short, step = np.maximum(gap, 0), np.maximum(_hundredths(rule.each) * bottom, 1)
    over, beyond = np.maximum(-gap, 0), np.maximum(_hundredths(rule.over_each) * bottom, 1)
    deduct, award, mode = _hundredths(rule.deduct), _hundredths(rule.over_award), chosen(rule.mode, readings)
    if mode == "pro_rata":
        better = (over > 0) & (award > 0)
        return _divided(cube, rule, short * deduct - over * award * better, np.where(better, beyond, step), readings)
    if mode == "any_part":
        return _over_months(cube, rule, -(-short // step) * deduct - -(-over // beyond) * award, readings)
    return _over_months(cube, rule, short // step * deduct - over // beyond * award, readings)


def targets_of(cube: Cube, rule: Rule, spans: int) -> np.ndarray:
    """Unit × span: the target in hundredths, of a group before any other, on the first day of the span."""
    found = np.full((len(cube.unit_ids), spans), _hundredths(rule.target), np.int64)
    for column in range(spans):
        year, month = map(int, cube.months[column].split("-"))
        day = date(year, month, 1)
        holding = [one for one in rule.targets if one.first <= day <= one.last]
        for one in sorted(holding, key=lambda one: one.group != "*"):
            mine = np.ones(len(found), bool) if one.group == "*" else cube.groups == one.group
            found[mine, column] = _hundredths(one.value)
    return found


def _worth(cube: Cube, counts: Counts, rule: Rule, readings: Mapping[str, str]) -> Deduction:
    top, bottom, judged = _rates(rule, counts, readings)
    top = 100 * bottom - top if rule.fewer else top
    return _divided(cube, rule, -top * _hundredths(rule.worth) * judged, 100 * bottom, readings)


def _best_of_group(counts: Counts, rule: Rule, readings: Mapping[str, str], whole: bool = False) -> np.ndarray:
    """Unit × span (or the period in one): the highest count in the unit's group, its own as it is here."""
    city, rows = counts.cube, np.arange(len(counts.cube.unit_ids)) if counts.rows is None else counts.rows
    if whole or _in_one(rule, readings):
        everybody, own = city.whole(rule.of, readings)[:, None], counts.whole(rule.of)[:, None]
    else:
        everybody, own = city.count(rule.of, readings), counts[rule.of]
    if not whole:
        everybody, own = (table * _held(rule, city.months)[: table.shape[1]] for table in (everybody, own))
    best = own.copy()
    for group in dict.fromkeys(city.groups.tolist()):
        two = np.sort(everybody[city.groups == group], axis=0)[::-1][:2]
        highest, next_to_it = two[0], two[1] if len(two) > 1 else np.zeros_like(two[0])
        mine = city.groups[rows] == group
        others = np.where(everybody[rows[mine]] == highest, next_to_it, highest)
        best[mine] = np.maximum(own[mine], others)
    return best


def _by_place(cube: Cube, counts: Counts, rule: Rule, readings: Mapping[str, str]) -> Deduction:
    """Points by how many of the units that are judged do better; a unit as it is here, all others as they are."""
    city = counts.cube
    rows = np.arange(len(city.unit_ids)) if counts.rows is None else counts.rows
    everybody = city.counts(readings)
    all_values, judged = _figures(rule, everybody)
    if rule.apart_below:  # they take no place
        judged = judged & (everybody.whole(CASE_ROWS) >= rule.apart_below)
    values, mine = _figures(rule, counts)
    judged &= concerned(city, rule)
    place = np.ones(len(values), np.int64)
    for group in dict.fromkeys(city.groups.tolist()) if rule.among == "group" else (None,):
        here = np.ones(len(rows), bool) if group is None else city.groups[rows] == group
        among = judged if group is None else judged & (city.groups == group)
        ordered, theirs, own = np.sort(all_values[among]), all_values[rows[here]], values[here]
        better = len(ordered) - np.searchsorted(ordered, own, side="right")
        place[here] = 1 + better - (among[rows[here]] & (theirs > own))  # but for itself as it was
    points = _points_of_bands(rule, place[:, None], np.ones((len(place), 1), np.int64), mine[:, None])
    return Deduction(-points[:, 0])


def _figures(rule: Rule, counts: Counts) -> tuple[np.ndarray, np.ndarray]:
    """What places go by, the higher the better, and whether there is any; unlike quotients are unlike floats."""
    measured = ~counts.cube.silent(*rule.counted)
    measured = measured if counts.rows is None else measured[counts.rows]
    if not rule.part:
        n = counts.whole(rule.measure)
        return (-n if rule.fewer else n), measured
    part, of = counts.whole(rule.part), counts.whole(rule.of)
    judged, of = measured & (of >= rule.needs * counts.cube.measures[rule.of].scale), np.maximum(of, 1)
    rate = part / of
    if rule.round_rate is not None:
        rate = (200 * 10**rule.round_rate * part + of) // (2 * of)
    return (-rate if rule.fewer else rate), judged


def _bands(cube: Cube, counts: Counts, rule: Rule, readings: Mapping[str, str]) -> Deduction:
    if rule.part:
        top, bottom, judged = _rates(rule, counts, readings)
    else:
        top = _spans(rule, counts, rule.measure, readings)
        held = _held(rule, cube.months)[: top.shape[1]]
        bottom, judged = np.full_like(top, cube.measures[rule.measure].scale), np.broadcast_to(held, top.shape)
    return _over_months(cube, rule, -_points_of_bands(rule, top, bottom, judged), readings)


def _changed(cube: Cube, counts: Counts, rule: Rule, readings: Mapping[str, str]) -> Deduction:
    """Points by the change since an earlier period, as quotients of whole numbers."""
    was = cube.before_of(rule)
    if not rule.part:
        top = counts.whole(rule.measure) - was[rule.measure]
        bottom, judged = np.full_like(top, cube.measures[rule.measure].scale), was[rule.measure] >= 0
    else:
        now_top, now_bottom, judged = (table[:, 0] for table in _rates(rule, counts, readings))
        was_top, was_bottom, judged_before = _quotient(
            rule, was[rule.part], was[rule.of], rule.needs * cube.measures[rule.of].scale
        )
        judged = judged & judged_before
        top = now_top * was_bottom - was_top * now_bottom
        bottom = np.maximum(now_bottom * was_bottom, 1)
    points = _points_of_bands(rule, top[:, None], bottom[:, None], judged[:, None])
    return Deduction(-points[:, 0])


def _points_of_bands(rule: Rule, top: np.ndarray, bottom: np.ndarray, judged: np.ndarray) -> np.ndarray:
    """The points of the first band that each value (a quotient) meets; none where it is not judged."""
    points, left = np.zeros_like(top), judged.copy()
    for k, band in enumerate(rule.bands):
        away = 100 * top - _hundredths(band.bound) * bottom
        here = (
            left
            & {
                "at_least": away >= 0,
                "more_than": away > 0,
                "at_most": away <= 0,
                "less_than": away < 0,
                "": True,
            }[band.test]
        )
        given = np.full_like(top, _hundredths(band.points))
        if band.each:
            before = rule.bands[k - 1]
            far = np.abs(100 * top - _hundredths(before.bound) * bottom)
            steps = far // np.maximum(_hundredths(band.each) * bottom, 1)
            given = steps * _hundredths(band.points) + _hundredths(before.points)
        points = np.where(here, given, points)
        left &= ~here
    return points


def _merits(cube: Cube, counts: Counts, rule: Rule, readings: Mapping[str, str]) -> Deduction:
    n, parts = _spans(rule, counts, rule.measure, readings), cube.measures[rule.measure].scale
    if parts > 1:
        return _divided(cube, rule, -n * _hundredths(rule.award), np.full_like(n, parts), readings)
    tiers = rule.tiers or ((1, rule.award),)
    ends = [start - 1 for start, _ in tiers[1:]] + [np.iinfo(np.int64).max]
    given = sum(
        np.maximum(np.minimum(n, end) - start + 1, 0) * _hundredths(points)
        for (start, points), end in zip(tiers, ends, strict=True)
    )
    return _over_months(cube, rule, -given, readings)


def costs_of(counts: Counts, rule: Rule, rules: Sequence[Rule]) -> list[tuple[str, int, np.ndarray]]:
    """Of every price of an occurrence rule: the value of its column, hundredths, and what costs so much by month."""
    if not rule.prices and not shared(rule, rules):
        return [("", _hundredths(rule.deduct), counts.occurrences(rule))]
    return [(value, price, counts.costing(rule, value, dearer)) for value, price, dearer in portions(rule, rules)]


def shared(rule: Rule, rules: Iterable[Rule]) -> bool:
    """Whether a row of a rule may cost by another one instead."""
    return bool(rule.once_with) or any(rule.id in one.once_with for one in rules)


TAKEN = {
    "by_place": _by_place,
    "change": _changed,
    "density": _many,
    "rate": _rate,
    "worth": _worth,
    "bands": _bands,
    "merit": _merits,
}


def _assessed(cube: Cube, rule: Rule, item: Item, readings: Mapping[str, str]) -> np.ndarray:
    given = cube.assessed.get(rule.measure, np.full(len(cube.unit_ids), -1))
    missing = given < 0
    said = item.without_mark(readings)
    if said == "stop" and missing.any():
        unit = cube.unit_ids[int(np.argmax(missing))]
        raise ContractStop(say("judge.assessment_missing", unit=unit, name=unit, item=rule.measure))
    return np.where(missing, 0 if said == "zero" else _hundredths(item.full_marks), given)


def _awarded(cube: Cube, rule: Rule, rules: Sequence[Rule], words: Bonus, readings: Mapping[str, str]) -> np.ndarray:
    """Points that awards of one type give; of each matter one award of all the types counts."""
    awards, kinds = cube.awards, np.array(cube.awards.types, object)
    worth, once, holds = np.zeros(len(kinds), np.int64), np.zeros(len(kinds), bool), np.zeros(len(kinds), bool)
    for one in (one for one in rules if one.kind == "award"):
        mine = (kinds == one.measure) & concerned(cube, one)[awards.unit]
        worth[mine], once[mine], holds[mine] = _hundredths(one.award * one.times), bool(one.once_per), True
    own = holds & (kinds == rule.measure) & _counting(cube, worth, once, words, readings)
    given = np.zeros(len(cube.unit_ids), np.int64)
    if not rule.tiers:
        np.add.at(given, awards.unit, np.where(own, worth, 0))
        return given
    nth = np.zeros(len(cube.unit_ids), np.int64)
    for k in sorted(np.flatnonzero(own), key=lambda k: awards.earliest[k]):
        nth[awards.unit[k]] += 1
        tier = [points for start, points in rule.tiers if start <= nth[awards.unit[k]]]
        given[awards.unit[k]] += _hundredths(tier[-1] * rule.times) if tier else 0
    return given


def _counting(cube: Cube, worth: np.ndarray, once: np.ndarray, words: Bonus, readings: Mapping[str, str]) -> np.ndarray:
    """Which awards count: all that may repeat, and the preferred one of each matter."""
    awards = cube.awards
    group = awards.matter_of_type if chosen(words.scope, readings) == "same_type" else awards.matter
    best_first = np.zeros_like(worth) if chosen(words.same_matter, readings) == "first" else -worth
    order = np.lexsort((awards.earliest, best_first, group, ~once))
    order = order[once[order]]
    counting = ~once
    counting[order[np.diff(group[order], prepend=-1) != 0]] = True
    return counting


def _hundredths(value: Fraction) -> int:
    whole, rest = divmod(value.numerator * 100, value.denominator)
    if rest:
        raise ValueError(f"{value} is no whole number of hundredths")
    return whole


# Sums: base, bonus and what is said of the whole; whole numbers, nothing shared with the first judge.


def summed(
    rulebook: Rulebook,
    items: Mapping[str, np.ndarray],
    stretched: Callable[[np.ndarray], np.ndarray],
    fired: Mapping[str, np.ndarray],
    out: Mapping[str, np.ndarray] = {},
) -> Summed:
    """Base, bonus and whole from the items of every unit.

    ``stretched`` tells what a base (parts of hundredths, `PART`) gains by stretching, ``fired`` where rules with a
    veto fired, ``out`` where items do not count.
    """
    base, bonus = weighed(rulebook, items, out)
    kept = np.ones(len(base), bool)
    shown = rounded_to(base, rulebook.decimals)
    for item in rulebook.items.values():
        if item.bonus and item.bonus.only_when:
            asked = item.bonus.only_when
            bound = int(asked.bounds[0] * CENTS)
            kept = {
                "more_than": shown > bound,
                "at_least": shown >= bound,
                "at_most": shown <= bound,
                "less_than": shown < bound,
                "equals": shown == bound,
            }[asked.test]
    bonus = np.where(kept, bonus, 0)
    total = rounded_to(base + bonus + stretched(base) * PART, rulebook.decimals)
    for limit, hold in ((rulebook.total_floor, np.maximum), (rulebook.total_cap, np.minimum)):
        total = total if limit is None else hold(total, int(limit * CENTS))
    vetoes = sorted(fired, key=lambda id: ORDER[_kind(rulebook, id)])
    first = np.full(len(base), "", object)
    for id in reversed(vetoes):
        first[fired[id]] = id
    struck = np.array([bool(id) and _kind(rulebook, id) == "total" for id in first], bool)
    total = np.where(struck, 0, total)
    extra = rounded_to(bonus, rulebook.decimals)
    return Summed(shown, extra, total - shown - extra, kept, tuple(first.tolist()))


def weighed(
    rulebook: Rulebook, items: Mapping[str, np.ndarray], out: Mapping[str, np.ndarray] = {}
) -> tuple[np.ndarray, np.ndarray]:
    """What items bring to base and bonus, in parts of hundredths; a section that says so stays within its marks."""
    nothing = np.zeros(len(next(iter(items.values()))), np.int64)
    base, bonus = nothing, nothing
    sections: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for id, points in items.items():
        item = rulebook.items[id]
        share = wide(points) * int(item.weight * item.times * PART)
        if item.full_marks and item.capped:
            marks = np.where(out.get(id, nothing != 0), 0, int(item.full_marks * item.weight * CENTS * PART))
            so_far = sections.get(item.section, (nothing, nothing))
            sections[item.section] = so_far[0] + share, so_far[1] + marks
        elif item.full_marks:
            base = base + share
        else:
            bonus = bonus + share
    for both in sections.values():
        base = base + np.minimum(*both)
    return base, bonus


def _kind(rulebook: Rulebook, id: str) -> str:
    veto = rulebook.rules[id].veto
    return veto.kind if veto else "grade"


def wide(points: np.ndarray) -> np.ndarray:
    """Room for products: 64 bits, or the fractions that they are."""
    return points if points.dtype == object else points.astype(np.int64)


def rounded_to(value: np.ndarray, decimals: int) -> np.ndarray:
    """Hundredths out of parts of them (`PART`), rounded to so many decimals, halves away from nothing."""
    if value.dtype == object or decimals > 2:
        found = [nearest(Fraction(one) / PART, decimals) for one in value.tolist()]
        return np.array(found, object) if decimals > 2 else np.array([int(one) for one in found], np.int64)
    step = PART * 10 ** (2 - decimals)
    return np.sign(value) * ((2 * np.abs(value) + step) // (2 * step)) * 10 ** (2 - decimals)


def as_shown(hundredths: "np.integer | Fraction", places: int) -> int | Fraction:
    """One figure in hundredths as it is printed: a whole number, or the fraction rounded to so many decimals."""
    return nearest(hundredths, places) if isinstance(hundredths, Fraction) else int(hundredths)


def nearest(hundredths: Fraction, decimals: int) -> Fraction:
    """Hundredths rounded to so many decimals of a point, halves away from nothing."""
    scale = Fraction(10**decimals, CENTS)
    size, half = abs(hundredths) * scale, Fraction(1, 2)
    whole = (size + half).numerator // (size + half).denominator
    return Fraction(-whole if hundredths < 0 else whole) / scale
