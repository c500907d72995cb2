"""CSV exports, plain or gzip: encoding, delimiter and header found out, rows in batches, nothing lost."""

import codecs
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pipelines.exports.files import must_be_text
from pipelines.exports.rows import GB18030, UTF8, UTF8_BOM, as_utf8, find_encoding, line_blocks
from pipelines.lazy import arrow_csv, lib, numpy, pyarrow
from pipelines.model.intake import (
    Batch,
    Export,
    Fault,
    Known,
    Layout,
    UnreadableExport,
    folded,
    is_footer,
    shown_footer,
)
from pipelines.model.words import Words
from pipelines.wording import note, say

# CSV by RFC 4180, strictly: physical lines → records, and a fault for every line that is none.


# A quoted field may run over line ends, but not without bound: beyond these its quote is a stray one.
MAX_SPAN_LINES = 500
MAX_SPAN_CHARACTERS = 256 << 10
MAX_QUOTES = 100  # a line with more quotes is text, not a row with a stray one


class Malformed(ValueError):
    """A line that is no record; the arguments are the promise it breaks and the value to report."""


class Unclosed(ValueError):
    """A quoted field that the text does not close."""


@dataclass(frozen=True)
class Lines:
    """Physical lines of a file and how to read them."""

    texts: Sequence[str]
    first: int  # line of the file that texts[0] is
    bad: dict[int, tuple[str, str]]  # index of a line that is no text -> (promise, value)
    width: int
    delimiter: str
    final: bool  # nothing follows these lines


@dataclass
class Records:
    """What became of the lines: rows with their line in the file, faults, and which lines they took."""

    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    taken: list[tuple[int, int]] = field(default_factory=list)  # from index, to index (exclusive)
    waiting: int | None = None  # from this index on, lines wait for the lines that follow


def read_records(lines: Lines, at: Iterable[int]) -> Records:
    """The records and faults that begin at the line indices ``at`` (ascending) and at no other.

    Indices inside an earlier record are passed over; an unclosed quoted field waits for the lines that follow.
    """
    found, after = Records(), 0
    for i in at:
        if i < after:
            continue
        try:
            row, span = _record_at(lines, i)
        except Malformed as problem:
            found.faults.append(Fault(lines.first + i, *problem.args))
            row, span = None, 1
        except Unclosed:
            found.waiting = i
            break
        if row is not None:
            found.rows.append(row)
            found.lines.append(lines.first + i)
        after = i + span
        found.taken.append((i, after))
    return found


def _record_at(lines: Lines, i: int) -> tuple[list[str] | None, int]:
    """The record that begins at line ``i`` (None: a blank line) and how many lines it takes."""
    if lines.bad and i in lines.bad:
        raise Malformed(*lines.bad[i])
    line = lines.texts[i]
    if '"' in line:
        try:
            return _quoted_record(lines, i)
        except Malformed:
            row = _backslashed(lines, line)
            if row is None:
                raise
            return row, 1
    if "\r" in line:
        line = line.rstrip("\r")
        _no_carriage_return(line)
    row = line.split(lines.delimiter)
    if (len(row) != lines.width or lines.width == 1) and not line.strip():
        return None, 1
    if len(row) != lines.width:
        raise _wrong_count(row, line, lines.width)
    return row, 1


def _wrong_count(row: list[str], line: str, width: int) -> Malformed:
    if is_footer(row):
        return Malformed("footer", shown_footer(row))
    if "\ufeff" in line:
        return Malformed("joined_files", f"{len(row)} of {width} fields")
    return Malformed("field_count", f"{len(row)} of {width} fields")


def _backslashed(lines: Lines, line: str) -> list[str] | None:
    r"""The fields of a line whose inner quotes are written \" instead of "", as MySQL does; None where it is none."""
    if '\\"' not in line:
        return None
    try:
        row = split_quoted(line.replace('\\"', '""').rstrip("\r"), lines.delimiter)
    except (Malformed, Unclosed):
        return None
    return row if len(row) == lines.width else None


def _quoted_record(lines: Lines, i: int) -> tuple[list[str], int]:
    row, span = _closed(lines, i)
    if len(row) != lines.width:
        if span == 1:
            raise Malformed("field_count", f"{len(row)} of {lines.width} fields")
        raise _stray()
    if span > 1 and _encloses_rows(lines, i, span):
        raise _stray()
    return row, span


def _closed(lines: Lines, i: int) -> tuple[list[str], int]:
    """The fields from line ``i`` to the line that closes its last quote."""
    text, span = lines.texts[i], 1
    while True:
        try:
            return split_quoted(text.rstrip("\r"), lines.delimiter), span
        except Unclosed:
            text, span = _up_to_next_quote(lines, i, text, span)


def _up_to_next_quote(lines: Lines, i: int, text: str, span: int) -> tuple[str, int]:
    parts, size = [text], len(text)
    while True:
        if span >= MAX_SPAN_LINES or size > MAX_SPAN_CHARACTERS or i + span in lines.bad:
            raise _stray()
        if i + span == len(lines.texts):
            raise _stray() if lines.final else Unclosed
        following = lines.texts[i + span]
        parts.append(following)
        size += len(following)
        span += 1
        if '"' in following:
            return "\n".join(parts), span


