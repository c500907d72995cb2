"""A data contract as the program uses it: tables, columns, promises."""

from dataclasses import dataclass

from pipelines.model.words import Words

SEVERITIES = ("reject", "warn", "stop")
TYPES = ("text", "timestamp", "date", "boolean", "decimal", "enum")


@dataclass(frozen=True)
class Column:
    """A canonical column: its accepted headers, its type and how its values read."""

    name: str
    title: str  # the Chinese header
    synonyms: tuple[str, ...]
    type: str  # one of TYPES
    required: bool
    restricted: bool  # personal data or evaluator identity: masked in every output
    identifier: bool = False  # a code: full-width characters are folded; other text is only trimmed
    default: str = ""
    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()  # enum: canonical value -> accepted labels
    empty_labels: tuple[str, ...] = ()  # labels that mean "no value", e.g. 未评价
    validity: bool = False  # a day of validity: it may lie in any year, from 2099 on it means open
    deadline: bool = False  # a moment until which something may be done: it stands though it lies after the cutoff


@dataclass(frozen=True)
class Promise:
    """One check of a contract; ``kind`` is of the closed vocabulary of `sql/checks/`."""

    id: str  # e.g. signed_at_not_before_dispatched_at
    table: str
    column: str
    kind: str
    severity: str
    arguments: tuple[tuple[str, object], ...]
    says: Words
    remedy: Words

    def argument(self, name: str, default: object = None) -> object:
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


@dataclass(frozen=True)
class Contracts:
    """All export contracts, in the order in which references can be checked."""

    tables: dict[str, TableContract]
