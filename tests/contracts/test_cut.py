"""An export that seems to be cut: cases that other tables name and the file lacks, a month with hardly any rows."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from pipelines.contracts.history import limits
from pipelines.edges.warehouse import Warehouse
from pipelines.model.period import Period
from pipelines.stages.validate import thin_months, validate
from tests.contracts.world import CONTRACTS, good, good_tables, read

PERIOD = Period.parse("2026Q3")
NAMED = good_tables()["cases"][0]["case_id"]


def validated(tables: dict[str, list[dict]], unended: bool = True, **more):
    """Validation of the third quarter; the case file ends without a line end."""
    warehouse = Warehouse()
    intake = read(warehouse, tables)
    receipts = tuple(replace(r, unended=unended and r.table == "cases") for r in intake.receipts)
    return validate(warehouse, replace(intake, receipts=receipts), CONTRACTS, PERIOD, **more)


def signs(validation, kind: str) -> list:
    return [warning for warning in validation.warnings if warning.promise == kind]


def naming(case: str | None, table: str = "incidents") -> dict[str, list[dict]]:
    tables = good_tables()
    tables[table] = [good(table, case_id=case)]
    return tables


@pytest.mark.parametrize(
    ("case", "unended", "found"),
    [
        ("20260820-9", True, True),
        ("20260820-9", False, False),  # the file ends as it should
        (NAMED, True, False),  # nothing is missing
        (None, True, False),
        ("20260430-9", True, False),  # another period's by its number
        ("20261002-9", True, False),
        ("20260930-9", True, True),
    ],
)
def test_no_line_end_and_a_case_that_another_table_names(case, unended, found):
    validation = validated(naming(case), unended)
    assert len(signs(validation, "cut_at_row")) == found
    assert any("cases.csv: seems to be cut" in n.en and case in n.en for n in validation.notices) == found


def test_the_sign_names_the_file_how_many_cases_and_the_first_row_that_names_one():
    tables = naming("20260820-9")
    tables["incidents"] += [good("incidents", incident_id="I2", case_id="20260820-8")] * 2
    [sign] = signs(validated(tables), "cut_at_row")
    assert (sign.table, sign.file, sign.line) == ("cases", "cases.csv", 0)
    assert "2 cases" in sign.remedy.en and "20260820-9 in line 2 of incidents.csv" in sign.remedy.en
    assert "2 件" in sign.remedy.zh and "incidents.csv 第 2 行的 20260820-9" in sign.remedy.zh


def test_a_case_row_that_is_quarantined_is_not_missing():
    tables = naming("20260820-9")
    tables["cases"].append(good("cases", case_id="20260820-9", dispatched_at=None))
    assert not signs(validated(tables), "cut_at_row")


def test_a_published_number_and_a_decision_that_is_left_out_are_of_another_period():
    assert not signs(validated(naming("X9"), published=["X9"]), "cut_at_row")
    tables = naming(NAMED)
    tables["adjustments"] = [good("adjustments", case_id="20260430-9")]
    assert not signs(validated(tables), "cut_at_row")


def test_where_the_run_stops_the_signs_come_first():
    tables = naming("20260820-9")
    tables["units"].append(good("units", unit_id="U2", unit_name=None))
    stops = validated(tables).stops
    assert "seems to be cut" in stops[0].en and "units" in stops[1].en


@pytest.mark.parametrize("table", ["cases", "units"])
def test_a_file_without_a_row_comes_before_the_faults_of_the_rows_that_name_its_rows(table):
    stops = validated({**good_tables(), table: []}).stops
    assert stops[0].en.startswith(f"{table}.csv: {table} holds no rows") and len(stops) > 1
    assert stops[0].zh.startswith(f"{table}.csv：《") and "没有数据行" in stops[0].zh


def test_a_table_that_has_rows_is_no_cause_though_others_name_what_it_lacks():
    tables = good_tables()
    tables["cases"] += [good("cases", case_id=f"20260820-{n}", unit_id="U9") for n in range(30)]
    stops = validated(tables).stops
    assert stops and "U9" in stops[0].en and not any("holds no rows" in stop.en for stop in stops)


def test_an_empty_file_that_no_row_names_is_no_cause():
    tables = naming("20260820-9")
    tables["units"].append(good("units", unit_id="U2", unit_name=None))
    tables["knowledge"] = []
    assert not any("knowledge" in stop.en for stop in validated(tables).stops)


@pytest.mark.parametrize(
    ("rows", "thin"),
    [
        ((100, 100, 10), []),  # a tenth is not under a tenth
        ((100, 100, 9), ["c"]),
        ((100, 100, 11), []),
        ((9, 100, 100), ["a"]),
        ((20, 0, 0), ["b", "c"]),  # the others have ten on average
        ((19, 0, 0), []),  # a tenth of the others is less than a row
        ((10, 10, 0), ["c"]),
        ((10, 9, 0), []),
        ((150, 49, 9), ["c"]),
        ((150, 49, 10), []),
        ((0, 0, 0), []),
    ],
)
def test_a_month_with_under_a_tenth_of_what_the_others_have_on_average_is_thin(rows, thin):
    assert [month for month, *_ in thin_months(dict(zip("abc", rows, strict=True)))] == thin


def test_a_period_of_one_month_has_no_others():
    assert thin_months({"a": 0}) == []


def due(month: int, day: int, n: int, table: str = "cases") -> list[dict]:
    """Rows of one day of 2026."""
    at = datetime(2026, month, day, 23, 59, 59)
    columns = {"cases": ("case_id", "reply_due_at"), "incidents": ("incident_id", "occurred_at")}
    key, moment = columns.get(table, ("award_id", "awarded_on"))
    early = {"dispatched_at": str(at - timedelta(days=20)), "sign_due_at": str(at)} if table == "cases" else {}
    empty = dict.fromkeys(("signed_at", "replied_at", "closed_at", "rated_at", "public_rating")) if early else {}
    value = str(at.date()) if table == "awards" else str(at)
    return [good(table, **{key: f"{month}-{day}-{i}", moment: value}, **early, **empty) for i in range(n)]


@pytest.mark.parametrize(
    ("september", "zh", "en"),
    [(0, "2026-09 一行也没有，而其他月份平均有 20 行", "has no row at all"),
     (1, "2026-09 只有 1 行，不到其他月份平均 20 行的 10%", "has 1 row, under 10% of the 20")],
)
def test_a_month_without_a_row_is_told_in_words(september, zh, en):
    tables = good_tables() | {"incidents": due(7, 1, 20, "incidents") + due(8, 31, 20, "incidents")}
    tables["incidents"] += due(9, 30, september, "incidents")
    [sign] = signs(validated(tables, unended=False), "thin_month")
    assert zh in sign.remedy.zh and en in sign.remedy.en and sign.value == str(september)


def test_the_bound_of_a_thin_month_is_the_declared_one(monkeypatch):
    """Also in the sentence, which would otherwise name another."""
    monkeypatch.setattr("pipelines.stages.validate.limits", lambda: {**limits(), "thin_month": {"percent": 60}})
    tables = good_tables() | {"incidents": [row for month in (7, 8) for row in due(month, 1, 20, "incidents")]}
    tables["incidents"] += due(9, 30, 11, "incidents")
    [sign] = signs(validated(tables, unended=False), "thin_month")
    assert "不到其他月份平均 20 行的 60%" in sign.remedy.zh and "has 11 rows, under 60% of the 20" in sign.remedy.en


@pytest.mark.parametrize("table", ["cases", "incidents"])
@pytest.mark.parametrize(("september", "thin"), [(1, True), (2, False), (3, False)])
def test_rows_are_counted_by_the_month_of_the_period(table, september, thin):
    tables = good_tables()
    outside = due(6, 30, 30, table) + due(10, 1, 30, table)
    tables[table] = due(7, 1, 20, table) + due(8, 31, 20, table) + due(9, 30, september, table) + outside
    found = signs(validated(tables, unended=False), "thin_month")
    assert [(sign.table, sign.file, sign.value) for sign in found] == [(table, f"{table}.csv", "1")] * thin
    assert all("2026-09" in sign.remedy.en and "20 that the other" in sign.remedy.en for sign in found)


def test_tables_that_need_not_have_rows_every_month_are_not_judged():
    tables = good_tables()
    tables["awards"] = due(9, 1, 60, "awards")
    assert not signs(validated(tables, unended=False), "thin_month")
