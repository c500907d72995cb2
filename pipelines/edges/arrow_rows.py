"""Batches of text columns as Arrow tables, the form in which the warehouse takes rows.

Arrays are made from buffers, and scalars taken from arrays: `pyarrow.array` and `pyarrow.scalar` import pandas
first, which takes longer than reading a small quarter.
"""

from collections.abc import Iterable, Sequence

from pipelines.model.export import Batch


def empty_rows(columns: Iterable[str]):
    """An Arrow table without rows: ``_file``, ``_line`` and text ``columns``."""
    import pyarrow

    types = {"_file": pyarrow.string(), "_line": pyarrow.int64(), **dict.fromkeys(columns, pyarrow.string())}
    return pyarrow.Table.from_arrays([pyarrow.nulls(0, kind) for kind in types.values()], names=list(types))


def arrow_rows(batch: Batch, columns: tuple[str, ...], file: str):
    """A batch as an Arrow table with the file and line of every row; empty texts are null."""
    import numpy
    import pyarrow

    rows = len(batch.lines)
    lines = numpy.asarray(batch.lines, numpy.int64)
    arrays = [
        _text_array([file] * rows),
        pyarrow.Array.from_buffers(pyarrow.int64(), rows, [None, pyarrow.py_buffer(lines)]),
        *(_without_empty(_text_array(column)) for column in batch.columns),
    ]
    return pyarrow.Table.from_arrays(arrays, names=["_file", "_line", *columns])


def texts(column) -> list[str | None]:
    """A column of a batch as a list."""
    return column.to_pylist() if _is_arrow(column) else list(column)


def _is_arrow(column) -> bool:
    return hasattr(column, "to_pylist")


def _text_array(column: Sequence):
    """A column as an Arrow array; None is empty."""
    import numpy
    import pyarrow

    if _is_arrow(column):
        return column
    encoded = [(text or "").encode() for text in column]
    offsets = numpy.zeros(len(encoded) + 1, numpy.int32)
    numpy.cumsum([len(text) for text in encoded], out=offsets[1:])
    content = pyarrow.py_buffer(b"".join(encoded))
    return pyarrow.StringArray.from_buffers(len(encoded), pyarrow.py_buffer(offsets), content)


def _without_empty(array):
    import pyarrow
    from pyarrow import compute

    empty, null = _text_array([""])[0], pyarrow.nulls(1, pyarrow.string())[0]
    return compute.if_else(compute.equal(array, empty), null, array)
