"""Reads the sheets of a workbook that hold a table and writes their rows as JSON lines: a program of its own.

It runs in a process of its own: a hostile workbook makes the parser allocate without end or abort; here it can only
take this process with it. Arguments: file, memory limit in bytes, time limit in seconds, process that
waits. Standard input, as JSON:
`sheet` ("" = found out), `sheets` (names or patterns of the only ones to look at; none = all), `header_row` (0 = found
out), `known` (folded headers), `needed` (of every required column its folded headers) and `heads_only`.

Output: a line for the workbook (`sheets`, `chosen`, `hidden_tables`), then for every chosen sheet a line that tells of
it and a line per batch of rows; for `heads_only` one line, `heads` by sheet and the `hidden` sheets.
Calamine gives the values; what a cell *is* stands in the sheet's XML only, which the second half of this file reads
where a sheet holds anything but plain values.
"""

import ctypes
import json
import os
import re
import resource
import signal
import sys
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from xml.parsers import expat

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
    worksheets = [sheet for sheet in book.sheets_metadata if str(sheet.typ).endswith("WorkSheet")]
    hidden = {sheet.name for sheet in worksheets if not str(sheet.visible).endswith(".Visible")}
    every = [sheet.name for sheet in worksheets]
    wanted = [asked["sheet"]] if asked["sheet"] else asked["sheets"]
    names = [name for name in every if not wanted or any(fnmatchcase(name, one) for one in wanted)]
    if not names and wanted:
        _write({"sheets": every, "chosen": None})
        return
    sheets = {name: book.get_sheet_by_name(name) for name in names}
    filled = [name for name in names if sheets[name].start is not None]
    heads = {name: _head(sheets[name], asked) for name in filled}
    if asked["heads_only"]:
        _write({"heads": {name: heads[name]["header"] for name in filled}, "hidden": sorted(hidden)})
        return
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
        found = len(known.intersection(folded(cell) for cell in cells))
        if found > most:
            line, header, most = at, cells, found
    names = {folded(cell) for cell in header}
    there = sum(bool(names.intersection(one)) for one in asked["needed"])
    is_table = most > 0 and 2 * there >= len(asked["needed"])
    return {"line": line, "header": header, "above": [at for at, _ in rows if at < line], "is_table": is_table}


def _write_sheet(path: str, name: str, sheet, head: dict | None) -> None:
    head = head or {"line": 0, "header": [], "above": []}
    found = marks_of(path, name)
    hidden_columns = [letters(at) for at in sorted(found.hidden_columns) if at < len(head["header"])]
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
                odd.append([line, at, kind, f"{letters(at)}{line}: {value}"])
        for at, area, kind in merged.get(line, ()):
            _spread(line, cells, at, area, kind, odd, tops)
        while cells and not cells[-1].strip():
            cells.pop()
        if cells:
            yield line, cells


def _spread(line: int, cells: list[str], at: int, area: str, kind: str, odd: list, tops: dict[str, str]) -> None:
    """Keep the value of a merged area, or lay it into an empty cell of the area below its top; gather such cells."""
    if kind == "top":
        tops[area] = cells[at] if at < len(cells) else ""
    elif tops.get(area, "").strip() and not (at < len(cells) and cells[at].strip()):
        if kind == "merged_down":
            cells += [""] * (at + 1 - len(cells))
            cells[at] = tops[area]
        odd.append([line, at, kind, area])


def _merged(sheet, header: int) -> dict[int, list[tuple[int, str, str]]]:
    """Below the header, line by line: column, area and what the cell is to it.

    `top` has the value; `down` is a cell below it, `across` one in another column.
    """
    found: dict[int, list] = {}
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        area = f"{letters(left)}{top + 1}:{letters(right)}{bottom + 1}"
        for line in range(max(top, header) + 1, min(bottom + 1, sheet.end[0] + 1) + 1 if sheet.end else 0):
            for at in range(left, min(right, sheet.end[1]) + 1):
                kind = "top" if (line - 1, at) == (top, left) else "merged_down" if at == left else "merged_across"
                found.setdefault(line, []).append((at, area, kind))
    return found


