"""A running period at an instant: what is known then, what of it is lost, and what every open row would cost."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from functools import cache, cached_property
from itertools import starmap
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipelines.assess import Request, Run, stop_for
from pipelines.edges import process
from pipelines.edges.folders import must_be_of
from pipelines.engines.cube import Cube, Rows
from pipelines.engines.marks import place, variant
from pipelines.engines.vector import Rescored, as_shown, must_agree, rescore
from pipelines.lazy import pyarrow
from pipelines.model.contract import Contracts, TableContract
from pipelines.model.measure import (
    CASE_ROWS,
    CUTOFF,
    DERIVED,
    TABLE_OF,
    All,
    AnyOf,
    Compare,
    Condition,
    Not,
    columns_of,
)
from pipelines.model.rule import Rulebook
from pipelines.model.score import Standing, UnitScore
from pipelines.model.tally import WORD, Marks, Unit
from pipelines.model.words import UsageRefusal
from pipelines.running import moved
from pipelines.running.findings import WATCH, find, load_watch, warn
from pipelines.running.moved import first_of, numbered
from pipelines.stages.judge import judge
from pipelines.stages.measure import rows_of, view_rows
from pipelines.stages.publish import silent
from pipelines.stages.rank import rank
from pipelines.stages.settle import settle
from pipelines.wording import say

# What units can still do about their rows: the moments that the book's measures ask for, and until when.


@dataclass(frozen=True)
class Act:
    """Something done to a row of the counted table ``counts``: its moment ``event``, to come until ``deadline``.

    Both are columns of the table's rows; "" for an act without a deadline of its own.
    """

    counts: str
    event: str
    deadline: str


def acts_of(rulebook: Rulebook, readings: Mapping[str, str], contracts: Contracts) -> dict[str, tuple[Act, ...]]:
    """The acts of every counted table: the events that a measure asks for, but for that by which a row came."""
    found = {}
    for counts, marks in rulebook.marks.items():
        table = contracts.tables.get(TABLE_OF.get(counts, counts))
        asked = set().union(*(columns_of(one) for one in marks.conditions)) if marks.conditions else set()
        events = [name for name in (events_of(table) if table else ()) if name in asked and name != arrival_of(table)]
        found[counts] = tuple(Act(counts, name, _deadline(name, counts, rulebook, readings, table)) for name in events)
    return {counts: acts for counts, acts in found.items() if acts}


def events_of(table: TableContract) -> list[str]:
    """The columns of what happens to a row."""
    return [one.name for one in table.columns.values() if one.type == "timestamp" and not one.deadline]


def arrival_of(table: TableContract) -> str:
    """The column of the moment by which a row is known: the first that every row has; "" where there is none."""
    kinds = ("timestamp", "date")
    named = (one for one in table.columns.values() if one.type in kinds and one.required and not one.deadline)
    return next((one.name for one in named if not one.validity), "")


def _deadline(event: str, counts: str, rulebook: Rulebook, readings: Mapping[str, str], table: TableContract) -> str:
    """The moment with which a measure compares the event, else the deadline that places the measure's rows."""
    measures = [one for one in rulebook.measures.values() if one.counts == counts]
    for node in (node for one in measures for part in one.where for node in _compared(part)):
        if node.column == event and node.other not in ("", CUTOFF):
            return variant(node.other, readings, counts)
    for measure in measures:
        by = place(measure, readings)
        if any(event in columns_of(part) for part in measure.where) and _is_deadline(by, table):
            return by
    return ""


def _is_deadline(column: str, table: TableContract) -> bool:
    known = table.columns.get(column)
    return known.deadline if known else column.split("__")[0] in DERIVED


def _compared(condition: Condition) -> Iterator[Compare]:
    match condition:
        case Compare():
            yield condition
        case Not(part=part):
            yield from _compared(part)
        case All(parts=parts) | AnyOf(parts=parts):
            for one in parts:
                yield from _compared(one)
        case _ if hasattr(condition, "options"):
            for _, part in condition.options:
                yield from _compared(part)


# A running period at an instant: what is known then, what of it is lost, and what every open row would cost.
#
# Three ends are counted by the queries and scored by the judges of a run. `missed`: nothing more is done until the
# cutoff. `held`: all that is still to be done is done at once. Between them lies one case missed, everything else held.


Progress = Callable[[str, int, int], None]
RATED, KNOWN = "public_rating", "known"
TO_COME = ("dissatisfied", "satisfied")  # ratings of which is asked what they would do
WHICH = ("open line", "open variant")  # what tells the rows apart that would be
HORIZONS = ("day", "three_days", "five_working_days", "end")
MOST_RATINGS = 30  # ratings to come that are counted one after the other
ALWAYS_KNOWN = ("units", "assessments", "evaluators")  # nothing tells since when
DECIDED = {"extensions": "decided_at"}  # the moment from which a row of these is what it says


