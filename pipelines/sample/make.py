"""Makes the exports of an invented quarter: eighteen tables and a marker that says so."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from pipelines.contracts.declared import load_contracts
from pipelines.edges.calendar import Calendar
from pipelines.lazy import arrow_csv, xlsxwriter
from pipelines.lazy import parquet as pq
from pipelines.lazy import pyarrow as pa
from pipelines.model.contract import Column
from pipelines.model.period import Period
from pipelines.model.words import UsageRefusal
from pipelines.sample import cases, city, events
from pipelines.sample.city import Span, stream
from pipelines.wording import say

# Rows that break a promise of the contracts, so that the quarantine has something to show.


FEW = 3  # a table other than `cases` gets no more: below every tolerance


def soil(tables: dict, dirt: int, seed: int) -> dict:
    """The tables with ``dirt`` more rows, each to be turned away for one fault; nothing refers to them."""
    if not dirt or not tables["cases"].num_rows:
        return tables
    rng = stream(seed, "dirt")
    rows = {name: [] for name in tables}
    for n in range(dirt):
        name, fault = _next_fault(n, tables)
        row = tables[name].slice(int(rng.integers(0, tables[name].num_rows)), 1).to_pylist()[0]
        rows[name].append(fault(row, n))
    return {name: _with(table, rows[name]) for name, table in tables.items()}


def _next_fault(n: int, tables: dict):
    """Every fourth fault lies outside `cases` until three each are made."""
    others = [(name, fault) for name, fault in OTHER_FAULTS for _ in range(FEW) if tables[name].num_rows]
    if n % 4 == 3 and n // 4 < len(others):
        return others[n // 4]
    return "cases", CASE_FAULTS[(n - n // 4) % len(CASE_FAULTS)]


def _unknown_unit(row: dict, n: int) -> dict:
    return _own_case(row, n) | {"unit_id": "U999999"}


def _signed_before_dispatch(row: dict, n: int) -> dict:
    return _own_case(row, n) | {"signed_at": row["dispatched_at"] - timedelta(hours=2)}


def _no_deadline(row: dict, n: int) -> dict:
    return _own_case(row, n) | {"reply_due_at": None}


def _unknown_rating(row: dict, n: int) -> dict:
    return _own_case(row, n) | {"public_rating": "还行吧"}


def _no_matter(row: dict, n: int) -> dict:
    return row | {"award_id": f"JF9{n:05d}", "matter": None}


def _incident_of_unknown_unit(row: dict, n: int) -> dict:
    return row | {"incident_id": f"SJ9{n:05d}", "unit_id": "U999999"}


def _own_case(row: dict, n: int) -> dict:
    """A case of its own, for a row that shares a key with a good one would take that one along."""
    return row | {"case_id": f"{row['case_id'][:8]}9{n:06d}"}


CASE_FAULTS = (_unknown_unit, _signed_before_dispatch, _no_deadline, _unknown_rating)
OTHER_FAULTS = (("incidents", _incident_of_unknown_unit), ("awards", _no_matter))


def _with(table, rows: list):
    return pa.concat_tables([table, pa.Table.from_pylist(rows, table.schema)]) if rows else table


FORMATS = ("csv", "xlsx", "parquet")
MARKER = "SIMULATED"


def make_sample(
    out: Path,
    period: Period,
    units: int = 40,
    cases: int = 4000,
    seed: int = 1,
    format: str = "csv",
    progress: Callable[[str, int], None] | None = None,
    dirt: int = 0,
) -> list[Path]:
    """Write the exports of ``period`` to ``out`` and return the files, the marker `SIMULATED` last.

    ``cases`` counts case rows. ``dirt`` adds as many rows that the contracts turn away. ``progress`` is called with
    each table's name and rows once it is written. The same arguments give the same bytes. UsageRefusal for numbers
    that make no sense, an unknown format, and a folder with files that no sample wrote.
    """
    _check(units, cases, seed, format, dirt)
    _make_room(out)
    files = []
    tables = soil(dict(draw_tables(period, units, cases, seed)), dirt, seed)
    for name, table in tables.items():
        files += write_table(out, name, table, format)
        if progress:
            progress(name, table.num_rows)
    marker = out / MARKER
    marker.write_text(str(say("sample.marker", period=period, seed=seed)) + "\n", encoding="utf-8", newline="\n")
    return [*files, marker]


def draw_tables(period: Period, units: int, cases: int, seed: int) -> Iterator[tuple[str, object]]:
    """The eighteen tables as typed Arrow tables, in the order in which their references can be followed."""
    for name, columns in _columns(period, units, cases, seed):
        yield name, pa.table(columns)


def _columns(period: Period, units: int, count: int, seed: int) -> Iterator[tuple[str, dict]]:
    span = Span.of(period, Calendar.load())
    town = city.found_city(units, seed)
    drawn = cases.draw_cases(town, span, count, seed, period)
    evaluations = cases.draw_evaluations(drawn, span, seed, period)
    matters = events.matters_table(town, span)
    incidents = events.incidents_table(drawn, town, seed, period)
    rows = cases.cases_table(drawn, town, seed, matters["matter_id"])
    yield "units", city.units_table(town)
    yield "matters", matters
    yield "cases", rows
    yield "extensions", cases.extensions_table(drawn, town)
    yield "incidents", events.not_cooperating(drawn, town, span, incidents)
    yield "instructions", events.instructions_table(drawn, town, span, seed, period)
    yield "assessments", city.assessments_table(town, stream(seed, "assessments", period))
    yield "awards", events.awards_table(town, span, seed, period)
    yield "evaluators", cases.evaluators_table(town, span, seed)
    yield "evaluations", cases.evaluations_table(evaluations, drawn, town, span, seed, period)
    yield "adjustments", events.adjustments_table(drawn, town, span, incidents, evaluations, seed, period)
    yield "matter_changes", events.matter_changes_table(town, span, seed)
    yield "knowledge", events.knowledge_table(town, span, seed)
    yield "matter_steps", events.matter_steps_table(drawn, town, span, rows)
    yield "appointment_steps", events.appointment_steps_table(span)
    yield "guidance", events.guidance_table(town, span)
    yield "difficulties", events.difficulties_table(drawn, town, span, seed, period)
    yield "commendations", events.commendations_table(town, span, period)


def _check(units: int, cases: int, seed: int, format: str, dirt: int) -> None:
    least = (("units", units, 1), ("cases", cases, 0), ("seed", seed, 0), ("dirt", dirt, 0))
    wrong = [name for name, value, low in least if value < low]
    if wrong:
        raise UsageRefusal(say("sample.number", name=wrong[0]))
    if format not in FORMATS:
        raise UsageRefusal(say("sample.format", format=format, formats=" ".join(FORMATS)))


def _make_room(out: Path) -> None:
    """An own folder: an earlier sample in it goes, anything else stays and is a refusal."""
    if out.exists() and not out.is_dir():
        raise UsageRefusal(say("sample.not_a_folder", out=out))
    present = sorted(out.iterdir()) if out.exists() else []
    if present and not (out / MARKER).exists():
        raise UsageRefusal(say("sample.occupied", out=out, file=present[0].name))
    for file in present:
        if file.is_file() and file.suffix.lstrip(".") in FORMATS:
            file.unlink()
    out.mkdir(parents=True, exist_ok=True)


# Writes a table as csv, as Chinese workbooks or as typed Parquet, the same bytes every time.


ROWS_A_SHEET = 1_000_000  # a sheet holds 1,048,576
OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "default_date_format": "yyyy-mm-dd hh:mm:ss",
}
EPOCH = datetime(2000, 1, 1)


def write_table(out: Path, name: str, table, format: str) -> list[Path]:
    """Write ``table`` to ``out``; more rows than a sheet holds go into `<name>_1.xlsx` and on."""
    if format == "xlsx" and table.num_rows > ROWS_A_SHEET:
        starts = range(0, table.num_rows, ROWS_A_SHEET)
        return [
            _write_xlsx(out / f"{name}_{n}.xlsx", name, table.slice(start, ROWS_A_SHEET))
            for n, start in enumerate(starts, 1)
        ]
    if format == "xlsx":
        return [_write_xlsx(out / f"{name}.xlsx", name, table)]
    return [{"csv": _write_csv, "parquet": _write_parquet}[format](out / f"{name}.{format}", table)]


def _write_parquet(path: Path, table) -> Path:
    pq.write_table(table, path, compression="zstd", store_schema=False)
    return path


def _write_csv(path: Path, table) -> Path:
    seconds = [pa.field(f.name, pa.timestamp("s") if pa.types.is_timestamp(f.type) else f.type) for f in table.schema]
    arrow_csv.write_csv(table.cast(pa.schema(seconds)), path, arrow_csv.WriteOptions(quoting_style="needed"))
    return path


def _write_xlsx(path: Path, name: str, table) -> Path:
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