def _changed(line: int, row: list, cells: list[str]) -> Iterator[list]:
    """The numbers of a row that their texts do not give digit by digit."""
    for at, cell in enumerate(row):
        place = f"{letters(at)}{line}"
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


# What the cells of a sheet are, where that is more than a value: read from the sheet's XML, in `workbook_child`.


BLOCK = 1 << 20
OVERLAP = 16
# Number formats that have no code in the file: those that show a day without a time, Chinese ones among them; percent.
DAY_FORMATS = {14, 15, 16, 17, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58}
PERCENT_FORMATS = {9, 10}
_NOT_SHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_NUMBER = re.compile(r"\d+$")
FORMULA_SHOWN = 30


@dataclass
class Marks:
    """The odd cells of a sheet by line, each (column from 0, kind, value), and what is hidden.

    Kinds: `error`, `formula` (one that was never calculated), `date` (shown without a time), `percent`.
    """

    cells: dict[int, list[tuple[int, str, str]]] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)  # lines that hold something
    hidden_columns: set[int] = field(default_factory=set)


_FILLED_IN = re.compile(r"^[*※]+|(\((必填|必填项|必录|非必填|选填|可选|required|optional|y{2,4}[^()]*)\)|[*※])+$")


def folded(header: str) -> str:
    """A header as it is compared, the same as `pipelines.model.intake.folded`."""
    plain = "".join(unicodedata.normalize("NFKC", header).split()).strip("\ufeff").casefold()
    return _FILLED_IN.sub("", plain) or plain


