"""The benchmark tables, printed and kept in docs/benchmarks.md."""

import os
from dataclasses import dataclass
from typing import Protocol

from benchmarks.pages import CARDS, COMPARED, Pages, Printed
from benchmarks.scoring import UNITS, Timing
from benchmarks.sides import RUNS
from pipelines.edges.warehouse import half_of_memory
from pipelines.paths import ROOT

TITLES = {"ours": "Gongping", "by_hand": "one SQL script by hand", "by_pandas": "pandas script",
          "plain_pool": "plain WeasyPrint, two processes", "plain_loop": "plain WeasyPrint, a loop",
          "chromium": "Chromium, page after page", "typst": "Typst, two processes, the contents alone"}
DOCUMENT = ROOT / "docs" / "benchmarks.md"
TIMES_SCRIPT, FEW, TIMES_FEW, TIMES_PANDAS = 1.0, 300_000, 1.5, 0.5  # a run's own start weighs with few rows
HEAD = """# Benchmarks

Written by `make bench`, text and figures. The quarter is invented (`gongping sample`), {units} units; the machine has
{cores} cores and {memory} GB of memory. Times on a busy machine move by up to two times, ratios by less; processor
seconds (CPU) bear a busy machine best.
"""
SCORING = """
## Accepted Parquet → ranking and ledger

All sides read the same Parquet files and write `ranking.csv` and `ledger.csv` under the default readings. The two
scripts are in `benchmarks/peers/`: points, thresholds and the quarter stand in their text. Before a time is printed
every line of both tables must be equal on all sides (but `entry_id`, `note` and `detail`, which only the project fills
with meaning). Each side has a process of its own and a warm file cache; the best of {runs} runs counts, imports apart.
The project does more in its time: it reads and checks its rulebook, counts under every reading at once, judges with two
engines and proves that the ledger adds up. DuckDB may use {limit} on both sides that use it.
"""
PRINTING = """
## The same pages printed by others

All sides get the same HTML and style and make PDF/A with the same settings (Chromium has no PDF/A: tagged PDF). Ours
and the plain pool must make equal bytes before a time is printed; ours also checks glyphs, fonts and that nothing is
fetched. The first line is everything, the others are the bulletin and {cards} of the {all} scorecards; start of the
processes included. Chromium's processes are not ours to count, hence no processor seconds. Typst gets the same words,
tables and drawings in the same fonts (`benchmarks/peers/as_typst.py`) without the style sheet, and must print the same
numbers: what the pages would cost with another typesetter, not the same pages.
"""
LABORATORY = """
## The laboratory: a scenario by other means

What one scenario of many takes over tallies, beside the vectorised judge's sweep:

{slower}
"""
EVALUATORS = """
## A step of the evaluators' work over a long log
"""
READING = """
## An export read and checked, and pulled from a database
"""
RUNNING = """
## A running period beside its run

Both from the same invented exports, in a process each, the better of two; a watch in the middle of the quarter's second
month. `python -m benchmarks.running` measures and writes this section alone.
"""
STAGES = """
## A whole run, stage by stage

From CSV exports of 300 units to ranking, ledger, cards, site, workbook and quality report, no PDF, as `gongping run
--timings` tells it; the peer is DuckDB's own reader of the same files into Parquet, which checks, scores and shows
nothing. `python -m benchmarks.whole` measures and writes this section alone.
"""
LIBRARIES = """
## The libraries of matters and knowledge checked
"""


class Sides(Protocol):
    """A comparison that writes its own table."""

    def limits(self) -> list[tuple[str, float, float]]:
        """(what, figure, limit) of each."""

    def table(self) -> str:
        """The sides, as Markdown."""


@dataclass(frozen=True)
class Measured:
    """Everything that one run of the benchmarks measured."""

    timings: list[Timing]
    waits: list[tuple[str, float, float]]
    scenarios: list[tuple[str, float, float]]
    slower: list[tuple[str, float]]  # (side, times as long as the sweep) per scenario
    pages: Pages
    step: Sides
    check: Sides
    reading: Sides
    running: Sides
    whole: Sides

    def limits(self) -> list[tuple[str, float, float]]:
        """(what, figure, limit) of everything that has a limit."""
        return [*scoring_limits(self.timings), *self.waits, *self.scenarios, *self.step.limits(), *self.check.limits(),
                *self.reading.limits(), *self.pages.limits(), *self.running.limits(),
                *self.whole.limits()]


