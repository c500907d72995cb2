"""Rows of a worksheet, as xlsxwriter writes them cell by cell, at once: a ledger has millions of cells.

xlsxwriter takes a text that begins with `<r>` and ends with `</r>` for its own markup; here every text is text.
"""

import re
from collections.abc import Iterable

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

LONGEST = 32_767  # units of UTF-16 in a cell
_SPECIAL = re.compile(r"[&<>\x00-\x1f\x7f-\x9f\ufffe\uffff]|_x|^\s|\s$")

_CONTROL, _LIKE_ONE = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]"), re.compile(r"(_x[0-9a-fA-F]{4}_)")  # as _x0000_


class Rows(Worksheet):
    """A worksheet in constant memory that takes whole rows below its header."""

    def begin(self, styles: tuple[int | None, ...]) -> None:
        """Say which columns hold numbers, by the number of their style, and which hold text (None)."""
        self._styles = [(xl_col_to_name(place), style) for place, style in enumerate(styles)]

    def add(self, number: int, row: Iterable[object]) -> None:
        """Write the row below all that were written; None and empty texts leave their cells out."""
        self._check_dimensions(number, 0)
        self._write_single_row(number)  # the one before, where it was written by cells
        pairs = zip(self._styles, row, strict=True)
        cells = [_cell(f"{column}{number + 1}", style, value) for (column, style), value in pairs
                 if value is not None and value != ""]  # fmt: skip
        if cells:
            self.fh.write(f'<row r="{number + 1}">{"".join(cells)}</row>')


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
