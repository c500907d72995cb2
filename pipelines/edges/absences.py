"""What is declared absent, `TABLE` or `TABLE.COLUMN`: checked against the contracts."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from pipelines.edges.wording import say
from pipelines.model.contract import Contracts
from pipelines.model.export import folded
from pipelines.model.refusals import UsageRefusal


@dataclass(frozen=True)
class Declared:
    """Tables and (table, column) pairs that the exports are declared not to hold."""

    tables: tuple[str, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()

    def __or__(self, other: "Declared") -> "Declared":
        return Declared(
            tuple(dict.fromkeys((*self.tables, *other.tables))), tuple(dict.fromkeys((*self.columns, *other.columns)))
        )

    def columns_of(self, table: str) -> tuple[str, ...]:
        """The columns of a table that are declared absent."""
        return tuple(column for of, column in self.columns if of == table)


def declared(names: Iterable[str], contracts: Contracts) -> Declared:
    """The names as tables and columns, Chinese ones too; UsageRefusal for an unknown name or one never to be absent.

    A required table and a key column cannot be absent: without them there is nothing to score.
    """
    known = _names(contracts)
    tables, columns = [], []
    for given in names:
        found = known.get(_folded(given))
        if found is None:
            near = get_close_matches(_folded(given), known, n=1, cutoff=0.4)
            hint = say("ingest.absent_nearest", name=".".join(known[near[0]])) if near else ""
            raise UsageRefusal(say("ingest.absent_unknown", name=given, hint=hint))
        contract = contracts.tables[found[0]]
        if len(found) == 1 and contract.required or len(found) == 2 and found[1] in contract.key:
            raise UsageRefusal(say("ingest.absent_never", name=".".join(found)))
        (tables if len(found) == 1 else columns).append(found[0] if len(found) == 1 else found)
    return Declared(tuple(dict.fromkeys(tables)), tuple(dict.fromkeys(columns)))


def _names(contracts: Contracts) -> dict[str, tuple[str, ...]]:
    """Every name that may be declared, as people write it, folded."""
    found: dict[str, tuple[str, ...]] = {}
    for table in contracts.tables.values():
        for word in (table.title.zh, table.name):
            found[_folded(word)] = (table.name,)
            for column in table.columns.values():
                found[_folded(f"{word}.{column.title}")] = (table.name, column.name)
                found[_folded(f"{word}.{column.name}")] = (table.name, column.name)
    return found


def _folded(name: str) -> str:
    return ".".join(folded(part) for part in name.split("."))
