"""A running period beside its run, and its pages: `python -m benchmarks.running [ROWS]` measures and writes it alone.

Processor seconds, for the machine may have other work; each side in a process of its own, the better of two. The usual
number of rows is written into docs/benchmarks.md, another one only printed.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.report import DOCUMENT, RUNNING, with_section
from benchmarks.sides import PERIOD
from pipelines.model.score import STAGES
from pipelines.paths import ROOT

ROWS, RUNS = 3_000_000, 2
AT = datetime(2026, 8, 14, 8, 30)
TIMES_RUN, PAGES_SECONDS = 1.3, 5
TO_PLACES = STAGES[: STAGES.index("publish")]
PARTS = {"find": "what is found beside the score", "look": "what is open, due and at risk", "whole": "all of these",
         "likely": "the likely end", "lists": "every page, list and table, written",
         "pages": "of it, the units' pages"}


@dataclass(frozen=True)
class Running:
    """Processor seconds by part of a run up to its places, and of a watch of the same rows with its pages."""

    rows: int
    run: dict[str, float]
    watch: dict[str, float]

    def limits(self) -> list[tuple[str, float, float]]:
        """(what, figure, limit) of each."""
        own, look = (side["whole"] - side["ingest"] - side["validate"] for side in (self.run, self.watch))
        what = f"watch of {self.rows:,} case rows ÷ a run"
        return [
            (f"{what}, exports to places, processor seconds", self.watch["whole"] / self.run["whole"], TIMES_RUN),
            (f"{what}, accepted rows to places, processor seconds", look / own, TIMES_RUN),
            (f"pages of the {self.watch['units']:,.0f} units of a watch, processor seconds", self.watch["pages"],
             PAGES_SECONDS),
        ]

    def table(self) -> str:
        """Both sides by part, as Markdown."""
        lines = ["| processor seconds | a run | a watch |", "|---|---:|---:|"]
        for name in {**dict.fromkeys(TO_PLACES), **self.watch}:
            if name not in ("units", "steps"):
                lines.append(f"| {PARTS.get(name, name)} | {self.run.get(name, '–')} | {self.watch.get(name, '–')} |")
        return "\n".join([*lines, f"\n{self.rows:,} case rows, {self.watch['units']:,.0f} units, "
                          f"{self.watch['steps']:,.0f} acts still to be done."])


def measure_running(exports: Path, work: Path, rows: int = ROWS) -> Running:
    """Both sides over the exports of so many case rows."""
    run, watch = (min((_child(side, exports, work) for _ in range(RUNS)), key=lambda one: one["whole"])
                  for side in ("run", "watch"))
    return Running(rows, run, watch)


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
        taken = {stage: _took(getattr(run, stage)) for stage in (TO_PLACES if side == "run" else Watch.stages)}
        seen = []
        if side == "watch":
            taken["look"] = _took(lambda: seen.append(run.look()))
        taken["whole"] = sum(taken.values())
        if side == "watch":
            seen_end = []
            taken["likely"] = _took(lambda: seen_end.append(likely(seen[0])))
            [end] = seen_end
            taken["lists"] = _took(lambda: pages.write(seen[0], request.out, end))
            taken["pages"] = _took(lambda: pages_alone(pages.Pages(seen[0], end, {}, "zh"), seen[0]))
            taken |= {"units": len(seen[0].units), "steps": len(seen[0].steps)}
    return {name: round(value, 2) for name, value in taken.items()}


def main() -> None:
    """Measure, print and write the section, or be one of the sides."""
    if len(sys.argv) > 2:
        print(json.dumps(measured(sys.argv[1], *map(Path, sys.argv[2:4]))))
        return
    from benchmarks.scoring import make_accepted

    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory(prefix="gongping-bench-") as folder:
        found = measure_running(make_accepted(Path(folder, "exports"), rows), Path(folder), rows)
    print(found.table())
    for what, figure, limit in found.limits():
        print(f"{what}: {figure:.2f}, at most {limit}")
    if rows == ROWS:
        text = DOCUMENT.read_text(encoding="utf-8")
        DOCUMENT.write_text(with_section(text, found.limits(), RUNNING, found.table()), encoding="utf-8")


if __name__ == "__main__":
    main()
