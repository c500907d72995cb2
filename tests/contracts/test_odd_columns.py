"""Columns that are as in a damaged export: each sign at its bound, beside it, and none in a right export."""

from datetime import datetime, timedelta

import pytest

from pipelines.assess import Request, Run
from pipelines.contracts.history import limits
from pipelines.edges.warehouse import Warehouse
from pipelines.model.intake import (
    CROSSED,
    DAMAGE_SIGNS,
    ELSEWHERE,
    FAR,
    GAP,
    MIDNIGHT,
    REVERSED,
    SAME,
    SLIPS,
    UNFILLED,
    UNIFORM,
    UNPAIRED,
)
from pipelines.model.period import Period
from pipelines.model.words import Words
from pipelines.sample.make import make_sample
from pipelines.stages.validate import validate
from tests.contracts.test_exchanged import cases
from tests.contracts.world import CONTRACTS, good, good_tables, read

PERIOD = Period.parse("2026Q3")
ORDER = [(table, *pair) for table, pairs in limits()["order"].items() for pair in pairs]
REPLIES = {"cases": {"replied_at": Words("逾期回复", "late replies")}}


def signs(tables: dict[str, list[dict]], kind: str, **more) -> list:
    warehouse = Warehouse()
    validation = validate(warehouse, read(warehouse, tables, **more), CONTRACTS, PERIOD)
    return [one for one in validation.warnings if one.promise == kind]


def changed(n: int, odd: int, **change: str) -> dict[str, list[dict]]:
    """``n`` right case rows, the first ``odd`` of them changed."""
    tables = cases(n=n)
    tables["cases"] = [row | (change if k < odd else {}) for k, row in enumerate(tables["cases"])]
    return tables


def turned(n: int, odd: int, first: str = "replied_at", second: str = "closed_at") -> dict[str, list[dict]]:
    """``n`` right case rows, two columns exchanged in the first ``odd``."""
    tables = cases(n=n)
    tables["cases"] = [row | ({first: row[second], second: row[first]} if k < odd else {})
                       for k, row in enumerate(tables["cases"])]
    return tables


@pytest.mark.parametrize(("table", "first", "second"), ORDER)
def test_what_is_put_in_order_is_a_moment_of_its_table(table, first, second):
    columns = CONTRACTS.tables[table].columns
    assert columns[first].type == columns[second].type == "timestamp" and first != second


@pytest.mark.parametrize("table", limits()["elsewhere"]["tables"])
def test_what_must_have_rows_of_the_period_has_a_day_that_places_them(table):
    assert CONTRACTS.tables[table].period_by


@pytest.mark.parametrize("kind", [REVERSED, MIDNIGHT, UNFILLED, UNIFORM, SAME, *SLIPS])
def test_a_right_export_says_nothing_of_the_kind(kind):
    """What is received and sent out in the same second is in order."""
    assert signs(cases(n=80), kind, decisive=REPLIES) == []


@pytest.mark.parametrize(("first", "second"), [(first, second) for table, first, second in ORDER if table == "cases"])
def test_two_columns_of_the_cases_that_come_in_the_wrong_order_are_told_with_both_names(first, second):
    tables = turned(40, 40, first, second)
    if first == "received_at":  # they fall together in these rows
        tables = changed(40, 40, received_at="2026-12-01 00:00:01")
    [sign] = signs(tables, REVERSED)
    assert (sign.table, sign.file, sign.line, sign.value) == ("cases", "cases.csv", 0, f"{first}, {second}")
    titles = {name: column.title for name, column in CONTRACTS.tables["cases"].columns.items()}
    assert all(f"{titles[name]}（{name}）" in sign.remedy.zh for name in (first, second))
    assert f"in 40 rows of 40 looked at {first} is after {second}" in sign.remedy.en


@pytest.mark.parametrize(("n", "odd", "told"), [
    (20, 18, True), (20, 17, False), (19, 19, False), (100, 90, True), (100, 89, False),
])
def test_the_wrong_order_is_told_from_nine_tenths_of_twenty_rows(n, odd, told):
    assert bool(signs(turned(n, odd), REVERSED)) is told


