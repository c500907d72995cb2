"""A source mapping: how a foreign export reads as the tables of the contract."""

from dataclasses import dataclass

from pipelines.model.export import Layout
from pipelines.model.words import Words


@dataclass(frozen=True)
class ByFlag:
    """A moment that only a published flag tells: the deadline itself where on time, a second later where late.

    ``on_time`` and ``late`` are (source column, value) that say which.
    """

    deadline: str
    on_time: tuple[str, str]
    late: tuple[str, str]


@dataclass(frozen=True)
class After:
    """A moment some days after another column's, at the same time of day."""

    column: str
    days: int
    working: bool


@dataclass(frozen=True)
class Where:
    """A condition on one source column: its value is among ``values``, or is not."""

    header: str
    values: tuple[str, ...]  # an empty text stands for an empty cell
    among: bool


@dataclass(frozen=True)
class ColumnSource:
    """Where a canonical column comes from: exactly one of header, constant, after and by_flag."""

    name: str
    header: str = ""
    values: tuple[tuple[str, str], ...] = ()  # every value that may stand there -> canonical value
    otherwise: str | None = None  # any other value: `keep`, or a canonical value; None = a fault of its row
    formats: tuple[str, ...] = ()  # strptime formats, tried in order
    constant: str | None = None
    after: After | None = None
    by_flag: ByFlag | None = None


@dataclass(frozen=True)
class TableSource:
    """Where a table comes from."""

    name: str
    files: tuple[str, ...]  # names or patterns inside the exports folder
    layout: Layout
    null_values: tuple[str, ...]
    one_row_per: tuple[str, ...]  # canonical columns; () = a row for every row of the file
    columns: tuple[ColumnSource, ...]
    where: tuple[Where, ...] = ()  # all must hold, or the row is left out

    @property
    def headers(self) -> tuple[str, ...]:
        """Every header of the file that the mapping names."""
        flags = [flag for c in self.columns if c.by_flag for flag in (c.by_flag.on_time[0], c.by_flag.late[0])]
        conditions = [where.header for where in self.where]
        return tuple(dict.fromkeys([c.header for c in self.columns if c.header] + flags + conditions))


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
