"""A running period beside its run: `python -m benchmarks.running [ROWS]`, both from exports to places, and its pages.

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


def running(exports: Path, work: Path) -> list[tuple[str, float, float]]:
    """(what, figure, limit): a watch by a run, and the pages of its units."""
    run, watch = (min((_child(side, exports, work) for _ in range(RUNS)), key=lambda one: one["whole"])
                  for side in ("run", "watch"))  # fmt: skip
    return [
        ("a watch ÷ a run, from exports to places, processor seconds", watch["whole"] / run["whole"], TIMES_RUN),
        (f"pages of the {watch['units']} units of a watch, processor seconds", watch["pages"], PAGES_SECONDS),
    ]


def _child(side: str, exports: Path, work: Path) -> dict:
    command = [sys.executable, "-m", "benchmarks.running", side, str(exports), str(work)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{side}:\n{done.stderr}")
    print(f"{side}: {done.stdout.splitlines()[-1]}", file=sys.stderr, flush=True)
    return json.loads(done.stdout.splitlines()[-1])


def _took(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def pages_alone(made, watched) -> None:
    """Every page of the units, without the lists to work through."""
    from pipelines.edges.templates import render

    steps = {one.unit.unit_id: [] for one in watched.units}
    for step in watched.steps:
        steps[step.unit_id].append(step)
    for one in watched.units:
        render("running/unit.html.j2", made.unit(one, steps[one.unit.unit_id]))


def measured(side: str, exports: Path, work: Path) -> dict:
    """Processor seconds of a side by part."""
    from pipelines.assess import Request, Run
    from pipelines.model.period import Period
    from pipelines.running import pages
    from pipelines.running.forecast import likely
    from pipelines.running.watch import Watch

    request = Request(Period.parse(PERIOD), exports, work / "out", pdf=False)
    with Run(request) if side == "run" else Watch(request, AT) as run:
        taken = {stage: _took(getattr(run, stage)) for stage in Watch.stages}
        seen = []
        if side == "watch":
            taken["look"] = _took(lambda: seen.append(run.look()))
        taken["whole"] = sum(taken.values())
        if side == "watch":
            end = likely(seen[0])
            taken["lists"] = _took(lambda: pages.write(seen[0], request.out, end))
            taken["pages"] = _took(lambda: pages_alone(pages.Pages(seen[0], end, {}, "zh"), seen[0]))
            taken |= {"units": len(seen[0].units), "steps": len(seen[0].steps)}
    return {name: round(value, 2) for name, value in taken.items()}


def main() -> None:
    """Measure and print, or be one of the sides."""
    if len(sys.argv) > 2:
        print(json.dumps(measured(sys.argv[1], *map(Path, sys.argv[2:4]))))
        return
    from benchmarks.scoring import make_accepted

    with tempfile.TemporaryDirectory(prefix="gongping-bench-") as folder:
        exports = make_accepted(Path(folder, "exports"), int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
        for what, figure, limit in running(exports, Path(folder)):
            print(f"{what}: {figure:.2f}, at most {limit}")


if __name__ == "__main__":
    main()
