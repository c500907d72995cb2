"""Verdicts: conditions, chains and exceptions (H0.1)."""

from fractions import Fraction

import pytest

from pipelines.engines.verdicts import Adjudicator, rounds
from pipelines.model.rule import Condition, Verdict
from pipelines.model.words import Words
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
