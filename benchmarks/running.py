"""A running period beside its run: `python -m benchmarks.running [ROWS]`, both from accepted rows, and the day's pages.

Processor seconds, for the machine may have other work; each side in a process of its own, the better of two.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from benchmarks.sides import PERIOD
from pipelines.paths import ROOT

ROWS, RUNS = 3_000_000, 2
AT = datetime(2026, 8, 14, 8, 30)
TIMES_RUN, PAGES_SECONDS = 1.3, 5


def running(accepted: Path, work: Path) -> list[tuple[str, float, float]]:
    """(what, figure, limit): a watch by a run, and the pages of its units."""
    run, watch = (min((_child(side, accepted, work) for _ in range(RUNS)), key=lambda one: one["look"])
                  for side in ("run", "watch"))  # fmt: skip
    return [
        ("a watch ÷ a run, from accepted rows to places, processor seconds", watch["look"] / run["look"], TIMES_RUN),
        (f"pages and lists of the {watch['units']} units of a watch", watch["pages"], PAGES_SECONDS),
    ]


def _child(side: str, accepted: Path, work: Path) -> dict:
    command = [sys.executable, "-m", "benchmarks.running", side, str(accepted), str(work)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{side}:\n{done.stderr}")
    print(f"{side}: {done.stdout.splitlines()[-1]}", file=sys.stderr, flush=True)
    return json.loads(done.stdout.splitlines()[-1])


def _took(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def measured(side: str, accepted: Path, work: Path) -> dict:
    """Processor seconds of a side by part."""
    from benchmarks.ours import STAGES, look_at
    from pipelines.assess import Request, Run
    from pipelines.model.intake import Intake, Validation
    from pipelines.model.period import Period
    from pipelines.running import pages
    from pipelines.running.forecast import likely
    from pipelines.running.watch import Watch

    request = Request(Period.parse(PERIOD), accepted, work / "out", pdf=False)
    with Run(request) if side == "run" else Watch(request, AT) as run:
        run.intake = Intake((), (), {}, (), (), simulated=True)
        run.validation = Validation({}, (), ())
        look_at(run.warehouse, accepted)
        for file in accepted.glob("*.parquet"):  # a watch puts tables of its own in their place
            run.warehouse.connection.execute(f"drop view accepted.{file.stem}")
            run.warehouse.connection.execute(f"create table accepted.{file.stem} as from '{file}'")
        taken = {stage: _took(getattr(run, stage)) for stage in STAGES}
        if side == "watch":
            seen = []
            taken["seen"] = _took(lambda: seen.append(run.look()))
            taken["look"] = sum(taken.values())
            taken["likely"] = _took(lambda: seen.append(likely(seen[0])))
            taken["pages"] = _took(lambda: pages.write(seen[0], request.out, seen[1]))
            taken["units"] = len(seen[0].units)
            taken["steps"] = len(seen[0].steps)
        else:
            taken["look"] = sum(taken.values())
    return {name: round(value, 2) for name, value in taken.items()}


def main() -> None:
    """Measure and print, or be one of the sides."""
    if len(sys.argv) > 2:
        print(json.dumps(measured(sys.argv[1], *map(Path, sys.argv[2:4]))))
        return
    from benchmarks.scoring import make_accepted

    with tempfile.TemporaryDirectory(prefix="gongping-bench-") as folder:
        accepted = make_accepted(Path(folder, "accepted"), int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
        for what, figure, limit in running(accepted, Path(folder)):
            print(f"{what}: {figure:.2f}, at most {limit}")


if __name__ == "__main__":
    main()
