"""Reading: an export as CSV read and checked, and the same rows pulled from PostgreSQL, beside tools that only read.

`python -m benchmarks.reading [ROWS]`; exit 1 if a ratio passes its limit. Needs Debian's PostgreSQL for the second half
(`sh scripts/test_tools.sh`); without it that half is said to be left out.
"""

import csv
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import duckdb

from benchmarks.usage import Usage, used
from pipelines.assess import Request, Run
from pipelines.model.period import Period
from pipelines.model.project import Query, Secret, Source
from pipelines.sample.make import make_sample
from pipelines.sources.pull import pull
from tests.sources.servers import PASSWORD, postgres

ROWS, UNITS = 6_000_000, 300
PERIOD = Period.parse("2026Q3")
TIMES_READER, TIMES_COPY = 6.0, 2.0
TITLES = {
    "check": "Gongping: `check`, every table read, every promise asked",
    "duckdb": "DuckDB's `read_csv`, types found by itself, into a table; nothing checked",
    "pull": "Gongping: `pull` from PostgreSQL, one snapshot, counts at both ends, Parquet and receipt",
    "copy": "`COPY … TO` by psycopg into a CSV file, made Parquet by DuckDB; nothing checked",
}
PEER = {"check": "duckdb", "pull": "copy"}
SILENT = "set enable_progress_bar = false"
TABLE = "create table cases ({columns}); copy cases from stdin csv header"


@dataclass(frozen=True)
class Reading:
    """What each side took for so many case rows."""

    rows: int
    sides: dict[str, Usage]

    def limits(self) -> list[tuple[str, float, float]]:
        """(what, figure, limit) lines for the report: processor seconds of ours by those of the peer."""
        most = {"check": TIMES_READER, "pull": TIMES_COPY}
        words = {"check": "CSV read and checked ÷ DuckDB's reader", "pull": "PostgreSQL pulled ÷ plain COPY"}
        return [
            (f"{words[side]}, {self.rows:,} case rows, processor seconds", self._ratio(side), most[side])
            for side in PEER
            if side in self.sides
        ]

    def table(self) -> str:
        """The sides; the ratio is to the peer below."""
        lines = ["| side | s | CPU s | CPU × peer | rows a second | peak GiB |", "|---|---:|---:|---:|---:|---:|"]
        for side, usage in self.sides.items():
            ratio = f"{self._ratio(side):.2f}" if side in PEER else "1.00"
            lines.append(
                f"| {TITLES[side]} | {usage.seconds:.1f} | {usage.cpu:.1f} | {ratio} "
                f"| {self.rows / usage.seconds:,.0f} | {usage.peak_gib:.2f} |"
            )
        return "\n".join([*lines, "", f"{self.rows:,} case rows of {UNITS} units, every other table beside them."])

    def _ratio(self, side: str) -> float:
        return self.sides[side].cpu / self.sides[PEER[side]].cpu


def measure_reading(home: Path, rows: int = ROWS) -> Reading:
    """Make the export and read it by every side, each in a process of its own."""
    exports = home / "exports"
    _apart(_made, exports, rows)
    work = {"check": (_check, exports), "duckdb": (_duckdb, exports, rows)}
    sides = {side: _apart(_used, *call) for side, call in work.items()}
    if list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        with postgres() as server:
            _load(server.port, exports / "cases.csv")
            sides["pull"] = _apart(_used, _pull, server.port, home / "raw", rows)
            sides["copy"] = _apart(_used, _copy, server.port, home / "copied", rows)
    return Reading(rows, sides)


def _apart(work: Callable, *facts: object) -> object:
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(work, facts)


def _used(work: Callable, *facts: object) -> Usage:
    return used(lambda: work(*facts))


def _made(folder: Path, rows: int) -> None:
    make_sample(folder, PERIOD, UNITS, rows, format="csv")


def _check(exports: Path) -> None:
    with Run(Request(PERIOD, exports)) as run:
        assert not run.check()


def _duckdb(exports: Path, rows: int) -> None:
    with duckdb.connect(str(exports.with_name("peer.duckdb"))) as peer:
        peer.execute(SILENT)
        peer.execute("create table cases as select * from read_csv(?)", [str(exports / "cases.csv")])
        [(read,)] = peer.execute("select count(*) from cases").fetchall()
    assert read == rows


def _load(port: int, file: Path) -> None:
    import psycopg

    with file.open(encoding="utf-8-sig") as lines:
        columns = ", ".join(f'"{name}" text' for name in next(csv.reader(lines)))
    with psycopg.connect(**_address(port)) as owner, owner.cursor() as cursor:
        create, copy = TABLE.format(columns=columns).split("; ")
        cursor.execute(create)
        with file.open("rb") as rows, cursor.copy(copy) as target:
            while block := rows.read(1 << 20):
                target.write(block)


def _address(port: int) -> dict:
    return {"host": "127.0.0.1", "port": port, "user": "owner", "dbname": "postgres", "password": PASSWORD}


def _pull(port: int, raw: Path, rows: int) -> None:
    os.environ["GONGPING_BENCH"] = PASSWORD
    source = Source(
        name="hotline", kind="postgresql", host="127.0.0.1", port=port, user="owner", database="postgres",
        password=Secret(env="GONGPING_BENCH"), tls="off", tables=(Query("cases", "select * from cases"),),
    )
    pulled = pull((source,), PERIOD, raw)
    assert [table.rows for table in pulled.tables] == [rows]


def _copy(port: int, folder: Path, rows: int) -> None:
    import psycopg

    folder.mkdir()
    file = folder / "cases.csv"
    copy = "copy (select * from cases) to stdout csv header"
    with psycopg.connect(**_address(port)) as reader, reader.cursor().copy(copy) as source, file.open("wb") as written:
        for block in source:
            written.write(block)
    with duckdb.connect() as peer:
        peer.execute(SILENT)
        peer.execute(f"copy (from read_csv('{file}', all_varchar = true)) to '{folder}/cases.parquet'")
        [(read,)] = peer.execute("select count(*) from read_parquet(?)", [f"{folder}/cases.parquet"]).fetchall()
    assert read == rows


def main() -> int:
    """Measure, print the table."""
    asked = [int(word) for word in sys.argv[1:]]
    with tempfile.TemporaryDirectory(prefix="gongping-bench-") as folder:
        reading = measure_reading(Path(folder), *asked)
    print(reading.table())
    return int(any(figure > limit for _, figure, limit in reading.limits()))


if __name__ == "__main__":
    sys.exit(main())
