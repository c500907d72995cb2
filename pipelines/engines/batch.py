"""Many scenarios at once, and every combination of the readings: each item worked out once for all that share it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

import numpy as np

from pipelines.engines.cube import Cube, Stacked
from pipelines.engines.marks import readings_that_count
from pipelines.engines.vector import (
    DOUBT,
    PART,
    Deduction,
    deduction,
    full_of,
    item_scores,
    marks_of,
    nearest,
    overall_figure,
    settled,
    shared,
    stretch,
    stretched,
    sums_of,
    wide,
)
from pipelines.model.measure import CASE_ROWS
from pipelines.model.rule import Item, Left, Rule, Rulebook

# Many scenarios at once: the second judge's items, each worked out once for all scenarios that share its values.


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


# Every unit's place under every combination of the readings, without scoring any combination from the start.


STOP = "stop"  # of a missing assessment: scores nothing, so it has no place to compare
CAPS = ("10",)  # stands for all numbers that an open reading may be
TOP = 10
PORTION = 2_000  # combinations ranked at a time
JOINED = 500  # rows of a table that stands for several
LINES = 200_000  # units times combinations whose counts stand below one another


@dataclass(frozen=True, eq=False)
class Combinations:
    """How often each unit has each place: ``counted`` is unit × place (column 0 unused), of ``number`` in all."""

    number: int
    counted: np.ndarray
    bottom: np.ndarray  # of each unit, in how many combinations among the last ten

    @property
    def best(self) -> np.ndarray:
        """The best place of each unit, 0 for the unranked."""
        return np.argmax(self.counted > 0, axis=1)

    @property
    def worst(self) -> np.ndarray:
        """The worst place of each unit, 0 for the unranked."""
        last = self.counted.shape[1] - 1 - np.argmax(self.counted[:, ::-1] > 0, axis=1)
        return np.where(self.counted.any(axis=1), last, 0)

    @property
    def top(self) -> np.ndarray:
        """Of each unit, in how many combinations it is among the first ten."""
        return self.counted[:, : TOP + 1].sum(axis=1)


def alternatives(rulebook: Rulebook, in_force: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Reading -> its values, the one in force first; an open number also by one of its numbers."""
    stops = {one.unassessed.reading for one in rulebook.items.values() if isinstance(one.unassessed, Left)}
    found = {}
    for id, reading in rulebook.readings.items():
        values = dict.fromkeys((in_force[id], *reading.values, *(CAPS if reading.open_number else ())))
        found[id] = tuple(value for value in values if id not in stops or value != STOP)
    return found


def combinations(cube: Cube, rulebook: Rulebook, in_force: Mapping[str, str], ranked: np.ndarray) -> Combinations:
    """All combinations of all readings; ``ranked`` marks the units that have a place."""
    sheet, values, batch = by_item(rulebook), alternatives(rulebook, in_force), Batch(cube)
    scored, extra = ([pair for pair in sheet if bool(pair[0].full_marks) is base] for base in (True, False))
    by_share = rulebook.ranking.by_share
    bases, stretched, full, times, of_base = _sums(batch, scored, values, in_force, by_share)
    bonuses, _, _, again, of_bonus = _sums(batch, extra, values, in_force)
    ranks = rulebook.rank_on.reading if isinstance(rulebook.rank_on, Left) else ""
    by = values[ranks] if ranks else (rulebook.rank_on,)
    silent = prod(len(given) for id, given in values.items() if id not in (*of_base, *of_bonus, ranks))
    units = int(ranked.sum())
    counted, bottom = np.zeros((units, units + 1), np.int64), np.zeros(units, np.int64)
    by_total = zip(bonuses, again, strict=True) if "total" in by else ()
    figures = [(bases + stretched + bonus, n * times) for bonus, n in by_total]
    figures += [(bases, again.sum() * times)] if "base" in by else []
    for figure, weights in figures:
        figure = overall_figure(rulebook, figure, full)
        for start in range(0, len(figure), PORTION):
            portion = slice(start, start + PORTION)
            _count(figure[portion][:, ranked], weights[portion] * silent, counted, bottom)
    whole = np.zeros((len(ranked), units + 1), np.int64)
    last = np.zeros(len(ranked), np.int64)
    whole[ranked], last[ranked] = counted, bottom
    return Combinations(prod(map(len, values.values())), whole, last)