@pytest.mark.parametrize("table", limits()["due"])
def test_what_is_held_against_a_deadline_is_a_moment_of_its_table(table):
    columns = CONTRACTS.tables[table].columns
    assert all(columns[due].deadline and columns[done].type == "timestamp" for due, done in limits()["due"][table])


@pytest.mark.parametrize(("n", "odd", "told"), [(20, 18, True), (20, 17, False), (19, 19, False)])
def test_what_is_done_to_the_second_of_its_deadline_nearly_everywhere_is_told_with_both_columns(n, odd, told):
    tables = cases(n=n)
    tables["cases"] = [row | ({"replied_at": row["reply_due_at"]} if k < odd else {})
                       for k, row in enumerate(tables["cases"])]
    found = signs(tables, SAME)
    assert [one.value for one in found] == ["reply_due_at, replied_at"] * told
    assert all("（reply_due_at）" in one.remedy.zh and f"in {odd} rows of {n}" in one.remedy.en for one in found)
    assert signs(tables, SAME, flagged=(("cases", "replied_at"),)) == []


@pytest.mark.parametrize(("n", "odd", "told"), [
    (20, 1, True), (21, 1, False), (19, 5, False), (20, 17, True), (20, 18, False), (100, 5, True), (100, 4, False),
])
def test_moments_in_the_wrong_order_in_some_rows_are_told_as_a_slip(n, odd, told):
    found = signs(turned(n, odd), CROSSED)
    assert [one.value for one in found] == ["replied_at, closed_at"] * told
    assert all(f"{n} 行中有 {odd} 行回复时间（replied_at）晚于办结时间（closed_at）" in one.remedy.zh for one in found)


@pytest.mark.parametrize(("n", "odd", "told"), [(20, 2, True), (21, 2, False), (19, 9, False), (20, 18, False)])
@pytest.mark.parametrize("empty", ["public_rating", "rated_at"])
def test_one_of_two_that_go_together_is_told_where_it_is_empty_in_some_rows(n, odd, told, empty):
    tables = cases(n=n)
    for k, row in enumerate(tables["cases"]):
        row |= {"public_rating": "满意", "rated_at": "2026-12-02 09:00:00"} | ({empty: ""} if k < odd else {})
    tables["cases"].append(tables["cases"][-1] | {"case_id": "none", "public_rating": "", "rated_at": ""})
    assert bool(signs(tables, UNPAIRED)) is told


@pytest.mark.parametrize(("n", "filled", "told"), [(28, 0, False), (29, 0, True), (29, 1, False)])
def test_a_unit_without_a_value_is_told_where_some_were_to_be_expected(n, filled, told):
    """Of a hundred other rows nine tenths have one."""
    tables = cases(n=100 + n)
    tables["units"].append(good("units", unit_id="U2", unit_name="水务局"))
    for k, row in enumerate(tables["cases"]):
        if k < n:
            row["unit_id"] = "U2"
        if filled <= k < n + 10:
            row["replied_at"] = ""
    found = signs(tables, GAP, decisive=REPLIES)
    assert [one.value for one in found if "U2" in one.value] == ["replied_at, U2"] * told
    assert all(f"{n} 行中一个值也没有" in one.remedy.zh for one in found)


def test_a_moment_that_stands_for_a_flag_is_in_no_order():
    assert signs(turned(40, 40), REVERSED, flagged=(("cases", "replied_at"),)) == []


@pytest.mark.parametrize(("n", "odd", "told"), [(20, 18, True), (20, 17, False), (19, 19, False)])
def test_moments_without_a_time_of_day_are_told_from_nine_tenths_of_twenty_values(n, odd, told):
    tables = changed(n, odd, closed_at="2026-12-01 00:00:00")
    found = signs(tables, MIDNIGHT)
    assert [one.value for one in found] == ["closed_at"] * told


def test_all_columns_at_midnight_are_one_sentence():
    [sign] = signs(changed(30, 30, replied_at="2026-12-01 00:00:00", closed_at="2026-12-01 00:00:00"), MIDNIGHT)
    assert sign.value == "replied_at, closed_at"
    assert "回复时间（replied_at）、办结时间（closed_at）" in sign.remedy.zh


