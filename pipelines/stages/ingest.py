"""Ingest: export files → raw tables as text, a receipt per file, a breach for every row that could not be read."""

import re
import unicodedata
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.contracts.declared import Declared, declared
from pipelines.edges import process
from pipelines.edges.calendar import Calendar
from pipelines.edges.fingerprints import file_sha256
from pipelines.edges.warehouse import Appender, Warehouse
from pipelines.exports.files import Folder, Found, open_export, sort_folder
from pipelines.exports.fix import take_up
from pipelines.exports.headers import Resolved, known_headers, mapped_headers, resolve
from pipelines.exports.mapped_rows import Tools, completed, mapped, one_row_per
from pipelines.exports.mapping import load_source
from pipelines.exports.rows import arrow_rows, empty_rows, mended, state_of, texts
from pipelines.model.contract import Column, Contracts, TableContract
from pipelines.model.intake import (
    CUT_IN_ROW,
    KEPT_OUT,
    NO_ROWS,
    Batch,
    Breach,
    Export,
    Fault,
    Intake,
    Known,
    Mended,
    Notice,
    Receipt,
    UnreadableExport,
    folded,
)
from pipelines.model.measure import Measure
from pipelines.model.source import SourceMapping, TableSource
from pipelines.model.words import Words
from pipelines.sources.pull import changed_since
from pipelines.stages.validate import breach_of_file, is_broken_off
from pipelines.wording import note, say

MAX_COLUMNS = 1000
CASES, FIGURES = "cases", "figures"
WITHOUT_HEADER = ("jsonl", "jsonl.gz")  # an empty file of these is an empty table; any other lacks required columns


def ingest(
    warehouse: Warehouse,
    exports: Path,
    contracts: Contracts,
    source: Path | None = None,
    progress: Callable[[str, int], None] | None = None,
    absent: Iterable[str] = (),
    verifying: bool = False,
    measures: Iterable[Measure] = (),
) -> Intake:
    """Fill ``raw.<table>`` for every contract table from the files of a folder and tell what came in.

    ``source`` is a source mapping for a foreign export. ``progress(file, rows)`` is called as rows are stored.
    ``absent`` names tables and columns (``incidents``, ``cases.replied_at``) that the exports do not hold.
    ``verifying``: a mapping of the old form keeps its meaning. What ``measures`` count or compare is decisive. Damage
    becomes breaches or `Intake.stops`; UsageRefusal for a folder or a mapping that is none and an unknown name in
    ``absent``.
    """
    mapping = load_source(Path(source), contracts, verifying) if source else None
    named = declared(absent, contracts) | (Declared(mapping.absent_tables, mapping.absent) if mapping else Declared())
    folder = sort_folder(Path(exports), contracts, mapping)
    warehouse.run("staging/macros")
    tools = Tools(lambda type, cells: warehouse.parsed(type, cells), _add_working_days, _is_working_day)
    decisive = decisive_columns(measures, contracts)
    work = _Work(warehouse, progress or (lambda file, rows: None), mapping, tools, named, decisive)
    for contract in contracts.tables.values():
        files = folder.tables.get(contract.name, [])
        if contract.name in named.tables:
            work.notices += [
                note("ingest.absent_table_there", file=f.name, of=contract.name, table=contract.title) for f in files
            ]
            folder.tables.pop(contract.name, None)
        elif files or contract.name == CASES and FIGURES in folder.tables:  # counts may stand for all case rows
            _ingest_table(work, contract, _opened(work, files, contract, _names(contracts, contract)))
        for fix in folder.fixes:
            if fix.layout.sheets == (contract.title.zh,):
                _take_up(work, contract, fix)
    missing = _missing_tables(contracts, folder)
    work.stops += _totals(work, folder, contracts)
    work.warnings += [breach_of_file(n) for n in (*folder.notices, *work.notices) if isinstance(n, Notice)]
    old = mapping is not None and mapping.format < 2  # it counted what is absent as never done
    return Intake(
        receipts=tuple(work.receipts),
        breaches=tuple(work.breaches),
        warnings=tuple(work.warnings),
        broken=work.broken,
        absent_tables=tuple(name for name in contracts.tables if name not in folder.tables and name != FIGURES),
        declared_absent=work.absent.columns,
        notices=(*(_mapping_notices(mapping) if mapping else ()), *folder.notices, *work.notices),
        source=mapping.name if mapping else "",
        source_sha256=mapping.sha256 if mapping else "",
        source_title=mapping.title if mapping else Words("", ""),
        simulated=folder.simulated,
        flagged=mapping.flagged if mapping else (),
        stops=(*_changed_since_pull(Path(exports)), *(folder.stops or missing), *work.stops),
        mended=tuple(work.mended),
        declared_tables=named.tables,
        not_scored=_not_scored(declared(absent, contracts) | work.lacking if old else work.absent, folder.tables)
        | ({CASES} - set(folder.tables)),
        decisive=decisive,
    )


