"""xlsxwriter: the tables as a workbook for people who live in spreadsheets."""

from collections.abc import Iterable
from datetime import datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from pipelines.edges.sheet_rows import Rows, packed
from pipelines.views.tables import COUNTS, NUMBERS

MOST_ROWS = 1_000_000  # of a sheet, below the format's own limit
POINTS = 2  # number of the style of points: xlsxwriter numbers styles in the order of their use, the header's first
CREATED = datetime(2000, 1, 1)  # fixed, so that the same tables give the same bytes
_WIDE = {"unit_name": 28, "detail": 60, "note": 40, "case_id": 22, "ref_id": 18, "entry_id": 18, "rule_id": 24}


class Workbook:
    """A workbook written row by row; use as a context manager. OSError where it cannot be written."""

    def __init__(self, file: Path, title: str):
        # Zipped in memory: a zip file on a full disk complains once more when it is thrown away.
        self._file, self._content = file, BytesIO()
        self._rows: list[Rows] = []
        self._aside = TemporaryDirectory(dir=file.parent)  # xlsxwriter leaves its file of a sheet without cells
        self._book = xlsxwriter.Workbook(self._content, {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "constant_memory": True,
            "tmpdir": self._aside.name,
        })
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
        sheet, rows = self._added(name, tuple(_style(column) for column in columns))
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            sheet.set_column(place, place, _WIDE.get(column, 12), self._points if column in NUMBERS else None)
            sheet.write_string(0, place, titles.get(column, column), self._head)
        return sheet, rows

    def _added(self, name: str, styles: tuple[int | None, ...]):
        self._rows.append(Rows(self._file.parent, styles))
        return self._book.add_worksheet(name), self._rows[-1]


def _style(column: str) -> int | None:
    """The number of a column's style: two decimals, plain, or none where it holds text."""
    return POINTS if column in NUMBERS else 0 if column in COUNTS else None


def _filter(sheet, last: int, columns: tuple[str, ...]) -> None:
    """Filter buttons over a sheet that is finished; nothing where there is none yet."""
    if sheet is not None:
        sheet.autofilter(0, 0, last, len(columns) - 1)
