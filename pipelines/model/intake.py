"""What came in: a receipt per file, a breach per broken promise, and the account of rows."""

from dataclasses import dataclass, field

from pipelines.model.period import SPAN
from pipelines.model.register import NO_REGISTER, Register
from pipelines.model.words import Words


@dataclass(frozen=True)
class Receipt:
    """One export file as it was read; ``records`` is counted without DuckDB's reader."""

    table: str
    file: str  # path relative to the exports folder, `/` as separator
    format: str  # csv, csv.gz, xlsx, parquet, jsonl
    encoding: str  # utf-8, utf-8-sig, gb18030, or "" for binary formats
    sha256: str
    records: int
    notices: tuple[Words, ...] = ()  # extra columns, a second sheet, anything worth one line
    left_out: int = 0  # of the records, by the mapping's `where`
    blank: int = 0  # of the records, without any value
    unended: bool = False  # a text file whose last line has no line end


@dataclass(frozen=True)
class Breach:
    """One broken promise of one row; ``value`` is masked already where the column is restricted."""

    table: str
    file: str
    line: int
    key: str
    column: str
    promise: str
    value: str
    remedy: Words


@dataclass(frozen=True)
class Mended:
    """A row of a fix file and the row of an export file that it replaces."""

    table: str
    file: str
    line: int
    of_file: str
    of_line: int
    used: bool = True  # False: neither of the two is


@dataclass(frozen=True)
class RowCount:
    """The account of one table: read = accepted + quarantined + left out + blank + replaced."""

    read: int
    accepted: int
    quarantined: int
    left_out: int = 0  # by the mapping's `where`, or a decision on a case of another period
    blank: int = 0
    replaced: int = 0  # by a mended row, which counts in the file that brought it

    def __post_init__(self) -> None:
        if self.read != self.accepted + self.quarantined + self.left_out + self.blank + self.replaced:
            raise AssertionError(f"rows are lost: {self}")

    def counts(self) -> dict[str, int]:
        """The account by name; what a table need not have stands there only where it has it."""
        always = ("read", "accepted", "quarantined")
        return {name: n for name, n in vars(self).items() if n or name in always}


@dataclass(frozen=True)
class Intake:
    """Everything that reading the exports told, beside the raw tables themselves."""

    receipts: tuple[Receipt, ...]
    breaches: tuple[Breach, ...]  # rows that could not even be read: one or more breaches each
    broken: dict[str, int]  # table -> rows that could not be read (they are in no raw table)
    absent_tables: tuple[str, ...]  # optional tables without a file
    declared_absent: tuple[tuple[str, str], ...]  # (table, column) declared absent, by option or source mapping
    notices: tuple[Words, ...] = ()
    source: str = ""  # name of the source mapping, "" for canonical exports
    source_sha256: str = ""
    simulated: bool = False
    flagged: tuple[tuple[str, str], ...] = ()  # (table, column) whose moments only stand for a published flag
    stops: tuple[Words, ...] = ()  # reasons why nothing may be scored: a missing required table or column
    warnings: tuple[Breach, ...] = ()  # about whole files (line 0), and lines that were never meant as rows
    declared_tables: tuple[str, ...] = ()  # declared absent as a whole
    mended: tuple[Mended, ...] = ()  # by a fix file
    not_scored: frozenset[str] = frozenset()  # `incidents`, `cases.replied_at`: what needs them is not assessed

    def replaced(self, table: str) -> int:
        """How many rows of a table's own files a fix file replaces."""
        return sum(one.table == table for one in self.mended)


@dataclass(frozen=True)
class Validation:
    """The outcome of the contracts: the account per table and the warnings kept."""

    rows: dict[str, RowCount]
    breaches: tuple[Breach, ...]  # of quarantined rows, every broken promise, sorted
    warnings: tuple[Breach, ...]  # rows kept and reported
    notices: tuple[Words, ...] = ()
    stops: tuple[Words, ...] = ()  # reasons why nothing may be scored: a stop promise, a tolerance passed
    periods: dict[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)  # table -> (period, accepted rows)
    kind: str = SPAN  # of the period that was asked for
    register: Register = NO_REGISTER  # of units
