"""Parquet exports: typed columns as the text that a CSV of the same table would hold."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pipelines.edges.warehouse import ZONE
from pipelines.edges.wording import say
from pipelines.model.export import Batch, Export, Known, Layout, UnreadableExport

ROWS = 100_000
MAX_ROWS = 500_000_000  # run lengths may promise any number of rows in a few bytes


def open_parquet(path: Path, layout: Layout, known: Known) -> Export:
    """Open a Parquet file; UnreadableExport where it is none, or later where a page of it is damaged."""
    from pyarrow import lib, parquet

    try:
        with parquet.ParquetFile(path) as file:
            names = tuple(file.schema_arrow.names)
            rows = file.metadata.num_rows
    except (lib.ArrowException, OSError, ValueError) as problem:
        raise _unreadable(path, problem) from None
    if rows > MAX_ROWS:
        raise UnreadableExport(say("ingest.parquet_too_long", file=path.name, rows=rows))
    return Export(names, partial(_batches, path))


def _batches(path: Path) -> Iterator[Batch]:
    from pyarrow import lib, parquet

    row = 1
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(ROWS):
                batch.validate(full=True)
                columns = tuple(_text(column) for column in batch.columns)
                yield Batch(range(row, row + batch.num_rows), columns)
                row += batch.num_rows
    except (lib.ArrowException, OSError, ValueError) as problem:
        raise _unreadable(path, problem) from None


def _unreadable(path: Path, problem: Exception) -> UnreadableExport:
    why = (str(problem).splitlines() or [type(problem).__name__])[0][:200]
    return UnreadableExport(say("ingest.parquet_unreadable", file=path.name, problem=why))


def _text(column):
    """An Arrow column as text: times `2026-07-02 09:05:00` in local time, whole numbers without a point."""
    import pyarrow
    from pyarrow import compute, types

    kind = column.type
    if types.is_dictionary(kind):
        return _text(column.dictionary_decode())
    if types.is_nested(kind):
        told = [None if value is None else json.dumps(value, ensure_ascii=False, default=str)
                for value in column.to_pylist()]  # fmt: skip
        return pyarrow.array(told, pyarrow.string())
    if types.is_floating(kind):
        return _numbers(column)
    if types.is_timestamp(kind):
        if kind.tz:
            column = compute.local_timestamp(column.cast(pyarrow.timestamp("us", ZONE), safe=False))
        text = column.cast(pyarrow.timestamp("us"), safe=False).cast(pyarrow.string())
        return compute.replace_substring_regex(text, r"\.0{6}$", "")
    if "binary" in str(kind):  # of any layout; an extra column may hold what is no text
        told = [None if value is None else value.decode(errors="replace") for value in column.to_pylist()]
        return pyarrow.array(told, pyarrow.string())
    return column.cast(pyarrow.string())


def _numbers(column):
    """Floats as `1001` and `0.5`, never with an exponent where they are whole."""
    import pyarrow
    from pyarrow import compute

    column = column.cast(pyarrow.float32() if column.type == pyarrow.float16() else column.type)
    whole = compute.and_(compute.equal(compute.floor(column), column), compute.less(compute.abs(column), 2.0**53))
    integers = compute.if_else(whole, column, None).cast(pyarrow.int64()).cast(pyarrow.string())
    return compute.if_else(compute.fill_null(whole, False), integers, column.cast(pyarrow.string()))
