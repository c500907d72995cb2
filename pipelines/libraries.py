"""Both libraries through time and as they stood on a day: measured by queries, judged by rules, found in words."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache

from pipelines.edges.calendar import Calendar
from pipelines.edges.warehouse import Warehouse
from pipelines.engines.rete import Inspector
from pipelines.lazy import pyarrow
from pipelines.model.intake import Breach, Intake
from pipelines.model.library import (
    KINDS,
    NEEDS,
    WAIVER,
    LibraryEntry,
    LibraryFinding,
    LibraryReport,
    LibraryRule,
    MatterChange,
)
from pipelines.model.period import Period
from pipelines.model.rule import Rulebook
from pipelines.model.text import masked, plain, same_text
from pipelines.model.words import Refusal, Words
from pipelines.stages.measure import store_working_days
from pipelines.wording import say

# The matter library through time: the export's rows and the approved changes as spans of days (M1, M2, M3).


DAY = timedelta(days=1)


def history(entries: Iterable[LibraryEntry], changes: Iterable[MatterChange]) -> list[LibraryEntry]:
    """Every entry that ever was in force, ordered by matter, unit and first day.

    ``changes`` are the approved ones. A unit changes its own entries alone: what another unit applies for finds
    nothing to remove or to modify. An entry ends on the day before a removal or a modification takes effect.
    """
    held: dict[tuple[str, str], list[LibraryEntry]] = {}
    for entry in entries:
        held.setdefault((entry.matter_id, entry.unit_id), []).append(entry)
    for change in sorted(changes, key=lambda c: (c.effective_on, c.change_id)):
        key = change.matter_id, change.unit_id
        held[key] = APPLY[change.change](held.get(key, []), change)
    return sorted((entry for group in held.values() for entry in group), key=_order)


def in_force(entry: LibraryEntry, on: date) -> bool:
    """Whether an entry holds on a day; its first and last day are included."""
    return entry.valid_from <= on and (entry.valid_to is None or entry.valid_to >= on)


def _add(held: list[LibraryEntry], change: MatterChange) -> list[LibraryEntry]:
    """A new entry, unless the export has the same process in force already."""
    process = same_text(change.process or "")
    if any(in_force(entry, change.effective_on) and same_text(entry.process) == process for entry in held):
        return held
    return [*held, _entry(change, change.matter_name or "", change.process or "")]


def _remove(held: list[LibraryEntry], change: MatterChange) -> list[LibraryEntry]:
    return [_ended(entry, change) for entry in held]


def _modify(held: list[LibraryEntry], change: MatterChange) -> list[LibraryEntry]:
    """What was in force goes on under the new name, the new process, or both."""
    before = [entry for entry in held if _touched(entry, change)]
    if not before:
        return held
    last = max(before, key=_order)
    renewed = _entry(change, change.matter_name or last.matter_name, change.process or last.process)
    return [*(_ended(entry, change) for entry in held), replace(renewed, valid_to=last.valid_to)]


def _touched(entry: LibraryEntry, change: MatterChange) -> bool:
    """In force on the day and not begun on it: what begins that day is the export's own account of the change."""
    return entry.valid_from < change.effective_on and in_force(entry, change.effective_on)


def _ended(entry: LibraryEntry, change: MatterChange) -> LibraryEntry:
    if not _touched(entry, change):
        return entry
    return replace(entry, valid_to=change.effective_on - DAY, change_id=change.change_id)


def _entry(change: MatterChange, matter_name: str, process: str) -> LibraryEntry:
    return LibraryEntry(
        change.matter_id, change.unit_id, matter_name, process, change.effective_on, change_id=change.change_id
    )


def _order(entry: LibraryEntry) -> tuple:
    return entry.matter_id, entry.unit_id, entry.valid_from, entry.valid_to or date.max, entry.process


APPLY = {"add": _add, "remove": _remove, "modify": _modify}


# Both libraries as they stood on a day: measured by the queries, judged by the rules, every finding in words.


TABLES = ("matters", "matter_changes", "knowledge", "matter_steps", "guidance", "difficulties", "commendations")
NOTHING = "—"
PARAMETERS = {
    "processes": ("on",),
    "changes": ("on",),
    "dispatched": ("on",),
    "elsewhere": ("on",),
    "entries": ("on",),
    "kinds": ("kinds",),
    "demand": (),
    "notices": ("on",),
    "special": ("on",),
    "added": ("on",),
    "guided": ("start", "on"),
    "difficulties": ("on",),
    "cooperation": ("start", "on"),
    "superiors": ("before", "on"),
    "staff": ("start", "on"),
}


def last_day(cutoff: datetime) -> date:
    """The last day that a cutoff lets in: that of the instant before it."""
    return (cutoff - timedelta(microseconds=1)).date()


