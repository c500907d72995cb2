"""Lianyungang's published figures come out to the digit (rule-language.md, "Real cities")."""

from datetime import date
from fractions import Fraction

import pytest

from pipelines.paths import ROOT
from pipelines.rulebook.load import load_rulebook
from tests.examples.counted import scored

FOLDER = ROOT / "examples" / "lianyungang" / "rulebook"
PUBLISHED = [
    ("2023-01", {"due": 167, "in_time": 150}, "B1.1", "14.82"),
    ("2023-01", {"rated": 8, "satisfied": 7}, "B1.2", "19.75"),  # 87.5 %
    ("2023-01", {"rated": 6, "satisfied": 5}, "B1.2", "17.67"),  # 83.33 %
    ("2023-01", {"due": 3, "in_time": 2}, "B1.1", "0"),  # 66.67 %
    ("2023-01", {"rated": 2, "satisfied": 1}, "B1.2", "12.50"),
    ("2022-02", {"rated": 2, "satisfied": 1}, "B1.2", "12.50"),
    ("2022-02", {"rated": 3, "satisfied": 2}, "B1.2", "12.50"),
    ("2022-02", {"rated": 17, "satisfied": 12}, "B1.2", "12.80"),
]
# 79.84496 %: rounded to two decimals first it costs 15.16; to three, 15.155, and the score would be 4.85.
WORKED = [("2023-01", {"due": 129, "in_time": 103}, "B1.1", "4.84")]


@pytest.mark.parametrize(("month", "counted", "item", "points"), [*PUBLISHED, *WORKED])
def test_the_published_figures(month, counted, item, points):
    book = load_rulebook(FOLDER, date.fromisoformat(f"{month}-01"))
    scores, entries, _ = scored(book, month, {"U1": counted})
    score = scores["U1"].items[item]
    assert score.score == Fraction(points)
    assert score.full_marks + sum(entry.points for entry in entries if entry.item_id == item) == score.score
