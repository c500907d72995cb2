"""Cells become values exactly as the export contract says."""

import sys
from dataclasses import replace
from datetime import datetime
from functools import cache
from unicodedata import category

import pyarrow as pa
import pytest
import yaml

from pipelines.edges.warehouse import Warehouse
from pipelines.model.contract import Contracts
from pipelines.stages.validate import validate
from tests.contracts.world import CONTRACTS, HERE, good, good_tables, outcomes, raw_table, read, validated, without

# type -> the column in which its cells are tried
TRIED = {
    "timestamp": ("incidents", "incident_id", "occurred_at"),
    "date": ("awards", "award_id", "awarded_on"),
    "boolean": ("incidents", "incident_id", "verified"),
    "decimal": ("assessments", "unit_id", "score"),
    "enum": ("cases", "case_id", "public_rating"),
}
CELLS = yaml.safe_load((HERE / "parsing.yaml").read_text(encoding="utf-8"))


@cache
def parsed(type: str, *numbers: int) -> tuple[dict[int, str], dict[int, set[str]]]:
    """(value by number of the cell, promises broken by number of the cell); of all cells where none is named."""
    table, key, column = TRIED[type]
    tables = good_tables()
    numbers = numbers or tuple(range(len(CELLS[type])))
    tables[table] = [good(table, **{key: f"N{i}", column: CELLS[type][i][0]}) for i in numbers]
    tables["units"] += [good("units", unit_id=f"N{i}", unit_name=f"单位{i}") for i in numbers]
    warehouse = Warehouse()  # what a cell is, whether or not anybody can have meant that year
    validation = validate(warehouse, read(warehouse, tables), without("plausible"))
    rows = warehouse.arrow(f"accepted.{table}").select([key, column]).to_pylist()
    broken = {numbers[line - 2]: promises for line, promises in outcomes(validation, table).items()}
    return {int(row[key][1:]): str(row[column]) for row in rows}, broken


@pytest.mark.parametrize(
    ("type", "number"), [(type, number) for type, cells in CELLS.items() for number in range(len(cells))]
)
def test_a_cell_is_read_as_the_contract_says(type, number):
    values, broken = parsed(type)
    assert values.get(number) == CELLS[type][number][1]
    assert (number in broken) == (CELLS[type][number][1] is None)


@pytest.mark.parametrize("type", TRIED)
def test_a_column_in_the_usual_form_alone_is_read_as_it_is_among_others(type):
    read = {number: (cell.lower(), str(value).lower()) for number, (cell, value) in enumerate(CELLS[type]) if value}
    usual = [number for number, (cell, value) in read.items() if cell == value]
    odd = next(number for number, (cell, value) in read.items() if cell != value)
    assert usual
    for numbers in (usual, [*usual, odd]):
        values, broken = parsed(type, *numbers)
        assert values == {number: CELLS[type][number][1] for number in numbers} and not broken


@pytest.mark.parametrize(("cell", "kept"), [("4.1", True), ("4.10", True), ("4.11", False)])
def test_a_promise_of_fewer_decimals_holds_for_the_usual_form(cell, kept):
    contract = CONTRACTS.tables["assessments"]
    one = (("at_most", 1),)
    promises = tuple(replace(p, arguments=one) if p.kind == "decimals" else p for p in contract.promises)
    contracts = Contracts({**CONTRACTS.tables, "assessments": replace(contract, promises=promises)})
    warehouse = Warehouse()
    tables = {**good_tables(), "assessments": [good("assessments", score=cell)]}
    validation = validate(warehouse, read(warehouse, tables), contracts)
    assert (outcomes(validation, "assessments") == {}) is kept


@pytest.mark.parametrize("blank", ["", " ", "　", "\t", "\u00a0", "\ufeff", "\u200b\u2003", "\r\n"])
def test_blanks_only_is_empty_in_every_type(blank):
    row = good("cases", signed_at=blank, role=blank, public_rating=blank, channel=blank, title=blank)
    validation, warehouse = validated({**good_tables(), "cases": [row]})
    [accepted] = warehouse.arrow("accepted.cases").to_pylist()
    empty = {accepted[column] for column in ("signed_at", "public_rating", "channel", "title")}
    assert (empty, accepted["role"], validation.breaches) == ({None}, "lead", ())


def test_unrated_is_an_empty_rating():
    _, warehouse = validated({**good_tables(), "cases": [good("cases", public_rating=" 未评价 ")]})
    assert warehouse.arrow("accepted.cases").to_pylist()[0]["public_rating"] is None


def test_an_empty_ranked_is_true():
    _, warehouse = validated({**good_tables(), "units": [good("units", ranked="")]})
    assert warehouse.arrow("accepted.units").to_pylist()[0]["ranked"] is True


