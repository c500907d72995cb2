"""The glossary: every word has its one twin and its meaning, and is a word that the project uses."""

import ast
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from pipelines.paths import ROOT
from tests.shape.source import modules

WORDS, _, NAMES = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8").partition("## What code does not say")


def rows(text: str) -> list[list[str]]:
    """The rows of the tables in a text, without their heads."""
    lines = [line for line in text.splitlines() if re.match(r"\| (?!(word|not) )\w", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


ROWS, AVOIDED = rows(WORDS), rows(NAMES)


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


def names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of every name that a module gives or uses."""
    for node in ast.walk(tree):
        for field in ("id", "arg", "attr", "name", "asname"):
            if isinstance(name := getattr(node, field, None), str):
                yield getattr(node, "lineno", 0), name


def parts(name: str) -> set[str]:
    """The words of a name, in small letters and the singular: `AssessmentRows` has assessment and row."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    return {form for word in words for form in (word.lower(), word.lower().removesuffix("s"))}


@pytest.mark.parametrize(("word", "instead", "unless"), AVOIDED)
def test_no_name_in_code_says_in_another_word_what_the_glossary_has_one_for(word, instead, unless):
    allowed = set(re.findall(r"`(\w+)`", unless))
    found = [
        f"{module}:{line} {name}"
        for module, tree in modules().items()
        if module.split(".")[1:2] != [] and module.split(".")[1] not in allowed
        for line, name in names(tree)
        if word in parts(name) and name not in allowed
    ]
    assert not found, f"say {instead}: " + ", ".join(found)


def test_names_are_taken_apart():
    assert parts("draw_assessments") == {"draw", "assessments", "assessment"}
    assert "assessment" in parts("MissingAssessment") and "chart" not in parts("Statechart")
    assert [name for _, name in names(ast.parse("def f(ticket): self.tickets = 1"))] == [
        "f",
        "ticket",
        "tickets",
        "self",
    ]
