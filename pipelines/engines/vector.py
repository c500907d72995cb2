"""The second judge: the same rules over the tally cube in NumPy, sharing no arithmetic with the first.

Whole hundredths throughout; where a reading divides (`pro_rata`), floats place a sum and fractions settle it
wherever a float might be wrong.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, reduce
from math import lcm
from operator import add
from typing import Protocol

import numpy as np

from pipelines.engines.cube import Counts, Cube, CubeTable
from pipelines.engines.summing import PART, Summed, summed
from pipelines.model.contract import NOTHING, Absent
from pipelines.model.measure import CASE_ROWS
from pipelines.model.period import Period
from pipelines.model.refusals import ContractStop, JudgesDisagree
from pipelines.model.rule import Bonus, Item, Rule, Rulebook, chosen
from pipelines.model.score import UnitScore
from pipelines.model.tally import UnitTally
from pipelines.wording import say

HUNDRED_PERCENT = 100 * 100  # in hundredths of a percentage point
NO_CAP = -1
DOUBT = 1e-6  # a sum this near to a rounding boundary is settled by fractions


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
    not_exported: frozenset[str] = frozenset()  # measures that the exports do not tell
    bare: Mapping[str, np.ndarray] = field(default_factory=dict)  # by item: nothing was there to judge it by
    out: Mapping[str, np.ndarray] = field(default_factory=dict)  # by item: it does not count
    full: np.ndarray | int = 0  # the full marks of the items that count, in ten-thousandths
    veto: tuple[str, ...] = ()  # the rule whose veto holds, "" = none

    @property
    def total(self) -> np.ndarray:
        """Base and bonus together, and what belongs to no single item."""
        return self.base + self.bonus + self.whole


def rescore(cube: Cube, rulebook: Rulebook, readings: Mapping[str, str]) -> Rescored:
    """Every unit's items, base and bonus under the readings; ContractStop as the first judge."""
    counts = cube.counts(readings)
    rules_of = {item.id: [r for r in rulebook.rules.values() if r.item == item.id] for item in rulebook.items.values()}
    items = {item.id: item_scores(cube, counts, rules_of[item.id], item, readings) for item in rulebook.items.values()}
    part, of = rulebook.ranking.listed_by or ("", "")
    nothing = np.zeros(len(cube.unit_ids), np.int64)
    sheet = [(item, rules_of[item.id]) for item in rulebook.items.values()]
    sums = sums_of(cube, counts, rulebook, sheet, items, readings)
    items |= {id: np.where(sums.kept, items[id], 0) for id, item in rulebook.items.items() if not item.full_marks}
    rated, satisfied, case_rows = (counts[name].sum(axis=1) if name else nothing for name in (of, part, CASE_ROWS))
    return Rescored(
        cube.unit_ids,
        items,
        sums.base,
        sums.bonus,
        rated,
        satisfied,
        case_rows,
        sums.whole,
        {name: table.sum(axis=1) for name, table in counts.items()},
        frozenset(cube.not_exported()),
        {item.id: _all_bare(cube, counts, rules, readings) for item, rules in sheet},
        {item.id: left_out(cube, counts, rules, readings) for item, rules in sheet},
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
    fired = {rule.id: has_fired(cube, counts, rule, readings) for rule in rulebook.rules.values() if rule.veto}
    return summed(rulebook, items, lambda base: stretch(cube, counts, sheet, readings, base), fired)


def has_fired(cube: Cube, counts: Counts, rule: Rule, readings: Mapping[str, str]) -> np.ndarray:
    """Of every unit: whether anything of an occurrence rule happened, or a rate lies under its target."""
    if {rule.measure, rule.part, rule.of} & cube.not_exported():
        return np.zeros(len(cube.unit_ids), bool)
    if rule.kind == "occurrence":
        return counts.occurrences(rule).sum(axis=1) > 0
    return np.asarray((_short(rule, counts, readings)[0] > 0).any(axis=1))


def full_of(
    cube: Cube, counts: Counts, sheet: Iterable[tuple[Item, Sequence[Rule]]], readings: Mapping[str, str]
) -> np.ndarray:
    """Of every unit, the full marks of the items that count, in ten-thousandths."""
    found = np.zeros(len(cube.unit_ids), np.int64)
    for item, rules in sheet:
        marks = int(item.full_marks * item.weight * PART)
        found += np.where(left_out(cube, counts, rules, readings), 0, marks)
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
        found = found & bare(cube, counts, rule, readings)
    return found


def item_scores(cube: Cube, counts: Counts, rules: list[Rule], item: Item, readings: Mapping[str, str]) -> np.ndarray:
    """One item of every unit in hundredths; ``counts`` as `Cube.counts` gives them, ``rules`` those of the item."""
    full = _hundredths(item.full_marks)
    if not full:
        return _bonus(cube, rules, item.bonus or Bonus(), readings)
    if not rules:
        return np.full(len(cube.unit_ids), full, np.int64)
    kept = kept_of(full, [deduction(cube, counts, rule, full, readings) for rule in rules], len(cube.months))
    return np.where(worth_nothing(cube, counts, rules, readings), 0, kept)


def bare(cube: Cube, counts: Counts, rule: Rule, readings: Mapping[str, str]) -> np.ndarray:
    """Of every unit: whether nothing is there to judge a rule by."""
    not_exported, units = cube.not_exported(), len(cube.unit_ids)
    if rule.kind == "assessed":
        return cube.assessed.get(rule.measure, np.full(units, -1)) < 0
    if rule.kind == "rate":
        return (counts[rule.of].sum(axis=1) == 0) | bool(not_exported & {rule.part, rule.of})
    return np.full(units, (rule.measure if rule.kind == "occurrence" else "awards") in not_exported)


def left_out(cube: Cube, counts: Counts, rules: Sequence[Rule], readings: Mapping[str, str]) -> np.ndarray:
    """Of every unit: whether an item with these rules does not count, under `unmeasured` left_out or reweighted."""
    out = np.full(len(cube.unit_ids), bool(rules) and readings.get("unmeasured") in ("left_out", "reweighted"))
    for rule in rules:
        out = out & (bare(cube, counts, rule, readings) if rule.kind != "assessed" else False)
    return out


def worth_nothing(cube: Cube, counts: Counts, rules: Sequence[Rule], readings: Mapping[str, str]) -> np.ndarray:
    """Of every unit: whether what is not measured leaves nothing of an item: left out, or zero by the reading."""
    nothing = left_out(cube, counts, rules, readings)
    if readings.get("unmeasured") == "zero":
        for rule in rules:
            nothing = nothing | (bare(cube, counts, rule, readings) if rule.kind != "assessed" else False)
    return nothing


def stretch(
    cube: Cube,
    counts: Counts,
    sheet: Iterable[tuple[Item, Sequence[Rule]]],
    readings: Mapping[str, str],
    base: np.ndarray,
) -> np.ndarray:
    """What every unit's base gains, in hundredths, when its measured items are stretched to the whole; else nothing.

    ``base`` in ten-thousandths of hundredths.
    """
    if readings.get("unmeasured") != "reweighted":
        return np.zeros(len(base), np.int64)
    all_marks, left = 0, np.zeros(len(base), np.int64)
    for item, rules in sheet:
        full = int(item.full_marks * item.weight * PART)
        if full:
            all_marks += full
            left += np.where(left_out(cube, counts, rules, readings), 0, full)
    wide = base.astype(object)  # the product can pass 64 bits
    rest = np.where(left > 0, left, 1).astype(object) * PART
    gained = (2 * wide * all_marks + rest) // (2 * rest) - (2 * wide + PART) // (2 * PART)
    return np.where(left > 0, gained, 0).astype(np.int64)


def places(figures: np.ndarray, among: np.ndarray) -> np.ndarray:
    """The place of each figure among those marked: 1 + how many of them are higher; equals share one."""
    compared = np.sort(figures[among])
    return len(compared) - np.searchsorted(compared, figures, side="right") + 1


def differences(scores: dict[str, UnitScore], rescored: Rescored) -> list[tuple[str, str, Fraction, Fraction]]:
    """(unit, item, first judge's score, second's) wherever the two differ; ``item`` may be base or total."""
    found = []
    for place, unit in enumerate(rescored.unit_ids):
        score = scores[unit]
        first = {**{id: item.score for id, item in score.items.items()}, "base": score.base, "total": score.total}
        second = {**rescored.items, "base": rescored.base, "total": rescored.total}
        for name, value in first.items():
            other = int(second[name][place])
            if value.numerator * 100 != other * value.denominator:
                found.append((unit, name, value, Fraction(other, 100)))
    return found


class Tables(Protocol):
    """What is asked of the warehouse."""

    def arrow(self, table: str) -> CubeTable:
        """``schema.table`` as an Arrow table."""


def must_agree(
    warehouse: Tables,
    period: Period,
    rulebook: Rulebook,
    readings: Mapping[str, str],
    tallies: dict[str, UnitTally],
    scores: dict[str, UnitScore],
    absent: Absent = NOTHING,
) -> Rescored:
    """Score the period again from the cube in the warehouse; JudgesDisagree names the first unit and item."""
    table = warehouse.arrow("tallies.cube")
    cube = Cube.prepare(table, rulebook.marks, rulebook.measures, tallies, period.months, absent)
    rescored = rescore(cube, rulebook, readings)
    for unit, item, first, second in differences(scores, rescored):
        raise JudgesDisagree(say("judge.judges_disagree", unit=unit, item=item, first=first, second=second))
    return rescored


@dataclass(frozen=True)
class Deduction:
    """One rule's deduction of every unit in parts of hundredths: whole parts, and shares that a reading divides.

    A hundredth has as many parts as the period has months, so that a mean over the months is a whole number of them.
    """

    parts: np.ndarray
    shares: tuple[np.ndarray, np.ndarray] | None = None  # numerators and denominators, unit × month

    @cached_property
    def near(self) -> np.ndarray:
        """The shares of every unit added up, as floats."""
        return (self.shares[0] / self.shares[1]).sum(axis=1) if self.shares else np.zeros(len(self.parts))


def deduction(cube: Cube, counts: Counts, rule: Rule, full: int, readings: Mapping[str, str]) -> Deduction:
    """What one rule of an item with ``full`` marks (hundredths) takes from every unit."""
    if rule.kind == "occurrence":
        return Deduction(len(cube.months) * _hundredths(rule.deduct) * counts.occurrences(rule).sum(axis=1))
    if rule.kind == "rate" and {rule.part, rule.of} & cube.not_exported():
        return Deduction(np.zeros(len(cube.unit_ids), np.int64))
    if rule.kind == "assessed":
        return Deduction(len(cube.months) * (full - np.minimum(_assessed(cube, rule, full, readings), full)))
    if chosen(rule.mode, readings) == "pro_rata":
        return Deduction(np.zeros(len(cube.unit_ids), np.int64), _shares(cube, rule, counts, readings))
    return Deduction(_stepped(cube, rule, counts, readings))


def kept_of(full: int, deductions: list[Deduction], months: int) -> np.ndarray:
    """What is left of full marks in hundredths: all deductions together, rounded half up once, never below nothing."""
    parts = reduce(add, (d.parts for d in deductions))
    shared = [d for d in deductions if d.shares]
    rounded = _rounded(parts, shared, months) if shared else (2 * parts + months) // (2 * months)
    return full - np.minimum(rounded, full)


def _rounded(parts: np.ndarray, shared: list[Deduction], months: int) -> np.ndarray:
    """Parts of hundredths and shares of them, together as whole hundredths, halves up; exact."""
    near = (2 * (parts + sum(d.near for d in shared)) + months) / (2 * months)
    rounded = np.floor(near).astype(np.int64)
    for unit in np.flatnonzero(np.abs(near - np.round(near)) < DOUBT * (1 + np.abs(near) / 1000)):
        pairs = (pair for d in shared if d.shares for pair in zip(d.shares[0][unit], d.shares[1][unit], strict=True))
        fractions = (Fraction(int(top), int(bottom)) for top, bottom in pairs)
        exact = 2 * (sum(fractions, Fraction(0)) + int(parts[unit])) + months
        rounded[unit] = exact.numerator // (2 * months * exact.denominator)
    return rounded


def _stepped(cube: Cube, rule: Rule, counts: Counts, readings: Mapping[str, str]) -> np.ndarray:
    """A rate rule's deduction in parts of hundredths, counted in steps."""
    short, step = _short(rule, counts, readings)
    up = chosen(rule.mode, readings) == "any_part"
    steps = -(-short // step) if up else short // step
    return steps.sum(axis=1) * _hundredths(rule.deduct) * _weight(cube, rule, readings)


def _shares(cube: Cube, rule: Rule, counts: Counts, readings: Mapping[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """A rate rule's deduction in proportion, in parts of hundredths: numerators and denominators."""
    short, step = _short(rule, counts, readings)
    return short * (_hundredths(rule.deduct) * _weight(cube, rule, readings)), step


def _short(rule: Rule, counts: Counts, readings: Mapping[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """How far each unit and month is short, and what a step is, both multiplied by the denominator."""
    part, of = counts[rule.part], counts[rule.of]
    if chosen(rule.per, readings) in ("period", "pooled"):
        part, of = part.sum(axis=1, keepdims=True), of.sum(axis=1, keepdims=True)
    short = np.maximum(_hundredths(rule.target) * of - HUNDRED_PERCENT * part, 0) * (of > 0)
    return short, np.maximum(_hundredths(rule.each) * of, 1)


def _weight(cube: Cube, rule: Rule, readings: Mapping[str, str]) -> int:
    """Parts that a hundredth of a month's deduction counts: one where the mean of the months counts, else all."""
    return 1 if chosen(rule.per, readings) == "mean" else len(cube.months)


def _assessed(cube: Cube, rule: Rule, full: int, readings: Mapping[str, str]) -> np.ndarray:
    given = cube.assessed.get(rule.measure, np.full(len(cube.unit_ids), -1))
    missing = given < 0
    said = chosen(rule.unassessed, readings)
    if said == "stop" and missing.any():
        unit = cube.unit_ids[int(np.argmax(missing))]
        raise ContractStop(say("judge.assessment_missing", unit=unit, name=unit, item=rule.measure))
    return np.where(missing, full if said == "full" else 0, given)


def _bonus(cube: Cube, rules: list[Rule], words: Bonus, readings: Mapping[str, str]) -> np.ndarray:
    """Bonus points: of each matter one award, then the cap."""
    awards, by_type = cube.awards, {rule.measure: rule for rule in rules}
    worth = np.array([_hundredths(by_type[t].award) if t in by_type else 0 for t in awards.types], np.int64)
    once = np.array([bool(t in by_type and by_type[t].once_per) for t in awards.types], bool)
    bonus = np.zeros(len(cube.unit_ids), np.int64)
    np.add.at(bonus, awards.unit, np.where(_counting(cube, worth, once, words, readings), worth, 0))
    most = chosen(words.cap, readings)
    cap = NO_CAP if most == "none" else _hundredths(Fraction(most))
    return bonus if cap == NO_CAP else np.minimum(bonus, cap)


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
    whole = value * 100
    if whole.denominator != 1:
        raise ValueError(f"{value} is no whole number of hundredths")
    return whole.numerator
