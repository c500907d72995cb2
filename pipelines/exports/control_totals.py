"""Control totals beside the exports: how many rows each table, or each of its files, is said to have."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from pipelines.exports.files import Found, open_export
from pipelines.exports.rows import texts
from pipelines.model.contract import Contracts, TableContract
from pipelines.model.intake import Known, Receipt, UnreadableExport, folded
from pipelines.model.words import Words
from pipelines.wording import say

HEADERS = {
    "table": ("table", "表", "表名", "数据表"),
    "rows": ("rows", "行数", "记录数", "条数"),
    "file": ("file", "文件", "文件名"),
}
_BY_HEADER = {folded(header): name for name, headers in HEADERS.items() for header in headers}
_ROWS = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)(?:\.0+)?")
_BRACKETS = str.maketrans("", "", "《》")


@dataclass(frozen=True)
class Total:
    """One line of a control file; an empty ``file`` means all files of the table."""

    line: int
    table: TableContract
    rows: int
    file: str


def differing_totals(
    control: Iterable[Found], contracts: Contracts, receipts: Iterable[Receipt], left: frozenset[str] = frozenset()
) -> list[Words]:
    """A stop for every control total that the rows read do not have, and for every line that cannot be compared.

    ``left`` are tables that are not compared: one that is declared absent, one whose files could not all be read.
    """
    found, stops = list(receipts), []
    for file in control:
        try:
            stops += _compared(file.name, list(_lines(file)), contracts, found, left)
        except UnreadableExport as problem:
            stops.append(problem.words)
    return stops


def _lines(control: Found) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and cells by name of every row of a control file."""
    export = open_export(control, Known(frozenset(_BY_HEADER)))
    names = [_BY_HEADER.get(folded(header), "") for header in export.header]
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
) -> Total | Words:
    """A line of a control file, or what is wrong with it."""
    at = {"file": control, "line": line}
    wanted = folded(cells["table"].translate(_BRACKETS))
    tables = {folded(name): table for table in contracts.tables.values() for name in (table.name, table.title.zh)}
    if wanted not in tables:
        near = get_close_matches(wanted, tables, 1, 0.5)
        hint = say("ingest.source_nearest", word=near[0]) if near else Words("", "")
        return say("ingest.totals_table", table=cells["table"], hint=hint, **at)
    number = _ROWS.fullmatch(unicodedata.normalize("NFKC", cells["rows"]))
    if not number:
        return say("ingest.totals_rows", rows=cells["rows"], **at)
    table, file = tables[wanted], cells.get("file", "")
    files = [receipt.file for receipt in receipts if receipt.table == table.name]
    if file and file not in files:
        near = get_close_matches(file, files, 1, 0.5)
        hint = say("ingest.source_nearest", word=near[0]) if near else Words("", "")
        return say("ingest.totals_file", wanted=file, title=table.title.zh, table=table.name, hint=hint, **at)
    return Total(line, table, int(number[1].replace(",", "")), file)


def _difference(control: str, total: Total, receipts: list[Receipt]) -> Iterator[Words]:
    """The stop where the rows read are others than the total."""
    own = [one for one in receipts if one.table == total.table.name and total.file in ("", one.file)]
    read = sum(one.records - one.blank for one in own)
    if read == total.rows:
        return
    files = "、".join(f"{one.file} {one.records - one.blank}" for one in own) or "–"
    facts = {"title": total.table.title.zh, "table": total.table.name, "wanted": total.rows, "read": read}
    key = "totals_fewer" if read < total.rows else "totals_more"
    yield say(f"ingest.{key}", file=control, line=total.line, files=files, n=abs(read - total.rows), **facts)