@pytest.mark.parametrize(("n", "empty", "told"), [(20, 20, True), (20, 19, False), (19, 19, False)])
def test_a_column_on_which_scores_depend_without_a_value_is_told_with_what_it_counts_for(n, empty, told):
    found = signs(changed(n, empty, replied_at=""), UNFILLED, decisive=REPLIES)
    assert [one.value for one in found] == ["replied_at"] * told
    assert all("逾期回复" in one.remedy.zh and "--absent cases.replied_at" in one.remedy.en for one in found)


RATINGS = {"cases": {"public_rating": Words("满意", "satisfied")}}


@pytest.mark.parametrize(("n", "satisfied", "other", "told"), [
    (30, 30, "", True), (29, 29, "", False), (30, 29, "dissatisfied", False), (31, 30, "", True), (30, 29, "", False),
])
def test_one_value_wherever_there_is_any_is_told_with_its_word(n, satisfied, other, told):
    tables = changed(n, satisfied, public_rating="satisfied", rated_at="2026-09-20 09:00:00")
    for row in tables["cases"][satisfied:]:
        row |= {"public_rating": other, "rated_at": "2026-09-20 09:00:00" if other else ""}
    found = signs(tables, UNIFORM, decisive=RATINGS)
    assert [one.value for one in found] == ["public_rating"] * told
    assert all("都是“满意”" in one.remedy.zh and f"in all {satisfied} rows" in one.remedy.en for one in found)
    assert signs(tables, UNIFORM) == []  # where no score depends on it


def test_what_is_declared_absent_or_decides_nothing_may_be_empty():
    tables = changed(20, 20, replied_at="")
    assert signs(tables, UNFILLED) == []
    assert signs(tables, UNFILLED, decisive=REPLIES, declared_absent=(("cases", "replied_at"),)) == []


@pytest.mark.parametrize(("days", "seconds", "told"), [(366, 0, False), (366, 1, True)])
def test_one_moment_over_a_year_after_what_it_follows_is_told_with_its_value(days, seconds, told):
    tables = cases(n=3)
    row = tables["cases"][1]
    row["closed_at"] = str(datetime.fromisoformat(row["dispatched_at"]) + timedelta(days=days, seconds=seconds))
    found = signs(tables, FAR)
    assert [one.value for one in found] == ["closed_at, dispatched_at"] * told
    assert all(row["closed_at"] in one.remedy.zh and "in 1 row of cases" in one.remedy.en for one in found)


def test_a_restricted_moment_is_told_without_its_value():
    """When an evaluator rated is for the office alone."""
    tables = good_tables()
    tables["evaluations"] = [good("evaluations", rated_at="2030-07-09 11:12:13")]
    [sign] = signs(tables, FAR)
    assert sign.value == "rated_at, assigned_at"
    assert "2030" not in sign.remedy.zh + sign.remedy.en and "***" in sign.remedy.zh


@pytest.mark.parametrize(("n", "day", "told"), [
    (5, "2025-08-01", True), (4, "2025-08-01", False), (5, "2026-09-30", False),
])
def test_a_table_without_a_row_of_the_period_is_told_from_five_rows(n, day, told):
    tables = good_tables()
    days = ["2026-10-01", *["2025-08-01"] * (n - 2), day]
    tables["awards"] = [good("awards", award_id=f"W{k}", awarded_on=one) for k, one in enumerate(days)]
    assert bool(signs(tables, ELSEWHERE)) is told


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    make_sample(folder, PERIOD, units=8, cases=300)
    return folder


def told(exports, out) -> list[str]:
    with Run(Request(PERIOD, exports, out, pdf=False, twice=False)) as run:
        run.check()
        return [one.promise for one in run.warnings if one.promise in (*DAMAGE_SIGNS, *SLIPS)]


def test_the_sample_says_nothing_and_its_empty_column_is_told(exports, tmp_path):
    assert told(exports, tmp_path / "out") == []
    file = exports / "cases.csv"
    lines = [line.split(",") for line in file.read_text(encoding="utf-8-sig").splitlines()]
    at = [cell.strip('"') for cell in lines[0]].index("closed_at")
    file.write_text("\n".join(",".join(["" if k == at and n else cell for k, cell in enumerate(line)])
                              for n, line in enumerate(lines)) + "\n", encoding="utf-8")
    assert told(exports, tmp_path / "out") == [UNFILLED]