def letters(column: int) -> str:
    """The letters of a column counted from 0: `A`, `Z`, `AA`."""
    name, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def marks_of(path: str, sheet: str) -> Marks:
    """The marks of one sheet of a workbook."""
    with zipfile.ZipFile(path) as archive:
        part = _part_of(archive, sheet)
        if part is None:
            return Marks()
        styles = _odd_styles(archive)
        return _parsed(archive, part, styles) if _is_odd(archive, part, styles) else Marks()


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The name of the part that holds a sheet."""
    ids, targets = {}, {}

    def of_book(tag: str, given: dict) -> None:
        if tag == "sheet":
            ids[given["name"]] = next((v for k, v in given.items() if k.endswith(":id") or k == "id"), "")

    def of_links(tag: str, given: dict) -> None:
        if tag == "Relationship":
            targets[given["Id"]] = given["Target"]

    _elements(archive, "xl/workbook.xml", of_book)
    _elements(archive, "xl/_rels/workbook.xml.rels", of_links)
    target = targets.get(ids.get(sheet, ""), "")
    part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return part if part in archive.namelist() else None


def _odd_styles(archive: zipfile.ZipFile) -> dict[str, str]:
    """The numbers of the cell styles that show a day without a time, or a percentage."""
    codes: dict[int, str] = {}
    kinds: list[str] = []
    inside = [False]

    def element(tag: str, given: dict) -> None:
        if tag == "numFmt":
            codes[int(given["numFmtId"])] = given["formatCode"]
        elif tag in ("cellXfs", "cellStyles", "cellStyleXfs", "dxfs"):
            inside[0] = tag == "cellXfs"
        elif tag == "xf" and inside[0]:
            format = int(given.get("numFmtId", 0))
            kinds.append(_kind_of_format(format, codes.get(format)))

    _elements(archive, "xl/styles.xml", element)
    return {str(number): kind for number, kind in enumerate(kinds) if kind}


def _kind_of_format(number: int, code: str | None) -> str:
    if code is None:
        return "date" if number in DAY_FORMATS else "percent" if number in PERCENT_FORMATS else ""
    shown = _NOT_SHOWN.sub("", code).split(";")[0].casefold()
    if "%" in shown:
        return "percent"
    if shown in ("general", "@") or "h" in shown or "s" in shown:
        return ""
    return "date" if any(letter in shown for letter in "ymd") else ""


def _is_odd(archive: zipfile.ZipFile, part: str, styles: dict[str, str]) -> bool:
    """Whether the bytes of a sheet hold anything that may be a mark."""
    signs = [
        b't="e"',
        b"<f>",
        b"<f ",
        b"<f/",
        b":f>",
        b":f ",
        b":f/",
        b'hidden="1',
        b'hidden="t',
        *(f's="{number}"'.encode() for number in styles),
    ]
    with archive.open(part) as stream:
        block = stream.read(BLOCK)
        if block[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in block[:8] or b"='" in block[200:]:
            return True
        rest = b""
        while block:
            rest += block
            if any(sign in rest for sign in signs):
                return True
            rest, block = rest[-OVERLAP:], stream.read(BLOCK)
    return False


def _elements(archive: zipfile.ZipFile, part: str, element: Callable[[str, dict], None]) -> None:
    """Call ``element`` with the local name and the attributes of every element of a part, if it is there."""
    if part not in archive.namelist():
        return
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, given: element(name.rpartition(":")[2], given)
    with archive.open(part) as stream:
        parser.ParseFile(stream)


def _parsed(archive: zipfile.ZipFile, part: str, styles: dict[str, str]) -> Marks:
    """Every mark of a sheet; cells and rows without a number of their own follow the one before."""
    marks = Marks()
    reader = _Reader(marks, styles)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.text
    with archive.open(part) as stream:
        parser.ParseFile(stream)
    return marks


class _Reader:
    """The handlers of one parse."""

    def __init__(self, marks: Marks, styles: dict[str, str]) -> None:
        self.marks, self.styles = marks, styles
        self.line, self.column, self.hidden, self.taken = 0, -1, False, None
        self.kind = self.style = self.value = self.formula = None
        self.prefix = None

    def start(self, name: str, given: dict) -> None:
        if self.prefix is None:
            self.prefix = name.rpartition(":")[0] + ":" if ":" in name else ""
        name = name.removeprefix(self.prefix)
        if name == "c":
            place = given.get("r")
            self.column = _column(place) if place else self.column + 1
            self.kind, self.style = given.get("t"), given.get("s")
            self.value = self.formula = None
        elif name == "v" or name == "is":
            self.value = self.value or ""
            self.taken = "value"
        elif name == "f":
            self.formula = self.formula or ""
            self.taken = "formula"
        elif name == "row":
            self.line = int(given["r"]) if "r" in given else self.line + 1
            self.column, self.hidden = -1, given.get("hidden") in ("1", "true")
        elif name == "col" and given.get("hidden") in ("1", "true"):
            self.marks.hidden_columns.update(range(int(given["min"]) - 1, min(int(given["max"]), 16_384)))

    def text(self, text: str) -> None:
        if self.taken == "value":
            self.value += text
        elif self.taken == "formula":
            self.formula += text

    def end(self, name: str) -> None:
        name = name.removeprefix(self.prefix)
        if name == "c":
            self._cell()
        elif name in ("v", "is", "f"):
            self.taken = None

    def _cell(self) -> None:
        if self.hidden and self.value:
            self.marks.hidden_rows.add(self.line)
        if self.kind == "e":
            self._mark("error", self.value or "#")
        elif self.formula is not None and not self.value and (self.kind != "str" or self.value is None):
            self._mark("formula", f"={self.formula}"[:FORMULA_SHOWN])
        elif self.style in self.styles and self.value and self.kind in (None, "n"):
            self._mark(self.styles[self.style], "")

    def _mark(self, kind: str, value: str) -> None:
        self.marks.cells.setdefault(self.line, []).append((self.column, kind, value))


def _column(place: str) -> int:
    number = 0
    for letter in _NUMBER.sub("", place):
        number = number * 26 + ord(letter) - 64
    return number - 1


if __name__ == "__main__":
    main(*sys.argv[1:])
