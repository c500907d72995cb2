"""What rule files are made of: blocks that know their line, constants as their types read them, comparisons, facts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from fractions import Fraction
from functools import cached_property
from typing import Any

# A mapping of a rule file that knows where it stands, so that a refusal can name file and line.


class Block(dict[str, Any]):
    """A mapping of a rule file, with the file, its own line and the line of each key.

    A value is a text, a list or a block: YAML as written, which `fail_if` checks before it is used.
    """

    def __init__(self, file: str, line: int) -> None:
        super().__init__()
        self.file, self.line = file, line
        self.lines: dict[str, int] = {}


# A comparison, as verdicts and findings of the libraries use it.


@dataclass(frozen=True)
class Condition:
    """One fact and the comparison that it must pass.

    A verdict's fact is a name (``place``) or one of the book's own things: ``rate satisfied/rated``,
    ``measure late_reply``, ``item A3.1``, ``section A1``. ``value`` is a tuple for the test ``in``.
    """

    fact: str
    test: str  # equals, at_most, at_least, more_than, less_than, in
    value: int | Fraction | str | tuple[Fraction, ...] | tuple[str, ...]  # a word of a fact that is one

    @cached_property
    def bounds(self) -> tuple[int | Fraction | str, ...]:
        """What the fact is compared with: one number or word, or several for the test ``in``."""
        return self.value if isinstance(self.value, tuple) else (self.value,)

    @cached_property
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
WHOLE = r"(?:0|[1-9]\d{0,8})"  # 012 is ten to many readers of YAML
DECIMAL = re.compile(rf"-?{WHOLE}(\.(\d{{1,6}}))?", re.ASCII)
COUNT = re.compile(WHOLE, re.ASCII)


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


# What a verdict may look at of a ranked unit, declared once: the vocabulary and both judges derive from it.


Value = int | Fraction | str
BEFORE = "previous_"


@dataclass(frozen=True, kw_only=True)
class UnitFacts:
    """Of one unit in one period. A fact that is None has no value, and no condition on it holds (semantics G10).

    Places are 1 for the highest figure, from the bottom 1 for the lowest; equals share one either way.
    """

    place: Value | None  # without a value where a book places units inside their groups alone, as the next three
    from_bottom_of_all: Value | None
    level: Value | None  # how many units share its place
    level_share: Value | None  # the same in percent of the ranked
    group_place: Value
    from_bottom: Value  # in its group
    size: Value  # how many units are ranked
    ranked: Value  # the same, beside `level`
    group_size: Value
    items_at_zero: Value | None
    quality_items_at_zero: Value | None
    total: Value | None
    base: Value | None
    bonus: Value | None
    measured_marks: Value | None
    full_marks: Value | None
    share: Value | None  # the total in percent of the full marks
    case_rows: Value | None
    grade: str | None  # its id
    steady: Value | None  # places between the best and the worst that chance allows (docs/robustness.md)

    def named(self, prefix: str = "") -> dict[str, Value]:
        """The facts that have a value, by name."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {prefix + name: value for name, value in values if value is not None}


NAMES = tuple(field.name for field in fields(UnitFacts))
WORDS = frozenset({"grade", BEFORE + "grade"})  # facts whose values are words of the book
FACTS = (*NAMES, *(BEFORE + name for name in NAMES))  # the second: of the period before
THINGS = ("rate", "measure", "item", "section")  # of the book itself: they are named beside a fact


@dataclass(frozen=True)
class Before:
    """What a finished quarter published of the units it ranked: lines of ranking.csv, and of items.csv by unit."""

    ranking: Mapping[str, Mapping[str, str]]
    items: Mapping[str, tuple[Mapping[str, str], ...]]


NOTHING_KNOWN = Before({}, {})
