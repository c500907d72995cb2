"""Rows are accepted in the order of their key, a long table by portions: none is lost, doubled or out of its place."""

import pytest

from pipelines.edges.warehouse import Warehouse

ROWS = 6_000
KEPT = "select case_id, unit_id, title from accepted.cases"
# Shuffled keys, of which one in forty is shared by many rows; and of the rows some that are not to be accepted.
STAGED = f"""
    create table staged.cases as
    select range as _row, 'C' || lpad((if(range % 40 = 0, 0, range * 7919 % {ROWS}))::varchar, 5, '0') as case_id,
        'U' || range as unit_id, 'T' || range as title
    from range({ROWS});
    create table accepted.cases (case_id varchar, unit_id varchar, title varchar);
    create table staged."cases faults" as select 7 as _row, 'required' as promise union all select 8, 'told';
    create table staged."cases left out" as select 10 as _row;
"""


def accepted(portions: int, among: str = "true") -> list[tuple[str, str, str]]:
    warehouse = Warehouse()
    warehouse.connection.execute(STAGED)
    warehouse.connection.execute(f"delete from staged.cases where not ({among})")
    columns, key = ("case_id", "unit_id", "title"), ("case_id", "unit_id")
    context = {"columns": columns, "key": key, "warned": "'told'", "portions": portions, "kept_out": ()}
    warehouse.run_template("checks/accept", table="cases", **context)
    return warehouse.connection.execute(KEPT).fetchall()


@pytest.mark.parametrize("portions", [1, 2, 5])
def test_every_sound_row_once_in_the_order_of_its_key(portions):
    found = accepted(portions)
    assert found == sorted(found) and len(set(found)) == len(found) == ROWS - 2
    assert {"T7", "T10"}.isdisjoint(title for _, _, title in found)


@pytest.mark.parametrize(("among", "left"), [
    ("_row % 1000 <> 0", 5_992),
    ("_row < 1001", 999),
    ("case_id = 'C00000'", 150),
], ids=["no row that is looked at", "one or two that are", "all of one key"])
def test_wherever_the_portions_begin_no_row_is_lost(among, left):
    found = accepted(4, among)
    assert found == sorted(found) and len(set(found)) == len(found) == left
