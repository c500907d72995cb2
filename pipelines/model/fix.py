"""The fix file, `fix.xlsx`: quarantined rows for a person to mend, and how they are told apart.

A sheet a table, named like it; the columns below before those of the contract, headed in Chinese. The sheet
`originals` names the export files that the rows are from, with their sha256.
"""

from dataclasses import dataclass

from pipelines.model.contract import TableContract

NAME = "fix.xlsx"
ORIGINALS = "originals"
FILE, LINE, USE, WHY = "来源文件", "来源行", "采用", "问题与办法"
OWN = (FILE, LINE, USE, WHY)
SHA256 = "sha256"
YES, NO = "是", "否"
FOR_REFERENCE = "（仅供参考）"  # ends the header of a column that nobody is to read as data
KEPT = "（不显示，沿用原值）"  # a restricted cell that is not at fault


@dataclass(frozen=True)
class ToMend:
    """A row of a fix file: where it is from, its cells by column, and what is wrong."""

    file: str
    line: int
    cells: dict[str, str | None]
    why: str = ""
    at_fault: frozenset[str] = frozenset()
    used: bool = True


@dataclass(frozen=True)
class FixSheet:
    """The rows of one table, and what of it does not stand there."""

    contract: TableContract
    rows: tuple[ToMend, ...]
    more: int = 0
    unread: int = 0
