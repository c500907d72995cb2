"""The standard rulebook in a folder of a test's own, to break in one place."""

from datetime import date
from pathlib import Path
from shutil import copytree

import pytest

from pipelines.model.words import RulebookRefusal
from pipelines.paths import RULES
from pipelines.rulebook.load import load_rulebook

TODAY = date(2026, 7, 1)
STANDARD = RULES / "standard"
# The score sheet as the oracle knows it: `tests/oracle/test_frozen.py` holds the standard edition to it, which may add.
FROZEN = Path(__file__).parents[1] / "oracle" / "frozen"


def changed(folder: Path, file: str, old: str, new: str, of: Path = STANDARD) -> Path:
    """A copy of the standard rulebook with one text of one file replaced; it must be there exactly once."""
    book = folder / "book"
    if not book.exists():
        copytree(of, book)
    text = (book / file).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {file}"
    (book / file).write_text(text.replace(old, new), encoding="utf-8")
    return book


def refused(book: Path, on: date = TODAY) -> str:
    """What a rulebook that must not load is refused with, in English."""
    with pytest.raises(RulebookRefusal) as caught:
        load_rulebook(book, on)
    words = caught.value.words
    assert words.zh and words.en and len(words.zh.splitlines()) <= 2
    return words.en
