"""The benchmark tables, printed and kept in docs/benchmarks.md."""

import os

from benchmarks.scoring import UNITS, Timing
from benchmarks.sides import RUNS
from pipelines.edges.warehouse import MEMORY_LIMIT

TITLES = {"ours": "Gongping", "by_hand": "one SQL script by hand", "by_pandas": "pandas script"}
INTRODUCTION = """# Benchmarks

Written by `make bench`. The quarter is invented (`gongping sample`), {units} units; the machine has {cores} cores and
{memory} GB of memory; times on a busy machine move by up to two times, ratios by less.

## Accepted Parquet → ranking and ledger

All sides read the same Parquet files and write `ranking.csv` and `ledger.csv` under the default readings. The two
scripts are in `benchmarks/peers/`: points, thresholds and the quarter stand in their text. Before a time is printed
every line of both tables must be equal on all sides (but `entry_id`, `note` and `detail`, which only the project fills
with meaning). Each side has a process of its own and a warm file cache; the best of {runs} runs counts, imports apart.
Processor seconds are shown beside those on the clock because they bear a busy machine better.
The project does more in its time: it reads and checks its rulebook, counts under every reading at once, judges with two
engines and proves that the ledger adds up. DuckDB may use {limit} on both sides that use it.
"""


def scoring_table(timings: list[Timing]) -> str:
    """Seconds, ratio to the SQL script and memory of every side and size."""
    lines = ["| case rows | side | imports s | first run s | best s | × SQL script | CPU s | × SQL script | peak MB |",
             "|---:|---|---:|---:|---:|---:|---:|---:|---:|"]
    for timing in timings:
        script = next(t for t in timings if t.side == "by_hand" and t.rows == timing.rows)
        lines.append(f"| {timing.rows:,} | {TITLES[timing.side]} | {timing.imports:.2f} | {timing.runs[0]:.2f} "
                     f"| {timing.best:.2f} | {timing.best / script.best:.2f} | {timing.cpu:.2f} "
                     f"| {timing.cpu / script.cpu:.2f} | {timing.peak_mb:,} |")
    return "\n".join(lines)


def limits_table(measured: list[tuple[str, float, float]]) -> str:
    """What takes how many seconds, and how many it may take."""
    lines = ["| what | seconds | may take | |", "|---|---:|---:|---|"]
    for what, seconds, limit in measured:
        verdict = "within" if seconds <= limit else "**over**"
        lines.append(f"| {what} | {seconds:.3g} | {limit:g} | {verdict} |")
    return "\n".join(lines)


def document(timings: list[Timing], measured: list[tuple[str, float, float]]) -> str:
    """The whole of docs/benchmarks.md."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    cores = len(os.sched_getaffinity(0))
    head = INTRODUCTION.format(units=UNITS, cores=cores, memory=round(memory), runs=RUNS, limit=MEMORY_LIMIT)
    return "\n".join([head, scoring_table(timings), "\n## Within limits\n", limits_table(measured), ""])
