"""Which promises of a contract are in force, and which columns each of them needs."""

from pipelines.model.contract import Promise, TableContract


def columns_needed(promise: Promise) -> tuple[str, ...]:
    """The columns of its own table that a promise looks at."""
    others = (promise.argument(name) for name in ("than", "when", "by"))
    named = (promise.column, *others, *promise.argument("columns", ()))
    return tuple(dict.fromkeys(name for name in named if name))


def columns_shown(promise: Promise) -> tuple[str, ...]:
    """The columns in which a promise shows as broken."""
    return (promise.column,) if promise.column else promise.argument("columns")


def in_force(contract: TableContract, declared_absent: tuple[tuple[str, str], ...]) -> tuple[Promise, ...]:
    """The promises of a table that need no column which the source mapping declares absent."""
    absent = {column for table, column in declared_absent if table == contract.name}
    return tuple(promise for promise in contract.promises if not absent & set(columns_needed(promise)))
