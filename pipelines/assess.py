"""A quarter, scored: the seven stages called in order, for the command line, the flow and the tests alike."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from functools import cached_property, partial
from pathlib import Path

from pipelines.contracts.declared import load_contracts, of_book, unasked
from pipelines.contracts.history import figures_of
from pipelines.contracts.quality import checked_once, make_ready, start_quality
from pipelines.edges import process
from pipelines.edges.calendar import Calendar
from pipelines.edges.cluster import counting, place_of
from pipelines.edges.folders import claim, must_be_of, must_take
from pipelines.edges.located_yaml import DEMO_OFFICE, OFFICE, load_office
from pipelines.edges.machine import machine_fault
from pipelines.edges.published import (
    at_its_newest,
    counted_lists,
    counted_table,
    earlier_periods,
    keep_tallies,
    read_where_kept,
)
from pipelines.edges.runs import RUN, begun
from pipelines.edges.scratch import scratch
from pipelines.edges.warehouse import Warehouse
from pipelines.engines.cube import Cube
from pipelines.engines.marks import place
from pipelines.engines.standings import SecondOpinion
from pipelines.engines.vector import must_agree, second_opinion
from pipelines.evaluators.log import log_of, reached_by
from pipelines.exports.fix import write_fix_file
from pipelines.exports.mapping import load_source
from pipelines.laboratory.robustness import how_sure
from pipelines.lazy import lacking
from pipelines.libraries import inspect, last_day
from pipelines.model.contract import Absent, within
from pipelines.model.library import LibraryReport
from pipelines.model.measure import CASE_ROWS
from pipelines.model.period import After, Period
from pipelines.model.project import DUCKDB
from pipelines.model.rule import Item, Rulebook
from pipelines.model.score import (
    STAGES,
    CountedList,
    CountedRow,
    Earlier,
    HowSure,
    QuarantinedRow,
    ScoredPeriod,
    before,
)
from pipelines.model.tally import units_of
from pipelines.model.text import Panel
from pipelines.model.words import ContractStop, Refusal, UsageRefusal, Words, some_of
from pipelines.paths import STANDARD_RULES
from pipelines.publication.signatures import head_before
from pipelines.publication.state import load_settings
from pipelines.rulebook.load import choose_readings, load_rulebook, scored
from pipelines.scoring import compose
from pipelines.scoring.compose import must_compose, of_its_own
from pipelines.scoring.ledger import write_ledger, write_misses, write_own_evidence
from pipelines.scoring.opinions import draw, must_read_alike
from pipelines.stages.ingest import ingest
from pipelines.stages.judge import judge, must_know_groups
from pipelines.stages.measure import given_months, measure, must_have_prices, notices, tallies_in_force, with_before
from pipelines.stages.publish import Progress, named_in_rows, panel_of, panel_of_pages, publish, silent
from pipelines.stages.rank import give_verdicts, rank
from pipelines.stages.settle import settle, without_assessment
from pipelines.stages.validate import validate
from pipelines.wording import say

WITHOUT = Item("", Words("", ""), Fraction(0), "")  # of lines of the whole


@dataclass(frozen=True)
class Request:
    """What is asked for: which quarter, from where, to where, under which rules."""

    period: Period
    exports: Path
    out: Path = Path("out")
    cutoff: datetime | After | None = None  # the period's end where None
    readings: dict[str, str] = field(default_factory=dict)
    rules: Path = STANDARD_RULES
    source: Path | None = None
    pdf: bool = True
    office: Path | None = None  # settings of the bulletin, the project's own where None
    absent: tuple[str, ...] = ()  # tables and TABLE.COLUMN names that the exports do not hold
    counted: tuple[CountedList, ...] | None = None  # by earlier quarters; those published in ``out`` where None
    record_before: str | None = None  # the head that the bulletin shows; what ``out`` says of it where None
    settings: Path | None = None  # of publication, the project's own where None: which words name no evaluator
    city: str = ""  # as the project names it; the source mapping's or the rulebook's name where empty
    engine: str = DUCKDB  # what counts facts and tallies; SPARK on a cluster
    twice: bool | None = None  # whether accepted rows are checked a second time; None: where that is installed
    verifying: bool = False  # what was published is computed again: a mapping of the old form keeps its meaning


class Run:
    """One scoring of one quarter; the stages share a warehouse that is thrown away at the end.

    Use as a context manager. ``progress(stage, done, total)`` is called as work goes on.
    """

    stages = STAGES
    flow_run = ""  # its id in Prefect, where Prefect runs it

    def __init__(self, request: Request, progress: Progress = silent) -> None:
        self.request = request
        self.period = scored(request.rules, request.period)
        self.progress = progress
        self.calendar = Calendar.load()
        asked = request.cutoff or self.period.end
        self.cutoff = asked.of(self.period, self.calendar.add_working_days) if isinstance(asked, After) else asked
        if self.cutoff < self.period.end:
            raise UsageRefusal(say("assess.cutoff_too_early", cutoff=self.cutoff, end=self.period.end))
        self.rulebook = load_rulebook(request.rules, self.period)
        self.how = self.rulebook.made_of(self.period)
        self.readings = choose_readings(self.rulebook, request.readings)
        self.twice = not lacking("quality") if request.twice is None else request.twice
        self.office = load_office(request.office or OFFICE)
        self.contracts = within(of_book(load_contracts(), self.rulebook), self.period)
        self._note, self._scratch = ExitStack(), scratch(place_of(request.engine))
        self.work = self._scratch.__enter__()
        self.warehouse = Warehouse(spill=self.work)
        self.quality = self.validation = self.published = None
        self.panel = Panel(())
        self.coincidences = load_settings(request.settings).coincidences
        self.counted: tuple[CountedList, ...] = request.counted or ()
        self.counted_notices: tuple[Words, ...] = ()
        self.fix_notices: tuple[Words, ...] = ()
        self.history: tuple = ()  # what the export is like as a whole, beside the finished periods before
        self.unusual: tuple[Words, ...] = ()  # what of them is beside the finished periods before

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *raised: object) -> None:
        self._note.__exit__(*raised)
        if self.quality is not None:
            self.quality.stop()
        self.warehouse.close()
        self._scratch.__exit__(None, None, None)

    def run(self) -> "Run":
        """All stages, in order."""
        for number, stage in enumerate(self.stages):
            self.progress(stage, number, len(self.stages))
            getattr(self, stage)()
        self.progress("done", len(self.stages), len(self.stages))
        return self

    def check(self, twice: bool = False) -> tuple[Words, ...]:
        """Ingest and validate only; the reasons why a run would be stopped, none where it would not.

        ``twice``: the accepted rows are checked a second time, as a run does. That takes seconds of its own.
        """
        self.progress("ingest", 0, 2)
        self._read()
        if self.intake.stops:
            return self.intake.stops
        self.progress("validate", 1, 2)
        self._validate()
        return self.validation.stops or (self._checked_twice() if twice else ())

    def _checked_twice(self) -> tuple[Words, ...]:
        self._start_quality()
        try:
            self.quality.result()
        except ContractStop as stop:
            return (stop.words,)
        self.unusual = self.quality.warnings()
        return ()

    def _start_quality(self) -> None:
        self.history = figures_of(self.warehouse, self.contracts, self.intake, self.period, self.request.out)
        facts = (self.intake, self.validation, self.contracts, self.history, self.work)
        self.quality = start_quality(self.warehouse, *facts) if self.twice else checked_once(*facts)

    def ingest(self) -> None:
        """Export files → raw tables, a receipt per file; Refusal where nothing could be published in the end."""
        must_be_of(self.request.out, self.city)
        must_take(self.request.out, str(self.period))
        if self.how:
            must_compose(self.rulebook, self.readings, self.how, self.parts)
        self.evaluators  # noqa: B018 - a log that was forged stops the run before its work
        self._note.enter_context(begun(self.request.out, RUN, str(self.period), self.flow_run))
        self._read()
        stop_for(self.intake.stops)
        if self.twice:
            make_ready()

    def _read(self) -> None:
        request = self.request
        self.intake = ingest(
            self.warehouse,
            request.exports,
            self.contracts,
            request.source,
            absent=request.absent,
            verifying=request.verifying,
            measures=self.rulebook.measures.values(),
        )
        if self.intake.simulated and self.request.office is None:
            self.office = load_office(DEMO_OFFICE)  # an invented office for invented data
        self.warehouse.lock(self.work)

    def validate(self) -> None:
        """Raw rows × contracts → accepted rows and quarantine; the quality report begins beside the rest."""
        self._validate()
        stop_for(self.validation.stops)
        self._start_quality()

    def _validate(self) -> None:
        if self.request.counted is None:
            self.counted, self.counted_notices = counted_lists(self.request.out, self.period)
        else:
            self.counted = self.request.counted
        numbers = counted_table(self.counted)["case_id"].to_pylist()
        found = validate(
            self.warehouse, self.intake, self.contracts, self.period, self._placed_by.split("__")[0], numbers
        )
        if not self.request.verifying:  # what was published is public
            self.panel = panel_of(self.warehouse, self.coincidences)
            found = replace(found, stops=(*found.stops, *named_in_rows(self.warehouse, self.contracts, self.panel)))
        self.validation = found
        if not self.request.verifying:
            self._write_fix_file()
        if not found.stops:
            must_know_groups(self.rulebook, {row["unit_group"] for row in self.warehouse.records("tallies/units")})

    def _write_fix_file(self) -> None:
        found = (self.warehouse, self.intake, self.breaches, self.contracts)
        self.fix_notices = write_fix_file(*found, self.request.out, self.period)

    def score_again(self, table: str, rows: object) -> None:
        """Score with other accepted rows (Arrow) of a table, up to the places; after `check`, any number of times."""
        self.warehouse.store(f"accepted.{table}", rows)
        for known in ("_how_sure", "_places"):
            self.__dict__.pop(known, None)
        for stage in self.stages[self.stages.index("measure") : self.stages.index("publish")]:
            getattr(self, stage)()

    def measure(self) -> None:
        """Accepted rows → facts → tallies, and the tallies under the readings in force; rows are judged twice."""
        register = self.validation.register
        seed = "".join(sorted(receipt.sha256 for receipt in self.intake.receipts))
        drawn = partial(draw, self.warehouse, seed)
        with counting(self.request.engine, self.warehouse, self.work) as counter:
            measure(counter, self.period, self.cutoff, self.rulebook, self.calendar, self.counted, register, drawn)
        must_read_alike(self.warehouse, self.period, self.cutoff, self.rulebook, self.calendar, seed)
        must_have_prices(self.warehouse, self.rulebook, self.readings)
        self.tallies = with_before(
            self.warehouse,
            tallies_in_force(self.warehouse, self.period, self.rulebook, self.readings, self.absent),
            self.request.out,
            self.period,
            self.rulebook,
            self.readings,
            register,
        )

    @cached_property
    def parts(self) -> dict[Period, Earlier | None]:
        """What the periods published that make this one, in their order; None where there is nothing."""
        wanted = self.period.parts(self.how.of) if self.how else ()
        return {part: at_its_newest(self.request.out, part) for part in wanted}

    @cached_property
    def scored_by(self) -> Rulebook:
        """The rulebook; of a period that is made of others what is left to judge in it."""
        return of_its_own(self.rulebook, self.how, len(self.parts)) if self.how else self.rulebook

    @property
    def absent(self) -> Absent:
        """What is declared absent."""
        return Absent(self.intake.not_scored)

    def judge(self) -> None:
        """Rulebook × tallies → findings; what is unusual in the export as a whole is known before."""
        if self.quality is not None:
            self.unusual = self.quality.warnings()
        self.findings, self.trace = judge(self.scored_by, self.readings, self.tallies, self.period.months)

    def settle(self) -> None:
        """Findings → item scores and ledger; the second judge must come to the same scores."""
        book, months = self.scored_by, self.period.months
        self.scores, entries, fired = settle(book, self.readings, self.findings, self.tallies, months)
        self.trace = (*self.trace, *fired)
        if self.how:
            self.scores, own = compose.compose(book, self.how, self.parts, self.tallies, self.scores)
            entries = [*(entry for entry in entries if book.items.get(entry.item_id, WITHOUT).only), *own]
        self._write_ledger(entries)
        again = second_opinion(self.warehouse, self.period, book, self.readings, self.tallies, self.absent)
        if self.how:
            again = compose.recompose(book, self.how, self.parts, self.tallies, again)
        must_agree(self.scores, again)
        self.rescored = again

    def _write_ledger(self, entries: list) -> None:
        write_ledger(
            self.warehouse,
            self.period,
            self.scored_by,
            self.readings,
            entries,
            self.scores,
            self.intake.flagged,
            self.absent.measures(self.rulebook.measures),
            groups={id: unit.unit_group for id, unit in units_of(self.tallies).items()},
            given=given_months(self.tallies, self.period.months),
            layouts=self.rulebook.marks,
        )

    def rank(self) -> None:
        """Scores → places and verdicts, both judged twice."""
        asked = self.request.record_before
        self.record_before = head_before(self.request.out, self.period) if asked is None else asked
        found, register = earlier_periods(self.request.out, self.period), self.validation.register
        self.earlier = tuple(register.carried(one, self.period) for one in found)
        book = self.scored_by
        self.standings = rank(book, self.readings, self.tallies, self.scores)
        known = (before(self.earlier, self.period), self._steady)
        self.verdicts, fired = give_verdicts(book, self.standings, self.scores, self.tallies, *known)
        units = units_of(self.tallies)
        again = SecondOpinion(book, self.readings, self.rescored, units, *known)
        again.must_place_alike(self.standings)
        again.must_agree_on_verdicts(self.verdicts)
        self.trace = (*self.trace, *fired)

    def publish(self) -> None:
        """The scored period → pages, tables, feed and manifest, switched into place at once."""
        self._places  # noqa: B018 - begins beside what follows
        kept = keep_tallies(
            self.warehouse,
            self.tallies,
            self.rulebook.marks,
            self.request.rules,
            self.work / "kept",
            self.intake.flagged,
            self.absent.names,
        )
        read_where_kept(self.warehouse, self.rulebook.marks, kept)
        self.write_misses()
        claim(self.request.out, self.city)
        self.progress("places", 0, 1)
        self._write_own_evidence()
        found = self.result()
        self.published = publish(
            self.warehouse,
            replace(found, place_ranges=self._how_sure.ranges, reread=self._how_sure.reread),
            self.request.out,
            self.request.pdf,
            self.quality.result,
            self.progress,
            kept,
            panel_of_pages(self.warehouse, self.contracts, self.panel, self.request.rules),
        )

    def write_misses(self) -> None:
        """The rows behind every rate, which the pages show; after `settle`."""
        write_misses(
            self.warehouse,
            self.period,
            self.scored_by,
            self.readings,
            self.scores,
            self.absent.measures(self.rulebook.measures),
            groups={id: tally.unit.unit_group for id, tally in self.tallies.items()},
            given=given_months(self.tallies, self.period.months),
        )

    def _write_own_evidence(self) -> None:
        """What a unit may see of its misses beyond its public page, in the restricted folder."""
        found = (self.warehouse, self.rulebook, self.readings, self.contracts)
        try:
            write_own_evidence(*found, self.request.out, self.period)
        except OSError as problem:
            facts = {"folder": self.request.out, "why": machine_fault(problem)}
            raise Refusal(say("publish.cannot_write", **facts)) from None

    @cached_property
    def _how_sure(self) -> HowSure:
        """How sure every place is. None is known where parts make the period."""
        return self._places.result()

    @cached_property
    def _places(self) -> process.Beside[HowSure]:
        """The work of finding it, which begins here; read while the warehouse is open."""
        work: Callable[[], HowSure] = HowSure
        if not self.how:
            made_of = (self.rulebook.marks, self.rulebook.measures, self.tallies, self.period.months, self.absent)
            cube = Cube.prepare(self.warehouse.arrow("tallies.cube"), *made_of)
            work = partial(how_sure, cube, self.rulebook, self.readings, self.standings, run_each=process.in_two)
        return self._note.enter_context(process.Beside(work))

    @property
    def _steady(self) -> dict[str, int]:
        """Of every ranked unit, how many places chance leaves open; worked out early where a verdict asks."""
        asked = any("steady" in verdict.facts for verdict in self.rulebook.verdicts)
        return {id: one.open_places for id, one in self._how_sure.ranges.items()} if asked else {}

    @cached_property
    def city(self) -> str:
        """Whose quarter this is: as the project, else the source mapping, else the rulebook's edition names it."""
        if self.request.city:
            return self.request.city
        if self.request.source is None:
            return self.rulebook.edition
        return load_source(Path(self.request.source), self.contracts, self.request.verifying).name

    @property
    def rows(self) -> dict:
        """Rows read, accepted and quarantined by table; empty before they are validated."""
        return self.validation.rows if self.validation else {}

    @property
    def breaches(self) -> tuple:
        """Every broken promise of the quarantined rows."""
        return self.validation.breaches if self.validation else self.intake.breaches

    @property
    def warnings(self) -> tuple:
        """Broken promises of rows that were kept."""
        return self.validation.warnings if self.validation else self.intake.warnings

    def notices(self) -> tuple[Words, ...]:
        """Everything worth one line, from the files to the pages."""
        of_files = tuple(notice for receipt in self.intake.receipts for notice in receipt.notices)
        of_contracts = self.validation.notices if self.validation else ()
        of_pages = self.published.notices if self.published else ()
        observed = self.observations if self.published else self.unusual
        of_book = (*self.rulebook.notices, *self._absent())
        once = () if self.twice or self.quality is None else (say("quality.once"),)
        return (*once, *of_book, *self.intake.notices, *of_files, *of_contracts, *observed, *of_pages)

    def _absent(self) -> tuple[Words, ...]:
        tables = self.intake.absent_tables
        titles = {name: contract.title for name, contract in self.contracts.tables.items()}
        named = Words("、".join(titles[name].zh for name in tables), ", ".join(tables))
        return (say("ingest.absent_tables", tables=named),) if tables else ()

    def result(self) -> ScoredPeriod:
        """The scored quarter as one value."""
        return ScoredPeriod(
            period=self.period,
            cutoff=self.cutoff,
            rulebook=self.rulebook,
            readings=self.readings,
            intake=self.intake,
            validation=self.validation,
            tallies=self.tallies,
            scores=self.scores,
            standings=tuple(self.standings),
            verdicts=tuple(self.verdicts),
            trace=tuple(self.trace),
            calendar_sha256=self.calendar.sha256,
            earlier=self.earlier,
            office=self.office,
            observations=self.observations,
            libraries=self.libraries,
            counted=self.counted,
            counted_rows=self.counted_rows,
            evaluators=self.evaluators,
            record_before=self.record_before,
            city=self.request.city,
            zone=process.project().zone,
            checked_twice=self.twice,
            accounts=self.accounts,
            received=self.received,
            parts=tuple(self.parts.items()),
            quarantined=self.quarantined,
        )

    @cached_property
    def accounts(self) -> tuple[dict, ...]:
        """What became of every unit's case rows; read while the warehouse is open."""
        left_out = self.readings.get("counted_before") == "left_out"
        return tuple(self.warehouse.records_template("publish/accounts", place=self._placed_by, again=left_out))

    @cached_property
    def received(self) -> tuple[dict, ...]:
        """What came in by channel and matter; read while the warehouse is open, nothing without the two tables."""
        tables = ("cases", "matters")
        if self.intake.absent_tables and set(tables) & {*self.intake.absent_tables}:
            return ()
        return tuple(self.warehouse.records_template("publish/received", place=self._placed_by))

    @cached_property
    def quarantined(self) -> tuple[QuarantinedRow, ...]:
        """The case rows of known units that are kept out; read while the warehouse is open."""
        dropped = {(one.file, one.line) for one in self.intake.mended if not one.used}
        found = (QuarantinedRow(*row) for row in self.warehouse.rows("publish/quarantined"))
        return tuple(row for row in found if (row.file, row.line) not in dropped)

    @property
    def _placed_by(self) -> str:
        """The moment that places a case row in the period, under the readings in force."""
        return place(self.rulebook.measures[CASE_ROWS], self.readings)

    @cached_property
    def evaluators(self) -> str:
        """The hash of the evaluators' log of this output folder at the cutoff, "" where there is none."""
        return reached_by(log_of(self.request.out), self.cutoff)

    @cached_property
    def counted_rows(self) -> tuple[CountedRow, ...]:
        """Case rows left out because an earlier published quarter counted them; read while the warehouse is open."""
        if self.readings.get("counted_before") != "left_out":
            return ()
        place = self.rulebook.marks[CASE_ROWS].places.index(self._placed_by)
        return tuple(CountedRow(*row) for row in self.warehouse.rows_template("publish/counted_before", place=place))

    @cached_property
    def libraries(self) -> LibraryReport | None:
        """The matter library and the knowledge base on the last day before the cutoff; None without their tables."""
        on = last_day(self.cutoff)
        return inspect(self.warehouse, self.period, on, self.rulebook, self.calendar, self.intake, self.breaches)

    @cached_property
    def observations(self) -> tuple[Words, ...]:
        """What is worth a line in the summary though it breaks no promise; read while the warehouse is open."""
        # a book without this reading asks nothing of evaluations
        found = self.warehouse.rows("tallies/observations", clock=self.readings.get("evaluation_clock"))
        counted = (*self._doubled, *(say(f"assess.{name}", n=n) for name, n in found if n))
        again = tuple(
            say("assess.counted_before", unit=row.unit_id, case=row.case_id, period=row.counted_in)
            for row in self.counted_rows
        )
        lacking = "、".join(str(part) for part, found in self.parts.items() if found is None)
        parts = (say(f"assess.parts_{self.how.missing}", parts=lacking),) if self.how and lacking else ()
        of_marks = without_assessment(self.scores, self.tallies)
        figures = notices(self.warehouse, self.tallies, self.rulebook)
        of_earlier = (*self.counted_notices, *again, *self._unasked, *counted)
        return (*self.unusual, *of_marks, *parts, *figures, *of_earlier)

    @property
    def _doubled(self) -> tuple[Words, ...]:
        """Cases that say the same under several numbers, the first of them named."""
        found = self.warehouse.rows("tallies/doubled")
        named = some_of([f"{first} = {last}" for first, last in found])
        return (say("assess.cases_doubled", n=len(found), cases=named),) if found else ()

    @property
    def _unasked(self) -> tuple[Words, ...]:
        """The tables whose rows lie there though the rulebook asks nothing of them."""
        rows = {table: self.rows[table].accepted for table in unasked(self.rulebook)}
        titles = {table: self.contracts.tables[table].title for table in rows}
        return tuple(say("assess.unasked", n=n, title=titles[table].zh, table=table) for table, n in rows.items() if n)


def stop_for(stops: tuple[Words, ...]) -> None:
    """ContractStop with everything that stands against going on, where there is anything."""
    if stops:
        raise ContractStop(joined(stops))


def joined(reasons: tuple[Words, ...]) -> Words:
    """Several sentences as one text, a line each."""
    return Words("\n".join(reason.zh for reason in reasons), "\n".join(reason.en for reason in reasons))
