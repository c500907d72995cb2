"""The tally cube as arrays: counts under any readings, without going back to the cases.

Which marks a measure stands for is worked out here anew, from the words of its file (`literal_measures.spelled`): the
first judge's queries take them from the conditions that were built of it (`marks.selection`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from pipelines.engines.literal import spelled
from pipelines.model.contract import AWARD_NEEDS, AWARDS, NOTHING, Absent
from pipelines.model.measure import CASE_ROWS, DERIVED, Measure
from pipelines.model.rule import Rule
from pipelines.model.tally import WAIVED, WORD, Marks, UnitTally
from pipelines.model.words import UsageRefusal
from pipelines.wording import say

CubeTable = Any  # pyarrow.Table, a library without types, or the arrays by column name
ALWAYS = '{"all":[]}'  # how a part is spelled that asks nothing
WORKED_OUT = {name: [reading for reading, _ in derived.readings] for name, derived in DERIVED.items()}


@dataclass(frozen=True)
class Awards:
    """All awards as arrays: ``matter`` and ``matter_of_type`` number the groups of which one award counts."""

    unit: np.ndarray
    types: tuple[str, ...]
    matter: np.ndarray
    matter_of_type: np.ndarray
    earliest: np.ndarray  # place by (awarded_on, award_id)


@dataclass(frozen=True, eq=False)
class Rows:
    """The cells of one counted table: ``unit`` and ``n`` by cell, ``places`` the months (0 = outside), ``marks``."""

    layout: Marks
    unit: np.ndarray
    n: np.ndarray
    places: tuple[np.ndarray, ...]
    marks: tuple[np.ndarray, ...]
    amounts: tuple[np.ndarray, ...] = ()  # of each column that is added up, in its smallest parts
    values: tuple[np.ndarray, ...] = ()  # the number of the value of each column whose values are told apart, 0 = none

    def weights(self, sum: str) -> np.ndarray:
        """What each cell counts for: its rows, or what they add up to."""
        return self.amounts[self.layout.sums.index(sum)] if sum else self.n

    def marked(self, bits: Iterable[int]) -> np.ndarray:
        """Which cells have all of these marks."""
        found = np.ones(len(self.n), bool)
        for bit in bits:
            found &= (self.marks[bit // WORD] >> np.uint64(bit % WORD)) & np.uint64(1) == 1
        return found


class _Asked(dict[str, str]):
    """Readings that note which of them were asked for: what was not asked for changes nothing."""

    def __init__(self, readings: Mapping[str, str]) -> None:
        super().__init__(readings)
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return super().get(name, default)


@dataclass(frozen=True, eq=False)
class Cube:
    """`tallies.cube` ready for any number of scenarios; counts are kept once made."""

    unit_ids: tuple[str, ...]
    months: tuple[str, ...]
    rows: Mapping[str, Rows]  # by counted table
    measures: Mapping[str, Measure]
    assessed: Mapping[str, np.ndarray]  # item -> hundredths per unit, -1 where there is no score
    awards: Awards
    groups: np.ndarray  # of every unit
    before: Mapping[tuple[str, str], np.ndarray] = field(default_factory=dict)  # (rule, measure) -> count, -1 none
    absent: Absent = NOTHING
    given: Mapping[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)  # where a count is, and which
    _kept: dict[Any, Any] = field(default_factory=dict)

    @classmethod
    def prepare(
        cls,
        cube: CubeTable,
        layouts: Mapping[str, Marks],
        measures: Mapping[str, Measure],
        tallies: dict[str, UnitTally],
        months: tuple[str, ...],
        absent: Absent = NOTHING,
    ) -> "Cube":
        """From the cube (Arrow, or a dict of arrays) as ``layouts`` marked it; scores and awards are of the tallies."""
        units = tuple(sorted(tallies))
        return cls(
            units,
            months,
            _rows(cube, layouts, units),
            measures,
            _assessed(tallies, units),
            _awards(tallies, units),
            np.array([tallies[unit].unit.unit_group for unit in units], object),
            _before(tallies, units),
            absent,
            _given(tallies, units, months),
        )

    def repeated(self, times: int) -> "Cube":
        """All units so many times over, one after the other; what is counted of them is another's to say."""
        return replace(
            self,
            unit_ids=self.unit_ids * times,
            assessed={id: np.tile(given, times) for id, given in self.assessed.items()},
            groups=np.tile(self.groups, times),
            before={key: np.tile(was, times) for key, was in self.before.items()},
            given={id: (np.tile(there, (times, 1)), np.tile(n, (times, 1))) for id, (there, n) in self.given.items()},
            _kept={},
        )

    def before_of(self, rule: Rule) -> dict[str, np.ndarray]:
        """What the measures of a rule of change counted in the earlier period, -1 for a unit of which nobody knows."""
        nobody = np.full(len(self.unit_ids), -1, np.int64)
        return {id: self.before.get((rule.id, id), nobody) for id in (rule.measure, rule.part, rule.of) if id}

    def counts(self, readings: Mapping[str, str]) -> "Counts":
        """Every measure as units × months under the readings; one that the exports do not tell counts nothing."""
        return Counts(self, readings)

    def count(self, id: str, readings: Mapping[str, str]) -> np.ndarray:
        """A measure as units × months under the readings; one that is given for the period, in its first month."""
        if id in self.not_exported():
            return self._as_given(id, np.zeros((len(self.unit_ids), len(self.months)), np.int64))
        one, (place, bits) = self.measures[id], self._selected(self.measures[id], readings)
        if one.distinct:
            return self._as_given(id, self._different(one.counts, place, bits, one.distinct)[0])
        return self._as_given(id, self._sums(one.counts, place, bits, sum=one.sum))

    def stacked(self, id: str, sets: Sequence[Mapping[str, str]]) -> np.ndarray:
        """A measure under each of ``sets``, all units below all units; few of them select different rows."""
        one = self.measures[id]
        chosen = [() if id in self.not_exported() else self._selected(one, readings) for readings in sets]
        different = dict(zip(chosen, sets, strict=True))
        number = {how: k for k, how in enumerate(different)}
        tables = np.stack([self.count(id, readings) for readings in different.values()])
        return tables[[number[how] for how in chosen]].reshape(-1, len(self.months))

    def _as_given(self, id: str, table: np.ndarray) -> np.ndarray:
        there, n = self.given.get(id, (False, table))
        return np.where(there, n, table)

    def whole(self, id: str, readings: Mapping[str, str]) -> np.ndarray:
        """A measure of every unit over the period: its months together, or the different values in all of them."""
        one = self.measures[id]
        if one.distinct and id not in self.not_exported():
            found = self._different(one.counts, *self._selected(one, readings), one.distinct)[1]
            there, n = self.given.get(id, (np.zeros((1, 1), bool), np.zeros((1, 1), np.int64)))
            return np.where(there.any(axis=1), n.sum(axis=1), found)
        return np.asarray(self.count(id, readings).sum(axis=1))

    def _different(
        self, counts: str, place: int, bits: tuple[int, ...], distinct: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """How many different values of a column the rows with these marks have: units × months, and units."""
        key = counts, place, bits, distinct
        if key not in self._kept:
            rows, months = self.rows[counts], len(self.months)
            value = rows.values[rows.layout.distincts.index(distinct)].astype(np.int64)
            month = rows.places[place].astype(np.int64) - 1
            chosen = rows.marked(bits) & (month >= 0) & (value > 0)
            unit, month, value = rows.unit[chosen], month[chosen], value[chosen]
            pairs = (unit * months + month, value), (unit, value)
            by_month, by_unit = (np.unique(np.stack(pair), axis=1)[0] for pair in pairs)
            cells = np.bincount(by_month, minlength=len(self.unit_ids) * months).reshape(-1, months)
            self._kept[key] = cells, np.bincount(by_unit, minlength=len(self.unit_ids))
        return self._kept[key]

    def occurrences(self, rule_id: str, measure: str, readings: Mapping[str, str]) -> np.ndarray:
        """The rows of a measure that cost points by a rule, as units × months: those that no waiver meets."""
        if measure in self.not_exported():
            return self.count(measure, readings)
        counts = self.measures[measure].counts
        place, bits = self._selected(self.measures[measure], readings)
        known = self.rows[counts].layout.position
        waivers = [known[WAIVED + name] for name in ("", rule_id) if WAIVED + name in known]
        return self._as_given(measure, self._sums(counts, place, bits, tuple(waivers), self.measures[measure].sum))

    def costing(
        self, rule: Rule, value: str, dearer: Iterable[tuple[Rule, str]], readings: Mapping[str, str]
    ) -> np.ndarray:
        """What of a rule's measure costs by a value of its column (any, where "") as units × months.

        Neither what a waiver meets, nor what costs by one of the ``dearer`` rules and values.
        """
        if rule.measure in self.given:
            raise UsageRefusal(say("figures.no_price", rule=rule.id, measure=rule.measure))
        if rule.measure in self.not_exported():
            return self.count(rule.measure, readings)
        one, dearer = self.measures[rule.measure], tuple(dearer)
        place, key = self._selected(one, readings)[0], (rule.id, value, *((r.id, v) for r, v in dearer))
        key = ("costing", *key, *readings.values())
        if key not in self._kept:
            chosen = self._costs(rule, value, readings)
            for other, at in dearer:
                chosen &= ~self._costs(other, at, readings)
            self._kept[key] = self._of_cells(one.counts, place, self.rows[one.counts].weights(one.sum) * chosen)
        return self._kept[key]

    def _costs(self, rule: Rule, value: str, readings: Mapping[str, str]) -> np.ndarray:
        """Which cells cost by a rule, were it alone."""
        one, rows = self.measures[rule.measure], self.rows[self.measures[rule.measure].counts]
        if rule.measure in self.not_exported():
            return np.zeros(len(rows.n), bool)
        asked = {rule.by: {"given": "false"} if value == "empty" else {"equals": value}}
        own = [rows.layout.position[spelled(asked, readings, {})]] if value else []
        found = rows.marked((*self._selected(one, readings)[1], *own))
        for name in ("", rule.id):
            if WAIVED + name in rows.layout.position:
                found &= ~rows.marked((rows.layout.position[WAIVED + name],))
        return found

    def not_exported(self) -> frozenset[str]:
        """The measures that nothing in the exports tells: worked out here again, not taken from the first judge."""
        if "not exported" not in self._kept:
            awards = {AWARDS} if AWARD_NEEDS & self.absent.names else set()
            silent = {id for id, measure in self.measures.items() if set(measure.needs) & self.absent.names}
            self._kept["not exported"] = frozenset(awards | silent)
        return self._kept["not exported"]

    def silent(self, *measures: str) -> np.ndarray:
        """Of every unit: whether nothing tells one of these measures, neither the exports nor a figure."""
        found = np.zeros(len(self.unit_ids), bool)
        for id in self.not_exported() & set(measures):
            found |= ~self.given[id][0].any(axis=1) if id in self.given else True
        return found

    def told_of_nobody(self) -> frozenset[str]:
        """The measures that nothing tells of any unit."""
        return frozenset(id for id in self.not_exported() if self.silent(id).all())

    def _selected(self, measure: Measure, readings: Mapping[str, str]) -> tuple[int, tuple[int, ...]]:
        """Which place column a measure goes by, and which marks its rows have."""
        names = self._kept.get(("asked", measure.id), ())
        key = measure.id, tuple((name, readings.get(name)) for name in names)
        if key not in self._kept:
            asked = _Asked(readings)
            found = self._select(measure, asked)
            names = tuple(sorted({*names, *asked.names}))
            self._kept["asked", measure.id] = names
            key = measure.id, tuple((name, readings.get(name)) for name in names)
            self._kept[key] = found
        return self._kept[key]

    def _select(self, measure: Measure, readings: Mapping[str, str]) -> tuple[int, tuple[int, ...]]:
        layout, derived = self.rows[measure.counts].layout, WORKED_OUT if measure.counts == CASE_ROWS else {}
        keys = [spelled(part, readings, derived) for part in measure.written]
        column = measure.by.column or dict(measure.by.options)[readings[measure.by.reading]]
        column = "__".join((column, *(readings[name] for name in derived.get(column, ()))))
        if column not in layout.places or any(key not in layout.position for key in keys if key != ALWAYS):
            raise UsageRefusal(say("laboratory.not_tallied", measure=measure.id))
        return layout.places.index(column), tuple(sorted(layout.position[key] for key in keys if key != ALWAYS))

    def _sums(
        self, counts: str, place: int, bits: tuple[int, ...], without: tuple[int, ...] = (), sum: str = ""
    ) -> np.ndarray:
        """Rows (or what a column of them adds up to) with these marks, less those with one of ``without``.

        By unit and month.
        """
        key = counts, place, bits, without, sum
        if key not in self._kept:
            rows = self.rows[counts]
            chosen = rows.marked(bits)
            for bit in without:
                chosen &= ~rows.marked((bit,))
            self._kept[key] = self._of_cells(counts, place, rows.weights(sum) * chosen)
        return self._kept[key]

    def _of_cells(self, counts: str, place: int, weights: np.ndarray) -> np.ndarray:
        """What the cells of a table weigh, by unit and month."""
        order, bounds = self._cells(counts, place)
        running = np.concatenate(([0], np.cumsum(weights[order])))  # whole numbers: exact in any order
        return np.diff(running[bounds]).reshape(len(self.unit_ids), len(self.months))

    def _cells(self, counts: str, place: int) -> tuple[np.ndarray, np.ndarray]:
        """The rows in the order of their cell (unit, month), and where each cell begins."""
        if (counts, place) not in self._kept:
            cells, rows = len(self.unit_ids) * len(self.months), self.rows[counts]
            month = rows.places[place].astype(np.int64) - 1
            cell = np.where(month >= 0, rows.unit * len(self.months) + month, cells)
            order = np.argsort(cell, kind="stable")
            self._kept[counts, place] = order, np.searchsorted(cell[order], np.arange(cells + 1))
        return self._kept[counts, place]


@dataclass(frozen=True, eq=False)
class Counts(Mapping[str, np.ndarray]):
    """Measure → units × months under some readings.

    With ``rows`` it tells of these units alone, one line each; ``changed`` is added to what a measure counts.
    """

    cube: Cube
    readings: Mapping[str, str]
    rows: np.ndarray | None = None
    changed: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __getitem__(self, id: str) -> np.ndarray:
        return self._as_changed(id, self.cube.count(id, self.readings))

    def whole(self, id: str) -> np.ndarray:
        """A measure of every unit over the period."""
        found = self.cube.whole(id, self.readings)
        found = found if self.rows is None else found[self.rows]
        return found + self.changed[id].sum(axis=1) if id in self.changed else found

    def __iter__(self) -> Iterator[str]:
        return iter(self.cube.measures)

    def __len__(self) -> int:
        return len(self.cube.measures)

    def occurrences(self, rule: Rule) -> np.ndarray:
        """The rows that cost points by an occurrence rule."""
        return self._as_changed(rule.measure, self.cube.occurrences(rule.id, rule.measure, self.readings))

    def costing(self, rule: Rule, value: str, dearer: Iterable[tuple[Rule, str]]) -> np.ndarray:
        """What costs by a value of a rule's column and by no dearer rule."""
        table = self.cube.costing(rule, value, dearer, self.readings)
        return table if self.rows is None else table[self.rows]

    def _as_changed(self, id: str, table: np.ndarray) -> np.ndarray:
        table = table if self.rows is None else table[self.rows]
        return table + self.changed[id] if id in self.changed else table


@dataclass(frozen=True, eq=False)
class Stacked(Counts):
    """What measures count under several sets of readings, one set of all units below the other."""

    tables: Mapping[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(cls, cube: Cube, measures: Iterable[str], sets: Sequence[Mapping[str, str]]) -> "Stacked":
        """``measures`` under each of ``sets``, which read everything else alike."""
        tables = {id: cube.stacked(id, sets) for id in measures}
        return cls(cube.repeated(len(sets)), sets[0], tables=tables)

    def __getitem__(self, id: str) -> np.ndarray:
        return self.tables[id]

    def whole(self, id: str) -> np.ndarray:
        """A measure of every line over the period."""
        return np.asarray(self.tables[id].sum(axis=1))


def _values(table: CubeTable, name: str) -> np.ndarray:
    if isinstance(table, Mapping):
        return np.asarray(table[name])
    return _array(table.column(name).combine_chunks())


def _array(column: Any) -> np.ndarray:
    """Whole numbers of Arrow, none of them null; `to_numpy` would import pandas for that."""
    return np.from_dlpack(column)


def _codes(table: CubeTable, name: str, known: Iterable[str]) -> np.ndarray:
    """The position of each value among the known ones; KeyError for a value that is not among them."""
    places = {value: place for place, value in enumerate(known)}
    if isinstance(table, Mapping):
        return np.array([places[value] for value in table[name]], dtype=np.int64)
    column = table.column(name).combine_chunks()
    encoded = column if hasattr(column, "dictionary") else column.dictionary_encode()
    found = np.array([places[value] for value in encoded.dictionary.to_pylist()], dtype=np.int64)
    return found[_array(encoded.indices)] if len(encoded) else np.zeros(0, dtype=np.int64)


def _rows(cube: CubeTable, layouts: Mapping[str, Marks], units: tuple[str, ...]) -> dict[str, Rows]:
    table, unit, n = _codes(cube, "counts", layouts), _codes(cube, "unit_id", units), _values(cube, "n")
    found = {}
    for number, (counts, layout) in enumerate(layouts.items()):
        own = table == number
        found[counts] = Rows(
            layout,
            unit[own],
            n[own].astype(np.int64),
            tuple(_values(cube, f"place_{k}")[own] for k in range(len(layout.places))),
            tuple(_values(cube, f"marks_{k}")[own].astype(np.uint64) for k in range(layout.words)),
            tuple(_values(cube, f"amount_{k}")[own].astype(np.int64) for k in range(len(layout.sums))),
            tuple(_values(cube, f"value_{k}")[own] for k in range(len(layout.distincts))),
        )
    return found


def _given(
    tallies: dict[str, UnitTally], units: tuple[str, ...], months: tuple[str, ...]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By measure, as units × months: where its count is given, and how many; of a period in its first month."""
    found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for k, unit in enumerate(units):
        for id, spans in tallies[unit].given.items():
            shape = len(units), len(months)
            there, n = found.setdefault(id, (np.zeros(shape, bool), np.zeros(shape, np.int64)))
            for month, count in spans.items():
                there[k, months.index(month) if month else slice(None)] = True
                n[k, months.index(month) if month else 0] = count
    return found


def _assessed(tallies: dict[str, UnitTally], units: tuple[str, ...]) -> dict[str, np.ndarray]:
    items = sorted({item for tally in tallies.values() for item in tally.assessed})
    return {
        item: np.array(
            [
                int(tallies[unit].assessed.get(item, -1) * 100) if item in tallies[unit].assessed else -1
                for unit in units
            ],
            np.int64,
        )
        for item in items
    }


def _before(tallies: dict[str, UnitTally], units: tuple[str, ...]) -> dict[tuple[str, str], np.ndarray]:
    keys = {(rule, id) for tally in tallies.values() for rule, own in tally.before.items() for id in own}
    return {
        (rule, id): np.array([tallies[unit].before.get(rule, {}).get(id, -1) for unit in units], np.int64)
        for rule, id in sorted(keys)
    }


def _awards(tallies: dict[str, UnitTally], units: tuple[str, ...]) -> Awards:
    listed = [(place, award) for place, unit in enumerate(units) for award in tallies[unit].awards]
    by_date = sorted(range(len(listed)), key=lambda k: (listed[k][1].awarded_on, listed[k][1].award_id))
    earliest = np.empty(len(listed), np.int64)
    earliest[by_date] = np.arange(len(listed))
    matters = _numbered([(unit, award.matter_key) for unit, award in listed])
    of_type = _numbered([(unit, award.matter_key, award.award_type) for unit, award in listed])
    return Awards(
        np.array([unit for unit, _ in listed], np.int64),
        tuple(award.award_type for _, award in listed),
        matters,
        of_type,
        earliest,
    )


def _numbered(keys: list[tuple[object, ...]]) -> np.ndarray:
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return np.array([numbers[key] for key in keys], np.int64)
