"""Rows of a foreign export, batch by batch, as rows of our tables by a source mapping."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from difflib import get_close_matches
from fractions import Fraction
from functools import lru_cache, partial
from zoneinfo import ZoneInfo

from pipelines.edges import process
from pipelines.exports.headers import standard_places
from pipelines.exports.rows import OFFSET, texts
from pipelines.model.contract import Column, TableContract
from pipelines.model.intake import Batch, Export, Fault, Notice, UnreadableExport, folded
from pipelines.model.source import After, ByFlag, ColumnSource, Of, TableSource, Unpivot, Where
from pipelines.model.text import compared, masked
from pipelines.model.words import Refusal, Words
from pipelines.wording import note, say

SECOND = timedelta(seconds=1)
LAST_SECOND = time(23, 59, 59)
LAST_OF_HOUR = timedelta(minutes=59, seconds=59, microseconds=999_999)
SHOWN = 60
NAMED = 5
MOST_TOLD = 1000  # different values of a column that the mapping does not list
KEEP = "keep"
WILD = "*?["  # what makes a file name a pattern
FAULTS = (
    "unmapped_value",
    "date_format",
    "flag",
    "not_a_moment",
    "not_a_number",
    "pattern",
    "not_in_lookup",
    "no_such_hour",
    "hour_twice",
    "beyond_calendar",
    "calendar_years",
)

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
    is_working_day: Callable[[date], bool]


@dataclass
class _Work:
    """A file on its way through the mapping, and what is told of it in the end."""

    source: TableSource
    contract: TableContract
    tools: Tools
    file: str
    unlisted: dict[str, Counter] = field(default_factory=dict)  # column -> values that the mapping does not list
    converted: Counter = field(default_factory=Counter)  # column -> moments of another zone

    @property
    def zone(self) -> ZoneInfo | None:
        """The zone of moments without an offset, where it is not the project's."""
        return ZoneInfo(self.source.zone) if self.source.zone not in ("", process.project().zone) else None

    def notices(self) -> Iterator[Notice]:
        """The values that the mapping does not list, the most frequent first, and the moments that were converted."""
        for name, values in self.unlisted.items():
            column, ordered = self.contract.columns[name], sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))
            shown = "、".join(f"{masked(value)[:SHOWN]} ({n})" for value, n in ordered)
            shown = "***" if column.restricted else shown + ("…" if len(ordered) == MOST_TOLD else "")
            facts = {"file": self.file, "column": name, "kinds": len(ordered), "n": values.total(), "shown": shown}
            yield note("ingest.unlisted_values", public="ingest.unlisted_values_public", **facts)
        if self.converted:
            facts = {"file": self.file, "n": self.converted.total(), "columns": "、".join(self.converted)}
            facts |= {"zone": self.source.zone, "to": process.project().zone}
            yield note("ingest.zone_converted", **facts)


def completed(
    source: TableSource, header: Iterable[str], contract: TableContract, absent: Collection[str], file: str
) -> TableSource:
    """The source with every standard header of the file that the mapping neither names otherwise nor declares absent.

    Those come first, so that others may be made from them. UnreadableExport for two headers of one column.
    """
    if source.is_whole:
        return source
    named = {column.name for column in source.columns}
    found, header = [], tuple(header)
    for name, places in standard_places(header, contract).items():
        if name in named or name in absent or not places:
            continue
        if len(places) > 1:
            twice = "、".join(f"“{header[place].strip()}”" for place in places)
            raise UnreadableExport(say("ingest.duplicate_header", file=file, headers=twice, column=name))
        found.append(ColumnSource(name, headers=(header[places[0]],), standard=True))
    return replace(source, columns=(*found, *source.columns))


