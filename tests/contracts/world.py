"""A small city whose rows a test may break: raw tables in, validation out."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pyarrow as pa
import yaml

from pipelines.contracts.declared import load_contracts
from pipelines.edges.warehouse import Warehouse
from pipelines.model.contract import Contracts
from pipelines.model.intake import Intake, Receipt, Validation
from pipelines.stages.validate import validate

HERE = Path(__file__).parent
CONTRACTS = load_contracts()
IMPLIED = ("required", "type", "enum", "plausible", "duplicate_row", "duplicate_key")  # by a column or a key


@cache
def _good() -> dict[str, dict]:
    return yaml.safe_load((HERE / "good.yaml").read_text(encoding="utf-8"))


def good(table: str, **change: str | None) -> dict:
    """The good row of a table with ``change`` made to it."""
    return {**_good()[table], **change}


def good_tables() -> dict[str, list[dict]]:
    """Every table with its one good row."""
    return {table: [dict(row)] for table, row in _good().items()}


def raw_table(table: str, rows: list[dict]) -> pa.Table:
    """Rows as ingest leaves them: text only, with file and line (a row may name its own)."""
    columns = list(CONTRACTS.tables[table].columns)
    filled = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in columns}
    files = pa.array([row.get("_file", f"{table}.csv") for row in rows], pa.string())
    lines = pa.array([row.get("_line", number) for number, row in enumerate(rows, 2)], pa.int64())
    return pa.table({"_file": files, "_line": lines, **filled})


def read(warehouse: Warehouse, tables: dict[str, list[dict]], broken: dict[str, int] | None = None, **more) -> Intake:
    """Fill ``raw`` and give the intake that goes with it."""
    broken = broken or {}
    for table, rows in tables.items():
        warehouse.store(f"raw.{table}", raw_table(table, rows))
    receipts = tuple(
        Receipt(table, f"{table}.csv", "csv", "utf-8", "0" * 64, len(rows) + broken.get(table, 0))
        for table, rows in tables.items()
    )
    absent = tuple(name for name in CONTRACTS.tables if name not in tables)
    return Intake(receipts, more.pop("breaches", ()), broken, absent, more.pop("declared_absent", ()), **more)


def validated(tables: dict[str, list[dict]], **more) -> tuple[Validation, Warehouse]:
    """Raw tables through validation."""
    warehouse = Warehouse()
    return validate(warehouse, read(warehouse, tables, **more), CONTRACTS), warehouse


def without(kind: str) -> Contracts:
    """The contracts without the promises of a kind."""
    tables = {name: replace(table, promises=tuple(p for p in table.promises if p.kind != kind))
              for name, table in CONTRACTS.tables.items()}
    return Contracts(tables)


def outcomes(validation: Validation, table: str) -> dict[int, set[str]]:
    """Line → promises that its row broke, of quarantined rows."""
    found: dict[int, set[str]] = {}
    for breach in validation.breaches:
        if breach.table == table:
            found.setdefault(breach.line, set()).add(breach.promise)
    return found
