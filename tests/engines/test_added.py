"""Sums and products of points are those of fractions, however they are worked out."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from pipelines.model.points import added, rounded, times

POINTS = st.fractions(max_denominator=1_000)


@given(st.lists(POINTS, max_size=12))
def test_a_sum_is_that_of_its_fractions(values):
    assert added(values) == added(iter(values)) == sum(values, Fraction(0))


@given(POINTS, st.sampled_from([Fraction(1), Fraction(0), Fraction(3, 2), Fraction(-1)]))
def test_a_product_is_that_of_its_fractions(value, factor):
    assert times(value, factor) == value * factor


@given(st.integers(-(10**6), 10**6), st.integers(0, 4), st.integers(0, 4))
def test_what_is_round_already_stays_as_it_is(parts, decimals, more):
    value = Fraction(parts, 10**decimals)
    assert rounded(value, decimals + more) == value
