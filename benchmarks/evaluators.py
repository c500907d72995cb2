"""One step of the evaluators' work over a long log, beside a replay in pandas and every case through the rule engine.

`python -m benchmarks.evaluators [EVENTS]`; exit 1 where the step takes longer than its limit.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from pipelines.edges.private import locked
from pipelines.engines.rete import Statechart
from pipelines.evaluators.desk import Work, take_steps
from pipelines.evaluators.log import LOG, Event, Log
from pipelines.evaluators.state import State, statechart
from pipelines.evaluators.step import moves
from pipelines.model.period import Period
from pipelines.sample.make import make_sample

EVENTS, LIMIT = 300_000, 5.0
PERIOD = Period.parse("2026Q3")
FIRST, AT = datetime(2020, 1, 6, 9), datetime(2026, 7, 20, 9)
OPEN = {timedelta(days=6): 100, timedelta(hours=26): 100, timedelta(hours=1): 100}  # assigned so long ago, so many
ASKED = 2_000  # questions that the slow side answers; its time is scaled to all case rows
TITLES = {"ours": "Gongping: the whole step", "pandas": "pandas: the log replayed, no step",
          "each": "every case row through durable_rules, no log"}


@dataclass(frozen=True)
class Sides:
    """What a step did, and the seconds of each side: (on the clock, of the processor)."""

    events: int
    counts: dict[str, int]
    asked: int  # different questions that the step put to the statechart
    seconds: dict[str, tuple[float, float]]

    def limits(self) -> list[tuple[str, float, float]]:
        """(what, figure, limit) lines for the report."""
        return [(f"an evaluators' step over {self.events:,} events, processor seconds", self.seconds["ours"][1], LIMIT)]

    def table(self) -> str:
        """The sides, with the ratio to ours."""
        ours = self.seconds["ours"][1]
        lines = ["| side | s | CPU s | CPU × ours |", "|---|---:|---:|---:|"]
        lines += [f"| {TITLES[side]} | {clock:.2f} | {cpu:.2f} | {cpu / ours:.1f} |"
                  for side, (clock, cpu) in self.seconds.items()]
        done = ", ".join(f"{kind} {n}" for kind, n in self.counts.items())
        return "\n".join([*lines, "", f"{self.events:,} events in the log; the step: {done}; durable_rules was asked "
                                      f"{self.asked} different questions."])


def measure_step(home: Path, events: int = EVENTS) -> Sides:
    """Write a log and take a step over it; AssertionError where pandas replays another state."""
    _take_step(_office(home / "small", 400, 40, 20))  # imports apart
    work = _office(home / "large", events, 40, 20_000)
    pandas_open, *by_pandas = _timed(lambda: replay_with_pandas(work.state / LOG))
    cases, ours_open = _replayed(work.state)
    assert pandas_open == ours_open, "pandas and the log's own replay see other open assignments"
    moves.cache_clear()
    (asked, outcome), *ours = _timed(lambda: _take_step(work))
    _, *some = _timed(ask_about_each)
    each = tuple(part * cases / ASKED for part in some)
    return Sides(events, dict(sorted(outcome.counts.items())), asked,
                 {"ours": tuple(ours), "pandas": tuple(by_pandas), "each": each})


def replay_with_pandas(log: Path) -> set[str]:
    """The open assignments by the usual script: read the lines, strike out what was closed. No chain is followed."""
    import pandas

    frame = pandas.read_json(log, lines=True, dtype=False)
    closed = frame.loc[frame["kind"].isin(("rated", "returned", "withdrawn")), "assignment_id"]
    given = frame.loc[frame["kind"] == "assigned", "assignment_id"]
    return set(given[~given.isin(closed)])


def ask_about_each() -> None:
    """One tick for each of so many case rows, as a step would that did not know which of them can change."""
    from pipelines.rulebook.load import load_rulebook

    compiled = statechart(load_rulebook(Work.rules, AT.date()).panel)
    for number in range(ASKED):
        state = ("assigned", "reminded", "returned", "waiting")[number % 4]
        compiled.move(state, {"event": "tick", "asg": 1, "current": 1, "age": number, "worked": 0})


def _take_step(work: Work) -> tuple[int, object]:
    """(questions to the statechart, outcome) of one step."""
    asked, move = 0, Statechart.move

    def counted(self, state, message):
        nonlocal asked
        asked += 1
        return move(self, state, message)

    Statechart.move = counted
    try:
        outcome = take_steps(work, [AT])
        return asked, outcome
    finally:
        Statechart.move = move


def _office(home: Path, events: int, units: int, cases: int) -> Work:
    make_sample(home / "exports", PERIOD, units, cases)
    (home / "inbox").mkdir()
    write_log(home / "state", events)
    return Work(home / "exports", home / "inbox", home / "state")


def _replayed(folder: Path) -> tuple[int, set[str]]:
    state = State(Log(folder).events)
    return len(state.cases), set(state.open)


def write_log(folder: Path, events: int) -> None:
    """A log of so many events: cases rated long ago, and at its end those with which somebody is."""
    still = [event for ago, n in OPEN.items() for event in islice(_open(ago), min(n, events // 8) * 2)]
    with locked(folder):
        log = Log(folder)
        log.simulated = True  # as the sample is
        for event in (*islice(_settled(), events - len(still)), *still):
            log.append(event)
        log.close()


def _settled() -> Iterator[Event]:
    number = 0
    while True:
        number += 1
        at, who, id = FIRST + timedelta(minutes=10 * number), f"E{number % 50 + 1:03d}", f"PJOLD{number}"
        yield from _given(f"OLD{number}", id, who, at)
        yield Event(f"reminded:{id}", at + timedelta(hours=24), "reminded", {"assignment_id": id})
        facts = {"action_id": f"A{number}", "digest": "0", "evaluator_id": who, "assignment_id": id}
        facts |= {"rating": "satisfied", "reason": "in order"}
        yield Event(f"rated:{id}", at + timedelta(hours=30), "rated", facts)


def _open(ago: timedelta) -> Iterator[Event]:
    number = 0
    while True:
        number += 1
        name = f"{ago.total_seconds():.0f}N{number}"
        yield from _given(f"NEW{name}", f"PJNEW{name}", f"E{number % 50 + 1:03d}", AT - ago)


def _given(case: str, id: str, who: str, at: datetime) -> Iterator[Event]:
    key = {"case_id": case, "unit_id": "U001"}
    yield Event(f"case:{case}", at, "case", {**key, "rated_at": "", "topics": []})
    given = {"assignment_id": id, **key, "number": 1, "evaluator_id": who, "barred": 0}
    yield Event(f"assigned:{id}", at, "assigned", given)


def _timed(work: Callable[[], object]) -> tuple[object, float, float]:
    clock, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - clock, time.process_time() - cpu


def main() -> int:
    """Measure, print the table."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    with tempfile.TemporaryDirectory(prefix="gongping-bench-") as folder:
        sides = measure_step(Path(folder), events)
    print(sides.table())
    return int(sides.seconds["ours"][1] > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
