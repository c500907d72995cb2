"""A tornado: each value a step lower and higher, each reading another way, one at a time."""

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from pipelines.engines.batch import Batch, by_item
from pipelines.engines.details import plain
from pipelines.engines.readings import alternatives
from pipelines.engines.vector import places
from pipelines.laboratory.framed import Framed, copied
from pipelines.laboratory.labels import of_change
from pipelines.model.points import half_up
from pipelines.rulebook import changeable, with_changes
from pipelines.rulebook.choose import LIMITS

TARGET_STEP = Fraction(2)  # percentage points; other values are halved and doubled
SHOWN = 25


@dataclass(frozen=True, eq=False, repr=False)
class Tornado(Framed):
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
            base, bonus = batch.base_and_bonus(sheet, readings)
            figure = base if readings["rank_on"] == "base" else base + bonus + batch.whole(sheet, readings, base)
            names.append(name)
            found.append(np.where(was > 0, places(figure, was > 0), 0))
        return cls(quarter, tuple(names), np.array(found).reshape(len(names), len(was)), was)

    @copied
    def frame(self):
        """change (as typed and in words), places moved on average and at most, who moves furthest, units that move."""
        import pandas

        ranked = self.was > 0
        far = np.abs(self.places - self.was)[:, ranked]
        units = [self.quarter.world.registers[id].unit.unit_name
                 for id, there in zip(self.quarter.world.cube.unit_ids, ranked, strict=True) if there]
        rows = [
            (name, self._says(name), round(float(moved.mean()), 2), int(moved.max()),
             units[int(moved.argmax())] if moved.any() else "", int((moved > 0).sum()))
            for name, moved in zip(self.changes, far, strict=True)
        ] if ranked.any() else []
        names = ["change", "says", "mean_moved", "furthest", "most_moved", "units_moved"]
        frame = pandas.DataFrame(rows, columns=names)
        return frame.sort_values(["mean_moved", "change"], ascending=[False, True]).reset_index(drop=True)

    def chart(self, most: int = SHOWN):
        """Bars, the longest first."""
        from pipelines.laboratory import charts

        return charts.tornado(self._frame.head(most), self.title)

    def _says(self, change: str) -> str:
        name, _, value = change.partition("=")
        return of_change(self.quarter.rulebook, name, value)


def _single(quarter):
    """(name, rulebook, readings) of every single change."""
    for name in changeable(quarter.rulebook):
        rule, field_ = name.split(".")
        for value in _steps(getattr(quarter.rulebook.rules[rule], field_), field_):
            yield f"{name}={value}", with_changes(quarter.rulebook, {name: value}), quarter.readings
    for id, values in alternatives(quarter.rulebook, quarter.readings).items():
        for value in values[1:]:
            yield f"{id}={value}", quarter.rulebook, {**quarter.readings, id: value}


def _steps(value: Fraction, name: str) -> list[str]:
    """The value a step lower and a step higher, inside its limits."""
    steps = (value - TARGET_STEP, value + TARGET_STEP) if name == "target" else (value / 2, value * 2)
    least, most = (Fraction(limit) for limit in LIMITS[name])
    inside = dict.fromkeys(half_up(min(max(step, least), most)) for step in steps)
    return [plain(step) for step in inside if step != value]
