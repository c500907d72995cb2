"""What an item would get back without a rule: floor and rounding applied, the fewest rules that bring anything back."""

from dataclasses import replace
from fractions import Fraction

import pytest

from pipelines.model.rule import Veto
from pipelines.stages.settle import losses
from tests.toy.town import ISLAND, Town


@pytest.mark.parametrize(("taken", "back"), [
    ({"late": 6}, [("late", 6)]),
    ({"late": 30}, [("late", 20)]),                                # an item cannot give back more than it holds
    ({"late": 15, "sign": 3}, [("late", 15), ("sign", 3)]),
    ({"late": 30, "sign": 3}, [("late", 17)]),                     # without `sign` the item would be at zero as well
    ({"late": 20, "sign": 19}, [("late", 1)]),
    ({"late": 21, "sign": 20}, [("late sign", 20)]),               # neither alone brings anything back
    ({"late": 20, "sign": 0}, [("late", 20)]),
    ({"a": 20, "b": 20, "c": 20}, [("a b c", 20)]),
    ({"a": 30, "b": 20, "c": 1}, [("a b", 19)]),
    ({}, []),
])
def test_what_a_rule_cost_is_what_would_come_back_without_it(taken, back):
    exact = {rule: Fraction(points) for rule, points in taken.items()}
    assert [(" ".join(loss.rules), loss.back) for loss in losses(Fraction(20), exact)] == back


def test_what_would_come_back_is_rounded_as_the_item_is():
    """Thirds: 2/3 off is 0.67, without one of them 0.33, so 0.34 would come back, not 0.33."""
    found = losses(Fraction(5), {"a": Fraction(1, 3), "b": Fraction(1, 3)})
    assert [loss.back for loss in found] == [Fraction(34, 100)] * 2


def of_the_total(book, **counts) -> dict[str, Fraction]:
    """What the total would get back, by the rules that would have to fall away."""
    town = Town(book)
    score = town.settled(town.unit(**counts))[0]["U1"]
    return {" ".join(loss.rules): loss.back for loss in score.losses}


def test_a_weighed_item_gives_back_what_it_is_worth_to_the_total():
    """Two tardy answers cost 4 points of their item; with the weight 0.7 the total gets 2.80 back."""
    item = replace(ISLAND.book.items["H2.1"], weight=Fraction(7, 10))
    weighed = replace(ISLAND.book, items=ISLAND.book.items | {"H2.1": item})
    assert of_the_total(ISLAND.book, tardy=2) == {"tardy": 4}
    assert of_the_total(weighed, tardy=2) == {"tardy": Fraction(28, 10)}


@pytest.mark.parametrize(("floor", "back"), [
    (97, {"tardy": 1}),                        # 94 is lifted to 97: without tardiness it would be 98
    (96, {"tardy": 2}),
    (95, {"tardy": 3, "unclaimed": 1}),
    (94, {"tardy": 4, "unclaimed": 2}),
    (99, {"tardy unclaimed": 1}),
    (100, {}),
])
def test_a_total_that_was_lifted_gets_back_what_lies_above_its_floor(floor, back):
    assert of_the_total(replace(ISLAND.book, total_floor=Fraction(floor)), tardy=2, unclaimed=2) == back


@pytest.mark.parametrize(("cap", "back"), [(100, 4), (98, 2), (97, 1), (96, None), (90, None)])
def test_a_total_gets_nothing_back_above_its_cap(cap, back):
    found = of_the_total(replace(ISLAND.book, total_cap=Fraction(cap)), tardy=2)
    assert found == ({"tardy": back} if back else {})


def test_what_strikes_the_total_gives_it_all_back_and_two_that_do_only_together():
    rules = ISLAND.book.rules | {"unclaimed": replace(ISLAND.book.rules["unclaimed"], veto=Veto("total"))}
    book = replace(ISLAND.book, rules=rules)
    assert of_the_total(book, tardy=2, unclaimed=2) == {"unclaimed": 96}
    rules |= {"tardy": replace(rules["tardy"], veto=Veto("total"))}
    assert of_the_total(replace(book, rules=rules), tardy=2, unclaimed=2) == {"tardy unclaimed": 100}
