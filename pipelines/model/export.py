"""An export file as its reader gives it: a header, batches of text columns, and the rows that could not be read."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from pipelines.model.refusals import ContractStop
from pipelines.model.text import masked
from pipelines.model.words import Words


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
# Kinds of warnings that speak for an export that was cut.
CUT_SIGNS = CUT_IN_ROW, CUT_AT_ROW, THIN_MONTH = ("cut_in_row", "cut_at_row", "thin_month")


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
    """A header as it is compared: full-width folded, without blanks, case, byte order mark and how it is filled in."""
    plain = "".join(unicodedata.normalize("NFKC", header).split()).strip("\ufeff").casefold()
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
