"""Reads the sheets of a workbook that hold a table and writes their rows as JSON lines: a program of its own.

It runs in a process of its own: a hostile workbook makes the parser allocate without end or abort; here it can only
take this process with it. Arguments: file, memory limit in bytes, time limit in seconds, process that
waits. Standard input, as JSON:
`sheet` ("" = found out), `header_row` (0 = found out), `known` (folded headers) and `needed` (of every required
column its folded headers).

Output: a line for the workbook (`sheets`, `chosen`, `hidden_tables`), then for every chosen sheet a line that tells of
it and a line per batch of rows. Calamine gives the values; what a cell *is* stands in the sheet's XML only, which
`workbook_marks` reads where a sheet holds anything but plain values.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_SPEC = spec_from_file_location("workbook_marks", Path(__file__).with_name("workbook_marks.py"))
marks = module_from_spec(_SPEC)  # from its file: the path of an isolated process holds nothing of the program
sys.modules[_SPEC.name] = marks
_SPEC.loader.exec_module(marks)

BATCH = 5000
HEADER_WITHIN = 20  # filled rows
HALF_SECOND = timedelta(milliseconds=500)
NEARLY = timedelta(milliseconds=2)  # what a spreadsheet's fraction of a day may be off
PR_SET_PDEATHSIG = 1  # of prctl(2)
MANY_DIGITS = 1e15  # a spreadsheet keeps 15 digits of a number


def main(path: str, memory: str, seconds: str, parent: str) -> None:
    """Write the sheets to standard output."""
    _die_with(int(parent))
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
    from python_calamine import CalamineWorkbook

    asked = json.load(sys.stdin)
    book = CalamineWorkbook.from_path(path)
    told = [sheet for sheet in book.sheets_metadata if str(sheet.typ).endswith("WorkSheet")]
    hidden = {sheet.name for sheet in told if not str(sheet.visible).endswith(".Visible")}
    names = [sheet.name for sheet in told]
    if asked["sheet"] and asked["sheet"] not in names:
        _write({"sheets": names, "chosen": None})
        return
    names = [asked["sheet"]] if asked["sheet"] else names
    sheets = {name: book.get_sheet_by_name(name) for name in names}
    filled = [name for name in names if sheets[name].start is not None]
    heads = {name: _head(sheets[name], asked) for name in filled}
    tables = [name for name in filled if heads[name]["is_table"]]
    shown = [name for name in tables if name not in hidden]
    others = [name for name in filled if name not in hidden]
    chosen = [asked["sheet"]] if asked["sheet"] else shown or [*others, *filled, *names][:1]
    hidden_tables = [] if shown or asked["sheet"] else [name for name in tables if name in hidden]
    _write({"sheets": filled, "chosen": chosen, "hidden": sorted(hidden & {*filled}), "hidden_tables": hidden_tables})
    for name in chosen:
        _write_sheet(path, name, sheets[name], heads.get(name))


def _die_with(parent: int) -> None:
    """The kernel ends this process when the one that waits for it dies, which may have happened already."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _head(sheet, asked: dict) -> dict:
    """Which row is the header: the one asked for, else of the first filled rows the one with most known headers."""
    rows = []
    for line, cells in _rows(sheet, {}):
        if not asked["header_row"] or line == asked["header_row"]:
            rows.append((line, cells))
        if len(rows) == (1 if asked["header_row"] else HEADER_WITHIN):
            break
    known = set(asked["known"])
    line, header, most = 0, [], -1
    for at, cells in rows:
        found = len(known.intersection(marks.folded(cell) for cell in cells))
        if found > most:
            line, header, most = at, cells, found
    names = {marks.folded(cell) for cell in header}
    there = sum(bool(names.intersection(one)) for one in asked["needed"])
    is_table = most > 0 and 2 * there >= len(asked["needed"])
    return {"line": line, "header": header, "above": [at for at, _ in rows if at < line], "is_table": is_table}


def _write_sheet(path: str, name: str, sheet, head: dict | None) -> None:
    head = head or {"line": 0, "header": [], "above": []}
    found = marks.marks_of(path, name)
    hidden_columns = [marks.letters(at) for at in sorted(found.hidden_columns) if at < len(head["header"])]
    hidden_rows = sum(line > head["line"] for line in found.hidden_rows)
    _write({"sheet": name, **head, "hidden_rows": hidden_rows, "hidden_columns": hidden_columns})
    merged = _merged(sheet, head["line"])
    lines, rows, odd, tops = [], [], [], {}
    for line, cells in _rows(sheet, found.cells, merged, odd, tops):
        if line <= head["line"]:
            odd.clear()
            continue
        rows.append(cells)
        lines.append(line)
        if len(rows) == BATCH:
            _write({"lines": lines, "rows": rows, "odd": odd})
            lines, rows = [], []
            odd.clear()
    _write({"lines": lines, "rows": rows, "odd": odd})


