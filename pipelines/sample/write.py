"""Writes a table as csv, as Chinese workbooks or as typed Parquet, the same bytes every time."""

from datetime import date, datetime
from functools import cache
from pathlib import Path

from pipelines.edges.contracts import load_contracts
from pipelines.model.contract import Column

ROWS_A_SHEET = 1_000_000  # a sheet holds 1,048,576
OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
           "default_date_format": "yyyy-mm-dd hh:mm:ss"}
EPOCH = datetime(2000, 1, 1)


def write_table(out: Path, name: str, table, format: str) -> list[Path]:
    """Write ``table`` to ``out``; more rows than a sheet holds become `<name>_1.xlsx`, `<name>_2.xlsx`, …"""
    if format == "xlsx" and table.num_rows > ROWS_A_SHEET:
        starts = range(0, table.num_rows, ROWS_A_SHEET)
        return [_write_xlsx(out / f"{name}_{n}.xlsx", name, table.slice(start, ROWS_A_SHEET))
                for n, start in enumerate(starts, 1)]
    if format == "xlsx":
        return [_write_xlsx(out / f"{name}.xlsx", name, table)]
    return [{"csv": _write_csv, "parquet": _write_parquet}[format](out / f"{name}.{format}", table)]


def _write_parquet(path: Path, table) -> Path:
    import pyarrow.parquet as pq

    pq.write_table(table, path, compression="zstd", store_schema=False)
    return path


def _write_csv(path: Path, table) -> Path:
    import pyarrow as pa
    import pyarrow.csv as pc

    seconds = [pa.field(f.name, pa.timestamp("s") if pa.types.is_timestamp(f.type) else f.type) for f in table.schema]
    pc.write_csv(table.cast(pa.schema(seconds)), path, pc.WriteOptions(quoting_style="needed"))
    return path


def _write_xlsx(path: Path, name: str, table) -> Path:
    import xlsxwriter

    contract = _contract(name)
    book = xlsxwriter.Workbook(path, OPTIONS)
    book.set_properties({"created": EPOCH})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet(name)
    sheet.write_row(0, 0, [contract[column].title for column in table.column_names])
    columns = [[_shown(contract[name], value) for value in table[name].to_pylist()] for name in table.column_names]
    for row, values in enumerate(zip(*columns, strict=True), 1):
        for position, value in enumerate(values):
            if value is not None:
                sheet.write(row, position, value, *([day] if type(value) is date else []))
    book.close()
    return path


def _shown(column: Column, value):
    """A value as a Chinese workbook shows it."""
    if isinstance(value, bool):
        return "是" if value else "否"
    return _labels(column).get(value, value) if isinstance(value, str) else value


@cache
def _contract(name: str) -> dict:
    return load_contracts().tables[name].columns


@cache
def _labels(column) -> dict[str, str]:
    return {value: spellings[0] for value, spellings in column.labels if spellings}
