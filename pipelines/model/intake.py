"""What came in: a file as its reader gives it, a receipt per file, a breach per broken promise, the account of rows."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.model.period import SPAN
from pipelines.model.register import NO_REGISTER, Register
from pipelines.model.text import masked
from pipelines.model.words import ContractStop, Words

# An export file as its reader gives it: a header, batches of text columns, and the rows that could not be read.


class UnreadableExport(ContractStop):
    """A whole file that cannot be read: nothing may be scored from the rest of it."""


@dataclass(frozen=True)
class Known:
    """The headers, folded, by which a table is recognised: all that are accepted, and those of each needed column."""

    headers: frozenset[str]
    needed: tuple[frozenset[str], ...] = ()
    others: frozenset[str] = frozenset()  # folded names of the other tables


@dataclass(frozen=True)
class Layout:
    """How a file is laid out, where a source mapping knows; empty values are found out by the reader."""

    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    header_row: int = 0  # 1-based line of the header; 0 = the first line that is not blank
    sheets: tuple[str, ...] = ()  # names or patterns of the only sheets to look at
    path: tuple[str, ...] = ()  # keys that lead to the array of rows in a JSON file


# Faults of lines that were never meant as rows: told of, and no part of the account.
NO_ROWS = ("footer", "repeated_header")
# Raw tables beside a table's own: its rows that a reader could not read, and those that a source mapping could not.
KEPT_OUT = ("aside", "unread")
# Kinds of warnings that speak for an export that was cut, of which a part was chosen, whose columns were exchanged, or
# that lost what columns held.
DAMAGE_SIGNS = (CUT_IN_ROW, CUT_AT_ROW, THIN_MONTH, EXCHANGED, REVERSED, MIDNIGHT, UNFILLED, UNIFORM, SAME) = (
    *("cut_in_row", "cut_at_row", "thin_month", "exchanged", "reversed", "midnight", "unfilled", "uniform", "same"),
)
# Kinds that speak for a slip, such as another year, or a column that was pasted one row off.
SLIPS = (FAR, ELSEWHERE, CROSSED, UNPAIRED, GAP) = ("far", "elsewhere", "crossed", "unpaired", "gap")


@dataclass(frozen=True)
class Notice(Words):
    """A sentence about a whole file, or one of its lines, that stands on the screen and in `warnings.csv`."""

    kind: str = "file"
    value: str = ""
    file: str = ""  # relative to the exports folder
    table: str = ""  # where it is of one
    public: Words | None = None  # what public pages say instead, where that is less


@dataclass(frozen=True)
class Fault:
    """A row that could not be read; ``value`` says what is wrong without repeating the row's text."""

    line: int  # 1-based
    promise: str  # encoding, nul_byte, bare_cr, stray_quote, field_count, json, …, or one of a source mapping
    value: str
    column: str = ""
    key: str = ""
    again: bool = False  # a further fault of a row that has one already


@dataclass(frozen=True)
class OddCell:
    """A cell that its text cannot stand for: an error, a formula without a value, part of a merged area."""

    row: int  # in the batch
    column: int  # in the header
    kind: str
    value: str  # what a person sees, with its address


@dataclass(frozen=True)
class Batch:
    """Some rows of a file, column by column: texts or None, in lists or Arrow arrays."""

    lines: Sequence[int]  # the line of every row
    columns: tuple[Sequence[str | None], ...]  # in the order of the header
    faults: tuple[Fault, ...] = ()
    odd: tuple[OddCell, ...] = ()
    part: str = ""  # the sheet, where several of a file are read
    left_out: int = 0  # rows that the mapping's `where` leaves out
    blank: int = 0  # rows without any value
    aside: tuple[tuple[int, tuple[str | None, ...]], ...] = ()  # line and cells of rows that have a fault, where known
    unread: tuple[tuple[int, tuple[str | None, ...]], ...] = ()  # the same of a mapping, as far as it could make them

    @property
    def records(self) -> int:
        """How many rows the file holds here, readable or not."""
        return len(self.lines) + self.left_out + self.blank + self.faulty

    @property
    def faulty(self) -> int:
        """How many of them could not be read."""
        return sum(fault.promise not in NO_ROWS and not fault.again for fault in self.faults)


