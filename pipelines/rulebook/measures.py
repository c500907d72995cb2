"""What every measure needs of the exports: `rules/measures.yaml`, and the decisive columns that follow from it."""

from functools import cache

from pipelines.model.absence import Absent, Needs
from pipelines.model.contract import Contracts
from pipelines.paths import RULES
from pipelines.rulebook.source import read_yaml

FILE = RULES / "measures.yaml"


@cache
def measure_needs() -> dict[str, Needs]:
    """What each measure is counted from, by its name."""
    return {name: _needs(block) for name, block in read_yaml(FILE, FILE.name).items()}


def _needs(block: dict) -> Needs:
    under = tuple(
        (reading, value, frozenset(names))
        for reading, values in block.get("under", {}).items() for value, names in values.items()
    )
    return Needs(frozenset(block["needs"]), under)


def absent(names: frozenset[str]) -> Absent:
    """Names declared absent, with what the measures need."""
    return Absent(names, measure_needs())


def decisive_columns(contracts: Contracts) -> dict[str, frozenset[str]]:
    """By table: the columns that a measure counts or compares and the contract does not require anyway."""
    named = {name for needs in measure_needs().values() for name in needs.always if "." in name}
    return {
        table.name: frozenset(
            column.name for column in table.columns.values()
            if not column.required and f"{table.name}.{column.name}" in named
        )
        for table in contracts.tables.values()
    }
