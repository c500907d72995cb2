"""`gongping libraries check` on a large library, beside a pandas script that counts the same findings.

`python -m benchmarks.libraries [CASES [MATTERS]]`; exit 1 where the check takes longer than its limit.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipelines.assess import Request, Run
from pipelines.edges.tablefiles import write_library_tables
from pipelines.libraries import inspect
from pipelines.model.period import Period
from pipelines.sample.make import make_sample

CASES, MATTERS, UNITS, LIMIT = 300_000, 20_000, 300, 15.0
PERIOD, ON = Period.parse("2026Q3"), date(2026, 9, 30)
COMPARED = ("several_processes", "dispatched_without_matter", "case_without_matter", "published_unsigned", "expired")
TITLES = {"ours": "Gongping: contracts, history, all findings, tables",
          "pandas": "pandas: five of the findings counted"}


@dataclass(frozen=True)
class Sides:
    """How large the library was, how much was found, and the seconds of each side: (clock, processor)."""

    cases: int
    matters: int
    findings: int
    seconds: dict[str, tuple[float, float]]

    def limits(self) -> list[tuple[str, float, float]]:
        """(what, figure, limit) lines for the report."""
        what = f"libraries check, {self.cases:,} case rows, {self.matters:,} matters, processor seconds"
        return [(what, self.seconds["ours"][1], LIMIT)]

    def table(self) -> str:
        """The sides, with the ratio to ours."""
        ours = self.seconds["ours"][1]
        lines = ["| side | s | CPU s | CPU × ours |", "|---|---:|---:|---:|"]
        lines += [f"| {TITLES[side]} | {clock:.2f} | {cpu:.2f} | {cpu / ours:.2f} |"
                  for side, (clock, cpu) in self.seconds.items()]
        size = f"{self.cases:,} case rows, {self.matters:,} matters, every tenth changed once"
        return "\n".join([*lines, "", f"{size}; {self.findings:,} findings."])


def measure_check(home: Path, cases: int = CASES, matters: int = MATTERS) -> Sides:
    """Make the exports and check them both ways; AssertionError where the counts differ."""
    exports = make_library(home / "exports", cases, matters)
    found, *ours = _timed(lambda: _check(exports, home / "tables"))
    counted, *by_pandas = _timed(lambda: count_with_pandas(exports))
    assert {name: found[name] for name in counted} == counted, "pandas finds something else"
    return Sides(cases, matters, sum(found.values()), {"ours": tuple(ours), "pandas": tuple(by_pandas)})


def make_library(folder: Path, cases: int, matters: int) -> Path:
    """A sample quarter whose library is large: most cases go to a holder, every hundredth is of no matter."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as parquet

    make_sample(folder, PERIOD, UNITS, cases, format="parquet")
    (folder / "adjustments.parquet").unlink()
    units = parquet.read_table(folder / "units.parquet")["unit_id"].to_numpy(zero_copy_only=False)
    rng, n = np.random.default_rng(3), np.arange(matters)
    ids = np.array([f"M{number:05d}" for number in n], dtype=object)
    held = parquet.read_table(folder / "cases.parquet")
    of_unit = {unit: ids[k::len(units)] for k, unit in enumerate(units)}
    draw, stray = rng.integers(0, 2**31, held.num_rows), rng.integers(0, 100, held.num_rows)
    named = [None if s == 0 else ids[d % matters] if s < 20 else of_unit[unit][d % len(of_unit[unit])]
             for unit, d, s in zip(held["unit_id"].to_pylist(), draw, stray, strict=True)]
    place = held.schema.get_field_index("matter_id")
    parquet.write_table(held.set_column(place, "matter_id", pa.array(named, pa.string())), folder / "cases.parquet")
    library = {"matter_id": ids, "matter_name": [f"事项{k}" for k in n], "unit_id": units[n % len(units)],
               "process": [f"受理—办理{k % 7}—回复" for k in n], "valid_from": [date(2020, 1, 1)] * matters}
    parquet.write_table(_with_second_processes(pa.table(library)), folder / "matters.parquet")
    changed = np.sort(rng.choice(n, matters // 10, replace=False))
    changes = {"change_id": [f"G{k}" for k in range(len(changed))], "matter_id": ids[changed],
               "unit_id": units[changed % len(units)], "change": ["modify"] * len(changed),
               "matter_name": [f"新事项{k}" for k in changed], "requested_on": [date(2026, 5, 1)] * len(changed),
               "decided_on": [date(2026, 5, 12)] * len(changed), "decision": ["approved"] * len(changed)}
    parquet.write_table(pa.table(changes), folder / "matter_changes.parquet")
    return folder


def _with_second_processes(library):
    """Every fiftieth matter is handled by another unit too, by another process."""
    import pyarrow as pa

    rows = library.to_pylist()
    second = [{**row, "unit_id": rows[k - 1]["unit_id"], "process": "另一流程"} for k, row in enumerate(rows)
              if k % 50 == 7]
    return pa.concat_tables([library, pa.Table.from_pylist(second, library.schema)])


def count_with_pandas(exports: Path) -> dict[str, int]:
    """The findings of COMPARED, counted by the usual script over the same files; contracts and history apart."""
    import pandas

    read = {name: pandas.read_parquet(exports / f"{name}.parquet") for name in ("cases", "matters", "knowledge")}
    matters, knowledge, cases = read["matters"], read["knowledge"], read["cases"]
    cases = cases[(cases["dispatched_at"] >= str(PERIOD.start)) & (cases["dispatched_at"] < str(PERIOD.end))]
    led = cases[cases["role"].fillna("lead") != "assist"]
    several = matters.groupby("matter_id")["process"].nunique()
    holders = matters.drop_duplicates(["matter_id", "unit_id"])
    named = led[led["matter_id"].notna()].merge(holders[["matter_id", "unit_id"]], how="left", indicator=True)
    published = knowledge[knowledge["status"] == "published"]
    return {
        "several_processes": int(holders["matter_id"].isin(several[several > 1].index).sum()),
        "dispatched_without_matter": int((named["_merge"] == "left_only").sum()),
        "case_without_matter": int(led["matter_id"].isna().sum()),
        "published_unsigned": int(published["signed_off_by"].isna().sum()),
        "expired": int((pandas.to_datetime(knowledge["expires_on"]) < str(ON))[knowledge["status"] != "removed"].sum()),
    }


def _check(exports: Path, folder: Path) -> dict[str, int]:
    with Run(Request(PERIOD, exports)) as run:
        assert not run.check()
        report = inspect(run.warehouse, PERIOD, ON, run.rulebook, run.calendar, run.intake)
    write_library_tables(report, folder)
    counts = dict.fromkeys((rule.id for rule in report.rules), 0)
    for finding in report.findings:
        counts[finding.rule.id] += 1
    return counts


def _timed(work: Callable[[], object]) -> tuple[object, float, float]:
    clock, cpu = time.perf_counter(), sum(os.times()[:4])
    result = work()
    return result, time.perf_counter() - clock, sum(os.times()[:4]) - cpu


def main() -> int:
    """Measure, print the table."""
    asked = [int(word) for word in sys.argv[1:]]
    with tempfile.TemporaryDirectory(prefix="gongping-bench-") as folder:
        sides = measure_check(Path(folder), *asked)
    print(sides.table())
    return int(sides.seconds["ours"][1] > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
