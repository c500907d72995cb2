"""The fix file: quarantined rows, written for a person to mend and taken up in place of the rows that they are from.

Columns that its sheet lacks, and restricted cells that it does not show, are taken from the row that is replaced.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.edges.fingerprints import file_sha256
from pipelines.edges.folders import locked
from pipelines.edges.published import RESTRICTED
from pipelines.edges.warehouse import Warehouse
from pipelines.edges.workbook import write_fix
from pipelines.exports.files import Found, open_export
from pipelines.exports.headers import known_headers, resolve
from pipelines.exports.rows import arrow_rows, mended, state_of, texts, texts_at
from pipelines.lazy import pyarrow
from pipelines.model.contract import (
    FILE,
    KEPT,
    LINE,
    NAME,
    NO,
    ORIGINALS,
    OWN,
    SHA256,
    USE,
    YES,
    Contracts,
    FixSheet,
    TableContract,
    ToMend,
)
from pipelines.model.intake import (
    NO_OWN_FAULT,
    NO_ROWS,
    Batch,
    Breach,
    Export,
    Fault,
    Intake,
    Known,
    Layout,
    Mended,
    Receipt,
    UnreadableExport,
    folded,
)
from pipelines.model.period import Period
from pipelines.model.words import Words
from pipelines.wording import note, say

MOST = 5000  # rows to mend of a table; a person mends them round by round

Row = tuple[str, int]  # file and line

# Written after the contracts.


def write_fix_file(
    warehouse: Warehouse, intake: Intake, breaches: Iterable[Breach], contracts: Contracts, out: Path, period: Period
) -> tuple[Words, ...]:
    """Write the rows that need a person to ``<out>/restricted/<period>/fix.xlsx``, and what to say of it.

    Where there is none, an earlier file goes. A fix file in force is part of the new one, which takes its place.
    """
    file = Path(out) / RESTRICTED / str(period) / NAME
    by_table: dict[str, list[Breach]] = {}
    for breach in breaches:
        if breach.line and breach.promise not in NO_OWN_FAULT:
            by_table.setdefault(breach.table, []).append(breach)
    sheets = [
        _sheet(warehouse, contract, by_table.get(name, []), [one for one in intake.mended if one.table == name])
        for name, contract in contracts.tables.items()
        if name in by_table or any(one.table == name for one in intake.mended)
    ]
    found = [sheet for sheet in sheets if sheet]
    n = sum(bool(row.at_fault) for sheet in found for row in sheet.rows)
    fixes = {one.file.rpartition("[")[0] for one in intake.mended}
    hashes = {receipt.file: receipt.sha256 for receipt in intake.receipts if receipt.file not in fixes}
    try:
        if n:
            with locked(Path(out)):
                write_fix(file, found, hashes)
            return (say("forms.fix_written", n=n, file=file),)
        file.unlink(missing_ok=True)
    except OSError as problem:
        return (say("forms.fix_not_written", file=file, problem=problem.strerror),)
    return ()


def _sheet(
    warehouse: Warehouse, contract: TableContract, breaches: list[Breach], mended: list[Mended]
) -> FixSheet | None:
    """The rows of one table: those that were mended before, then those at fault; None where no row can be shown."""
    origin = {(one.file, one.line): one for one in mended}
    wrong: dict[Row, list[Breach]] = {}
    for breach in breaches:
        wrong.setdefault((breach.file, breach.line), []).append(breach)
    cells = _cells(warehouse, contract, {*origin, *wrong})
    fresh = [place for place in sorted(wrong) if place not in origin and place in cells]
    rows = []
    for place in [*sorted(origin), *fresh[:MOST]]:
        one = origin.get(place) or Mended(contract.name, *place, *place)
        faults = wrong.get(place, [])
        done = say("forms.fix_done" if one.used else "forms.fix_dropped").zh
        rows.append(
            ToMend(
                one.of_file,
                one.of_line,
                cells.get(place, {}),
                "\n".join(dict.fromkeys(_why(fault, contract) for fault in faults)) or done,
                frozenset(name for fault in faults for name in fault.column.split("/") if name in contract.columns),
                one.used,
            )
        )
    unread = len(set(wrong) - set(cells))
    return FixSheet(contract, tuple(rows), len(fresh[MOST:]), unread) if rows or unread else None


def _cells(warehouse: Warehouse, contract: TableContract, places: set[Row]) -> dict[Row, dict[str, str | None]]:
    """The raw rows at these places, those that could not be read as they are among them."""
    if not warehouse.columns(f"raw.{contract.name} aside"):
        return {}
    files, lines = zip(*sorted(places), strict=True)
    text, number = pyarrow.array(files, pyarrow.string()), pyarrow.array(lines, pyarrow.int64())
    warehouse.store("staged.wanted", pyarrow.table({"_file": text, "_line": number}))
    found = warehouse.records_template("staging/originals", table=contract.name)
    return {(row["_file"], row["_line"]): row for row in found}


def _why(breach: Breach, contract: TableContract) -> str:
    """What is wrong with which column, and the remedy."""
    titles = "、".join(contract.columns[name].title for name in breach.column.split("/") if name in contract.columns)
    value = f"“{breach.value}”" if breach.value and breach.value != "***" else ""
    return f"{titles}{value}：{breach.remedy.zh}"


# Taken up by the next ingest.


@dataclass(frozen=True)
class TakenUp:
    """What a fix file holds of one table; its rows are in the raw table already."""

    receipt: Receipt
    mended: tuple[Mended, ...]
    faults: tuple[Fault, ...]
    aside: frozenset[Row]  # of the rows that are replaced those that could not be read


def take_up(warehouse: Warehouse, found: Found, contract: TableContract, receipts: Iterable[Receipt]) -> TakenUp:
    """Replace the raw rows of a table by those of a fix file; UnreadableExport where it does not fit the exports.

    ``receipts`` are of the files that were read; each that the fix file names must be the same, byte for byte.
    """
    before, read = state_of(found.path), tuple(receipts)
    hashes = _originals(found)
    export, names = _opened(found, contract)
    rows, faults, blank = _Rows(found, contract, names), [], 0
    for batch in export.batches():
        rows.take(batch)
        faults += batch.faults
        blank += batch.blank
    for one in rows.mended:
        _must_be_unchanged(found, one, read, hashes)
    aside = _exchange(warehouse, found, contract, rows)
    if state_of(found.path) != before:
        raise UnreadableExport(say("ingest.changed_meanwhile", file=found.name))
    broken = sum(fault.promise not in NO_ROWS and not fault.again for fault in faults)
    dropped = sum(not one.used for one in rows.mended)
    unread = broken - sum(row.fault for row in rows.found)  # rows whose cells nobody knows
    receipt = Receipt(
        contract.name,
        found.name,
        found.suffix,
        "",
        file_sha256(found.path),
        len(rows.found) + unread + blank,
        (*_notices(found, contract, rows.mended), *export.notices, *export.later),
        dropped,
        blank,
    )
    used = {one.line for one in rows.mended if one.used}
    of_rows = {row.line for row in rows.found}
    kept = tuple(fault for fault in faults if fault.line in used or fault.line not in of_rows)
    return TakenUp(receipt, tuple(rows.mended), kept, aside)


def _originals(found: Found) -> dict[str, str]:
    """The sha256 of every file that the rows are from."""
    known = Known(frozenset((folded(FILE), folded(SHA256))))
    export = open_export(replace(found, layout=Layout(sheet=ORIGINALS)), known)
    cells = [folded(cell) for cell in export.header]
    if not {folded(FILE), folded(SHA256)} <= set(cells):
        raise UnreadableExport(say("ingest.fix_sheet", file=found.name, sheet=ORIGINALS, columns=f"{FILE}、{SHA256}"))
    at = [cells.index(folded(name)) for name in (FILE, SHA256)]
    hashes: dict[str, str] = {}
    for batch in export.batches():
        file, sha256 = (texts(batch.columns[place]) for place in at)
        hashes.update(zip(file, sha256, strict=True))
    return hashes


def _opened(found: Found, contract: TableContract) -> tuple[Export, tuple[str, ...]]:
    """The sheet of a table with the name of every column: of the contract, of the fix file, or "" for any other."""
    known = known_headers(contract)
    export = open_export(found, replace(known, headers=known.headers | {folded(name) for name in OWN}))
    there = {folded(cell) for cell in export.header}
    lacking = [name for name in (FILE, LINE, USE) if folded(name) not in there]
    if lacking:
        raise UnreadableExport(say("ingest.fix_sheet", file=found.shown, sheet="", columns="、".join(lacking)))
    titles = {column.name: {folded(column.name), folded(column.title)} for column in contract.columns.values()}
    absent = [name for name, headers in titles.items() if not headers & there]
    columns = resolve(export.header, contract, found.shown, absent)
    if columns.stops:
        raise UnreadableExport(columns.stops[0])
    own = {folded(name): name for name in OWN}
    names = tuple(
        name if name in contract.columns else own.get(folded(cell), "")
        for name, cell in zip(columns.names, export.header, strict=True)
    )
    meant = {place: contract.columns[name] for place, name in enumerate(names) if name in contract.columns}
    return mended(export, contract, meant, found.shown), names


@dataclass
class _Found:
    """A row of the sheet: its cells by the contract's columns, None where the original's stand."""

    line: int
    cells: dict[str, str | None]
    fault: bool  # it could not be read as it is


class _Rows:
    """The rows of a sheet as they are read."""

    def __init__(self, found: Found, contract: TableContract, names: tuple[str, ...]) -> None:
        self._file, self._contract, self._names = found, contract, names
        self.found: list[_Found] = []
        self.mended: list[Mended] = []

    def take(self, batch: Batch) -> None:
        """The rows of a batch, those with faults among them."""
        for row, line in enumerate(batch.lines):
            self._add(int(line), [texts_at(column, row) for column in batch.columns], False)
        for line, cells in batch.aside:
            self._add(line, list(cells), True)

    def _add(self, line: int, values: list[str | None], fault: bool) -> None:
        row = {name: (value or "").strip() for name, value in zip(self._names, values, strict=True) if name}
        facts = {"file": self._file.shown, "line": line}
        if not row[FILE] or not row[LINE].isdigit():
            raise UnreadableExport(say("ingest.fix_new_row", **facts))
        if row[USE] not in ("", YES, NO):
            raise UnreadableExport(say("ingest.fix_use", value=row[USE][:20], **facts))
        name = f"{self._file.name}[{self._contract.title.zh}]"
        used = row[USE] != NO
        self.mended.append(Mended(self._contract.name, name, line, row[FILE], int(row[LINE]), used))
        cells = {name: row[name] for name in self._contract.columns if name in row and row[name] != KEPT}
        self.found.append(_Found(line, cells, fault))


def _must_be_unchanged(found: Found, one: Mended, receipts: tuple[Receipt, ...], hashes: dict[str, str]) -> None:
    """UnreadableExport where the file that a row is from is gone, or has changed since the fix file was written."""
    facts = {"file": found.name, "original": one.of_file}
    files = (one.of_file, one.of_file.rpartition("[")[0])  # without its sheet
    of = [receipt for receipt in receipts if receipt.table == one.table and receipt.file in files]
    if not of:
        raise UnreadableExport(say("ingest.fix_original_gone", **facts))
    if hashes.get(of[0].file) != of[0].sha256:
        raise UnreadableExport(say("ingest.fix_original_changed", **facts))


def _exchange(warehouse: Warehouse, found: Found, contract: TableContract, rows: _Rows) -> frozenset[Row]:
    """Take the originals out of the raw table and put the mended rows in; which of them lay aside."""
    wanted = [(one.of_file, one.of_line) for one in rows.mended]
    files, lines = zip(*wanted, strict=True) if wanted else ((), ())
    text, number = pyarrow.array(files, pyarrow.string()), pyarrow.array(lines, pyarrow.int64())
    warehouse.store("staged.wanted", pyarrow.table({"_file": text, "_line": number}))
    there = {
        (row["_file"], row["_line"]): row
        for row in warehouse.records_template("staging/originals", table=contract.name)
    }
    for place, one in zip(wanted, rows.mended, strict=True):
        if place not in there or wanted.count(place) > 1:
            facts = {"file": found.shown, "line": one.line, "original": one.of_file, "row": one.of_line}
            raise UnreadableExport(say("ingest.fix_no_original", **facts))
    warehouse.run_template("staging/replaced", table=contract.name)
    names = tuple(name for name in warehouse.columns(f"raw.{contract.name}") if name not in ("_file", "_line"))
    whole = [
        (row.line, row.fault or not one.used, {**there[place], **row.cells})
        for place, row, one in zip(wanted, rows.found, rows.mended, strict=True)
    ]
    label = f"{found.name}[{contract.title.zh}]"
    for aside, table in ((False, f"raw.{contract.name}"), (True, f"raw.{contract.name} aside")):
        of = [(line, cells) for line, is_aside, cells in whole if is_aside == aside]
        columns = tuple([cells.get(name) for _, cells in of] for name in names)
        if of:
            warehouse.append(table, arrow_rows(Batch([line for line, _ in of], columns), names, label))
    return frozenset(place for place, row in there.items() if row[" aside"])


def _notices(found: Found, contract: TableContract, rows: list[Mended]) -> Iterator:
    """How many rows are replaced, and which."""
    if rows:
        shown = "、".join(f"{one.of_file}:{one.of_line}" for one in rows[:5]) + ("…" if len(rows) > 5 else "")
        facts = {"title": contract.title, "rows": shown, "dropped": sum(not one.used for one in rows)}
        yield note("ingest.fix_taken_up", of=contract.name, file=found.name, n=len(rows), **facts)
