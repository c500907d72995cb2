"""A month, a quarter and a year of as many rows; and many scenarios of every example book.

Each in a process of its own: `python -m benchmarks.periods score KIND WORK ROWS`, `… sweep BOOK WORK`.
"""

import csv
import json
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from shutil import copytree

from pipelines.paths import ROOT

PERIODS = {"month": "2025-07", "quarter": "2025Q3", "year": "2025"}
UNITS, RUNS, GRID = 300, 3, 100
ALIKE, SECONDS = 1.1, 10  # the slowest period by the fastest; 10,000 scenarios of a book
FIELDS = ("target", "deduct", "worth", "points_1", "award", "award_1")


def periods(work: Path, rows: int) -> list[tuple[str, float, float]]:
    """(what, figure, limit): how unlike periods of as many rows are, and the slowest book's scenarios."""
    taken = [_child("score", kind, work / "periods", rows) for kind in PERIODS]
    books = sorted(folder.parent.name for folder in (ROOT / "examples").glob("*/rulebook"))
    sweeps = {book: _child("sweep", book, work / "books") for book in books}
    slowest = max(sweeps, key=sweeps.__getitem__)
    return [
        (f"a month, a quarter, a year of {rows:,} rows: the slowest by the fastest", max(taken) / min(taken), ALIKE),
        (f"what if: {GRID**2:,} scenarios of the slowest example book ({slowest})", sweeps[slowest], SECONDS),
    ]


def _child(*asked: object) -> float:
    command = [sys.executable, "-m", "benchmarks.periods", *map(str, asked)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{asked}:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def score(kind: str, work: str, rows: str) -> float:
    """Seconds from accepted rows to places by one book with its period changed; the best of several runs."""
    from benchmarks.ours import STAGES, look_at
    from pipelines.assess import Request, Run
    from pipelines.model.intake import Intake, Validation
    from pipelines.model.period import Period
    from pipelines.sample.make import make_sample

    period, place = Period.parse(PERIODS[kind]), Path(work) / kind
    rules = copytree(ROOT / "examples" / "three_rates" / "rulebook", place / "rules")
    text = (rules / "rulebook.yaml").read_text(encoding="utf-8")
    text = text.replace("period: month", f"period: {kind}").replace("{from: 2026-01-01}", "{from: 2025-01-01}")
    (rules / "rulebook.yaml").write_text(text, encoding="utf-8")
    make_sample(place / "in", period, units=UNITS, cases=int(rows), format="parquet")
    taken = []
    for _ in range(RUNS):
        with Run(Request(period, place / "in", place / "out", rules=rules)) as run:
            run.intake = Intake((), (), {}, (), (), simulated=True)
            run.validation = Validation({}, (), ())
            look_at(run.warehouse, place / "in")
            start = time.perf_counter()
            for stage in STAGES:
                getattr(run, stage)()
            taken.append(time.perf_counter() - start)
    return min(taken)


def sweep(book: str, work: str) -> float:
    """Seconds for a grid of scenarios over two values of a book; its units have figures in place of rows."""
    from pipelines import Quarter
    from pipelines.assess import Request, Run
    from pipelines.rulebook.load import changeable, load_rulebook, periods_of

    rules, place = ROOT / "examples" / book / "rulebook", Path(work) / book
    period = periods_of(rules).holding(date(2026, 7, 1))
    rulebook = load_rulebook(rules, period)
    _exports(place / "in", rulebook, period.months)
    with Run(Request(period, place / "in", place / "out", rules=rules, pdf=False)) as run:
        run.run()
    quarter, known = Quarter.open(period, place / "out"), changeable(rulebook)
    fields = [name for field in FIELDS for name in known if name.endswith(f".{field}")][:2]
    asked = {name: [f"{(k + 1) / 10:.2f}" for k in range(GRID ** (3 - len(fields)))] for name in fields}
    start = time.perf_counter()
    made = quarter.sweep(asked)
    assert len(made) == GRID**2
    return time.perf_counter() - start


def _exports(folder: Path, rulebook, months) -> None:
    """Units and figures of every measure that a count can tell; a part is less than its whole."""
    from pipelines.contracts.declared import can_be_given

    folder.mkdir(parents=True)
    units = [f"U{k:04d}" for k in range(UNITS)]
    rules = rulebook.rules.values()
    named = {*rulebook.sheets, *(group for rule in rules for group in rule.groups)}
    groups = sorted((named | {one.group for rule in rules for one in rule.targets}) - {"*"}) or ["一类"]
    with (folder / "units.csv").open("w", encoding="utf-8", newline="") as file:
        lines = [(id, id, groups[k % len(groups)], "true") for k, id in enumerate(units)]
        csv.writer(file).writerows([("unit_id", "unit_name", "unit_group", "ranked"), *lines])

    def depth(id: str) -> int:
        among = rulebook.measures[id].among
        return 1 + depth(among) if among else 0

    given = [id for id in rulebook.measures if can_be_given(id, rulebook)]
    with (folder / "figures.csv").open("w", encoding="utf-8", newline="") as file:
        lines = [(unit, month, id, 400 >> depth(id) if not depth(id) else (400 >> depth(id)) - k % 90)
                 for k, unit in enumerate(units) for month in months for id in given]
        csv.writer(file).writerows([("unit_id", "period", "measure", "n"), *lines])


if __name__ == "__main__":
    print(json.dumps({"score": score, "sweep": sweep}[sys.argv[1]](*sys.argv[2:])))
