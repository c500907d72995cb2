"""A chapter of the manual → its tables: prose beside what is given and what must come of it, every row a test.

The form, refused with file and line where it is not kept:

- `# title` opens the chapter; every `## 中文 · English` below it holds prose in both languages and at least one table.
- A column of a table is given, or expected where its head begins with `→`. Chinese words in a head are for the reader;
  the rest is the name, which the chapter's scenes must know. Something is expected of every table, and of every row.
- A fenced block is named after its language (```` ```yaml units ````), is given to the tables below it up to the next
  heading, and must be one that the chapter's scenes know.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHINESE = re.compile(r"[　-〿一-鿿＀-￯]+")
FENCE = re.compile(r"```(\w+) (\S+)")
RULE = re.compile(r"\|(?: ?:?-+:? ?\|)+")
EXPECTED = "→"


class Unclear(ValueError):
    """A chapter that cannot be read as tests; the message begins with file and line."""


@dataclass(frozen=True)
class Row:
    """One row of a table: cells by column name, what is given apart from what is expected."""

    line: int
    given: dict[str, str]
    expected: dict[str, str]

    @property
    def name(self) -> str:
        """The row as a test is called: what is given, and its line."""
        return " · ".join((str(self.line), *(text for text in self.given.values() if text)))[:60]


@dataclass(frozen=True, eq=False)
class Table:
    """A table under a heading, and the fenced blocks that hold for it."""

    heading: str
    line: int
    columns: tuple[str, ...]
    expected: tuple[str, ...]
    rows: tuple[Row, ...]
    blocks: dict[str, str]


def read_chapter(file: Path, given: set[str], expected: set[str], blocks: set[str]) -> list[Table]:
    """The tables of a chapter, whose columns and blocks must be among those that its scenes know."""
    return list(_Reader(file, given, expected, blocks).tables())


class _Reader:
    def __init__(self, file: Path, given: set[str], expected: set[str], blocks: set[str]):
        self.name, self.known = file.name, {"given": given, "expected": expected, "block": blocks}
        self.lines = file.read_text(encoding="utf-8").splitlines()

    def tables(self) -> Iterator[Table]:
        """Every table in order; Unclear for whatever is in no form that a test could be made of."""
        if not self.lines or not self.lines[0].startswith("# "):
            raise self._unclear(1, "a chapter opens with `# title`")
        heading, since, held, blocks, prose = "", 1, True, {}, []
        at = 1
        while at < len(self.lines):
            line = self.lines[at]
            if line.startswith("#"):
                self._must_be_whole(since, heading, held, prose)
                heading, since, held, blocks, prose = self._heading(at), at + 1, False, {}, []
                at += 1
            elif line.startswith("```"):
                name, text, at = self._block(at)
                blocks = {**blocks, name: text}
            elif line.startswith("|"):
                below = range(at, len(self.lines))
                end = next((n for n in below if not self.lines[n].startswith("|")), len(self.lines))
                yield self._table(heading, at, end, blocks)
                held, at = True, end
            else:
                prose.append(line)
                at += 1
        self._must_be_whole(since, heading, held, prose)

    def _heading(self, at: int) -> str:
        line = self.lines[at]
        if not line.startswith("## ") or line.count(" · ") != 1 or not CHINESE.search(line):
            raise self._unclear(at + 1, "a heading is `## 中文 · English`")
        return line.removeprefix("## ").strip()

    def _must_be_whole(self, line: int, heading: str, held: bool, prose: list[str]) -> None:
        if not held:
            raise self._unclear(line, f"“{heading}” has no table: nothing checks what it says")
        facts = [text for text in "\n".join(prose).split("\n\n") if text.strip()]
        if not any(CHINESE.search(text) for text in facts) or all(CHINESE.search(text) for text in facts):
            raise self._unclear(line, f"“{heading or self.lines[0]}” needs a paragraph in Chinese and one in English")

    def _block(self, at: int) -> tuple[str, str, int]:
        opened = FENCE.fullmatch(self.lines[at])
        if not opened or opened[2] not in self.known["block"]:
            raise self._unclear(at + 1, f"a block that no scene reads; known: {self._names('block')}")
        try:
            end = self.lines.index("```", at + 1)
        except ValueError:
            raise self._unclear(at + 1, "a block that is not closed") from None
        return opened[2], "\n".join(self.lines[at + 1 : end]) + "\n", end + 1

    def _table(self, heading: str, at: int, end: int, blocks: dict[str, str]) -> Table:
        if not heading:
            raise self._unclear(at + 1, "a table stands under a heading")
        if end - at < 3 or not RULE.fullmatch(self.lines[at + 1]):
            raise self._unclear(at + 1, "a table has a head, a line of dashes and rows")
        columns = [self._column(cell, at) for cell in _cells(self.lines[at])]
        names = [name for name, _ in columns]
        if len(set(columns)) < len(columns):
            raise self._unclear(at + 1, "two columns of one name")
        expected = tuple(name for name, is_expected in columns if is_expected)
        if not expected:
            raise self._unclear(at + 1, f"a table of which nothing is expected: no column begins with {EXPECTED}")
        rows = tuple(self._row(columns, line) for line in range(at + 2, end))
        return Table(heading, at + 1, tuple(names), expected, rows, blocks)

    def _column(self, cell: str, at: int) -> tuple[str, bool]:
        is_expected = cell.startswith(EXPECTED)
        name = " ".join(CHINESE.sub(" ", cell.removeprefix(EXPECTED)).replace("`", "").split())
        kind = "expected" if is_expected else "given"
        if name not in self.known[kind]:
            raise self._unclear(at + 1, f"“{cell}”: no scene knows what is {kind} by it; known: {self._names(kind)}")
        return name, is_expected

    def _row(self, columns: list[tuple[str, bool]], at: int) -> Row:
        cells = _cells(self.lines[at])
        if len(cells) != len(columns):
            raise self._unclear(at + 1, f"{len(cells)} cells under {len(columns)} columns")
        found = list(zip(columns, map(_text, cells), strict=True))
        given, expected = ({name: text for (name, of), text in found if of is kind} for kind in (False, True))
        if not all(expected.values()):
            raise self._unclear(at + 1, "an expected cell is empty; nothing at all is written —")
        return Row(at + 1, given, expected)

    def _names(self, kind: str) -> str:
        return ", ".join(sorted(self.known[kind]))

    def _unclear(self, line: int, what: str) -> Unclear:
        return Unclear(f"{self.name}:{line}: {what}")


def _cells(line: str) -> list[str]:
    return [cell.replace(r"\|", "|").strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


def _text(cell: str) -> str:
    return cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == "`" and cell.count("`") == 2 else cell