def _sums(
    batch: Batch,
    sheet: list[tuple[Item, tuple[Rule, ...]]],
    values: Mapping[str, tuple[str, ...]],
    in_force: Mapping[str, str],
    by_share: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, tuple[str, ...]]:
    """Of these items, row × unit: sums, what stretching adds, full marks; how often each row comes; the readings.

    Full marks are told apart only if places go by them.
    Many combinations come to the same points for every unit: each row stands once, with how many it stands for.
    """
    touching = [set(batch.touching(rules, item)) for item, rules in sheet]
    names = tuple(name for name in values if any(name in own for own in touching))
    tables = [
        (
            own := [name for name in names if name in of_item],
            _table(batch, item, rules, {n: values[n] for n in own}, in_force),
        )
        for (item, rules), of_item in zip(sheet, touching, strict=True)
    ]
    tables = _joined(tables, values)
    found: list[np.ndarray] = []
    times: list[np.ndarray] = []
    shape = [len(values[name]) for name in names]
    for start in range(0, prod(shape), PORTION):
        numbers = np.arange(start, min(start + PORTION, prod(shape)))
        at = dict(zip(names, np.unravel_index(numbers, shape) if shape else (), strict=True))
        sums = np.zeros((len(numbers), 3, len(batch.cube.unit_ids)), np.int64)
        for own, table in tables:
            sums += table[np.ravel_multi_index([at[n] for n in own], [len(values[n]) for n in own]) if own else 0]
        points, left, whole = sums[:, 0], sums[:, 1], sums[:, 2]
        sums[:, 1], sums[:, 2] = stretched(points * PART, left, whole), left if by_share else 0
        different, n = _different(sums, np.ones(len(sums), np.int64))
        found.append(different)
        times.append(n)
    every, n = _different(np.concatenate(found), np.concatenate(times))
    return every[:, 0], every[:, 1], every[:, 2], n, names


Table = tuple[list[str], np.ndarray]  # readings, and a row for every combination of their values


def _joined(tables: list[Table], values: Mapping[str, tuple[str, ...]]) -> list[Table]:
    """The same sums out of fewer tables: the small ones added up to one for the readings that touch any of them."""
    found: list[Table] = []
    for own, table in sorted(tables, key=lambda one: len(one[1])):
        both = [name for name in values if found and name in (*found[-1][0], *own)]
        if not found or prod(len(values[name]) for name in both) > JOINED:
            found.append((own, table))
            continue
        last, before = found[-1]
        shapes = ([len(values[n]) if n in names else 1 for n in both] for names in (last, own))
        parts = (one.reshape(*shape, *one.shape[1:]) for one, shape in zip((before, table), shapes, strict=True))
        found[-1] = both, sum(parts, np.zeros((), np.int64)).reshape(-1, *table.shape[1:])
    return found


