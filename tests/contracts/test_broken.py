"""Every promise of every contract has a row that breaks it, and the row breaks nothing else."""

from functools import cache

import pytest
import yaml

from tests.contracts.world import CONTRACTS, HERE, good, good_tables, validated

OF_UNITS = ("assessments", "figures")  # whose key begins with the unit


@cache
def examples(table: str) -> tuple[dict, ...]:
    return tuple(yaml.safe_load((HERE / "broken" / f"{table}.yaml").read_text(encoding="utf-8")))


def rows_of(table: str, example: dict, number: int) -> list[dict]:
    """The rows of one example, under a key of their own unless the example sets it; ``beside``: after a sound row."""
    if example.get("same_as_good"):
        return [good(table)]
    first_key = CONTRACTS.tables[table].key[0]
    own = good(table, **{first_key: f"{good(table)[first_key]}{number:02d}"})
    changed = {**own, **example["change"]}
    return [own, changed] if example.get("twice") or example.get("beside") else [changed]


@cache
def judged(table: str):
    """(expected, found) promises by line, of all examples of a table in one validation."""
    tables, expected = good_tables(), {}
    for number, example in enumerate(examples(table), 1):
        rows = rows_of(table, example, number)
        for row in rows:
            tables[table].append(row)
            own = example["breaks"] if row is rows[-1] or not example.get("beside") else ()
            expected[len(tables[table]) + 1] = set(own)
        if table in OF_UNITS and "unit_id" not in example.get("change", {}) and "change" in example:  # of its own
            unit = row["unit_id"]
            tables["units"].append(good("units", unit_id=unit, unit_name=f"单位{unit}"))
    validation, _ = validated(tables)
    found: dict[int, set[str]] = {}
    for breach in (*validation.breaches, *validation.warnings):
        if breach.table == table:
            found.setdefault(breach.line, set()).add(breach.promise)
    return expected, found


@pytest.mark.parametrize("table", CONTRACTS.tables)
def test_each_example_breaks_exactly_the_promises_it_names(table):
    expected, found = judged(table)
    assert {line: found.get(line, set()) for line in expected} == expected


@pytest.mark.parametrize("table", CONTRACTS.tables)
def test_every_promise_has_an_example_that_breaks_it(table):
    shown = {promise for example in examples(table) for promise in example["breaks"]}
    assert shown == {promise.id for promise in CONTRACTS.tables[table].promises}


def test_the_good_rows_break_nothing_and_are_all_accepted():
    validation, _ = validated(good_tables())
    assert validation.breaches == validation.warnings == validation.stops == validation.notices == ()
    assert all((count.read, count.accepted) == (1, 1) for count in validation.rows.values())
