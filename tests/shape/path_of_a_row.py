"""Which files handle a case row: a period of one case is run under a profiler.

    python -m tests.shape.path_of_a_row        the list of docs/architecture.md

A file handles the row if one of its functions holds the row's id, or its unit's tally, when it returns.
"""

import csv
import dataclasses
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.assess import Request, Run
from pipelines.model.period import Period
from pipelines.model.tally import UnitTally
from pipelines.paths import ROOT
from pipelines.sample.make import make_sample

PERIOD = Period.parse("2026Q3")
CASE = "THE-ONE-CASE"
DEPTH = 3  # of containers looked into
MANY = 50  # members of a container looked at
PACKAGE = ROOT / "pipelines"


def files() -> list[str]:
    """The files below `pipelines/` whose functions handle the row, sorted."""
    with TemporaryDirectory() as folder:
        exports, out = Path(folder, "exports"), Path(folder, "out")
        make_sample(exports, PERIOD, units=3, cases=60, seed=5)
        _leave_one(exports)
        with Run(Request(PERIOD, exports, out)) as run:
            return sorted(_followed(run))


def _leave_one(exports: Path) -> None:
    """One case, and no row of another table that names a case."""
    for file in exports.glob("*.csv"):
        with file.open(encoding="utf-8-sig", newline="") as lines:
            head, rows = (reader := csv.DictReader(lines)).fieldnames, list(reader)
        if file.stem == "cases":
            rows = [row for row in rows if PERIOD.start.date() <= date.fromisoformat(row["reply_due_at"][:10])][:1]
            rows[0]["case_id"] = CASE
        elif "case_id" in head:
            rows = []
        with file.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, head)
            writer.writeheader()
            writer.writerows(rows)


def _followed(run: Run) -> set[str]:
    found, inside = set(), False

    def look(frame, event: str, value: object) -> None:
        nonlocal inside
        file = Path(frame.f_code.co_filename)
        if event != "return" or inside or not file.is_relative_to(PACKAGE):
            return
        inside = True  # what looking itself calls is no handling
        name = file.relative_to(PACKAGE).as_posix()
        if name not in found and (_holds(value) or any(_holds(one) for one in list(frame.f_locals.values()))):
            found.add(name)
        inside = False

    sys.setprofile(look)
    try:
        assert not run.check()
        for stage in (run.measure, run.judge, run.settle, run.rank):
            stage()
    finally:
        sys.setprofile(None)
    return found


def _holds(value: object, depth: int = 0) -> bool:
    if isinstance(value, str | bytes):
        return (CASE if isinstance(value, str) else CASE.encode()) in value
    if isinstance(value, UnitTally):
        return True
    if depth == DEPTH or isinstance(value, type):
        return False
    if isinstance(value, Mapping):
        members = [*list(value)[:MANY], *list(value.values())[:MANY]]
    elif isinstance(value, list | tuple | set | frozenset):
        members = list(value)[:MANY]
    elif dataclasses.is_dataclass(value):
        members = [getattr(value, field.name, None) for field in dataclasses.fields(value)]
    else:
        members = value.slice(0, 3).to_pylist() if type(value).__name__ in {"Table", "RecordBatch"} else []
    return any(_holds(one, depth + 1) for one in members)


def section() -> str:
    """The list as docs/architecture.md shows it."""
    return "\n".join(f"- `pipelines/{name}`" for name in files())


if __name__ == "__main__":
    print(section())