def _different(lines: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different ones of ``lines``, and how often each comes; each line comes so many ``times``."""
    flat = lines.reshape(len(lines), -1)
    with np.errstate(over="ignore"):
        number = flat @ np.random.default_rng(1).integers(1, 2**62, flat.shape[1])  # wraps: of equal lines it is equal
    _, first, group = np.unique(number, return_index=True, return_inverse=True)
    if not (flat == flat[first[group]]).all():  # two different lines with one number: compared as they are
        _, first, group = np.unique(flat, axis=0, return_index=True, return_inverse=True)
    counted = np.zeros(len(first), np.int64)
    np.add.at(counted, group.reshape(-1), times)
    return lines[first], counted


def _table(
    batch: Batch,
    item: Item,
    rules: tuple[Rule, ...],
    values: Mapping[str, tuple[str, ...]],
    in_force: Mapping[str, str],
) -> np.ndarray:
    """Of one item, combination of the readings that touch it × (points, marks that count, marks to count) × unit."""
    if rules and item.full_marks and all(batch.is_plain(rule) for rule in rules):
        return _table_of_counts(batch, item, rules, values, in_force)
    found = []
    for chosen in product(*values.values()):
        readings = {**in_force, **dict(zip(values, chosen, strict=True))}
        marks = marks_of(batch.cube, batch.cube.counts(readings), item, rules, readings)
        found.append((batch.item(item, rules, readings), *marks))
    return np.array(found, np.int64)


def _table_of_counts(
    batch: Batch,
    item: Item,
    rules: tuple[Rule, ...],
    values: Mapping[str, tuple[str, ...]],
    in_force: Mapping[str, str],
) -> np.ndarray:
    """The same where the rules know nothing but what their measures count, many combinations in one go.

    Readings that choose a rule's words are taken one by one; all that choose what is counted stand below one another,
    for each rule those alone that touch it.
    """
    cube, units, words = batch.cube, len(batch.cube.unit_ids), {*of_words(item, rules)}
    by_count = [name for name in values if name not in words]
    spoken = list(product(*(enumerate(values[name]) for name in values if name in words)))
    sets = list(product(*(values[name] for name in by_count)))
    rows = max(LINES // max(units, 1), 1)
    found = np.zeros((len(spoken), len(sets), 3, units), np.int64)
    for start in range(0, len(sets), rows):
        portion = [{**in_force, **dict(zip(by_count, one, strict=True))} for one in sets[start : start + rows]]
        counts = Stacked.of(cube, _measures(rules), portion)
        alone = [_alone(batch, rule, item, by_count, portion) for rule in rules]
        for k, pairs in enumerate(spoken):
            said = {
                **in_force,
                **dict(zip((n for n in values if n in words), (value for _, value in pairs), strict=True)),
            }
            taken = [
                deduction(own.cube, own, rule, item, rules, said).of(lines)
                for rule, (own, lines) in zip(rules, alone, strict=True)
            ]
            points = settled(counts.cube, counts, rules, item, taken, said)
            marks = marks_of(counts.cube, counts, item, rules, said)
            for j, one in enumerate((points, *marks)):
                found[k, start : start + rows, j] = one.reshape(-1, units)
    table = np.zeros((*map(len, values.values()), 3, units), np.int64)
    for k, pairs in enumerate(spoken):
        chosen = dict(zip((n for n in values if n in words), (place for place, _ in pairs), strict=True))
        table[tuple(chosen.get(name, slice(None)) for name in values)] = found[k].reshape(
            *(len(values[name]) for name in by_count), 3, units
        )
    return table.reshape(-1, 3, units)


def _measures(rules: Iterable[Rule]) -> dict[str, None]:
    return dict.fromkeys(id for rule in rules for id in (rule.measure, rule.part, rule.of) if id)


def _alone(
    batch: Batch, rule: Rule, item: Item, by_count: Sequence[str], sets: Sequence[Mapping[str, str]]
) -> tuple[Stacked, np.ndarray]:
    """What a rule counts under those of ``sets`` that differ for it, and its line there of every line of ``sets``."""
    names = [name for name in by_count if name in batch.touching((rule,), item)]
    asked = [tuple(readings[name] for name in names) for readings in sets]
    different = dict(zip(asked, sets, strict=True))
    number = {how: k for k, how in enumerate(different)}
    units = len(batch.cube.unit_ids)
    lines = np.array([number[how] for how in asked])[:, None] * units + np.arange(units)
    return Stacked.of(batch.cube, _measures([rule]), list(different.values())), lines.reshape(-1)


def _count(figures: np.ndarray, weights: np.ndarray, counted: np.ndarray, bottom: np.ndarray) -> None:
    """Add the places of a portion of combinations, each as often as it comes."""
    rows, units = figures.shape
    if not units:
        return
    # A figure and its unit as one number sort several times faster than an order of figures, in 32 bits again.
    figures = np.unique(figures, return_inverse=True)[1].reshape(rows, units) if figures.dtype == object else figures
    behind, bits = int(figures.max()) - figures, units.bit_length()
    ordered = behind << bits | np.arange(units)
    ordered = ordered.astype(np.int32) if ordered.max() < 2**31 else ordered
    ordered.sort(axis=1)
    unit = ordered & ((1 << bits) - 1)
    ordered >>= bits
    place = np.zeros_like(ordered)
    place[:, 1:] = (ordered[:, 1:] != ordered[:, :-1]) * np.arange(1, units, dtype=ordered.dtype)
    np.maximum.accumulate(place, axis=1, out=place)
    np.add.at(counted.reshape(-1), (unit * (units + 1) + place + 1).reshape(-1), np.repeat(weights, units))
    bottom += weights @ (behind >= ordered[:, [max(units - TOP, 0)]])
