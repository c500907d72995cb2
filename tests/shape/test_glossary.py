"""The glossary: every word has its one twin and its meaning, and is a word that the project uses."""

import re
from collections import Counter

import pytest

from pipelines.paths import ROOT

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "GLOSSARY.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\| (?!word )\w", line)
]


def test_every_word_has_a_chinese_twin_and_a_meaning():
    assert len(ROWS) >= 30
    assert all(len(row) == 3 and all(row) and re.search(r"[一-鿿]", row[1]) for row in ROWS)


@pytest.mark.parametrize("column", [0, 1])
def test_no_word_stands_for_two_things(column):
    assert not [word for word, times in Counter(row[column] for row in ROWS).items() if times > 1]


def test_every_word_is_used_in_the_project():
    used = "\n".join(
        file.read_text(encoding="utf-8").lower()
        for folder in ("pipelines", "sql", "rules", "data_contracts")
        for file in (ROOT / folder).rglob("*.*")
        if file.suffix in {".py", ".sql", ".yaml", ".j2"}
    )
    assert [row[0] for row in ROWS if not re.search(rf"\b{row[0].replace(' ', '[ _]')}", used)] == []
