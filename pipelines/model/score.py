"""Findings, entries, item scores, standings: from a fired rule to a place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

WHOLE = "ALL"  # stands for an item where a line is of the whole
# Sentences of a rule that are not its own words.
UNMEASURED, UNMEASURED_FULL, MEAN, FLAGGED = "unmeasured_zero", "unmeasured_full", "mean", "flagged"
GIVEN = "given"  # occurrences of which there are no rows: a count in place of them
BEYOND, OVER, AT_MOST = "beyond", "over", "at_most"


@dataclass(frozen=True)
class Finding:
    """A rule that fired for a unit, with exact unrounded points (deductions negative, awards positive).

    For an occurrence rule ``n`` rows at ``points`` / ``n`` each; for a rate rule ``n`` of ``of``. A finding with a
    ``sentence`` of its own is one line, whatever its rule.
    """

    unit_id: str
    rule_id: str
    item_id: str
    clause: str
    month: str
    n: int
    of: int
    points: Fraction
    ref_id: str = ""
    unmeasured: bool = False  # the rule could not be judged: all that it can take or give, as `unmeasured` says
    sentence: str = ""  # the key of its sentence where that is not the rule's own
    target: Fraction = Fraction(0)  # of a rate
    place: int = 0  # of a rule by place
    parts: int = 1  # in how many parts of one ``n`` is counted
    of_parts: int = 1  # and ``of``
    before: tuple[int, int] = (0, 0)  # of a rule of change: what ``n`` and ``of`` were
    given: bool = False  # of counts that the city gave in place of rows


@dataclass(frozen=True)
class Entry:
    """One ledger line that stands for no single case: a rate, an assessed score, an award, a floor, a rounding.

    Lines of occurrences are written by the warehouse, one a row; both share the file's columns.
    """

    unit_id: str
    item_id: str
    rule_id: str
    clause: str
    month: str
    case_id: str
    ref_id: str
    points: Fraction  # at most two decimals
    adjustment_id: str
    sentence: str = ""  # the key of its sentence; "" = the rule's own words
    facts: Mapping[str, str] = field(default_factory=dict, hash=False)  # what the sentence is made of, in no language


@dataclass(frozen=True)
class Loss:
    """What an item would get back if these rules, and nothing else, had taken nothing; floor and rounding applied.

    One rule by itself; several where none of the item's rules alone would bring anything back.
    """

    rules: tuple[str, ...]
    back: Fraction  # above 0


@dataclass(frozen=True)
class ItemScore:
    """The score of one item: full marks + the sum of its ledger lines; no full marks where the item is left out."""

    item_id: str
    full_marks: Fraction
    score: Fraction
    notes: tuple[str, ...] = ()  # keys of wording/notes.yaml
    losses: tuple[Loss, ...] = ()  # the largest first
    measured: bool = True  # something was there to judge it by
    weight: Fraction = Fraction(1)  # with which it enters base and total
    times: Fraction = Fraction(1)  # a coefficient of its points
    exact: Fraction | None = None  # its points before rounding, where the book keeps them so; None: the score

    @property
    def unrounded(self) -> Fraction:
        """What base and total are made of."""
        return self.score if self.exact is None else self.exact

    @property
    def brought(self) -> Fraction:
        """What it brings to base or bonus beyond its full marks: negative where it costs."""
        return (self.score * self.times - self.full_marks) * self.weight

    @property
    def measured_marks(self) -> Fraction:
        """The full marks that rest on data: none of an item without any."""
        return self.full_marks if self.measured else Fraction(0)

    @property
    def deducted(self) -> Fraction:
        """The sum of the item's ledger lines: negative for a deduction, positive for bonus points."""
        return self.score - self.full_marks


@dataclass(frozen=True)
class UnitScore:
    """A unit's settled quarter."""

    unit_id: str
    items: dict[str, ItemScore]  # in the order of the score sheet, A4 last
    base: Fraction
    bonus: Fraction
    whole: Fraction = Fraction(0)  # the lines of no single item (`ALL`): stretched, rounded, bounded, vetoed
    veto: str = ""  # the rule whose veto holds
    regained: tuple[Loss, ...] | None = field(default=None, compare=False)  # settled anew where a total is no plain sum

    @cached_property
    def total(self) -> Fraction:
        """Base and bonus together, and the lines of no single item."""
        return self.base + self.bonus + self.whole

    @cached_property
    def losses(self) -> tuple[Loss, ...]:
        """What the total would get back without a rule, the largest first."""
        if self.regained is not None:
            return self.regained
        found = [loss for item in self.items.values() for loss in item.losses]
        return tuple(sorted(found, key=lambda loss: (-loss.back, loss.rules)))

    @cached_property
    def measured_marks(self) -> Fraction:
        """The full marks of the items that were measured."""
        return sum((item.measured_marks * item.weight for item in self.items.values()), Fraction(0))

    @cached_property
    def full_marks(self) -> Fraction:
        """The full marks of the items that count."""
        return sum((item.full_marks * item.weight for item in self.items.values()), Fraction(0))

    @cached_property
    def unmeasured_marks(self) -> Fraction:
        """The full marks that count and rest on no data."""
        return self.full_marks - self.measured_marks


APART = ("apart",)  # the note of a unit that is listed apart, having few case rows


@dataclass(frozen=True)
class Standing:
    """A unit's line in the ranking; ``rank`` and ``group_rank`` are None for the unranked and for those apart.

    ``rank`` is None for everybody where a book places units inside their groups alone.
    """

    unit_id: str
    rank: int | None
    group_rank: int | None
    satisfied: int  # numerator and denominator of the quarter's satisfaction rate
    rated: int
    case_rows: int
    notes: tuple[str, ...] = ()
    grade: str = ""  # its id; "" where the book has none, and for a unit without case rows

    @property
    def ranked(self) -> bool:
        """Whether it has a place, at least in its group."""
        return self.group_rank is not None


@dataclass(frozen=True)
class PlaceRange:
    """How far a unit's place could be elsewhere: (best, worst) under other readings, and by chance in small numbers."""

    place: int
    readings: tuple[int, int]
    chance: tuple[int, int]
    mover: str  # the one reading that moves it most, such as ``satisfied=full_only``; "" where none does
    moved_to: int

    @property
    def open_places(self) -> int:
        """Between the best and the worst place that chance allows; 0 where it leaves one."""
        best, worst = self.chance
        return worst - best


@dataclass(frozen=True)
class Reread:
    """What one other reading, and nothing else, would make of the ranking.

    ``figures``: of every ranked unit its place, its place in its group, and total, base and bonus in hundredths.
    """

    reading: str
    value: str
    figures: Mapping[str, tuple[int, int, int, int, int]] = field(hash=False)


@dataclass(frozen=True)
class HowSure:
    """How sure the places of a period are; nothing where chance is not worked out (docs/robustness.md)."""

    ranges: Mapping[str, PlaceRange] = field(default_factory=dict, hash=False)  # by unit_id, the ranked ones
    reread: tuple[Reread, ...] = ()  # one for every value of every reading that is not in force


@dataclass(frozen=True)
class GivenVerdict:
    """A verdict given to a unit, with the facts that led to it."""

    unit_id: str
    verdict_id: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Fired:
    """One line of the engine's trace: which rule fired on which fact."""

    unit_id: str
    stage: str  # judge, settle, verdict
    rule_id: str
    month: str
    fact: str
