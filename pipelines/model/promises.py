"""Which promises of a contract are in force, and which columns each of them needs."""

from dataclasses import replace

from pipelines.model.contract import Contracts, Promise, TableContract
from pipelines.model.period import Period

YEARS_AFTER = 10  # a moment so long after the period is none that anybody meant


def columns_needed(promise: Promise) -> tuple[str, ...]:
    """The columns of its own table that a promise looks at."""
    others = (promise.argument(name) for name in ("than", "when", "by", "dated"))
    named = (promise.column, *others, *promise.argument("columns", ()))
    return tuple(dict.fromkeys(name for name in named if name))


def within(contracts: Contracts, period: Period) -> Contracts:
    """The contracts for the exports of a period: moments up to ten years after it, decisions on its own cases."""
    before = period.end.replace(year=min(period.end.year + YEARS_AFTER, 9999)).date().isoformat()
    bounds = {
        "plausible": {"before": before},
        "number_in_any": {"start": period.start.date().isoformat(), "end": period.end.date().isoformat()},
    }
    tables = {name: replace(table, promises=tuple(_bounded(promise, bounds) for promise in table.promises))
              for name, table in contracts.tables.items()}  # fmt: skip
    return Contracts(tables)


def _bounded(promise: Promise, bounds: dict[str, dict]) -> Promise:
    own = bounds.get(promise.kind)
    return replace(promise, arguments=tuple({**dict(promise.arguments), **own}.items())) if own else promise


def targets(promise: Promise) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The (table, keys) in which a promise looks for what its row names."""
    if table := promise.argument("table"):
        return ((table, promise.argument("keys") or (promise.argument("key"),)),)
    return promise.argument("tables", ())


def columns_shown(promise: Promise) -> tuple[str, ...]:
    """The columns in which a promise shows as broken."""
    return (promise.column,) if promise.column else promise.argument("columns")


def in_force(contract: TableContract, declared_absent: tuple[tuple[str, str], ...]) -> tuple[Promise, ...]:
    """The promises of a table that need no column which the source mapping declares absent."""
    absent = {column for table, column in declared_absent if table == contract.name}
    return tuple(promise for promise in contract.promises if not absent & set(columns_needed(promise)))