def _encloses_rows(lines: Lines, i: int, span: int) -> bool:
    # Two stray quotes in different rows look like one long field; but then both rows are whole without them.
    return all(_is_row_but_for_a_quote(lines, lines.texts[at]) for at in (i, i + span - 1))


def _is_row_but_for_a_quote(lines: Lines, text: str) -> bool:
    quotes = [at for at, character in enumerate(text) if character == '"']
    return len(quotes) <= MAX_QUOTES and any(_is_row(lines, text[:at] + text[at + 1 :]) for at in quotes)


def _is_row(lines: Lines, text: str) -> bool:
    try:
        fields = split_quoted(text, lines.delimiter) if '"' in text else text.split(lines.delimiter)
    except (Malformed, Unclosed):
        return False
    return len(fields) == lines.width > 1


def split_quoted(text: str, delimiter: str) -> list[str]:
    """The fields of a record that holds quotes; Malformed or Unclosed where it is none."""
    parts = text.split('"')  # even ones are outside of quotes, odd ones inside
    last = len(parts) - 1
    fields = _before_quote(parts[0], delimiter)
    value = ""
    for i in range(1, last, 2):
        value += parts[i]
        outside = parts[i + 1]
        if not outside and i + 1 < last:  # "" inside quotes stands for one quote
            value += '"'
            continue
        fields.append(value)
        value = ""
        fields += _after_quote(outside, delimiter, i + 1 == last)
    if last % 2:
        raise Unclosed
    return fields


def _before_quote(outside: str, delimiter: str) -> list[str]:
    _no_carriage_return(outside)
    if not outside:
        return []
    if not outside.endswith(delimiter):
        raise _stray()
    return outside[:-1].split(delimiter)


def _after_quote(outside: str, delimiter: str, is_last: bool) -> list[str]:
    """The unquoted fields between two quoted ones, or after the last."""
    if outside == delimiter and not is_last:
        return []
    _no_carriage_return(outside)
    if outside and not outside.startswith(delimiter):
        raise _stray()
    if is_last:
        return outside[1:].split(delimiter) if outside else []
    if len(outside) < 2 or not outside.endswith(delimiter):
        raise _stray()
    return outside[1:-1].split(delimiter)


def _no_carriage_return(outside: str) -> None:
    if "\r" in outside:
        raise Malformed("bare_cr", "\\r")


def _stray() -> Malformed:
    return Malformed("stray_quote", '"')


# A block of CSV lines: lines that are a record each go through Arrow's reader at once, the others one by one.


QUOTE, LF, CR = 34, 10, 13


def read_block(
    content: bytes, line: int, bad: dict[int, tuple[str, str]], width: int, delimiter: str, final: bool
) -> tuple[list[Batch], int | None]:
    """The rows of ``content``: whole lines of UTF-8, the first of them line ``line`` of the file.

    ``bad`` maps the index of a line that is no text to its (promise, value). Also returned: the index of the
    first line that waits for the lines after this block, None where all are done with.
    """
    if not content.endswith(b"\n"):
        content += b"\n"
    codes = numpy.frombuffer(content, numpy.uint8)
    if not bad and (table := _read_whole(content, codes, width, delimiter)):
        return [Batch(numpy.arange(line, line + len(table)), tuple(table.columns))], None
    ends = numpy.flatnonzero(codes == LF)
    starts = numpy.concatenate(([0], ends[:-1] + 1))
    plain = _plain(codes, starts, ends, delimiter, width)
    plain[list(bad)] = False
    batches, waiting = [], None
    if not plain.all():
        texts = content.decode().replace("\r\n", "\n").split("\n")[:-1]
        nul = {i: ("nul_byte", "0x00") for i, text in enumerate(texts) if "\0" in text} if b"\0" in content else {}
        lines = Lines(texts, line, bad | nul, width, delimiter, final)
        found = read_records(lines, numpy.flatnonzero(~plain).tolist())
        for begin, end in found.taken:
            plain[begin:end] = False
        waiting = found.waiting
        plain[len(texts) if waiting is None else waiting :] = False
        columns = tuple(zip(*found.rows, strict=True)) or ((),) * width
        batches = [Batch(found.lines, columns, tuple(found.faults))]
    if plain.any():
        table = _read_plain(content, starts, ends, plain, width, delimiter)
        batches.insert(0, Batch(numpy.flatnonzero(plain) + line, tuple(table.columns)))
    return batches, waiting


def _read_whole(content: bytes, codes, width: int, delimiter: str):
    """The block as an Arrow table where it is certain that every line is a record of its own; else None."""
    sign = delimiter.encode()
    if width < 2 or len(sign) > 1 or b"\0" in content:
        return None
    if b"\r" in content and content.count(b"\r") != content.count(b"\r\n"):
        return None
    quotes = numpy.flatnonzero(codes == QUOTE)
    before, after = codes[quotes[::2] - 1], codes[quotes[1::2] + 1]  # of opening ones, of closing ones
    opens = (before == sign[0]) | (before == LF) | (before == QUOTE)
    closes = (after == sign[0]) | (after == LF) | (after == CR) | (after == QUOTE)
    if len(quotes) % 2 or not opens.all() or not closes.all():
        return None
    try:
        table = _parsed(content, width, delimiter)
    except lib.ArrowInvalid:  # a line has another number of fields
        return None
    return table if len(table) == numpy.count_nonzero(codes == LF) else None


