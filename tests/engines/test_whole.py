"""What a book says of the whole: both judges and a literal reader of the page come to the same on random books."""

from dataclasses import replace
from fractions import Fraction
from math import ceil, floor
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.engines.batch import Batch, by_item
from pipelines.engines.cube import Cube
from pipelines.engines.standings import SecondOpinion
from pipelines.engines.vector import PART, differences, rescore, weighed
from pipelines.model.condition import NOTHING_KNOWN, Condition
from pipelines.model.rule import Bonus, Own, Ranking, Rulebook, Veto, chosen
from pipelines.model.words import JudgesDisagree
from pipelines.rulebook.build import with_places
from pipelines.stages.judge import judge
from pipelines.stages.rank import give_verdicts, rank
from pipelines.stages.settle import settle, weighted
from tests.engines.cubes import columns, quarters, tallies_of
from tests.engines.test_places import GRADES
from tests.engines.test_two_judges import both
from tests.toy.town import ISLAND, MONTHS, Town

fixed = settings(max_examples=200, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TESTS = ("more_than", "at_least", "at_most", "less_than", "equals")
VETOING = ("tardy", "manners", "mending", "errand")


def some_book(rng: Random) -> Rulebook:
    """Heron Island with something to say of the whole."""
    book, weights = ISLAND.book, ("1", "1", "0.7", "0.35", "1.25", "0.0333")
    words = ("", "", "", "full", "zero", "left_out", "reweighted")
    items = {
        id: replace(item, weight=Fraction(rng.choice(weights)), unmeasured=rng.choice(words))
        for id, item in book.items.items()
    }
    asked = Condition("base", rng.choice(TESTS), Fraction(rng.choice(("80", "60.5", "99.99", "0"))))
    bonus = items["H3"].bonus or Bonus()
    items["H3"] = replace(items["H3"], bonus=replace(bonus, only_when=rng.choice((None, asked))))
    kinds = (None, Veto("total"), Veto("rank"), Veto("grade", rng.choice("abc")))
    rules = {
        id: replace(rule, veto=rng.choice(kinds)) if id in VETOING else rule for id, rule in book.rules.items()
    }
    decimals, round_at = rng.randint(0, 4), rng.choice(("item", "item", "total"))
    items = with_places(items, decimals, round_at)
    floors, caps = (None, Fraction(30), Fraction(0)), (None, Fraction(90), Fraction(100))
    return replace(
        book, items=items, rules=rules, grades=GRADES, decimals=decimals, round_at=round_at,
        total_floor=rng.choice(floors),
        total_cap=rng.choice(caps), sheets=some_sheets(rng),
        ranking=rng.choice((Ranking(by_share=True), Ranking(overall=False))),
    )


def some_sheets(rng: Random) -> dict[str, dict[str, Own]]:
    """Other marks, no such item, or a coefficient of a section for the groups x and y."""
    capped, times = rng.random() < 0.5, {"H1": rng.choice(("1", "1.15")), "H2": rng.choice(("1", "0.87", "1.2"))}
    marks = {"H1.1": ("0", "4", "20"), "H2.1": ("0", "12.5", "40"), "H2.3": ("0", "45")}
    return {
        group: {
            id: Own(Fraction(rng.choice(known)), rng.choice(((), (None,), (Fraction(-10),), (Fraction(2),))),
                    times=Fraction(times[id[:2]]), capped=capped)
            for id, known in marks.items() if rng.random() < 0.6
        }
        for group in rng.sample("xy", rng.randint(0, 2))
    }


def scored(quarter, book: Rulebook, rng: Random):
    """(scores, entries, second judge's scores, tallies); units are of the groups x, y and z."""
    cells, assessed, awards, readings = quarter
    tallies = {id: replace(one, unit=replace(one.unit, unit_group=rng.choice("xyz")))
               for id, one in tallies_of(cells, assessed, awards, readings).items()}
    findings, _ = judge(book, readings, tallies, MONTHS)
    scores, entries, _ = settle(book, readings, findings, tallies, MONTHS)
    cube = Cube.prepare(columns(cells), book.marks, book.measures, tallies, MONTHS)
    return scores, entries, rescore(cube, book, readings), tallies


# The page, literally (semantics B1, C19, G4, G15, G18, G20, G21).


def nearest(value: Fraction, decimals: int) -> Fraction:
    """The nearer of the two numbers with so many decimals; between both, the one further from nothing."""
    parts = 10**decimals
    below, above = Fraction(floor(value * parts), parts), Fraction(ceil(value * parts), parts)
    if value - below == above - value:
        return above if value > 0 else below
    return below if value - below < above - value else above


def expected(book: Rulebook, readings, tally, items) -> tuple:
    """(base, bonus, total, veto) of a unit whose items have these scores."""
    exact, bonus, marks, left = Fraction(0), Fraction(0), Fraction(0), Fraction(0)
    held = {}  # section -> what its items under a cap bring, and their full marks
    own = book.sheets.get(tally.unit.unit_group, {})
    for id, item in book.items.items():
        if id in own and own[id].full_marks == 0:
            assert id not in items
            continue
        full = own[id].full_marks if id in own else item.full_marks
        if id == "H1.1":
            missing = full if readings["missing_assessment"] == "full" else Fraction(0)
            floor = own[id].floors[0] if id in own and own[id].floors else Fraction(0)
            given = min(tally.assessed.get(id, missing), full)
            assert items[id].score == (given if floor is None else max(given, floor))
        if item.full_marks == 0:
            bonus += items[id].unrounded * item.weight
        else:
            brought = items[id].unrounded * item.weight * (own[id].times if id in own else 1)
            if id in own and own[id].capped:
                so_far, most = held.get(item.section, (0, 0))
                held[item.section] = so_far + brought, most + items[id].full_marks * item.weight
            else:
                exact += brought
            word = item.unmeasured or readings["unmeasured"]
            gone = {"H2.1": set(), "H2.2": {"owed", "asked"}, "H2.3": set()}.get(id, set())
            if gone and not any(tally.count(measure) for measure in gone) and word in ("left_out", "reweighted"):
                assert items[id].full_marks == items[id].score == 0
                marks += full * item.weight if word == "reweighted" else 0
            elif gone and not any(tally.count(measure) for measure in gone):
                assert items[id].score == (full if word == "full" else 0)
                marks += full * item.weight
            else:
                assert items[id].full_marks == full
                marks += full * item.weight
            left += items[id].full_marks * item.weight  # nothing where the item is left out
    exact += sum((min(both) for both in held.values()), Fraction(0))
    base, places = nearest(exact, book.decimals), max(2, book.decimals + 2 * (book.round_at == "total"))
    total = exact + bonus
    if left and left < marks:
        total += nearest(exact * marks / left, places) - nearest(exact, places)
    total = nearest(total, book.decimals)
    if book.total_floor is not None and total < book.total_floor:
        total = book.total_floor
    if book.total_cap is not None and total > book.total_cap:
        total = book.total_cap
    there = [rule for rule in book.rules.values() if rule.item in items and rule.veto]
    held = [rule.veto.kind for rule in there if happened(rule, readings, tally)]
    veto = "total" if "total" in held else "rank" if "rank" in held else "grade" if held else ""
    return base, nearest(bonus, book.decimals), Fraction(0) if veto == "total" else total, veto


def happened(rule, readings, tally) -> bool:
    """Whether a row of an occurrence rule costs points, or a rate lies under its target."""
    if rule.kind == "occurrence":
        return tally.occurrences(rule.id, rule.measure) > 0
    spans = ("",) if chosen(rule.per, readings) in ("period", "pooled") else MONTHS
    pairs = [(tally.count(rule.part, span), tally.count(rule.of, span)) for span in spans]
    return any(of and Fraction(100 * part, of) < rule.target for part, of in pairs)


@fixed
@given(quarters(), st.integers(0, 99_999))
def test_both_judges_and_the_page_agree_on_random_books(quarter, seed):
    rng = Random(seed)
    book, readings = some_book(rng), quarter[3]
    scores, entries, rescored, tallies = scored(quarter, book, rng)
    assert differences(scores, rescored) == []
    for id, score in scores.items():
        base, bonus, total, veto = expected(book, readings, tallies[id], score.items)
        assert (score.base, score.bonus, score.total) == (base, bonus, total)
        assert (book.rules[score.veto].veto.kind if score.veto else "") == veto
        own = [entry for entry in entries if entry.unit_id == id]
        lines = sum((entry.points for entry in own if entry.item_id == "ALL"), Fraction(0))
        assert score.total == score.base + score.bonus + lines
        struck, asked = [entry for entry in own if entry.rule_id == "only_when"], book.items["H3"].bonus.only_when
        if struck or (asked and score.items["H3"].score):
            holds = {"more_than": base > asked.value, "at_least": base >= asked.value, "equals": base == asked.value,
                     "at_most": base <= asked.value, "less_than": base < asked.value}[asked.test]
            assert holds == (not struck) and (holds or not score.items["H3"].score)
    standings = rank(book, readings, tallies, scores)
    second = SecondOpinion(book, readings, rescored, {id: one.unit for id, one in tallies.items()})
    second.must_place_alike(standings)
    second.must_agree_on_verdicts(give_verdicts(book, standings, scores, tallies, NOTHING_KNOWN)[0])
    for standing in standings:
        score = scores[standing.unit_id]
        veto = book.rules[score.veto].veto if score.veto else None
        if veto and veto.kind == "rank":
            assert standing.rank is None and standing.notes[-1] == f"vetoed {score.veto}"
        if standing.case_rows:
            by_total = next((one.id for one in GRADES if score.total >= one.at_least), "c")
            assert standing.grade == (veto.grade if veto and veto.kind == "grade" else by_total)


READINGS = {id: reading.default for id, reading in ISLAND.book.readings.items()}


def test_a_difference_in_a_total_alone_is_seen():
    scores, _, _, rescored, _ = both(([], {}, [], READINGS), replace(ISLAND.book, total_cap=Fraction(60)))
    assert scores["U1"].total == 60
    scores["U1"] = replace(scores["U1"], whole=scores["U1"].whole + Fraction(1, 100))
    assert [name for _, name, _, _ in differences(scores, rescored)] == ["total"]


def test_a_difference_in_a_veto_is_seen():
    rules = ISLAND.book.rules | {"tardy": replace(ISLAND.book.rules["tardy"], veto=Veto("rank"))}
    book = replace(ISLAND.book, rules=rules)
    scores, _, _, rescored, tallies = both(([], {}, [], READINGS), book)
    tallies = {id: replace(one, case_rows=5) for id, one in tallies.items()}
    scores["U1"] = replace(scores["U1"], veto="tardy")
    counted = replace(rescored, case_rows=rescored.case_rows + 5)
    second = SecondOpinion(book, READINGS, counted, {id: one.unit for id, one in tallies.items()})
    with pytest.raises(JudgesDisagree, match="U1"):
        second.must_place_alike(rank(book, READINGS, tallies, scores))


@fixed
@given(quarters(), st.integers(0, 99_999))
def test_the_laboratory_sums_as_the_second_judge_does(quarter, seed):
    rng = Random(seed)
    book, (cells, *rest) = some_book(rng), quarter
    tallies = {id: replace(one, unit=replace(one.unit, unit_group=rng.choice("xyz")))
               for id, one in tallies_of(cells, *rest).items()}
    cube = Cube.prepare(columns(cells), book.marks, book.measures, tallies, MONTHS)
    once, batch = rescore(cube, book, quarter[3]), Batch(cube)
    for _ in range(2):  # the second time from what is kept
        base, total = batch.base_and_total(book, by_item(book), quarter[3])
        assert base.tolist() == once.base.tolist() and total.tolist() == once.total.tolist()


@fixed
@given(quarters(), st.integers(0, 2), st.sampled_from(("1", "0.7", "0.0333")))
def test_the_laboratory_adds_exact_items_as_the_second_judge_does(quarter, decimals, weight):
    """Floats place such sums, and fractions settle those on a half."""
    cells, *rest = quarter
    items = {id: replace(item, weight=Fraction(weight)) for id, item in ISLAND.book.items.items()}
    book = replace(ISLAND.book, items=with_places(items, decimals, "total"), decimals=decimals, round_at="total")
    assert book.adds_exactly and not replace(book, total_cap=Fraction(90)).adds_exactly
    tallies = tallies_of(cells, *rest)
    cube = Cube.prepare(columns(cells), book.marks, book.measures, tallies, MONTHS)
    base, total = Batch(cube).base_and_total(book, by_item(book), quarter[3])
    once = rescore(cube, book, quarter[3])
    assert base.tolist() == once.base.tolist() and total.tolist() == once.total.tolist()


@pytest.mark.parametrize(("weight", "points", "total"), [("0.7", 5500, 39), ("0.35", 11000, 39), ("1.15", 3000, 35)])
def test_a_sum_on_a_half_is_settled_by_fractions(weight, points, total):
    """55 times 0.7 is 38.5, which floats make a little less."""
    item = replace(ISLAND.book.items["H2.1"], weight=Fraction(weight))
    book = replace(ISLAND.book, items={item.id: item}, decimals=0, round_at="total")
    assert float(points) * float(item.weight) / 100 < total - 0.5
    base, whole = Batch(None)._added_exactly(book, {item.id: np.array([Fraction(points)], object)})
    assert base.tolist() == whole.tolist() == [100 * total]


def test_an_item_that_does_not_count_is_no_room_under_a_cap():
    """By hand: 40 of 50 times 1.5 would be 60; the section holds 50, or 80 where its other item counts as well."""
    one = replace(ISLAND.book.items["H2.1"], full_marks=Fraction(50), times=Fraction("1.5"), capped=True)
    book = replace(ISLAND.book, items={"A": replace(one, id="A"), "B": replace(one, id="B", full_marks=Fraction(30))})
    scores = {"A": Fraction(40), "B": Fraction(0)}
    assert weighted(book, scores, ["B"])[0] == 50 and weighted(book, scores)[0] == 60
    points = {id: np.array([int(score * 100)]) for id, score in scores.items()}
    for gone, base in ((True, 50), (False, 60)):
        found, _ = weighed(book, points, {"B": np.array([gone])})
        assert found.tolist() == [base * 100 * PART]


def test_a_rate_over_its_target_that_earns_points_is_no_veto():
    """Points for more than the target come of the same rule, and strike nothing."""
    rule = replace(ISLAND.book.rules["mending"], veto=Veto("rank"), over_each=Fraction(5), over_award=Fraction(1))
    book = replace(ISLAND.book, rules=ISLAND.book.rules | {"mending": rule})
    town = Town(book)
    struck = {n: town.settled(town.unit(owed=100, mended=n))[0]["U1"].veto for n in (79, 80, 81, 100)}
    assert struck == {79: "mending", 80: "", 81: "", 100: ""}


def test_worth_full_follows_the_sheet_of_the_unit():
    rule = replace(ISLAND.book.rules["mending"], worth=Fraction(30), worth_full=True)
    book = replace(ISLAND.book, rules=ISLAND.book.rules | {"mending": rule}, sheets={"x": {"H2.2": Own(Fraction(12))}})
    assert [book.of_group(group).rules["mending"].worth for group in "xy"] == [12, 30]
