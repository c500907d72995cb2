"""Reads one sheet of a workbook and writes its rows as JSON lines: a program of its own, run in a process of its own.

A hostile workbook makes the parser allocate without end or abort; here it can only take this process with it.
Arguments: file, sheet ("" = the first that is neither empty nor hidden), memory limit in bytes, time limit in seconds.
Output: one line for the sheet, then one line per batch of rows.
"""

import json
import resource
import sys
from datetime import date, datetime, time, timedelta

BATCH = 5000
HALF_SECOND = timedelta(milliseconds=500)
NEARLY = timedelta(milliseconds=2)  # what a spreadsheet's fraction of a day may be off


def main(path: str, wanted: str, memory: str, seconds: str) -> None:
    """Write the sheet to standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(path)
    told = [sheet for sheet in book.sheets_metadata if str(sheet.typ).endswith("WorkSheet")]
    names = [sheet.name for sheet in told]
    hidden = [sheet.name for sheet in told if not str(sheet.visible).endswith(".Visible")]
    if wanted and wanted not in names:
        _write({"sheets": names, "sheet": None})
        return
    sheets = {name: book.get_sheet_by_name(name) for name in names}
    filled = [name for name, sheet in sheets.items() if sheet.start is not None]
    chosen = wanted or [*(name for name in filled if name not in hidden), *filled, *names][0]
    _write({"sheets": filled, "sheet": chosen})
    _write_rows(sheets[chosen])


def _write_rows(sheet) -> None:
    rows, lines = [], []
    for line, row in enumerate(sheet.iter_rows(), 1):
        cells = [_text(cell) for cell in row]
        while cells and not cells[-1].strip():  # a sheet is as wide as its widest row
            cells.pop()
        if cells:
            rows.append(cells)
            lines.append(line)
        if len(rows) == BATCH:
            _write({"lines": lines, "rows": rows})
            rows, lines = [], []
    _write({"lines": lines, "rows": rows})


def _text(cell: object) -> str:
    """A cell as the text that a CSV of the same table would hold."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return str(_whole_second(cell))
    if isinstance(cell, date):
        return f"{cell} 00:00:00"
    return cell.isoformat("seconds") if isinstance(cell, time) else str(cell)


def _whole_second(moment: datetime) -> datetime:
    nearest = (moment + HALF_SECOND).replace(microsecond=0)
    return nearest if abs(nearest - moment) <= NEARLY else moment


def _write(line: dict) -> None:
    sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
