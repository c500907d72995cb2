"""A province: the finished periods of its cities, ranked together by its own rulebook; tallies alone, never cases."""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from pipelines.assess import joined
from pipelines.edges import folders, published
from pipelines.edges.calendar import Calendar
from pipelines.edges.fingerprints import code_version, file_sha256, folder_sha256
from pipelines.edges.folders import MANIFEST
from pipelines.edges.machine import machine_fault
from pipelines.edges.paper import font_beside
from pipelines.edges.process import processors
from pipelines.edges.published import ranking_of
from pipelines.edges.tablefiles import write_csv, write_json
from pipelines.edges.templates import render
from pipelines.edges.warehouse import Warehouse
from pipelines.engines.cube import Cube
from pipelines.engines.standings import SecondOpinion
from pipelines.engines.vector import must_agree, second_opinion
from pipelines.laboratory.finished import Manifest, readable, rulebook_of, table_of
from pipelines.lazy import compute as pc
from pipelines.lazy import pyarrow
from pipelines.model.condition import NOTHING_KNOWN
from pipelines.model.contract import NOTHING, Absent
from pipelines.model.intake import Intake, Validation
from pipelines.model.measure import CASE_ROWS
from pipelines.model.period import After, Period
from pipelines.model.rule import Rule, Rulebook
from pipelines.model.score import ScoredPeriod, UnitScore
from pipelines.model.tally import UnitTally
from pipelines.model.words import ContractStop, NotAllowed, Refusal, UsageRefusal
from pipelines.paths import STANDARD_RULES
from pipelines.rulebook.load import choose_readings, load_rulebook, scored
from pipelines.stages.judge import judge, must_know_groups
from pipelines.stages.measure import counted
from pipelines.stages.publish import silent
from pipelines.stages.rank import give_verdicts, rank
from pipelines.stages.settle import settle
from pipelines.views.frame import SUFFIX
from pipelines.views.province import BETWEEN, Province, tables
from pipelines.wording import say

FOLDER = "roll-up"  # below the output folder, apart from a city's own periods
DELIVERED = (MANIFEST, "ranking.csv")  # with the rulebook, and the tallies beside
VERSION = "1.0"
SHARE = 2_000  # units for which a process of their own is worth its start