def _rows(sheet, odd_cells: dict, merged: dict | None = None, odd: list | None = None, tops: dict | None = None):
    """Line and cells of every row that is not blank, as texts; a sheet is as wide as its widest row.

    ``odd`` gathers [line, column, kind, value] of the cells that a text cannot stand for; ``tops`` the values of the
    merged areas.
    """
    merged = merged or {}
    for line, row in enumerate(sheet.iter_rows(), 1):
        cells = [cell if type(cell) is str else _text(cell) for cell in row]
        if _CHANGED:
            _CHANGED.clear()
            if odd is not None:
                odd += _changed(line, row, cells)
        for at, kind, value in odd_cells.get(line, ()):
            cells += [""] * (at + 1 - len(cells))
            if kind == "date":
                cells[at] = str(row[at]) if type(row[at]) is date else cells[at]
            elif kind == "percent":
                cells[at] = _percent(row[at]) if type(row[at]) is float else cells[at]
            elif odd is not None:
                cells[at] = value
                odd.append([line, at, kind, f"{marks.letters(at)}{line}: {value}"])
        for at, area, kind in merged.get(line, ()):
            if kind == "top":
                tops[area] = cells[at] if at < len(cells) else ""
            elif tops.get(area, "").strip() and not (at < len(cells) and cells[at].strip()):
                if kind == "merged_down":
                    cells += [""] * (at + 1 - len(cells))
                    cells[at] = tops[area]
                odd.append([line, at, kind, area])
        while cells and not cells[-1].strip():
            cells.pop()
        if cells:
            yield line, cells


def _merged(sheet, header: int) -> dict[int, list[tuple[int, str, str]]]:
    """Below the header, line by line: column, area and what the cell is to it.

    `top` has the value; `down` is a cell below it, `across` one in another column.
    """
    found: dict[int, list] = {}
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        area = f"{marks.letters(left)}{top + 1}:{marks.letters(right)}{bottom + 1}"
        for line in range(max(top, header) + 1, min(bottom + 1, sheet.end[0] + 1) + 1 if sheet.end else 0):
            for at in range(left, min(right, sheet.end[1]) + 1):
                kind = "top" if (line - 1, at) == (top, left) else "merged_down" if at == left else "merged_across"
                found.setdefault(line, []).append((at, area, kind))
    return found


def _changed(line: int, row: list, cells: list[str]) -> Iterator[list]:
    """The numbers of a row that their texts do not give digit by digit."""
    for at, cell in enumerate(row):
        place = f"{marks.letters(at)}{line}"
        if type(cell) is float and abs(cell) >= MANY_DIGITS:
            yield [line, at, "digits", f"{place}: {cells[at]}"]
        elif type(cell) is float and not cell.is_integer() and len(cells[at]) < len(repr(cell)) - 2:
            yield [line, at, "noise", repr(cell)]


_CHANGED: list[float] = []  # numbers of the row at hand with more than 15 digits, or with noise


def _text(cell: object) -> str:
    """A cell as the text that a CSV of the same table would hold."""
    if isinstance(cell, float):
        if abs(cell) >= MANY_DIGITS:
            _CHANGED.append(cell)
            return str(int(Decimal(f"{cell:.15g}")))
        return str(int(cell)) if cell.is_integer() else _fraction(cell)
    if isinstance(cell, datetime):
        return str(_whole_second(cell))
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, date):
        return f"{cell} 00:00:00"
    return cell.isoformat("seconds") if isinstance(cell, time) else str(cell)


def _fraction(number: float) -> str:
    """A fraction without the noise of floating point, which a spreadsheet never shows: 4.6999999999999993 is 4.7."""
    exact, shown = repr(number), f"{number:.15g}"
    if len(shown) >= len(exact) - 2:
        return exact
    _CHANGED.append(number)
    return shown


def _percent(number: float) -> str:
    return f"{(Decimal(f'{number:.15g}') * 100).normalize():f}%"


def _whole_second(moment: datetime) -> datetime:
    nearest = (moment + HALF_SECOND).replace(microsecond=0)
    return nearest if abs(nearest - moment) <= NEARLY else moment


def _write(line: dict) -> None:
    sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
