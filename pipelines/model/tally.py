"""What the warehouse hands to the judges: small integers per unit."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Any

from pipelines.model.measure import All, AnyOf, Compare, Condition, IsGiven, Not


@dataclass(frozen=True)
class Unit:
    """A handling unit as its export names it."""

    unit_id: str
    unit_name: str
    unit_group: str
    ranked: bool
    sort: int | None = None  # as the register orders its units

    @property
    def order(self) -> tuple[bool, int, str]:
        """Where it stands among equals: by the register's order, whoever has none after them, by id."""
        return self.sort is None, self.sort or 0, self.unit_id


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

    ``counts`` maps a measure to its rows by month (``2026-07``); a month without any may be missing. Under "" stands
    what is no sum of the months: different values of the period. ``parts`` are those of one in which sums are counted.
    ``waived`` maps an occurrence rule to the rows of its measure, by month, that cost nothing by it: an adjustment
    waives them, or they cost by a dearer rule. ``priced`` maps a rule with several prices to what costs by each.
    ``assessed`` maps an item id to its score. ``lacking`` are the measures that the exports do not tell: they count
    nothing. ``places`` are the unit's places by the rules that look at them; ``best`` the highest counts of its group,
    by rule and month, "" for the period. ``before`` are the counts of an earlier period by rule of change and measure;
    nothing where nobody knows them. ``given`` are the counts that a city gives in place of rows, by measure and month,
    "" for a longer period as a whole.
    """

    unit: Unit
    case_rows: int
    counts: Mapping[str, Mapping[str, int]]
    waived: Mapping[str, Mapping[str, int]]
    assessed: dict[str, Fraction]
    awards: tuple[Award, ...]
    lacking: frozenset[str] = frozenset()
    places: Mapping[str, int] = field(default_factory=dict)
    best: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    parts: Mapping[str, int] = field(default_factory=dict)
    priced: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    before: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    given: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def count(self, measure: str, month: str = "") -> int:
        """Rows of ``measure`` in ``month``, or in the whole period; KeyError for a measure that nobody declared."""
        by_month = self.counts[measure]
        if month:
            return by_month.get(month, 0)
        return by_month[""] if "" in by_month else sum(by_month.values())

    def is_given(self, measure: str, month: str = "") -> bool:
        """Whether a count is as given: that of a month, or of the period or a part of it."""
        spans = self.given.get(measure, {})
        return month in spans or "" in spans if month else bool(spans)

    def occurrences(self, rule: str, measure: str, month: str = "") -> int:
        """Rows of ``measure`` that cost points by ``rule``."""
        waived = self.waived.get(rule, {})
        return self.count(measure, month) - (waived.get(month, 0) if month else sum(waived.values()))


# The marks of a tally: one bit of a row for each condition that a measure makes under some reading.


LISTED = ("places", "keys", "waivers", "quotes", "sums", "distincts")
WORD = 60  # marks that one whole number of a row holds
WAIVED = "waived "  # the key of a waiver's mark: this and the rule's id; without an id, a waiver of any rule


@dataclass(frozen=True)
class Marks:
    """The layout of a counted table: ``places`` are the moments that can place a row, ``keys`` what its bits say.

    ``conditions`` are what the first bits ask of a row, in their order; waivers follow them.
    """

    counts: str
    places: tuple[str, ...]
    keys: tuple[str, ...]
    waivers: tuple[str, ...]  # rule ids, "" for a waiver of any rule
    quotes: tuple[str, ...]  # columns that a ledger line shows, under every reading
    sums: tuple[str, ...] = ()  # columns that a measure adds up: `amount_0` … of a row
    distincts: tuple[str, ...] = ()  # columns of which one counts the values: `value_0` … of a row, 0 = empty
    conditions: tuple[Condition, ...] = ()  # of a layout that was kept with a finished run there are none

    @classmethod
    def of(
        cls,
        counts: str,
        places: Iterable[str],
        conditions: Iterable[Condition],
        waivers: Iterable[str],
        quotes: Iterable[str],
        sums: Iterable[str] = (),
        distincts: Iterable[str] = (),
    ) -> "Marks":
        """The layout for these conditions."""
        conditions, waivers = tuple(conditions), tuple(waivers)
        keys = (*map(spelled, conditions), *(WAIVED + rule for rule in waivers))
        more = tuple(sums), tuple(distincts)
        return cls(counts, tuple(places), keys, waivers, tuple(quotes), *more, conditions=conditions)

    def as_data(self) -> dict[str, object]:
        """Ready for JSON."""
        return {name: getattr(self, name) for name in ("counts", *LISTED)}

    @classmethod
    def of_data(cls, data: Mapping[str, Any]) -> "Marks":
        """From what `as_data` gave."""
        lists = (tuple(data.get(name, ())) for name in LISTED)
        return cls(data["counts"], *lists)

    @cached_property
    def position(self) -> dict[str, int]:
        """The bit that says so."""
        return {key: bit for bit, key in enumerate(self.keys)}

    @property
    def words(self) -> int:
        """How many whole numbers hold the bits of a row."""
        return max(1, -(-len(self.keys) // WORD))

    def pattern(self, bits: Iterable[int]) -> tuple[int, ...]:
        """The bits as whole numbers, one a word."""
        found = [0] * self.words
        for bit in bits:
            found[bit // WORD] |= 1 << bit % WORD
        return tuple(found)


def spelled(condition: Condition) -> str:
    """A resolved condition as the text by which its mark is known."""
    return json.dumps(_plain(condition), ensure_ascii=False, separators=(",", ":"))


def _plain(condition: Condition) -> dict[str, Any]:
    match condition:
        case Compare(column=column, test=test, value=value, other=other):
            return {column: {test: other or (list(value) if isinstance(value, tuple) else value)}}
        case IsGiven(column=column, given=given):
            return {column: {"given": str(given).lower()}}
        case Not(part=part):
            return {"not": _plain(part)}
        case AnyOf(parts=parts):
            return {"any": [_plain(part) for part in parts]}
        case All(parts=parts):
            flat = [one for part in parts for one in (part.parts if isinstance(part, All) else (part,))]
            return {"all": [_plain(one) for one in flat]} if len(flat) != 1 else _plain(flat[0])
    raise TypeError(f"{condition} leaves a reading open")


def units_of(tallies: Mapping[str, UnitTally]) -> dict[str, Unit]:
    """The units that are counted, by id."""
    return {id: tally.unit for id, tally in tallies.items()}
