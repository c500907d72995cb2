"""The counts of a finished quarter, as a what-if needs them: all of them, or without some units or cases."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from pipelines.edges import tallies as kept
from pipelines.edges.warehouse import Warehouse
from pipelines.edges.wording import say
from pipelines.engines.cube import Cube
from pipelines.laboratory.finished import readable, rulebook_of
from pipelines.model.absence import NOTHING, Absent
from pipelines.model.period import Period
from pipelines.model.refusals import UsageRefusal
from pipelines.model.rule import Rulebook
from pipelines.model.tally import UnitTally
from pipelines.stages.kept import Kept
from pipelines.stages.measure import tally


@dataclass(frozen=True, eq=False)
class World:
    """Who is scored and on what; ``registers`` are tallies without counts, by unit_id in order."""

    folder: Path
    period: Period
    registers: dict[str, UnitTally]
    kept: Kept
    rulebook: Rulebook  # whose measures count
    without_cases: tuple[str, ...] = ()
    absent: Absent = NOTHING

    @classmethod
    def open(cls, folder: Path, period: Period, cutoff: datetime) -> "World":
        """The world of a finished run's folder."""
        with readable(folder, kept.tallies_of(folder)):
            rulebook = rulebook_of(folder, period)
            tallies = Kept.open(folder, period, cutoff, rulebook)
            absent = Absent(kept.read_absent(folder))
            return cls(folder, period, kept.read_registers(folder), tallies, rulebook, absent=absent)

    def without(self, units: Iterable[str] = (), cases: Iterable[str] = ()) -> "World":
        """The same without these units (by id or name) and cases (by id); UsageRefusal for one that is not there."""
        gone = {self.unit(given) for given in units}
        cases = tuple(sorted({*self.without_cases, *cases}))
        if cases != self.without_cases:
            _must_be_known(cases, self.kept.known_cases())
        left = {id: register for id, register in self.registers.items() if id not in gone}
        return replace(self, registers=left, without_cases=cases) if gone or cases != self.without_cases else self

    @cached_property
    def cube(self) -> Cube:
        """The tally cube of these units, without the cases left out."""
        with readable(self.folder, kept.tallies_of(self.folder)):
            table = self._counted() if self.without_cases else self.kept.cube
            return Cube.prepare(
                kept.only_units(table, self.registers), self.kept.layouts, self.rulebook.measures, self.registers,
                self.period.months, self.absent,
            )  # fmt: skip

    def under(self, rulebook: Rulebook) -> "World":
        """The same as the measures of this book count it."""
        return self if rulebook.measures == self.rulebook.measures else replace(self, rulebook=rulebook)

    def _counted(self):
        """The cube counted anew, by the queries of a run."""
        warehouse = Warehouse()
        try:
            self.store_rows(warehouse, self.rulebook)
            return warehouse.arrow("tallies.cube")
        finally:
            warehouse.close()

    def store_rows(self, warehouse: Warehouse, rulebook: Rulebook) -> None:
        """The marked rows of these units, without the cases left out, in a warehouse, and their tally."""
        with readable(self.folder, kept.tallies_of(self.folder)):
            for counts in self.kept.layouts:
                rows = self.kept.rows(counts, self.registers, self.without_cases)
                warehouse.store(f"facts.{counts}_marked", rows)
        tally(warehouse, self.kept.layouts, rulebook)

    def unit(self, given: str) -> str:
        """The id of the unit with this id or name; UsageRefusal with the nearest names for one that is not there."""
        names = {register.unit.unit_name: id for id, register in self.registers.items()}
        if given in self.registers:
            return given
        if given in names:
            return names[given]
        raise unknown_unit(given, self.period, (*self.registers, *names))


def unknown_unit(given: str, period: Period, known: Iterable[str]) -> UsageRefusal:
    """The refusal for a unit that the quarter does not have, with the nearest names."""
    known = list(known)
    near = get_close_matches(str(given), known, n=3, cutoff=0.3) or known[:3]
    return UsageRefusal(say("published.no_unit", given=given, period=period, near=" ".join(near)))


def _must_be_known(cases: Iterable[str], known: list[str]) -> None:
    there = set(known)
    for case in cases:
        if case not in there:
            near = get_close_matches(case, known[:20_000], n=1, cutoff=0.3) or known[:1] or ["–"]
            raise UsageRefusal(say("laboratory.no_case", case=case, near=near[0]))
