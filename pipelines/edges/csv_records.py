"""CSV by RFC 4180, strictly: physical lines → records, and a fault for every line that is none.

Whatever is wrong with a line costs that line alone: reading resumes at the next one, so a stray quote or a
truncated row never takes other rows with it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipelines.model.export import Fault
from pipelines.model.footers import is_footer, shown_footer

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
