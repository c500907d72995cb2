"""A sweep: every combination of some values and readings, scored at once by the second judge."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import product
from math import prod

import numpy as np
from rich.progress import track

from pipelines.engines.batch import Batch, all_places, alternatives, by_item
from pipelines.engines.vector import places
from pipelines.laboratory import charts
from pipelines.laboratory.answer import Answer, copied
from pipelines.laboratory.changes import names
from pipelines.laboratory.charts import of_change
from pipelines.lazy import pandas
from pipelines.model.points import CENT, half_up, plain
from pipelines.model.words import UsageRefusal
from pipelines.rulebook.load import changeable, choose_readings, limits, value_of, with_changes
from pipelines.wording import hint, say

AT_MOST = 200_000  # scenarios; beyond, the answer itself would not fit beside other work
PROGRESS_FROM = 2_000  # scenarios from which a progress bar is worth its line


@dataclass(frozen=True, eq=False, repr=False)
class Sweep(Answer):
    """``totals``, ``bases`` (hundredths) and ``places`` (0 = unranked) are scenario × unit, as ``grid`` is ordered."""

    quarter: object = field(repr=False)
    names: tuple[str, ...]
    grid: tuple[tuple[str, ...], ...] = field(repr=False)  # a tuple of values per scenario
    bases: np.ndarray = field(repr=False)
    totals: np.ndarray = field(repr=False)
    places: np.ndarray = field(repr=False)

    @classmethod
    def of(cls, quarter, axes: Mapping[str, list[str]], progress: bool = True) -> "Sweep":
        """All combinations; UsageRefusal for a name that is no ``rule.field`` and no reading, or for too many."""
        number = prod(map(len, axes.values())) if axes else 0
        if not 1 <= number <= AT_MOST:
            raise UsageRefusal(say("laboratory.sweep_size", n=number, most=AT_MOST))
        grid = tuple(product(*axes.values()))
        bases, totals, figures = _scored(quarter, tuple(axes), grid, progress)
        places = all_places(figures, _ranked(quarter))
        for array in (bases, totals, places):
            array.setflags(write=False)
        return cls(quarter, tuple(axes), grid, bases, totals, places)

    @cached_property
    def unit_ids(self) -> tuple[str, ...]:
        """The units, in the order of the columns of the arrays."""
        return self.quarter.world.cube.unit_ids

    @copied
    def frame(self):
        """A line per scenario and unit: the values, unit_id, unit_name, base, total, place."""
        units = [self.quarter.world.registers[id].unit for id in self.unit_ids]
        columns = {
            name: np.repeat([_number(row[k]) for row in self.grid], len(units)) for k, name in enumerate(self.names)
        }
        columns |= {
            "unit_id": np.tile([unit.unit_id for unit in units], len(self.grid)),
            "unit_name": np.tile([unit.unit_name for unit in units], len(self.grid)),
            "base": (self.bases.ravel() / CENT).astype(float),
            "total": (self.totals.ravel() / CENT).astype(float),
        }
        frame = pandas.DataFrame(columns)
        frame["place"] = pandas.array(np.where(self.places == 0, -1, self.places).ravel(), dtype="Int64")
        frame.loc[frame["place"] < 0, "place"] = pandas.NA
        return frame

    def chart(self, units: Iterable[str] | str = (), most: int = 8):
        """Places along one value as lines, of these units (ids or names) or of those that move most.

        For two values a heat map of how many places units move on average; UsageRefusal for more.
        """
        if len(self.names) > 2:
            raise UsageRefusal(say("laboratory.too_many_axes", names=" ".join(self.names)))
        if len(self.names) == 2:
            return charts.heat(self)
        asked = [self.quarter.world.unit(given) for given in names(units)]
        return charts.lines(self, asked or self.restless[:most])

    def unit_name(self, unit_id: str) -> str:
        """The name of a unit."""
        return self.quarter.world.registers[unit_id].unit.unit_name

    def in_force(self, name: str) -> str:
        """The value or the reading that the quarter was scored by."""
        if name in self.quarter.readings:
            return self.quarter.readings[name]
        rule, _, field = name.partition(".")
        return plain(value_of(self.quarter.rulebook.rules[rule], field))

    @property
    def restless(self) -> tuple[str, ...]:
        """The units, those whose place varies most first."""
        spread = self.places.max(axis=0) - self.places.min(axis=0)
        return tuple(self.unit_ids[k] for k in np.argsort(-spread, kind="stable"))

    @cached_property
    def moved(self) -> np.ndarray:
        """Of each scenario: how many places a ranked unit moves on average against the quarter as it was."""
        was = self.quarter.as_it_was.placed.place
        ranked = was > 0
        return np.abs(self.places[:, ranked] - was[ranked]).mean(axis=1)

    def __len__(self) -> int:
        return len(self.grid)

    @property
    def shown(self):
        """A line a scenario: its values, and how far units move in it."""
        rows = pandas.DataFrame(list(self.grid), columns=list(self.names))
        rows["mean places moved 平均变动名次"] = self.moved.round(2)
        return rows

    @property
    def title(self) -> str:
        """Of the table."""
        return f"{self.quarter.period}: {len(self)} scenarios 个方案"


def _number(value: str) -> object:
    try:
        return float(value)
    except ValueError:
        return value


def _scored(quarter, names: tuple[str, ...], grid: tuple, progress: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Base, total and the figure that ranks, scenario × unit, in hundredths."""
    batch, prepared = Batch(quarter.world.cube), _Prepared(quarter, names)
    room, wide = (len(grid), len(batch.cube.unit_ids)), object if quarter.rulebook.is_fine else np.int32
    bases, totals = np.zeros(room, wide), np.zeros(room, wide)
    figures = np.zeros(room, object if quarter.rulebook.ranking.by_share else wide)
    for k, values in enumerate(_with_progress(grid, progress)):
        sheet, readings = prepared.of(values)
        bases[k], totals[k] = batch.base_and_total(quarter.rulebook, sheet, readings)
        figure = bases[k] if quarter.rulebook.ranked_by(readings) == "base" else totals[k]
        figures[k] = batch.overall(quarter.rulebook, sheet, readings, figure)
    return bases, totals, figures


