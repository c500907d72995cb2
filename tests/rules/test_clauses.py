"""Every clause has what implements and what tests it, and what is named as honouring it is there."""

from pathlib import Path

import pytest

from pipelines.catalogue import catalogue, gaps
from pipelines.model.words import RulebookRefusal
from pipelines.paths import ROOT
from pipelines.rulebook.load import load_rulebook
from tests.rules.book import STANDARD, TODAY, changed
from tests.rules.standard import lines, unit
from tests.toy.town import award

# The clauses of the regulation, counted in its text. Letter and number apart: a list of them all tests none of them.
NUMBERS = {
    "K": "0.1 0.2",
    "M": "0.1 1 2 3",
    "E": "0.1 1 1.0 2 2.0 3 3.0 4 4.0 5 5.1 5.2 5.3 5.4 5.5 6 6.0 7 7.0",
    "A": "0.1 0.2 1 1.1 1.2 1.3 2 2.1 2.2 2.3 3 3.1 3.2 3.3 3.4 4 4.1 4.2 4.3 4.4",
}
REGULATION = [f"{letter}{number}" for letter, numbers in NUMBERS.items() for number in numbers.split()]
TESTS = ROOT / "tests"
SOURCES = "honoured by: query facts/final_evaluations, contract adjustments.action, page evaluators/panel#overturned"


def rows(folder: Path = STANDARD, tests: Path = TESTS) -> list[dict]:
    """The catalogue of a rulebook."""
    return catalogue(load_rulebook(folder, TODAY), tests)


def test_no_clause_is_without_what_implements_and_tests_it():
    found = rows()
    assert [row["clause"] for row in found] == REGULATION
    assert gaps(found) == []


def test_a_clause_that_nothing_honours_any_more_is_a_gap_and_so_is_its_heading(tmp_path):
    found = rows(changed(tmp_path, "regulation.md", f"- {SOURCES}\n", ""))
    assert gaps(found) == []  # two settings name E6.0
    line = "- honoured by: section A1, section A2, section A3, section A4\n"
    assert gaps(rows(changed(tmp_path, "regulation.md", line, ""))) == ["A0.2"]
    line = next(one for one in (STANDARD / "regulation.md").read_text("utf-8").splitlines() if "panel#hard" in one)
    assert gaps(rows(changed(tmp_path, "regulation.md", f"{line}\n", ""))) == ["E3", "E3.0", "A0.2"]


def test_clauses_that_no_test_names_are_gaps(tmp_path):
    (tmp_path / "test_one.py").write_text('"""A3.1 and E7.0."""\n', encoding="utf-8")
    found = gaps(rows(tests=tmp_path))
    assert set(REGULATION) - set(found) == {"A3.1", "E7", "E7.0"}


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("query facts/final_evaluation", "facts/final_evaluations"),
        ("contract adjustments.actions", "adjustments.action"),
        ("contract evaluations.reason_required_when_rate", "evaluations.reason_required_when_rated"),
        ("page evaluators/panel#overturn", "evaluators/panel#overturned"),
        ("command evaluators apointments", "evaluators appointments"),
        ("section A9", "A"),
        ("pages evaluators/panel", "page"),
        ("evaluators/panel", "page"),
    ],
)
def test_something_named_that_is_not_there_is_refused_with_the_nearest_name(tmp_path, written, hint):
    book = changed(tmp_path, "regulation.md", f"- {SOURCES}", f"- honoured by: {written}")
    with pytest.raises(RulebookRefusal) as caught:
        rows(book)
    message = caught.value.words
    assert written in message.en and "E6.0" in message.en and "regulation.md" in message.zh
    assert hint in message.en.split(written)[-1]


def test_an_adopted_suggestion_adds_two_points_and_each_matter_counts():
    """A4.2: two suggestions of one matter earn once, of two matters twice."""
    one = award("W1", "suggestion_adopted", "夜间巡查"), award("W2", "suggestion_adopted", "网上办理")
    assert lines(unit(awards=one[:1]), "A4") == [("suggestion_adopted", "2.00")]
    assert lines(unit(awards=one), "A4") == [("suggestion_adopted", "2.00")] * 2
    same = award("W1", "suggestion_adopted", "夜间巡查"), award("W2", "suggestion_adopted", "夜间巡查")
    assert sum(float(points) for _, points in lines(unit(awards=same), "A4")) == 2