def mapped(
    export: Export,
    source: TableSource,
    contract: TableContract,
    tools: Tools,
    file: str,
    reserved: frozenset[str],
    absent: Collection[str] = (),
) -> Export:
    """The export with the canonical columns of the mapping first, then every column that it does not use.

    Those keep their header; one that is a ``reserved`` header of the contract (folded) gets `source` before it.
    A value that the mapping does not foresee makes a fault of its row. UnreadableExport for a missing header.
    """
    if not export.header:
        return export
    if source.unpivot:
        export = _unpivoted(export, source.unpivot, file)
    source = completed(source, export.header, contract, absent, file)
    work = _Work(source, contract, tools, file)
    at = _headers(export.header, work)
    used = {at[header] for column in source.columns for header in column.headers}
    rest = [i for i in range(len(export.header)) if i not in used]
    others = [f"source {export.header[i]}" if folded(export.header[i]) in reserved else export.header[i] for i in rest]

    def batches() -> Iterator[Batch]:
        for batch in export.batches():
            yield _mapped_batch(batch, at, rest, work)
        export.later.extend(work.notices())

    header = (*(column.name for column in source.columns), *others)
    return replace(export, header=header, batches=batches)


def _unpivoted(export: Export, wide: Unpivot, file: str) -> Export:
    """A row for every filled cell of the wide columns; empty ones count as blank rows."""
    at = {folded(cell): i for i, cell in enumerate(export.header)}
    for header in wide.columns:
        if folded(header) not in at:
            raise _no_header(header, export.header, 0, file)
    for header in (wide.names, wide.values):
        if folded(header) in at and folded(header) not in map(folded, wide.columns):
            raise UnreadableExport(say("ingest.unpivot_there", file=file, name=header))
    places = [at[folded(header)] for header in wide.columns]
    kept = [i for i in range(len(export.header)) if i not in places]

    def batches() -> Iterator[Batch]:
        for batch in export.batches():
            columns = [texts(column) for column in batch.columns]
            rows = [
                (i, name, columns[place][i])
                for i in range(len(batch.lines))
                for name, place in zip(wide.columns, places, strict=True)
            ]
            filled = [(i, name, cell) for i, name, cell in rows if cell and cell.strip()]
            made = [[columns[place][i] for i, _, _ in filled] for place in kept]
            made += [[name for _, name, _ in filled], [cell for _, _, cell in filled]]
            lines = [int(batch.lines[i]) for i, _, _ in filled]
            blank = batch.blank + len(rows) - len(filled)
            yield replace(batch, lines=lines, columns=tuple(made), blank=blank)

    header = (*(export.header[i] for i in kept), wide.names, wide.values)
    return replace(export, header=header, batches=batches)


def one_row_per(
    exports: Sequence[tuple[str, Export]], source: TableSource, contract: TableContract, shared: Container[str]
) -> list[Export]:
    """One row for every value of the key columns, over all files of a table; rows without a key are left out.

    A key's row counts in the file where it stands first. Where a key has several values in a column, the most
    frequent one is taken, of equals the first in code order. Faults of reading a ``shared`` file are accounted for by
    the table that has it row by row; what the mapping cannot read is a fault here.
    """
    there = {name for _, export in exports for name in export.header}
    names = tuple(name for name in contract.columns if name in there)
    keys = [names.index(name) for name in source.one_row_per]
    first: dict[tuple, tuple[str, str, int]] = {}
    seen: dict[tuple, list[Counter]] = {}
    faults: dict[str, list[Fault]] = {file: [] for file, _ in exports}
    keyless: Counter = Counter()
    blank: Counter = Counter()
    for file, export in exports:
        places = [export.header.index(name) if name in export.header else -1 for name in names]
        for batch in export.batches() if export.header else ():
            blank[file] += batch.blank
            faults[file] += [fault for fault in batch.faults if fault.promise in FAULTS or file not in shared]
            nothing = [None] * len(batch.lines)
            columns = [texts(batch.columns[place]) if place >= 0 else nothing for place in places]
            for line, *row in zip(batch.lines, *columns, strict=True):
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
        reported = _reported(file, contract.title, source, len(own), keyless[file], several if number == 0 else [])
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


def _reported(file: str, title: Words, source: TableSource, rows: int, keyless: int, several: list[str]) -> Iterator:
    facts = {"file": file, "title": title, "table": source.name, "rows": rows, "key": "/".join(source.one_row_per)}
    yield note("ingest.one_row_per", keyless=keyless, **facts)
    if several:
        shown = "、".join(several[:NAMED]) + ("…" if len(several) > NAMED else "")
        yield note("ingest.several_names", n=len(several), shown=shown, **facts)


def _kinds(counter: Counter) -> int:
    return sum(value is not None for value in counter)


