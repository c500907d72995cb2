"""A block of CSV lines: lines that are a record each go through Arrow's reader at once, the others one by one.

Which lines are plain is found out with NumPy by the same grammar as `csv_records`: quotes in pairs, each beside a
delimiter or a line end, the right number of fields, no carriage return or NUL inside.
"""

import io

from pipelines.edges.csv_records import Lines, read_records
from pipelines.model.export import Batch

QUOTE, LF, CR = 34, 10, 13


def read_block(content: bytes, line: int, bad: dict[int, tuple[str, str]], width: int, delimiter: str,
               final: bool) -> tuple[list[Batch], int | None]:  # fmt: skip
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
