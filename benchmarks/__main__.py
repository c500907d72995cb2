"""`python -m benchmarks`: measure, print, and write docs/benchmarks.md; exit 1 where the sides disagree."""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.laboratory import laboratory
from benchmarks.pages import measure_pages, sample_exports
from benchmarks.report import document, limits_table, scoring_table
from benchmarks.scoring import Disagreement, compare_sides, make_accepted
from benchmarks.waits import SAMPLE_ROWS, waits
from pipelines.paths import ROOT

SIZES = (300_000, 3_000_000)
DOCUMENT = ROOT / "docs" / "benchmarks.md"


def main() -> int:
    """Run everything; other sizes than the usual are printed and not written down."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES, help="case rows to score")
    parser.add_argument("--only-scoring", action="store_true", help="leave help, demo, sample and what-if out")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gongping-bench-") as folder:
        try:
            timings = [t for rows in asked.rows for t in _scored(Path(folder), rows)]
        except Disagreement as found:
            print(found, file=sys.stderr)
            return 1
        print(scoring_table(timings))
        if asked.only_scoring:
            return 0
        usual = tuple(asked.rows) == SIZES
        work = Path(folder)
        measured = waits(work, work / f"accepted-{asked.rows[0]}", SAMPLE_ROWS if usual else max(asked.rows))
        measured += laboratory(work / f"accepted-{max(asked.rows)}", work)
        measured += measure_pages(work, sample_exports(work / "exports"))
        print(limits_table(measured))
    if usual:
        DOCUMENT.write_text(document(timings, measured), encoding="utf-8")
    return 0


def _scored(folder: Path, rows: int) -> list:
    accepted = make_accepted(folder / f"accepted-{rows}", rows)
    return compare_sides(accepted, rows, folder / f"results-{rows}")


if __name__ == "__main__":
    sys.exit(main())
