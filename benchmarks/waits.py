"""What a person waits for: help, the demo, a sample, a what-if; each with the seconds that it may take."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.rescore import rescore_seconds
from benchmarks.sides import PERIOD, RUNS
from pipelines.paths import ROOT

HELP_SECONDS, DEMO_SECONDS, RESCORE_SECONDS, PARQUET_SECONDS, CSV_SECONDS = 0.5, 20, 0.05, 15, 30
SAMPLE_ROWS = 3_000_000


def waits(work: Path, accepted: Path, sample_rows: int = SAMPLE_ROWS) -> list[tuple[str, float, float]]:
    """(what, seconds, limit) of each; the fastest of a few runs where a run is short."""
    return [
        ("`gongping --help`", min(_command("--help") for _ in range(RUNS)), HELP_SECONDS),
        ("`gongping demo`, one quarter printed", _command("demo", "--out", str(work / "demo")), DEMO_SECONDS),
        ("another rule value at 300 units, by the vector judge", rescore_seconds(accepted), RESCORE_SECONDS),
        *(_sample(work, format, sample_rows, limit)
          for format, limit in (("parquet", PARQUET_SECONDS), ("csv", CSV_SECONDS))),
    ]


def _sample(work: Path, format: str, rows: int, limit: int) -> tuple[str, float, float]:
    out = work / f"sample-{format}"
    seconds = _command("sample", str(out), "--period", PERIOD, "--cases", str(rows), "--units", "300",
                       "--format", format)
    return f"`gongping sample` of {rows:,} case rows, {format}", seconds, limit


def _command(*arguments: str) -> float:
    command = [sys.executable, "-m", "pipelines", *arguments]
    return _seconds(lambda: _must_succeed(subprocess.run(command, cwd=ROOT, capture_output=True, text=True)))


def _must_succeed(done: subprocess.CompletedProcess) -> None:
    if done.returncode:
        raise RuntimeError(f"{' '.join(done.args[1:])}:\n{done.stderr}")


def _seconds(work: Callable) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
