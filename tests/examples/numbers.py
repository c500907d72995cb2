"""The numbers of a rulebook, each changed alone: where they stand, and what a change of one comes to."""

import importlib.util
import inspect
import re
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from random import Random
from shutil import copytree

import pytest

from pipelines import paths
from pipelines.model.words import Refusal, RulebookRefusal
from pipelines.paths import ROOT
from pipelines.rulebook.load import load_rulebook

BOOKS = sorted(folder.parent.name for folder in (ROOT / "examples").glob("*/rulebook"))
ON = date(2026, 7, 1)
NUMBER = re.compile(r"(?<![\w.\-/])-?\d+(\.\d+)?(?![\w\-/]|\.\d)")
WORDS = re.compile(r"\"[^\"]*\"|'[^']*'|\{zh:[^}]*\}|#.*|\[\[.*")  # what people read, and comments
KEY = re.compile(r"([A-Za-z_]+|[^\s{,:]+): ?\[?[^:]*$")


@dataclass(frozen=True)
class Place:
    """A number of a book outside of examples: its file, where it stands, and the key that it belongs to."""

    file: str
    start: int
    text: str
    key: str


def places(book: Path) -> list[Place]:
    """Every number that says something: of rules, measures, verdicts and the score sheet; none of an example."""
    found = []
    for file in sorted(book.rglob("*.yaml")):
        name, at, examples = file.relative_to(book).as_posix(), 0, False
        for line in file.read_text(encoding="utf-8").splitlines(keepends=True):
            said = line.lstrip()
            examples = said.startswith("examples:") or examples and said.startswith(("- {name:", "given:", "points:"))
            shown = "" if examples else WORDS.sub(lambda hidden: " " * len(hidden[0]), line)
            for number in NUMBER.finditer(shown):
                key = KEY.search(shown[: number.start()])
                found.append(Place(name, at + number.start(), number[0], key[1] if key else ""))
            at += len(line)
    return found


def others(text: str) -> list[str]:
    """What a number may become: a little more or less, a digit finer, much more, and nothing."""
    value, near = Fraction(text), Fraction(1, 10 ** len(text.partition(".")[2]))
    steps = (near, near / 10, 2 * near, 5 * near, 10 * near)
    found = [value + sign * step for step in steps for sign in (1, -1)]
    found += [2 * value, value / 2, 3 * value, 10 * value, Fraction(0)]
    return [decimal(one) for one in dict.fromkeys(found) if one != value]


def decimal(value: Fraction) -> str:
    """A number with all its places."""
    return f"{float(value):.6f}".rstrip("0").rstrip(".")


def drawn(book: str, most: int, seed: int = 20261129) -> list[tuple[Place, str]]:
    """So many changes of a book, or all that there are, in an order of its own."""
    every = [(place, other) for place in places(ROOT / "examples" / book / "rulebook") for other in others(place.text)]
    Random(f"{seed} {book}").shuffle(every)
    return every[:most]


def survivors(book: str, changes: list[tuple[Place, str]], work: Path) -> list[tuple[Place, str]]:
    """The changes that neither the book's examples notice, when it loads, nor the figures worked out for it."""
    folder, found = copytree(ROOT / "examples" / book / "rulebook", work / "examples" / book / "rulebook"), []
    (work / "rules").symlink_to(ROOT / "rules")
    load_rulebook(folder, ON)
    assert figures_hold(book, work), "the figures hold as the book is"
    for place, other in changes:
        file = folder / place.file
        text = file.read_text(encoding="utf-8")
        file.write_text(text[: place.start] + other + text[place.start + len(place.text) :], encoding="utf-8")
        try:
            load_rulebook(folder, ON)
            found += [(place, other)] if figures_hold(book, work) else []
        except RulebookRefusal:
            pass
        file.write_text(text, encoding="utf-8")
    return found


def figures_hold(book: str, root: Path) -> bool:
    """Whether the tests of an example pass for its book below another root; those that score whole runs are left."""
    spec = importlib.util.spec_from_file_location(f"figures_of_{book}", Path(__file__).parent / f"test_{book}.py")
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(paths, "ROOT", root)
        try:
            spec.loader.exec_module(module)
            for test in [one for name, one in vars(module).items() if name.startswith("test_")]:
                for given in _given(test):
                    test(**given)
        except (AssertionError, Refusal, LookupError, ValueError, pytest.fail.Exception):
            return False
    return True


def _given(test) -> list[dict]:
    """What a test is called with, of each of its cases; nothing for one that needs a fixture."""
    cases = [{}]
    for mark in getattr(test, "pytestmark", []):
        if mark.name != "parametrize":
            continue
        names = [name.strip() for name in mark.args[0].split(",")] if isinstance(mark.args[0], str) else [*mark.args[0]]
        rows = [row if len(names) > 1 else (row,) for row in mark.args[1]]
        cases = [case | dict(zip(names, row, strict=True)) for case in cases for row in rows]
    asked = set(inspect.signature(test).parameters)
    return [case for case in cases if asked == set(case)]
