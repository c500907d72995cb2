"""Panjin's published totals come out of the weighted rates behind them (rule-language.md, "Real cities")."""

from datetime import date
from fractions import Fraction

import pytest

from pipelines.paths import ROOT
from pipelines.rulebook.load import load_rulebook
from tests.examples.counted import scored

BOOK = load_rulebook(ROOT / "examples" / "panjin" / "rulebook", date(2023, 1, 1))
MONTH = "2023-01"


@pytest.mark.parametrize(
    ("completed", "satisfied", "weighted", "total"),
    [
        (1931, 2000, "99.31", "99.3"),
        (1921, 2000, "99.21", "99.2"),
        (1912, 2000, "99.12", "99.1"),
        (1744, 2000, "97.44", "97.4"),
        (2000, 2000, "100", "100"),
        (1895, 2000, "98.95", "99.0"),  # half a tenth goes up
    ],
)
def test_the_published_totals(completed, satisfied, weighted, total):
    counted = {"due": 2000, "completed": completed, "rated": 2000, "satisfied": satisfied}
    counted |= {"answered_in_time": 2000, "called_back": completed}  # the two further rates at 100
    scores, _, _ = scored(BOOK, MONTH, {"U1": counted})
    assert sum(item.score for item in scores["U1"].items.values()) == Fraction(weighted)
    assert scores["U1"].total == Fraction(total)


def test_only_the_total_is_rounded():
    """By hand: 20 + 360/13 + 300/13 + 300/13 = 93.846…; of items rounded to two decimals 93.85, which would be 93.9."""
    counted = {"due": 13, "completed": 13, "rated": 13, "satisfied": 12, "answered_in_time": 12, "called_back": 12}
    scores, entries, _ = scored(BOOK, MONTH, {"U1": counted})
    assert scores["U1"].total == Fraction("93.8")
    assert scores["U1"].items["C2"].exact == Fraction(360, 13) and scores["U1"].items["C2"].score == Fraction("27.692")
    assert {line.item_id for line in entries if line.rule_id == "rounding"} <= {"ALL"}
