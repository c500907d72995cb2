"""Both judges come to what the literal reader of the page comes to, on drawn books of every kind."""

import pytest

from pipelines.engines.vector import differences, rescore
from pipelines.stages.judge import beside_others, judge
from pipelines.stages.settle import settle
from tests.kinds import oracle
from tests.kinds.draw import Book, cube, tally
from tests.proof import seeds

QUICK, ALL = 120, 2000
ON_A_HALF = (353, 920, 1687)  # exact items that lie on half the last digit shown


def agree(seed: int) -> None:
    book = Book(seed)
    months, units, rulebook = book.months, book.units(), book.rulebook
    readings = {id: one.default for id, one in rulebook.readings.items()} | {"unmeasured": book.unmeasured}
    tallies = beside_others(rulebook, {id: tally(id, unit) for id, unit in units.items()}, months)
    findings, _ = judge(rulebook, readings, tallies, months)
    scores, entries, _ = settle(rulebook, readings, findings, tallies, months)
    again = rescore(cube(units, rulebook, months), rulebook, readings)
    assert differences(scores, again) == []
    for id, unit in units.items():
        for name, item in book.items.items():
            rules = [rule for rule in book.rules if rule["item"] == name]
            item = {**item, "floor": bounded(item)}
            wanted = oracle.item_points(item, rules, unit, book.unmeasured, book.decimals, book.round_at)
            found = scores[id].items[name]
            if wanted is None:
                assert (found.full_marks, found.score) == (0, 0), (seed, id, name)
                continue
            assert found.unrounded == wanted, (seed, id, name, rules, item)
            assert found.score == oracle.nearest(wanted, rulebook.places)
            lines = sum(one.points for one in entries if (one.unit_id, one.item_id) == (id, name))
            single = sum(one.points for one in findings if (one.unit_id, one.item_id) == (id, name)
                         and rulebook.rules[one.rule_id].kind == "occurrence" and not one.sentence)
            assert found.full_marks + lines + single == found.score, (seed, id, name)
        bonus = oracle.bonus(book.bonus, unit, book.cap)
        assert scores[id].bonus == oracle.nearest(bonus, book.decimals), (seed, id)


def bounded(item: dict) -> str:
    """A floor is never above the full marks."""
    if item["floor"] == "none":
        return "none"
    return str(min(oracle.F(item["floor"]), oracle.F(item["full_marks"])))


@pytest.mark.parametrize("seed", (*range(QUICK), *ON_A_HALF))
def test_judges_and_page_agree(seed):
    agree(seed)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_judges_and_page_agree_on_two_thousand_books(part, record_property):
    books = seeds(QUICK, ALL)[part::20]
    for seed in books:
        agree(seed)
    record_property("tried", len(books))
