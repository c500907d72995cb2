"""Rows add up, tolerances stop exactly where they should, and nothing confidential is told."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.edges.warehouse import Warehouse
from pipelines.model.contract import Contracts
from pipelines.model.intake import Breach
from pipelines.model.words import Refusal, Words
from pipelines.stages.validate import validate
from tests.contracts.world import CONTRACTS, good, good_tables, outcomes, read, validated


def cases(total: int, faulty: int) -> dict[str, list[dict]]:
    rows = [good("cases", case_id=f"C{i}", title=None) for i in range(total)]
    for row in rows[:faulty]:
        row["dispatched_at"] = None
    return {"units": [good("units")], "cases": rows, "matters": [good("matters")]}


@pytest.mark.parametrize(
    ("total", "faulty", "stopped"),
    [(100, 5, False), (100, 6, True), (99, 5, True), (101, 5, False), (10, 3, False), (10, 4, True), (3, 3, False)],
)
def test_more_faulty_cases_than_five_percent_and_three_rows_stop_the_run(total, faulty, stopped):
    validation, _ = validated(cases(total, faulty))
    assert bool(validation.stops) == stopped
    assert validation.rows["cases"].quarantined == faulty


@pytest.mark.parametrize(
    ("total", "faulty", "stopped"), [(50, 10, False), (50, 11, True), (16, 4, True), (20, 4, False)]
)
def test_other_tables_tolerate_twenty_percent(total, faulty, stopped):
    rows = [good("incidents", incident_id=f"I{i}", verified=None if i < faulty else "1") for i in range(total)]
    assert bool(validated({**good_tables(), "incidents": rows})[0].stops) == stopped


@pytest.mark.parametrize(
    ("percent", "rows", "faulty", "message"),
    [
        (0, 0, 0, ""), (0, 0, 1, "No row of this table may be missing"),
        (0, 3, 3, ""), (0, 3, 4, "4 rows of incidents break the contract, more than 0 % of 50"),
        (4, 0, 2, ""), (4, 0, 3, "3 rows of incidents break the contract, more than 4 % of 50"),
    ],
)
def test_a_table_that_tolerates_some_rows_is_not_said_to_tolerate_none(percent, rows, faulty, message):
    incidents = replace(CONTRACTS.tables["incidents"], tolerance_percent=percent, tolerated_rows=rows)
    broken = [good("incidents", incident_id=f"I{i}", verified=None if i < faulty else "1") for i in range(50)]
    warehouse, contracts = Warehouse(), Contracts({**CONTRACTS.tables, "incidents": incidents})
    stops = validate(warehouse, read(warehouse, {**good_tables(), "incidents": broken}), contracts).stops
    assert len(stops) == bool(message) and all(message in stop.en for stop in stops)


@pytest.mark.parametrize(
    ("row", "named"),
    [
        (good("units", unit_id="U2", unit_name=None), "units.csv, line 3, unit_name '': fill in unit_name"),
        (good("units", unit_id="U2", ranked="也许"), "line 3, ranked '也许': write true or false"),
        (good("units", unit_group="区县"), "units.csv, line 2, unit_id 'U1': same key as units.csv:3"),
    ],
)
def test_one_rejected_unit_among_many_stops_the_run_and_the_row_is_named(row, named):
    tables = good_tables()
    tables["units"] += [row, *(good("units", unit_id=f"N{i}", unit_name=f"单位{i}") for i in range(100))]
    [stop] = validated(tables)[0].stops
    assert named in stop.en and "units.csv 第" in stop.zh


def test_surplus_copies_of_units_stop_nothing():
    tables = good_tables()
    tables["units"] += [good("units")] * 5
    validation, _ = validated(tables)
    assert (validation.stops, validation.rows["units"].quarantined) == ((), 5)


def test_an_unreadable_row_of_units_stops_the_run():
    breach = Breach("units", "units.csv", 7, "", "", "field_count", "3/4", Words("改", "mend"))
    [stop] = validated(good_tables(), broken={"units": 1}, breaches=(breach,))[0].stops
    assert "units.csv, line 7" in stop.en and "mend" in stop.en


def test_rows_left_out_and_blank_rows_are_in_the_account():
    warehouse = Warehouse()
    intake = read(warehouse, good_tables())
    aside = [replace(r, records=6, left_out=2, blank=3) if r.table == "cases" else r for r in intake.receipts]
    count = validate(warehouse, replace(intake, receipts=tuple(aside)), CONTRACTS).rows["cases"]
    assert (count.read, count.accepted, count.quarantined, count.left_out, count.blank) == (6, 1, 0, 2, 3)
    assert count.counts() == {"read": 6, "accepted": 1, "quarantined": 0, "left_out": 2, "blank": 3}


def test_a_stop_names_table_rows_and_share():
    [stop] = validated(cases(100, 6))[0].stops
    assert all(fact in stop.zh for fact in ("诉求件", "cases", "6 行", "100 行", "5%"))
    assert all(fact in stop.en for fact in ("6 rows", "cases", "5 %", "100"))


def test_unreadable_rows_count_as_read_as_quarantined_and_toward_the_tolerance():
    breach = Breach("cases", "cases.csv", 99, "", "", "unreadable", "", Words("改", "mend"))
    validation, _ = validated(cases(94, 0), broken={"cases": 6}, breaches=(breach,))
    count = validation.rows["cases"]
    assert (count.read, count.accepted, count.quarantined) == (100, 94, 6)
    assert len(validation.stops) == 1
    assert breach in validation.breaches


def test_surplus_copies_and_references_to_rejected_rows_are_not_counted_against_a_table():
    tables = cases(10, 0)
    tables["cases"] += [dict(tables["cases"][0]) for _ in range(20)]
    tables["units"].append(good("units", unit_id="U2", unit_name=None))
    tables["cases"] += [good("cases", case_id=f"D{i}", unit_id="U2") for i in range(20)]
    validation, _ = validated(tables)
    assert [stop.en.partition(" break")[0] for stop in validation.stops] == ["1 row of units"]
    assert (validation.rows["cases"].accepted, validation.rows["cases"].quarantined) == (10, 40)


@pytest.mark.parametrize(("own", "stopped"), [(6, False), (7, True)])
def test_references_to_rejected_rows_are_not_counted_beside_faults_of_ones_own_either(own, stopped):
    tables = cases(100, own)  # of 120 rows, and five percent of them are six
    tables["units"].append(good("units", unit_id="U2", unit_name=None))
    tables["cases"] += [good("cases", case_id=f"D{i}", unit_id="U2", title=None) for i in range(20)]
    validation, _ = validated(tables)
    assert validation.rows["cases"].quarantined == own + 20
    assert any(stop.en.startswith(f"{own} rows of cases") for stop in validation.stops) == stopped
    assert len(validation.stops) == 1 + stopped


def test_repeated_keys_with_different_content_count_against_a_table():
    tables = cases(10, 0)
    tables["cases"] += [good("cases", case_id=f"C{i}", channel="网站", title=None) for i in range(2)]
    assert len(validated(tables)[0].stops) == 1


def test_rows_that_the_receipts_do_not_account_for_are_refused():
    warehouse = Warehouse()
    intake = read(warehouse, good_tables())
    short = tuple(replace(receipt, records=2) if receipt.table == "cases" else receipt for receipt in intake.receipts)
    with pytest.raises(Refusal, match="cases"):
        validate(warehouse, replace(intake, receipts=short), CONTRACTS)


def test_absent_tables_are_accounted_for_with_no_rows():
    validation, _ = validated(cases(1, 0))
    assert list(validation.rows) == sorted(CONTRACTS.tables)
    assert validation.rows["awards"].read == 0


def test_confidential_values_are_masked_in_values_and_keys():
    tables = good_tables()
    tables["evaluators"] = [good("evaluators", evaluator_id="E77", name=None, background="神秘人")]
    tables["evaluations"] = [good("evaluations", evaluator_id="E77")]
    tables["evaluations"] += [good("evaluations", assignment_id="P2", evaluator_id="E88")]
    validation, _ = validated(tables)
    assert {breach.key for breach in validation.breaches if breach.table == "evaluators"} == {"***"}
    facts = " ".join(f"{b.key} {b.value} {b.remedy.zh} {b.remedy.en}" for b in validation.breaches)
    assert not any(secret in facts for secret in ("E77", "E88", "神秘人"))
    assert outcomes(validation, "evaluations") == {2: {"reference_rejected"}, 3: {"evaluator_id_in_evaluators"}}


@pytest.mark.parametrize(("score", "message"), [("96%", True), ("96.25％", True), ("九十六", False)])
def test_a_percentage_among_numbers_is_told_as_one(score, message):
    [breach] = validated({**good_tables(), "assessments": [good("assessments", score=score)]})[0].breaches
    assert (breach.value, breach.column) == (score, "score")
    assert ("is a percentage" in breach.remedy.en and score in breach.remedy.zh) == message


def test_telephone_and_identity_numbers_are_masked_and_long_values_cut():
    rows = [good("cases", case_id="13812345678", signed_at="找张三 13987654321 身份证 110101199003071234"),
            good("cases", case_id="C2", signed_at="很" * 200)]
    validation, _ = validated({**good_tables(), "cases": rows})
    first, second = (breach for breach in validation.breaches if breach.table == "cases")
    assert not any(number in first.key + first.value for number in ("13812345678", "13987654321", "110101199003071234"))
    assert len(second.value) == 60


def test_breaches_come_in_a_fixed_order():
    tables = good_tables()
    tables["units"].append(good("units", unit_id="U2", unit_name=None, unit_group=None))
    tables["cases"] += [good("cases", case_id=f"C{i}", signed_at="x", closed_at="y") for i in range(3, 0, -1)]
    breaches = validated(tables)[0].breaches
    place = [(b.table, b.file, b.line, b.column, b.promise) for b in breaches]
    assert place == sorted(place) and len(place) > 6


def test_accepted_rows_lie_in_the_order_of_their_key():
    tables = cases(30, 0)
    tables["cases"].reverse()
    keys = [row["case_id"] for row in validated(tables)[1].arrow("accepted.cases").to_pylist()]
    assert keys == sorted(keys) and len(keys) == 30


CELL = st.one_of(
    st.none(), st.sampled_from(["", "　", "C1", "C2", "U1", "U2", "2026-07-01 09:00:00", "2026/7/1 9:00", "2026-07-01",
                                "满意", "是", "lead", "4.5", "'; drop table raw.cases --", "x" * 300, "\x00", "😀"]),
    st.text(max_size=6),
)


def dirty(table: str):
    columns = list(CONTRACTS.tables[table].columns)
    mutated = st.dictionaries(st.sampled_from(columns), CELL, max_size=3)
    return st.lists(mutated.map(lambda change: good(table, **change)), max_size=8)


@settings(max_examples=15)
@given(st.fixed_dictionaries({table: dirty(table) for table in ("units", "cases", "evaluations", "assessments")}))
def test_whatever_the_dirt_rows_read_are_accepted_or_quarantined_with_a_reason(tables):
    validation, warehouse = validated(tables)
    for table, rows in tables.items():
        count = validation.rows[table]
        refused = {(b.file, b.line) for b in validation.breaches if b.table == table}
        assert (count.read, count.quarantined) == (len(rows), len(refused))
        assert warehouse.arrow(f"accepted.{table}").num_rows == count.accepted
        keys = [tuple(row[k] for k in CONTRACTS.tables[table].key)
                for row in warehouse.arrow(f"accepted.{table}").to_pylist()]
        assert len(set(keys)) == len(keys)
        assert all(None not in key for key in keys)