def _most_frequent(counter: Counter) -> str | None:
    counted = [(-count, value) for value, count in counter.items() if value is not None]
    return min(counted)[1] if counted else None


def _headers(header: tuple[str, ...], work: _Work) -> dict[str, int]:
    """Where every header that the mapping needs is; UnreadableExport where it is not, or more than once."""
    at = {}
    needed = [name for column in work.source.columns for name in column.used]
    if work.source.unpivot and any(column.row_number for column in work.source.columns):
        needed.append(work.source.unpivot.names)
    for name in dict.fromkeys([*needed, *(where.header for where in work.source.where)]):
        found = [i for i, cell in enumerate(header) if folded(cell) == folded(name)]
        if len(found) != 1:
            raise _no_header(name, header, len(found), work.file)
        at[name] = found[0]
    made: set[str] = set()
    for column in work.source.columns:
        base = column.after.column if column.after else column.by_flag.deadline if column.by_flag else ""
        base = base or (column.lookup.by if column.lookup and not column.lookup.is_header else "")
        if base and base not in made:
            raise UnreadableExport(say("ingest.source_base", file=work.file, column=column.name, base=base))
        made.add(column.name)
    return at


def _no_header(name: str, header: Iterable[str], n: int, file: str) -> UnreadableExport:
    by_text = {folded(cell): cell.strip() for cell in header}
    near = get_close_matches(folded(name), by_text, 1)
    hint = say("ingest.source_nearest", word=by_text[near[0]]) if near and not n else ""
    return UnreadableExport(say("ingest.source_header", file=file, name=name, n=n, hint=hint))


def _mapped_batch(batch: Batch, at: dict[str, int], rest: list[int], work: _Work) -> Batch:
    source = work.source
    cells = {name: _cleaned(batch.columns[i], source.null_values) for name, i in at.items()}
    wanted = [i for i in range(len(batch.lines)) if all(_holds(one, cells[one.header][i]) for one in source.where)]
    left_out = len(batch.lines) - len(wanted)
    if left_out:
        cells = {name: [values[i] for i in wanted] for name, values in cells.items()}
    lines = [int(batch.lines[i]) for i in wanted]
    rows = _Rows(work, cells, lines, batch.part)
    for column in source.columns:
        rows.make(column)
    unused = (_cleaned(batch.columns[i], source.null_values) for i in rest)
    others = [[values[i] for i in wanted] for values in unused]
    faults = tuple(_fault(lines[i], i, *rows.wrong[i], rows.columns, work.contract) for i in sorted(rows.wrong))
    keep = [i for i in range(len(lines)) if i not in rows.wrong]
    made = (*rows.columns.values(), *others)
    kept = tuple([values[i] for i in keep] for values in made)
    there = [lines[i] for i in keep]
    unread = [*_unread(batch, at, rest, work)]
    unread += [(lines[i], tuple(values[i] for values in made)) for i in sorted(rows.wrong)]
    faults = (*batch.faults, *faults)
    return replace(batch, lines=there, columns=kept, faults=faults, left_out=left_out, aside=(), unread=tuple(unread))


def _unread(batch: Batch, at: dict[str, int], rest: list[int], work: _Work) -> Iterator[tuple[int, tuple]]:
    """Line and cells of the rows that could not be read before the mapping, for what refers to them; told nowhere."""
    if not batch.aside:
        return
    lines, cells = zip(*batch.aside, strict=True)
    silent = replace(work, unlisted={}, converted=Counter())
    made = _mapped_batch(Batch(lines, tuple(zip(*cells, strict=True))), at, rest, silent)
    yield from zip(made.lines, zip(*made.columns, strict=True), strict=True)
    yield from made.unread


def _holds(where: Where, cell: str | None) -> bool:
    return (compared(cell) in where.values) == where.among


def _cleaned(column, null_values: tuple[str, ...]) -> Cells:
    nulls = {"", *null_values}
    return [None if cell is None or cell.strip() in nulls else cell for cell in texts(column)]


