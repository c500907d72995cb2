"""Rows of a foreign export, batch by batch, as rows of our tables by a source mapping."""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from functools import partial

from pipelines.exports.rows import texts
from pipelines.model.contract import TableContract
from pipelines.model.export import Batch, Export, Fault, UnreadableExport, folded
from pipelines.model.refusals import Refusal
from pipelines.model.source import ByFlag, ColumnSource, TableSource, Where
from pipelines.model.text import compared, masked
from pipelines.wording import note, say

SECOND = timedelta(seconds=1)
SHOWN = 60
NAMED = 5
KEEP = "keep"
FAULTS = ("unmapped_value", "date_format", "flag", "not_a_moment", "beyond_calendar", "calendar_years")

Cells = list[str | None]


class RowFault(ValueError):
    """A row that the mapping cannot read; the arguments are the promise, the value, and another column at fault."""

    @property
    def column(self) -> str:
        """The canonical column at fault, "" for the one that was to be made."""
        return self.args[2] if len(self.args) > 2 else ""


@dataclass(frozen=True)
class Tools:
    """What the makers need: the contract's own parsers by type, and the calendar."""

    parse: Callable[[str, Sequence[str | None]], list]
    add_working_days: Callable[[date, int], date]


def mapped(
    export: Export, source: TableSource, contract: TableContract, tools: Tools, file: str, reserved: frozenset[str]
) -> Export:
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
            yield _mapped_batch(batch, at, rest, source, contract, tools)

    header = (*(column.name for column in source.columns), *others)
    return replace(export, header=header, batches=batches)


def one_row_per(exports: Sequence[tuple[str, Export]], source: TableSource, shared: Container[str]) -> list[Export]:
    """One row for every value of the key columns, over all files of a table; rows without a key are left out.

    A key's row counts in the file where it stands first. Where a key has several values in a column, the most
    frequent one is taken, of equals the first in code order. Faults of reading a ``shared`` file are accounted for by
    the table that has it row by row; what the mapping cannot read is a fault here.
    """
    names = tuple(column.name for column in source.columns)
    keys = [names.index(name) for name in source.one_row_per]
    first: dict[tuple, tuple[str, str, int]] = {}
    seen: dict[tuple, list[Counter]] = {}
    faults: dict[str, list[Fault]] = {file: [] for file, _ in exports}
    keyless: Counter = Counter()
    blank: Counter = Counter()
    for file, export in exports:
        for batch in export.batches() if export.header else ():
            blank[file] += batch.blank
            faults[file] += [fault for fault in batch.faults if fault.promise in FAULTS or file not in shared]
            for line, *row in zip(batch.lines, *map(texts, batch.columns[: len(names)]), strict=True):
                key = tuple(row[i] for i in keys)
                if not all(key):
                    keyless[file] += 1
                    continue
                first.setdefault(key, (file, batch.part, int(line)))
                counters = seen.setdefault(key, [Counter() for _ in names])
                for counter, value in zip(counters, row, strict=True):
                    counter[value] += 1
    several = ["/".join(key) for key, counters in seen.items() if max(map(_kinds, counters)) > 1]
    made = {key: [_most_frequent(counter) for counter in counters] for key, counters in seen.items()}
    folded_exports = []
    for number, (file, export) in enumerate(exports):
        own = {key: place for key, place in first.items() if place[0] == file}
        reported = _reported(file, source, len(own), keyless[file], several if number == 0 else [])
        batches = _batches_of(own, made, faults[file], len(names))
        batches[0] = replace(batches[0], blank=blank[file])
        folded_exports.append(
            replace(
                export,
                header=names if export.header else (),
                batches=partial(iter, batches),
                notices=(*export.notices, *(reported if export.header else ())),
            )
        )
    return folded_exports


def _batches_of(own: dict[tuple, tuple], made: dict[tuple, list], faults: list[Fault], width: int) -> list[Batch]:
    """The rows of a file, a batch a sheet, its faults with the first."""
    parts = list(dict.fromkeys(part for _, part, _ in own.values())) or [""]
    batches = []
    for part in parts:
        keys = [key for key, place in own.items() if place[1] == part]
        columns = tuple(zip(*(made[key] for key in keys), strict=True)) or ((),) * width
        batches.append(Batch([own[key][2] for key in keys], columns, () if batches else tuple(faults), part=part))
    return batches


def _reported(file: str, source: TableSource, rows: int, keyless: int, several: list[str]) -> Iterator:
    facts = {"file": file, "table": source.name, "rows": rows, "key": "/".join(source.one_row_per)}
    yield note("ingest.one_row_per", keyless=keyless, **facts)
    if several:
        shown = "、".join(several[:NAMED]) + ("…" if len(several) > NAMED else "")
        yield note("ingest.several_names", n=len(several), shown=shown, **facts)


def _kinds(counter: Counter) -> int:
    return sum(value is not None for value in counter)


def _most_frequent(counter: Counter) -> str | None:
    counted = [(-count, value) for value, count in counter.items() if value is not None]
    return min(counted)[1] if counted else None


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


