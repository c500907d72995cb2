"""Batches of text columns as Arrow tables, the form in which the warehouse takes rows."""

from collections.abc import Iterable

from pipelines.model.export import Batch


def empty_rows(columns: Iterable[str]):
    """An Arrow table without rows: ``_file``, ``_line`` and text ``columns``."""
    import pyarrow

    fields = [("_file", pyarrow.string()), ("_line", pyarrow.int64())]
    return pyarrow.schema(fields + [(name, pyarrow.string()) for name in columns]).empty_table()


def arrow_rows(batch: Batch, columns: tuple[str, ...], file: str):
    """A batch as an Arrow table with the file and line of every row; empty texts are null."""
    import pyarrow

    lines = pyarrow.array(batch.lines, pyarrow.int64())
    files = pyarrow.repeat(pyarrow.scalar(file), len(lines))
    texts = [_text(column) for column in batch.columns]
    return pyarrow.table([files, lines, *texts], names=["_file", "_line", *columns])


def texts(column) -> list[str | None]:
    """A column of a batch as a list."""
    return column.to_pylist() if hasattr(column, "to_pylist") else list(column)


def _text(column):
    import pyarrow
    from pyarrow import compute

    array = column if hasattr(column, "to_pylist") else pyarrow.array(column, pyarrow.string())
    return compute.if_else(compute.equal(array, ""), pyarrow.scalar(None, pyarrow.string()), array)