class _Prepared:
    """Rules and readings of a grid, each made once and shared by all scenarios with the same values."""

    def __init__(self, quarter, names: tuple[str, ...]) -> None:
        known = [*changeable(quarter.rulebook), *quarter.rulebook.readings]
        for name in names:
            if name not in known:
                raise UsageRefusal(say("rulebook.unknown_change", value=name, hint=hint(name, known)))
        self.quarter, self.names = quarter, names
        self.of_rule: dict[str, list[int]] = {}  # rule -> where in the values its own stand
        for k, name in enumerate(names):
            if name not in quarter.rulebook.readings:
                self.of_rule.setdefault(name.split(".")[0], []).append(k)
        self.of_readings = [k for k, name in enumerate(names) if name in quarter.rulebook.readings]
        self.sheet = by_item(quarter.rulebook)
        self._rules, self._readings = {}, {}

    def of(self, values: tuple[str, ...]) -> tuple:
        """(score sheet, readings) of one scenario."""
        changed = {id: self._rule(id, tuple((self.names[k], values[k]) for k in at)) for id, at in self.of_rule.items()}
        sheet = [(item, tuple(changed.get(rule.id, rule) for rule in rules)) for item, rules in self.sheet]
        return sheet, self._chosen(tuple((self.names[k], values[k]) for k in self.of_readings))

    def _rule(self, id: str, changes: tuple):
        if changes not in self._rules:
            self._rules[changes] = with_changes(self.quarter.rulebook, dict(changes)).rules[id]
        return self._rules[changes]

    def _chosen(self, chosen: tuple) -> dict[str, str]:
        if chosen not in self._readings:
            given = {**self.quarter.readings, **dict(chosen)}
            self._readings[chosen] = choose_readings(self.quarter.rulebook, given)
        return self._readings[chosen]


