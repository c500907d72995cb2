"""What an item would get back without a rule: floor and rounding applied, the fewest rules that bring anything back."""

from fractions import Fraction

import pytest

from pipelines.stages.settle import losses


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
])  # fmt: skip
def test_what_a_rule_cost_is_what_would_come_back_without_it(taken, back):
    exact = {rule: Fraction(points) for rule, points in taken.items()}
    assert [(" ".join(loss.rules), loss.back) for loss in losses(Fraction(20), exact)] == back


def test_what_would_come_back_is_rounded_as_the_item_is():
    """Thirds: 2/3 off is 0.67, without one of them 0.33, so 0.34 would come back, not 0.33."""
    found = losses(Fraction(5), {"a": Fraction(1, 3), "b": Fraction(1, 3)})
    assert [loss.back for loss in found] == [Fraction(34, 100)] * 2
