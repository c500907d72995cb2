"""A scored quarter as a whole: what publish and explain work from."""

from dataclasses import dataclass, field
from datetime import datetime

from pipelines.model.counted import CountedList, CountedRow
from pipelines.model.earlier import Earlier, at, ranking_before
from pipelines.model.intake import Intake, Validation
from pipelines.model.library import LibraryReport
from pipelines.model.office import Office
from pipelines.model.period import Period
from pipelines.model.rule import Rulebook
from pipelines.model.score import Fired, Given, Standing, Sure, UnitScore
from pipelines.model.tally import UnitTally
from pipelines.model.words import Words

NOTHING_BEFORE = "first"  # stands for the head of the record where nothing was published before


@dataclass(frozen=True)
class Assessment:
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
    verdicts: tuple[Given, ...]
    trace: tuple[Fired, ...]
    calendar_sha256: str
    office: Office | None = None  # who issues the bulletin; the project's own settings where None
    earlier: tuple[Earlier, ...] = ()  # the quarters before that are known, the oldest first
    libraries: LibraryReport | None = None  # of the matter library and the knowledge base, where the exports have them
    sure: dict[str, Sure] = field(default_factory=dict)  # by unit_id, the ranked ones
    observations: tuple[Words, ...] = ()  # worth a line in the summary, no breach
    counted: tuple[CountedList, ...] = ()  # what earlier published quarters counted
    counted_rows: tuple[CountedRow, ...] = ()  # case rows left out for that
    evaluators: str = ""  # the hash in the last line of the evaluators' log before the cutoff
    record_before: str = NOTHING_BEFORE  # head of the record of publication before this quarter's first act
    city: str = ""  # as the project file names it, "" where it does not
    zone: str = ""  # of local time; the usual one where ""
    accounts: tuple[dict, ...] = ()  # what became of every unit's case rows, by `sql/publish/accounts.sql`

    def before(self, quarters: int) -> Earlier | None:
        """The quarter so many quarters ago, None where it is not known: 1 is the last, 4 the same of last year."""
        return at(self.earlier, self.period.ago(quarters))

    @property
    def previous(self) -> dict[str, dict]:
        """The ranking lines of the quarter before by unit_id, empty where it is not known."""
        return ranking_before(self.earlier, self.period)