class Step(NamedTuple):
    """One act that is still to be done on a row, and its price in hundredths of a point.

    ``cost``: the unit's total with everything done, less that with all but this act. ``cost_of_row``: with none of
    the row's acts. ``until`` is None for an act without a deadline; ``late`` where it has passed.
    """

    unit_id: str
    counts: str
    case_id: str
    ref_id: str
    event: str
    until: datetime | None
    late: bool
    cost: int
    cost_of_row: int


@dataclass(frozen=True)
class Due:
    """What falls due of a unit before a horizon: acts, rows, and what missing all of them costs, in hundredths."""

    acts: int = 0
    rows: int = 0
    cost: int = 0


@dataclass(frozen=True)
class Ratings:
    """Ratings to come of a unit's closed cases, those that a rate waits for, by case_id.

    ``falls_after`` so many of them dissatisfied, in this order, the total is lower by ``falls`` hundredths; by
    ``rises`` higher ``rises_after`` so many satisfied (0 = after none of the first ``MOST_RATINGS``).
    """

    cases: tuple[str, ...] = ()
    falls_after: int = 0
    falls: int = 0
    rises_after: int = 0
    rises: int = 0


@dataclass(frozen=True)
class UnitWatch:
    """A unit at the instant, in hundredths: by item what is ``held`` and what is left where all is ``missed``."""

    unit: Unit
    held: Mapping[str, int]
    missed: Mapping[str, int]
    held_total: int
    missed_total: int
    place: int | None
    due: Mapping[str, Due]
    ratings: Ratings
    evaluations: Mapping[str, int]  # evaluations whose limit ends before each horizon
    score: UnitScore = field(repr=False)  # with everything done, by the judge of record

    @property
    def at_risk(self) -> int:
        """What can still be lost."""
        return self.held_total - self.missed_total


@dataclass(frozen=True)
class Open:
    """The open rows of a counted table: their acts, and which of their bits are to be done."""

    counts: str
    acts: tuple[Act, ...]
    unit: np.ndarray
    case_id: pyarrow.ChunkedArray
    ref_id: pyarrow.ChunkedArray
    until: tuple[np.ndarray, ...]
    todo: np.ndarray
    unrated: np.ndarray
    rates: bool  # whether they are rows that the public rates
    alone: bool  # whether they are counted without a look at the other rows of their table


@dataclass(frozen=True)
class WouldBe:
    """The open rows as cells, by what is left undone: ``at`` tells a row's cell by mask and row, -1 for none.

    ``waiting`` tells it of the rows that wait for a rating, with all done; ``numbers`` are equal for equal cells, with
    -1 for none at the end; ``beside`` are the columns at which a condition looks together with a rating.
    """

    cells: Rows
    numbers: np.ndarray
    at: np.ndarray
    waiting: np.ndarray
    beside: Sequence[pyarrow.ChunkedArray]


