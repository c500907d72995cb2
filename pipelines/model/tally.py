"""What the warehouse hands to the judges: small integers per unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction


@dataclass(frozen=True)
class Unit:
    """A handling unit as its export names it."""

    unit_id: str
    unit_name: str
    unit_group: str
    ranked: bool


@dataclass(frozen=True)
class Award:
    """One approved award of the quarter; ``matter_key`` is the folded matter (A4.4)."""

    award_id: str
    award_type: str
    matter_key: str
    awarded_on: date


@dataclass(frozen=True)
class UnitTally:
    """All that the rules need of one unit, under the readings in force.

    ``counts`` maps a measure to its rows by month (``2026-07``); a month without any may be missing.
    ``waived`` maps an occurrence rule to the rows of its measure, by month, that an adjustment waives.
    ``assessed`` maps an item id to its score. ``lacking`` are the measures that the exports do not tell: they count
    nothing.
    """

    unit: Unit
    case_rows: int
    counts: Mapping[str, Mapping[str, int]]
    waived: Mapping[str, Mapping[str, int]]
    assessed: dict[str, Fraction]
    awards: tuple[Award, ...]
    lacking: frozenset[str] = frozenset()

    def count(self, measure: str, month: str = "") -> int:
        """Rows of ``measure`` in ``month``, or in the whole period; KeyError for a measure that nobody declared."""
        by_month = self.counts[measure]
        return by_month.get(month, 0) if month else sum(by_month.values())

    def occurrences(self, rule: str, measure: str, month: str = "") -> int:
        """Rows of ``measure`` that cost points by ``rule``: those that no adjustment waives."""
        waived = self.waived.get(rule, {})
        return self.count(measure, month) - (waived.get(month, 0) if month else sum(waived.values()))
