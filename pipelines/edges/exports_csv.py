"""CSV exports, plain or gzip: encoding, delimiter and header found out, rows in batches, nothing lost."""

import codecs
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pipelines.edges.csv_blocks import read_block
from pipelines.edges.csv_records import Malformed, Unclosed, split_quoted
from pipelines.edges.export_bytes import line_blocks
from pipelines.edges.export_encoding import UTF8, UTF8_BOM, as_utf8, find_encoding
from pipelines.edges.wording import say
from pipelines.model.export import Batch, Export, Layout, UnreadableExport, folded
from pipelines.model.words import Words

COMMA = ","
OTHER_DELIMITERS = ("\t", ";", "，", "；", "|")
HEADER_LINES = 50  # a quoted header may hold line ends, but not more than these


def open_csv(path: Path, layout: Layout, known: frozenset[str]) -> Export:
    """Open a CSV file; ``known`` are the folded headers by which another delimiter than the comma is recognised.

    UnreadableExport where the file as a whole cannot be read.
    """
    encoding = layout.encoding or find_encoding(path)
    lines = _first_lines(path, encoding, layout.header_row)
    at = (layout.header_row or next((n for n, line in enumerate(lines, 1) if line.strip()), 0)) - 1
    if not 0 <= at < len(lines):
        return Export((), lambda: iter(()), encoding)
    delimiter, notices = _delimiter(path, lines[at], layout, known)
    header, span = _header(path, lines, at, delimiter)
    batches = partial(_batches, path, encoding, delimiter, len(header), at + span)
    return Export(tuple(header), batches, encoding, notices)


def _first_lines(path: Path, encoding: str, header_row: int) -> list[str]:
    block = next(line_blocks(path), b"").removeprefix(codecs.BOM_UTF8)
    wanted = max(header_row, _blank_lines(block) + 1) + HEADER_LINES
    content = b"\n".join(block.split(b"\n", wanted)[:wanted])
    text = content.decode(_decoder(encoding), errors="replace").replace("\r\n", "\n")
    return text.removesuffix("\n").split("\n") if text else []


def _blank_lines(block: bytes) -> int:
    return block[: len(block) - len(block.lstrip())].count(b"\n")


def _delimiter(path: Path, line: str, layout: Layout, known: frozenset[str]) -> tuple[str, tuple[Words, ...]]:
    """The comma, unless the header has none and another character splits it into known headers."""
    if layout.delimiter or COMMA in line:
        return layout.delimiter or COMMA, ()
    for delimiter in OTHER_DELIMITERS:
        names = [folded(name.strip('"')) for name in line.split(delimiter)]
        if len(names) > 1 and known.intersection(names):
            shown = {"\t": "TAB"}.get(delimiter, delimiter)
            return delimiter, (say("ingest.other_delimiter", file=path.name, delimiter=shown),)
    return COMMA, ()


def _header(path: Path, lines: list[str], at: int, delimiter: str) -> tuple[list[str], int]:
    """The header's cells and how many lines it takes; UnreadableExport where it is no text."""
    text = lines[at]
    for span, following in enumerate([*lines[at + 1 :], None], 1):
        try:
            cells = split_quoted(text, delimiter) if '"' in text else text.rstrip("\r").split(delimiter)
            if not any(bad in text.rstrip("\r") for bad in "\0\r\ufffd"):
                return cells, span
            break
        except Malformed:
            break
        except Unclosed:
            text = f"{text}\n{following}"
    raise UnreadableExport(say("ingest.header_unreadable", file=path.name, line=at + 1))


def _batches(path: Path, encoding: str, delimiter: str, width: int, skipped: int) -> Iterator[Batch]:
    """All rows below the first ``skipped`` lines."""
    line, rest, blocks = 1, b"", line_blocks(path)
    block = next(blocks, None)
    while block is not None:
        following = next(blocks, None)
        content = rest + block
        if line <= skipped:
            parts = content.split(b"\n", skipped)
            content, line = (parts[skipped] if len(parts) > skipped else b""), skipped + 1
        utf8, bad = as_utf8(content, _decoder(encoding))
        batches, waiting = read_block(utf8, line, {i: ("encoding", value) for i, value in bad.items()},
                                      width, delimiter, following is None)  # fmt: skip
        yield from (batch for batch in batches if batch.records)
        rest = b"" if waiting is None else b"\n".join(content.split(b"\n")[waiting:])
        line += content.count(b"\n") - rest.count(b"\n")
        block = following


def _decoder(encoding: str) -> str:
    # The byte order mark stands on the header's line only, which is cut off beforehand.
    return UTF8 if encoding == UTF8_BOM else encoding
