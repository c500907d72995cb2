"""Rows of a foreign export, batch by batch, as rows of our tables by a source mapping."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from difflib import get_close_matches

from pipelines.edges.arrow_rows import texts
from pipelines.edges.wording import say
from pipelines.model.contract import TableContract
from pipelines.model.export import Batch, Export, Fault, UnreadableExport, folded
from pipelines.model.source import ByFlag, ColumnSource, TableSource
from pipelines.model.text import masked

SECOND = timedelta(seconds=1)
SHOWN = 60
NAMED = 5

Cells = list[str | None]


class RowFault(ValueError):
    """A row that the mapping cannot read; the arguments are the promise and the value."""


def mapped(export: Export, source: TableSource, contract: TableContract, add_working_days: Callable, file: str,
           reserved: frozenset[str]) -> Export:  # fmt: skip
    """The export with the canonical columns of the mapping first, then every column that it does not use.

    Those keep their header; one that is a ``reserved`` header of the contract (folded) gets `source` before it.
    A value that the mapping does not foresee makes a fault of its row. UnreadableExport for a missing header.
    """
    if not export.header:
        return export
    at = _headers(export.header, source, file)
    rest = [i for i in range(len(export.header)) if i not in {at[c.header] for c in source.columns if c.header}]
    others = [f"source {export.header[i]}" if folded(export.header[i]) in reserved else export.header[i] for i in rest]

    def batches() -> Iterator[Batch]:
        for batch in export.batches():
            yield _mapped_batch(batch, at, rest, source, contract, add_working_days)

    header = (*(column.name for column in source.columns), *others)
    return replace(export, header=header, batches=batches)


def one_row_per(export: Export, source: TableSource, file: str) -> Export:
    """One row for every value of the key columns, in order of appearance; rows without a key are left out.

    Where a key has several values in a column, the most frequent one is taken, of equals the first in code order.
    """
    if not export.header:
        return export
    names = tuple(column.name for column in source.columns)
    keys = [names.index(name) for name in source.one_row_per]
    lines: dict[tuple, int] = {}
    seen: dict[tuple, list[Counter]] = {}
    keyless = 0
    for batch in export.batches():
        for line, *row in zip(batch.lines, *map(texts, batch.columns[: len(names)]), strict=True):
            key = tuple(row[i] for i in keys)
            if not all(key):
                keyless += 1
                continue
            lines.setdefault(key, int(line))
            counters = seen.setdefault(key, [Counter() for _ in names])
            for counter, value in zip(counters, row, strict=True):
                counter[value] += 1
    rows = [[_most_frequent(counter) for counter in counters] for counters in seen.values()]
    several = ["/".join(key) for key, counters in seen.items() if max(map(_kinds, counters)) > 1]
    columns = tuple(zip(*rows, strict=True)) or ((),) * len(names)
    notices = (*export.notices, *_reported(file, source, len(rows), keyless, several))
    return replace(export, header=names, batches=lambda: iter([Batch(list(lines.values()), columns)]), notices=notices)


def _reported(file: str, source: TableSource, rows: int, keyless: int, several: list[str]) -> Iterator:
    facts = {"file": file, "table": source.name, "rows": rows, "key": "/".join(source.one_row_per)}
    yield say("ingest.one_row_per", keyless=keyless, **facts)
    if several:
        shown = "、".join(several[:NAMED]) + ("…" if len(several) > NAMED else "")
        yield say("ingest.several_names", n=len(several), shown=shown, **facts)


def _kinds(counter: Counter) -> int:
    return sum(value is not None for value in counter)


def _most_frequent(counter: Counter) -> str | None:
    told = [(-count, value) for value, count in counter.items() if value is not None]
    return min(told)[1] if told else None


def _headers(header: tuple[str, ...], source: TableSource, file: str) -> dict[str, int]:
    """Where every header that the mapping names is; UnreadableExport where it is not, or more than once."""
    at = {}
    for name in source.headers:
        found = [i for i, cell in enumerate(header) if folded(cell) == folded(name)]
        if len(found) != 1:
            near = get_close_matches(name, header, 1)
            hint = say("ingest.source_nearest", word=near[0]) if near and not found else ""
            raise UnreadableExport(say("ingest.source_header", file=file, name=name, n=len(found), hint=hint))
        at[name] = found[0]
    return at


def _mapped_batch(batch: Batch, at: dict[str, int], rest: list[int], source: TableSource, contract: TableContract,
                  add_working_days: Callable) -> Batch:  # fmt: skip
    cells = {name: _cleaned(batch.columns[i], source.null_values) for name, i in at.items()}
    columns: dict[str, Cells] = {}
    wrong: dict[int, tuple[str, RowFault]] = {}
    for column in source.columns:
        make = _maker(column, contract, add_working_days)
        values: Cells = []
        for i, cell in enumerate(_input(column, cells, columns, len(batch.lines))):
            try:
                values.append(make(cell))
            except RowFault as fault:
                values.append(None)
                wrong.setdefault(i, (column.name, fault))
        columns[column.name] = values
    others = [_cleaned(batch.columns[i], source.null_values) for i in rest]
    faults = tuple(_fault(int(batch.lines[i]), i, *wrong[i], columns, contract) for i in sorted(wrong))
    keep = [i for i in range(len(batch.lines)) if i not in wrong]
    kept = tuple([values[i] for i in keep] for values in (*columns.values(), *others))
    return replace(batch, lines=[int(batch.lines[i]) for i in keep], columns=kept, faults=(*batch.faults, *faults))


def _cleaned(column, null_values: tuple[str, ...]) -> Cells:
    nulls = {"", *null_values}
    return [None if cell is None or cell.strip() in nulls else cell for cell in texts(column)]


def _input(column: ColumnSource, cells: dict[str, Cells], columns: dict[str, Cells], rows: int) -> list:
    """What the maker of a column gets for every row."""
    if column.after:
        return columns[column.after.column]
    if column.by_flag:
        flag = column.by_flag
        return list(zip(columns[flag.deadline], cells[flag.on_time[0]], cells[flag.late[0]], strict=True))
    return cells[column.header] if column.header else [None] * rows


def _maker(column: ColumnSource, contract: TableContract, add_working_days: Callable) -> Callable:
    """The function that makes one cell of a column."""
    if column.constant is not None:
        return lambda _: column.constant
    if column.by_flag:
        return lambda told: _by_flag(column.by_flag, *told)
    if column.after:
        return lambda moment: _after(column.after, moment, add_working_days)
    values, is_date = dict(column.values), contract.columns[column.name].type == "date"
    return lambda cell: _read(cell, values, column.formats, is_date)


def _read(cell: str | None, values: dict[str, str], formats: tuple[str, ...], is_date: bool) -> str | None:
    if cell is None:
        return None
    if values:
        if cell.strip() not in values:
            raise RowFault("unmapped_value", cell)
        cell = values[cell.strip()]
    for form in formats:
        try:
            moment = datetime.strptime(cell.strip(), form)
        except ValueError:
            continue
        return str(moment.date() if is_date else moment)
    if formats:
        raise RowFault("date_format", cell)
    return cell


def _after(after, moment: str | None, add_working_days: Callable) -> str | None:
    """A moment that is no time stays empty here: the contract speaks about its own column."""
    try:
        start = datetime.fromisoformat(moment.strip())
    except (AttributeError, ValueError):
        return None
    if after.working:
        return str(datetime.combine(add_working_days(start.date(), after.days), start.time()))
    return str(start + timedelta(days=after.days))


def _by_flag(flag: ByFlag, deadline: str | None, on_time: str | None, late: str | None) -> str | None:
    is_on_time, is_late = on_time == flag.on_time[1], late == flag.late[1]
    if is_on_time == is_late:
        raise RowFault("flag", f"{flag.on_time[0]}={on_time or ''}, {flag.late[0]}={late or ''}")
    if deadline is None or is_on_time:
        return deadline
    return str(datetime.fromisoformat(deadline) + SECOND)


def _fault(line: int, i: int, column: str, fault: RowFault, columns: dict[str, Cells], contract) -> Fault:
    promise, value = fault.args
    value = "***" if contract.columns[column].restricted else masked(value)[:SHOWN]
    key = "/".join("***" if contract.columns[name].restricted else (columns[name][i] or "")
                   for name in contract.key if name in columns)  # fmt: skip
    return Fault(line, promise, value, column, key)
