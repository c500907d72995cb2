"""An invented city with two sheets, worked out by hand: bands, other full marks for counties, share, minimum rates."""

from datetime import date
from fractions import Fraction

import pytest

from pipelines.paths import ROOT
from pipelines.rulebook.load import load_rulebook
from pipelines.stages.rank import grade, rank
from tests.examples.counted import scored, verdicts

BOOK = load_rulebook(ROOT / "examples" / "two_sheets" / "rulebook", date(2026, 1, 1))
MONTH = "2026-01"


def counts(completed: int, satisfied: int, of: int = 100) -> dict[str, int]:
    return {"case_rows": of, "due": of, "completed": completed, "rated": of, "satisfied": satisfied}


@pytest.mark.parametrize(
    ("group", "completed", "score", "full"),
    [
        ("市直部门", 95, 60, 60), ("市直部门", 94, 50, 60), ("市直部门", 80, 40, 60), ("市直部门", 79, 20, 60),
        ("县(市、区)", 95, 40, 40), ("县(市、区)", 94, 30, 40), ("县(市、区)", 79, 0, 40),
    ],
)
def test_the_same_points_are_taken_of_other_full_marks(group, completed, score, full):
    scores, _, _ = scored(BOOK, MONTH, {"U1": counts(completed, 100)}, {"U1": group})
    item = scores["U1"].items["Q1"]
    assert (item.score, item.full_marks, scores["U1"].full_marks) == (score, full, full + 40)


def test_places_over_all_go_by_the_share_of_the_full_marks():
    """70 of 80 (87.5 %) is before 85 of 100, though it is fewer points."""
    units = {"county": counts(94, 100), "district": counts(94, 88)}
    scores, _, tallies = scored(BOOK, MONTH, units, {"county": "县(市、区)", "district": "市直部门"})
    assert [scores[unit].total for unit in units] == [70, Fraction("85.2")]
    standings = rank(BOOK, {}, tallies, scores)
    assert [(one.unit_id, one.rank) for one in standings] == [("county", 1), ("district", 2)]


@pytest.mark.parametrize(("satisfied", "expected"), [(75, "excellent"), (74, "good"), (38, "good"), (37, "pass")])
def test_a_grade_is_of_the_total(satisfied, expected):
    """60 + 0.4 × satisfied: 90, 89.6, 75.2, 74.8."""
    scores, _, tallies = scored(BOOK, MONTH, {"U1": counts(100, satisfied)}, {"U1": "市直部门"})
    assert grade(BOOK, scores["U1"], tallies["U1"]) == expected


@pytest.mark.parametrize(("satisfied", "of", "total", "expected"), [(3, 8, "75", "good"), (299, 400, "89.9", "good")])
def test_a_total_on_the_bound_has_the_grade_and_a_tenth_below_has_not(satisfied, of, total, expected):
    """60 + 40 × 3/8, 60 + 40 × 299/400."""
    scores, _, tallies = scored(BOOK, MONTH, {"U1": counts(of, satisfied, of=of)}, {"U1": "市直部门"})
    assert (scores["U1"].total, grade(BOOK, scores["U1"], tallies["U1"])) == (Fraction(total), expected)


@pytest.mark.parametrize(
    ("completed", "satisfied", "expected"),
    [
        (80, 60, set()),
        (79, 60, {"too_few_completed"}),
        (80, 59, {"too_few_satisfied"}),
        (79, 59, {"too_few_completed", "too_few_satisfied"}),
    ],
)
def test_a_rate_under_its_minimum_brings_an_order_to_mend(completed, satisfied, expected):
    scores, _, tallies = scored(BOOK, MONTH, {"U1": counts(completed, satisfied)}, {"U1": "市直部门"})
    assert {verdict for _, verdict in verdicts(BOOK, scores, tallies)} == expected
