"""Bytes of an export file, plain or gzip, in bounded memory: hashed, decompressed, cut at line ends."""

import codecs
import gzip
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from html import unescape
from pathlib import Path

from pipelines.model.export import UnreadableExport
from pipelines.model.refusals import Refusal
from pipelines.wording import say

BLOCK = 4 << 20
LONGEST_LINE = 16 << 20
# A gzip file may always grow to FREE_SIZE; beyond it the ratio tells an export from a decompression bomb.
FREE_SIZE = 64 << 20
MAX_RATIO = 200
MAX_SIZE = 64 << 30
GZIP = b"\x1f\x8b"  # how such a file begins

SWAPPED_LINE_ENDS = bytes.maketrans(b"\r\n", b"\n\r")
_LINE_END = re.compile(rb"\r*\n|\r")


def sha256_of(path: Path) -> str:
    """The sha256 of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
    if utf8 == UTF8_BOM or all(decodes(block, UTF8) for block in line_blocks(path)):
        return utf8
    lines, as_utf8, as_gb18030 = _votes(path)
    return UTF8 if 2 * as_utf8 >= lines or as_utf8 >= as_gb18030 else GB18030


def decodes(content: bytes, encoding: str) -> bool:
    """Whether every byte of ``content`` reads in ``encoding``."""
    if content.isascii():
        return True
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def as_utf8(content: bytes, encoding: str) -> tuple[bytes, dict[int, str]]:
    """Whole lines as UTF-8, and the first wrong byte of every line that does not read: its text becomes `?`.

    A UTF-8 line in a GB18030 file reads as other characters: it is wrong as well.
    """
    strays = _strays(content) if encoding == GB18030 else {}
    try:
        if not strays:
            return (content if content.isascii() else content.decode(encoding).encode()), {}
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
        import pypdf
    except ImportError:
        raise Refusal(say("publication.no_pdf_reader")) from None
    document = pypdf.PdfReader(io.BytesIO(content))
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
