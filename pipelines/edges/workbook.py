"""xlsxwriter: the tables as a workbook for people who live in spreadsheets."""

import re
import shutil
import tempfile
from collections.abc import Iterable
from copy import copy
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO
from zipfile import ZipFile

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.utility import xl_col_to_name

from pipelines.views.tables import COUNTS, NUMBERS, SUMS

MOST_ROWS = 1_000_000  # of a sheet, below the format's own limit
POINTS = 2  # number of the style of points: xlsxwriter numbers styles in the order of their use, the header's first
CREATED = datetime(2000, 1, 1)  # fixed, so that the same tables give the same bytes
_WIDE = {"unit_name": 28, "detail": 60, "note": 40, "case_id": 22, "ref_id": 18, "entry_id": 18, "rule_id": 24}


class Workbook:
    """A workbook written row by row; use as a context manager. OSError where it cannot be written."""

    def __init__(self, file: Path, title: str, decimals: int = 2, places: int = 2) -> None:
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
        except FileCreateError as problem:
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
        return self._book.add_worksheet(name), self._rows[-1]


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
        self._styles = [(xl_col_to_name(place), style) for place, style in enumerate(styles)]
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