def _changed_since_pull(exports: Path) -> tuple[Words, ...]:
    return changed_since(exports)


def _not_scored(named: Declared, there: Container[str]) -> frozenset[str]:
    """The names without which something is not assessed: a column of a table that is not there at all says nothing."""
    return frozenset((*named.tables, *(f"{table}.{column}" for table, column in named.columns if table in there)))


def _mapping_notices(mapping: SourceMapping) -> tuple[Words, ...]:
    return tuple(words for words in (mapping.title, mapping.note) if words.zh)


@dataclass
class _Work:
    """What gathers while the tables are read."""

    warehouse: Warehouse
    progress: Callable[[str, int], None]
    mapping: SourceMapping | None
    tools: Tools
    absent: Declared
    decisive: dict[str, dict[str, Words]]
    receipts: list[Receipt] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)
    warnings: list[Breach] = field(default_factory=list)
    broken: dict[str, int] = field(default_factory=dict)
    notices: list[Words] = field(default_factory=list)
    stops: list[Words] = field(default_factory=list)
    mended: list[Mended] = field(default_factory=list)
    lacking: Declared = Declared()  # the city's own columns that an export does not have

    def lacks(self, contract: TableContract, names: Container[str], file: str) -> None:
        """A file without one of the city's own columns: it is absent, and what counts it is not assessed (G1)."""
        for column in contract.columns.values():
            place = contract.name, column.name
            if column.own and column.name not in names and place not in self.absent.columns:
                self.lacking |= Declared(columns=(place,))
                self.absent |= self.lacking
                facts = {"file": file, "of": contract.name, "name": column.name, "title": column.title}
                self.notices.append(note("ingest.own_column_absent", **facts))

    def source_of(self, contract: TableContract) -> TableSource | None:
        """Where the mapping finds a table; None if there is no mapping, or nothing of the table in it."""
        return self.mapping.tables.get(contract.name) if self.mapping else None


@dataclass(frozen=True)
class _Opened:
    """A file whose header is known."""

    found: Found
    export: Export
    columns: Resolved
    before: tuple[int, ...]  # the file's state when it was opened


def _opened(work: _Work, files: list[Found], contract: TableContract, others: frozenset[str]) -> list[_Opened]:
    """The files of a table that can be read; the others become stops."""
    source, opened = work.source_of(contract), []
    known = replace(mapped_headers(source, contract) if source else known_headers(contract), others=others)
    absent, decisive = work.absent.columns_of(contract.name), work.decisive[contract.name]
    for found in files:
        try:
            before = state_of(found.path)
            export = open_export(found, known)
            columns = resolve(export.header, contract, found.shown, absent, decisive)
            whole = completed(source, export.header, contract, absent, found.shown) if source else None
            nulls = source.null_values if source else None
            export = mended(export, contract, _meant(export, columns, whole, contract), found.shown, nulls)
            if source:
                reserved = known_headers(contract).headers
                export = mapped(export, source, contract, work.tools, found.name, reserved, absent)
                columns = resolve(export.header, contract, found.shown, absent, decisive)
        except UnreadableExport as problem:
            work.stops.append(problem.words)
            continue
        if len(export.header) > MAX_COLUMNS:
            work.stops.append(say("ingest.too_many_columns", file=found.name, n=len(export.header), most=MAX_COLUMNS))
        elif not export.header and found.suffix not in WITHOUT_HEADER:
            work.stops.append(say("ingest.no_header", file=found.shown))
        elif export.header and columns.stops:
            work.stops += columns.stops
        else:
            work.notices += columns.unused
            work.lacks(contract, columns.names, found.name)
            opened.append(_Opened(found, export, columns, before))
    return opened


def _names(contracts: Contracts, contract: TableContract) -> frozenset[str]:
    """The names of all other tables, folded."""
    others = [table for table in contracts.tables.values() if table.name != contract.name]
    return frozenset(folded(name) for table in others for name in (table.name, table.title.zh))