def _with_progress(grid: tuple, progress: bool):
    """The grid, with a progress bar where it is long."""
    if not progress or len(grid) < PROGRESS_FROM:
        return grid
    return track(grid, description="sweep", transient=True)


def _ranked(quarter) -> np.ndarray:
    return quarter.as_it_was.placed.place > 0


# A tornado: each value a step lower and higher, each reading another way, one at a time.


TARGET_STEP = Fraction(2)  # percentage points; other values are halved and doubled
SHOWN = 25


@dataclass(frozen=True, eq=False, repr=False)
class Tornado(Answer):
    """``frame``: one line a change, the one that moves most first."""

    quarter: object = field(repr=False)
    changes: tuple[str, ...]
    places: np.ndarray = field(repr=False)  # change × unit, 0 = unranked
    was: np.ndarray = field(repr=False)

    @classmethod
    def of(cls, quarter) -> "Tornado":
        """All single changes of a finished quarter."""
        batch, was = Batch(quarter.world.cube), quarter.as_it_was.placed.place
        names, found = [], []
        for name, rulebook, readings in _single(quarter):
            sheet = by_item(rulebook)
            base, total = batch.base_and_total(rulebook, sheet, readings)
            figure = base if rulebook.ranked_by(readings) == "base" else total
            figure = batch.overall(rulebook, sheet, readings, figure)
            names.append(name)
            found.append(np.where(was > 0, places(figure, was > 0), 0))
        return cls(quarter, tuple(names), np.array(found).reshape(len(names), len(was)), was)

    @copied
    def frame(self):
        """change (as typed and in words), places moved on average and at most, who moves furthest, units that move."""
        ranked = self.was > 0
        far = np.abs(self.places - self.was)[:, ranked]
        units = [
            self.quarter.world.registers[id].unit.unit_name
            for id, there in zip(self.quarter.world.cube.unit_ids, ranked, strict=True)
            if there
        ]
        rows = (
            [
                (
                    name,
                    self._says(name),
                    round(float(moved.mean()), 2),
                    int(moved.max()),
                    units[int(moved.argmax())] if moved.any() else "",
                    int((moved > 0).sum()),
                )
                for name, moved in zip(self.changes, far, strict=True)
            ]
            if ranked.any()
            else []
        )
        names = ["change", "says", "mean_moved", "furthest", "most_moved", "units_moved"]
        frame = pandas.DataFrame(rows, columns=names)
        return frame.sort_values(["mean_moved", "change"], ascending=[False, True]).reset_index(drop=True)

    def chart(self, most: int = SHOWN):
        """Bars, the longest first."""
        return charts.tornado(self._frame.head(most), self.title)

    def _says(self, change: str) -> str:
        name, _, value = change.partition("=")
        return of_change(self.quarter.rulebook, name, value)


def _single(quarter):
    """(name, rulebook, readings) of every single change."""
    found = []
    for name in changeable(quarter.rulebook):
        rule, field_ = name.split(".")
        for value in _steps(value_of(quarter.rulebook.rules[rule], field_), field_):
            with suppress(UsageRefusal):  # a step that could not be scored exactly
                found.append((f"{name}={value}", with_changes(quarter.rulebook, {name: value}), quarter.readings))
    yield from found
    for id, values in alternatives(quarter.rulebook, quarter.readings).items():
        for value in values[1:]:
            yield f"{id}={value}", quarter.rulebook, {**quarter.readings, id: value}


def _steps(value: Fraction, name: str) -> list[str]:
    """The value a step lower and a step higher, inside its limits."""
    steps = (value - TARGET_STEP, value + TARGET_STEP) if name == "target" else (value / 2, value * 2)
    steps = (value - 1, value + 1) if name == "beyond" else steps
    least, most = (Fraction(limit) for limit in limits(name))
    inside = dict.fromkeys(half_up(min(max(step, least), most)) for step in steps)
    return [plain(step) for step in inside if step != value]
