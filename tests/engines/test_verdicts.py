"""Verdicts: conditions, chains and exceptions (H0.1)."""

from dataclasses import fields, replace
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from pipelines.engines.standings import SecondOpinion
from pipelines.model.condition import FACTS, NAMES, Before, UnitFacts
from pipelines.model.rule import Condition, Verdict
from pipelines.model.words import Words
from pipelines.stages.rank import Adjudicator, facts_of_units, give_verdicts, rank, rounds
from tests.engines.cubes import UNITS, quarters
from tests.engines.test_two_judges import both, quiet
from tests.toy.town import ISLAND

NOTHING = Words("", "")


def verdict(id, *when, also=(), unless=()):
    return Verdict(id, "H0.1", "remark", NOTHING, NOTHING, tuple(Condition(*c) for c in when), unless, also)


def given(verdicts, **facts) -> list[str]:
    found, _ = Adjudicator(tuple(verdicts)).adjudicate("U1", facts)
    return [one.verdict_id for one in found]


@pytest.mark.parametrize(("test", "value", "holds"), [
    ("equals", 2, [2]), ("at_most", 2, [1, 2]), ("at_least", 2, [2, 3]), ("at_most", 0, []), ("equals", 0, []),
    ("more_than", 2, [3]), ("less_than", 2, [1]), ("in", (1, 3), [1, 3]), ("in", (2,), [2]), ("in", (4, 5), []),
])
def test_a_condition_holds_at_and_beyond_its_value(test, value, holds):
    assert [n for n in (1, 2, 3) if given([verdict("v", ("place", test, value))], place=n)] == holds


@pytest.mark.parametrize(("rate", "holds"), [(Fraction(9000, 100), True), (Fraction(8999999999, 10**8), False),
                                             (Fraction(900001, 10**4), True)])
def test_a_rate_is_compared_exactly_however_fine_it_is(rate, holds):
    bar = verdict("v", ("rate satisfied/rated", "at_least", Fraction(90)))
    assert bool(given([bar], **{"rate satisfied/rated": rate})) is holds


def test_two_conditions_may_look_at_one_fact():
    between = verdict("v", ("total", "at_least", Fraction("37.5")), ("total", "less_than", Fraction(80)))
    assert [bool(given([between], total=Fraction(n))) for n in ("37.49", "37.5", "79.99", "80")] == [
        False, True, True, False,
    ]


def test_all_conditions_must_hold():
    both = verdict("v", ("place", "equals", 1), ("case_rows", "at_least", 5))
    assert given([both], place=1, case_rows=5) == ["v"]
    assert given([both], place=1, case_rows=4) == given([both], place=2, case_rows=5) == []


def test_a_fact_that_is_not_known_fulfils_nothing():
    assert given([verdict("v", ("previous_from_bottom", "at_most", 9))], place=1) == []


def test_a_chain_holds_however_the_verdicts_are_listed():
    first = verdict("first", ("place", "equals", 1))
    second = verdict("second", ("place", "at_least", 1), also=("first",))
    third = verdict("third", ("place", "at_least", 1), also=("first", "second"))
    assert given([third, second, first], place=1) == ["third", "second", "first"]
    assert given([third, second, first], place=2) == []


def test_an_exception_stands_in_the_way_even_when_it_is_listed_later():
    top, last = verdict("top", ("place", "equals", 1)), verdict("last", ("from_bottom", "equals", 1), unless=("top",))
    assert given([last, top], place=1, from_bottom=1) == ["top"]
    assert given([last, top], place=2, from_bottom=1) == ["last"]


def test_an_exception_to_an_exception_lets_the_verdict_through():
    a = verdict("a", ("place", "equals", 1))
    b = verdict("b", ("case_rows", "at_least", 0), unless=("a",))
    c = verdict("c", ("case_rows", "at_least", 0), unless=("b",))
    assert given([c, b, a], place=1, case_rows=0) == ["c", "a"]
    assert given([c, b, a], place=2, case_rows=0) == ["b"]


def test_rounds_follow_what_a_verdict_leans_on():
    verdicts = (verdict("c", also=("b",)), verdict("b", unless=("a",)), verdict("a"))
    assert rounds(verdicts) == {"a": 1, "b": 2, "c": 3}


def test_a_circle_is_named():
    with pytest.raises(ValueError, match="a"):
        rounds((verdict("a", also=("b",)), verdict("b", unless=("a",))))


def test_the_facts_that_led_to_a_verdict_go_with_it():
    found, fired = Adjudicator((verdict("v", ("place", "equals", 1)),)).adjudicate("U1", {"place": 1, "case_rows": 7})
    assert found[0].facts == (("place", "1"),)
    assert fired[0].stage == "verdict" and "place=1" in fired[0].fact


def test_no_verdicts_at_all_are_no_problem():
    assert given([], place=1) == []


@pytest.mark.parametrize("n", [0, 1])
def test_few_units_are_no_problem(n):
    units = [ISLAND.unit("A")][:n]
    assert len(ISLAND.ranking(*units)) == n and ISLAND.verdicts(*units) == set()