class Watch(Run):
    """A run that looks at a running period at the instant ``at`` and publishes nothing. Use as a context manager."""

    stages = ("ingest", "validate", "measure", "find")

    def __init__(
        self, request: Request, at: datetime | None = None, progress: Progress = silent, rules: Path = WATCH
    ) -> None:
        super().__init__(request, progress)
        self.bounds = load_watch(rules)
        self.at = at or process.now().replace(microsecond=0)
        if self.how:
            raise UsageRefusal(say("running.composed", period=self.period, kind=say(f"period.kind_{self.how.of}")))
        if not self.period.start <= self.at <= self.cutoff:
            facts = {"at": self.at, "start": self.period.start, "cutoff": self.cutoff, "period": self.period}
            raise UsageRefusal(say("running.too_early" if self.at < self.period.start else "running.over", **facts))

    def ingest(self) -> None:
        """As a run, without asking for a place to publish."""
        must_be_of(self.request.out, self.city)
        self._read()
        stop_for(self.intake.stops)

    def validate(self) -> None:
        """As a run; the rows are not checked a second time, and no file of the office is written."""
        self._validate()
        stop_for(self.validation.stops)

    def _write_fix_file(self) -> None:
        """A watch writes beside no other period."""

    def measure(self) -> None:
        """Only what was known at the instant; nothing more happens until the cutoff. From the cutoff on, a run's."""
        if self.at < self.cutoff:
            for name, table in self.contracts.tables.items():
                self._forget(name, table)
        super().measure()

    def _forget(self, name: str, table: TableContract) -> None:
        if not self.warehouse.columns(f"accepted.{name}") or name in ALWAYS_KNOWN:
            return
        arrivals = [column for column in (arrival_of(table), DECIDED.get(name, "")) if column]
        rated = name == "cases" and RATED in table.columns
        context = {"table": name, "events": events_of(table), "arrivals": arrivals, "rated": rated, "at": self.at}
        self.warehouse.run_template("running/known", **context)

    @process.gc_at_rest()
    def find(self) -> None:
        """What is found beside the score, in the same rows, and what leaders are warned of."""
        self.findings = find(self.warehouse, self.bounds)
        names = {id: tally.unit.unit_name for id, tally in self.tallies.items()}
        facts = (self.missed, self.rulebook, self.readings, self.at, names)
        self.warnings_of_day = warn(self.warehouse, self.bounds, *facts)

    @cached_property
    def missed(self) -> Cube:
        """The counts where nothing more is done."""
        table = self.warehouse.arrow("tallies.cube")
        return Cube.prepare(
            table, self.rulebook.marks, self.rulebook.measures, self.tallies, self.period.months, self.absent
        )

    @cached_property
    def horizons(self) -> tuple[datetime, ...]:
        """The moments until which is told what falls due, of ``HORIZONS``."""
        fifth = self.calendar.add_working_days(self.at.date(), 5)
        after_it = datetime.combine(fifth, time()) + timedelta(days=1)
        return self.at + timedelta(days=1), self.at + timedelta(days=3), after_it, max(self.cutoff, after_it)

    @process.gc_at_rest()
    def look(self) -> "Watched":
        """Everything that the pages tell; the stages have run before."""
        return Look(self).seen


@dataclass(frozen=True)
class Watched:
    """A running period at an instant; points in hundredths, units and steps in the order in which pages list them."""

    watch: Watch = field(repr=False)
    at: datetime
    units: tuple[UnitWatch, ...]
    steps: tuple[Step, ...]
    held_cube: Cube = field(repr=False)
    held: Rescored = field(repr=False)
    standings: tuple[Standing, ...] = field(repr=False)  # with everything done
    came: np.ndarray = field(repr=False)  # case rows of every unit that came in the month that is running
    lag: timedelta  # from a case row's coming to the moment by which it counts, on the average