def scoring_table(timings: list[Timing]) -> str:
    """Seconds, ratio to the SQL script and memory of every side and size."""
    lines = ["| case rows | side | imports s | first run s | best s | × SQL script | CPU s | × SQL script | peak MB |",
             "|---:|---|---:|---:|---:|---:|---:|---:|---:|"]
    for timing in timings:
        script = _of(timings, "by_hand", timing.rows)
        lines.append(f"| {timing.rows:,} | {TITLES[timing.side]} | {timing.imports:.2f} | {timing.runs[0]:.2f} "
                     f"| {timing.best:.2f} | {timing.best / script.best:.2f} | {timing.cpu:.2f} "
                     f"| {timing.cpu / script.cpu:.2f} | {timing.peak_mb:,} |")
    return "\n".join(lines)


def scoring_limits(timings: list[Timing]) -> list[tuple[str, float, float]]:
    """(what, figure, limit): the project beside both scripts, where they ran."""
    ours = [timing for timing in timings if timing.side == "ours"]
    most = max(ours, key=lambda timing: timing.rows)
    return [
        *((f"scoring {t.rows:,} case rows ÷ SQL script", t.best / _of(timings, "by_hand", t.rows).best,
           TIMES_FEW if t.rows <= FEW else TIMES_SCRIPT) for t in ours),
        (f"scoring {most.rows:,} case rows ÷ pandas", most.best / _of(timings, "by_pandas", most.rows).best,
         TIMES_PANDAS),
    ]


def fixed_seconds(timings: list[Timing], side: str) -> float:
    """What a side takes whatever the number of rows: the line through its smallest and largest size, at no rows."""
    few, *_, many = sorted((timing for timing in timings if timing.side == side), key=lambda timing: timing.rows)
    per_row = (many.best - few.best) / (many.rows - few.rows)
    return max(few.best - few.rows * per_row, 0.0)


def _of(timings: list[Timing], side: str, rows: int) -> Timing:
    return next(t for t in timings if t.side == side and t.rows == rows)


def printing_table(pages: Pages) -> str:
    """What every side printed, in which time, and both per page beside the plain pool."""
    plain = next(side for side in pages.sides if side.side == "plain_pool")
    lines = ["| side | documents | pages | s | CPU s | ms per page | × plain pool | CPU × plain pool |",
             "|---|---:|---:|---:|---:|---:|---:|---:|"]
    return "\n".join([*lines, *(_printed(side, plain) for side in (pages.whole, *pages.sides))])


def _printed(side: Printed, plain: Printed) -> str:
    per_page, usual = (1000 * one.usage.seconds / one.pages for one in (side, plain))
    cpu, usual_cpu = (1000 * one.usage.cpu / one.pages for one in (side, plain))
    counted = ("–", "–") if side.side == "chromium" else (f"{side.usage.cpu:.1f}", f"{cpu / usual_cpu:.2f}")
    return (f"| {TITLES[side.side]} | {side.documents} | {side.pages} | {side.usage.seconds:.1f} | {counted[0]} "
            f"| {per_page:.0f} | {per_page / usual:.2f} | {counted[1]} |")


def limits_table(measured: list[tuple[str, float, float]]) -> str:
    """What comes to which figure (seconds where nothing else is said), and what it may come to."""
    lines = ["| what | measured | at most | |", "|---|---:|---:|---|"]
    for what, figure, limit in measured:
        verdict = "within" if figure <= limit else "**over**"
        lines.append(f"| {what} | {figure:.3g} | {limit:g} | {verdict} |")
    return "\n".join(lines)


def _fixed(timings: list[Timing]) -> list[str]:
    if len({timing.rows for timing in timings}) < 2:
        return []
    ours, script = (fixed_seconds(timings, side) for side in ("ours", "by_hand"))
    return [f"\nBy the line through both sizes, {ours:.2f} s of the project's run do not depend on the rows, "
            f"{script:.2f} s of the script's."]


