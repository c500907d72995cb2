"""Contracts as Great Expectations: the same promises, checked a second time on the accepted rows."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from pipelines.contracts.promises import PERIOD, REFERENCES, SUCCESSION
from pipelines.model.contract import Promise, TableContract, columns_needed

# What values of a type are in a pandas frame read from parquet.
MOMENT = "Timestamp"
VALUE_TYPES = {"date": ("date",), "boolean": ("bool",), "integer": ("int",), "decimal": ("Decimal",)}


@dataclass(frozen=True)
class Derived:
    """A column that is worked out before checking, where the library has no expectation for a promise.

    ``found``: whether ``columns`` are in ``keys`` of ``table``; ``any_given``: whether one of ``columns`` has a value;
    ``as_text``: the one column as text; ``found_any``: whether ``columns`` are in any of ``targets``;
    ``spelled``: whether the one column is not in ``keys`` of ``table`` by letters alone, its case apart;
    ``one_spelling``: whether no other row has the one column in another case; a kind of succession: whether it holds;
    ``alone``: whether no row of a part of
    the period in the first column has the same values in the others; ``within``: whether the first column is at most
    that of the rows of ``targets`` (part → wholes, by the second column) with the same values in the others.
    """

    name: str
    kind: str
    columns: tuple[str, ...]
    table: str = ""
    keys: tuple[str, ...] = ()
    targets: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Check:
    """One expectation: its class in the library, its arguments, and the promises that it stands for."""

    promises: tuple[str, ...]
    expectation: str
    arguments: tuple[tuple[str, object], ...]
    columns: tuple[str, ...]
    derived: Derived | None = None


def checks_of(contract: TableContract, promises: tuple[Promise, ...], present: frozenset[str]) -> tuple[Check, ...]:
    """The expectations of one table; a promise of a kind nobody compiles is a KeyError, never left out.

    Only references to tables that are not ``present`` have none: nothing is promised there.
    """
    compiled = []
    for promise in promises:
        if promise.kind in (*REFERENCES, "spelled_as") and promise.argument("table") not in present:
            continue
        if promise.kind == "number_in_any":
            promise = _of_present(promise, present)
        compiled += COMPILERS[promise.kind](contract, promise)
    return tuple(compiled)


def _of_present(promise: Promise, present: frozenset[str]) -> Promise:
    """The promise with the tables that are there: an absent one has no rows."""
    tables = tuple((table, keys) for table, keys in promise.argument("tables") if table in present)
    return replace(promise, arguments=tuple({**dict(promise.arguments), "tables": tables}.items()))


def _check(promise: Promise, expectation: str, derived: Derived | None = None, **arguments: object) -> list[Check]:
    columns = columns_needed(promise)
    condition = _condition(promise)
    if condition:
        arguments |= {"row_condition": condition, "condition_parser": "pandas"}
    return [Check((promise.id,), expectation, tuple(arguments.items()), columns, derived)]


def _condition(promise: Promise) -> str:
    """The rows that a promise is about, in the library's words; empty for all rows."""
    when, equals = promise.argument("when"), promise.argument("equals")
    if not when:
        return ""
    return f"`{when}` in {list(equals)!r}" if equals else f"`{when}`.notna()"


def _given(_: TableContract, promise: Promise) -> list[Check]:
    return _check(promise, "ExpectColumnValuesToNotBeNull", column=promise.column)


def _of_type(contract: TableContract, promise: Promise) -> list[Check]:
    type = contract.columns[promise.column].type
    if type == "timestamp":
        return _check(promise, "ExpectColumnValuesToBeOfType", column=promise.column, type_=MOMENT)
    types = list(VALUE_TYPES[type])
    return _check(promise, "ExpectColumnValuesToBeInTypeList", column=promise.column, type_list=types)


def _in_vocabulary(contract: TableContract, promise: Promise) -> list[Check]:
    values = [value for value, _ in contract.columns[promise.column].labels]
    return _check(promise, "ExpectColumnValuesToBeInSet", column=promise.column, value_set=values)


def _one_of(_: TableContract, promise: Promise) -> list[Check]:
    values = list(promise.argument("values"))
    return _check(promise, "ExpectColumnValuesToBeInSet", column=promise.column, value_set=values)


def _not_before(_: TableContract, promise: Promise) -> list[Check]:
    pair = {"column_A": promise.column, "column_B": promise.argument("than")}
    missing = {"or_equal": True, "ignore_row_if": "either_value_is_missing"}
    return _check(promise, "ExpectColumnPairValuesAToBeGreaterThanB", **pair, **missing)


def _one_of_present(_: TableContract, promise: Promise) -> list[Check]:
    derived = Derived(f"{promise.id} holds", "any_given", promise.argument("columns"))
    return _holds(promise, derived)


def _between(_: TableContract, promise: Promise) -> list[Check]:
    by = promise.argument("by")
    return [
        Check(
            (promise.id,),
            "ExpectColumnValuesToBeBetween",
            (
                ("column", promise.column),
                ("min_value", low),
                ("max_value", high),
                ("row_condition", f"`{by}` == {key!r}"),
                ("condition_parser", "pandas"),
            ),
            columns_needed(promise),
        )
        for key, (low, high) in promise.argument("ranges")
    ]


