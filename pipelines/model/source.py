"""A source mapping: how a foreign export reads as the tables of the contract."""

from dataclasses import dataclass

from pipelines.model.intake import Layout
from pipelines.model.words import Words


@dataclass(frozen=True)
class ByFlag:
    """A moment that only a published flag tells: the deadline itself where on time, a second later where late.

    ``on_time`` and ``late`` are (source column, value) that say which. Where neither holds and every flag is one of
    ``open``, there is no moment yet.
    """

    deadline: str
    on_time: tuple[str, str]
    late: tuple[str, str]
    open: tuple[str, ...] = ()  # an empty text stands for an empty cell


@dataclass(frozen=True)
class After:
    """A moment some days or hours after another column's.

    Days keep the time of day. ``day`` is a working day's hours, as (first minute, last minute) of the day.
    """

    column: str
    count: int
    unit: str  # days, working_days, hours, working_hours
    day: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Lookup:
    """A value that another file gives: of the row whose key is the value of ``by``."""

    file: str
    by: str  # a canonical column mapped before, or a header of the export
    is_header: bool
    found: tuple[tuple[str, str], ...]  # compared key -> value


@dataclass(frozen=True)
class Of:
    """One value of several columns: ``worst``, ``best`` or ``mean``."""

    choice: str
    headers: tuple[str, ...]


@dataclass(frozen=True)
class Where:
    """A condition on one source column: its value is among ``values``, or is not."""

    header: str
    values: tuple[str, ...]  # an empty text stands for an empty cell
    among: bool


@dataclass(frozen=True)
class ColumnSource:
    """Where a canonical column comes from: exactly one origin, then what is done to its text, in this order."""

    name: str
    headers: tuple[str, ...] = ()  # one of `from`, several joined by a blank, or the first of them that is filled
    first: bool = False
    constant: str | None = None
    row_number: bool = False
    lookup: Lookup | None = None
    of: Of | None = None
    after: After | None = None
    by_flag: ByFlag | None = None
    pattern: str = ""  # its group `value` is what counts
    values: tuple[tuple[str, str], ...] = ()  # every value that may stand there -> canonical value
    otherwise: str | None = None  # any other value: `keep`, or a canonical value; None = a fault of its row
    formats: tuple[str, ...] = ()  # strptime formats, tried in order
    end_of_day: bool = False
    standard: bool = False  # found under its own name, not named by the mapping

    @property
    def used(self) -> tuple[str, ...]:
        """Every header of the file that it needs."""
        flags = (self.by_flag.on_time[0], self.by_flag.late[0]) if self.by_flag else ()
        looked_up = (self.lookup.by,) if self.lookup and self.lookup.is_header else ()
        return (*self.headers, *flags, *looked_up, *(self.of.headers if self.of else ()))


@dataclass(frozen=True)
class Unpivot:
    """Wide to long: a row for every one of ``columns`` that is filled, its header and its value in two new columns."""

    names: str
    values: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class TableSource:
    """Where a table comes from."""

    name: str
    files: tuple[str, ...]  # names or patterns inside the exports folder; () = those of the table's own name
    layout: Layout
    null_values: tuple[str, ...]
    one_row_per: tuple[str, ...]  # canonical columns; () = a row for every row of the file
    columns: tuple[ColumnSource, ...]
    where: tuple[Where, ...] = ()  # all must hold, or the row is left out
    unpivot: Unpivot | None = None
    zone: str = ""  # of moments without an offset; "" = the project's
    is_whole: bool = False  # of the old form: a standard header that the mapping does not name is not taken

    @property
    def headers(self) -> tuple[str, ...]:
        """Every header of the file that the mapping names."""
        named = [header for column in self.columns for header in column.used]
        named += [where.header for where in self.where]
        made = (self.unpivot.names, self.unpivot.values) if self.unpivot else ()
        wide = self.unpivot.columns if self.unpivot else ()
        return tuple(dict.fromkeys([name for name in named if name not in made] + [*wide]))

    @property
    def makes_rows(self) -> bool:
        """Whether its rows are others than those of the file."""
        return bool(self.one_row_per or self.unpivot)


@dataclass(frozen=True)
class SourceMapping:
    """A whole mapping, checked against the contracts."""

    name: str
    title: Words
    note: Words
    tables: dict[str, TableSource]
    absent: tuple[tuple[str, str], ...]  # (table, column) that the source does not hold
    sha256: str
    absent_tables: tuple[str, ...] = ()
    format: int = 1  # 2: what is declared absent is not assessed; 1, the form before: it counts as never done

    @property
    def flagged(self) -> tuple[tuple[str, str], ...]:
        """The (table, column) pairs whose moments stand for a published flag: late or on time is all they tell."""
        return tuple(
            (name, column.name) for name, table in self.tables.items() for column in table.columns if column.by_flag
        )