@dataclass
class _Rows:
    """The rows of a batch while their columns are made: what is made so far, and the first fault of each row."""

    work: _Work
    cells: dict[str, Cells]  # by header
    lines: list[int]
    part: str
    columns: dict[str, Cells] = field(default_factory=dict)
    wrong: dict[int, tuple[str, RowFault]] = field(default_factory=dict)

    def make(self, column: ColumnSource) -> None:
        """Add a column: its origin, then what is done to the text, step by step."""
        made = self._origin(column)
        if column.pattern:
            pattern = re.compile(column.pattern)
            made = self._each(column, made, lambda cell: _group(pattern, cell))
        if (column.values or column.otherwise is not None) and not column.of:
            values = dict(column.values)
            made = self._each(column, made, lambda cell: self._listed(column, values, cell))
        if column.formats:
            is_date = self.work.contract.columns[column.name].type == "date"
            made = self._each(column, made, lambda cell: _read(column.formats, cell, is_date))
        if column.end_of_day and not column.after:
            days = self.work.tools.parse("date", made)
            made = [f"{day} {LAST_SECOND}" if day else cell for day, cell in zip(days, made, strict=True)]
        if column.headers and self.work.zone and self.work.contract.columns[column.name].type == "timestamp":
            made = self._in_zone(column, made)
        self.columns[column.name] = made

    def _each(self, column: ColumnSource, inputs: Iterable, make: Callable, empty: bool = False) -> Cells:
        """``make`` of every input; None stays None unless ``empty``, and a fault is the row's."""
        made: Cells = []
        for i, one in enumerate(inputs):
            try:
                made.append(make(one) if one is not None or empty else None)
            except RowFault as fault:
                made.append(None)
                self.wrong.setdefault(i, (fault.column or column.name, fault))
        return made

    def _origin(self, column: ColumnSource) -> Cells:
        tools = self.work.tools
        if column.constant is not None:
            return [column.constant] * len(self.lines)
        if column.row_number:
            return self._row_numbers()
        if column.lookup:
            keys = (self.cells if column.lookup.is_header else self.columns)[column.lookup.by]
            found = dict(column.lookup.found)
            return self._each(column, keys, lambda key: _found(found, key))
        if column.of:
            return self._one_of_several(column, column.of)
        if column.after:
            after, last = column.after, column.end_of_day
            moments = self._moments(after.column)
            return self._each(column, moments, lambda one: _after(after, last, *one, tools))
        if column.by_flag:
            return self._flagged(column, column.by_flag)
        if len(column.headers) == 1:
            return self.cells[column.headers[0]]
        several = zip(*(self.cells[header] for header in column.headers), strict=True)
        filled = ([cell for cell in cells if cell is not None] for cells in several)
        if column.first:
            return [cells[0] if cells else None for cells in filled]
        return [" ".join(cell.strip() for cell in cells) or None for cells in filled]

    def _row_numbers(self) -> Cells:
        """Line of every row; before it the file where a table may have several, behind it the column that became it."""
        source, places = self.work.source, [self.work.file, self.part]
        alone = len(source.files) == 1 and not set(WILD) & set(source.files[0])
        before = ":".join(place for place in (places[1:] if alone else places) if place)
        numbers = [f"{before}:{line}" if before else str(line) for line in self.lines]
        if not source.unpivot:
            return [*numbers]
        names = self.cells[source.unpivot.names]
        return [f"{number}:{name}" for number, name in zip(numbers, names, strict=True)]

    def _moments(self, name: str) -> list[tuple]:
        """(column, text, moment) of every row of a column, by the contract's own parser; None where it reads none."""
        cells = self.columns[name]
        parsed = self.work.tools.parse(self.work.contract.columns[name].type, cells)
        return [(name, cell, moment) for cell, moment in zip(cells, parsed, strict=True)]

    def _flagged(self, column: ColumnSource, flag: ByFlag) -> Cells:
        (on_time, yes), (late, no) = flag.on_time, flag.late
        tools = self.work.tools
        raw = zip(self.cells[on_time], self.cells[late], strict=True)
        flags = zip(_says(self.cells[on_time], yes, tools), _says(self.cells[late], no, tools), strict=True)
        inputs = zip(self._moments(flag.deadline), flags, raw, strict=True)
        return self._each(column, inputs, lambda one: _by_flag(flag, *one))

    def _listed(self, column: ColumnSource, values: dict[str, str], cell: str) -> str:
        """What the mapping makes of a value; a fault where it says nothing, told with all others of its kind."""
        if (key := compared(cell)) in values:
            return values[key]
        seen = self.work.unlisted.setdefault(column.name, Counter())
        if key in seen or len(seen) < MOST_TOLD:
            seen[key] += 1
        if column.otherwise is None:
            raise RowFault("unmapped_value", cell)
        return cell if column.otherwise == KEEP else column.otherwise

    def _one_of_several(self, column: ColumnSource, of: Of) -> Cells:
        meant = self.work.contract.columns[column.name]
        several = [self.cells[header] for header in of.headers]
        if meant.type == "decimal":
            parsed = [self.work.tools.parse("decimal", cells) for cells in several]
            rows = zip(*(zip(*pair, strict=True) for pair in zip(several, parsed, strict=True)), strict=True)
            places = _decimals(self.work.contract, meant)
            return self._each(column, rows, lambda row: _of_numbers(of.choice, row, places))
        values, order = dict(column.values), _order(meant)

        def place(cell: str) -> int | None:
            word = self._listed(column, values, cell) if column.values or column.otherwise else cell
            if word and compared(word) not in order:
                raise RowFault("unmapped_value", cell)
            return order[compared(word)] if word else None

        rows = zip(*several, strict=True)
        return self._each(column, rows, lambda row: _of_words(of.choice, _filled(place, row), meant))

    def _in_zone(self, column: ColumnSource, cells: Cells) -> Cells:
        """Moments without an offset converted from the file's zone to the project's; what is none stays as it is."""
        zone, moments = self.work.zone, self.work.tools.parse("timestamp", cells)
        local = [
            cell if moment is None or cell is None or OFFSET.search(cell) else moment
            for cell, moment in zip(cells, moments, strict=True)
        ]
        self.work.converted[column.name] += sum(isinstance(one, datetime) for one in local)
        return self._each(column, local, lambda one: str(_converted(one, zone)) if isinstance(one, datetime) else one)


