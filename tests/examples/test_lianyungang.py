"""Lianyungang's published figures come out to the digit (rule-language.md, "Real cities")."""

from datetime import date
from fractions import Fraction

import pytest

from pipelines.engines.vector import differences, rescore
from pipelines.model.tally import Unit, UnitTally
from pipelines.paths import ROOT
from pipelines.rulebook import load_rulebook
from pipelines.stages.judge import judge
from pipelines.stages.settle import settle
from tests.kinds.draw import Told

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


@pytest.mark.parametrize(("month", "counted", "item", "points"), PUBLISHED)
def test_the_published_figures(month, counted, item, points):
    book = load_rulebook(FOLDER, date.fromisoformat(f"{month}-01"))
    counts = {id: {month: counted.get(id, 0)} for id in book.measures}
    tallies = {"U1": UnitTally(Unit("U1", "U1", "county", True), 1, counts, {}, {}, ())}
    findings, _ = judge(book, {}, tallies, (month,))
    scores, entries, _ = settle(book, {}, findings, tallies, (month,))
    score = scores["U1"].items[item]
    assert score.score == Fraction(points)
    assert score.full_marks + sum(entry.points for entry in entries if entry.item_id == item) == score.score
    table = {name: [] for name in ("counts", "unit_id", "n", "place_0", "marks_0")}
    cube = Told.prepare(table, book.marks, book.measures, tallies, (month,))
    cube._kept.update({"U1": {id: list(by_month.values()) for id, by_month in counts.items()}, "lacking": set()})
    assert differences(scores, rescore(cube, book, {})) == []
