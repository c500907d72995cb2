"""From a fired rule to a place: findings, entries, item scores, standings, and the scored period as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines.model.condition import NOTHING_KNOWN, Before
from pipelines.model.intake import Intake, Validation
from pipelines.model.library import LibraryReport
from pipelines.model.period import Period
from pipelines.model.points import added, times
from pipelines.model.project import Office
from pipelines.model.rule import Rulebook
from pipelines.model.tally import UnitTally
from pipelines.model.words import Words

STAGES = ("ingest", "validate", "measure", "judge", "settle", "rank", "publish")  # of a scored period, in this order

# Findings, entries, item scores, standings: from a fired rule to a place.


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
        return added(times(item.measured_marks, item.weight) for item in self.items.values())

    @cached_property
    def full_marks(self) -> Fraction:
        """The full marks of the items that count."""
        return added(times(item.full_marks, item.weight) for item in self.items.values())

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
class Rereading:
    """What a page needs to rank anew under any readings at once.

    ``choices``: each reading that changes anything, with its other values. ``numbers``: what the page counts with, as
    pipelines/engines/rereading.py makes it, of ``unit_ids`` in this order.
    """

    unit_ids: tuple[str, ...]
    choices: tuple[tuple[str, tuple[str, ...]], ...]
    numbers: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True)
class HowSure:
    """How sure the places of a period are; nothing where chance is not worked out (docs/robustness.md)."""

    ranges: Mapping[str, PlaceRange] = field(default_factory=dict, hash=False)  # by unit_id, the ranked ones
    reread: Rereading | None = None  # the ranking under any other readings


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


# A scored quarter as a whole: what publish and explain work from.


# What became of a run's printed pages.


@dataclass(frozen=True)
class Paper:
    """``state``: done, none (not asked for, or not possible here) or failed while printing; and what is to be said."""

    state: str = "none"
    notices: tuple[Words, ...] = ()


# A quarter that was scored before this one, as far as this one is compared with it.


@dataclass(frozen=True)
class Earlier:
    """An earlier quarter's published figures; ``figures`` and ``basis`` are empty where it has no manifest."""

    period: Period
    ranking: dict[str, dict[str, str]] = field(hash=False)  # unit_id -> its line of ranking.csv
    items: dict[str, tuple[dict[str, str], ...]] = field(default_factory=dict, hash=False)  # the same of items.csv
    figures: dict[str, int] = field(default_factory=dict, hash=False)  # the city's counts: due, completed, rated …
    received: tuple[dict[str, Any], ...] = field(default=(), hash=False)  # as of `ScoredPeriod`
    basis: tuple[object, ...] = ()  # rulebook sha256 and readings: what makes two quarters comparable
    ranking_sha256: str = ""
    manifest_sha256: str = ""


def at(earlier: tuple[Earlier, ...], period: Period) -> Earlier | None:
    """The one of a period, None where it is not known."""
    return next((one for one in earlier if one.period == period), None)


def before(earlier: tuple[Earlier, ...], period: Period) -> Before:
    """What the quarter before ``period`` published of its units; nothing where it is not known."""
    last = at(earlier, period.previous)
    return Before(last.ranking, last.items) if last else NOTHING_KNOWN


# Case rows that an earlier published quarter counted already.


@dataclass(frozen=True)
class CountedList:
    """The list of an earlier quarter's counted case rows, as its published edition keeps it; for the office alone."""

    period: Period
    file: Path
    sha256: str


@dataclass(frozen=True)
class CountedRow:
    """A case row that is left out because the quarter ``counted_in`` counted it."""

    unit_id: str
    case_id: str
    counted_in: str


@dataclass(frozen=True)
class QuarantinedRow:
    """A case row of a known unit that is kept out; ``unread``: it is in no raw table."""

    unit_id: str
    file: str
    line: int
    case_id: str
    unread: bool


NOTHING_BEFORE = "first"  # stands for the head of the record where nothing was published before


@dataclass(frozen=True)
class ScoredPeriod:
    """Everything about a scored quarter but the ledger lines, which stay in the warehouse (`ledger.entries`)."""

    period: Period
    cutoff: datetime
    rulebook: Rulebook
    readings: dict[str, str]  # every reading with the value in force
    intake: Intake
    validation: Validation
    tallies: dict[str, UnitTally]  # by unit_id
    scores: dict[str, UnitScore]  # by unit_id
    standings: tuple[Standing, ...]  # in listing order, the unranked last
    verdicts: tuple[GivenVerdict, ...]
    trace: tuple[Fired, ...]
    calendar_sha256: str
    office: Office | None = None  # who issues the bulletin; the project's own settings where None
    earlier: tuple[Earlier, ...] = ()  # the quarters before that are known, the oldest first
    libraries: LibraryReport | None = None  # of the matter library and the knowledge base, where the exports have them
    place_ranges: Mapping[str, PlaceRange] = field(default_factory=dict)  # by unit_id, the ranked ones
    reread: Rereading | None = None  # the ranking under any other readings
    observations: tuple[Words, ...] = ()  # worth a line in the summary, no breach
    counted: tuple[CountedList, ...] = ()  # what earlier published quarters counted
    counted_rows: tuple[CountedRow, ...] = ()  # case rows left out for that
    evaluators: str = ""  # the hash in the last line of the evaluators' log before the cutoff
    record_before: str = NOTHING_BEFORE  # head of the record of publication before this quarter's first act
    city: str = ""  # as the project file names it, "" where it does not
    zone: str = ""  # of local time; the usual one where ""
    checked_twice: bool = True  # whether a second program checked the accepted rows
    accounts: tuple[dict[str, Any], ...] = ()  # what became of every unit's case rows, by `sql/publish/accounts.sql`
    quarantined: tuple[QuarantinedRow, ...] = ()  # case rows of known units
    received: tuple[dict[str, Any], ...] = ()  # what came in, by `sql/publish/received.sql.j2`

    parts: tuple[tuple[Period, Earlier | None], ...] = ()  # what makes the period where it is composed of others

    @property
    def previous(self) -> Mapping[str, Mapping[str, str]]:
        """The ranking lines of the quarter before by unit_id, empty where it is not known."""
        return before(self.earlier, self.period).ranking