def _filled(make: Callable, cells: Iterable[str | None]) -> list:
    """``make`` of every cell that holds something."""
    return [make(cell) for cell in cells if cell is not None]


def _converted(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment on the city's clock; a fault where the file's clock showed it never, or twice."""
    shift = _shift(moment.replace(minute=0, second=0, microsecond=0), zone, process.project().zone)
    try:
        return moment + shift if shift is not None else _exactly(moment, zone, process.project().zone)
    except OverflowError:
        raise RowFault("beyond_calendar", str(moment)) from None


@lru_cache(maxsize=1 << 16)
def _shift(hour: datetime, zone: ZoneInfo, city: str) -> timedelta | None:
    """How far all of an hour moves; None where that is not the same for all of it, or some of it is at fault."""
    last = hour + LAST_OF_HOUR
    try:
        first, second = (_exactly(moment, zone, city) - moment for moment in (hour, last))
    except (RowFault, OverflowError):
        return None
    return first if first == second else None


def _exactly(moment: datetime, zone: ZoneInfo, city: str) -> datetime:
    first, second = (moment.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first != second:
        raise RowFault("hour_twice" if first < second else "no_such_hour", f"{moment} {zone}")
    return first.astimezone(ZoneInfo(city)).replace(tzinfo=None)


def _group(pattern: re.Pattern, cell: str) -> str:
    found = pattern.search(cell)
    if found is None or found["value"] is None:
        raise RowFault("pattern", cell)
    return found["value"]


def _found(found: dict[str, str], key: str) -> str | None:
    if (folded_key := compared(key)) not in found:
        raise RowFault("not_in_lookup", key)
    return found[folded_key] or None


def _says(cells: Cells, value: str, tools: Tools) -> list[bool]:
    """Whether each cell is the value: the same text, or the same answer of yes and no."""
    [wanted] = tools.parse("boolean", [value])
    answers = tools.parse("boolean", cells) if wanted is not None else [None] * len(cells)
    return [
        compared(cell) == compared(value) or (answer is not None and answer == wanted)
        for cell, answer in zip(cells, answers, strict=True)
    ]


_HALF = re.compile("上午|下午")


def _half(found: re.Match) -> str:
    """The half of the day as `%p` reads it."""
    return "AM" if found[0] == "上午" else "PM"


def _read(formats: tuple[str, ...], cell: str, is_date: bool) -> str:
    for form in formats:
        try:
            moment = datetime.strptime(_HALF.sub(_half, cell.strip()) if "%p" in form else cell.strip(), form)
        except ValueError:
            continue
        return str(moment.date() if is_date else moment)
    raise RowFault("date_format", cell)


def _after(after: After, last: bool, name: str, cell: str | None, moment, tools: Tools) -> str | None:
    """The moment so much later, at the end of its day where ``last``; none after none."""
    if cell is None:
        return None
    start = _start(name, cell, moment)
    try:
        if after.unit == "working_days":
            end = datetime.combine(tools.add_working_days(start.date(), after.count), start.time())
        elif after.unit == "working_hours":
            end = _working_hours(start, after, tools.is_working_day)
        else:
            end = start + timedelta(**{after.unit: after.count})
        return str(datetime.combine(end.date(), LAST_SECOND) if last else end)
    except OverflowError:
        raise RowFault("beyond_calendar", cell, name) from None
    except Refusal:
        raise RowFault("calendar_years", cell, name) from None


def _working_hours(start: datetime, after: After, is_working_day: Callable[[date], bool]) -> datetime:
    left, now = timedelta(hours=after.count), start
    while True:
        day = datetime.combine(now.date(), time())
        for first, last in after.day if is_working_day(now.date()) else ():
            begin, end = max(now, day + timedelta(minutes=first)), day + timedelta(minutes=last)
            if begin < end and left <= end - begin:
                return begin + left
            left -= max(end - begin, timedelta())
        now = day + timedelta(days=1)


def _start(name: str, cell: str, moment) -> datetime:
    if moment is None:
        raise RowFault("not_a_moment", cell, name)
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time())


def _by_flag(flag: ByFlag, deadline: tuple, says: tuple[bool, bool], raw: tuple) -> str | None:
    is_on_time, is_late = says
    if not (is_on_time or is_late) and flag.open and all(compared(cell) in flag.open for cell in raw):
        return None
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


# One value of several columns.


def _decimals(contract: TableContract, column: Column) -> int:
    """How many decimals the contract allows a number; every column of numbers says so."""
    return next(p.argument("at_most") for p in contract.promises if p.column == column.name and p.kind == "decimals")


def _of_numbers(choice: str, row: Sequence[tuple[str | None, Decimal | None]], places: int) -> str | None:
    """The least, the greatest or the mean, rounded halves away from zero; None where every cell is empty."""
    for cell, number in row:
        if cell is not None and number is None:
            raise RowFault("not_a_number", cell)
    numbers = [(Fraction(compared(cell)), cell) for cell, _ in row if cell is not None]
    if not numbers:
        return None
    if choice != "mean":
        return (min(numbers) if choice == "worst" else max(numbers))[1]
    scaled = Fraction(sum(number for number, _ in numbers), len(numbers)) * 10**places
    rounded = (abs(scaled) * 2 + 1) // 2 * (-1 if scaled < 0 else 1)
    return str(Decimal(int(rounded)).scaleb(-places))


def _order(column: Column) -> dict[str, int | None]:
    """The place of every value and label from the best to the worst; of a label for nothing none."""
    places: dict[str, int | None] = {compared(label): None for label in column.empty_labels}
    for place, (value, labels) in enumerate(column.labels):
        places |= dict.fromkeys(map(compared, (value, *labels)), place)
    return places


def _of_words(choice: str, places: list[int | None], column: Column) -> str | None:
    """The best, the worst or the middle one by the column's order, halves to the worse; None where all are empty."""
    known = [place for place in places if place is not None]
    if not known:
        return None
    middle = (2 * sum(known) + len(known)) // (2 * len(known))
    return column.labels[{"best": min(known), "worst": max(known), "mean": middle}[choice]][0]


def _fault(line: int, i: int, column: str, fault: RowFault, columns: dict[str, Cells], contract) -> Fault:
    promise, value = fault.args[:2]
    value = "***" if contract.columns[column].restricted else masked(value)[:SHOWN]
    key = "/".join(
        "***" if contract.columns[name].restricted else (columns[name][i] or "")
        for name in contract.key
        if name in columns
    )
    return Fault(line, promise, value, column, key)
