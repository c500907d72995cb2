"""One side of the comparison in a process of its own: `python -m benchmarks.sides SIDE ACCEPTED OUT [RUNS]`.

Prints seconds for its imports and for every run, the least processor seconds of a run and the highest resident memory
in MB, as one line of JSON.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

PERIOD = "2026Q3"
RUNS = 3
PEERS = Path(__file__).parent / "peers"


def ours(accepted: Path, out: Path) -> Callable[[], None]:
    """The project's own stages, from measure to the tables."""
    from benchmarks.ours import assess_accepted
    from pipelines.model.period import Period

    return lambda: assess_accepted(accepted, Period.parse(PERIOD), out)


def by_hand(accepted: Path, out: Path) -> Callable[[], None]:
    """The hand-written script, in a DuckDB with the memory limit that the project gives itself."""
    import duckdb

    from pipelines.edges.warehouse import half_of_memory

    script = (PEERS / "by_hand.sql").read_text(encoding="utf-8")
    _stand_in(accepted, out)

    def run() -> None:
        with duckdb.connect(config={"memory_limit": half_of_memory()}) as connection:
            connection.execute(script)

    return run


def by_pandas(accepted: Path, out: Path) -> Callable[[], None]:
    """The pandas script."""
    from benchmarks.peers import by_pandas as script

    _stand_in(accepted, out)
    return script.main


SIDES = {"ours": ours, "by_hand": by_hand, "by_pandas": by_pandas}


def _stand_in(accepted: Path, out: Path) -> None:
    """The scripts read `accepted/` and write beside it."""
    (out / "accepted").symlink_to(accepted.resolve())
    os.chdir(out)


def _timed(work: Callable) -> tuple[float, float, object]:
    """Seconds on the clock, seconds of the processors, and what the work gave."""
    start, busy = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - start, time.process_time() - busy, result


def main(side: str, accepted: str, out: str, times: str = str(RUNS)) -> None:
    """Run a side and print what it took."""
    folder = Path(out).resolve()
    folder.mkdir(parents=True)
    imports, _, run = _timed(lambda: SIDES[side](Path(accepted).resolve(), folder))
    runs = [_timed(run)[:2] for _ in range(int(times))]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    clock, busy = zip(*runs, strict=True)
    print(json.dumps({"imports": imports, "runs": clock, "cpu": min(busy), "peak_mb": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
