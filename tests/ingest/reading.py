"""A folder of small files, read: what the tests of ingest look at."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipelines.contracts.declared import load_contracts
from pipelines.edges.warehouse import Warehouse
from pipelines.model.intake import Intake
from pipelines.stages.ingest import ingest
from tests.toy.town import ISLAND

COLUMNS = ("case_id", "unit_id", "dispatched_at", "sign_due_at", "reply_due_at")
HEADER = ",".join(COLUMNS)
UNITS = "unit_id,unit_name,unit_group\nU1,甲,区县\n"


@dataclass(frozen=True)
class Read:
    """The intake of a folder and its raw rows."""

    intake: Intake
    tables: dict[str, list[dict]]

    @property
    def stops(self) -> str:
        """All stops in English, one a line."""
        return "\n".join(stop.en for stop in self.intake.stops)

    @property
    def notices(self) -> str:
        """All notices in English, of files and of the folder, one a line."""
        found = [notice for receipt in self.intake.receipts for notice in receipt.notices]
        return "\n".join(notice.en for notice in (*self.intake.notices, *found))

    @property
    def faults(self) -> list[tuple[int, str]]:
        """Line and promise of every row that could not be read."""
        return [(breach.line, breach.promise) for breach in self.intake.breaches]

    def ids(self, table: str = "cases", column: str = "case_id") -> list[str]:
        """One column of a raw table in file order."""
        return [row[column] for row in self.tables[table]]

    def receipt(self, table: str = "cases"):
        """The receipt of a table's only file."""
        [found] = [receipt for receipt in self.intake.receipts if receipt.table == table]
        return found


def read(folder: Path, source: Path | None = None, scored: bool = False, **more) -> Read:
    """Ingest a folder and fetch every raw table, in order of file and line.

    Without ``scored`` a table may lack what decides a score: most tests of reading need few columns.
    """
    warehouse, contracts = Warehouse(), load_contracts()
    try:
        measures = ISLAND.book.measures.values() if scored else ()
        intake = ingest(warehouse, folder, contracts, source, measures=measures, **more)
        tables = {name: raw_rows(warehouse, name) for name in contracts.tables}
    finally:
        warehouse.close()
    for rows in tables.values():
        rows.sort(key=lambda row: (row["_file"], row["_line"]))
    return Read(intake, tables)


def raw_rows(warehouse: Warehouse, table: str) -> list[dict]:
    """The rows of a raw table, moments that are held as such as the text that was read; none where it has no file."""
    rows = warehouse.arrow(f"raw.{table}").to_pylist() if warehouse.columns(f"raw.{table}") else []
    return [{name: str(cell) if isinstance(cell, datetime) else cell for name, cell in row.items()} for row in rows]


def read_cases(folder: Path, content: bytes | str, name: str = "cases.csv") -> Read:
    """Read a folder with a sound `units.csv` and one file of cases."""
    (folder / "units.csv").write_text(UNITS, encoding="utf-8")
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return read(folder)


def row(id: str, unit: str = "U1") -> str:
    """A sound line of `cases.csv`."""
    return f"{id},{unit},2026-07-02 09:05,2026-07-02 17:00,2026-07-09 17:00"
