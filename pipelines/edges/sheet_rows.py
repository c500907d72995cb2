"""Rows of a worksheet as XML, written at once: a ledger has millions of cells, which xlsxwriter writes one by one.

xlsxwriter makes the workbook with the headers of its sheets; `packed` puts the rows below them. Every text is text
here, while xlsxwriter takes one that begins with `<r>` and ends with `</r>` for its own markup.
"""

import re
import shutil
import tempfile
from collections.abc import Iterable
from copy import copy
from io import BytesIO
from pathlib import Path
from typing import IO
from zipfile import ZipFile

from xlsxwriter.utility import xl_col_to_name

LONGEST = 32_767  # units of UTF-16 in a cell
_SPECIAL = re.compile(r"[&<>\x00-\x1f\x7f-\x9f\ufffe\uffff]|_x|^\s|\s$")
_CONTROL, _LIKE_ONE = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]"), re.compile(r"(_x[0-9a-fA-F]{4}_)")  # as _x0000_
_STYLE = re.compile(rb'<col [^>]*style="([0-9]+)"')
_SIZE, _END = re.compile(rb'<dimension ref="[^"]*"/>'), re.compile(rb"</sheetData>|<sheetData/>")


class Rows:
    """The rows of one sheet below its header, in a file without a name until they are packed.

    ``styles`` tells which columns hold numbers, by the number of their style, and which hold text (None).
    """

    def __init__(self, folder: Path, styles: tuple[int | None, ...]):
        self._styles = [(xl_col_to_name(place), style) for place, style in enumerate(styles)]
        self._xml = tempfile.TemporaryFile("w+", encoding="utf-8", newline="", dir=folder)  # noqa: SIM115 - see close
        self._last = 0

    def add(self, number: int, row: Iterable[object]) -> None:
        """Write the row below all that were written; None and empty texts leave their cells out."""
        pairs = zip(self._styles, row, strict=True)
        cells = [_cell(f"{column}{number + 1}", style, value) for (column, style), value in pairs
                 if value is not None and value != ""]  # fmt: skip
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
