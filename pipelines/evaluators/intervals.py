"""The interval of a share that is right for small numbers: Jeffreys', quantiles of Beta(k + ½, n − k + ½)."""

from math import exp, lgamma, log

LEVEL = 0.95
STEPS = 60  # halvings: far below the one decimal that is shown
TINY = 1e-300


def jeffreys(k: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """The ends for ``k`` of ``n``; (0, 1) where n is 0. At k = 0 the lower end is 0, at k = n the upper is 1."""
    if not n:
        return 0.0, 1.0
    a, b, tail = k + 0.5, n - k + 0.5, (1 - level) / 2
    low = 0.0 if k == 0 else quantile(a, b, tail)
    high = 1.0 if k == n else quantile(a, b, 1 - tail)
    return low, high


def quantile(a: float, b: float, p: float) -> float:
    """The x at which the regularised incomplete beta function is ``p``, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if incomplete_beta(a, b, middle) < p else (low, middle)
    return (low + high) / 2


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x))
    if x < (a + 1) / (a + b + 2):  # where the continued fraction runs fast; else its mirror image
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 300):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away_from_zero(1 + term * d)
            c = _away_from_zero(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < 1e-14:
            break
    return value


def _away_from_zero(number: float) -> float:
    return number if abs(number) > TINY else TINY
