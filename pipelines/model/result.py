"""A scored quarter as a whole: what publish and explain work from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.model.facts import NOTHING_KNOWN, Before
from pipelines.model.intake import Intake, Validation
from pipelines.model.library import LibraryReport
from pipelines.model.office import Office
from pipelines.model.period import Period
from pipelines.model.rule import Rulebook
from pipelines.model.score import Fired, GivenVerdict, PlaceRange, Reread, Standing, UnitScore
from pipelines.model.tally import UnitTally
from pipelines.model.words import Words

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
    reread: tuple[Reread, ...] = ()  # the ranking under every other reading, one at a time
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
