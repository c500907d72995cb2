"""What the warehouse hands to the judges: small integers per unit."""

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

    ``counts`` maps (measure, month) to rows; month is ``2026-07``, or "" for measures of the whole quarter.
    ``waived`` maps a measure to the occurrences that an adjustment waives; they are not in ``counts``.
    ``assessed`` maps an item id to its score. ``lacking`` are the measures that the exports do not tell: they are in
    no count.
    """

    unit: Unit
    case_rows: int
    counts: dict[tuple[str, str], int]
    waived: dict[str, int]
    assessed: dict[str, Fraction]
    awards: tuple[Award, ...]
    lacking: frozenset[str] = frozenset()

    def count(self, measure: str, month: str | None = None) -> int:
        """Rows of ``measure`` in ``month``, or in the whole quarter."""
        if month is not None:
            return self.counts.get((measure, month), 0)
        return sum(n for (name, _), n in self.counts.items() if name == measure)
