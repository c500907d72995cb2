"""What a verdict may look at of a ranked unit, declared once: the vocabulary and both judges derive from it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from fractions import Fraction

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
