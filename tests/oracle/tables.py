"""Reads clean canonical CSV exports into rows of typed values; it checks nothing."""

import csv
from collections.abc import Mapping
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path

TABLES = (
    "units", "cases", "extensions", "incidents", "instructions",
    "assessments", "awards", "evaluators", "evaluations", "adjustments",
)
DATES = {"awarded_on", "appointed_on", "term_ends_on", "ended_on", "decided_on", "away_from", "away_until"}
BOOLEANS = {"ranked", "verified", "approved"}
DEFAULTS = {("units", "ranked"): True, ("cases", "role"): "lead"}

Row = dict[str, object]
RawTables = Mapping[str, list[dict[str, str]]]


def read_folder(folder: Path) -> dict[str, list[dict[str, str]]]:
    """Every known table that has a CSV file in the folder, all values as text."""
    tables = {}
    for table in TABLES:
        path = Path(folder) / f"{table}.csv"
        if path.exists():
            with path.open(encoding="utf-8-sig", newline="") as file:
                tables[table] = list(csv.DictReader(file))
    return tables


def write_folder(tables: RawTables, folder: Path) -> Path:
    """Writes text tables as canonical CSV files and gives the folder back."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, rows in tables.items():
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return folder


def typed(tables: RawTables) -> dict[str, list[Row]]:
    """Text tables as typed ones; an absent optional table is an empty one."""
    return {
        table: [
            {column: typed_value(table, column, text) for column, text in row.items()} for row in tables.get(table, [])
        ]
        for table in TABLES
    }


def typed_value(table: str, column: str, text: str | None) -> object:
    """One value by the type that its column has in the exports; blank is null, or the column's default."""
    text = (text or "").strip()
    if not text:
        return DEFAULTS.get((table, column))
    if column in BOOLEANS:
        return text in ("true", "1", "yes", "是")
    if column in DATES:
        return date.fromisoformat(text)
    if column.endswith("_at") or column == "extended_until":
        return datetime.fromisoformat(text)
    return Fraction(text) if column == "score" else text
