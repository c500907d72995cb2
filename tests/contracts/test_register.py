"""The register of units: rows follow a successor from the day on, names stand for codes, earlier figures cross."""

from datetime import date

import pytest

from pipelines.model.period import Period
from pipelines.model.register import MERGED, RENAMED, SPLIT, Life, Register
from pipelines.model.score import Earlier
from pipelines.stages.validate import validate
from tests.contracts.world import CONTRACTS, Warehouse, good, good_tables, outcomes, read

Q3 = Period.parse("2026Q3")
JULY, START = date(2026, 7, 31), date(2026, 7, 1)


def unit(id, **change):
    return good("units", unit_id=id, unit_name=f"名{id}", **change)


def judged(units, period=Q3, **tables):
    """Validation and warehouse of these units beside the good tables, some of them replaced."""
    warehouse = Warehouse()
    found = validate(
        warehouse, read(warehouse, {**good_tables(), "units": [good("units"), *units], **tables}), CONTRACTS, period
    )
    return found, warehouse


def at(warehouse, table, *columns):
    return [tuple(row[name] for name in columns) for row in warehouse.arrow(f"accepted.{table}").to_pylist()]


def case(number, due, unit_id):
    moments = {"reply_due_at": due, "replied_at": None, "closed_at": None, "public_rating": None, "rated_at": None}
    moments |= {"received_at": "2026-01-02 08:00:00", "dispatched_at": "2026-01-02 09:00:00"}
    moments |= {"sign_due_at": "2026-01-02 13:00:00", "signed_at": "2026-01-02 10:00:00"}
    return good("cases", case_id=number, unit_id=unit_id, **moments)


def test_rows_go_to_the_successor_from_the_day_after_the_last_one():
    units = [unit("U2", valid_to="2026-07-31", succeeded_by="U3"), unit("U3")]
    cases = [good("cases"), case("A", "2026-07-31 23:59:59", "U2"), case("B", "2026-08-01 00:00:00", "U2")]
    granted = [good("extensions"), good("extensions", extension_id="X2", case_id="B", unit_id="U2"),
               good("extensions", extension_id="X3", case_id="A", unit_id="U2", requested_at="2026-08-03 09:00:00",
                    decided_at="2026-08-04 09:00:00")]
    found, warehouse = judged(units, cases=cases, extensions=granted)
    assert found.stops == () and found.breaches == ()
    assert at(warehouse, "cases", "case_id", "unit_id") == [("A", "U2"), ("B", "U3"), ("C1", "U1")]
    # what is on a case goes where the case went, whenever it was asked for
    assert at(warehouse, "extensions", "extension_id", "unit_id") == [("X1", "U1"), ("X2", "U3"), ("X3", "U2")]
    assert [(one.table, one.former, one.heir, one.n) for one in found.register.followed] == [
        ("cases", "U2", "U3", 1), ("extensions", "U2", "U3", 1),
    ]
    said = "1 行写的是名U2（U2），该单位 2026-07-31 停用，计入继任单位名U3（U3）"
    assert any(said in one.zh for one in found.notices)
    assert {id for (id,) in at(warehouse, "units", "unit_id")} == {"U1", "U2", "U3"}


def test_a_unit_that_ended_before_the_period_is_not_scored_and_its_old_rows_follow_through_the_chain():
    units = [unit("U2", valid_to="2026-03-31", succeeded_by="U3"),
             unit("U3", valid_from="2026-04-01", valid_to="2026-06-30", succeeded_by="U4"),
             unit("U4", valid_from="2026-07-01")]
    found, warehouse = judged(units, cases=[good("cases"), case("A", "2026-02-01 09:00:00", "U2")])
    assert found.stops == ()
    assert at(warehouse, "cases", "case_id", "unit_id") == [("A", "U4"), ("C1", "U1")]
    assert at(warehouse, "units", "unit_id") == [("U1",), ("U4",)]


