"""Printed arithmetic follows from printed figures: a rate has the places that show why it costs (points.told_apart)."""

from fractions import Fraction

import pytest

from pipelines.model.points import digits, told_apart
from pipelines.model.score import Finding
from pipelines.stages.judge import facts
from tests.rules.standard import BOOK

NINETY_FIVE, TWO = Fraction(95), Fraction(2)


@pytest.mark.parametrize(("part", "of", "rate"), [
    (95, 100, "95.00"),                     # on the target
    (96, 101, "95.05"),                     # above it, at two places as well
    (9499, 10000, "94.99"),
    (94996, 100000, "94.996"),              # two places would read 95.00, and it costs
    (95004, 100000, "95.004"),              # two places would read 95.00, and it is above
    (93, 100, "93.00"),                     # exactly a step short
    (930049, 1000000, "93.005"),            # a hair under a step short: 93.00 would be a step
    (929951, 1000000, "92.995"),            # a hair over it
    (42, 51, "82.35"),
])
def test_a_rate_has_the_fewest_places_at_which_it_lies_as_it_does(part, of, rate):
    value = Fraction(100 * part, of)
    near = told_apart(value, [(NINETY_FIVE, TWO)])
    assert digits(near).startswith(rate)
    for exact, printed in ((NINETY_FIVE - value, NINETY_FIVE - near), (value - NINETY_FIVE, near - NINETY_FIVE)):
        assert exact // TWO == printed // TWO


def test_without_a_bound_two_places_do():
    assert digits(told_apart(Fraction(94996, 1000), [])) == "95.00"
    assert digits(Fraction(-1, 4)) == "-0.25" and digits(Fraction(7)) == "7.00"


@pytest.mark.parametrize(("part", "of", "rate", "short"), [
    (94996, 100000, "94.996", "0.004"), (930049, 1000000, "93.005", "1.995"), (42, 51, "82.35", "12.65"),
    (95, 100, "95.00", "0.00"),
])
def test_the_sentence_of_a_rate_subtracts_from_what_it_prints(part, of, rate, short):
    rule = BOOK.rules["completion_rate"]
    found = Finding("U1", rule.id, rule.item, rule.clause, "2026-07", part, of, Fraction(0), target=NINETY_FIVE)
    told = facts(rule, found)
    assert (told["rate"], told["short"]) == (rate, short)
    assert Fraction(told["target"]) - Fraction(told["rate"]) == Fraction(told["short"])
