"""Every promise of every contract has a row that breaks it, and the row breaks nothing else."""

from functools import cache

import pytest
import yaml

from tests.contracts.world import CONTRACTS, HERE, good, good_tables, validated


@cache
def examples(table: str) -> tuple[dict, ...]:
    return tuple(yaml.safe_load((HERE / "broken" / f"{table}.yaml").read_text(encoding="utf-8")))


def rows_of(table: str, example: dict, number: int) -> list[dict]:
    """The rows of one example, under a key of their own unless the example sets it."""
    if example.get("same_as_good"):
        return [good(table)]
    first_key = CONTRACTS.tables[table].key[0]
    own = good(table, **{first_key: f"{good(table)[first_key]}{number:02d}"})
    changed = {**own, **example["change"]}
    return [own, changed] if example.get("twice") else [changed]


@cache
def judged(table: str):
    """(expected, found) promises by line, of all examples of a table in one validation."""
    tables, expected = good_tables(), {}
    for number, example in enumerate(examples(table), 1):
        for row in rows_of(table, example, number):
            tables[table].append(row)
            expected[len(tables[table]) + 1] = set(example["breaks"])
            if table == "assessments" and "unit_id" not in example.get("change", {}):  # a unit of its own
                tables["units"].append(good("units", unit_id=row["unit_id"], unit_name=f"单位{row['unit_id']}"))
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
