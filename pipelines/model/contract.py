"""A data contract as the program uses it: tables, columns, promises, and the fix file of rows that broke one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipelines.model.measure import Measure
from pipelines.model.period import Period
from pipelines.model.words import Words

# A data contract as the program uses it: tables, columns, promises.


SEVERITIES = ("reject", "warn", "stop")


@dataclass(frozen=True)
class Column:
    """A canonical column: its accepted headers, its type and how its values read."""

    name: str
    title: str  # the Chinese header
    synonyms: tuple[str, ...]
    type: str  # text, timestamp, date, boolean, integer, decimal, enum
    required: bool
    restricted: bool  # personal data or evaluator identity: masked in every output
    identifier: bool = False  # a code: full-width characters are folded; other text is only trimmed
    default: str = ""
    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()  # enum: canonical value -> accepted labels
    empty_labels: tuple[str, ...] = ()  # labels that mean "no value", e.g. 未评价
    validity: bool = False  # a day of validity: it may lie in any year, from 2099 on it means open
    deadline: bool = False  # a moment until which something may be done: it stands though it lies after the cutoff
    best_first: bool = False  # enum: its values stand from the best to the worst
    example: str = ""  # a value for the notes of a form
    own: bool = False  # of the city, declared by its rulebook: where the export lacks it, it is absent
    decisive: bool = False  # of an own column: an export without it stops the run


@dataclass(frozen=True)
class Promise:
    """One check of a contract; ``kind`` is of the closed vocabulary of `sql/checks/`."""

    id: str  # e.g. signed_at_not_before_dispatched_at
    table: str
    column: str
    kind: str
    severity: str
    arguments: tuple[tuple[str, Any], ...]
    says: Words
    remedy: Words

    def argument(self, name: str, default: Any = None) -> Any:
        """The value of one argument, ``default`` where the promise has none of that name."""
        return dict(self.arguments).get(name, default)


@dataclass(frozen=True)
class TableContract:
    """The contract of one export table."""

    name: str
    title: Words
    required: bool
    key: tuple[str, ...]
    columns: dict[str, Column]
    promises: tuple[Promise, ...]
    tolerance_percent: int  # rejected rows above this share (and above 3 rows) stop the run
    sha256: str
    tolerated_rows: int = 3  # so many rejected rows never stop a run, whatever their share
    period_by: str = ""  # the column whose moment tells of which period a row is; "" = of none
    every_month: bool = False  # rows come in every month: one that has hardly any is a sign of a cut export
    by_hand: bool = False  # what people fill in: `gongping template` writes its form


@dataclass(frozen=True)
class Contracts:
    """All export contracts, in the order in which references can be checked."""

    tables: dict[str, TableContract]


# Which promises of a contract are in force, and which columns each of them needs.


YEARS_AFTER = 10  # a moment so long after the period is none that anybody meant


def columns_needed(promise: Promise) -> tuple[str, ...]:
    """The columns of its own table that a promise looks at."""
    others = (promise.argument(name) for name in ("than", "when", "by", "dated", "of"))
    named = (promise.column, *others, *promise.argument("columns", ()))
    return tuple(dict.fromkeys(name for name in named if name))


def within(contracts: Contracts, period: Period) -> Contracts:
    """The contracts for the exports of a period: moments up to ten years after it, decisions on its own cases."""
    before = period.end.replace(year=min(period.end.year + YEARS_AFTER, 9999)).date().isoformat()
    bounds: dict[str, dict[str, str | int]] = {
        "plausible": {"before": before},
        "no_part_beside": {"year_starts": period.year_starts},
        "number_in_any": {"start": period.start.date().isoformat(), "end": period.end.date().isoformat()},
    }
    tables = {
        name: replace(table, promises=tuple(_bounded(promise, bounds) for promise in table.promises))
        for name, table in contracts.tables.items()
    }
    return Contracts(tables)


def _bounded(promise: Promise, bounds: dict[str, dict[str, str | int]]) -> Promise:
    own = bounds.get(promise.kind)
    return replace(promise, arguments=tuple({**dict(promise.arguments), **own}.items())) if own else promise


def targets(promise: Promise) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The (table, keys) in which a promise looks for what its row names."""
    if table := promise.argument("table"):
        return ((table, promise.argument("keys") or (promise.argument("key"),)),)
    tables: tuple[tuple[str, tuple[str, ...]], ...] = promise.argument("tables", ())
    return tables


def columns_shown(promise: Promise) -> tuple[str, ...]:
    """The columns in which a promise shows as broken."""
    return (promise.column,) if promise.column else promise.argument("columns")


def in_force(contract: TableContract, declared_absent: tuple[tuple[str, str], ...]) -> tuple[Promise, ...]:
    """The promises of a table that need no column which the source mapping declares absent."""
    absent = {column for table, column in declared_absent if table == contract.name}
    return tuple(promise for promise in contract.promises if not absent & set(columns_needed(promise)))


# What the exports do not hold, and which measures cannot be counted without it.


AWARDS = "awards"  # what every type of award is counted from, as a measure
AWARD_NEEDS = frozenset({AWARDS, "awards.award_type", "awards.matter", "awards.awarded_on", "awards.approved"})


@dataclass(frozen=True)
class Absent:
    """Tables and ``table.column`` names that the exports are declared not to hold."""

    names: frozenset[str] = frozenset()

    def measures(self, measures: Mapping[str, Measure]) -> frozenset[str]:
        """The measures that cannot be counted; `awards` stands for every type of award."""
        lacking = {id for id, measure in measures.items() if not self.names.isdisjoint(measure.needs)}
        return frozenset(lacking | ({AWARDS} if self.names & AWARD_NEEDS else set()))


NOTHING = Absent()  # everything is there


# The fix file, `fix.xlsx`: quarantined rows for a person to mend, and how they are told apart.
#
# A sheet a table, named like it; the columns below before those of the contract, headed in Chinese. The sheet
# `originals` names the export files that the rows are from, with their sha256.


NAME = "fix.xlsx"
ORIGINALS = "originals"
FILE, LINE, USE, WHY = "来源文件", "来源行", "采用", "问题与办法"
OWN = (FILE, LINE, USE, WHY)
SHA256 = "sha256"
YES, NO = "是", "否"
FOR_REFERENCE = "（仅供参考）"  # ends the header of a column that nobody is to read as data
KEPT = "（不显示，沿用原值）"  # a restricted cell that is not at fault


@dataclass(frozen=True)
class ToMend:
    """A row of a fix file: where it is from, its cells by column, and what is wrong."""

    file: str
    line: int
    cells: dict[str, str | None]
    why: str = ""
    at_fault: frozenset[str] = frozenset()
    used: bool = True


@dataclass(frozen=True)
class FixSheet:
    """The rows of one table, and what of it does not stand there."""

    contract: TableContract
    rows: tuple[ToMend, ...]
    more: int = 0
    unread: int = 0