def test_codes_are_folded_and_free_text_stays_as_written():
    row = good("cases", case_id="Ｃ－１", title="　（路灯）不亮，请修 ", channel="电话（１２３４５）")
    tables = {"units": [good("units")], "cases": [row]}
    _, warehouse = validated(tables)
    [accepted] = warehouse.arrow("accepted.cases").to_pylist()
    assert accepted["case_id"] == "C-1"
    assert accepted["title"] == "（路灯）不亮，请修"
    assert accepted["channel"] == "电话(12345)"


@pytest.mark.parametrize(
    ("cell", "code"),
    [("A  1", "A 1"), ("A\u3000 1", "A 1"), ("城 管 局", "城管局"), ("城管\r\n局", "城管局"),
     ("城管 A1", "城管 A1"), ("A\r\n1", "A 1")],
)
def test_blanks_inside_a_code_are_folded(cell, code):
    _, warehouse = validated({"units": [good("units")], "cases": [good("cases", case_id=cell)]})
    assert warehouse.arrow("accepted.cases").to_pylist()[0]["case_id"] == code


def test_a_moment_with_an_offset_follows_the_zone_of_the_session():
    warehouse = Warehouse(zone="America/New_York")
    tables = {**good_tables(), "incidents": [good("incidents", occurred_at="2026-07-02T09:05:00Z")]}
    validate(warehouse, read(warehouse, tables), CONTRACTS)
    assert str(warehouse.arrow("accepted.incidents").to_pylist()[0]["occurred_at"]) == "2026-07-02 05:05:00"


@pytest.mark.parametrize(
    ("cell", "moment"),
    [("46205.369444", "2026-07-02 08:52"), ("46205", "2026-07-02 00:00"), ("46205.5", "2026-07-02 12:00")],
)
def test_a_spreadsheet_serial_is_refused_with_the_moment_it_stands_for(cell, moment):
    validation, _ = validated({**good_tables(), "incidents": [good("incidents", occurred_at=cell)]})
    [breach] = validation.breaches
    assert (breach.promise, breach.value) == ("occurred_at_timestamp", cell)
    assert moment in breach.remedy.zh
    assert moment in breach.remedy.en


def test_a_spreadsheet_serial_in_a_date_column_is_told_as_a_date():
    validation, _ = validated({**good_tables(), "awards": [good("awards", awarded_on="46205")]})
    assert "2026-07-02；" in validation.breaches[0].remedy.zh


def test_an_accepted_table_has_exactly_the_columns_of_its_contract_even_when_absent():
    from tests.contracts.world import CONTRACTS

    _, warehouse = validated({"units": [good("units")], "cases": [good("cases")]})
    for name, contract in CONTRACTS.tables.items():
        assert warehouse.columns(f"accepted.{name}") == list(contract.columns)
    assert str(warehouse.arrow("accepted.assessments").schema.field("score").type) == "decimal128(18, 2)"
    assert str(warehouse.arrow("accepted.cases").schema.field("signed_at").type) == "timestamp[us]"


def test_no_blank_of_unicode_stays_at_the_end_of_a_name_or_a_code():
    """Every blank that Unicode has, the controls that move a line on, and the two signs without width."""
    every = map(chr, range(sys.maxunicode))
    blanks = "\t\n\v\f\r\x85\u200B\uFEFF" + "".join(one for one in every if category(one) in ("Zs", "Zl", "Zp"))
    tables = good_tables()
    tables["units"] += [
        good("units", unit_id=f"{blank}N{i}{blank}", unit_name=f"{blank}单位{i}{blank}")
        for i, blank in enumerate(blanks)
    ]
    _, warehouse = validated(tables)
    rows = warehouse.arrow("accepted.units").select(["unit_id", "unit_name"]).to_pylist()
    read = {row["unit_id"]: row["unit_name"] for row in rows if row["unit_id"].startswith("N")}
    assert read == {f"N{i}": f"单位{i}" for i in range(len(blanks))}


@pytest.mark.parametrize(("score", "kept"), [("4.001", False), ("4.0010", False), ("4.01", True), ("4.010", True)])
def test_a_third_decimal_counts_whatever_its_digit(score, kept):
    validation, _ = validated({**good_tables(), "assessments": [good("assessments", score=score)]})
    assert (outcomes(validation, "assessments") == {}) is kept


@pytest.mark.parametrize("microsecond", [0, 1, 999_999])
def test_of_a_typed_moment_seconds_count_and_what_is_less_is_cut(microsecond):
    """A reply in the last second of its deadline is in time, however finely a database keeps it."""
    tables, warehouse = good_tables(), Warehouse()
    intake = read(warehouse, tables)
    table = raw_table("incidents", [good("incidents")])
    moment = pa.array([datetime(2026, 7, 2, 9, 5, 7, microsecond)], pa.timestamp("us"))
    number = table.column_names.index("occurred_at")
    warehouse.store("raw.incidents", table.set_column(number, "occurred_at", moment))
    validate(warehouse, intake, CONTRACTS)
    assert warehouse.arrow("accepted.incidents")["occurred_at"].to_pylist() == [datetime(2026, 7, 2, 9, 5, 7)]
