"""A comparison, as verdicts and findings of the libraries use it."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction


@dataclass(frozen=True)
class Condition:
    """One fact and the comparison that it must pass.

    A verdict's fact is a name (``place``) or one of the book's own things: ``rate satisfied/rated``,
    ``measure late_reply``, ``item A3.1``, ``section A1``. ``value`` is a tuple for the test ``in``.
    """

    fact: str
    test: str  # equals, at_most, at_least, more_than, less_than, in
    value: int | Fraction | str | tuple[Fraction, ...] | tuple[str, ...]  # a word of a fact that is one

    @property
    def bounds(self) -> tuple[int | Fraction | str, ...]:
        """What the fact is compared with: one number or word, or several for the test ``in``."""
        return self.value if isinstance(self.value, tuple) else (self.value,)

    @property
    def numbers(self) -> tuple[int | Fraction, ...]:
        """The bounds of a fact that is a number; those of a word are none."""
        return tuple(bound for bound in self.bounds if not isinstance(bound, str))

    @property
    def thing(self) -> tuple[str, str]:
        """("rate", "satisfied/rated") and the like; ("fact", name) for a plain fact."""
        kind, blank, name = self.fact.partition(" ")
        return (kind, name) if blank else ("fact", self.fact)

    @property
    def label(self) -> str:
        """How an example names the fact."""
        return self.thing[1]


# Exact numbers and dates out of text.


TRUTH = {"true": True, "false": False}
DECIMAL = re.compile(r"-?\d{1,9}(\.(\d{1,6}))?", re.ASCII)
COUNT = re.compile(r"\d{1,9}", re.ASCII)


def exact(text: object, places: int = 2) -> Fraction | None:
    """A decimal with at most so many places as a fraction; None for anything else, exponents included."""
    found = None if isinstance(text, bool) else DECIMAL.fullmatch(str(text))
    return Fraction(found[0]) if found and len(found[2] or "") <= places else None


def is_amount(text: object) -> bool:
    """Whether it is a number >= 0 with at most two decimals."""
    amount = exact(text)
    return amount is not None and amount >= 0


def count(text: object) -> int | None:
    """A whole number >= 0; None for anything else."""
    return int(text) if isinstance(text, str) and COUNT.fullmatch(text) else None


def day(text: object) -> date | None:
    """A date such as 2026-07-01; None for anything else."""
    try:
        return date.fromisoformat(text) if isinstance(text, str) and len(text) == 10 else None
    except ValueError:
        return None


def typed(kind: str, value: object) -> object:
    """A constant as its type reads it: bool, Fraction, date, datetime or text; None if it does not."""
    if not isinstance(value, str) or not value:
        return None
    if kind == "boolean":
        return TRUTH.get(value)
    if kind in ("decimal", "integer"):
        number = exact(value)
        return None if kind == "integer" and number is not None and number.denominator != 1 else number
    if kind == "date":
        return day(value)
    if kind == "timestamp":
        return moment(value)
    return value


def moment(value: str) -> datetime | None:
    """A moment such as 2026-07-03T18:00:00, whole seconds; None for anything else."""
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if len(value) == 19 and found.tzinfo is None else None
