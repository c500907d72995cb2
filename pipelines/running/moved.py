"""Cubes that differ from a counted one in some cells, and any cube as tallies for the judge of record."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from pipelines.engines.cube import Awards, Counts, Cube, Rows
from pipelines.engines.vector import costs_of
from pipelines.lazy import pyarrow
from pipelines.model.measure import CASE_ROWS
from pipelines.model.rule import Rule, Rulebook
from pipelines.model.tally import UnitTally
from pipelines.stages.judge import beside_others

Cells = Mapping[str, Rows]  # counted table -> cells that come (n > 0) and go (n < 0); `unit` is a line or a unit


def with_cells(cube: Cube, cells: Cells) -> Cube:
    """The same city with these cells added; ``unit`` of a cell is the position of its unit."""
    everybody = np.arange(len(cube.unit_ids))
    rows = {id: _merged(own, everybody, cells[id]) if id in cells else own for id, own in cube.rows.items()}
    return replace(cube, rows=rows, _kept={})


def variants(city: Cube, of: np.ndarray, cells: Cells, added: Mapping[str, np.ndarray] = MappingProxyType({})) -> Cube:
    """A line for every entry of ``of``, the position of a unit: that unit with the cells of its line.

    All others are as in the city, which is what rules see that look at others. ``unit`` of a cell is the position of
    its line. ``added`` to the counts of measures, line × month, are rows of which nothing else is known: they cost by
    every rule of their measure.
    """
    ids = tuple(f"{line:07d}" for line in range(len(of)))
    taken = _awards_of(city.awards, of, len(city.unit_ids))
    facts = {name: getattr(city, name) for name in Cube.__dataclass_fields__} | {
        "unit_ids": ids,
        "rows": {},
        "awards": taken,
        "groups": city.groups[of],
        "assessed": {item: marks[of] for item, marks in city.assessed.items()},
        "before": {key: counts[of] for key, counts in city.before.items()},
        "given": {id: (there[of], n[of]) for id, (there, n) in city.given.items()},
        "_kept": {},
    }
    return _Variants(**facts, city=city, of=of, cells=cells, added=added)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Variants(Cube):
    city: Cube
    of: np.ndarray
    cells: Cells
    added: Mapping[str, np.ndarray]

    def counts(self, readings: Mapping[str, str]) -> Counts:
        """As of any cube."""
        return _Moved(self.city, readings, self.of, self.added, change=self.change, merged=self.merged)

    @cached_property
    def change(self) -> Cube:
        """What comes and goes, line by line; no row moves a count that is given."""
        moved = self._of({id: self.cells.get(id, _nothing(own)) for id, own in self.city.rows.items()})
        return replace(moved, given={id: (there, 0 * n) for id, (there, n) in self.given.items()})

    @cached_property
    def merged(self) -> Cube:
        """Every line whole, of the tables in which different values are told apart: those do not add up."""
        told_apart = {id: own for id, own in self.city.rows.items() if own.layout.distincts}
        rows = {id: _merged(own, self.of, self.cells.get(id, _nothing(own))) for id, own in told_apart.items()}
        return self._of(rows)

    def _of(self, rows: Mapping[str, Rows]) -> Cube:
        """The lines as a cube of these rows."""
        facts = {name: getattr(self, name) for name in Cube.__dataclass_fields__}
        return Cube(**{**facts, "rows": rows, "_kept": {}})


@dataclass(frozen=True, eq=False, kw_only=True)
class _Moved(Counts):
    """The counts of some units of a city, a line each, with what comes and goes added."""

    change: Cube
    merged: Cube

    def __getitem__(self, id: str) -> np.ndarray:
        if self.cube.measures[id].distinct:
            return self.merged.count(id, self.readings)
        found = self.cube.count(id, self.readings)[self.rows] + self.change.count(id, self.readings)
        return found + self.changed.get(id, 0)

    def whole(self, id: str) -> np.ndarray:
        """A measure of every line over the period."""
        if self.cube.measures[id].distinct:
            return self.merged.whole(id, self.readings)
        found = self.cube.whole(id, self.readings)[self.rows] + self.change.whole(id, self.readings)
        return found + (self.changed[id].sum(axis=1) if id in self.changed else 0)

    def occurrences(self, rule: Rule) -> np.ndarray:
        """The rows that cost points by an occurrence rule."""
        facts = rule.id, rule.measure, self.readings
        found = self.cube.occurrences(*facts)[self.rows] + self.change.occurrences(*facts)
        return found + self.changed.get(rule.measure, 0)

    def costing(self, rule: Rule, value: str, dearer: Iterable[tuple[Rule, str]]) -> np.ndarray:
        """What costs by a value of a rule's column and by no dearer rule."""
        facts = rule, value, tuple(dearer), self.readings
        return self.cube.costing(*facts)[self.rows] + self.change.costing(*facts)


def _nothing(rows: Rows) -> Rows:
    return rows_at(rows, np.zeros(0, np.int64), np.zeros(0, np.int64))


def rows_at(rows: Rows, at: np.ndarray, unit: np.ndarray, sign: int = 1) -> Rows:
    """Cells chosen by position, each of another ``unit``; ``sign`` -1 for cells that go."""
    return Rows(
        rows.layout,
        unit,
        sign * rows.n[at],
        tuple(place[at] for place in rows.places),
        tuple(marks[at] for marks in rows.marks),
        tuple(sign * amount[at] for amount in rows.amounts),
        tuple(value[at] for value in rows.values),
    )


