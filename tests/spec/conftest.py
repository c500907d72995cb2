"""The manual as tests: each numbered chapter is collected, each row of its tables runs under its heading's name."""

from itertools import groupby
from pathlib import Path

import pytest

from tests.spec.manual import Row, Table, Unclear, read_chapter
from tests.spec.scenes import SCENES, Scene

NOTHING = "—"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "Chapter | None":
    """A chapter is a numbered Markdown file of this folder."""
    if file_path.suffix == ".md" and file_path.name[0].isdigit() and file_path.parent == Path(__file__).parent:
        return Chapter.from_parent(parent, path=file_path)
    return None


class Otherwise(Exception):
    """What comes out is not what the manual says."""


class Chapter(pytest.File):
    """One file of the manual."""

    def collect(self):
        """Its headings, each with the tables under it."""
        if self.path.stem not in SCENES:
            raise self.CollectError(f"{self.path.name}: no scenes are told for this chapter")
        scene = SCENES[self.path.stem]
        try:
            tables = read_chapter(self.path, scene.given, scene.expected, scene.blocks)
        except Unclear as problem:
            raise self.CollectError(str(problem)) from None
        for heading, below in groupby(tables, key=lambda table: table.heading):
            yield Heading.from_parent(self, name=heading, scene=scene, tables=list(below))


class Heading(pytest.Collector):
    """What a heading says."""

    def __init__(self, scene: Scene, tables: list[Table], **more):
        super().__init__(**more)
        self.scene, self.tables = scene, tables

    def collect(self):
        """A test for every row of every table."""
        for table in self.tables:
            for row in table.rows:
                yield Told.from_parent(self, name=row.name, scene=self.scene, table=table, row=row)


class Told(pytest.Item):
    """One row: what is given comes to what is expected."""

    def __init__(self, scene: Scene, table: Table, row: Row, **more):
        super().__init__(**more)
        self.scene, self.table, self.row = scene, table, row

    def runtest(self) -> None:
        """Every expected cell says what comes out."""
        wrong = differences(self.scene, self.row, self.scene.play(self.table, self.row))
        if wrong:
            raise Otherwise("\n".join(wrong))

    def repr_failure(self, excinfo, style=None):
        """A row that is not kept is told in a line a column; any other error as pytest tells it."""
        if excinfo.errisinstance(Otherwise):
            return f"{self.path.name}:{self.row.line}: {excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        """File, line and name."""
        return self.path, self.row.line - 1, f"{self.path.stem}: {self.table.heading}: {self.name}"


def differences(scene: Scene, row: Row, found: dict[str, str]) -> list[str]:
    """The expected cells that come out otherwise; a text is met by a part of it."""
    wrong = []
    for column, wanted in row.expected.items():
        got = found[column] or NOTHING
        met = wanted in got if column in scene.texts and wanted != NOTHING else wanted == got
        if not met:
            wrong.append(f"{column}: expected {wanted}, found {got}")
    return wrong
