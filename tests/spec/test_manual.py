"""The manual's own rules: a chapter of which a part would not be checked is refused, and a row that is wrong fails."""

from pathlib import Path

import pytest

from tests.spec.conftest import differences
from tests.spec.manual import Row, Unclear, read_chapter
from tests.spec.scenes import SCENES
from tests.toy.town import ISLAND

HERE = Path(__file__).parent
BOOK = {*ISLAND.book.measures, *ISLAND.book.items}
CHAPTERS = sorted(file for file in HERE.glob("*.md") if file.name[0].isdigit())
GOOD = """# 1 试 · Trial

开头。

An opening.

## 一 · One

先说。

```yaml usual
{a: 1}
```

And said.

| 给 given | → 得 out |
|---|---|
| `x \\| y` | 1 |
| | — |
"""


def read(place: Path, text: str):
    """The tables of a chapter whose scene knows `given`, `out` and the block `usual`."""
    file = place / "1_trial.md"
    file.write_text(text, encoding="utf-8")
    return read_chapter(file, {"given"}, {"out"}, {"usual"})


def test_a_chapter_is_its_tables_with_what_stands_above_them(tmp_path):
    [table] = read(tmp_path, GOOD)
    assert (table.heading, table.columns, table.blocks) == ("一 · One", ("given", "out"), {"usual": "{a: 1}\n"})
    assert [(row.line, row.given, row.expected) for row in table.rows] == [
        (19, {"given": "x | y"}, {"out": "1"}), (20, {"given": ""}, {"out": "—"}),
    ]


@pytest.mark.parametrize(("old", "new", "message"), [
    ("# 1 试 · Trial", "1 试 · Trial", "1: a chapter opens"),
    ("| 给 given |", "| 给 gift |", "17: “给 gift”: no scene knows what is given by it; known: given"),
    ("→ 得 out", "→ 得 in", "17: “→ 得 in”: no scene knows what is expected by it; known: out"),
    ("→ 得 out", "得 out", "17: “得 out”: no scene knows"),
    ("| 给 given | → 得 out |", "| given | given |", "17: two columns"),
    ("| 给 given | → 得 out |\n|---|---|\n| `x \\| y` | 1 |\n| | — |\n", "| given |\n|---|\n| 1 |\n",
     "17: a table of which nothing is expected"),
    ("|---|---|\n", "", "17: a table has a head, a line of dashes and rows"),
    ("| `x \\| y` | 1 |\n| | — |\n", "", "17: a table has a head"),
    ("| | — |", "| x | |", "20: an expected cell is empty"),
    ("| | — |", "| x | 1 | 2 |", "20: 3 cells under 2 columns"),
    ("```yaml usual", "```yaml unusual", "11: a block that no scene reads; known: usual"),
    ("```yaml usual", "```yaml", "11: a block that no scene reads"),
    ("}\n```\n", "}\n", "11: a block that is not closed"),
    ("## 一 · One", "## One", "7: a heading is"),
    ("## 一 · One", "### 一 · One", "7: a heading is"),
    ("## 一 · One", "## 二 · Two\n\n只说。\n\nOnly said.\n\n## 一 · One", "7: “二 · Two” has no table"),
    ("先说。", "Said.", "7: “一 · One” needs a paragraph in Chinese and one in English"),
    ("And said.", "又说。", "7: “一 · One” needs a paragraph"),
    ("An opening.", "", "1: “# 1 试 · Trial” needs a paragraph"),
    ("## 一 · One\n", "", "16: a table stands under a heading"),
])
def test_what_would_check_nothing_is_refused_by_file_and_line(tmp_path, old, new, message):
    assert GOOD.count(old) == 1
    with pytest.raises(Unclear) as refused:
        read(tmp_path, GOOD.replace(old, new))
    assert f"1_trial.md:{message}" in str(refused.value)


def test_there_are_seven_chapters_each_with_its_scene():
    assert [file.stem for file in CHAPTERS] == list(SCENES)


def test_every_word_that_the_chapters_may_use_is_used():
    """A column or block that no table uses is one that nothing shows to work; the book's own words are the book's."""
    used = set()
    for file in CHAPTERS:
        scene = SCENES[file.stem]
        for table in read_chapter(file, scene.given, scene.expected, scene.blocks):
            used |= {(scene.play, name) for name in (*table.blocks, *table.expected)}
            used |= {(scene.play, name) for row in table.rows for name, text in row.given.items() if text}
    known = {(scene.play, name) for scene in SCENES.values() for name in scene.given | scene.expected | scene.blocks}
    assert sorted(name for _, name in known - used if name.removesuffix(" notes") not in BOOK) == []


@pytest.mark.parametrize("file", CHAPTERS, ids=lambda file: file.stem)
def test_every_column_of_a_chapter_can_fail(file):
    """Another word in any expected cell of a table's first row is a difference, and the only one."""
    scene = SCENES[file.stem]
    for table in read_chapter(file, scene.given, scene.expected, scene.blocks):
        row = table.rows[0]
        found = scene.play(table, row)
        for column in row.expected:
            wrong = Row(row.line, row.given, {**row.expected, column: "otherwise"})
            assert [facts.partition(":")[0] for facts in differences(scene, wrong, found)] == [column]
