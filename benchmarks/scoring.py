"""From accepted Parquet files to ranking and ledger: the project beside the two scripts, on the same files."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.results import differences, find
from benchmarks.sides import PERIOD, RUNS, SIDES
from pipelines.paths import ROOT

UNITS = 300


class Disagreement(Exception):
    """Two sides came to different figures, so that their times say nothing."""


@dataclass(frozen=True)
class Timing:
    """What one side took for one size: seconds and MB."""

    side: str
    rows: int
    imports: float
    runs: tuple[float, ...]
    cpu: float  # processor seconds of the run that took least
    peak_mb: int

    @property
    def best(self) -> float:
        """The fastest run."""
        return min(self.runs)


def make_accepted(folder: Path, rows: int) -> Path:
    """The accepted rows of an invented quarter as typed Parquet files, read once so that they are in the file cache.

    Made in a process of its own: on Linux a child's highest memory starts from its parent's.
    """
    command = [sys.executable, "-m", "pipelines", "sample", str(folder), "--period", PERIOD, "--units", str(UNITS),
               "--cases", str(rows), "--format", "parquet"]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    for file in folder.iterdir():
        _read_through(file)
    return folder


def _read_through(file: Path) -> None:
    with file.open("rb") as stream:
        while stream.read(1 << 20):
            pass


def compare_sides(accepted: Path, rows: int, work: Path, sides=tuple(SIDES), runs: int = RUNS) -> list[Timing]:
    """Time every side, each in a process of its own; Disagreement unless ranking and ledger are equal."""
    timings = [_run_side(side, accepted, rows, work / side, runs) for side in sides]
    reference, *others = (find(work / side) for side in sides)
    for other in others:
        found = differences(reference, other)
        if found:
            raise Disagreement("\n".join(found))
    return timings


def _run_side(side: str, accepted: Path, rows: int, out: Path, runs: int) -> Timing:
    command = [sys.executable, "-m", "benchmarks.sides", side, str(accepted), str(out), str(runs)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{side} at {rows} rows:\n{done.stderr}")
    report = json.loads(done.stdout.splitlines()[-1])
    return Timing(side, rows, report["imports"], tuple(report["runs"]), report["cpu"], report["peak_mb"])
