"""Points as exact fractions, and the one place where they are rounded."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import count
from math import lcm

CENT = 100
FINEST = 6  # decimals that any published figure has: four of a total, and two more of items that stay exact


def points(value: "str | int | Fraction") -> Fraction:
    """An exact fraction from a decimal text such as ``0.5``; ValueError for floats and non-numbers."""
    if isinstance(value, (float, bool)):
        raise ValueError(f"{value!r} is not exact: write points as text or whole numbers")
    return Fraction(value)


def added(values: Iterable[Fraction]) -> Fraction:
    """The sum, exact: whole numbers over a common denominator, for fractions reduce themselves at every step."""
    top, bottom = 0, 1
    for value in values:
        if bottom % value.denominator:
            common = lcm(bottom, value.denominator)
            top, bottom = top * (common // bottom), common
        top += value.numerator * (bottom // value.denominator)
    return Fraction(top, bottom)


def times(value: Fraction, factor: Fraction) -> Fraction:
    """The product, of which nearly every factor is 1."""
    return value if factor == 1 else value * factor


def half_up(value: Fraction) -> Fraction:
    """Round to two decimals, halves away from zero (readings.md, Points)."""
    return rounded(value, 2)


def rounded(value: Fraction, decimals: int) -> Fraction:
    """Round to so many decimals, halves away from zero."""
    parts, top, bottom = 10**decimals, abs(value.numerator), value.denominator
    if parts % bottom == 0:
        return value
    whole = (2 * parts * top + bottom) // (2 * bottom)
    return Fraction(whole if value >= 0 else -whole, parts)


@lru_cache(1 << 14)  # a large ranking says the same few figures again and again
def shown(value: Fraction, decimals: int | None = None) -> str:
    """A value with so many decimals as ``-0.50``, never ``-0.00``; without a number with two, more where it has more.

    ValueError where a digit would be lost.
    """
    if decimals is None:
        decimals = next((n for n in range(2, FINEST) if (value * 10**n).denominator == 1), FINEST)
    parts, lost = divmod(abs(value.numerator) * 10**decimals, value.denominator)
    if lost:
        raise ValueError(f"{value} has more than {decimals} decimals: round it first")
    digits = f"{parts:0{decimals + 1}d}"
    whole, rest = digits[: len(digits) - decimals], digits[len(digits) - decimals :]
    return f"{'-' if value < 0 else ''}{whole}{'.' if rest else ''}{rest}"


def published(value: Fraction, decimals: int = 2) -> str:
    """A sum, or a difference of two, with the decimals of its book; with two where an earlier book had more."""
    return shown(value, decimals if (value * 10**decimals).denominator == 1 else 2)


def mean(values: Sequence[Fraction], decimals: int = 2) -> Fraction:
    """The mean of sums, rounded as they are."""
    return rounded(added(values) / len(values), decimals)


def told_apart(value: Fraction, marks: Iterable[tuple[Fraction, Fraction]]) -> Fraction:
    """A value rounded to the fewest decimals, two or more, at which it lies as it does exactly.

    ``marks`` are (bound, step): below, on or above the bound, and so many whole steps from it; a step of 0 is none. So
    94.996 against a target of 95 stays 94.996, and a reader sees why it costs.
    """
    known = [*marks]

    def lies(at: Fraction) -> list[tuple[int, int]]:
        beyond = [((at - bound, bound - at), step) for bound, step in known]
        return [(a // step, b // step) if step else (int(a > 0), int(b > 0)) for (a, b), step in beyond]

    return next(near for decimals in count(2) if lies(near := rounded(value, decimals)) == lies(value))


def digits(value: Fraction) -> str:
    """A decimal value with all its places, two at least: 12.65, 94.996."""
    return shown(value, next(places for places in count(2) if (value * 10**places).denominator == 1))


def plain(value: Fraction) -> str:
    """A decimal value without needless zeros: 1, 0.5, 92.25."""
    return shown(value).rstrip("0").rstrip(".")


def hundredths(value: Fraction) -> int:
    """A value of at most two decimals as whole hundredths; ValueError where a digit would be lost."""
    return parts_of(value, CENT)


def parts_of(value: Fraction, grain: int) -> int:
    """A value as a whole number of parts, of which ``grain`` are a point; ValueError where a digit would be lost."""
    scale, rest = divmod(grain, value.denominator)
    if rest:
        raise ValueError(f"{value} is no whole number of {grain} parts: round it first")
    return value.numerator * scale
