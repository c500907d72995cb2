"""Measures: what is counted of which table, as the rulebook declares it (rule-language, "measures/<id>.yaml")."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, ClassVar

from pipelines.model.condition import Block
from pipelines.model.words import Words

CASE_ROWS = "case_rows"
TABLE_OF = {CASE_ROWS: "cases"}  # `counts` names a contract table, and the case rows by their own word
CUTOFF = "cutoff"
MONTH = "month"  # derived: the month, such as 2026-07, in which the measure places a row


@dataclass(frozen=True)
class Compare:
    """A column against a value: a constant (``value``), another column or the cutoff (``column_value``).

    ``test`` is one of equals, in, at_most, at_least, before, after. An empty value satisfies none of them.
    """

    kind: ClassVar[str] = "compare"
    column: str
    test: str
    value: str | tuple[str, ...] = ""
    other: str = ""  # a column or `cutoff`; "" where the value is a constant


@dataclass(frozen=True)
class IsGiven:
    """Whether a column holds a value."""

    kind: ClassVar[str] = "given"
    column: str
    given: bool


@dataclass(frozen=True)
class Not:
    """True if its part is not true; there is no third value."""

    kind: ClassVar[str] = "not"
    part: "Condition"


@dataclass(frozen=True)
class All:
    """True if every part is; without parts, true."""

    kind: ClassVar[str] = "all"
    parts: tuple["Condition", ...] = ()


@dataclass(frozen=True)
class AnyOf:
    """True if one of its parts is."""

    kind: ClassVar[str] = "any"
    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class Choice:
    """The condition of the value that a reading has."""

    kind: ClassVar[str] = "choice"
    reading: str
    options: tuple[tuple[str, "Condition"], ...]


Condition = Compare | IsGiven | Not | All | AnyOf | Choice


@dataclass(frozen=True)
class Moment:
    """The column that places a row in a month; with a reading, one column for each of its values."""

    column: str = ""
    reading: str = ""
    options: tuple[tuple[str, str], ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that it can be."""
        return tuple(column for _, column in self.options) or (self.column,)


@dataclass(frozen=True)
class Measure:
    """What is counted: the rows of the table ``counts`` for which every part of ``where`` holds.

    ``by`` places a row in a month. ``among`` names the measure whose rows these are a part of; its parts, moment and
    needs are already among this one's. ``quotes`` are the columns that a ledger line shows, ``says`` its words.
    """

    id: str
    title: Words
    counts: str
    where: tuple[Condition, ...]
    by: Moment
    better: str  # more, fewer
    quotes: tuple[str, ...]
    says: Words | None
    needs: tuple[str, ...]  # `table` and `table.column` names without which it cannot be counted
    file: str
    among: str = ""
    labels: Mapping[tuple[str, str], str] = field(default_factory=dict, hash=False)  # (column, code) of a quote -> word
    examples: tuple[Block, ...] = ()
    written: tuple[dict[str, Any], ...] = ()  # the parts of ``where`` as written, for readers with rules of their own
    sum: str = ""  # the column that is added up instead of counting rows
    distinct: str = ""  # the column of which different values are counted
    scale: int = 1  # in how many parts of one it is counted: 100 where decimals are added up

    @property
    def by_row(self) -> bool:
        """Whether each of its rows counts for so much by itself, in whole numbers."""
        return not self.distinct and self.scale == 1


@dataclass(frozen=True)
class Derived:
    """A column that the program works out for case rows, under each value of the readings that bear on it."""

    name: str
    type: str
    readings: tuple[tuple[str, tuple[str, ...]], ...]
    needs: tuple[str, ...]

    def variants(self) -> Iterator[dict[str, str]]:
        """Every combination of the readings' values."""
        names = [reading for reading, _ in self.readings]
        for values in product(*(values for _, values in self.readings)):
            yield dict(zip(names, values, strict=True))

    def variant(self, readings: Mapping[str, str]) -> str:
        """The column's name under these readings, such as ``due_at__approved``."""
        return "__".join((self.name, *(readings[reading] for reading, _ in self.readings)))


CLOCK = ("evaluation_clock", ("reminder", "assignment"))
PENDING = ("pending_evaluation", ("dissatisfied", "left_out"))
UNRATED = ("unrated", ("left_out", "satisfied"))
EXTENSION = ("extension", ("approved", "requested_in_time"))
RATINGS = ("cases.public_rating", "evaluations.rating", "evaluations.rated_at")

# All that is derived, of case rows alone (semantics C15); `sql/facts/case_rows.sql.j2` works them out.
DERIVED = {
    derived.name: derived
    for derived in (
        Derived("due_at", "timestamp", (EXTENSION,), ("cases.reply_due_at",)),
        Derived("final_rating", "enum", (CLOCK, PENDING), RATINGS),
        Derived("evaluation_pending", "boolean", (CLOCK,), RATINGS),
        Derived("rated", "boolean", (CLOCK, PENDING, UNRATED), RATINGS),
        Derived("satisfied", "boolean", (CLOCK, ("satisfied", ("with_basic", "full_only")), UNRATED), RATINGS),
        Derived("counted_before", "boolean", (), ()),
    )
}


def columns_of(condition: Condition) -> set[str]:
    """The columns that a condition looks at, under any reading."""
    match condition:
        case Compare(column=column, other=other):
            return {column, other} - {"", CUTOFF}
        case IsGiven(column=column):
            return {column}
        case Not(part=part):
            return columns_of(part)
        case Choice(options=options):
            return set().union(*(columns_of(part) for _, part in options))
    return set().union(*map(columns_of, condition.parts))


def readings_of(condition: Condition, derived: Mapping[str, Derived] = DERIVED) -> set[str]:
    """The readings that change what a condition says: those it names, and those of derived columns."""
    found = {
        reading for column in columns_of(condition) if column in derived for reading, _ in derived[column].readings
    }
    return found | _named(condition)


def _named(condition: Condition) -> set[str]:
    match condition:
        case Choice(reading=reading, options=options):
            return {reading}.union(*(_named(part) for _, part in options))
        case Not(part=part):
            return _named(part)
        case All(parts=parts) | AnyOf(parts=parts):
            return set().union(*map(_named, parts))
    return set()


def values_of(condition: Condition, column: str) -> tuple[str, ...]:
    """The constants with which a condition compares a column for equality, under any reading."""
    match condition:
        case Compare(column=name, test="equals" | "in", value=value, other="") if name == column:
            return value if isinstance(value, tuple) else (value,)
        case Not(part=part):
            return values_of(part, column)
        case Choice(options=options):
            return tuple(value for _, part in options for value in values_of(part, column))
        case All(parts=parts) | AnyOf(parts=parts):
            return tuple(value for part in parts for value in values_of(part, column))
    return ()
