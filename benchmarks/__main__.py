"""`python -m benchmarks`: measure, print, and write docs/benchmarks.md; exit 1 where the sides disagree.

`--ci` measures scoring alone, within a minute; exit 1 where it takes more of its peer's time than it did.
"""

import argparse
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks.evaluators import measure_step
from benchmarks.laboratory import laboratory, ratios
from benchmarks.libraries import measure_check
from benchmarks.pages import measure_pages, sample_exports
from benchmarks.periods import periods
from benchmarks.reading import measure_reading
from benchmarks.report import DOCUMENT, Measured, document, scoring_table
from benchmarks.running import measure_running
from benchmarks.scoring import Disagreement, compare_sides, make_accepted
from benchmarks.waits import SAMPLE_ROWS, waits
from benchmarks.whole import measure_whole

SIZES = (300_000, 3_000_000)
CI_RATIO, CI_SLACK = 6.2, 1.25  # processor seconds of scoring the first size ÷ the SQL script's, of 30 November 2026


def main() -> int:
    """Run everything; other sizes than the usual are printed and not written down."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES, help="case rows to score")
    parser.add_argument("--only-scoring", action="store_true", help="leave out all that is no scoring")
    parser.add_argument("--ci", action="store_true", help="the first size beside the SQL script; 1 where it got slower")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gongping-bench-") as folder:
        work = Path(folder)
        try:
            if asked.ci:
                return _as_fast_as_it_was(work)
            timings = [t for rows in asked.rows for t in _scored(work, rows)]
        except Disagreement as found:
            print(found, file=sys.stderr)
            return 1
        print(scoring_table(timings), flush=True)
        if asked.only_scoring:
            return 0
        usual, most = tuple(asked.rows) == SIZES, work / f"accepted-{max(asked.rows)}"
        measured = Measured(
            timings,
            waits(work, work / f"accepted-{asked.rows[0]}", SAMPLE_ROWS if usual else max(asked.rows)),
            [*laboratory(most, work), *periods(work, max(asked.rows))],
            ratios(most, work),
            _apart(measure_pages, work, sample_exports(work / "exports")),
            _apart(measure_step, work / "evaluators"),
            _apart(measure_check, work / "libraries"),
            measure_reading(work / "reading"),
            measure_running(most, work / "running", max(asked.rows)),
            measure_whole(work / "whole", *(() if usual else (tuple(asked.rows),))),
        )
        text = document(measured)
        print(text)
    if usual:
        DOCUMENT.write_text(text, encoding="utf-8")
    return 0


def _scored(folder: Path, rows: int) -> list:
    accepted = make_accepted(folder / f"accepted-{rows}", rows)
    return compare_sides(accepted, rows, folder / f"results-{rows}")


def _as_fast_as_it_was(work: Path) -> int:
    """Processor seconds, the best of five, of both sides on the same machine beside the same load."""
    accepted = make_accepted(work / "accepted", SIZES[0])
    ours, script = compare_sides(accepted, SIZES[0], work / "results", ("ours", "by_hand"), 5)
    ratio, most = ours.cpu / script.cpu, CI_SLACK * CI_RATIO
    print(f"scoring {SIZES[0]:,} rows: {ours.cpu:.2f} ÷ {script.cpu:.2f} = {ratio:.2f} (CPU s), at most {most:.2f}")
    return int(ratio > most)


def _apart(work, *given):
    """The result of a function in a process of its own, whose memory is nobody else's."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(work, *given).result()


if __name__ == "__main__":
    sys.exit(main())