class Look:
    """The open rows of a watch, marked as they would be, and scored. Consumes the warehouse's accepted rows."""

    def __init__(self, watch: Watch) -> None:
        self.watch, self.warehouse = watch, watch.warehouse
        self.rulebook, self.readings = watch.rulebook, watch.readings
        self.unit_at = {id: k for k, id in enumerate(watch.missed.unit_ids)}
        self.evaluations = self._evaluations()
        self.came = self._came()
        acts = acts_of(self.rulebook, self.readings, watch.contracts) if watch.at < watch.cutoff else {}
        lacking = watch.absent.names
        kept = {
            counts: tuple(one for one in listed if f"{TABLE_OF.get(counts, counts)}.{one.event}" not in lacking)
            for counts, listed in acts.items()
        }
        self.open = {counts: self._opened(counts, listed) for counts, listed in kept.items() if listed}
        self._mark(self.open.values())
        self.cells = {counts: self._would_be(rows) for counts, rows in self.open.items()}
        helps = {counts: self._helpful(counts) for counts in self.open}
        self._at_horizons: dict[int, Rescored] = {}
        self.stays = {counts: stays for counts, (stays, _) in helps.items()}  # bits of acts that would not help
        self.moves = {counts: moves for counts, (_, moves) in helps.items()}  # of those that move what a rule counts

    def _opened(self, counts: str, acts: tuple[Act, ...]) -> Open:
        table = TABLE_OF.get(counts, counts)
        rates = counts == CASE_ROWS and RATED in self.watch.contracts.tables[table].columns
        alone = not self.rulebook.marks[counts].distincts
        facts = {"counts": counts, "rows": rows_of(counts), "table": table, "acts": acts}
        self.warehouse.run_template("running/open", columns=self._asked(counts), rates=rates, alone=alone, **facts)
        found = self.warehouse.arrow_template("running/opened", counts=counts, acts=acts)
        ids = found["unit_id"].combine_chunks().dictionary_encode()
        there = np.array([self.unit_at[id] for id in ids.dictionary.to_pylist()], np.int64)
        return Open(
            counts,
            acts,
            there[ids.indices.to_numpy()],
            found["case_id"],
            found["ref_id"],
            tuple(_moments(found[f"until_{k}"]) for k in range(len(acts))),
            found["todo"].to_numpy().copy(),
            found["unrated"].to_numpy(zero_copy_only=False).astype(bool),
            rates,
            alone,
        )

    def _asked(self, counts: str) -> list[str]:
        """The columns of a counted table by which its rows are told apart, derived from or marked; titles are not."""
        table, marks = TABLE_OF.get(counts, counts), self.rulebook.marks[counts]
        contract, needs = self.watch.contracts.tables[table], {need for one in DERIVED.values() for need in one.needs}
        looked_at = set().union(marks.places, marks.sums, marks.distincts, *map(columns_of, marks.conditions))
        wanted = {*contract.key, "unit_id", "case_id", *events_of(contract), *looked_at}
        there = self.warehouse.columns(f"accepted.{table}")
        return [column for column in there if column in wanted or f"{table}.{column}" in needs]

    def _mark(self, tables: Collection[Open]) -> None:
        """The marks of the rows as they would be, with what tells them apart, as views."""
        for rows in tables:
            self._stand_in(rows, [(0, "")])
        layouts = self.rulebook.marks
        opened = {rows.counts: replace(layouts[rows.counts], quotes=(*WHICH, *self._beside(rows))) for rows in tables}
        view_rows(self.warehouse, {**layouts, **opened}, self.rulebook)

    def _stand_in(self, rows: Open, variants: list[tuple[int, str]], asked: bool = False) -> None:
        """Put the rows as they would be by each variant (bits of acts left undone, rating) in the place of a table."""
        facts = {"counts": rows.counts, "table": TABLE_OF.get(rows.counts, rows.counts), "acts": rows.acts}
        how = {"at": self.watch.at, "rates": rows.rates, "ratings": TO_COME, "alone": rows.alone, "asked": asked}
        self.warehouse.run_template("running/would_be", variants=variants, **facts, **how)

    def _beside(self, rows: Open) -> tuple[str, ...]:
        """The columns at which a condition looks together with a rating."""
        asked = [columns_of(one) for one in self.rulebook.marks[rows.counts].conditions]
        mixed = set().union(*(columns for columns in asked if any(map(_of_rating, columns))))
        return tuple(sorted(column for column in mixed if not _of_rating(column))) if rows.rates else ()

    def _would_be(self, rows: Open) -> "WouldBe":
        """The cells of the rows by every variant: with any of the acts left undone, and as they wait for a rating."""
        every = [(undone, "") for undone in range(1 << len(rows.acts))]
        variants = [*every, (0, KNOWN)] if rows.rates else every
        self._stand_in(rows, variants)
        found = self.warehouse.arrow(f"facts.{rows.counts}_marked")
        cells = _cells_of(found, self.rulebook.marks[rows.counts])
        at = np.full((len(variants), len(rows.todo)), -1, np.int64)
        at[tuple(found[f"quoted {name}"].to_numpy() for name in WHICH[::-1])] = np.arange(len(found))
        numbers = np.append(numbered((*cells.places, *cells.marks, *cells.amounts, *cells.values)), -1)
        beside = [found[f"quoted {column}"] for column in self._beside(rows)]
        return WouldBe(cells, numbers, at[: len(every)], at[-1], beside)

    def change(self, counts: str, line: np.ndarray, row: np.ndarray, before: np.ndarray, after: np.ndarray) -> Rows:
        """The cells by which rows differ that leave the acts ``after`` undone and not those ``before``.

        ``line`` is the variant of each ``row``; both masks are of bits that the row has to do.
        """
        found, would = [], self.cells[counts]
        for masks, sign in ((before, -1), (after, 1)):
            there = would.at[masks, row]
            chosen = np.flatnonzero(there >= 0)
            found.append(moved.rows_at(would.cells, there[chosen], line[chosen], sign))
        return moved.joined(found)

    def _helpful(self, counts: str) -> tuple[np.ndarray, np.ndarray]:
        """Of every open row the bits of acts that would move some measure the wrong way; and those that move any.

        What is told as a step can then never make a unit worse, whichever other steps are done.
        """
        rows, stays = self.open[counts], np.zeros(len(self.open[counts].todo), np.int64)
        moves = stays.copy()
        for bit in range(len(rows.acts)):
            row = np.flatnonzero(rows.todo >> bit & 1)
            one = np.full(len(row), 1 << bit)
            for others in (np.zeros(len(row), np.int64), rows.todo[row] & ~(1 << bit)):
                kinds, kind_of = self._alike(counts, row, others | one, others)
                line = np.arange(len(kinds))
                cells = self.change(counts, line, row[kinds], (others | one)[kinds], others[kinds])
                told = moved.variants(self.watch.missed, rows.unit[row[kinds]], {counts: cells}).change
                stays[row] |= np.where(self._is_worse(counts, told), 1 << bit, 0)[kind_of]
                moves[row] |= np.where(self._is_moved(told), 1 << bit, 0)[kind_of]
        return stays, moves

    def _is_moved(self, change: Cube) -> np.ndarray:
        """Of every line of a change: whether it moves a count that a rule looks at."""
        rules = self.rulebook.rules.values()
        asked = {id for rule in rules for id in (rule.part, rule.of, rule.measure)} & set(self.rulebook.measures)
        found = np.zeros(len(change.unit_ids), bool)
        for id in sorted(asked):
            found |= (change.count(id, self.readings) != 0).any(axis=1)
        return found

    def _is_worse(self, counts: str, change: Cube) -> np.ndarray:
        """Of every line of a change: whether a measure moves the wrong way, or a rate may.

        A rate may where what it is of moves: unless its part moves at least as far, or, where few is good, does not
        grow. A rule that needs so many rows may begin to judge.
        """
        of = {rule.of for rule in self.rulebook.rules.values() if rule.of}
        worse = np.zeros(len(change.unit_ids), bool)
        for one in (one for one in self.rulebook.measures.values() if one.counts == counts):
            by = change.count(one.id, self.readings)
            wrong = {"more": by < 0, "fewer": by > 0}.get(one.better, (by != 0) & (one.id not in of))
            worse |= wrong.any(axis=1)
        for rule in (rule for rule in self.rulebook.rules.values() if rule.of):
            whole = change.count(rule.of, self.readings)
            part = change.count(rule.part or rule.measure, self.readings)
            fine = (part <= 0) if rule.fewer or not rule.part else (part >= whole)
            worse |= ((whole != 0) & ~(fine & (whole > 0) & (rule.needs <= 1))).any(axis=1)
        return worse

    @cached_property
    def held(self) -> Cube:
        """The counts where all that is still to be done is done at once."""
        cells = {}
        for counts, rows in self.open.items():
            row = np.arange(len(rows.todo))
            cells[counts] = self.change(counts, rows.unit, row, rows.todo, rows.todo & self.stays[counts])
        return moved.with_cells(self.watch.missed, cells)

    @cached_property
    def scored(self) -> Rescored:
        """The held counts by the second judge."""
        return rescore(self.held, self.rulebook, self.readings)

    def _totals(self, of: np.ndarray, cells: Mapping[str, Rows]) -> Rescored:
        return rescore(moved.variants(self.held, of, cells), self.rulebook, self.readings)

    def if_done(self, done: Callable[[Open], np.ndarray]) -> Rescored:
        """Every unit where only the acts of these bits are done, and nothing else ever."""
        cells = {}
        for counts, rows in self.open.items():
            row, stays = np.arange(len(rows.todo)), rows.todo & self.stays[counts]
            cells[counts] = self.change(counts, rows.unit, row, stays, stays | (self._todo(counts) & ~done(rows)))
        return self._totals(np.arange(len(self.unit_at)), cells)

    @cached_property
    def seen(self) -> Watched:
        """Everything, scored; the held scores by both judges."""
        watch, months = self.watch, self.watch.period.months
        tallies = moved.tallies_of(self.held, self.rulebook, self.readings, watch.tallies)
        findings, _ = judge(self.rulebook, self.readings, tallies, months)
        scores, _, _ = settle(self.rulebook, self.readings, findings, tallies, months)
        must_agree(scores, self.scored)
        standings = tuple(rank(self.rulebook, self.readings, tallies, scores))
        steps, due = self._steps(), self._due()
        everybody, horizon = np.arange(len(self.unit_at)), len(HORIZONS) - 1
        end = self._at_horizon(horizon)
        ratings, places = self._ratings(), self.rulebook.places
        units = [
            UnitWatch(
                tallies[one.unit_id].unit,
                {item: as_shown(points[k], places) for item, points in self.scored.items.items()},
                {item: as_shown(points[k], places) for item, points in end.items.items()},
                as_shown(np.broadcast_to(self.scored.total, everybody.shape)[k], places),
                as_shown(np.broadcast_to(end.total, everybody.shape)[k], places),
                one.rank,
                due[k],
                ratings.get(k, Ratings()),
                self.evaluations.get(one.unit_id, {}),
                scores[one.unit_id],
            )
            for one in standings
            for k in (self.unit_at[one.unit_id],)
        ]
        found = self.held, self.scored, standings, *self.came
        return Watched(watch, watch.at, tuple(units), steps, *found)

    def _todo(self, counts: str) -> np.ndarray:
        return self.open[counts].todo & ~self.stays[counts]

    def _steps(self) -> tuple[Step, ...]:
        """Every act to be done, in the order of the day; those that cost nothing in this period among them."""
        found, now = [], np.datetime64(self.watch.at)
        ids = pyarrow.array(list(self.unit_at), pyarrow.string())
        shown = cache(lambda cost: as_shown(cost, self.rulebook.places))
        for counts, rows in self.open.items():
            todo, stays = self._todo(counts), rows.todo & self.stays[counts]
            row = np.concatenate([np.flatnonzero(todo >> bit & 1) for bit in range(len(rows.acts))])
            bits = np.concatenate([np.full((todo >> bit & 1).sum(), bit) for bit in range(len(rows.acts))])
            alone = self._costs(counts, row, stays[row], stays[row] | (1 << bits))
            whole = self._costs(counts, row, stays[row], rows.todo[row])
            told = np.flatnonzero(self._told(counts)[row] >> bits & 1)
            at, bit, events = pyarrow.array(row[told]), bits[told], pyarrow.array([act.event for act in rows.acts])
            until = np.stack(rows.until)[bit, row[told]]
            columns = (
                ids.take(pyarrow.array(rows.unit[row[told]])),
                pyarrow.repeat(counts, len(told)),
                rows.case_id.take(at).fill_null(""),
                rows.ref_id.take(at).fill_null(""),
                events.take(pyarrow.array(bit)),
                pyarrow.array(until),
                pyarrow.array(until < now),
                pyarrow.array([shown(cost) for cost in alone[told].tolist()], pyarrow.int64()),
                pyarrow.array([shown(cost) for cost in whole[told].tolist()], pyarrow.int64()),
            )
            found.append(pyarrow.table(dict(zip(Step._fields, columns, strict=True))))
        return _in_order(pyarrow.concat_tables(found)) if found else ()

    def _costs(self, counts: str, row: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """What every row costs its unit that leaves the acts ``after`` undone; rows that do alike are scored once."""
        rows = self.open[counts]
        kinds, inverse = self._alike(counts, row, before, after)
        cells = self.change(counts, np.arange(len(kinds)), row[kinds], before[kinds], after[kinds])
        of = rows.unit[row[kinds]]
        total = np.broadcast_to(self._totals(of, {counts: cells}).total, of.shape)
        return (np.broadcast_to(self.scored.total, (len(self.unit_at),))[of] - total)[inverse]

    def _alike(self, counts: str, row: np.ndarray, before: np.ndarray, after: np.ndarray) -> tuple:
        """One row of each kind, and the kind of every row: its unit and the cells that it leaves and comes to."""
        would, keys = self.cells[counts], [self.open[counts].unit[row]]
        for masks in (before, after):
            keys.append(would.numbers[would.at[masks, row]])
        kind_of = numbered(keys)
        return first_of(kind_of), kind_of

    @property
    def horizons(self) -> tuple[datetime, ...]:
        """Of the watch."""
        return self.watch.horizons

    def falling(self, counts: str, horizon: int) -> np.ndarray:
        """Of every row the bits of the steps that fall due before a horizon; at the end, all of them."""
        rows, todo = self.open[counts], self._todo(counts)
        if horizon == len(HORIZONS) - 1:
            return todo
        now, until = np.datetime64(self.watch.at), np.datetime64(self.horizons[horizon])
        bits = [np.where((one >= now) & (one < until), 1 << bit, 0) for bit, one in enumerate(rows.until)]
        return todo & np.bitwise_or.reduce(bits)

    def _at_horizon(self, horizon: int) -> Rescored:
        """Every unit where all that falls due before a horizon is missed."""
        if horizon not in self._at_horizons:
            self._at_horizons[horizon] = self.if_done(lambda rows: ~self.falling(rows.counts, horizon))
        return self._at_horizons[horizon]

    def _due(self) -> list[dict[str, Due]]:
        units = len(self.unit_at)
        held, found = np.broadcast_to(self.scored.total, (units,)), [{} for _ in range(units)]
        told = {counts: self._told(counts) for counts in self.open}
        for horizon, name in enumerate(HORIZONS):
            cost = held - np.broadcast_to(self._at_horizon(horizon).total, (units,))
            acts, count = np.zeros(units, np.int64), np.zeros(units, np.int64)
            for counts, rows in self.open.items():
                falling = self.falling(counts, horizon) & told[counts]
                count += np.bincount(rows.unit[falling > 0], minlength=units)
                for bit in range(len(rows.acts)):
                    acts += np.bincount(rows.unit[falling >> bit & 1 > 0], minlength=units)
            for k in range(units):
                found[k][name] = Due(int(acts[k]), int(count[k]), as_shown(cost[k], self.rulebook.places))
        return found

    def _told(self, counts: str) -> np.ndarray:
        """Of every row the bits of the acts that are told.

        What moves nothing is told while it is due, but not once that is over, nor where another period counts it.
        """
        rows, now, last = self.open[counts], np.datetime64(self.watch.at), np.datetime64(self.horizons[-1])
        due = [np.where((one >= now) & (one < last), 1 << bit, 0) for bit, one in enumerate(rows.until)]
        return self._todo(counts) & (self.moves[counts] | np.bitwise_or.reduce(due))

    def _ratings(self) -> dict[int, Ratings]:
        """Of every unit what the ratings to come can do, by its position."""
        if CASE_ROWS not in self.open or not (rows := self.open[CASE_ROWS]).unrated.any():
            return {}
        would, row = self.cells[CASE_ROWS], np.flatnonzero(rows.unrated & (self.cells[CASE_ROWS].waiting >= 0))
        if not len(row):
            return {}
        rated = self._rated(row)
        waits = self._waited_for(row, rated)
        cases = rows.case_id.take(pyarrow.array(row[waits]))
        order = np.lexsort((pyarrow.compute.rank(cases).to_numpy(), rows.unit[row[waits]]))
        chosen, names = np.flatnonzero(waits)[order], cases.take(pyarrow.array(order))
        unit, at = rows.unit[row[chosen]], would.waiting[row[chosen]]
        first = np.searchsorted(unit, unit)
        nth = np.arange(len(unit)) - first
        seen = nth < MOST_RATINGS
        lines, sizes = np.flatnonzero(seen), nth[seen] + 1
        line = np.repeat(np.arange(len(lines)), sizes)
        within = np.arange(len(line)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        rows_in, of = first[lines][line] + within, unit[lines]
        told: dict[str, np.ndarray] = {}
        for rating, cells in rated.items():
            change = moved.joined(
                [moved.rows_at(would.cells, at[rows_in], line, -1), moved.rows_at(cells, chosen[rows_in], line)]
            )
            total = np.broadcast_to(self._totals(of, {CASE_ROWS: change}).total, of.shape)
            told[rating] = total - np.broadcast_to(self.scored.total, (len(self.unit_at),))[of]
        found = {}
        for k in np.unique(unit).tolist():
            own = of == k
            falls = np.flatnonzero(told["dissatisfied"][own] < 0)
            rises = np.flatnonzero(told["satisfied"][own] > 0)
            first_of, end = np.searchsorted(unit, [k, k + 1]).tolist()
            found[k] = Ratings(
                tuple(names[first_of:end].to_pylist()),
                *((int(falls[0]) + 1, -int(told["dissatisfied"][own][falls[0]])) if len(falls) else (0, 0)),
                *((int(rises[0]) + 1, int(told["satisfied"][own][rises[0]])) if len(rises) else (0, 0)),
            )
        return found

    def _rated(self, row: np.ndarray) -> dict[str, Rows]:
        """By rating the cells of these rows that wait for one, if they had that one.

        A rating moves the marks of what looks at it. Where that looks at other columns too, or an evaluator has said
        something, these decide with it: of rows that are alike in all of it, one is asked.
        """
        rows, would, marks = self.open[CASE_ROWS], self.cells[CASE_ROWS], self.rulebook.marks[CASE_ROWS]
        at, said = would.waiting[row], np.zeros(len(rows.todo), np.int64)
        judged = self.warehouse.arrow_template("running/judged", counts=CASE_ROWS)
        said[judged["line"].to_numpy()] = judged["said"].combine_chunks().dictionary_encode().indices.to_numpy() + 1
        kind_of = numbered([said[row], *(column.take(pyarrow.array(at)) for column in would.beside)])
        one = row[first_of(kind_of)]
        self.warehouse.store("facts.asked", pyarrow.table({"line": one}))
        self.warehouse.run_template("running/asked", counts=CASE_ROWS)
        self._stand_in(rows, [(0, rating) for rating in TO_COME], asked=True)
        told = self.warehouse.arrow(f"facts.{CASE_ROWS}_marked")
        known, asked = moved.rows_at(would.cells, at, rows.unit[row]), _cells_of(told, marks)
        of_rating = [any(map(_of_rating, columns_of(condition))) for condition in marks.conditions]
        found, line, variant = {}, *(told[f"quoted {name}"].to_numpy() for name in WHICH)
        for k, rating in enumerate(TO_COME):
            place = np.zeros(len(rows.todo), np.int64)
            place[line[variant == k]] = np.flatnonzero(variant == k)
            alike = place[one[kind_of]]
            words = []
            for number, (own, other) in enumerate(zip(known.marks, asked.marks, strict=True)):
                bits = of_rating[number * WORD : (number + 1) * WORD]
                moves = np.uint64(sum(1 << bit for bit, moved_by_it in enumerate(bits) if moved_by_it))
                words.append((own & ~moves) | (other[alike] & moves))
            found[rating] = replace(known, marks=tuple(words))
        return found

    def _waited_for(self, row: np.ndarray, rated: Mapping[str, Rows]) -> np.ndarray:
        """Of which of these rows a rating moves a count that a rule looks at."""
        waits, would = np.zeros(len(row), bool), self.cells[CASE_ROWS]
        at = would.waiting[row]
        for cells in rated.values():
            kind_of = numbered([would.numbers[at], *cells.marks])
            kinds = first_of(kind_of)
            line = np.arange(len(kinds))
            change = moved.joined([moved.rows_at(would.cells, at[kinds], line, -1), moved.rows_at(cells, kinds, line)])
            told = moved.variants(self.watch.missed, 0 * line, {CASE_ROWS: change}).change
            waits |= self._is_moved(told)[kind_of]
        return waits

    def _came(self) -> tuple[np.ndarray, timedelta]:
        """Of every unit how many case rows came in the month that is running; and how long until they count."""
        first = self.watch.at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        arrival = arrival_of(self.watch.contracts.tables[TABLE_OF[CASE_ROWS]])
        by = place(self.rulebook.measures[CASE_ROWS], self.readings)
        facts = {"place": by, "arrival": arrival, "first": first, "at": self.watch.at}
        came, seconds = np.zeros(len(self.unit_at), np.int64), 0
        for unit, rows, all_of_them in self.warehouse.rows_template("running/arrivals", **facts):
            if unit in self.unit_at:
                came[self.unit_at[unit]] = rows
            seconds += all_of_them
        return came, timedelta(seconds=max(seconds, 0) // max(int(came.sum()), 1))

    def _evaluations(self) -> dict[str, dict[str, int]]:
        """Of every unit how many evaluations reach their limit before each horizon."""
        clock = self.readings.get("evaluation_clock")
        days = (self.rulebook.evaluation or {}).get("working_days")
        if not clock or not days or self.watch.at >= self.watch.cutoff:
            return {}
        found: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(HORIZONS, 0))
        last = cache(lambda began: self.watch.calendar.add_working_days(began, days))
        for unit, _, began in self.warehouse.rows_template("running/evaluations", clock=clock):
            ends = datetime.combine(last(began), time()) + timedelta(days=1)
            for name, horizon in zip(HORIZONS, self.horizons, strict=True):
                found[unit][name] += self.watch.at < ends <= horizon
        return dict(found)


def _of_rating(column: str) -> bool:
    """Whether a column says what the public's rating is, or is derived from it."""
    derived = DERIVED.get(column.split("__")[0])
    return column == RATED or derived is not None and f"cases.{RATED}" in derived.needs


def _cells_of(found: pyarrow.Table, marks: Marks) -> Rows:
    """Marked rows as cells, each of no unit yet."""
    column = {name: found[name].to_numpy() for name in found.column_names if not name.startswith(("quoted", "waived"))}
    return Rows(
        marks,
        np.zeros(len(found), np.int64),
        np.ones(len(found), np.int64),
        tuple(column[f"place_{k}"] for k in range(len(marks.places))),
        tuple(column[f"marks_{k}"].astype(np.uint64) for k in range(marks.words)),
        tuple(column[f"amount_{k}"].astype(np.int64) for k in range(len(marks.sums))),
        tuple(column[f"value_{k}"] for k in range(len(marks.distincts))),
    )


def _moments(column: Any) -> np.ndarray:
    return column.to_numpy(zero_copy_only=False).astype("datetime64[us]")


def _in_order(steps: pyarrow.Table) -> tuple[Step, ...]:
    """By deadline, the dearest first among equals; what is late already before, what has none at the end."""
    keys = [("until", "ascending"), ("cost", "descending"), *((name, "ascending") for name in Step._fields[:5])]
    told = steps.take(pyarrow.compute.sort_indices(steps, keys))
    columns = [told[name].to_pylist() for name in Step._fields if name != "until"]
    columns.insert(Step._fields.index("until"), _moments(told["until"]).tolist())
    return tuple(starmap(Step, zip(*columns, strict=True)))
