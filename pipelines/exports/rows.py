"""An export as text: its bytes in bounded memory, and batches of text columns as Arrow tables for the warehouse."""

import codecs
import gzip
import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from html import unescape
from itertools import chain
from pathlib import Path

from pipelines.edges import process
from pipelines.lazy import compute, lib, numpy, pyarrow, pypdf
from pipelines.model.contract import Column, TableContract
from pipelines.model.intake import Batch, Export, Fault, Notice, UnreadableExport, folded, is_footer, shown_footer
from pipelines.model.text import masked
from pipelines.model.words import Refusal
from pipelines.wording import note, say

# Bytes of an export file, plain or gzip, in bounded memory: hashed, decompressed, cut at line ends.


BLOCK = 4 << 20
LONGEST_LINE = 16 << 20
# A gzip file may always grow to FREE_SIZE; beyond it the ratio tells an export from a decompression bomb.
FREE_SIZE = 64 << 20
MAX_RATIO = 200
MAX_SIZE = 64 << 30
GZIP = b"\x1f\x8b"  # how such a file begins

SWAPPED_LINE_ENDS = bytes.maketrans(b"\r\n", b"\n\r")
_LINE_END = re.compile(rb"\r*\n|\r")


def state_of(path: Path) -> tuple[int, int, int, int]:
    """What changes when a file is written to or replaced: file number, size, and the times of its last changes."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def first_block(path: Path) -> bytes:
    """The first bytes of a file after decompression."""
    return next(_blocks(path), b"")


def line_blocks(path: Path) -> Iterator[bytes]:
    """The content of a file in blocks of whole lines that end with LF; only the last may lack its line end.

    A file whose header ends with CR alone is read with CR as the line end: its CR and LF are swapped.
    UnreadableExport for damaged gzip, a decompression bomb and a line of more than 16 MiB.
    """
    rest, swap = b"", None
    for block in _blocks(path):
        if swap is None:
            end = _LINE_END.search(block)
            swap = bool(end) and not end[0].endswith(b"\n")
        whole, line_end, tail = (block.translate(SWAPPED_LINE_ENDS) if swap else block).rpartition(b"\n")
        if line_end:
            yield rest + whole + line_end
            rest = tail
        else:
            rest += tail
        if len(rest) > LONGEST_LINE:
            raise UnreadableExport(say("ingest.line_too_long", file=path.name, size=LONGEST_LINE >> 20))
    if rest:
        yield rest


def _blocks(path: Path) -> Iterator[bytes]:
    return _unzipped(path) if path.name.lower().endswith(".gz") else _plain(path)


def _plain(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def _unzipped(path: Path) -> Iterator[bytes]:
    packed, size = max(path.stat().st_size, 1), 0
    try:
        with gzip.open(path) as file:
            while block := file.read(BLOCK):
                size += len(block)
                if size > MAX_SIZE or (size > FREE_SIZE and size > MAX_RATIO * packed):
                    raise UnreadableExport(say("ingest.gzip_bomb", file=path.name, size=size >> 20))
                yield block
    except EOFError:
        raise UnreadableExport(say("ingest.gzip_cut", file=path.name)) from None
    except (gzip.BadGzipFile, zlib.error):
        is_gzip = next(_plain(path), b"").startswith(GZIP)
        words = say("ingest.gzip_damaged", file=path.name) if is_gzip else say("ingest.no_gzip", file=path.name)
        raise UnreadableExport(words) from None


# Which encoding a text export is in: UTF-8 where it is valid, else what most of its lines are.


UTF8, UTF8_BOM, GB18030 = "utf-8", "utf-8-sig", "gb18030"
# A line whose every wide character is UTF-8 Chinese; real GB18030 text hardly ever looks like that.
_UTF8_CHINESE = re.compile(rb"(?:[\x00-\x7f]|[\xe4-\xe9][\x80-\xbf]{2}|\xe3\x80[\x80-\xbf]|\xef[\xbc\xbd][\x80-\xbf])+")
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)


def find_encoding(path: Path) -> str:
    """``utf-8``, ``utf-8-sig`` or ``gb18030``; UnreadableExport for UTF-16.

    UTF-8 where the whole file is valid. Otherwise the lines that are not ASCII vote: UTF-8 where it reads half of
    them or more, since other encodings hardly ever pass for it; else the encoding that reads more of them.
    """
    start = first_block(path)
    if start.startswith(_WIDE) or b"\0" in start[:4]:
        raise UnreadableExport(say("ingest.utf16", file=path.name))
    utf8 = UTF8_BOM if start.startswith(codecs.BOM_UTF8) else UTF8
    if utf8 == UTF8_BOM or all(_is_utf8(block) for block in line_blocks(path)):
        return utf8
    lines, as_utf8, as_gb18030 = _votes(path)
    return UTF8 if 2 * as_utf8 >= lines or as_utf8 >= as_gb18030 else GB18030


def _is_utf8(content: bytes) -> bool:
    """Whether all is UTF-8; Arrow makes no text of it to find out."""
    if content.isascii():
        return True
    ends = pyarrow.py_buffer(numpy.array([0, len(content)], numpy.int64))
    whole = pyarrow.LargeStringArray.from_buffers(1, ends, pyarrow.py_buffer(content))
    try:
        whole.validate(full=True)
    except lib.ArrowInvalid:
        return False
    return True


def as_utf8(content: bytes, encoding: str) -> tuple[bytes, dict[int, str]]:
    """Whole lines as UTF-8, and the first wrong byte of every line that does not read: its text becomes `?`.

    A UTF-8 line in a GB18030 file reads as other characters: it is wrong as well.
    """
    strays = _strays(content) if encoding == GB18030 else {}
    try:
        if not strays and encoding == UTF8 and _is_utf8(content):
            return content, {}
        if not strays:
            return content.decode(encoding).encode(), {}
    except UnicodeDecodeError:
        pass
    lines, bad = content.split(b"\n"), strays
    for i, line in enumerate(lines):
        if i in strays:
            lines[i] = b"?"
            continue
        try:
            lines[i] = line.decode(encoding).encode()
        except UnicodeDecodeError as problem:
            bad[i] = f"0x{line[problem.start]:02X}"
            lines[i] = b"?"
    return b"\n".join(lines), bad


def _strays(content: bytes) -> dict[int, str]:
    """Lines of UTF-8 Chinese by number, with their first wide byte."""
    found = {}
    for i, line in enumerate(content.split(b"\n")):
        if not line.isascii() and _UTF8_CHINESE.fullmatch(line):
            found[i] = f"0x{next(byte for byte in line if byte > 127):02X}"
    return found


def _votes(path: Path) -> tuple[int, int, int]:
    """Lines that are not ASCII, and how many of them read in UTF-8 and in GB18030."""
    lines = as_utf8 = as_gb18030 = 0
    for block in line_blocks(path):
        beyond_ascii = sum(not line.isascii() for line in block.split(b"\n"))
        lines += beyond_ascii
        as_utf8 += beyond_ascii - _unreadable(block, UTF8)
        as_gb18030 += beyond_ascii - _unreadable(block, GB18030)
    return lines, as_utf8, as_gb18030


def _unreadable(block: bytes, encoding: str) -> int:
    text = block.decode(encoding, errors="replace")
    return sum("\ufffd" in line for line in text.split("\n")) if "\ufffd" in text else 0


# The texts of a file as it is written and as a reader meets it.


_TAG = re.compile(r"<[^>]*>")
_MARKUP = {".html", ".xml", ".svg", ".rels"}


def texts_of(file: Path) -> Iterator[str]:
    """The file as it is written and as a reader meets it: without markup, unpacked, extracted from the page."""
    content = file.read_bytes()
    if file.suffix == ".pdf":
        yield from _printed(content)
    elif file.suffix == ".xlsx":
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            for name in book.namelist():
                yield from views(_decoded(book.read(name)), Path(name).suffix)
    yield from views(_decoded(content), file.suffix)


def views(text: str, suffix: str) -> Iterator[str]:
    """A text as it is, and what a reader sees of its markup."""
    yield text
    if suffix in _MARKUP:
        yield unescape(_TAG.sub("", text))
        yield unescape(text)


def _decoded(content: bytes) -> str:
    return content.decode("utf-8", errors="replace")


def _printed(content: bytes) -> Iterator[str]:
    try:
        document = pypdf.PdfReader(io.BytesIO(content))
    except ImportError:
        raise Refusal(say("publication.no_pdf_reader")) from None
    yield from (str(value) for value in (document.metadata or {}).values())
    for page in document.pages:
        yield page.extract_text()


# What a file is by its first bytes.


START = 4096
_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument"  # the first entry of its zip, unpacked
_OLE = bytes.fromhex("D0CF11E0A1B11AE1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_LOOKED_AT = 64 << 20  # an encrypted package names itself in the container's directory, which may stand last


def kind_of(path: Path) -> str:
    """What the first bytes say; "" where they say nothing certain."""
    with path.open("rb") as file:
        start = file.read(START)
        if start.startswith(_OLE):
            content = start + file.read(_LOOKED_AT)
            return "encrypted" if _ENCRYPTED in content else "old_workbook"
    if start.startswith(b"PK\x03\x04"):
        return "open_document" if start.startswith(_OPEN_DOCUMENT, 30) else "workbook"
    if start.startswith(b"PAR1"):
        return "parquet"
    plain = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if plain.startswith((b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta", b"<head")):
        return "web_page"
    return "text" if plain and b"\0" not in plain and b"\n" in plain else ""


# Batches of text columns as Arrow tables, the form in which the warehouse takes rows.
#
# Arrays are made from buffers, and scalars taken from arrays: `pyarrow.array` and `pyarrow.scalar` import pandas
# first, which takes longer than reading a small quarter.


NUMBERS = ("decimal", "integer")


def empty_rows(columns: Iterable[str], moments: Collection[str] = ()):
    """An Arrow table without rows: ``_file``, ``_line`` and text ``columns``, ``moments`` among them typed."""
    kinds = {name: pyarrow.timestamp("us") if name in moments else pyarrow.string() for name in columns}
    types = {"_file": pyarrow.string(), "_line": pyarrow.int64(), **kinds}
    return pyarrow.Table.from_arrays([pyarrow.nulls(0, kind) for kind in types.values()], names=list(types))


def arrow_rows(batch: Batch, columns: tuple[str, ...], file: str, moments: Collection[str] = ()):
    """A batch as an Arrow table with the file and line of every row; empty texts are null.

    Of ``moments`` those are typed whose every cell is `2026-07-02 09:05:00` and on the calendar: no text is lost.
    """
    rows = len(batch.lines)
    lines = numpy.asarray(batch.lines, numpy.int64)
    texts = (_without_empty(_text_array(column)) for column in batch.columns)
    arrays = [
        _repeated(file.encode(), rows),
        pyarrow.Array.from_buffers(pyarrow.int64(), rows, [None, pyarrow.py_buffer(lines)]),
        *(_moments(text) if name in moments else text for name, text in zip(columns, texts, strict=True)),
    ]
    return pyarrow.Table.from_arrays(arrays, names=["_file", "_line", *columns])


def texts(column) -> list[str | None]:
    """A column of a batch as a list."""
    return column.to_pylist() if _is_arrow(column) else list(column)


def _is_arrow(column) -> bool:
    return hasattr(column, "to_pylist")


def _text_array(column: Sequence):
    """A column as an Arrow array; None is empty."""
    if _is_arrow(column):
        return column
    encoded = [(text or "").encode() for text in column]
    offsets = numpy.zeros(len(encoded) + 1, numpy.int32)
    numpy.cumsum([len(text) for text in encoded], out=offsets[1:])
    content = pyarrow.py_buffer(b"".join(encoded))
    return pyarrow.StringArray.from_buffers(len(encoded), pyarrow.py_buffer(offsets), content)


def _repeated(text: bytes, rows: int):
    offsets = numpy.arange(0, len(text) * rows + 1, len(text), numpy.int32)
    return pyarrow.StringArray.from_buffers(rows, pyarrow.py_buffer(offsets), pyarrow.py_buffer(text * rows))


def _moments(array):
    """Texts as moments where each is one in the usual form; else the texts."""
    if _all_usual(array, [MOMENT]):
        with suppress(lib.ArrowInvalid):  # a day or an hour that there is not
            return array.cast(pyarrow.timestamp("us"))
    return array


def _without_empty(array):
    if compute.min(compute.binary_length(array)).as_py() != 0:
        return array
    empty, null = _text_array([""])[0], pyarrow.nulls(1, pyarrow.string())[0]
    return compute.if_else(compute.equal(array, empty), null, array)


# Rows as they were meant, where no digit is lost: what a spreadsheet or a tool made of ids, numbers and empty cells.


SHOWN = 60
KEPT_DIGITS = 15  # of a number in a spreadsheet
MANY_DIGITS = 16
_NULL_WORD = re.compile(r"null|\(null\)|<null>|\[null\]|none|nan|nat", re.IGNORECASE)  # what tools write for nothing
_NULL_BYTES = re.compile(rb"null|none|nan|nat", re.IGNORECASE)
_ZERO_DATE = re.compile(r"0{4}([-/.])0{1,2}\1?0{1,2}([ T]0{1,2}:0{2}(:0{2}(\.0+)?)?)?")
_FORMULA_TEXT = re.compile(r'="(.*)"', re.DOTALL)
_NO_WIDTH = dict.fromkeys([0x00AD, *range(0x200B, 0x2010), 0x2060, 0xFEFF])
_POINT_ZERO = re.compile(r"(\d+)\.0+")
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.0+)?")
_SCIENTIFIC = re.compile(r"(\d)(?:\.(\d+))?[eE]\+?(\d{1,3})")
OFFSET = re.compile(r":\d\d?(?:[.,]\d+)?\s*(?:[zZ]|[+-]\s*\d+(?::\d+)?)\s*$")  # a moment that names its own zone
_OFFSET_BYTES = re.compile(rb":\d\d?(?:[.,]\d+)?[ \t]*[zZ+-]")
DAY, MOMENT = b"0000-00-00", b"0000-00-00 00:00:00"  # the usual forms
_LONG_FRACTION = re.compile(r"-?\d+\.\d{9,}")
# What the bytes of a column hold where some cell of it may need a closer look.
_ANY_SIGNS = (b'="', b"\\N", b"#")
_DAY_SIGNS = (b"0000", b"##")
# What a spreadsheet shows of a formula that failed.
_ERROR = re.compile(r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!)")
_NARROW = re.compile(r"#{2,}")  # what a spreadsheet shows of a number in a column that is too narrow
_COMPARED = ("matter", "unit_name", "unit_group", "matter_name", "process")  # texts that count as equal or not
_NO_WIDTH_SIGNS = (b"\xe2\x80", b"\xe2\x81\xa0", b"\xef\xbb\xbf", b"\xc2\xad")
_ID_SIGNS = (b"'", b"`", b".", b",", b"+", b"\xef", *_NO_WIDTH_SIGNS)

# kind of a repair, text in its place; a kind without a text is a fault of the row
Repair = tuple[str, str | None]


@dataclass
class _Repaired:
    """What was repaired in one column: how often, and the first of it."""

    n: int
    before: str
    after: str
    line: int


@dataclass
class _Table:
    """What is meant by the columns of a file, and what has been done to them so far."""

    contract: TableContract
    meant: dict[int, Column]  # by place in the header
    needed: tuple[int, ...]  # places of required columns
    accepted: dict[int, frozenset[str]]  # folded headers by place
    nulls: Collection[str] | None  # what stands for nothing by a source mapping; None without one
    repaired: dict[tuple[str, str], _Repaired] = field(default_factory=dict)


def mended(
    export: Export, contract: TableContract, meant: dict[int, Column], file: str, nulls: Collection[str] | None = None
) -> Export:
    """The export with repaired cells; rows that cannot be repaired, totals and repeated headers are faults.

    Rows without any value, as spreadsheets write them below the last one, are counted and leave no trace else.
    ``meant`` says which column of the contract stands at which place of the header. What was repaired is told in
    ``later`` once the rows have been read. With a mapping it says what the words of a list mean, ``nulls`` among them.
    """
    needed = tuple(place for place, column in meant.items() if column.required)
    accepted = {
        place: frozenset(map(folded, (export.header[place], column.name, column.title, *column.synonyms)))
        for place, column in meant.items()
    }
    table = _Table(contract, meant, needed, accepted, nulls)

    def batches() -> Iterator[Batch]:
        for batch in export.batches():
            yield _mended_batch(batch, table)
        export.later.extend(_repair_notices(table, file))

    return replace(export, batches=batches)


def _mended_batch(batch: Batch, table: _Table) -> Batch:
    blank = _blank_rows(batch)
    faults = {row: [Fault(int(batch.lines[row]), *fault)] for row, fault in _no_rows(batch, table)}
    no_rows = set(faults)
    columns = list(batch.columns)
    for cell in batch.odd:
        column = table.meant.get(cell.column)
        if column is None or cell.row in no_rows:
            continue
        if cell.kind == "noise":
            after = texts_at(columns[cell.column], cell.row)
            _count(table, "float_noise", column, cell.value, after, int(batch.lines[cell.row]))
        elif cell.kind == "merged_down" and column.type not in NUMBERS:
            before, after = cell.value, texts(columns[cell.column])[cell.row] or ""
            _count(table, "merged", column, before, after, int(batch.lines[cell.row]))
        elif not (cell.kind == "digits" and column.type == "text" and not column.identifier):
            _fault(faults, batch, table, cell.row, column, cell.kind, cell.value)
    for place, column in table.meant.items():
        if look := _closer_look(columns[place], column, table.nulls is None):
            columns[place] = _mended_column(batch, table, place, look, faults)
    if not faults and not blank:
        return replace(batch, columns=tuple(columns), odd=())
    keep = [row for row in range(len(batch.lines)) if row not in faults and row not in blank]
    kept = tuple([values[row] for row in keep] for values in map(texts, columns))
    lines = [int(batch.lines[row]) for row in keep]
    faults_of_all = (*batch.faults, *chain(*faults.values()))
    aside = tuple(
        (int(batch.lines[row]), tuple(texts_at(column, row) for column in columns))
        for row in sorted(set(faults) - no_rows)
    )
    return replace(batch, lines=lines, columns=kept, faults=faults_of_all, odd=(), blank=len(blank), aside=aside)


def _blank_rows(batch: Batch) -> set[int]:
    """Rows in which no cell holds anything, not even what its text does not show."""
    blank: set[int] | None = None
    for column in batch.columns:
        empty = set(_empty_rows(_trimmed(column)))
        blank = empty if blank is None else blank & empty
        if not blank:
            return set()
    return (set(range(len(batch.lines))) if blank is None else blank) - {cell.row for cell in batch.odd}


def _trimmed(column):
    """An Arrow column without blanks at the ends of its texts; a list as it is, for its cells are trimmed singly."""
    return compute.utf8_trim_whitespace(column) if hasattr(column, "to_pylist") else column


def _no_rows(batch: Batch, table: _Table) -> Iterator[tuple[int, tuple[str, str]]]:
    """Rows that were never meant as such: totals and signatures below the rows, the header once more."""
    if not len(batch.lines) or not table.meant:
        return
    first = min(table.meant)
    names = table.accepted[first]
    if any(name.encode() in _bytes(batch.columns[first]).lower() for name in names if name):
        for row, cell in enumerate(texts(batch.columns[first])):
            if cell and folded(cell) in names and _is_header(batch, table, row):
                yield row, ("repeated_header", cell.strip()[:SHOWN])
    if table.needed:
        empty = {row for place in table.needed if place != first for row in _empty_rows(batch.columns[place])}
        for row in sorted(empty):
            cells = [texts_at(column, row) for column in batch.columns]
            if is_footer(cells) and not _is_whole(cells, table):
                yield row, ("footer", shown_footer(cells))


def _is_header(batch: Batch, table: _Table, row: int) -> bool:
    cells = {place: texts_at(batch.columns[place], row) for place in table.meant}
    return sum(bool(cell) and folded(cell) in table.accepted[place] for place, cell in cells.items()) * 2 > len(cells)


def _is_whole(cells: list[str | None], table: _Table) -> bool:
    """Whether most of what a row needs is there: then it is a row with a fault, whatever its first cell says."""
    return 2 * sum(bool(cells[place] and cells[place].strip()) for place in table.needed) > len(table.needed) + 1


def _empty_rows(column) -> list[int]:
    """Where a column is empty."""
    if hasattr(column, "to_pylist"):
        empty = compute.fill_null(compute.equal(compute.binary_length(column), 0), True)
        return compute.indices_nonzero(empty).to_pylist()
    return [row for row, cell in enumerate(column) if not cell or not cell.strip()]


def texts_at(column, row: int) -> str | None:
    """One cell of a column."""
    return column[row].as_py() if hasattr(column, "to_pylist") else column[row]


def _bytes(column) -> bytes:
    """The texts of a column one after the other."""
    if not hasattr(column, "to_pylist"):
        return "\n".join(filter(None, column)).encode(errors="replace")
    chunks = column.chunks if hasattr(column, "chunks") else [column]
    return b"".join(bytes(chunk.buffers()[2] or b"") for chunk in chunks)


def _closer_look(column, meant: Column, own_words: bool) -> Callable[[str], Repair | None] | None:
    """The function that looks at every cell of a column, where its bytes give reason to."""
    if meant.type in ("timestamp", "date") and _are_usual_moments(column):
        return None
    different = compute.unique(column) if meant.type in ("enum", "boolean") and _is_arrow(column) else column
    content = _bytes(different)
    look = _look(different, content, meant)
    no_text = meant.type in ("timestamp", "date", *NUMBERS) or (own_words and meant.type in ("enum", "boolean"))
    if not no_text or not _NULL_BYTES.search(content):
        return look
    return lambda cell: ("null_word", "") if _NULL_WORD.fullmatch(cell.strip()) else look(cell) if look else None


def _are_usual_moments(column) -> bool:
    """Whether every cell is empty or `2026-07-02 09:05:00`, or every one `2026-07-02`: nothing there needs mending."""
    return _is_arrow(column) and _all_usual(column, [DAY, MOMENT])


def _all_usual(column, forms: list[bytes]) -> bool:
    """Whether every cell is empty or of one of the forms, the same in a chunk; 0 stands for a digit."""
    chunks = column.chunks if hasattr(column, "chunks") else [column]
    return all(_usual(chunk, {len(form): form for form in forms}) for chunk in chunks)


def _usual(chunk, forms: dict[int, bytes]) -> bool:
    if chunk.type != pyarrow.string():
        return False
    cells = len(chunk) - chunk.null_count
    if not cells:
        return True
    ends = numpy.frombuffer(chunk.buffers()[1], numpy.int32)[chunk.offset :][: len(chunk) + 1]
    lengths = numpy.diff(ends)
    width = int(lengths.max())
    if width not in forms or int((lengths == width).sum()) != cells or ends[-1] - ends[0] != cells * width:
        return False
    written = numpy.frombuffer(chunk.buffers()[2], numpy.uint8)[ends[0] : ends[-1]].reshape(-1, width)
    form = numpy.frombuffer(forms[width], numpy.uint8)
    digits = form == ord("0")
    return bool(
        (written[:, digits] - ord("0") < 10).all()  # of what is less it is the rest of a byte, and more
        and (written[:, ~digits] == form[~digits]).all()
        and (written[:, 0] > ord("0")).all()
    )


def _look(column, content: bytes, meant: Column) -> Callable[[str], Repair | None] | None:
    signs = (
        *_ANY_SIGNS,
        *(_ID_SIGNS if is_id(meant) else ()),
        *(_DAY_SIGNS if meant.type in ("timestamp", "date") else ()),
        *((b"\n", b"\r") if meant.name in _COMPARED else ()),
    )
    if is_id(meant):
        if _lost_digits(column, content):
            return lambda cell: ("digits", None) if len(cell.strip()) >= MANY_DIGITS else _mended_id(cell)
        look = _mended_id
    elif meant.type in ("timestamp", "date"):
        if _OFFSET_BYTES.search(content):
            return _mended_moment
        look = _mended_day
    elif meant.type in NUMBERS:
        look = _mended_number
    elif meant.name in _COMPARED:
        look = _broken_text
    elif meant.type in ("enum", "boolean") and any(sign in content for sign in _NO_WIDTH_SIGNS):
        return _mended_word
    else:
        look = _mended_text
    return look if meant.type in NUMBERS or any(sign[:1] in content and sign in content for sign in signs) else None


def is_id(column: Column) -> bool:
    """Whether a column holds numbers of things rather than names or words."""
    return column.type == "text" and column.identifier and column.name.endswith("_id")


def _lost_digits(column, content: bytes) -> bool:
    """Whether a spreadsheet cut all long numbers of a column to 15 digits: every one of several ends with zeros."""
    if b"00" not in content:
        return False
    first = next((texts_at(column, row) for row in range(len(column)) if texts_at(column, row)), "").strip()
    if not first.isdigit() or len(first) < MANY_DIGITS or first[KEPT_DIGITS:].strip("0"):
        return False
    long = [cell for cell in map(str.strip, filter(None, texts(column))) if cell.isdigit() and len(cell) >= MANY_DIGITS]
    return len(long) > 2 and not any(cell[KEPT_DIGITS:].strip("0") for cell in long)


def _mended_column(batch: Batch, table: _Table, place: int, look: Callable, faults: dict[int, list[Fault]]) -> list:
    column, cells = table.meant[place], texts(batch.columns[place])
    for row, cell in enumerate(cells):
        found = look(cell) if cell else None
        if found is None:
            continue
        kind, after = found
        if kind == "error" and table.nulls is not None and (not is_id(column) or cell.strip() in table.nulls):
            continue
        if after is None:
            _fault(faults, batch, table, row, column, kind, cell.strip())
        else:
            cells[row] = after
            _count(table, kind, column, cell.strip(), after, int(batch.lines[row]))
    return cells


def _mended_text(cell: str) -> Repair | None:
    cell = cell.strip()
    if cell == "\\N":
        return "database_null", ""
    inside = _FORMULA_TEXT.fullmatch(cell)
    if _ERROR.fullmatch(inside[1] if inside else cell):
        return "error", None
    return ("formula_text", inside[1].replace('""', '"')) if inside else None


def _mended_word(cell: str) -> Repair | None:
    """A word of a list without the signs that nobody sees."""
    word = cell.translate(_NO_WIDTH)
    return _mended_text(word) or (("no_width", word) if word != cell else None)


def _broken_text(cell: str) -> Repair | None:
    """A text over several lines stays as it is and is told: where texts are compared, it counts as one line."""
    text = cell.strip()
    return ("line_break", cell) if "\n" in text or "\r" in text else _mended_text(cell)


def _mended_day(cell: str) -> Repair | None:
    if _NARROW.fullmatch(cell.strip()):
        return "narrow_column", None
    return ("zero_date", "") if _ZERO_DATE.fullmatch(cell.strip()) else _mended_text(cell)


def _mended_moment(cell: str) -> Repair | None:
    """A moment with an offset stays as it is and is told: the contract converts it to the project's zone."""
    return ("offset", cell) if OFFSET.search(cell) else _mended_day(cell)