def test_a_verdict_for_some_groups_is_for_these_alone():
    some = replace(verdict("v", ("place", "equals", 1)), groups=("deep", "reef"))
    led = verdict("led", ("place", "equals", 1), unless=("v",))
    for group, expected in (("deep", ["v"]), ("reef", ["v"]), ("shallow", ["led"]), ("", ["led"])):
        found, _ = Adjudicator((some, led)).adjudicate("U1", {"place": 1}, group)
        assert [one.verdict_id for one in found] == expected


def test_every_fact_is_known_of_the_period_before_as_well():
    assert set(FACTS) == {*NAMES, *(f"previous_{name}" for name in NAMES)}
    assert [field.name for field in fields(UnitFacts)] == list(NAMES)


# Both judges come to the same facts, and to the same verdicts of a book that asks for every one of them.

LINES = ("total", "base", "bonus", "measured_marks", "case_rows", "steady")


def published(seed: int) -> Before:
    """Lines of an earlier quarter: some units unranked or unknown, some columns empty, items at zero or unmeasured."""
    rng, ranking, items = Random(seed), {}, {}
    for unit in rng.sample(UNITS, rng.randint(0, len(UNITS))):
        ranking[unit] = {
            "unit_group": "district", "rank": rng.choice(["1", "2", ""]), "group_rank": rng.choice(["1", "2"]),
            **{name: rng.choice(["", "7", "0"]) for name in LINES},
        }
        lines = [
            {"item_id": id, "full_marks": f"{item.full_marks}.00", "score": rng.choice(["0.00", "1.50"]),
             "measured_marks": rng.choice(["", "0.00", "5.00"])}
            for id, item in ISLAND.book.items.items()
        ]
        if rng.random() < 0.8:
            items[unit] = tuple(lines)
    return Before(ranking, items)


@quiet
@drawn(quarters(), st.integers(0, 999), st.lists(st.integers(0, 2), min_size=3, max_size=3))
def test_both_judges_know_the_same_of_every_unit(quarter, seed, widths):
    rng = Random(seed)
    things = ["rate content/asked", "measure tardy", "item H2.1", "section H1"]
    every = tuple(
        replace(verdict(f"v{k}", (fact, rng.choice(["at_least", "at_most", "equals", "more_than", "less_than"]),
                                  rng.choice([Fraction(0), Fraction(1), Fraction(5, 2), Fraction(75)]))),
                groups=rng.choice([(), (), ("district",), ("county",)]))
        for k, fact in enumerate((*FACTS, *things))
    )
    book = replace(ISLAND.book, verdicts=every)
    scores, _, _, rescored, tallies = both(quarter, book)
    standings = rank(book, quarter[3], tallies, scores)
    known = (published(seed), dict(zip(UNITS, widths, strict=True)))
    first = facts_of_units(book, standings, scores, tallies, *known)
    second = SecondOpinion(book, quarter[3], rescored, {id: one.unit for id, one in tallies.items()}, *known)
    assert first == {id: second.facts(id) for id in first}
    found, _ = give_verdicts(book, standings, scores, tallies, *known)
    second.must_agree_on_verdicts(found)


def test_what_the_quarter_before_published_is_what_is_known_of_it():
    line = {"unit_group": "district", "rank": "2", "group_rank": "1", "total": "45.00", "base": "44.00",
            "bonus": "1.00", "measured_marks": "30.00", "case_rows": "12", "steady": "3"}
    other = line | {"rank": "1", "unit_group": "reef"}
    items = ({"item_id": "H2.1", "full_marks": "25.00", "score": "0.00", "measured_marks": "25.00"},
             {"item_id": "H1.1", "full_marks": "10.00", "score": "0.00", "measured_marks": "10.00"},
             {"item_id": "H1.2", "full_marks": "5.00", "score": "0.00", "measured_marks": "0.00"},
             {"item_id": "H2.2", "full_marks": "30.00", "score": "45.00", "measured_marks": "30.00"},
             {"item_id": "H3", "full_marks": "0.00", "score": "0.00", "measured_marks": "0.00"})
    before = Before({"U1": line, "U2": other}, {"U1": items})
    units = [ISLAND.unit("U1")]
    scores, tallies = ISLAND.settled(*units)[0], {"U1": units[0]}
    facts = facts_of_units(ISLAND.book, ISLAND.ranking(*units), scores, tallies, before)["U1"]
    told = {name.removeprefix("previous_"): value for name, value in facts.items() if name.startswith("previous_")}
    assert told == {
        "place": 2, "group_place": 1, "from_bottom": 1, "from_bottom_of_all": 1, "size": 2, "ranked": 2,
        "group_size": 1, "level": 1, "level_share": 50, "items_at_zero": 2, "quality_items_at_zero": 1, "total": 45,
        "base": 44, "bonus": 1, "measured_marks": 30, "full_marks": 70, "share": Fraction(4500, 70), "case_rows": 12,
        "steady": 3,
    }


def test_a_fact_of_older_tables_that_tell_less_has_no_value():
    before = Before({"U1": {"unit_group": "district", "rank": "1", "group_rank": "1", "total": "45.00"}}, {})
    units = [ISLAND.unit("U1")]
    facts = facts_of_units(
        ISLAND.book, ISLAND.ranking(*units), ISLAND.settled(*units)[0], {"U1": units[0]}, before
    )["U1"]
    assert facts["previous_total"] == 45
    assert not {f"previous_{name}" for name in ("items_at_zero", "full_marks", "share", "steady", "base")} & set(facts)
