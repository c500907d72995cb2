"""Every rule's own examples, one by one, through the judge of record."""

from fractions import Fraction

import pytest

from pipelines.rulebook.examples import outcome
from pipelines.rulebook.load import load_rulebook
from tests.rules.book import STANDARD, TODAY

BOOK = load_rulebook(STANDARD, TODAY)
EXAMPLES = [(rule, example) for rule in BOOK.rules.values() for example in rule.examples]


@pytest.mark.parametrize(("rule", "example"), EXAMPLES, ids=lambda part: getattr(part, "id", None) or part["name"])
def test_an_example_comes_out(rule, example):
    assert outcome(BOOK, rule, example) == Fraction(example["points"])


def test_every_clause_of_the_score_sheet_has_a_rule_that_names_it():
    """A1.1 to A4.4."""
    named = {rule.clause for rule in BOOK.rules.values()}
    assert named == {id for id in BOOK.clauses if id[:2] in ("A1", "A2", "A3", "A4") and "." in id}


def test_every_file_of_the_rulebook_is_a_rule_in_force():
    files = {file.relative_to(STANDARD).as_posix() for file in STANDARD.glob("*/*.yaml")}
    declared = {measure.file for id, measure in BOOK.measures.items() if id != "case_rows"}
    assert files == {rule.file for rule in BOOK.rules.values()} | declared
