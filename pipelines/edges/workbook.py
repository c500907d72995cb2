"""xlsxwriter: the tables as a workbook, empty forms to fill in, and the fix file of rows to mend."""

import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO
from zipfile import ZipFile

from pipelines.lazy import xlsxwriter
from pipelines.model.contract import (
    FILE,
    KEPT,
    LINE,
    NO,
    ORIGINALS,
    OWN,
    SHA256,
    USE,
    WHY,
    YES,
    Column,
    FixSheet,
    TableContract,
)
from pipelines.model.words import UsageRefusal
from pipelines.views.tables import COUNTS, NUMBERS, SUMS
from pipelines.wording import say

# xlsxwriter: the tables as a workbook for people who live in spreadsheets.


MOST_ROWS = 1_000_000  # of a sheet, below the format's own limit
POINTS = 2  # number of the style of points: xlsxwriter numbers styles in the order of their use, the header's first
A4 = 9  # the format's number of the paper
CREATED = datetime(2000, 1, 1)  # fixed, so that the same tables give the same bytes
_WIDE = {
    "unit_name": 28,
    "detail": 60,
    "note": 40,
    "case_id": 22,
    "ref_id": 18,
    "entry_id": 18,
    "rule_id": 24,
    "until": 18,
    "within": 30,
}


class Workbook:
    """A workbook written row by row; use as a context manager. OSError where it cannot be written.

    With a ``header`` it is one to print: A4 across, as wide as the page, the header and the first row on every page.
    """

    def __init__(self, file: Path, title: str, decimals: int = 2, places: int = 2, header: str = "") -> None:
        self._header = header.replace("&", "&&")
        # Zipped in memory: a zip file on a full disk complains once more when it is thrown away.
        self._file, self._content = file, BytesIO()
        self._rows: list[Rows] = []
        of_sums, others = SUMS if decimals == 2 else set(), NUMBERS - SUMS if places == 2 else set()
        self._two = others | of_sums  # what is shown with two decimals
        self._aside = TemporaryDirectory(dir=file.parent)  # xlsxwriter leaves its file of a sheet without cells
        self._book = xlsxwriter.Workbook(
            self._content,
            {
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "constant_memory": True,
                "tmpdir": self._aside.name,
            },
        )
        self._book.set_properties({"title": title, "created": CREATED})
        self._head = self._book.add_format({"bold": True, "bottom": 1, "bg_color": "#F4F5F7"})
        self._points = self._book.add_format({"num_format": "0.00"})

    def __enter__(self) -> "Workbook":
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        try:
            self._book.close()
            if kind is None:
                self._file.write_bytes(packed(self._content, self._rows))
        except xlsxwriter.exceptions.FileCreateError as problem:
            raise problem.args[0] from None
        finally:
            for rows in self._rows:
                rows.close()
            self._aside.cleanup()

    def text(self, name: str, lines: Iterable[str]) -> None:
        """A sheet of plain lines."""
        sheet, rows = self._added(name, (None,))
        sheet.set_column(0, 0, 100)
        for number, line in enumerate(lines):
            rows.add(number, (line,))

    def table(self, name: str, columns: tuple[str, ...], titles: dict[str, str], rows: Iterable[tuple]) -> None:
        """A table under a frozen header with filters; one that is too long for a sheet goes on in `name 2`."""
        sheet, written, number, sheets = None, None, MOST_ROWS, 0
        for row in rows:
            if number >= MOST_ROWS:
                _filter(sheet, number, columns)
                sheets += 1
                sheet, written = self._sheet(name if sheets == 1 else f"{name} {sheets}", columns, titles)
                number = 0
            number += 1
            written.add(number, row)
        if sheet is None:
            (sheet, _), number = self._sheet(name, columns, titles), 0
        _filter(sheet, number, columns)

    def _sheet(self, name: str, columns: tuple[str, ...], titles: dict[str, str]):
        sheet, rows = self._added(name, tuple(self._style(column) for column in columns))
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            sheet.set_column(place, place, _WIDE.get(column, 12), self._points if column in self._two else None)
            sheet.write_string(0, place, titles.get(column, column), self._head)
        return sheet, rows

    def _style(self, column: str) -> int | None:
        """The number of a column's style: two decimals, plain, or none where it holds text."""
        return POINTS if column in self._two else 0 if column in COUNTS | NUMBERS else None

    def _added(self, name: str, styles: tuple[int | None, ...]):
        self._rows.append(Rows(self._file.parent, styles))
        sheet = self._book.add_worksheet(name)
        if self._header:
            sheet.set_paper(A4)
            sheet.set_landscape()
            sheet.fit_to_pages(1, 0)
            sheet.repeat_rows(0)
            sheet.hide_gridlines(0)  # a printed list is ticked off
            sheet.set_header(f"&L{self._header}")
            sheet.set_footer("&C&P / &N")
        return sheet, self._rows[-1]


