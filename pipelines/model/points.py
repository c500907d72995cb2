"""Points as exact fractions, and the one place where they are rounded."""

from fractions import Fraction

CENT = 100


def points(value: "str | int | Fraction") -> Fraction:
    """An exact fraction from a decimal text such as ``0.5``; ValueError for floats and non-numbers."""
    if isinstance(value, (float, bool)):
        raise ValueError(f"{value!r} is not exact: write points as text or whole numbers")
    return Fraction(value)


def half_up(value: Fraction) -> Fraction:
    """Round to two decimals, halves away from zero (readings.md, Points)."""
    cents = abs(value) * CENT + Fraction(1, 2)
    rounded = Fraction(cents.numerator // cents.denominator, CENT)
    return rounded if value >= 0 else -rounded


def shown(value: Fraction) -> str:
    """A value of at most two decimals as ``-0.50``; ValueError where a digit would be lost, never ``-0.00``."""
    cents = value * CENT
    if cents.denominator != 1:
        raise ValueError(f"{value} has more than two decimals: round it first")
    whole, rest = divmod(abs(cents.numerator), CENT)
    return f"{'-' if cents < 0 else ''}{whole}.{rest:02d}"