def _meant(export: Export, columns: Resolved, source: TableSource | None, contract: TableContract) -> dict[int, Column]:
    """Which column of the contract stands at which place of a file's header."""
    if not source:
        named = enumerate(columns.names)
        return {place: contract.columns[name] for place, name in named if name in contract.columns}
    single = [one for one in source.columns if len(one.headers) == 1]
    by_header = {folded(one.headers[0]): contract.columns[one.name] for one in reversed(single)}
    places = ((place, by_header.get(folded(cell))) for place, cell in enumerate(export.header))
    return {place: column for place, column in places if column}


def _one_row_per(work: _Work, opened: list[_Opened], source: TableSource, contract: TableContract) -> list[_Opened]:
    """The files of a table folded together: a row for every key, over all of them."""
    assert work.mapping  # `source` is of it
    others = [table for name, table in work.mapping.tables.items() if name != source.name and not table.one_row_per]
    names = [one.found.name for one in opened]
    shared = {name for name in names for table in others if any(name == f or fnmatchcase(name, f) for f in table.files)}
    try:
        exports = one_row_per([(one.found.name, one.export) for one in opened], source, contract, shared)
    except UnreadableExport as problem:
        work.stops.append(problem.words)
        return []
    absent = [column for table, column in work.mapping.absent if table == contract.name]
    return [
        replace(one, export=export, columns=resolve(export.header, contract, one.found.name, absent))
        for one, export in zip(opened, exports, strict=True)
    ]


@cache
def _calendar(folder: Path | None) -> Calendar:
    return Calendar.load(folder)


def _add_working_days(day: date, count: int) -> date:
    return _of_project().add_working_days(day, count)


def _is_working_day(day: date) -> bool:
    return _of_project().is_working(day)


def _of_project() -> Calendar:
    folder = process.project().calendars
    return _calendar(folder and folder.absolute())


def _ingest_table(work: _Work, contract: TableContract, opened: list[_Opened]) -> None:
    columns = {name.casefold(): name for one in opened for name in one.columns.names}
    columns = {**columns, **{name.casefold(): name for name in contract.columns}}
    source = work.source_of(contract)
    if source and source.one_row_per:
        opened = _one_row_per(work, opened, source, contract)
    first = list(contract.columns)
    rest = [name for name in columns.values() if name not in contract.columns]
    work.warehouse.store(f"raw.{contract.name}", empty_rows(first + rest, _moments(contract)))
    for kept_out in KEPT_OUT:
        work.warehouse.store(f"raw.{contract.name} {kept_out}", empty_rows(first + rest))
    for one in opened:
        try:
            _ingest_file(work, contract, one, columns)
        except UnreadableExport as problem:
            work.stops.append(problem.words)


def _moments(contract: TableContract) -> set[str]:
    return {column.name for column in contract.columns.values() if column.type == "timestamp"}


def _ingest_file(work: _Work, contract: TableContract, one: _Opened, columns: dict[str, str]) -> None:
    """Store the rows of a file and give its receipt."""
    names = tuple(columns[name.casefold()] for name in one.columns.names)
    found, records, broken, left_out, blank = one.found, 0, 0, 0, 0
    faults: list[Fault] = []
    stored = Appender(work.warehouse, f"raw.{contract.name}")
    for batch in one.export.batches():
        file = f"{found.name}[{batch.part}]" if batch.part else found.name
        if len(batch.lines):
            stored.append(arrow_rows(batch, names, file, _moments(contract)))
        for kept_out, those in zip(KEPT_OUT, (batch.aside, batch.unread), strict=True):
            if those:
                lines, rows = zip(*those, strict=True)
                apart = Batch(lines, tuple(zip(*rows, strict=True)))
                work.warehouse.append(f"raw.{contract.name} {kept_out}", arrow_rows(apart, names, file))
        work.breaches += [_breach(fault, contract, file) for fault in batch.faults if fault.promise not in NO_ROWS]
        work.warnings += [_breach(fault, contract, file) for fault in batch.faults if fault.promise in NO_ROWS]
        faults += batch.faults
        records += batch.records
        left_out += batch.left_out
        blank += batch.blank
        broken += batch.faulty
        work.progress(found.name, records)
    stored.flush()
    if broken:
        work.broken[contract.name] = work.broken.get(contract.name, 0) + broken
    notices = (*one.export.notices, *one.export.later)
    if one.columns.extras:
        hint = Words("".join(w.zh for w in one.columns.meant), "".join(w.en for w in one.columns.meant))
        extras = one.columns.extras
        facts: dict[str, Any] = {"file": found.name, "n": len(extras), "columns": "、".join(extras)}
        notices += (note("ingest.extra_columns", public="ingest.extra_columns_public", hint=hint, **facts),)
    if records == blank:
        notices += (note("ingest.empty_table", file=found.name),)
    notices += tuple(
        note(f"ingest.{CUT_IN_ROW}", file=found.name, line=fault.line)
        for fault in faults
        if fault.line in one.export.unended and is_broken_off(fault)
    )
    sha256 = file_sha256(found.path)
    if state_of(found.path) != one.before:
        raise UnreadableExport(say("ingest.changed_meanwhile", file=found.name))
    notices = tuple(replace(notice, table=contract.name, file=found.name) for notice in notices)
    work.warnings += map(breach_of_file, notices)
    work.receipts.append(
        Receipt(
            contract.name,
            found.name,
            found.suffix,
            one.export.encoding,
            sha256,
            records,
            notices,
            left_out,
            blank,
            bool(one.export.unended),
        )
    )