WHOLE = """
## A whole run, before and after

300,000 case rows (Parquet) and 300 units, all pages, tables and the quality report, no PDF. Processor seconds of the
run and of all its processes, by `wait4`, on 29 and 30 November 2026 (2 cores, 24 GB), beside five to fourteen other
processes that wanted a core: clocks say nothing there, and processor seconds are some tenths dearer than on a quiet
machine. Every published file had the same bytes before and after, the hash of the program in the manifest apart.

| processor seconds | before | after |
|---|---:|---:|
| the whole run | 33.5 | 19.5 |
| the second check, its library loaded | 16.1 | 5.5 |
| of it, the library | 2.6 | 1.5 |
| reading | 2.6 | 2.1 |
| checking | 3.1 | 3.1 |
| counting, judging, settling, ranking | 1.9 | 1.8 |
| places under the readings and by chance, alone | 2.7 | 2.2 |
| tables | 0.6 | 0.5 |
| pages, 606 of them | 4.0 | 3.4 |
| hashes, to the disk, in place | 0.7 | 0.6 |
| 1,200 rows, 12 units: the whole run | 9.8 | 6.2 |
| one more check in a process that has checked before | 4.8 | 1.7 |
| `gongping demo`, 40 units | 59.8 | about 36: one quarter is printed |

Later on 30 November 2026, each measured on the same machine before and after, beside more load still (eight to fifty
processes that wanted a core), with the same published bytes:

| processor seconds | before | after |
|---|---:|---:|
| reading 1,000,000 CSV rows | 12.2 | 5.5 |
| of it, storing: DuckDB no longer writes the table anew after every few small inserts | 5.3 | 1.2 |
| of it, looking for damaged cells: columns of moments in the usual form need none | 2.4 | 0.15 |
| reading 300,000 Parquet rows | 2.2 | 1.6 |
| all combinations of the readings, 300 units | 2.3 | 1.3 |
| sampled rows as the queries see them, at 300,000 | 0.18 | 0.06 |
| scoring 300,000 rows ÷ SQL script | 8.1 | 6.4 to 7.3 |

Scoring once more, on the same day, 15 to 25 other processes beside it, the least of three times five runs of either,
taken in turns, with the same figures and words:

| processor seconds | before | after |
|---|---:|---:|
| scoring 300,000 Parquet rows, the SQL script taking 0.39 | 2.84 | 2.06 |
| of it, 985 rows read literally: words are read once, not once a row | 0.14 | 0.02 |
| of it, drawing the sample: how many are drawn is known before they are put in order | 0.073 | 0.033 |
| of it, ranking and verdicts, both times | 0.31 | 0.20 |
| accepting 2,000,000 rows, by portions of a million keys | 2.7 | 2.4 |
| of it, memory on top of what was held before, GB | 0.80 | 0.46 |

Pages are made in two processes. Of tables below a million rows the raw text is held as it is (0.25 GB more for a
million); of longer ones it is compressed after every million, for about 1.5 processor seconds each, within the 12.2 and
beside the 5.5. Without that a run of 6,000,000 CSV rows took 6.9 GB; with it 5.2, of which accepting the case rows took
the last 2.4: all of them were put in order at once. Since they are by portions, the whole takes 4.2.

Not within what was asked. Alone on the machine, on a day on which its SQL script took 0.48 s where it took 0.28
before: 300,000 CSV rows and 300 units took 23.9 s, 6 asked (checking 19 %, places under the readings and by chance 22
%, pages 21 %, reading 12 %, scoring 10 %), and 0.9 GB; 6,000,000 CSV rows took 197 s, 60 asked, and 4.2 GB, 4 asked.
Scoring at 300,000 rows takes 4.2 times the SQL script's processor seconds alone on the machine, 5.2 to 6.2 beside
others, where 1.5 times were asked. Where they go now: queries 43 % (the one pass over the rows 14 %, the second look
at single rows 9 %), settling 19 %, first judge 15 %, ranking and verdicts twice 9 %, words of the ledger 4 %; of all
of these durable_rules takes 16 %, its actions apart 13 %, and collecting garbage 5 %.
"""  # of one day, not measured anew


def document(measured: Measured) -> str:
    """The whole of docs/benchmarks.md."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    head = HEAD.format(units=UNITS, cores=len(os.sched_getaffinity(0)), memory=round(memory))
    slower = "\n".join(f"- {side}: {times:,.0f} times as long" for side, times in measured.slower)
    return "\n".join([
        head, "## What was asked\n", limits_table(measured.limits()),
        SCORING.format(runs=RUNS, limit=half_of_memory()), scoring_table(measured.timings), *_fixed(measured.timings),
        PRINTING.format(cards=COMPARED, all=CARDS), printing_table(measured.pages),
        LABORATORY.format(slower=slower), EVALUATORS, measured.step.table(), LIBRARIES, measured.check.table(),
        READING, measured.reading.table(), STAGES, measured.whole.table(), RUNNING, measured.running.table(), WHOLE,
    ])


def with_section(text: str, limits: list[tuple[str, float, float]], head: str, table: str) -> str:
    """The document with one section, and its lines of what was asked, measured anew; a new one stands last but one.

    ValueError where it lacks the table of what was asked or the last section.
    """
    title, asked = head.strip().partition("\n")[0], "## What was asked\n\n"
    before, _, behind = text.partition(asked)
    rows, _, rest = behind.partition("\n\n")
    last = rest.find(WHOLE.strip().partition("\n")[0])
    if not behind or last < 0:
        raise ValueError(f"no place for {title}")
    start = rest.find(title)
    start, end = (start, rest.find("\n## ", start) + 1) if start >= 0 else (last, last)
    new = limits_table(limits).splitlines()[2:]
    names = {line.split(" | ")[0] for line in new}
    kept = [line for line in rows.splitlines() if line.split(" | ")[0] not in names]
    sections = [before + asked + "\n".join([*kept, *new]), "", rest[:start].rstrip("\n"), head, table, "", rest[end:]]
    return "\n".join(sections)