def _mended_number(cell: str) -> Repair | None:
    text = cell.strip()
    if _NARROW.fullmatch(text):
        return "narrow_column", None
    if _LONG_FRACTION.fullmatch(text) and text in (repr(float(text)), f"{float(text):.17g}"):
        rounded = f"{float(text):.{KEPT_DIGITS}g}"
        if len(rounded) < len(text) - 2:
            return "float_noise", rounded
    return _mended_text(cell)


def _mended_id(cell: str) -> Repair | None:
    found = _mended_text(cell)
    if found:
        kind, text = found
        inner = _mended_id(text) if text else None
        return (inner[0], None) if inner and inner[1] is None else (kind, inner[1] if inner else text)
    text = unicodedata.normalize("NFKC", cell.translate(_NO_WIDTH)).strip()
    kind = "no_width" if text != unicodedata.normalize("NFKC", cell).strip() else ""
    if text[:1] in ("'", "’", "`") and text[1:2].isalnum():
        kind, text = "apostrophe", text[1:]
    if _THOUSANDS.fullmatch(text):
        kind, text = "thousands", text.replace(",", "")
    if whole := _POINT_ZERO.fullmatch(text):
        kind, text = kind or "point_zero", whole[1]
    if number := _SCIENTIFIC.fullmatch(text):
        if "." not in text and "+" not in text:
            return (kind, text) if kind else None  # 12E5 is a code, as 2E+12 is not
        whole = _whole_number(number[1], number[2] or "", int(number[3]))
        return ("scientific", whole)
    return (kind, text) if kind else None