def _plain(codes, starts, ends, delimiter: str, width: int):
    """Which lines are a record each: a boolean per line."""
    sign = delimiter.encode()
    if width < 2 or len(sign) > 1:
        return numpy.zeros(len(ends), bool)
    delimiters = numpy.flatnonzero(codes == sign[0])
    quotes = numpy.flatnonzero(codes == QUOTE)
    plain = numpy.ones(len(ends), bool)
    fields = numpy.diff(numpy.searchsorted(delimiters, ends), prepend=0) + 1
    if len(quotes):
        plain = _well_quoted(codes, starts, ends, quotes, sign[0])
        before = numpy.searchsorted(quotes, starts)
        quoted = numpy.diff(numpy.append(before, len(quotes))) > 0
        of_line = numpy.repeat(numpy.arange(len(ends)), fields - 1)
        among = quoted[of_line]
        at, of_line = delimiters[among], of_line[among]
        inside = (numpy.searchsorted(quotes, at) - before[of_line]) % 2 == 1
        fields -= numpy.bincount(of_line[inside], minlength=len(ends))
    returns = numpy.flatnonzero(codes == CR)
    bare = returns[codes[returns + 1] != LF]
    plain[numpy.searchsorted(ends, bare)] = False
    plain[numpy.searchsorted(ends, numpy.flatnonzero(codes == 0))] = False
    return plain & (fields == width)


def _well_quoted(codes, starts, ends, quotes, sign: int):
    """Which lines have their quotes in pairs, every opening one at a field's start, every closing one at its end."""
    of_line = numpy.searchsorted(ends, quotes)
    first = numpy.searchsorted(quotes, starts)
    opening = (numpy.arange(len(quotes)) - first[of_line]) % 2 == 0
    before, after = codes[quotes - 1], codes[quotes + 1]  # quotes[0] may be 0: its line starts there, so it may open
    opens = (quotes == starts[of_line]) | (before == sign) | (before == QUOTE)
    closes = (after == sign) | (after == LF) | (after == CR) | (after == QUOTE)
    well = numpy.diff(numpy.append(first, len(quotes))) % 2 == 0
    well[of_line[~numpy.where(opening, opens, closes)]] = False
    return well


def _read_plain(content: bytes, starts, ends, plain, width: int, delimiter: str):
    """The plain lines as an Arrow table of texts, empty fields null."""
    if not plain.all():
        edges = numpy.flatnonzero(numpy.diff(plain.astype(numpy.int8), prepend=0, append=0)).tolist()
        runs = zip(edges[::2], edges[1::2], strict=True)
        content = b"".join(content[starts[begin] : ends[end - 1] + 1] for begin, end in runs)
    return _parsed(content, width, delimiter)


def _parsed(content: bytes, width: int, delimiter: str):
    names = [str(n) for n in range(width)]
    return arrow_csv.read_csv(
        io.BytesIO(content),
        arrow_csv.ReadOptions(use_threads=False, block_size=len(content) + 1, column_names=names),
        arrow_csv.ParseOptions(delimiter=delimiter, quote_char='"'),
        arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pyarrow.string()), null_values=[""], strings_can_be_null=True
        ),
    )


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
    notice = note("ingest.other_delimiter", file=path.name, delimiter=_shown(given)) if given else None
    delimiter, notices = (given, (notice,)) if notice else _delimiter(path, lines[at], layout, known.headers)
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
    first = codecs.BOM_UTF8[:1]  # rare in a text, and found many times as fast as all three
    if encoding == GB18030 or first not in content or codecs.BOM_UTF8 not in content:
        return content
    return content.removeprefix(codecs.BOM_UTF8).replace(b"\n" + codecs.BOM_UTF8, b"\n")


def _escaped_formulas(content: bytes, delimiter: str) -> bytes:
    """Write fields like ="…", which Excel reads as the text inside, as CSV does: quoted, with quotes doubled."""
    if b"=" not in content or b'="' not in content:
        return content
    sign = re.escape(delimiter).encode()
    bare = rb"(^|" + sign + rb')="([^"\r\n]+)"(?=' + sign + rb"|\r*$)"
    return re.sub(bare, rb'\1"=""\2"""', content, flags=re.MULTILINE)


def _decoder(encoding: str) -> str:
    # The byte order mark stands on the header's line only, which is cut off beforehand.
    return UTF8 if encoding == UTF8_BOM else encoding


def header_at(rows: list[list[str]], known: frozenset[str]) -> int:
    """Which of the first rows is the header: the first of those with the most known names."""
    found = [len(known.intersection(map(folded, row))) for row in rows]
    return found.index(max(found)) if found else 0
