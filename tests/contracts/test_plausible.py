"""Moments that nobody can have meant, quarters without a case, rows per quarter."""

import pytest

from pipelines.edges.warehouse import Warehouse
from pipelines.model.contract import within
from pipelines.model.period import Period
from pipelines.stages.validate import validate
from tests.contracts.world import CONTRACTS, good, good_tables, read, validated

PERIOD = Period.parse("2026Q3")
OPEN = ("signed_at", "replied_at", "closed_at", "public_rating", "rated_at")


def of_quarter(tables: dict[str, list[dict]], period: Period = PERIOD, by: str = "due_at"):
    """Raw tables through the validation of a quarter."""
    warehouse = Warehouse()
    return validate(warehouse, read(warehouse, tables), within(CONTRACTS, period), period, by), warehouse


@pytest.mark.parametrize(
    ("moment", "kept"),
    [
        ("1999-12-31 23:59:59", False), ("2000-01-01 00:00:00", True), ("2036-09-30 23:59:59", True),
        ("2036-10-01 00:00:00", False), ("9999-12-31 23:59:59", False), ("0001-01-01 00:00:00", False),
        ("1970-01-01 08:00:00", False), ("3026-07-02 09:00:00", False),
    ],
)
def test_a_moment_before_2000_or_more_than_ten_years_after_the_quarter_is_rejected(moment, kept):
    tables = {**good_tables(), "incidents": [good("incidents", occurred_at=moment)]}
    validation, _ = of_quarter(tables)
    assert [b.promise for b in validation.breaches] == ([] if kept else ["occurred_at_plausible"])
    for breach in validation.breaches:
        assert (breach.value, breach.line) == (moment, 2)
        assert "U1" in breach.remedy.zh and "unit U1" in breach.remedy.en


@pytest.mark.parametrize("day", ["1958-10-01", "2099-12-31", "9999-12-31"])
def test_days_of_validity_may_lie_in_any_year(day):
    matters = [good("matters", valid_from="1958-10-01", valid_to="9999-12-31")]
    knowledge = [good("knowledge", updated_on="1958-10-01", expires_on=day)]
    evaluators = [good("evaluators", appointed_on="1958-10-01", term_ends_on="9999-12-31", ended_on=day)]
    changed = {"matters": matters, "knowledge": knowledge, "evaluators": evaluators}
    validation, warehouse = of_quarter({**good_tables(), **changed})
    assert validation.breaches == ()
    assert str(warehouse.arrow("accepted.knowledge").to_pylist()[0]["expires_on"]) == day


def test_every_moment_of_every_table_is_judged_and_days_of_validity_are_not():
    judged = {(t.name, p.column) for t in CONTRACTS.tables.values() for p in t.promises if p.kind == "plausible"}
    moments = {(t.name, c.name) for t in CONTRACTS.tables.values() for c in t.columns.values() if c.type == "timestamp"}
    dates = {(t.name, c.name) for t in CONTRACTS.tables.values() for c in t.columns.values() if c.type == "date"}
    assert moments < judged
    assert {pair for pair in dates if pair in judged} == {
        ("awards", "awarded_on"), ("adjustments", "decided_on"), ("adjustments", "received_on"),
        ("adjustments", "answer_by"), ("matter_changes", "requested_on"), ("matter_changes", "decided_on"),
        ("matter_steps", "done_on"), ("appointment_steps", "done_on"), ("guidance", "given_on"),
        ("difficulties", "decided_on"), ("commendations", "dated"),
    }


def test_a_quarter_without_a_case_row_is_a_stop_that_names_file_and_quarters():
    [stop] = of_quarter(good_tables(), Period.parse("2026Q4"))[0].stops
    assert all(fact in stop.en for fact in ("cases.csv", "2026Q4", "2026Q3 (1 row)"))
    assert all(fact in stop.zh for fact in ("cases.csv", "2026Q4", "2026Q3（1 行）"))


def test_an_export_of_cases_without_rows_is_a_stop():
    tables = {"units": [good("units")], "cases": []}
    [stop] = of_quarter(tables)[0].stops
    assert "no rows at all" in stop.en


def test_the_reading_and_an_extension_decide_whether_a_case_is_of_the_quarter():
    tables = good_tables()  # dispatched and due in July; extended to the 15th
    tables["cases"] = [good("cases", reply_due_at="2026-10-08 09:00:00")]
    assert len(of_quarter(tables)[0].stops) == 1
    assert of_quarter(tables, by="dispatched_at")[0].stops == ()
    tables["extensions"] = [good("extensions", extended_until="2026-12-01 09:00:00")]
    assert of_quarter(tables, Period.parse("2026Q4"))[0].stops == ()


@pytest.mark.parametrize(
    ("due", "inside"),
    [("2026-06-30 23:59:59", False), ("2026-07-01 00:00:00", True), ("2026-09-30 23:59:59", True),
     ("2026-10-01 00:00:00", False)],
)
def test_a_quarter_answers_from_its_first_instant_to_the_last_before_the_next(due, inside):
    early = dict.fromkeys(("dispatched_at", "sign_due_at"), "2026-06-20 09:00:00") | dict.fromkeys(OPEN)
    tables = {**good_tables(), "extensions": [], "cases": [good("cases", reply_due_at=due, **early)]}
    assert of_quarter(tables)[0].stops == () if inside else len(of_quarter(tables)[0].stops) == 1


def test_rows_are_told_by_the_quarter_that_they_are_of():
    tables = good_tables()
    tables["cases"] += [good("cases", case_id=f"C{i}", reply_due_at=f"2026-{i:02d}-08 09:00:00") for i in range(7, 13)]
    validation, _ = of_quarter(tables)
    assert validation.periods["cases"] == (("2026Q3", 4), ("2026Q4", 3))
    assert validation.periods["awards"] == (("2026Q3", 1),)
    assert set(validation.periods) == {
        "cases", "extensions", "incidents", "instructions", "awards", "evaluations", "adjustments", "matter_changes",
            "matter_steps", "appointment_steps", "guidance", "difficulties", "commendations",
    }


@pytest.mark.parametrize(("column", "value", "said"), [
    ("replied_at", "1781486387", "应为 2026-06-15 09:19:47（Asia/Shanghai）"),
    ("replied_at", "1781486387000", "应为 2026-06-15 09:19:47（Asia/Shanghai）"),
    ("replied_at", "2026-08-31 24:00", "次日零点：2026-09-01 00:00:00"),
    ("replied_at", "2026年12月31日 24:00:00", "次日零点：2027-01-01 00:00:00"),
    ("replied_at", "2026-13-31 24:00", "请写成 2026-07-02 09:05:00 的样子"),
    ("replied_at", "2026/7/3 15:05 下午", "请改用 24 小时制"),
    ("replied_at", "46188.38873842593", "Excel 的日期序号，应为 2026-06-15 09:19"),
    ("replied_at", "２０２６", "请写成 2026-07-02 09:05:00 的样子"),
    ("replied_at", "N/A", "没有的请留空，或在来源映射的 null_values"),
    ("public_rating", " — ", "没有的请留空，或在来源映射的 null_values"),
    ("dispatched_at", "无", "请写成 2026-07-02 09:05:00 的样子"),
])
def test_the_remedy_of_a_moment_fits_what_was_written(column, value, said):
    tables = good_tables()
    tables["cases"][0][column] = value
    breaches = [one for one in validated(tables)[0].breaches if one.column == column]
    assert [said in one.remedy.zh for one in breaches] == [True]
