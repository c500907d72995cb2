"""CSV exports, plain or gzip: encoding, delimiter and header found out, rows in batches, nothing lost."""

import codecs
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pipelines.exports.csv_records import Malformed, Unclosed, read_block, split_quoted
from pipelines.exports.files import must_be_text
from pipelines.exports.text import GB18030, UTF8, UTF8_BOM, as_utf8, find_encoding, line_blocks
from pipelines.model.export import Batch, Export, Known, Layout, UnreadableExport, folded, header_at
from pipelines.model.words import Words
from pipelines.wording import note, say

COMMA = ","
OTHER_DELIMITERS = ("\t", ";", "，", "；", "|")
ANY = "[" + COMMA + re.escape("".join(OTHER_DELIMITERS)) + "]"
HEADER_LINES = 50  # a quoted header may hold line ends, but not more than these
HEADER_WITHIN = 20  # lines that are not blank
_SEPARATOR = re.compile(r'\ufeff?"?sep=(.)"?\s*', re.IGNORECASE)  # what Excel takes as the name of the delimiter


def open_csv(path: Path, layout: Layout, known: Known) -> Export:
    """Open a CSV file; by the ``known`` headers its header's row, and another delimiter than the comma, are found.

    UnreadableExport where the file as a whole cannot be read.
    """
    must_be_text(path)
    encoding = layout.encoding or find_encoding(path)
    lines = _first_lines(path, encoding, layout.header_row)
    at, given, above = _header_line(lines, layout, known.headers)
    if not 0 <= at < len(lines):
        return Export((), lambda: iter(()), encoding)
    told = note("ingest.other_delimiter", file=path.name, delimiter=_shown(given)) if given else None
    delimiter, notices = (given, (told,)) if told else _delimiter(path, lines[at], layout, known.headers)
    header, span = _header(path, lines, at, delimiter)
    if above:
        notices += (note("ingest.lines_above", file=path.name, row=at + 1, above=lines_of(above)),)
    if _ends_with_delimiters(lines[at + span :], delimiter, len(header)):
        header.append("")
        notices += (note("ingest.trailing_delimiter", file=path.name, delimiter=_shown(delimiter)),)
    unended: list[int] = []
    batches = partial(_batches, path, encoding, delimiter, len(header), at + span, unended)
    return Export(tuple(header), batches, encoding, notices, unended=unended)


def _header_line(lines: list[str], layout: Layout, known: frozenset[str]) -> tuple[int, str, list[int]]:
    """Index of the header's line, the delimiter that a `sep=` line names, and the lines above the header."""
    if layout.header_row:
        return layout.header_row - 1, "", []
    filled = _first_records(lines)
    given = _SEPARATOR.fullmatch(filled[0][1]) if filled else None
    filled = filled[1:] if given else filled
    if not filled:
        return -1, "", []
    sign = "[" + re.escape(given[1]) + "]" if given else ANY
    at = filled[header_at([[cell.strip('" ') for cell in re.split(sign, text)] for _, text in filled], known)][0]
    return at, given[1] if given else "", [n + 1 for n, _ in filled if n < at]


def _first_records(lines: list[str]) -> list[tuple[int, str]]:
    """Index and text of the first lines that are not blank; a quoted cell may run over several."""
    found, n = [], 0
    while n < len(lines) and len(found) < HEADER_WITHIN:
        end = n + 1
        while "".join(lines[n:end]).count('"') % 2 and end < len(lines):
            end += 1
        end = n + 1 if "".join(lines[n:end]).count('"') % 2 else end
        if lines[n].strip():
            found.append((n, "\n".join(lines[n:end])))
        n = end
    return found


def lines_of(lines: list[int]) -> str:
    """`1–3` for the lines 1 to 3."""
    return str(lines[0]) if len(lines) == 1 else f"{lines[0]}–{lines[-1]}"


def _ends_with_delimiters(lines: list[str], delimiter: str, width: int) -> bool:
    """Whether every row, of the first ones, ends with one delimiter more than the header has."""
    rows = [line.rstrip("\r") for line in lines if line.strip()]
    return len(rows) > 1 and all(row.endswith(delimiter) and _fields(row, delimiter) == width + 1 for row in rows)


def _fields(row: str, delimiter: str) -> int:
    try:
        return len(split_quoted(row, delimiter) if '"' in row else row.split(delimiter))
    except (Malformed, Unclosed):
        return 0


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
            return delimiter, (note("ingest.other_delimiter", file=path.name, delimiter=_shown(delimiter)),)
    return COMMA, ()


def _shown(delimiter: str) -> str:
    return {"\t": "TAB"}.get(delimiter, delimiter)


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


def _batches(
    path: Path, encoding: str, delimiter: str, width: int, skipped: int, unended: list[int]
) -> Iterator[Batch]:
    """All rows below the first ``skipped`` lines; ``unended`` gets the last line, where no line end follows it."""
    line, rest, blocks = 1, b"", line_blocks(path)
    block = next(blocks, None)
    while block is not None:
        following = next(blocks, None)
        content = rest + block
        if line <= skipped:
            parts = content.split(b"\n", skipped)
            content, line = (parts[skipped] if len(parts) > skipped else b""), skipped + 1
        utf8, bad = as_utf8(_without_marks(content, encoding), _decoder(encoding))
        utf8 = _escaped_formulas(utf8, delimiter)
        batches, waiting = read_block(
            utf8, line, {i: ("encoding", value) for i, value in bad.items()}, width, delimiter, following is None
        )
        yield from (batch for batch in batches if batch.records or batch.faults)
        if following is None and not block.endswith(b"\n"):
            unended[:] = [line + content.count(b"\n")]
        rest = b"" if waiting is None else b"\n".join(content.split(b"\n")[waiting:])
        line += content.count(b"\n") - rest.count(b"\n")
        block = following


def _without_marks(content: bytes, encoding: str) -> bytes:
    """Whole lines without the byte order marks that files bring along which were joined."""
    if encoding == GB18030 or codecs.BOM_UTF8 not in content:
        return content
    return content.removeprefix(codecs.BOM_UTF8).replace(b"\n" + codecs.BOM_UTF8, b"\n")


def _escaped_formulas(content: bytes, delimiter: str) -> bytes:
    """Fields written ="…", which Excel reads as the text inside, as CSV writes them: "=""…\"""."""
    if b'="' not in content:
        return content
    sign = re.escape(delimiter).encode()
    bare = rb"(^|" + sign + rb')="([^"\r\n]+)"(?=' + sign + rb"|\r*$)"
    return re.sub(bare, rb'\1"=""\2"""', content, flags=re.MULTILINE)


def _decoder(encoding: str) -> str:
    # The byte order mark stands on the header's line only, which is cut off beforehand.
    return UTF8 if encoding == UTF8_BOM else encoding
