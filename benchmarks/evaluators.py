"""One step of the evaluators' work over a long log: seconds, and how many cases durable_rules was asked about.

`python -m benchmarks.evaluators [EVENTS]`; exit 1 where the step takes longer than LIMIT seconds.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from pipelines.engines.chart import Chart
from pipelines.evaluators.desk import Work, take_steps
from pipelines.evaluators.log import Event, Log
from pipelines.evaluators.private import locked
from pipelines.model.period import Period
from pipelines.sample.make import make_sample

EVENTS, LIMIT = 300_000, 5.0
PERIOD = Period(2026, 3)
FIRST = datetime(2020, 1, 6, 9)
AT = datetime(2026, 7, 20, 9)


def main() -> int:
    """Write the log, take a step, print what it took."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    with tempfile.TemporaryDirectory(prefix="gongping-bench-") as folder:
        home = Path(folder)
        make_sample(home / "x", PERIOD, 40, 20_000)
        (home / "in").mkdir()
        write_log(home / "s", events)
        seconds, asked, outcome = step_seconds(Work(home / "x", home / "in", home / "s"))
    print(f"{events} events in the log; a step with {dict(sorted(outcome.counts.items()))}: {seconds:.2f} s; "
          f"the statechart was asked {asked} times")  # fmt: skip
    return int(seconds > LIMIT)


def step_seconds(work: Work) -> tuple[float, int, object]:
    """(seconds, questions to the statechart, outcome) of one step."""
    asked, move = 0, Chart.move

    def counted(self, state, message):
        nonlocal asked
        asked += 1
        return move(self, state, message)

    Chart.move = counted
    try:
        start = time.perf_counter()
        outcome = take_steps(work, [AT])
        return time.perf_counter() - start, asked, outcome
    finally:
        Chart.move = move


def write_log(folder: Path, events: int) -> None:
    """A log of so many events: cases taken, assigned, reminded and rated, and the last of them still open."""
    with locked(folder):
        log = Log(folder)
        for event, _ in zip(_events(), range(events), strict=False):
            log.append(event)
        log.close()


def _events() -> Iterator[Event]:
    number = 0
    while True:
        number += 1
        at = FIRST + timedelta(minutes=10 * number)
        case, id, who = f"OLD{number}", f"PJOLD{number}", f"E{number % 50 + 1:03d}"
        key = {"case_id": case, "unit_id": "U001"}
        yield Event(f"case:{case}", at, "case", {**key, "rated_at": "", "topics": []})
        given = {"assignment_id": id, **key, "number": 1, "evaluator_id": who, "barred": 0}
        yield Event(f"assigned:{id}", at, "assigned", given)
        yield Event(f"reminded:{id}", at + timedelta(hours=24), "reminded", {"assignment_id": id})
        told = {"action_id": f"A{number}", "digest": "0", "evaluator_id": who, "assignment_id": id}
        told |= {"rating": "satisfied", "reason": "in order"}
        yield Event(f"rated:{id}", at + timedelta(hours=30), "rated", told)


if __name__ == "__main__":
    sys.exit(main())
