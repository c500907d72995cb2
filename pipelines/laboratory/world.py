"""The counts of a finished quarter, as a what-if needs them: all of them, or without some units or cases."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from pipelines.edges import tallies as kept
from pipelines.edges.wording import say
from pipelines.engines.cube import Cube
from pipelines.laboratory.finished import readable
from pipelines.model.absence import NOTHING, Absent
from pipelines.model.period import Period
from pipelines.model.refusals import UsageRefusal
from pipelines.model.tally import UnitTally
from pipelines.rulebook.measures import absent


@dataclass(frozen=True, eq=False)
class World:
    """Who is scored and on what; ``registers`` are tallies without counts, by unit_id in order."""

    folder: Path
    period: Period
    registers: dict[str, UnitTally]
    without_cases: tuple[str, ...] = ()
    absent: Absent = NOTHING

    @classmethod
    def open(cls, folder: Path, period: Period) -> "World":
        """The world of a finished run's folder."""
        with readable(folder, kept.tallies_of(folder)):
            return cls(folder, period, kept.read_registers(folder), absent=absent(kept.read_absent(folder)))

    def without(self, units: Iterable[str] = (), cases: Iterable[str] = ()) -> "World":
        """The same without these units (by id or name) and cases (by id); UsageRefusal for one that is not there."""
        gone = {self.unit(given) for given in units}
        cases = tuple(sorted({*self.without_cases, *cases}))
        if cases != self.without_cases:
            _must_be_known(cases, kept.known_cases(self.folder))
        left = {id: register for id, register in self.registers.items() if id not in gone}
        return replace(self, registers=left, without_cases=cases) if gone or cases != self.without_cases else self

    @cached_property
    def cube(self) -> Cube:
        """The tally cube of these units, without the cases left out."""
        with readable(self.folder, kept.tallies_of(self.folder)):
            cube, quarter = self._tables()
            return Cube.prepare(cube, quarter, self.registers, self.period.months, self.absent)

    def occurrences(self) -> dict:
        """Late case rows and incidents, as the ledger's queries read them."""
        with readable(self.folder, kept.tallies_of(self.folder)):
            return kept.read_occurrences(self.folder, self.registers, self.without_cases)

    def _tables(self) -> tuple:
        if self.without_cases:
            cube, quarter = kept.recount(self.folder, self.period.months, self.without_cases)
        else:
            cube, quarter = (kept.read_kept(self.folder, name) for name in ("cube", "quarter"))
        return kept.only_units(cube, self.registers), kept.only_units(quarter, self.registers)

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