def _take_up(work: _Work, contract: TableContract, fix: Found) -> None:
    """Rows that a person mended in place of those that they are from; the account and the breaches follow."""
    if not work.warehouse.columns(f"raw.{contract.name}"):
        work.stops.append(say("ingest.fix_original_gone", file=fix.name, original=contract.title))
        return
    try:
        taken = take_up(work.warehouse, fix, contract, work.receipts)
    except UnreadableExport as problem:
        work.stops.append(problem.words)
        return
    gone = {(one.of_file, one.of_line) for one in taken.mended}
    work.breaches = [b for b in work.breaches if b.table != contract.name or (b.file, b.line) not in gone]
    work.breaches += [_breach(fault, contract, fix.shown) for fault in taken.faults if fault.promise not in NO_ROWS]
    broken = sum(fault.promise not in NO_ROWS and not fault.again for fault in taken.faults)
    work.broken[contract.name] = work.broken.get(contract.name, 0) - len(taken.aside) + broken
    work.mended += taken.mended
    work.receipts.append(taken.receipt)


def _breach(fault: Fault, contract: TableContract, file: str) -> Breach:
    remedy = say(f"ingest.remedy_{fault.promise}")
    return Breach(contract.name, file, fault.line, fault.key, fault.column, fault.promise, fault.value, remedy)


def _totals(work: _Work, folder: Folder, contracts: Contracts) -> list[Words]:
    """A stop for every control total that differs; tables that stopped already are not compared."""
    made_of = work.mapping.tables if work.mapping else {}
    read = {(receipt.table, receipt.file) for receipt in work.receipts}
    unread = {name for name, files in folder.tables.items() if not all((name, file.name) in read for file in files)}
    made = {name for name, source in made_of.items() if source.makes_rows}
    work.notices += [
        note("ingest.totals_not_compared", file=file.name, of=name, title=contracts.tables[name].title.zh, table=name)
        for file in folder.totals
        for name in sorted(made)
    ]
    fixes = {fix.name for fix in folder.fixes}  # their rows stand for others
    own = [receipt for receipt in work.receipts if receipt.file not in fixes]
    return _differing_totals(folder.totals, contracts, own, frozenset({*work.absent.tables, *unread, *made}))


def _missing_tables(contracts: Contracts, folder: Folder) -> tuple[Words, ...]:
    given = {CASES} if FIGURES in folder.tables else set()  # validate asks whether they do (semantics G5)
    required = [table for table in contracts.tables.values() if table.required and table.name not in given]
    missing = [table for table in required if table.name not in folder.tables]
    return tuple(
        say("ingest.missing_table", table=table.name, title=table.title, hint=_nearest_file(table, folder.strangers))
        for table in missing
    )


def _nearest_file(table: TableContract, files: tuple[str, ...]) -> Words:
    close = [file for name in (table.name, table.title.zh) for file in get_close_matches(name, files, 1, 0.5)]
    return say("ingest.hint_file", file=close[0]) if close else Words("", "")


def decisive_columns(measures: Iterable[Measure], contracts: Contracts) -> dict[str, dict[str, Words]]:
    """By table: the columns that a measure counts or compares and the contract does not require, with the measures."""
    named: dict[str, list[Words]] = {}
    for measure in measures:
        for name in measure.needs:
            named.setdefault(name, []).append(measure.title)
    return {
        table.name: {
            column.name: Words("、".join(title.zh for title in titles), ", ".join(title.en for title in titles))
            for column in table.columns.values()
            if (column.decisive if column.own else not column.required)
            and (titles := named.get(f"{table.name}.{column.name}", [Words(column.title, column.name)] * column.own))
        }
        for table in contracts.tables.values()
    }


# Control totals beside the exports: how many rows each table, or each of its files, is said to have.


