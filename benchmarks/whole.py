"""A whole run from CSV exports to everything but paper: `python -m benchmarks.whole [ROWS …]` measures it alone.

Its stages are those that `gongping run --timings` tells. The peer is DuckDB's own reader over the same files, types
found by itself, into Parquet: nothing checked, scored or written for people. The usual sizes are written into
docs/benchmarks.md, others only printed.
"""

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import DOCUMENT, STAGES, with_section
from benchmarks.sides import PERIOD
from benchmarks.usage import Usage, used
from pipelines.paths import ROOT

MOST = {300_000: (6, None), 6_000_000: (60, 4)}  # rows: seconds, GiB
STAGE = re.compile(r"^ *(\d+\.\d+) s +\d+\.\d+ % +(.+)$", re.MULTILINE)
UNITS = 300
READER = """
import sys
from pathlib import Path
import duckdb

for file in Path(sys.argv[1]).glob("*.csv"):
    duckdb.execute(f"copy (from read_csv('{file}')) to '{Path(sys.argv[2]) / file.stem}.parquet'")
"""


@dataclass(frozen=True)
class One:
    """A run over so many case rows: what it took, its stages in seconds on the clock, and what the reader took."""

    rows: int
    usage: Usage
    stages: tuple[tuple[str, float], ...]
    reader: Usage


@dataclass(frozen=True)
class Whole:
    """The runs, the smallest first."""

    runs: tuple[One, ...]

    def limits(self) -> list[tuple[str, float, float]]:
        """(what, figure, limit) of every size that has limits."""
        found: list[tuple[str, float, float]] = []
        for one in self.runs:
            seconds, gib = MOST.get(one.rows, (None, None))
            what = f"a whole run of {one.rows:,} CSV case rows, no PDF"
            found += [(f"{what}, s", one.usage.seconds, seconds)] if seconds else []
            found += [(f"{what}, memory of all processes, GiB", one.usage.peak_gib, gib)] if gib else []
        return found

    def table(self) -> str:
        """What every size took, and the share of each stage, as Markdown."""
        lines = ["| | " + " | ".join(f"{one.rows:,} rows" for one in self.runs) + " |",
                 "|---|" + "---:|" * len(self.runs)]
        figures = {
            "s": [f"{one.usage.seconds:.1f}" for one in self.runs],
            "CPU s": [f"{one.usage.cpu:.1f}" for one in self.runs],
            "peak GiB, all processes": [f"{one.usage.peak_gib:.2f}" for one in self.runs],
            "CPU × DuckDB's reader": [f"{one.usage.cpu / one.reader.cpu:.1f}" for one in self.runs],
        }
        for stage in dict.fromkeys(name for one in self.runs for name, _ in one.stages):
            figures[stage] = [_share(one, stage) for one in self.runs]
        return "\n".join([*lines, *(f"| {name} | {' | '.join(cells)} |" for name, cells in figures.items())])


def _share(one: One, stage: str) -> str:
    taken, whole = dict(one.stages).get(stage, 0.0), sum(seconds for _, seconds in one.stages)
    return f"{taken:.1f} s, {100 * taken / whole:.0f} %"


def measure_whole(work: Path, sizes: tuple[int, ...] = tuple(MOST)) -> Whole:
    """Every size after the other, in processes of their own."""
    return Whole(tuple(_measured(work / str(rows), rows) for rows in sizes))


def _measured(work: Path, rows: int) -> One:
    exports, read = work / "exports", work / "read"
    read.mkdir(parents=True)
    _gongping("sample", str(exports), "--period", PERIOD, "--units", str(UNITS), "--cases", str(rows))
    reader = used(lambda: subprocess.run([sys.executable, "-c", READER, exports, read], check=True))
    said: list[str] = []
    run = ("run", PERIOD, "--exports", str(exports), "--out", str(work / "out"), "--no-pdf", "--timings")
    usage = used(lambda: said.append(_gongping(*run)))
    *stages, _ = [(name, float(seconds)) for seconds, name in STAGE.findall(said[0])]  # the last is their sum
    return One(rows, usage, tuple(stages), reader)


def _gongping(*arguments: str) -> str:
    """What a verb that must end well says beside its result."""
    command = [sys.executable, "-m", "gongping", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"GONGPING_LANG": "en"})
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}:\n{done.stderr}")
    return done.stderr


def main() -> None:
    """Measure, print, and put the section of the usual sizes in its place."""
    sizes = tuple(map(int, sys.argv[1:])) or tuple(MOST)
    with tempfile.TemporaryDirectory(prefix="gongping-whole-") as folder:
        found = measure_whole(Path(folder), sizes)
    print(found.table())
    if sizes == tuple(MOST):
        text = DOCUMENT.read_text(encoding="utf-8")
        DOCUMENT.write_text(with_section(text, found.limits(), STAGES, found.table()), encoding="utf-8")


if __name__ == "__main__":
    main()
