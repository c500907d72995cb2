"""What units can still do about their rows: the moments that the book's measures ask for, and until when."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipelines.engines.marks import place, variant
from pipelines.model.contract import Contracts, TableContract
from pipelines.model.measure import CUTOFF, DERIVED, TABLE_OF, All, AnyOf, Compare, Condition, Not, columns_of
from pipelines.model.rule import Rulebook


@dataclass(frozen=True)
class Act:
    """Something done to a row of the counted table ``counts``: its moment ``event``, to come until ``deadline``.

    Both are columns of the table's rows; "" for an act without a deadline of its own.
    """

    counts: str
    event: str
    deadline: str


def acts_of(rulebook: Rulebook, readings: Mapping[str, str], contracts: Contracts) -> dict[str, tuple[Act, ...]]:
    """The acts of every counted table: the events that a measure asks for, but for that by which a row came."""
    found = {}
    for counts, marks in rulebook.marks.items():
        table = contracts.tables.get(TABLE_OF.get(counts, counts))
        asked = set().union(*(columns_of(one) for one in marks.conditions)) if marks.conditions else set()
        events = [name for name in (events_of(table) if table else ()) if name in asked and name != arrival_of(table)]
        found[counts] = tuple(Act(counts, name, _deadline(name, counts, rulebook, readings, table)) for name in events)
    return {counts: acts for counts, acts in found.items() if acts}


def events_of(table: TableContract) -> list[str]:
    """The columns of what happens to a row."""
    return [one.name for one in table.columns.values() if one.type == "timestamp" and not one.deadline]


def arrival_of(table: TableContract) -> str:
    """The column of the moment by which a row is known: the first that every row has; "" where there is none."""
    kinds = ("timestamp", "date")
    named = (one for one in table.columns.values() if one.type in kinds and one.required and not one.deadline)
    return next((one.name for one in named if not one.validity), "")


def _deadline(event: str, counts: str, rulebook: Rulebook, readings: Mapping[str, str], table: TableContract) -> str:
    """The moment with which a measure compares the event, else the deadline that places the measure's rows."""
    measures = [one for one in rulebook.measures.values() if one.counts == counts]
    for node in (node for one in measures for part in one.where for node in _compared(part)):
        if node.column == event and node.other not in ("", CUTOFF):
            return variant(node.other, readings, counts)
    for measure in measures:
        by = place(measure, readings)
        if any(event in columns_of(part) for part in measure.where) and _is_deadline(by, table):
            return by
    return ""


def _is_deadline(column: str, table: TableContract) -> bool:
    known = table.columns.get(column)
    return known.deadline if known else column.split("__")[0] in DERIVED


def _compared(condition: Condition) -> Iterator[Compare]:
    match condition:
        case Compare():
            yield condition
        case Not(part=part):
            yield from _compared(part)
        case All(parts=parts) | AnyOf(parts=parts):
            for one in parts:
                yield from _compared(one)
        case _ if hasattr(condition, "options"):
            for _, part in condition.options:
                yield from _compared(part)