TOTALS = {
    "table": ("table", "表", "表名", "数据表"),
    "rows": ("rows", "行数", "记录数", "条数"),
    "file": ("file", "文件", "文件名"),
}
_TOTAL_HEADERS = {folded(header): name for name, headers in TOTALS.items() for header in headers}
_COUNT = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)(?:\.0+)?")
_BRACKETS = str.maketrans("", "", "《》")


@dataclass(frozen=True)
class _Total:
    """One line of a control file; an empty ``file`` means all files of the table."""

    line: int
    table: TableContract
    rows: int
    file: str


def _differing_totals(
    control: Iterable[Found], contracts: Contracts, receipts: Iterable[Receipt], left: frozenset[str] = frozenset()
) -> list[Words]:
    """A stop for every control total that the rows read do not have, and for every line that cannot be compared.

    ``left`` are tables that are not compared: one that is declared absent, one whose files could not all be read.
    """
    found = list(receipts)
    stops: list[Words] = []
    for file in control:
        try:
            stops += _compared(file.name, list(_lines_of_totals(file)), contracts, found, left)
        except UnreadableExport as problem:
            stops.append(problem.words)
    return stops


def _lines_of_totals(control: Found) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and cells by name of every row of a control file."""
    export = open_export(control, Known(frozenset(_TOTAL_HEADERS)))
    names = [_TOTAL_HEADERS.get(folded(header), "") for header in export.header]
    if not {"table", "rows"} <= set(names):
        raise UnreadableExport(say("ingest.totals_header", file=control.name))
    for batch in export.batches():
        if batch.faults:
            raise UnreadableExport(say("ingest.totals_unreadable", file=control.name, line=batch.faults[0].line))
        for line, *cells in zip(batch.lines, *map(texts, batch.columns), strict=True):
            yield int(line), {name: (cell or "").strip() for name, cell in zip(names, cells, strict=True) if name}


def _compared(
    control: str,
    lines: list[tuple[int, dict[str, str]]],
    contracts: Contracts,
    receipts: list[Receipt],
    left: frozenset[str],
) -> Iterator[Words]:
    seen: dict[tuple[str, str], int] = {}
    for line, cells in lines:
        total = _total(control, line, cells, contracts, receipts)
        if isinstance(total, Words):
            yield total
            continue
        key = total.table.name, total.file
        if key in seen:
            yield say("ingest.totals_twice", file=control, line=line, first=seen[key], table=total.table.name)
        elif total.table.name not in left:
            yield from _difference(control, total, receipts)
        seen.setdefault(key, line)


def _total(
    control: str, line: int, cells: dict[str, str], contracts: Contracts, receipts: list[Receipt]
) -> _Total | Words:
    """A line of a control file, or what is wrong with it."""
    at = {"file": control, "line": line}
    wanted = folded(cells["table"].translate(_BRACKETS))
    tables = {folded(name): table for table in contracts.tables.values() for name in (table.name, table.title.zh)}
    if wanted not in tables:
        return say("ingest.totals_table", table=cells["table"], hint=_nearest(wanted, tables), **at)
    number = _COUNT.fullmatch(unicodedata.normalize("NFKC", cells["rows"]))
    if not number:
        return say("ingest.totals_rows", rows=cells["rows"], **at)
    table, file = tables[wanted], cells.get("file", "")
    files = [receipt.file for receipt in receipts if receipt.table == table.name]
    if file and file not in files:
        facts = {"title": table.title.zh, "table": table.name, "hint": _nearest(file, files)}
        return say("ingest.totals_file", wanted=file, **facts, **at)
    return _Total(line, table, int(number[1].replace(",", "")), file)


def _nearest(word: str, known: Iterable[str]) -> Words:
    near = get_close_matches(word, list(known), 1, 0.5)
    return say("ingest.source_nearest", word=near[0]) if near else Words("", "")


def _difference(control: str, total: _Total, receipts: list[Receipt]) -> Iterator[Words]:
    """The stop where the rows read are others than the total."""
    own = [one for one in receipts if one.table == total.table.name and total.file in ("", one.file)]
    read = sum(one.records - one.blank for one in own)
    if read == total.rows:
        return
    files = "、".join(f"{one.file} {one.records - one.blank}" for one in own) or "–"
    facts = {"title": total.table.title.zh, "table": total.table.name, "wanted": total.rows, "read": read}
    key = "totals_fewer" if read < total.rows else "totals_more"
    yield say(f"ingest.{key}", file=control, line=total.line, files=files, n=abs(read - total.rows), **facts)
