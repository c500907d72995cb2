"""Exact numbers and dates out of text."""

import re
from datetime import date
from fractions import Fraction

DECIMAL = re.compile(r"-?\d{1,9}(\.\d{1,2})?", re.ASCII)
COUNT = re.compile(r"\d{1,9}", re.ASCII)


def exact(text: object) -> Fraction | None:
    """A decimal with at most two places as a fraction; None for anything else, exponents included."""
    return Fraction(str(text)) if not isinstance(text, bool) and DECIMAL.fullmatch(str(text)) else None


def count(text: object) -> int | None:
    """A whole number >= 0; None for anything else."""
    return int(text) if isinstance(text, str) and COUNT.fullmatch(text) else None


def day(text: object) -> date | None:
    """A date such as 2026-07-01; None for anything else."""
    try:
        return date.fromisoformat(text) if isinstance(text, str) and len(text) == 10 else None
    except ValueError:
        return None
