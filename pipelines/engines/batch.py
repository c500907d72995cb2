"""Many scenarios at once: the second judge's items, each worked out once for all scenarios that share its values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from pipelines.engines.cube import Cube
from pipelines.engines.marks import readings_that_count
from pipelines.engines.summing import PART, nearest, wide
from pipelines.engines.vector import (
    DOUBT,
    Deduction,
    deduction,
    full_of,
    item_scores,
    overall_figure,
    settled,
    shared,
    stretch,
    sums_of,
)
from pipelines.model.measure import CASE_ROWS
from pipelines.model.rule import Item, Rule, Rulebook

UNMEASURED = ("unmeasured",)
PLAIN = ("rate", "worth", "bands")  # kinds of rules that know nothing but what their measures count
NOT_BEFORE = '{"not":{"counted_before":{"equals":"true"}}}'  # the mark of a row that no earlier period counted


@dataclass(eq=False)
class Batch:
    """Deductions kept by what they depend on: the rule, and the readings that touch it.

    A rule is known by its identity, so scenarios that share a value must share the rule.
    """

    cube: Cube
    _kept: dict[Any, Any] = field(default_factory=dict)
    _near: dict[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    def base_and_bonus(
        self, sheet: list[tuple[Item, tuple[Rule, ...]]], readings: Mapping[str, str]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Base and bonus of every unit in hundredths; ``sheet`` as `by_item` gives it. See `whole` for the total."""
        sums = np.zeros((2, len(self.cube.unit_ids)), np.int32)
        for item, rules in sheet:
            sums[0 if item.full_marks else 1] += self.item(item, rules, readings)
        return sums[0], sums[1]

    def item(self, item: Item, rules: tuple[Rule, ...], readings: Mapping[str, str]) -> np.ndarray:
        """One item of every unit in hundredths."""
        names = self.touching(rules, item)
        key = (_worth(item), tuple(map(id, rules)), tuple(readings.get(name) for name in names))
        if key not in self._kept:
            self._kept[key] = self._item(item, rules, readings), rules  # the rules too: an identity must stay taken
        return self._kept[key][0]

    def _item(self, item: Item, rules: tuple[Rule, ...], readings: Mapping[str, str]) -> np.ndarray:
        counts = self.cube.counts(readings)
        if not item.full_marks or not rules:
            return narrow(item_scores(self.cube, counts, rules, item, readings))
        taken = [self._deduction(item, rule, rules, readings) for rule in rules]
        return narrow(settled(self.cube, counts, rules, item, taken, readings))

    def _deduction(self, item: Item, rule: Rule, rules: tuple[Rule, ...], readings: Mapping[str, str]) -> Deduction:
        if rule.kind == "award" or shared(rule, rules):  # what counts depends on the item's other rules
            return deduction(self.cube, self.cube.counts(readings), rule, item, rules, readings)
        key = (id(rule), _worth(item), tuple(readings.get(name) for name in self.touching((rule,), item)))
        if key not in self._kept:
            self._kept[key] = deduction(self.cube, self.cube.counts(readings), rule, item, rules, readings), rule
        return self._kept[key][0]

    def is_plain(self, rule: Rule) -> bool:
        """Whether a rule knows nothing but what its measures count, of each unit by itself."""
        named = (id for id in (rule.measure, rule.part, rule.of) if id)
        return rule.kind in PLAIN and not rule.best and not any(self.cube.measures[id].distinct for id in named)

    def whole(
        self, sheet: list[tuple[Item, tuple[Rule, ...]]], readings: Mapping[str, str], base: np.ndarray
    ) -> np.ndarray:
        """What every unit's base gains when measured items are stretched to the whole, in hundredths."""
        if not any(item.without_data(readings) == "reweighted" for item, _ in sheet):
            return np.zeros(len(base), np.int32)
        return narrow(stretch(self.cube, self.cube.counts(readings), sheet, readings, wide(base) * PART))

    def base_and_total(
        self, rulebook: Rulebook, sheet: list[tuple[Item, tuple[Rule, ...]]], readings: Mapping[str, str]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Base and total of every unit in hundredths, with all that the book says of the whole."""
        if rulebook.sums_items:
            base, bonus = self.base_and_bonus(sheet, readings)
            return base, base + bonus + self.whole(sheet, readings, base)
        if rulebook.sheets:
            rules = {rule.id: rule for _, of_item in sheet for rule in of_item}
            book = replace(rulebook, items={item.id: item for item, _ in sheet}, rules=rules)
            base, total = self.base_and_total(replace(book, sheets={}), sheet, readings)
            for group in book.sheets:
                own = book.of_group(group)
                found = self.base_and_total(own, by_item(own), readings)
                mine = self.cube.groups == group
                base, total = np.where(mine, found[0], base), np.where(mine, found[1], total)
            return base, total
        items = {item.id: self.item(item, rules, readings) for item, rules in sheet}
        if rulebook.adds_exactly and not any(item.without_data(readings) == "reweighted" for item, _ in sheet):
            return self._added_exactly(rulebook, items)
        sums = sums_of(self.cube, self.cube.counts(readings), rulebook, sheet, items, readings)
        return sums.base, sums.base + sums.bonus + sums.whole

    def _added_exactly(self, rulebook: Rulebook, items: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Base and total of exact items, rounded: floats place a sum, and fractions settle it where a float may err."""
        step = 10 ** (2 - rulebook.decimals)
        found = []
        for ids in ([id for id in items if rulebook.items[id].full_marks], list(items)):
            factors = {id: rulebook.items[id].factor for id in ids}
            near = sum(self._floats(items[id]) * float(factor) for id, factor in factors.items()) / step
            sums = np.sign(near) * np.floor(np.abs(near) + 0.5)
            half = np.abs(near) + 0.5
            for unit in np.flatnonzero(np.abs(half - np.round(half)) < DOUBT * (1 + half)):
                exact = sum((Fraction(items[id][unit]) * factor for id, factor in factors.items()), Fraction(0))
                sums[unit] = nearest(exact, rulebook.decimals) / step
            found.append(sums.astype(np.int64) * step)
        return found[0], found[1]

    def _floats(self, points: np.ndarray) -> np.ndarray:
        """An item as floats, made once."""
        if id(points) not in self._near:
            self._near[id(points)] = points.astype(float), points  # the points too: an identity must stay taken
        return self._near[id(points)][0]

    def overall(
        self,
        rulebook: Rulebook,
        sheet: list[tuple[Item, tuple[Rule, ...]]],
        readings: Mapping[str, str],
        figure: np.ndarray,
    ) -> np.ndarray:
        """What orders all units by this figure: itself, or in proportion to the full marks that count."""
        if not rulebook.ranking.by_share:
            return figure
        full = self.full(sheet, readings)
        for group in rulebook.sheets:
            mine = self.cube.groups == group
            full = np.where(mine, self.full(by_item(rulebook.of_group(group)), readings), full)
        return overall_figure(rulebook, figure, full)

    def full(self, sheet: list[tuple[Item, tuple[Rule, ...]]], readings: Mapping[str, str]) -> np.ndarray:
        """Of every unit, the full marks of the items that count, in parts (`PART`)."""
        return full_of(self.cube, self.cube.counts(readings), sheet, readings)

    def touching(self, rules: tuple[Rule, ...], item: Item | None = None) -> tuple[str, ...]:
        """The readings that can change the score of an item with these rules on this cube, in a fixed order."""
        of_item = item.left_to(any(rule.kind == "assessed" for rule in rules)) if item else ()
        key = of_item, tuple((rule.kind, rule.left_to, rule.measure, rule.part, rule.of) for rule in rules)
        if key not in self._kept:
            found = dict.fromkeys(of_item)
            for kind, left_to, *_ in key[1]:
                found |= dict.fromkeys((*left_to, *(UNMEASURED if kind not in ("assessed", "award") else ())))
            named = (measure for _, _, *measures in key[1] for measure in measures)
            for measure in (measure for measure in named if measure in self._counting):
                found |= dict.fromkeys(self._counting[measure])
            self._kept[key] = tuple(name for name in found if name not in self._silent)
        return self._kept[key]

    @cached_property
    def _counting(self) -> dict[str, tuple[str, ...]]:
        """The readings that change what each measure counts."""
        return {id: readings_that_count(measure) for id, measure in self.cube.measures.items()}

    @cached_property
    def _silent(self) -> tuple[str, ...]:
        """Readings that change nothing here: no row was counted before."""
        rows = self.cube.rows[CASE_ROWS]
        before = rows.layout.position.get(NOT_BEFORE)
        return ("counted_before",) if before is None or rows.marked((before,)).all() else ()


def narrow(points: np.ndarray) -> np.ndarray:
    """Whole hundredths in 32 bits; fractions as they are."""
    return points if points.dtype == object else points.astype(np.int32)


def _worth(item: Item) -> tuple[object, ...]:
    """All of an item that its points depend on."""
    marks = (item.id, item.full_marks, item.floor, item.starts, item.round, item.places, item.exact)
    return (*marks, item.unassessed, item.unmeasured, item.bonus)


def of_words(item: Item, rules: Iterable[Rule]) -> tuple[str, ...]:
    """The readings that choose the words of an item and its rules, and not what is counted."""
    return (*item.left_to(False), *(name for rule in rules for name in rule.left_to), *UNMEASURED)


def by_item(rulebook: Rulebook) -> list[tuple[Item, tuple[Rule, ...]]]:
    """Every item with its rules."""
    rules = rulebook.rules.values()
    return [(item, tuple(rule for rule in rules if rule.item == item.id)) for item in rulebook.items.values()]


def all_places(figures: np.ndarray, ranked: np.ndarray) -> np.ndarray:
    """Scenario × unit: the place of each ranked unit, 0 for the others; equals share one."""
    found = np.zeros(figures.shape, np.int16)
    if ranked.any():
        compared = np.sort(-figures[:, ranked], axis=1)
        for row in range(len(figures)):
            found[row, ranked] = np.searchsorted(compared[row], -figures[row, ranked], side="left") + 1
    return found