def inspect(
    warehouse: Warehouse,
    period: Period,
    on: date,
    rulebook: Rulebook,
    calendar: Calendar,
    intake: Intake,
    breaches: Iterable[Breach] = (),
) -> LibraryReport | None:
    """What there is to find in ``accepted.*`` on the day ``on``; None where the exports hold none of the tables.

    Cases count that were dispatched in the period, up to the day. Where an application waits on a day of a year
    without a calendar, waiting is not looked for and the report says why. ``breaches`` are those of the quarantined
    rows: what is not among the accepted rows is not looked at, and the report says so.
    """
    absent = tuple(table for table in TABLES if table in intake.absent_tables)
    if len(absent) == len(TABLES) or not rulebook.libraries:
        return None
    if not warehouse.columns("facts.working_days"):  # a scoring run has them already
        store_working_days(warehouse, calendar)
    uncovered = _uncovered(warehouse, on, calendar)
    rules = tuple(
        rule
        for rule in rulebook.libraries
        if _can_be_looked_for(rule, intake) and not (uncovered and "waiting" in rule.measures)
    )
    _prepare(warehouse, period, on)
    given = {"start": period.start.date(), "on": on, "kinds": list(KINDS), "before": str(period.previous)}
    found = tuple(_findings(warehouse, rules, given))
    units = {row["unit_id"]: row["unit_name"] for row in warehouse.records("tallies/units")}
    return LibraryReport(
        period,
        on,
        rules,
        tuple(finding for finding, _ in found),
        tuple(LibraryEntry(**row) for row in warehouse.records("libraries/matters_on", on=on)),
        warehouse.rows("libraries/published")[0][0],
        units,
        absent,
        uncovered,
        intake.simulated,
        tuple(breach for breach in breaches if breach.table in TABLES),
        tuple((row["row"], row["unit_id"], row["case_id"]) for finding, row in found if finding.rule.id == WAIVER),
    )


def _can_be_looked_for(rule: LibraryRule, intake: Intake) -> bool:
    """Whether the exports hold the tables and columns: without them everything would be found, or nothing."""
    columns = (*rule.subject.columns, *(NEEDS[measure] for measure in rule.measures if measure in NEEDS))
    there = not set(rule.subject.tables) & set(intake.absent_tables)
    return there and not set(columns) & set(intake.declared_absent)


def _uncovered(warehouse: Warehouse, on: date, calendar: Calendar) -> tuple[Words, ...]:
    """Why no working days can be counted; nothing where the calendar covers all that is needed."""
    try:
        for (day,) in warehouse.rows("libraries/uncovered_days", on=on):
            calendar.require(day)
    except Refusal as problem:
        return (problem.words,)
    return ()


def _prepare(warehouse: Warehouse, period: Period, on: date) -> None:
    """The library's history and the cases of the quarter beside it, as tables."""
    exported = [LibraryEntry(**row) for row in warehouse.records("libraries/exported")]
    approved = [MatterChange(**row) for row in warehouse.records("libraries/approved")]
    _store(warehouse, history(exported, approved))
    warehouse.run("libraries/cases", start=period.start, end=period.end, on=on)
    warehouse.run("libraries/names")


def _store(warehouse: Warehouse, entries: list[LibraryEntry]) -> None:
    days = ("valid_from", "valid_to")
    columns = {
        name: pyarrow.array(
            [getattr(entry, name) for entry in entries], pyarrow.date32() if name in days else pyarrow.string()
        )
        for name in ("matter_id", "unit_id", "matter_name", "process", *days, "change_id")
    }
    columns["process_key"] = pyarrow.array([same_text(entry.process) for entry in entries], pyarrow.string())
    warehouse.store("libraries.entries", pyarrow.table(columns))


def _findings(warehouse: Warehouse, rules: Iterable[LibraryRule], given: dict) -> Iterable[tuple[LibraryFinding, dict]]:
    """Every finding with the row that it is of."""
    rules = tuple(rules)
    inspector = Inspector(rules)
    rows = {subject: _rows(warehouse, subject, given) for subject in dict.fromkeys(rule.of for rule in rules)}
    for rule in rules:
        found = [row for row in rows[rule.of] if inspector.finds(rule, row)]
        yield from ((_finding(rule, row), row) for row in sorted(found, key=lambda row: (row["unit_id"], row["row"])))


def _rows(warehouse: Warehouse, subject: str, given: dict) -> list[dict]:
    return warehouse.records(f"libraries/{subject}", **{name: given[name] for name in PARAMETERS[subject]})


def _finding(rule: LibraryRule, row: dict) -> LibraryFinding:
    subject = rule.subject
    facts = {measure: row[measure] for measure in subject.measures}
    facts |= {code: _word(code, row[code]) for code in subject.codes}
    facts |= {text: _shown(row[text]) for text in subject.texts}
    facts["limit"] = rule.when[0].value
    zh, en = ({name: _into(value, lang) for name, value in facts.items()} for lang in ("zh", "en"))
    key = masked(row["row"]) if row.get("about") == "channel" else row["row"]
    return LibraryFinding(rule, row["unit_id"], key, Words(rule.says.zh.format(**zh), rule.says.en.format(**en)))


@cache
def _word(code: str, value: str) -> Words:
    return say(f"libraries.{code}_{value}")


@cache
def _shown(value: object) -> str:
    """A text as a finding shows it; the same matters come again and again."""
    return NOTHING if value is None else plain(masked(str(value)))


def _into(value: object, lang: str) -> object:
    return value.into(lang) if isinstance(value, Words) else value