@dataclass(frozen=True)
class Export:
    """An opened file: its header is known, its rows come batch by batch."""

    header: tuple[str, ...]  # () = an empty file
    batches: Callable[[], Iterator[Batch]]
    encoding: str = ""
    notices: tuple[Notice, ...] = ()
    sha256: str = ""  # of the bytes that were read; "" = not taken while reading
    later: list[Notice] = field(default_factory=list)  # what reading the rows told
    unended: list[int] = field(default_factory=list)  # found while reading: the last line, where no line end follows


# How a column is filled in, around its name: `*单位编码`, `得分（必填）`, `日期(yyyy-mm-dd)`.
_FILLED_IN = re.compile(r"^[*※]+|(\((必填|必填项|必录|非必填|选填|可选|required|optional|y{2,4}[^()]*)\)|[*※])+$")


def folded(header: str) -> str:
    """A header as it is compared: full-width folded, without blanks, case, invisible signs and how it is filled in."""
    seen = (sign for sign in unicodedata.normalize("NFKC", header) if unicodedata.category(sign) != "Cf")
    plain = "".join("".join(seen).split()).casefold()
    return _FILLED_IN.sub("", plain) or plain


# Lines of a table that people and programs put below or between the rows: totals, signatures, counts, remarks.


SHOWN = 60
MOST_CELLS = 4  # a signature line names who filled in, who checked, and when
_FOOTER = re.compile(
    r"(合\s*计|总\s*计|小\s*计|共\s*计|累\s*计|总数|备\s*注|说\s*明|注\s*\d*\s*[:：]|(制|填)\s*(表|报|单)\s*(人|单位|日期|时间)?|审\s*(核|批)|复\s*核|经办人|负责人"
    r"|(统计|导出|打印|生成|查询)\s*(人|日期|时间|单位)|数据来源|共\s*[\d,]+\s*(条|行|件|笔|页)|第\s*\d+\s*页"
    r"|.{1,60}\s(汇总|计数|小计|合计|平均值|最大值|最小值|total|count|average)$"  # of a group, as Excel's subtotals
    r"|(grand |sub)?total\b|end\b|eof\b|\(?[\d,]+ rows?\b|[-=*#]{2,}|#)",
    re.IGNORECASE,
)


def is_footer(cells: Sequence[str | None]) -> bool:
    """Whether few cells of a row are filled and the first of them is what stands below a table."""
    filled = [unicodedata.normalize("NFKC", cell).strip() for cell in cells if cell and cell.strip()]
    return 0 < len(filled) <= MOST_CELLS and bool(_FOOTER.match(filled[0]))


def shown_footer(cells: Sequence[str | None]) -> str:
    """The first cell, for the reader to find the line by."""
    return masked(next(cell.strip() for cell in cells if cell and cell.strip()))[:SHOWN]


# What came in: a receipt per file, a breach per broken promise, and the account of rows.


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


REFERENCE_REJECTED = "reference_rejected"
NO_OWN_FAULT = ("duplicate_row", REFERENCE_REJECTED)  # promises that a row breaks by another row's fault


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
    source_title: Words = Words("", "")  # what pages call the source
    simulated: bool = False
    flagged: tuple[tuple[str, str], ...] = ()  # (table, column) whose moments only stand for a published flag
    stops: tuple[Words, ...] = ()  # reasons why nothing may be scored: a missing required table or column
    warnings: tuple[Breach, ...] = ()  # about whole files (line 0), and lines that were never meant as rows
    declared_tables: tuple[str, ...] = ()  # declared absent as a whole
    mended: tuple[Mended, ...] = ()  # by a fix file
    not_scored: frozenset[str] = frozenset()  # `incidents`, `cases.replied_at`: what needs them is not assessed
    decisive: Mapping[str, Mapping[str, Words]] = field(default_factory=dict)  # columns by table, with their measures

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