@dataclass(frozen=True)
class Request:
    """What is asked for: ``cities`` holds a folder for every city, ``without`` those that are left out by name."""

    period: Period
    cities: Path
    rules: Path = STANDARD_RULES
    out: Path = Path("out")
    cutoff: datetime | After | None = None  # the period's end where None
    readings: Mapping[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    name: str = ""  # of the province, the rulebook's edition where empty


@dataclass(frozen=True)
class City:
    """A city's finished period as the province reads it; units have the city before their ids and names."""

    name: str
    simulated: bool
    provenance: Mapping[str, str]  # edition and sha256 of its rulebook, sha256 of its manifest
    tallies: Mapping[str, str]  # sha256 of every file that was read of them
    registers: dict[str, UnitTally]
    cube: Any  # pyarrow.Table


class RollUp:
    """A province's ranking, made stage by stage; ``progress(stage, done, total)`` is called as work goes on."""

    stages = ("read", "judge", "rank", "publish")

    def __init__(self, request: Request, progress: Callable[[str, int, int], None] = silent) -> None:
        self.request, self.progress = request, progress
        self.period = scored(request.rules, request.period)
        self.book = load_rulebook(request.rules, self.period)
        if self.book.made_of(self.period):
            raise UsageRefusal(say("roll_up.composed", period=self.period))
        self.readings = choose_readings(self.book, dict(request.readings))
        asked = request.cutoff or self.period.end
        self.cutoff = asked.of(self.period, Calendar.load().add_working_days) if isinstance(asked, After) else asked
        self.warehouse = Warehouse()

    def __enter__(self) -> "RollUp":
        return self

    def __exit__(self, *raised: object) -> None:
        self.warehouse.close()

    def run(self) -> "RollUp":
        """All stages, in order."""
        for number, stage in enumerate(self.stages):
            self.progress(stage, number, len(self.stages))
            getattr(self, stage)()
        self.progress("done", len(self.stages), len(self.stages))
        return self

    def read(self) -> None:
        """Every city, or a ContractStop with all that does not fit; nothing is written then."""
        names = _named(self.request.cities)
        for name in self.request.without:
            if name not in names:
                raise UsageRefusal(say("roll_up.no_city", city=name, cities="、".join(names)))
        self.cities, reasons = [], []
        self._books: dict[str, Rulebook] = {}
        for name in (name for name in names if name not in self.request.without):
            try:
                self.cities.append(self._city(name))
            except Refusal as refusal:
                reasons.append(say("roll_up.misfit", city=name, why=refusal.words))
        if reasons or not self.cities:
            raise ContractStop(joined((*reasons, say("roll_up.none" if not reasons else "roll_up.mend"))))
        self.left_out = tuple(name for name in names if name in self.request.without)
        registers = {id: one for city in self.cities for id, one in city.registers.items()}
        must_know_groups(self.book, {one.unit.unit_group for one in registers.values()})
        self.warehouse.store("tallies.cube", pyarrow.concat_tables([city.cube for city in self.cities]))
        self.tallies = counted(self.warehouse, registers, self.period, self.book, self.readings)

    def _city(self, name: str) -> City:
        """One city; a Refusal with file, what and remedy where it does not fit."""
        folder = (self.request.cities / name / str(self.request.period)).resolve()
        if not (folder / MANIFEST).is_file():
            raise UsageRefusal(say("roll_up.no_period", file=folder / MANIFEST, period=self.period))
        manifest = Manifest.read(folder)
        if str(manifest.period) != str(self.period):
            raise UsageRefusal(say("roll_up.other_period", file=folder / MANIFEST, found=manifest.period))
        if manifest.cutoff != self.cutoff:
            facts = {"file": folder / MANIFEST, "found": manifest.cutoff, "cutoff": self.cutoff}
            raise UsageRefusal(say("roll_up.other_cutoff", **facts))
        lines = ranking_of(table_of(folder, "ranking.csv", manifest.outputs).parent)
        beside = published.tallies_of(folder)
        if not beside.is_dir():
            raise UsageRefusal(say("roll_up.no_tallies", file=beside))
        with readable(folder, folder / MANIFEST):
            rulebook = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["rulebook"]
            provenance = {"edition": str(rulebook["edition"]), "rulebook_sha256": str(rulebook["sha256"])}
        provenance["manifest_sha256"] = file_sha256(folder / MANIFEST)
        own = self._book(folder, provenance["rulebook_sha256"])
        with readable(folder, beside):
            layouts = published.read_layouts(folder)
            self._must_fit(folder, own, layouts, Absent(published.read_absent(folder)))
            cube, registers = published.read_kept(folder, published.CUBE), published.read_registers(folder)
            prepared = Cube.prepare(cube, layouts, own.measures, registers, self.period.months)
            rows = prepared.whole(CASE_ROWS, manifest.readings).tolist()
        for unit, n in zip(prepared.unit_ids, rows, strict=True):
            if n != int(lines.pop(unit, {}).get("case_rows", -1)):
                raise UsageRefusal(say("roll_up.not_as_published", file=beside, unit=unit))
        for unit in lines:
            raise UsageRefusal(say("roll_up.not_as_published", file=beside, unit=unit))
        ids = pc.binary_join_element_wise(name, cube["unit_id"], BETWEEN)
        cube = cube.set_column(cube.column_names.index("unit_id"), "unit_id", ids)
        read = sorted(file.name for file in beside.iterdir() if not _of_cases([file.name]))
        hashes = {file: file_sha256(beside / file) for file in read}
        return City(name, manifest.simulated, provenance, hashes, dict(_of_province(name, registers)), cube)

    def _book(self, folder: Path, sha256: str) -> Rulebook:
        """The rulebook that a city was scored by; one that many share is read once."""
        if sha256 == self.book.sha256:
            return self.book
        if sha256 not in self._books:
            self._books[sha256] = rulebook_of(folder, self.period)
        return self._books[sha256]

    def _must_fit(self, folder: Path, own: Rulebook, layouts: Any, absent: Absent) -> None:
        """UsageRefusal where the province cannot count by what a city's run has counted."""
        beside, book = published.tallies_of(folder), self.book
        if layouts is None or published.written(layouts) != published.written(book.marks):
            known = {} if layouts is None else {id: own.measures.get(id) for id in book.measures}
            other = [id for id in book.measures if known.get(id) != book.measures[id]]
            facts = {"file": beside / published.LAYOUT, "measures": "、".join(other) or "—"}
            raise UsageRefusal(say("roll_up.other_measures", **facts))
        if dict(own.evaluation) != dict(book.evaluation):
            raise UsageRefusal(say("roll_up.other_evaluation", file=folder / published.RULEBOOK))
        changes = [rule for rule in book.rules.values() if rule.kind == "change"]
        if other := [rule.id for rule in changes if _compares(own.rules.get(rule.id)) != _compares(rule)]:
            raise UsageRefusal(say("roll_up.other_change", file=folder / published.RULEBOOK, rules="、".join(other)))
        if lacking := sorted(absent.measures(book.measures)):
            raise UsageRefusal(say("roll_up.lacking", file=beside / "absent.parquet", measures="、".join(lacking)))

    def judge(self) -> None:
        """Rulebook × tallies → scores, on every core where units are many; the second judge must come to the same."""
        ids, share = [*self.tallies], max(SHARE, -(-len(self.tallies) // processors()))
        shares = [{id: self.tallies[id] for id in ids[first : first + share]} for first in range(0, len(ids), share)]
        score = partial(scores_of, self.book, self.readings, self.period.months)
        if len(shares) > 1:
            with ProcessPoolExecutor(len(shares), get_context("spawn")) as pool:
                found = [*pool.map(score, shares)]
        else:
            found = [score(one) for one in shares]
        self.scores = {id: one for part in found for id, one in part.items()}
        self.again = second_opinion(self.warehouse, self.period, self.book, self.readings, self.tallies, NOTHING)
        must_agree(self.scores, self.again)

    def rank(self) -> None:
        """Scores → places and verdicts, both judged twice."""
        self.standings = rank(self.book, self.readings, self.tallies, self.scores)
        known = (NOTHING_KNOWN, {})
        self.verdicts, _ = give_verdicts(self.book, self.standings, self.scores, self.tallies, *known)
        units = {id: tally.unit for id, tally in self.tallies.items()}
        again = SecondOpinion(self.book, self.readings, self.again, units, *known)
        again.must_place_alike(self.standings)
        again.must_agree_on_verdicts(self.verdicts)

    @cached_property
    def result(self) -> ScoredPeriod:
        """The province as one value, as pages and tables take it."""
        return ScoredPeriod(
            period=self.period,
            cutoff=self.cutoff,
            rulebook=self.book,
            readings=self.readings,
            intake=Intake((), (), {}, (), (), simulated=any(city.simulated for city in self.cities)),
            validation=Validation({}, (), ()),
            tallies=self.tallies,
            scores=self.scores,
            standings=tuple(self.standings),
            verdicts=tuple(self.verdicts),
            trace=(),
            calendar_sha256="",
            city=self.request.name or "",
        )

    def summary(self) -> dict[str, object]:
        """What came of it, for machines."""
        return {
            "period": str(self.period),
            "folder": str(self.folder),
            "cities": [{"city": city.name, "units": len(city.registers), **city.provenance} for city in self.cities],
            "left_out": list(self.left_out),
            "units": len(self.standings),
            "ranked": sum(standing.ranked for standing in self.standings),
        }

    def publish(self) -> None:
        """Tables, pages and manifest, switched into place at once; Refusal where they cannot be written."""
        out, result = self.request.out / FOLDER, self.result
        pages = Province(result, [city.name for city in self.cities], self.left_out, say)
        try:
            with folders.staging(out) as folder:
                for name, (columns, rows) in tables(
                    pages, {city.name: city.provenance for city in self.cities}, say
                ).items():
                    write_csv(folder / f"{name}.csv", columns, rows)
                for kind in ("cities", "places"):
                    (folder / kind).mkdir()
                for lang in SUFFIX:
                    for file, template, page in pages.pages(lang):
                        (folder / file).write_text(render(template, page), encoding="utf-8")
                font_beside(folder, folder.rglob("*.html"))
                write_json(folder / MANIFEST, self._manifest(folder_sha256(folder)))
                self.folder = folders.put_in_place(out, str(self.period), folder)
        except OSError as problem:
            raise Refusal(say("publish.cannot_write", folder=out, why=machine_fault(problem))) from None

    def _manifest(self, outputs: Mapping[str, str]) -> dict:
        """What went into the ranking and what came out, by hash; no clock, no machine."""
        return {
            "version": VERSION,
            "roll_up": self.result.city or self.book.edition,
            "period": str(self.period),
            "cutoff": self.cutoff.isoformat(),
            "simulated": self.result.intake.simulated,
            "readings": dict(self.readings),
            "rulebook": {"edition": self.book.edition, "sha256": self.book.sha256},
            "cities": [{"city": city.name, **city.provenance, "tallies": city.tallies} for city in self.cities],
            "left_out": list(self.left_out),
            "code": code_version(),
            "outputs": outputs,
        }


def scores_of(
    book: Rulebook, readings: dict[str, str], months: tuple[str, ...], tallies: dict[str, UnitTally]
) -> dict[str, UnitScore]:
    """The scores of some units by the first judge; what rules ask of all others stands in their tallies."""
    findings, _ = judge(book, readings, tallies, months)
    return settle(book, readings, findings, tallies, months)[0]


def deliver(period: Period, out: Path, place: Path, name: str) -> Path:
    """A city's finished period for its province, in ``place/<name>``: what ranks its units, and no case.

    UsageRefusal where there is none, it keeps no tallies or has no name, NotAllowed where it is there already.
    """
    if not name:
        raise UsageRefusal(say("roll_up.no_name"))
    folder, target = (out / str(period)).resolve(), place / name / str(period)
    beside = published.tallies_of(folder)
    if not (folder / MANIFEST).is_file():
        raise UsageRefusal(say("roll_up.nothing", file=folder / MANIFEST, period=period))
    if not beside.is_dir():
        raise UsageRefusal(say("roll_up.no_tallies", file=beside))
    if target.exists():
        raise NotAllowed(say("roll_up.delivered", folder=target))
    try:
        shutil.copytree(folder / published.RULEBOOK, target / published.RULEBOOK)
        for file in DELIVERED:
            shutil.copyfile(folder / file, target / file)
        shutil.copytree(beside, published.tallies_of(target), ignore=lambda _, names: _of_cases(names))
    except OSError as problem:
        raise Refusal(say("publish.cannot_write", folder=target, why=machine_fault(problem))) from None
    return target


def _of_cases(names: Iterable[str]) -> list[str]:
    """Of the files beside a run those that a province has no need of: rows one by one, the pages of a preview."""
    return [
        name for name in names if name.startswith(published.ROWS) or not name.endswith((".parquet", published.LAYOUT))
    ]


def _named(place: Path) -> list[str]:
    """The cities of a folder, a folder each; UsageRefusal where there is none, and for a file among them."""
    if not place.is_dir():
        raise UsageRefusal(say("roll_up.no_folder", folder=place))
    found = sorted(one for one in place.iterdir() if not one.name.startswith("."))
    for one in found:
        if not one.is_dir():
            raise UsageRefusal(say("roll_up.stray", file=one))
    return [one.name for one in found]


def _of_province(city: str, registers: Mapping[str, UnitTally]) -> Iterator[tuple[str, UnitTally]]:
    """Units by their id in the province, the city before id and name."""
    for id, tally in registers.items():
        names = {"unit_id": f"{city}{BETWEEN}{id}", "unit_name": f"{city} {tally.unit.unit_name}"}
        unit = replace(tally.unit, **names, sort=None)  # no city's register orders another's units
        yield unit.unit_id, replace(tally, unit=unit)


def _compares(rule: Rule | None) -> tuple[str, ...]:
    """What a rule of change compares, and with which period."""
    return (rule.measure, rule.part, rule.of, rule.against) if rule else ()