def _filter(sheet, last: int, columns: tuple[str, ...]) -> None:
    """Filter buttons over a sheet that is finished; nothing where there is none yet."""
    if sheet is not None:
        sheet.autofilter(0, 0, last, len(columns) - 1)


# Rows of a worksheet as XML, written at once: a ledger has millions of cells, which xlsxwriter writes one by one.


LONGEST = 32_767  # units of UTF-16 in a cell
_SPECIAL = re.compile(r"[&<>\x00-\x1f\x7f-\x9f\ufffe\uffff]|_x|^\s|\s$")
_CONTROL, _LIKE_ONE = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]"), re.compile(r"(_x[0-9a-fA-F]{4}_)")  # as _x0000_
_STYLE = re.compile(rb'<col [^>]*style="([0-9]+)"')
_SIZE, _END = re.compile(rb'<dimension ref="[^"]*"/>'), re.compile(rb"</sheetData>|<sheetData/>")


class Rows:
    """The rows of one sheet below its header, in a file without a name until they are packed.

    ``styles`` tells which columns hold numbers, by the number of their style, and which hold text (None).
    """

    def __init__(self, folder: Path, styles: tuple[int | None, ...]) -> None:
        self._styles = [(xlsxwriter.utility.xl_col_to_name(place), style) for place, style in enumerate(styles)]
        self._xml = tempfile.TemporaryFile("w+", encoding="utf-8", newline="", dir=folder)  # noqa: SIM115 - see close
        self._last = 0

    def add(self, number: int, row: Iterable[object]) -> None:
        """Write the row below all that were written; None and empty texts leave their cells out."""
        pairs = zip(self._styles, row, strict=True)
        cells = [
            _cell(f"{column}{number + 1}", style, value)
            for (column, style), value in pairs
            if value is not None and value != ""
        ]
        if cells:
            self._xml.write(f'<row r="{number + 1}">{"".join(cells)}</row>')
        self._last = number + 1

    def into(self, sheet: bytes, target: IO[bytes]) -> None:
        """Write the XML of a sheet that has its header, with these rows below.

        RuntimeError where xlsxwriter has numbered the styles of its columns otherwise.
        """
        found, wanted = {int(number) for number in _STYLE.findall(sheet)}, {style for _, style in self._styles if style}
        if found != wanted:
            raise RuntimeError(f"the styles of the columns are {found}, their cells have {wanted}")
        if self._last:
            last = f"{self._styles[-1][0]}{self._last}"
            sheet = _SIZE.sub(f'<dimension ref="A1{"" if last == "A1" else f":{last}"}"/>'.encode(), sheet, count=1)
        end = _END.search(sheet)
        target.write(sheet[: end.start()] + (b"<sheetData>" if end[0] == b"<sheetData/>" else b""))
        self._xml.flush()
        self._xml.buffer.seek(0)
        shutil.copyfileobj(self._xml.buffer, target, 1 << 20)
        target.write(b"</sheetData>" + sheet[end.end() :])

    def close(self) -> None:
        """Let go of the file."""
        self._xml.close()