@pytest.mark.parametrize(("last", "ranked"), [("2026-06-30", False), ("2026-07-01", True)])
def test_without_a_successor_it_is_ranked_only_where_it_was_in_force_on_a_day_of_the_period(last, ranked):
    cases = [good("cases"), case("A", "2026-07-09 09:00:00", "U2")]
    found, warehouse = judged([unit("U2", valid_to=last)], cases=cases)
    assert dict(at(warehouse, "units", "unit_id", "ranked")) == {"U1": True, "U2": ranked}
    assert any("单独列出，不排名" in one.zh for one in found.notices) is not ranked


def test_a_row_that_the_successor_has_too_is_left_out_and_accounted_for():
    units = [unit("U2", valid_to="2026-06-30", succeeded_by="U3"), unit("U3")]
    cases = [good("cases"), case("A", "2026-07-09 09:00:00", "U2"), case("A", "2026-07-10 09:00:00", "U3")]
    found, warehouse = judged(units, cases=cases)
    assert found.breaches == () and found.rows["cases"].left_out == 1
    assert at(warehouse, "cases", "case_id", "unit_id") == [("A", "U3"), ("C1", "U1")]
    assert any("已有同样的行，略去" in one.zh for one in found.notices)


def test_names_and_abbreviations_stand_for_codes_where_one_unit_bears_them():
    units = [unit("U2", short_name="水务、水司", former_names="自来水公司"), unit("U3", short_name="水司")]
    names = ["名U2", "水务", "自来水公司", "水司", "没有的"]
    cases = [good("cases"), *(case(f"A{k}", "2026-07-09 09:00:00", name) for k, name in enumerate(names))]
    found, warehouse = judged(units, cases=cases)
    named = [("A0", "U2"), ("A1", "U2"), ("A2", "U2"), ("C1", "U1")]
    assert at(warehouse, "cases", "case_id", "unit_id") == named
    assert set(outcomes(found, "cases")) == {6, 7}
    assert any(one.zh.startswith("《诉求件》有 3 行写的是单位名称或简称") for one in found.notices)


def register(*lives):
    return Register({life.unit_id: life for life in lives})


NEW = Life("U9", "新", START)
OLD = Life("U1", "旧", None, date(2026, 6, 30), ("U9",))


def test_how_a_unit_took_over():
    other = Life("U2", "另", None, date(2026, 6, 30), ("U9",))
    shared = Life("U1", "旧", None, date(2026, 6, 30), ("U9", "U8"), "U9")
    assert [how for _, how in register(OLD, NEW).before("U9")] == [RENAMED]
    assert [how for _, how in register(OLD, Life("U9", "新")).before("U9")] == [MERGED]
    assert [how for _, how in register(OLD, other, NEW).before("U9")] == [MERGED, MERGED]
    assert [how for _, how in register(shared, NEW, Life("U8", "又", START)).before("U8")] == [SPLIT]


def carried(units, codes, period="2026Q2", now="2026Q3"):
    before = Earlier(Period.parse(period), {code: {"of": code} for code in codes}, {code: ({},) for code in codes})
    found = units.carried(before, Period.parse(now))
    assert found.items.keys() == found.ranking.keys() and len(found.ranking) == len(codes)
    return {code: line["of"] for code, line in found.ranking.items() if "@" not in code}


def test_earlier_figures_cross_a_new_code_and_no_merger_or_split():
    assert carried(register(OLD, NEW), ["U1", "U2"]) == {"U9": "U1", "U2": "U2"}
    into = register(OLD, Life("U9", "新"))
    assert carried(into, ["U1", "U9"]) == {}
    # the quarter after the merger compares with the one that began with it
    assert carried(into, ["U9"], "2026Q3", "2026Q4") == {"U9": "U9"}
    assert carried(into, ["U1", "U9"], "2026Q2", "2026Q4") == {}
    split = register(Life("U1", "旧", None, date(2026, 6, 30), ("U9", "U8"), "U9"), NEW, Life("U8", "又", START))
    assert carried(split, ["U1"]) == {}
    # not yet in the quarter before the merger; in the quarter of it the unit that ends is still itself
    assert carried(into, ["U1", "U9"], "2025Q4", "2026Q1") == {"U1": "U1", "U9": "U9"}
    assert carried(register(Life("U1", "旧", None, JULY, ("U9",)), Life("U9", "新")), ["U1", "U9"]) == {"U1": "U1"}