def _whole_number(first: str, fraction: str, exponent: int) -> str | None:
    """The number that all digits of a scientific notation give; None where some are not there."""
    if len(fraction) < exponent or fraction[exponent:].strip("0"):
        return None
    return first + fraction[:exponent]


def _count(table: _Table, kind: str, column: Column, before: str, after: str, line: int) -> None:
    seen = table.repaired.get((kind, column.name))
    if seen:
        seen.n += 1
    else:
        shown = ("***", "***") if column.restricted else (masked(before)[:SHOWN], masked(after)[:SHOWN])
        table.repaired[kind, column.name] = _Repaired(1, *shown, line)


def _fault(
    faults: dict[int, list[Fault]], batch: Batch, table: _Table, row: int, column: Column, kind: str, value: str
) -> None:
    """Add a fault of a row to those it has, one of a kind in a column."""
    there = faults.setdefault(row, [])
    if any((one.column, one.promise) == (column.name, kind) for one in there):
        return
    value = "***" if column.restricted else value[:SHOWN] if is_id(column) else masked(value)[:SHOWN]
    places = {column.name: place for place, column in table.meant.items()}
    cells = [
        "***" if table.contract.columns[name].restricted else texts_at(batch.columns[places[name]], row) or ""
        for name in table.contract.key
        if name in places
    ]
    key = "/".join(cell.strip() for cell in cells)[:SHOWN]
    there.append(Fault(int(batch.lines[row]), kind, value, column.name, key, again=bool(there)))


def _repair_notices(table: _Table, file: str) -> Iterator[Notice]:
    for (kind, column), seen in table.repaired.items():
        facts = {"file": file, "column": column, "n": seen.n, "before": seen.before, "after": seen.after}
        facts["zone"] = process.project().zone
        yield note(f"ingest.repaired_{kind}", seen.before, line=seen.line, **facts)