def _decimals(_: TableContract, promise: Promise) -> list[Check]:
    derived = Derived(f"{promise.column} as text", "as_text", (promise.column,))
    pattern = rf"^-?\d+(?:\.\d{{0,{promise.argument('at_most')}}}0*)?$"
    return _check(promise, "ExpectColumnValuesToMatchRegex", derived, column=derived.name, regex=pattern)


def _unique(_: TableContract, promise: Promise) -> list[Check]:
    columns = promise.argument("columns")
    if len(columns) == 1:
        return _check(promise, "ExpectColumnValuesToBeUnique", column=columns[0])
    missing = {"ignore_row_if": "any_value_is_missing"}
    return _check(promise, "ExpectCompoundColumnsToBeUnique", column_list=list(columns), **missing)


def _plausible(contract: TableContract, promise: Promise) -> list[Check]:
    of = datetime if contract.columns[promise.column].type == "timestamp" else date
    first, before = (of.fromisoformat(promise.argument(name)) for name in ("first", "before"))
    if of is datetime:
        first, before = first.replace(tzinfo=UTC), before.replace(tzinfo=UTC)
    return _check(
        promise,
        "ExpectColumnValuesToBeBetween",
        column=promise.column,
        min_value=first,
        max_value=before,
        strict_max=True,
    )


def _on_scale(_: TableContract, promise: Promise) -> list[Check]:
    by = promise.argument("by")
    return [
        Check(
            (promise.id,),
            "ExpectColumnValuesToBeInSet",
            (
                ("column", promise.column),
                ("value_set", [Decimal(points) for _, points in words]),
                ("row_condition", f"`{by}` == {key!r}"),
                ("condition_parser", "pandas"),
            ),
            columns_needed(promise),
        )
        for key, words in promise.argument("scales")
    ]


def _not_negative(_: TableContract, promise: Promise) -> list[Check]:
    return _check(promise, "ExpectColumnValuesToBeBetween", column=promise.column, min_value=0)


def _period(_: TableContract, promise: Promise) -> list[Check]:
    return _check(promise, "ExpectColumnValuesToMatchRegex", column=promise.column, regex=f"^(?:{PERIOD})$")


def _no_part_beside(_: TableContract, promise: Promise) -> list[Check]:
    columns, starts = promise.argument("columns"), str(promise.argument("year_starts", 1))
    return _holds(promise, Derived(f"{promise.id} holds", "alone", (promise.column, *columns), starts))


def _within_whole(_: TableContract, promise: Promise) -> list[Check]:
    columns = (promise.column, promise.argument("of"), *promise.argument("columns"))
    return _holds(promise, Derived(f"{promise.id} holds", "within", columns, targets=promise.argument("wholes")))


def _one_spelling(_: TableContract, promise: Promise) -> list[Check]:
    return _holds(promise, Derived(f"{promise.id} holds", "one_spelling", (promise.column,)))


def _spelled_as(_: TableContract, promise: Promise) -> list[Check]:
    table, keys = promise.argument("table"), (promise.argument("key"),)
    return _holds(promise, Derived(f"{promise.id} holds", "spelled", (promise.column,), table, keys))


def _number_in_any(_: TableContract, promise: Promise) -> list[Check]:
    columns, targets = promise.argument("columns"), promise.argument("tables")
    return _holds(promise, Derived(f"{promise.id} holds", "found_any", columns, targets=targets))


def _reference(_: TableContract, promise: Promise) -> list[Check]:
    table, keys = promise.argument("table"), promise.argument("keys")
    return _holds(promise, Derived(f"{promise.id} holds", "found", promise.argument("columns"), table, keys))


def _holds(promise: Promise, derived: Derived) -> list[Check]:
    return _check(promise, "ExpectColumnValuesToBeInSet", derived, column=derived.name, value_set=[True])


def _succession(_: TableContract, promise: Promise) -> list[Check]:
    columns = ("unit_id", "succeeded_by", "cases_to", "valid_from", "valid_to")
    derived = Derived(f"{promise.id} holds", promise.kind, columns)
    arguments = (("column", derived.name), ("value_set", [True]))
    return [Check((promise.id,), "ExpectColumnValuesToBeInSet", arguments, columns, derived)]


COMPILERS = {
    "required": _given,
    "required_when": _given,
    "type": _of_type,
    "enum": _in_vocabulary,
    "one_of": _one_of,
    "not_before": _not_before,
    "one_of_present": _one_of_present,
    "between": _between,
    "decimals": _decimals,
    "unique": _unique,
    "plausible": _plausible,
    "not_negative": _not_negative,
    "on_scale": _on_scale,
    "period": _period,
    "no_part_beside": _no_part_beside,
    "within_whole": _within_whole,
    "one_spelling": _one_spelling,
    "spelled_as": _spelled_as,
    "number_in_any": _number_in_any,
    # Identical rows share their key: where keys are unique, so are rows.
    "duplicate_key": _unique,
    "duplicate_row": _unique,
    **dict.fromkeys(REFERENCES, _reference),
    **dict.fromkeys(SUCCESSION, _succession),
}