def joined(several: list[Rows]) -> Rows:
    """Cells of one layout after each other."""
    first = several[0]

    def columns(name: str) -> tuple[np.ndarray, ...]:
        return tuple(np.concatenate(column) for column in zip(*(getattr(one, name) for one in several), strict=True))

    return Rows(
        first.layout,
        np.concatenate([one.unit for one in several]),
        np.concatenate([one.n for one in several]),
        *(columns(name) for name in ("places", "marks", "amounts", "values")),
    )


def _merged(rows: Rows, of: np.ndarray, cells: Rows) -> Rows:
    """The cells of the units at ``of``, a line each, and the others; equal ones are one, and what is gone is left out.

    So that different values, of which a cell without rows would be one, are counted rightly.
    """
    order = np.argsort(rows.unit, kind="stable")
    first, end = np.searchsorted(rows.unit[order], of), np.searchsorted(rows.unit[order], of, side="right")
    sizes = end - first
    line = np.repeat(np.arange(len(of)), sizes)
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    found = joined([rows_at(rows, order[np.repeat(first, sizes) + within], line), cells])
    if not rows.layout.distincts:
        return found
    keys = [found.unit, *found.places, *found.marks, *found.values]
    order = np.lexsort(keys)
    new = np.ones(len(order), bool)
    new[1:] = np.logical_or.reduce([key[order][1:] != key[order][:-1] for key in keys])
    starts = np.flatnonzero(new)
    found = rows_at(found, order, found.unit[order])
    n = np.add.reduceat(found.n, starts) if len(starts) else found.n
    amounts = tuple(np.add.reduceat(one, starts) if len(starts) else one for one in found.amounts)
    chosen = rows_at(found, starts, found.unit[starts])
    left = replace(chosen, n=n, amounts=amounts)
    return rows_at(left, np.flatnonzero(n), left.unit[np.flatnonzero(n)])


def _awards_of(awards: Awards, of: np.ndarray, units: int) -> Awards:
    """The awards of the units at ``of``; matters of different lines are different ones."""
    by_unit = [np.flatnonzero(awards.unit == unit) for unit in range(units)] if len(awards.unit) else []
    at = [by_unit[unit] for unit in of.tolist()] if by_unit else []
    sizes = np.array([len(one) for one in at], np.int64)
    chosen = np.concatenate(at) if at else np.zeros(0, np.int64)
    line = np.repeat(np.arange(len(of)), sizes) if at else np.zeros(0, np.int64)
    apart = line * (len(awards.unit) + 1)
    return Awards(
        line,
        tuple(awards.types[k] for k in chosen.tolist()),
        awards.matter[chosen] + apart,
        awards.matter_of_type[chosen] + apart,
        awards.earliest[chosen] + apart,
    )


def tallies_of(
    cube: Cube, rulebook: Rulebook, readings: Mapping[str, str], registers: Mapping[str, UnitTally]
) -> dict[str, UnitTally]:
    """The tallies under the readings, as the judge of record takes them."""
    counts = cube.counts(readings)
    silent = {id: cube.silent(id) for id in cube.not_exported()}
    rules = list(rulebook.rules.values())
    of_item = {item: [rule for rule in rules if rule.item == item] for item in rulebook.items}
    costing = [(rule, costs_of(counts, rule, of_item[rule.item])) for rule in rules if rule.kind == "occurrence"]
    found = {
        id: replace(
            registers[id],
            lacking=frozenset(measure for measure, units in silent.items() if units[k]),
            parts=rulebook.parts,
            **_counted(cube, counts, costing, k, registers[id].given),
        )
        for k, id in enumerate(cube.unit_ids)
    }
    return beside_others(rulebook, found, cube.months)


def _counted(
    cube: Cube,
    counts: Counts,
    costing: list[tuple[Rule, list[tuple[str, int, np.ndarray]]]],
    k: int,
    given: Mapping[str, Mapping[str, int]],
) -> dict[str, Any]:
    """Of one unit: what each measure counts, and what costs by each occurrence rule or does not, by month."""
    listed = {id: dict(zip(cube.months, table[k].tolist(), strict=True)) for id, table in counts.items()}
    for id in (id for id, measure in cube.measures.items() if measure.distinct):
        listed[id][""] = int(counts.whole(id)[k])
    listed |= {id: dict(spans) for id, spans in given.items() if "" in spans}
    waived, priced = {}, {}
    for rule, costs in costing:
        if rule.prices:
            priced[rule.id] = {
                value: dict(zip(cube.months, table[k].tolist(), strict=True)) for value, _, table in costs
            }
        else:
            [(_, _, table)] = costs
            waived[rule.id] = dict(zip(cube.months, (counts[rule.measure] - table)[k].tolist(), strict=True))
    case_rows = int(counts.whole(CASE_ROWS)[k])
    return {"case_rows": case_rows, "counts": listed, "waived": waived, "priced": priced}


def numbered(columns: Sequence[np.ndarray | pyarrow.ChunkedArray]) -> np.ndarray:
    """Of every line the number of its kind: alike are those with the same values; hashed, for sorting takes longer."""
    number = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        coded = pyarrow.chunked_array([column]) if isinstance(column, np.ndarray) else column
        coded = coded.combine_chunks().dictionary_encode(null_encoding="encode")
        both = number * max(len(coded.dictionary), 1) + coded.indices.to_numpy()
        number = pyarrow.array(both).dictionary_encode().indices.to_numpy().astype(np.int64)
    return number


def first_of(number: np.ndarray) -> np.ndarray:
    """The first line of every kind, in the order of the kinds."""
    first = np.zeros(int(number.max(initial=-1)) + 1, np.int64)
    first[number[::-1]] = np.arange(len(number))[::-1]
    return first