def _mapped_batch(
    batch: Batch, at: dict[str, int], rest: list[int], source: TableSource, contract: TableContract, tools: Tools
) -> Batch:
    cells = {name: _cleaned(batch.columns[i], source.null_values) for name, i in at.items()}
    rows = range(len(batch.lines))
    wanted = [i for i in rows if all(_holds(where, cells[where.header][i]) for where in source.where)]
    left_out = len(batch.lines) - len(wanted)
    cells = {name: [values[i] for i in wanted] for name, values in cells.items()}
    lines = [int(batch.lines[i]) for i in wanted]
    columns: dict[str, Cells] = {}
    wrong: dict[int, tuple[str, RowFault]] = {}
    for column in source.columns:
        make = _maker(column, contract, tools)
        values: Cells = []
        for i, cell in enumerate(_input(column, cells, columns, len(lines), contract, tools)):
            try:
                values.append(make(cell))
            except RowFault as fault:
                values.append(None)
                wrong.setdefault(i, (fault.column or column.name, fault))
        columns[column.name] = values
    unused = (_cleaned(batch.columns[i], source.null_values) for i in rest)
    others = [[values[i] for i in wanted] for values in unused]
    faults = tuple(_fault(lines[i], i, *wrong[i], columns, contract) for i in sorted(wrong))
    keep = [i for i in range(len(lines)) if i not in wrong]
    kept = tuple([values[i] for i in keep] for values in (*columns.values(), *others))
    return replace(
        batch, lines=[lines[i] for i in keep], columns=kept, faults=(*batch.faults, *faults), left_out=left_out
    )


def _holds(where: Where, cell: str | None) -> bool:
    return (compared(cell) in where.values) == where.among


def _cleaned(column, null_values: tuple[str, ...]) -> Cells:
    nulls = {"", *null_values}
    return [None if cell is None or cell.strip() in nulls else cell for cell in texts(column)]


def _input(
    column: ColumnSource,
    cells: dict[str, Cells],
    columns: dict[str, Cells],
    rows: int,
    contract: TableContract,
    tools: Tools,
) -> Iterable:
    """What the maker of a column gets for every row."""
    if column.after:
        return _moments(column.after.column, columns, contract, tools)
    if column.by_flag:
        on_time, late = column.by_flag.on_time, column.by_flag.late
        moments = _moments(column.by_flag.deadline, columns, contract, tools)
        raw = zip(cells[on_time[0]], cells[late[0]], strict=True)
        flags = zip(_says(cells[on_time[0]], on_time[1], tools), _says(cells[late[0]], late[1], tools), strict=True)
        return zip(moments, flags, raw, strict=True)
    return cells[column.header] if column.header else [None] * rows


def _moments(name: str, columns: dict[str, Cells], contract: TableContract, tools: Tools) -> list[tuple]:
    """(column, text, moment) of every row of a column, by the contract's own parser; None where it reads none."""
    cells = columns[name]
    return [
        (name, cell, moment)
        for cell, moment in zip(cells, tools.parse(contract.columns[name].type, cells), strict=True)
    ]


def _says(cells: Cells, value: str, tools: Tools) -> list[bool]:
    """Whether each cell is the value: the same text, or the same answer of yes and no."""
    [wanted] = tools.parse("boolean", [value])
    answers = tools.parse("boolean", cells) if wanted is not None else [None] * len(cells)
    return [
        compared(cell) == compared(value) or (answer is not None and answer == wanted)
        for cell, answer in zip(cells, answers, strict=True)
    ]


def _maker(column: ColumnSource, contract: TableContract, tools: Tools) -> Callable:
    """The function that makes one cell of a column."""
    if column.constant is not None:
        return lambda _: column.constant
    if column.by_flag:
        return lambda cells: _by_flag(column.by_flag, *cells)
    if column.after:
        return lambda cells: _after(column.after, *cells, tools.add_working_days)
    is_date = contract.columns[column.name].type == "date"
    return lambda cell: _read(cell, dict(column.values), column, is_date)


def _read(cell: str | None, values: dict[str, str], column: ColumnSource, is_date: bool) -> str | None:
    if cell is None:
        return None
    if values or column.otherwise is not None:
        found = values.get(compared(cell), column.otherwise)
        if found is None:
            raise RowFault("unmapped_value", cell)
        cell = cell if found == KEEP and compared(cell) not in values else found
    for form in column.formats:
        try:
            moment = datetime.strptime(cell.strip(), form)
        except ValueError:
            continue
        return str(moment.date() if is_date else moment)
    if column.formats:
        raise RowFault("date_format", cell)
    return cell


def _after(after, name: str, cell: str | None, moment, add_working_days: Callable) -> str | None:
    """The moment so many days later; none after none."""
    if cell is None:
        return None
    start = _start(name, cell, moment)
    try:
        if after.working:
            return str(datetime.combine(add_working_days(start.date(), after.days), start.time()))
        return str(start + timedelta(days=after.days))
    except OverflowError:
        raise RowFault("beyond_calendar", cell, name) from None
    except Refusal:
        raise RowFault("calendar_years", cell, name) from None


def _start(name: str, cell: str, moment) -> datetime:
    if moment is None:
        raise RowFault("not_a_moment", cell, name)
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time())


def _by_flag(flag: ByFlag, deadline: tuple, says: tuple[bool, bool], raw: tuple) -> str | None:
    is_on_time, is_late = says
    if is_on_time == is_late:
        raise RowFault("flag", f"{flag.on_time[0]}={raw[0] or ''}, {flag.late[0]}={raw[1] or ''}")
    name, cell, moment = deadline
    if cell is None:
        return None
    start = _start(name, cell, moment)
    try:
        return str(start if is_on_time else start + SECOND)
    except OverflowError:
        raise RowFault("beyond_calendar", cell, name) from None


def _fault(line: int, i: int, column: str, fault: RowFault, columns: dict[str, Cells], contract) -> Fault:
    promise, value = fault.args[:2]
    value = "***" if contract.columns[column].restricted else masked(value)[:SHOWN]
    key = "/".join(
        "***" if contract.columns[name].restricted else (columns[name][i] or "")
        for name in contract.key
        if name in columns
    )
    return Fault(line, promise, value, column, key)
