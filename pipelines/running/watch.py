"""A running period at an instant: what is known then, what of it is lost, and what every open row would cost."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow

from pipelines.assess import Request, Run, silent, stop_for
from pipelines.edges import process
from pipelines.edges.folders import must_be_of
from pipelines.engines.cube import Cube, Rows
from pipelines.engines.marks import place, variant
from pipelines.engines.summing import as_shown
from pipelines.engines.vector import Rescored, must_agree, rescore
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
from pipelines.model.tally import Unit
from pipelines.model.words import UsageRefusal
from pipelines.running import moved
from pipelines.running.findings import WATCH, find, load_watch, warn
from pipelines.stages.judge import judge
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
HORIZONS = ("day", "three_days", "five_working_days", "end")
MOST_RATINGS = 30  # ratings to come that are counted one after the other
ALWAYS_KNOWN = ("units", "assessments", "evaluators")  # nothing tells since when
DECIDED = {"extensions": "decided_at"}  # the moment from which a row of these is what it says


@dataclass(frozen=True)
class Step:
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


class Watch(Run):
    """A run that looks at a running period at the instant ``at`` and publishes nothing. Use as a context manager."""

    stages = ("ingest", "validate", "measure", "judge", "settle", "rank")

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

    def _write_ledger(self, entries: object) -> None:
        """Nothing is entered before the period is over."""

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
        if arrivals:
            rated = name == "cases" and RATED in table.columns
            context = {"table": name, "events": events_of(table), "arrivals": arrivals, "rated": rated, "at": self.at}
            self.warehouse.run_template("running/known", **context)

    def rank(self) -> None:
        """Places only: nothing is said of who is commended. And what is found beside the score, in the same rows."""
        self.standings = rank(self.rulebook, self.readings, self.tallies, self.scores)
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
        self._cells: dict[str, dict[object, tuple[Rows, np.ndarray]]] = defaultdict(dict)
        self._kinds: dict[object, np.ndarray] = {}
        self.open = {counts: self._opened(counts, listed) for counts, listed in kept.items() if listed}
        helps = {counts: self._helpful(counts) for counts in self.open}
        self.stays = {counts: stays for counts, (stays, _) in helps.items()}  # bits of acts that would not help
        self.moves = {counts: moves for counts, (_, moves) in helps.items()}  # of those that move what a rule counts

    def _opened(self, counts: str, acts: tuple[Act, ...]) -> Open:
        table, marks = TABLE_OF.get(counts, counts), self.rulebook.marks[counts]
        contract = self.watch.contracts.tables[table]
        number = next((column for column in contract.key if column not in ("unit_id", "case_id")), "")
        rates = counts == CASE_ROWS and RATED in contract.columns
        self.warehouse.run_template(
            "running/open",
            counts=counts,
            rows=counts if counts == CASE_ROWS else f"{counts}_rows",
            table=table,
            acts=acts,
            rates=rates,
            alone=not marks.distincts,
            key=contract.key,
            number=number,
        )
        found = self.warehouse.arrow(f"facts.{counts}_open").sort_by("line")
        if rates:
            self.warehouse.run("running/circumstances")
        return Open(
            counts,
            acts,
            self._unit_of(found["unit_id"].combine_chunks().dictionary_encode()),
            found["case_id"],
            found["ref_id"],
            tuple(_moments(found[f"until_{k}"]) for k in range(len(acts))),
            found["todo"].to_numpy().copy(),
            found["unrated"].to_numpy(zero_copy_only=False).astype(bool) if rates else np.zeros(len(found), bool),
            rates,
        )

    def _unit_of(self, ids: pyarrow.DictionaryArray) -> np.ndarray:
        there = np.array([self.unit_at[id] for id in ids.dictionary.to_pylist()], np.int64)
        return there[ids.indices.to_numpy()]

    def cells(self, counts: str, left: int, rating: str = "") -> tuple[Rows, np.ndarray]:
        """The cells of the open rows where the acts of these bits are left undone, and each row's cell (-1: none).

        With a ``rating`` (``KNOWN``: as it is) those of the rows that wait for one, else of those with acts to be done.
        """
        if (left, rating) not in self._cells[counts]:
            rows, marks = self.open[counts], self.rulebook.marks[counts]
            done = [act.event for bit, act in enumerate(rows.acts) if not left >> bit & 1]
            self.warehouse.run_template(
                "running/would_be",
                counts=counts,
                table=TABLE_OF.get(counts, counts),
                done=done,
                at=self.watch.at,
                rating=rating,
                rated=rating not in ("", KNOWN),
                rates=rows.rates,
                alone=not marks.distincts,
            )
            kinds = (("place", marks.places), ("amount", marks.sums), ("value", marks.distincts))
            names = [f"{kind}_{k}" for kind, listed in kinds for k in range(len(listed))]
            names += [f"marks_{k}" for k in range(marks.words)]
            found = self.warehouse.arrow_template("running/marked", counts=counts, columns=names)
            column = {name: found[name].to_numpy() for name in names}
            at = np.full(len(rows.todo), -1, np.int64)
            at[found["line"].to_numpy()] = np.arange(len(found))
            made = Rows(
                marks,
                np.zeros(len(found), np.int64),
                np.ones(len(found), np.int64),
                tuple(column[f"place_{k}"] for k in range(len(marks.places))),
                tuple(column[f"marks_{k}"].astype(np.uint64) for k in range(marks.words)),
                tuple(column[f"amount_{k}"].astype(np.int64) for k in range(len(marks.sums))),
                tuple(column[f"value_{k}"] for k in range(len(marks.distincts))),
            )
            self._cells[counts][left, rating] = made, at
        return self._cells[counts][left, rating]

    def _numbers(self, counts: str, left: int, rating: str = "") -> np.ndarray:
        key = counts, left, rating
        if key not in self._kinds:
            cells, _ = self.cells(counts, left, rating)
            self._kinds[key] = _numbered((cells.unit, *cells.places, *cells.marks, *cells.amounts, *cells.values))
        return self._kinds[key]

    def change(self, counts: str, line: np.ndarray, row: np.ndarray, before: np.ndarray, after: np.ndarray) -> Rows:
        """The cells by which rows differ that leave the acts ``after`` undone and not those ``before``.

        ``line`` is the variant of each ``row``; both masks are of bits.
        """
        found = [moved.rows_at(self.watch.missed.rows[counts], np.zeros(0, np.int64), np.zeros(0, np.int64))]
        for masks, sign in ((before, -1), (after, 1)):
            for mask in np.unique(masks).tolist():
                cells, at = self.cells(counts, mask)
                chosen = np.flatnonzero((masks == mask) & (at[row] >= 0))
                found.append(moved.rows_at(cells, at[row[chosen]], line[chosen], sign))
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
        found, ids, now = [], list(self.unit_at), np.datetime64(self.watch.at)
        shown = cache(lambda cost: as_shown(cost, self.rulebook.places))
        for counts, rows in self.open.items():
            todo, stays = self._todo(counts), rows.todo & self.stays[counts]
            row = np.concatenate([np.flatnonzero(todo >> bit & 1) for bit in range(len(rows.acts))])
            bits = np.concatenate([np.full((todo >> bit & 1).sum(), bit) for bit in range(len(rows.acts))])
            alone = self._costs(counts, row, stays[row], stays[row] | (1 << bits))
            whole = self._costs(counts, row, stays[row], rows.todo[row])
            until = np.stack(rows.until)[bits, row]
            late, told = until < now, np.flatnonzero(self._told(counts)[row] >> bits & 1)
            names = (column.take(pyarrow.array(row[told])).to_pylist() for column in (rows.case_id, rows.ref_id))
            columns = (one[told].tolist() for one in (rows.unit[row], bits, until, late, alone, whole))
            for case, ref, unit, bit, moment, over, cost, of_row in zip(*names, *columns, strict=True):
                named = ids[unit], counts, case or "", ref or "", rows.acts[bit].event
                found.append(Step(*named, moment, over, shown(cost), shown(of_row)))
        return tuple(sorted(found, key=_order))

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
        keys = [self.open[counts].unit[row]]
        for masks in (before, after):
            number = np.full(len(row), -1, np.int64)
            for mask in np.unique(masks).tolist():
                _, at = self.cells(counts, mask)
                chosen = np.flatnonzero((masks == mask) & (at[row] >= 0))
                number[chosen] = (mask << 40) + self._numbers(counts, mask)[at[row[chosen]]]
            keys.append(number)
        kind_of = _numbered(keys)
        return _first_of(kind_of), kind_of

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
        return self.if_done(lambda rows: ~self.falling(rows.counts, horizon))

    def _due(self) -> list[dict[str, Due]]:
        units = len(self.unit_at)
        held, found = np.broadcast_to(self.scored.total, (units,)), [{} for _ in range(units)]
        for horizon, name in enumerate(HORIZONS):
            cost = held - np.broadcast_to(self._at_horizon(horizon).total, (units,))
            acts, count = np.zeros(units, np.int64), np.zeros(units, np.int64)
            for counts, rows in self.open.items():
                falling = self.falling(counts, horizon) & self._told(counts)
                np.add.at(count, rows.unit[falling > 0], 1)
                for bit in range(len(rows.acts)):
                    np.add.at(acts, rows.unit[falling >> bit & 1 > 0], 1)
            for k in range(units):
                found[k][name] = Due(int(acts[k]), int(count[k]), as_shown(cost[k], self.rulebook.places))
        return found

    def _told(self, counts: str) -> np.ndarray:
        """Of every row the bits of the acts that are told.

        What moves nothing is told while it is due, but not once that is over, nor where another period counts it.
        """
        rows, now, last = self.open[counts], np.datetime64(self.watch.at), np.datetime64(self.horizons[-1])
        due = [np.where((one >= now) & (one <= last), 1 << bit, 0) for bit, one in enumerate(rows.until)]
        return self._todo(counts) & (self.moves[counts] | np.bitwise_or.reduce(due))

    def _ratings(self) -> dict[int, Ratings]:
        """Of every unit what the ratings to come can do, by its position."""
        if CASE_ROWS not in self.open or not (rows := self.open[CASE_ROWS]).unrated.any():
            return {}
        done, at = self.cells(CASE_ROWS, 0, KNOWN)
        row = self._waited_for(np.flatnonzero(rows.unrated & (at >= 0)))
        order = row[np.argsort(rows.unit[row], kind="stable")]
        unit = rows.unit[order]
        first = np.searchsorted(unit, unit)
        nth = np.arange(len(unit)) - first
        told: dict[str, np.ndarray] = {}
        sizes = np.minimum(nth + 1, MOST_RATINGS)
        seen = nth < MOST_RATINGS
        for rating in ("dissatisfied", "satisfied"):
            cells, to = self.cells(CASE_ROWS, 0, rating)
            lines = np.flatnonzero(seen)
            line = np.repeat(np.arange(len(lines)), sizes[lines])
            within = np.arange(len(line)) - np.repeat(np.cumsum(sizes[lines]) - sizes[lines], sizes[lines])
            rows_in = order[first[lines][line] + within]
            change = moved.joined([moved.rows_at(done, at[rows_in], line, -1), moved.rows_at(cells, to[rows_in], line)])
            of = unit[lines]
            total = np.broadcast_to(self._totals(of, {CASE_ROWS: change}).total, of.shape)
            told[rating] = total - np.broadcast_to(self.scored.total, (len(self.unit_at),))[of]
        found, of, order_of = {}, unit[seen], nth[seen] + 1
        for k in np.unique(unit).tolist():
            own = of == k
            falls = np.flatnonzero(told["dissatisfied"][own] < 0)
            rises = np.flatnonzero(told["satisfied"][own] > 0)
            numbers = order_of[own]
            found[k] = Ratings(
                tuple(rows.case_id.take(pyarrow.array(order[unit == k])).to_pylist()),
                *((int(numbers[falls[0]]), -int(told["dissatisfied"][own][falls[0]])) if len(falls) else (0, 0)),
                *((int(numbers[rises[0]]), int(told["satisfied"][own][rises[0]])) if len(rises) else (0, 0)),
            )
        return found

    def _waited_for(self, row: np.ndarray) -> np.ndarray:
        """Those rows of which a rating moves a count that a rule looks at."""
        waits = np.zeros(len(row), bool)
        done, at = self.cells(CASE_ROWS, 0, KNOWN)
        for rating in ("dissatisfied", "satisfied"):
            cells, to = self.cells(CASE_ROWS, 0, rating)
            before, after = (self._numbers(CASE_ROWS, 0, name) for name in (KNOWN, rating))
            kind_of = _numbered([before[at[row]], after[to[row]]])
            kinds = _first_of(kind_of)
            line = np.arange(len(kinds))
            change = moved.joined([moved.rows_at(done, at[row[kinds]], line, -1),
                                   moved.rows_at(cells, to[row[kinds]], line)])  # fmt: skip
            told = moved.variants(self.watch.missed, 0 * line, {CASE_ROWS: change}).change
            waits |= self._is_moved(told)[kind_of]
        return row[waits]

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
        for unit, _, began in self.warehouse.rows_template("running/evaluations", clock=clock):
            last = self.watch.calendar.add_working_days(began, days)
            ends = datetime.combine(last, time()) + timedelta(days=1)
            for name, horizon in zip(HORIZONS, self.horizons, strict=True):
                found[unit][name] += self.watch.at < ends <= horizon
        return dict(found)


def _numbered(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Of every line the number of its kind: alike are those with the same values; hashed, for sorting takes longer."""
    number = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        coded = pyarrow.array(column).dictionary_encode()
        both = number * max(len(coded.dictionary), 1) + coded.indices.to_numpy()
        number = pyarrow.array(both).dictionary_encode().indices.to_numpy().astype(np.int64)
    return number


def _first_of(number: np.ndarray) -> np.ndarray:
    """The first line of every kind, in the order of the kinds."""
    first = np.zeros(int(number.max(initial=-1)) + 1, np.int64)
    first[number[::-1]] = np.arange(len(number))[::-1]
    return first


def _moments(column: Any) -> np.ndarray:
    return column.to_numpy(zero_copy_only=False).astype("datetime64[us]")


def _order(step: Step) -> tuple:
    """By deadline, the dearest first among equals; what is late already before, what has none at the end."""
    return (step.until or datetime.max, -step.cost, step.unit_id, step.counts, step.case_id, step.ref_id, step.event)
