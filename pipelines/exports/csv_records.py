"""CSV by RFC 4180, strictly: physical lines → records, and a fault for every line that is none.

Whatever is wrong with a line costs that line alone: reading resumes at the next one, so a stray quote or a
truncated row never takes other rows with it.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipelines.model.export import Batch, Fault, is_footer, shown_footer

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
    import numpy

    if not content.endswith(b"\n"):
        content += b"\n"
    codes = numpy.frombuffer(content, numpy.uint8)
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


def _plain(codes, starts, ends, delimiter: str, width: int):
    """Which lines are a record each: a boolean per line."""
    import numpy

    sign = delimiter.encode()
    if width < 2 or len(sign) > 1:
        return numpy.zeros(len(ends), bool)
    delimiters = numpy.flatnonzero(codes == sign[0])
    quotes = numpy.flatnonzero(codes == QUOTE)
    if len(quotes):
        plain = _well_quoted(codes, starts, ends, quotes, sign[0])
        of_line = numpy.searchsorted(ends, delimiters)
        quotes_before = numpy.searchsorted(quotes, delimiters) - numpy.searchsorted(quotes, starts)[of_line]
        fields = numpy.bincount(of_line[quotes_before % 2 == 0], minlength=len(ends)) + 1
    else:
        plain = numpy.ones(len(ends), bool)
        fields = numpy.diff(numpy.searchsorted(delimiters, ends), prepend=0) + 1
    returns = numpy.flatnonzero(codes == CR)
    bare = returns[codes[returns + 1] != LF]
    plain[numpy.searchsorted(ends, bare)] = False
    plain[numpy.searchsorted(ends, numpy.flatnonzero(codes == 0))] = False
    return plain & (fields == width)


def _well_quoted(codes, starts, ends, quotes, sign: int):
    """Which lines have their quotes in pairs, every opening one at a field's start, every closing one at its end."""
    import numpy

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
    import numpy
    import pyarrow
    from pyarrow import csv

    if not plain.all():
        edges = numpy.flatnonzero(numpy.diff(plain.astype(numpy.int8), prepend=0, append=0)).tolist()
        runs = zip(edges[::2], edges[1::2], strict=True)
        content = b"".join(content[starts[begin] : ends[end - 1] + 1] for begin, end in runs)
    names = [str(n) for n in range(width)]
    return csv.read_csv(
        io.BytesIO(content),
        csv.ReadOptions(use_threads=False, block_size=len(content) + 1, column_names=names),
        csv.ParseOptions(delimiter=delimiter, quote_char='"'),
        csv.ConvertOptions(
            column_types=dict.fromkeys(names, pyarrow.string()), null_values=[""], strings_can_be_null=True
        ),
    )
