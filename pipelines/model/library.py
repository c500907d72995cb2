"""The matter library (M), the knowledge base (K), joint work and commendation (A): what is looked at, and found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from pipelines.model.condition import Block, Condition
from pipelines.model.intake import Breach
from pipelines.model.period import Period
from pipelines.model.words import Words

KINDS = ("duties", "policy", "law", "guide")


@dataclass(frozen=True)
class Subject:
    """What a rule may look at: rows of ``sql/libraries/<name>.sql``, one finding at most for each.

    ``measures`` are whole numbers; ``flags`` among them are 0 or 1, ``shares`` whole percents rounded down.
    ``codes`` are the columns with a closed vocabulary, ``texts`` what a sentence may name besides.
    ``tables`` must be among the exports, and ``columns`` (table, column) must not be declared absent.
    """

    name: str
    library: str  # matters, knowledge, handling
    table: str  # where the row that a finding names is to be found
    measures: tuple[str, ...]
    flags: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()


_ROLE = {"role": ("lead", "assist")}
_CASE_MATTER = (("cases", "matter_id"),)
SUBJECTS = {
    subject.name: subject
    for subject in (
        Subject("processes", "matters", "matters", ("processes",), texts=("matter_name",), tables=("matters",)),
        Subject(
            "changes",
            "matters",
            "matter_changes",
            ("waiting", "applicant_holds", "others_hold", "contents"),
            flags=("applicant_holds",),
            codes={"change": ("add", "remove", "modify"), "decision": ("approved", "rejected", "undecided")},
            texts=("matter_id", "matter_name", "requested_on"),
            tables=("matter_changes",),
        ),
        Subject(
            "dispatched",
            "matters",
            "cases",
            ("named", "entered_since", "decided"),
            flags=("named", "entered_since", "decided"),
            codes=_ROLE,
            texts=("matter_id", "matter_name"),
            tables=("matters",),
            columns=_CASE_MATTER,
        ),
        Subject(
            "elsewhere",
            "matters",
            "matters",
            ("cases", "elsewhere", "share"),
            shares=("share",),
            texts=("matter_name", "mostly_to"),
            tables=("matters",),
            columns=_CASE_MATTER,
        ),
        Subject(
            "entries",
            "knowledge",
            "knowledge",
            ("signed", "days_past_expiry", "days_untouched"),
            flags=("signed",),
            codes={"kind": KINDS, "status": ("published", "draft", "removed")},
            texts=("entry_title", "expires_on", "updated_on"),
            tables=("knowledge",),
        ),
        Subject("kinds", "knowledge", "knowledge", ("published",), codes={"kind": KINDS}, tables=("knowledge",)),
        Subject(
            "demand",
            "knowledge",
            "cases",
            ("cases", "place", "entries"),
            codes={"about": ("matter", "channel")},
            texts=("topic",),
            tables=("knowledge",),
        ),
        Subject(
            "notices",
            "matters",
            "matter_steps",
            ("cases", "told", "days_since_told"),
            flags=("told",),
            texts=("matter_id", "matter_name", "told_on"),
            tables=("matters", "matter_steps"),
            columns=_CASE_MATTER,
        ),
        Subject(
            "special",
            "matters",
            "cases",
            ("urged", "finished"),
            flags=("urged", "finished"),
            tables=("matter_steps",),
            columns=_CASE_MATTER,
        ),
        Subject(
            "added",
            "matters",
            "matter_steps",
            ("entered",),
            flags=("entered",),
            texts=("matter_id", "matter_name", "done_on"),
            tables=("matters", "matter_steps"),
        ),
        Subject(
            "guided",
            "knowledge",
            "knowledge",
            ("faults", "guided"),
            tables=("knowledge", "guidance"),
            columns=(("knowledge", "signed_off_by"),),
        ),
        Subject(
            "difficulties",
            "handling",
            "difficulties",
            ("in_time", "late", "waived"),
            flags=("in_time", "late", "waived"),
            codes={"decision": ("accepted", "rejected", "undecided")},
            texts=("case_id", "stated_on", "due_on"),
            tables=("difficulties",),
        ),
        Subject(
            "cooperation",
            "handling",
            "incidents",
            ("verified", "units"),
            flags=("verified",),
            texts=("case_id", "occurred_on"),
            tables=("incidents",),
        ),
        Subject(
            "superiors",
            "handling",
            "commendations",
            ("letters",),
            texts=("superior", "period"),
            tables=("commendations",),
        ),
        Subject("staff", "handling", "awards", ("praises", "staff"), tables=("awards", "commendations")),
    )
}
WAIVER = "waiver_proposed"  # the finding whose rows are put to the office as decisions, ready to be signed (A3.3)
NEEDS = {"signed": ("knowledge", "signed_off_by"), "days_past_expiry": ("knowledge", "expires_on")}


@dataclass(frozen=True)
class LibraryRule:
    """One finding that the rules of the libraries know: all of ``when`` on a row of ``of`` that ``only`` lets in."""

    id: str
    clause: str
    of: str
    title: Words
    says: Words
    remedy: Words
    when: tuple[Condition, ...]
    only: dict[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    examples: tuple[Block, ...] = field(default=(), hash=False)

    @property
    def subject(self) -> Subject:
        """What the rule looks at."""
        return SUBJECTS[self.of]

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures that its conditions compare, in order."""
        return tuple(condition.fact for condition in self.when)


@dataclass(frozen=True)
class LibraryFinding:
    """A rule met by one row: whose it is, which row, and what there is to say."""

    rule: LibraryRule
    unit_id: str
    row: str
    what: Words


@dataclass(frozen=True)
class LibraryEntry:
    """A process of a unit for a matter, in force from its first to its last day (None = until further notice)."""

    matter_id: str
    unit_id: str
    matter_name: str
    process: str
    valid_from: date
    valid_to: date | None = None
    change_id: str = ""  # the approved change that made or ended it; "" as the export has it


@dataclass(frozen=True)
class MatterChange:
    """A change of the library that was approved, with the day on which it takes effect."""

    change_id: str
    matter_id: str
    unit_id: str
    change: str  # add, remove, modify
    matter_name: str | None
    process: str | None
    effective_on: date


@dataclass(frozen=True)
class LibraryReport:
    """Both libraries as they stood on a day, with everything that was found."""

    period: Period
    on: date
    rules: tuple[LibraryRule, ...]  # those that could be looked for in these exports
    findings: tuple[LibraryFinding, ...]  # in the order of the rules, then unit and row
    matters: tuple[LibraryEntry, ...]  # the matter library on that day
    published: int  # published entries of the knowledge base
    units: dict[str, str] = field(hash=False)  # unit_id -> name
    absent: tuple[str, ...] = ()  # tables of the libraries that the exports do not hold
    uncovered: tuple[Words, ...] = ()  # why no working days could be counted
    simulated: bool = False
    quarantined: tuple[Breach, ...] = ()  # broken promises of rows of the libraries that were kept out
    waivers: tuple[tuple[str, str, str], ...] = ()  # statement, unit, case: deductions that may be waived (A3.3)
