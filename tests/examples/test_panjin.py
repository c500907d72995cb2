"""Panjin's published totals come out of the weighted rates behind them (rule-language.md, "Real cities")."""

from datetime import date
from fractions import Fraction

import pytest

from pipelines.paths import ROOT
from pipelines.rulebook import load_rulebook
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