def packed(book: BytesIO, sheets: list[Rows]) -> bytes:
    """A workbook of xlsxwriter with the rows of its sheets, which are in their order; all else is as it was."""
    content = BytesIO()
    named = {f"xl/worksheets/sheet{number}.xml": rows for number, rows in enumerate(sheets, 1)}
    with ZipFile(book) as made, ZipFile(content, "w") as target:
        for part in made.infolist():
            xml = made.read(part)
            with target.open(copy(part), "w") as member:
                if rows := named.get(part.filename):
                    rows.into(xml, member)
                else:
                    member.write(xml)
    return content.getvalue()


def _cell(place: str, style: int | None, value: object) -> str:
    if style is None:
        return f'<c r="{place}" t="inlineStr"><is>{_text(value)}</is></c>'
    styled = f' s="{style}"' if style else ""
    return f'<c r="{place}"{styled}><v>{float(value):.16G}</v></c>'


@lru_cache(1 << 12)  # units, items and words come again and again
def _text(value: str) -> str:
    if len(value) > LONGEST // 2:
        value = value.encode("utf-16-le")[: 2 * LONGEST].decode("utf-16-le", "ignore")  # half a sign at the end goes
    if not _SPECIAL.search(value):
        return f"<t>{value}</t>"
    value = _CONTROL.sub(lambda found: f"_x{ord(found[0]):04X}_", _LIKE_ONE.sub(r"_x005F\1", value))
    kept = ' xml:space="preserve"' if value != value.strip() else ""
    return f"<t{kept}>{_escaped(value)}</t>"


