"""Parquet exports: typed columns as the text that a CSV of the same table would hold."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pipelines.edges import process
from pipelines.lazy import compute, lib, parquet, pyarrow, types
from pipelines.model.intake import Batch, Export, Known, Layout, OddCell, UnreadableExport, folded
from pipelines.wording import note, say

ROWS = 100_000
EXACT_TO = {16: 2.0**11, 32: 2.0**24, 64: 2.0**53}  # every whole number up to it, by the bits of a float
MAX_ROWS = 500_000_000  # run lengths may promise any number of rows in a few bytes


def open_parquet(path: Path, layout: Layout, known: Known) -> Export:
    """Open a Parquet file; UnreadableExport where it is none, or later where a page of it is damaged."""
    try:
        with parquet.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
            old_times = [
                one.path for one in map(file.schema.column, range(len(file.schema))) if one.physical_type == "INT96"
            ]
            writer = f"{file.metadata.created_by} {b' '.join(file.metadata.metadata or {}).decode(errors='replace')}"
    except (lib.ArrowException, OSError, ValueError) as problem:
        raise _unreadable(path, problem) from None
    if rows > MAX_ROWS:
        raise UnreadableExport(say("ingest.parquet_too_long", file=path.name, rows=rows))
    for field in schema:
        kind = field.type.value_type if types.is_dictionary(field.type) else field.type
        if types.is_nested(kind) and folded(field.name) in known.headers:
            raise UnreadableExport(say("ingest.parquet_nested", file=path.name, column=field.name))
    origin = _origin_of_int96(writer)
    notices = (note(f"ingest.int96_{origin}", file=path.name, columns="、".join(old_times)),) if old_times else ()
    utc = frozenset(old_times if origin == "utc" else ())
    return Export(tuple(schema.names), partial(_batches, path, utc), notices=notices)


def _origin_of_int96(writer: str) -> str:
    """What the moments of an INT96 column are: `utc` from Spark and Hive, `local` from Impala, `unknown` else."""
    writer = writer.casefold()
    if "impala" in writer:
        return "local"
    return "utc" if "spark" in writer or "parquet-mr" in writer else "unknown"


def _batches(path: Path, utc: frozenset[str]) -> Iterator[Batch]:
    row = 1
    try:
        with parquet.ParquetFile(path, coerce_int96_timestamp_unit="us") as file:
            for batch in file.iter_batches(ROWS):
                batch.validate(full=True)
                columns = [
                    column.cast(pyarrow.timestamp("us", "UTC")) if name in utc else column
                    for name, column in zip(batch.schema.names, batch.columns, strict=True)
                ]
                odd = tuple(cell for at, column in enumerate(columns) for cell in _lost_digits(at, column))
                texts = tuple(_text(column) for column in columns)
                yield Batch(range(row, row + batch.num_rows), texts, odd=odd)
                row += batch.num_rows
    except (lib.ArrowException, OSError, ValueError) as problem:
        raise _unreadable(path, problem) from None


def _lost_digits(at: int, column) -> Iterator[OddCell]:
    """Whole numbers that are too long for the float that holds them."""
    if not types.is_floating(column.type):
        return
    exact = EXACT_TO[column.type.bit_width]
    long = compute.greater_equal(compute.abs(column.cast("float64")), exact)
    for row in compute.indices_nonzero(compute.fill_null(long, False)).to_pylist():
        yield OddCell(row, at, "digits", f"{column[row].as_py():.0f}")


def _unreadable(path: Path, problem: Exception) -> UnreadableExport:
    cut = any(sign in str(problem) for sign in ("magic bytes", "footer", "file size"))
    why = say("ingest.parquet_cut" if cut else "ingest.parquet_content")
    return UnreadableExport(say("ingest.parquet_unreadable", file=path.name, problem=why))


def _text(column):
    """An Arrow column as text: times `2026-07-02 09:05:00` in local time, whole numbers without a point."""
    kind = column.type
    if types.is_dictionary(kind):
        return _text(column.dictionary_decode())
    if types.is_nested(kind):
        texts = [
            None if value is None else json.dumps(value, ensure_ascii=False, default=str)
            for value in column.to_pylist()
        ]
        return pyarrow.array(texts, pyarrow.string())
    if types.is_floating(kind):
        return _numbers(column)
    if types.is_timestamp(kind):
        if kind.tz:
            column = compute.local_timestamp(column.cast(pyarrow.timestamp("us", process.project().zone), safe=False))
        column = column.cast(pyarrow.timestamp("us"), safe=False)
        try:
            return column.cast(pyarrow.timestamp("s")).cast(pyarrow.string())
        except lib.ArrowInvalid:  # some moment is within a second
            text = column.cast(pyarrow.string())
        return compute.replace_substring_regex(text, r"\.0{6}$", "")
    if "binary" in str(kind):  # of any layout; an extra column may hold what is no text
        texts = [None if value is None else value.decode(errors="replace") for value in column.to_pylist()]
        return pyarrow.array(texts, pyarrow.string())
    return column.cast(pyarrow.string())


def _numbers(column):
    """Floats as `1001` and `0.5`, never with an exponent where they are whole."""
    column = column.cast(pyarrow.float32() if column.type == pyarrow.float16() else column.type)
    column = compute.if_else(compute.is_nan(column), None, column)  # what pandas writes for nothing
    whole = compute.and_(compute.equal(compute.floor(column), column), compute.less(compute.abs(column), 2.0**53))
    integers = compute.if_else(whole, column, None).cast(pyarrow.int64()).cast(pyarrow.string())
    return compute.if_else(compute.fill_null(whole, False), integers, column.cast(pyarrow.string()))
