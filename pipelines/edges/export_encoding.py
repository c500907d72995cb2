"""Which encoding a text export is in: UTF-8 where it is valid, else what most of its lines are."""

import codecs
import re
from pathlib import Path

from pipelines.edges.export_bytes import first_block, line_blocks
from pipelines.edges.wording import say
from pipelines.model.export import UnreadableExport

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