def _escaped(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# Workbooks that people fill in: the empty forms of `gongping template`, and the fix file of rows to mend.
#
# Every cell is text, so that no spreadsheet makes a number of an id or a date of a word; lists are those of the
# contract. Sheets are printed in landscape, as wide as a page, with their header on every page. Heights of rows are
# set, for not every spreadsheet program finds them itself.


ROWS = 5000  # of a form with lists and cell formats
LONGEST_LIST = 255  # characters of a list that stands in the validation itself
LONGEST_TITLE, LONGEST_NOTE = 32, 255  # of the note beside a cell
LONGEST_CELL = 32_000
SPARE = ("duplicate_row", "duplicate_key", "type", "enum", "required", "plausible")  # promises that the rest says
WIDTHS_OF_OWN = (18, 8, 7, 50)  # of OWN
WIDTHS = {"timestamp": 19, "date": 12, "boolean": 10, "enum": 16, "integer": 10, "decimal": 10, "text": 20}
FONT = {"font_name": "宋体", "font_size": 11}  # every Chinese office has it
LIST_WIDTH, LIST_WIDE = 16, 36  # as the workbook of a scorecard's form
LINE_HEIGHT, MOST_LINES = 15, 12  # in points
A4, A3 = 9, 8  # paper sizes of Excel
WIDEST = {A4: 200, A3: 290}  # characters of a row that can still be read there
OPEN = {"objects": True, "insert_rows": True, "delete_rows": True, "format_columns": True, "format_rows": True}


@dataclass
class _Book:
    """A workbook with its formats."""

    made: "xlsxwriter.Workbook"
    formats: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wrapped = {**FONT, "text_wrap": True, "valign": "top"}
        cell = {**wrapped, "num_format": "@", "border": 1, "border_color": "#C9CED6"}
        head = {**wrapped, "bold": True, "bg_color": "#E8EEF7", "border": 1, "border_color": "#9AA5B5"}
        for name, style in {
            "head": head,
            "needed": {**head, "font_color": "#B00020"},
            "cell": {**cell, "locked": False},
            "fault": {**cell, "locked": False, "bg_color": "#FFC7CE", "font_color": "#9C0006"},
            "fixed": {**cell, "bg_color": "#F3F4F6", "font_color": "#5A6472"},
            "why": {**cell, "bg_color": "#FFF8E1"},
            "listed": cell,
            "title": {**FONT, "bold": True, "font_size": 14},
            "text": wrapped,
        }.items():
            self.formats[name] = self.made.add_format(style)

    def sheet(self, name: str, widths: Iterable[int] = ()) -> "_Sheet":
        """A new sheet, with the widths of its first columns in characters."""
        return _Sheet(self.made.add_worksheet(name), self.formats, list(widths))


@dataclass
class _Sheet:
    """A sheet as it is written: its text by line, for the heights of the rows."""

    made: object
    formats: dict[str, object]
    widths: list[int]
    lines: dict[int, int] = field(default_factory=dict)  # of text in each row

    def write(self, line: int, values: Iterable[str], style: str, first: int = 0) -> None:
        """Text into cells side by side."""
        for place, value in enumerate(values, first):
            self.made.write_string(line, place, value, self.formats[style])
            if style != "title":
                self.lines[line] = max(self.lines.get(line, 1), _lines_of(value, self.widths[place]))

    def finish(self, title: str, header: int | None = None, columns: int = 0) -> None:
        """Widths, heights and how it is printed; ``header`` is the row that every page repeats, left of ``columns``."""
        for place, width in enumerate(self.widths):
            self.made.set_column(place, place, width, self.formats["cell" if header is not None else "text"])
        for line, n in self.lines.items():
            self.made.set_row(line, LINE_HEIGHT * min(n, MOST_LINES) + 3)
        self.made.set_landscape()
        paper = A4 if sum(self.widths) <= WIDEST[A4] else A3
        self.made.set_paper(paper)
        self.made.fit_to_pages(-(-sum(self.widths) // WIDEST[paper]), 0)
        self.made.set_margins(0.5, 0.5, 0.8, 0.7)
        self.made.set_header(f"&C&14{title}")
        self.made.set_footer("&C" + say("forms.page").zh)
        if header is not None:
            self.made.repeat_rows(header)
            if columns:
                self.made.repeat_columns(0, columns - 1)
            self.made.freeze_panes(header + 1, columns)


def _lines_of(text: str, width: int) -> int:
    """How many lines a cell's text takes; a Chinese character is two wide."""
    wide = sum(2 if unicodedata.east_asian_width(sign) in "WFA" else 1 for sign in text)
    return -(-wide // max(width - 1, 1)) or 1


def _opened(file: Path | str, title: str) -> _Book:
    kept = {f"strings_to_{what}": False for what in ("formulas", "urls", "numbers")}
    book = xlsxwriter.Workbook(str(file), {**kept, "default_format_properties": FONT})
    book.set_properties({"title": title})
    return _Book(book)


def how(column: Column) -> str:
    """How a column is filled in, in Chinese."""
    values = "、".join(choices(column))
    return say(f"forms.how_{'enum' if values and column.type != 'boolean' else column.type}", values=values).zh


def choices(column: Column, contract: TableContract | None = None) -> tuple[str, ...]:
    """What may be chosen for a column, in Chinese; nothing where anything may be written."""
    if column.type == "boolean":
        return YES, NO
    if column.type == "enum":
        return (*(labels[0] if labels else value for value, labels in column.labels), *column.empty_labels)
    found = {p.kind: p for p in contract.promises if p.column == column.name} if contract else {}
    if "on_scale" in found and "between" not in found:  # all marks are words
        words = (word for _, scale in found["on_scale"].argument("scales") for word, _ in scale)
        return tuple(dict.fromkeys(words))
    return found["one_of"].argument("values") if "one_of" in found else ()


def _note(column: Column, contract: TableContract) -> str:
    """What the contract promises of a column."""
    says = [p.says.zh for p in contract.promises if p.column == column.name and p.kind not in SPARE]
    return "；".join([how(column), *says])


def _head(sheet: _Sheet, place: int, column: Column, contract: TableContract, last: int, units: int) -> None:
    """One column: its header, the list and the note of its cells."""
    sheet.write(0, [column.title], "needed" if column.required else "head", place)
    sheet.made.write_comment(0, place, _note(column, contract), {"x_scale": 2})
    listed: Sequence[str] | str = choices(column, contract)
    if units and column.name == "unit_id":
        listed = f"='{say('forms.units').zh}'!$A$2:$A${units + 1}"
    if not listed or not isinstance(listed, str) and len(",".join(listed)) > LONGEST_LIST:
        return
    sheet.made.data_validation(
        1,
        place,
        last,
        place,
        {
            "validate": "list",
            "source": listed if isinstance(listed, str) else list(listed),
            "input_title": column.title[:LONGEST_TITLE],
            "input_message": _note(column, contract)[:LONGEST_NOTE],
            "error_title": column.title[:LONGEST_TITLE],
            "error_message": say("forms.wrong_value").zh,
        },
    )


# The forms.


def write_form(
    file: Path, tables: Sequence[TableContract], units: Sequence[tuple[str, str]], items: Mapping[str, str]
) -> None:
    """An empty form with a sheet a table, the notes and the units; UsageRefusal where the file is there already.

    With ``units`` (code, name) they are a list to choose from, and a table whose key is the unit and one of the
    ``items`` (id, title) has its rows there, with their key protected and their names beside.
    """
    if os.path.lexists(file):
        raise UsageRefusal(say("forms.there", file=file))
    book = _opened(file, "、".join(table.title.zh for table in tables))
    for table in tables:
        _form(book, table, units, items)
    _notes(book, tables)
    if units:
        _units(book, units)
    _close(book, file)


def write_list(
    file: Path, name: str, heads: Mapping[str, str], rows: Iterable[Mapping[str, str]], long: Collection[str]
) -> None:
    """One sheet of text under its heads, for people to fill in the rest; rows by field, ``long`` are those of prose."""
    book = _opened(file, name)
    sheet = book.sheet(name, [LIST_WIDE if field in long else LIST_WIDTH for field in heads])
    sheet.write(0, list(heads.values()), "head")
    for line, row in enumerate(rows, 1):
        sheet.write(line, [row.get(field, "") for field in heads], "cell")
    sheet.finish(name, header=0)
    _close(book, file)


def _close(book: _Book, file: Path) -> None:
    try:
        book.made.close()
    except (xlsxwriter.exceptions.FileCreateError, OSError) as problem:
        error = problem.args[0] if isinstance(problem.args[0], OSError) else problem
        raise UsageRefusal(say("forms.not_written", file=file, problem=getattr(error, "strerror", error))) from None


def _form(book: _Book, table: TableContract, units: Sequence[tuple[str, str]], titles: Mapping[str, str]) -> None:
    columns = list(table.columns.values())
    others = [table.columns[name] for name in table.key if name != "unit_id"]
    items = choices(others[0]) if units and "unit_id" in table.key and len(others) == 1 else ()
    sheet = book.sheet(table.title.zh, [*(WIDTHS[column.type] for column in columns), *((26, 26) if items else ())])
    for place, column in enumerate(columns):
        _head(sheet, place, column, table, ROWS, len(units))
    if items:
        sheet.write(0, [say("forms.unit_name").zh, say("forms.item_name").zh], "head", len(columns))
    for line, ((code, name), item) in enumerate(product(units, items), 1):
        given = {"unit_id": code, others[0].name: item}
        for place, column in enumerate(columns):
            if column.name in given:
                sheet.write(line, [given[column.name]], "fixed", place)
        sheet.write(line, [name, titles.get(item, "")], "fixed", len(columns))
    sheet.finish(table.title.zh, 0)
    sheet.made.protect("", {**OPEN, "sort": True, "autofilter": True})


def _notes(book: _Book, tables: Sequence[TableContract]) -> None:
    """What every column is, with an example; headers in brackets, so that no reader takes the sheet for a table."""
    sheet = book.sheet(say("forms.notes").zh, (22, 8, 80, 28))
    sheet.made.merge_range(0, 0, 0, 3, say("forms.about").zh, sheet.formats["text"])
    sheet.lines[0] = _lines_of(say("forms.about").zh, sum(sheet.widths))
    line = 2
    for table in tables:
        sheet.write(line, [say("forms.title", title=table.title.zh, table=table.name).zh], "title")
        sheet.write(line + 1, [say(f"forms.{name}").zh for name in ("column", "must", "how", "example")], "head")
        line += 2
        for column in table.columns.values():
            must = say("forms.required").zh if column.required else ""
            sheet.write(line, [f"【{column.title}】", must, _note(column, table), column.example], "listed")
            line += 1
        line += 1
    sheet.finish(say("forms.notes").zh)
    sheet.made.protect("")


def _units(book: _Book, units: Sequence[tuple[str, str]]) -> None:
    sheet = book.sheet(say("forms.units").zh, (24, 40))
    for line, cells in enumerate([("【单位编码】", "【单位名称】"), *units]):
        sheet.write(line, cells, "listed" if line else "head")
    sheet.finish(say("forms.units").zh)
    sheet.made.repeat_rows(0)
    sheet.made.protect("")


# The fix file.


def write_fix(file: Path, sheets: Iterable[FixSheet], originals: dict[str, str]) -> None:
    """Rows to mend, for the office alone: a file of the owner's, in a folder of the owner's. OSError as it comes."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.parent.parent.chmod(0o700)
    new = file.with_suffix(".new")
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    new.chmod(0o600)
    told = list(sheets)
    book = _opened(new, "fix")
    for one in told:
        if one.rows:
            _fix_sheet(book, one)
    _fix_notes(book, told)
    sheet = book.made.add_worksheet(ORIGINALS)
    for line, cells in enumerate([(FILE, SHA256), *originals.items()]):
        sheet.write_row(line, 0, cells)
    sheet.protect("")
    sheet.hide()
    book.made.close()
    new.replace(file)


def _fix_sheet(book: _Book, one: FixSheet) -> None:
    at_fault = frozenset().union(*(row.at_fault for row in one.rows))
    columns = [c for c in one.contract.columns.values() if not c.restricted or c.name in at_fault]
    sheet = book.sheet(one.contract.title.zh, [*WIDTHS_OF_OWN, *(WIDTHS[column.type] for column in columns)])
    sheet.write(0, OWN, "head")
    last, use = len(one.rows), OWN.index(USE)
    sheet.made.data_validation(1, use, last, use, {"validate": "list", "source": [YES, NO]})
    for place, column in enumerate(columns, len(OWN)):
        _head(sheet, place, column, one.contract, last, 0)
    for line, row in enumerate(one.rows, 1):
        own = {FILE: row.file, LINE: str(row.line), USE: YES if row.used else NO, WHY: row.why}
        for place, name in enumerate(OWN):
            sheet.write(line, [own[name]], {USE: "cell", WHY: "why"}.get(name, "fixed"), place)
        for place, column in enumerate(columns, len(OWN)):
            fault = column.name in row.at_fault
            value = row.cells.get(column.name) or ""
            if not fault and (column.restricted or len(value) > LONGEST_CELL):
                value = KEPT
            sheet.write(line, [value if fault else _word(column, value)], "fault" if fault else "cell", place)
    sheet.finish(one.contract.title.zh, 0, len(OWN))
    sheet.made.protect("", {**OPEN, "insert_rows": False})


def _word(column: Column, value: str) -> str:
    """The word of the list for a code, as a person would choose it."""
    words = {code: labels[0] for code, labels in column.labels if labels}
    return (words | ({"true": YES, "false": NO} if column.type == "boolean" else {})).get(value, value)


def _fix_notes(book: _Book, sheets: list[FixSheet]) -> None:
    sheet = book.sheet(say("forms.notes").zh, [110])
    lines = [say(f"forms.fix_about_{n}", kept=KEPT) for n in range(1, 6)]
    for one in sheets:
        facts = {"title": one.contract.title.zh, "table": one.contract.name}
        lines += [say(f"forms.fix_{name}", n=n, **facts) for name in ("more", "unread") if (n := getattr(one, name))]
    for line, words in enumerate(lines):
        sheet.write(line, [words.zh], "text")
    sheet.finish(say("forms.notes").zh)
    sheet.made.protect("")
