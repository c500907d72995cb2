"""What the cells of a sheet are, where that is more than a value: read from the sheet's XML, in `workbook_child`.

Most sheets that a system writes hold plain values; a look at the bytes tells them from the others, which alone are
parsed. Imports nothing of the program: the process that runs it has limits.
"""

import re
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.parsers import expat

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


def folded(header: str) -> str:
    """A header as it is compared, the same as `pipelines.model.export.folded`."""
    return "".join(unicodedata.normalize("NFKC", header).split()).strip("\ufeff").casefold()


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
    signs = [b't="e"', b"<f>", b"<f ", b"<f/", b":f>", b":f ", b":f/", b'hidden="1', b'hidden="t',
             *(f's="{number}"'.encode() for number in styles)]  # fmt: skip
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

    def __init__(self, marks: Marks, styles: dict[str, str]):
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
