"""A number of an example book that is changed is noticed, or it is listed here why nothing could notice it.

By the book's own examples when it loads, else by the figures that its tests work out.
"""

from collections.abc import Callable
from fractions import Fraction

import pytest

from pipelines.model.measure import columns_of
from pipelines.paths import ROOT
from pipelines.rulebook.load import load_rulebook
from tests.examples.numbers import BOOKS, ON, Place, drawn, places, survivors

A_HUNDRED, A_FEW = 100, 12
OF_EVALUATORS = {"final_rating", "evaluation_pending", "rated", "satisfied"}  # derived from evaluations
Same = tuple[str, str, str, str, Callable[[Fraction], bool], str]
EVALUATION = ("working_days", "reminder_after_hours")
# Book, file, key and text of a number; the values by which it is the same book; why.
EQUIVALENT: list[Same] = [
    ("hillside", "H1/completion_place.yaml", "points", "40", lambda n: n > 40, "the item has 40 marks"),
    ("hillside", "I2/articles.yaml", "points", "10", lambda n: n > 10, "the item has 10 marks"),
    ("hillside", "I2/articles.yaml", "points", "0", lambda n: n < 0, "the item is never below 0"),
    ("lakeside", "rulebook.yaml", "cap", "108", lambda n: n > 108, "100 marks and a bonus of 8 are all there is"),
    ("lakeside", "rulebook.yaml", "floor", "10", lambda n: n <= 15, "the lowest of the item's bands is 15"),
    ("lakeside", "rulebook.yaml", "floor", "0", lambda n: n <= 15, "M1 alone is never under 15; a veto comes later"),
    ("lakeside", "rulebook.yaml", "at_least", "0", lambda n: n < 0, "no total is below 0"),
    ("street_year", "rulebook.yaml", "at_least", "0", lambda n: n < 0, "no total is below 0"),
    ("two_sheets", "rulebook.yaml", "at_least", "0", lambda n: n < 0, "no total is below 0"),
]
# What only whole runs of the book tell, which are tried by other tests than these.
OF_RUNS = {
    ("street_year", "rulebook.yaml", "year_starts"): "test_street_year: the year from November to October",
    ("street_year", "rulebook.yaml", "at_least"): "test_street_year: grades of the year",
}


def why(book: str, place: Place, other: str) -> str:
    """Why nothing notices the change; "" where something should."""
    if place.key in EVALUATION and not asks_evaluators(book):
        return "no measure of the book looks at what evaluators say"
    if told := OF_RUNS.get((book, place.file, place.key)):
        return told
    for named, file, key, text, same, reason in EQUIVALENT:
        if (named, file, key, text) == (book, place.file, place.key, place.text) and same(Fraction(other)):
            return reason
    return ""


def asks_evaluators(book: str) -> bool:
    measures = load_rulebook(ROOT / "examples" / book / "rulebook", ON).measures.values()
    return any(OF_EVALUATORS & columns_of(part) for one in measures for part in one.where)


def unnoticed(book: str, most: int, work) -> list:
    changes = [(place, other) for place, other in drawn(book, most) if not why(book, place, other)]
    return survivors(book, changes, work)


@pytest.mark.parametrize("book", BOOKS)
def test_a_changed_number_is_noticed(book, tmp_path):
    assert unnoticed(book, A_FEW, tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("book", BOOKS)
def test_a_hundred_changed_numbers_are_noticed(book, tmp_path):
    assert len(drawn(book, A_HUNDRED)) == A_HUNDRED
    assert unnoticed(book, A_HUNDRED, tmp_path) == []


def test_no_number_of_an_example_and_none_in_words_is_changed():
    found = places(ROOT / "examples" / "lianyungang" / "rulebook")
    told = {(one.file, one.key, one.text) for one in found}
    assert {("B1.2/satisfaction.yaml", "at", "98"), ("rulebook.yaml", "floor", "12.5")} <= told
    assert not {one.text for one in found} & {"12345", "12.2", "9499", "150"}
