"""What was received is somewhere, unit by unit, whatever the dirt."""

import tempfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from pipelines.edges.calendar import Calendar
from pipelines.edges.warehouse import Warehouse
from pipelines.engines.marks import place
from pipelines.model.period import Period
from pipelines.model.register import NO_REGISTER
from pipelines.model.score import CountedList
from pipelines.rulebook.load import choose_readings
from pipelines.stages.measure import measure, tallies_in_force
from pipelines.stages.validate import validate
from pipelines.views.tables import account_rows
from tests.contracts.world import CONTRACTS, good, good_tables, read
from tests.toy.town import ISLAND

PARTS = ("scored", "other_period", "excluded", "quarantined", "left_out", "counted_before")
PERIOD = Period.parse("2026Q3")
BOOK = ISLAND.book
CALENDAR = Calendar.load()
OPEN = dict.fromkeys(("closed_at", "rated_at", "public_rating"))


def accounted(tables, before=(), broken=None, left_out=0, cutoff=PERIOD.end, **readings):
    """(account by unit, case rows that count by unit, the account of the table)."""
    tables = {**tables, "figures": []}  # the good row of figures names a measure of another book
    warehouse = Warehouse()
    chosen = choose_readings(BOOK, readings)
    intake = read(warehouse, tables, broken)
    receipts = tuple(replace(r, records=r.records + left_out, left_out=left_out) if r.table == "cases" else r
                     for r in intake.receipts)
    intake = replace(intake, receipts=receipts)
    rows = validate(warehouse, intake, CONTRACTS, PERIOD).rows
    measure(warehouse, PERIOD, cutoff, BOOK, CALENDAR, before)
    by = place(BOOK.measures["case_rows"], chosen)
    again = chosen["counted_before"] == "left_out"
    lines = tuple(warehouse.records_template("publish/accounts", place=by, again=again))
    found = {"counted_rows": (), "quarantined": (), "validation": SimpleNamespace(register=NO_REGISTER)}
    scored = SimpleNamespace(period=PERIOD, intake=intake, accounts=lines, **found)
    account = {row["unit_id"]: row for row in account_rows(scored)}
    tallies = tallies_in_force(warehouse, PERIOD, BOOK, chosen)
    warehouse.close()
    return account, {unit: tally.case_rows for unit, tally in tallies.items()}, rows


def counted(cases: set[str], folder: Path) -> list[CountedList]:
    """The list of the second quarter, which counted these cases of U1."""
    file, ids = folder / "counted.parquet", sorted(cases)
    columns = {"case_id": ids, "unit_id": ["U1"] * len(ids)}
    rows = {name: pyarrow.array(texts, pyarrow.string()) for name, texts in columns.items()}
    parquet.write_table(pyarrow.table(rows), file)
    return [CountedList(Period.parse("2026Q2"), file, "0" * 64)]


def case(id: str, **change) -> dict:
    return good("cases", case_id=id, **change)


def due(moment: str) -> dict:
    """An open case with that deadline."""
    return {**OPEN, "dispatched_at": "2026-06-01 09:00:00", "sign_due_at": "2026-06-01 13:00:00", "signed_at": None,
            "replied_at": None, "reply_due_at": moment}


@pytest.mark.parametrize(
    ("row", "part"),
    [
        ({}, "scored"),
        (due("2026-06-30 23:59:59"), "other_period"),
        (due("2026-07-01 00:00:00"), "scored"),
        (due("2026-09-30 23:59:59"), "scored"),
        (due("2026-10-01 00:00:00"), "other_period"),
        ({"dispatched_at": None}, "quarantined"),
    ],
)
def test_a_case_row_is_in_one_part(row, part):
    tables = good_tables()
    tables["cases"].append(case("C9", **row))
    account, _, _ = accounted(tables)
    assert account["U1"]["received"] == 2
    assert {name: account["U1"][name] for name in PARTS if account["U1"][name]} == (
        {"scored": 2} if part == "scored" else {"scored": 1, part: 1}
    )


@pytest.mark.parametrize(
    ("closed", "pending"),
    [(None, 1), ("2026-10-01 00:00:00", 1), ("2026-09-30 23:59:59", 0), ("2026-07-06 09:00:00", 0)],
)
def test_what_is_open_at_the_cutoff_is_a_part_of_what_is_scored(closed, pending):
    tables = good_tables()
    tables["cases"] = [case("C1", closed_at=closed, rated_at=None, public_rating=None)]
    line = accounted(tables)[0]["U1"]
    assert (line["scored"], line["pending"], line["received"]) == (1, pending, 1)


def test_an_exclusion_and_a_row_that_was_counted_before_have_columns_of_their_own(tmp_path):
    tables = good_tables()
    tables["cases"] += [case("C2"), case("C3")]
    tables["adjustments"] = [good("adjustments", action="剔除诉求件", case_id="C2")]
    before = counted({"C3"}, tmp_path)
    line = accounted(tables, before, counted_before="left_out")[0]["U1"]
    assert {name: line[name] for name in ("scored", "excluded", "counted_before")} == {
        "scored": 1, "excluded": 1, "counted_before": 1,
    }
    assert accounted(tables, before, counted_before="again")[0]["U1"]["scored"] == 2


def test_rows_of_no_known_unit_are_the_line_without_one():
    tables = good_tables()
    tables["cases"] += [case("C2", unit_id="U404"), case("C3", unit_id=None)]
    account, _, rows = accounted(tables, broken={"cases": 3}, left_out=2)
    unknown = account[""]
    assert (unknown["received"], unknown["quarantined"], unknown["left_out"], unknown["scored"]) == (7, 5, 2, 0)
    assert sum(line["received"] for line in account.values()) == rows["cases"].read == 8


DAYS = st.sampled_from(["2026-06-30 23:59:59", "2026-07-01 00:00:00", "2026-08-15 09:00", "2026-09-30 23:59:59",
                        "2026-10-01 00:00:00", "2026-12-24 09:00", "", "去年", None])
ROW = st.fixed_dictionaries({
    "case_id": st.sampled_from(["C1", "C2", "C3", "C4", " C4", None]),
    "unit_id": st.sampled_from(["U1", "U1", "U2", "U2 ", "U404", "", None]),
    "role": st.sampled_from(["主办", "协办", "其他", None]),
    "reply_due_at": DAYS,
    "closed_at": DAYS,
})
EXTENSION = st.fixed_dictionaries({"case_id": st.sampled_from(["C1", "C2", "C3"]), "extended_until": DAYS})
READINGS = st.fixed_dictionaries({
    "belongs_to": st.sampled_from(["due", "sent"]),
    "extension": st.sampled_from(["approved", "requested_in_time"]),
    "counted_before": st.sampled_from(["again", "left_out"]),
    "assisting": st.sampled_from(["everybody", "lead"]),
})


@settings(max_examples=15)
@given(
    st.lists(ROW, max_size=12), st.lists(EXTENSION, max_size=3), st.sets(st.sampled_from(["C1", "C2", "C3", "C4"])),
    st.sets(st.sampled_from(["C1", "C2"])), READINGS, st.integers(0, 2), st.integers(0, 2),
)
def test_whatever_the_dirt_every_row_is_in_one_part(rows, longer, before, excluded, readings, broken, left_out):
    early = {"dispatched_at": "2026-06-20 09:00:00", "sign_due_at": "2026-06-20 13:00:00", **OPEN}
    tables = good_tables()
    tables["units"].append(good("units", unit_id="U2", unit_name="乙局"))
    tables["cases"] = [good("cases", **{**early, "signed_at": None, "replied_at": None, **row}) for row in rows]
    tables["extensions"] = [good("extensions", extension_id=f"X{n}", **one) for n, one in enumerate(longer)]
    tables["adjustments"] = [good("adjustments", adjustment_id=f"D{id}", action="剔除诉求件", case_id=id)
                             for id in sorted(excluded)]
    for absent in ("evaluations", "incidents", "instructions"):
        tables.pop(absent)
    with tempfile.TemporaryDirectory() as folder:
        lists = counted(before, Path(folder))
        account, case_rows, count = accounted(tables, lists, {"cases": broken}, left_out, **readings)
    for line in account.values():
        assert line["received"] == sum(line[part] for part in PARTS)
        assert 0 <= line["pending"] <= line["scored"]
    assert {unit: line["scored"] for unit, line in account.items() if unit} == case_rows
    for unit in ("U1", "U2"):
        assert account[unit]["received"] == sum((row["unit_id"] or "").strip() == unit for row in rows)
    table = count["cases"]
    assert sum(line["received"] for line in account.values()) == table.read == len(rows) + broken + left_out
    assert sum(line["quarantined"] for line in account.values()) == table.quarantined
    assert table.read == table.accepted + table.quarantined + table.left_out + table.blank + table.replaced


def test_what_came_in_is_counted_by_channel_kind_and_matter_where_the_unit_leads_and_the_period_counts_it():
    tables = {**good_tables(), "figures": []}
    matters = {"M1": "报修", "M2": "咨询"}
    tables["matters"] = [good("matters", matter_id=id, matter_name=name) for id, name in matters.items()]
    told = {"C1": ("电话", "M1"), "C2": ("电话", "M1"), "C3": ("网站", None), "C4": (None, "M2"), "C5": ("网站", "M1")}
    tables["cases"] = [case(id, channel=channel, matter_id=matter) for id, (channel, matter) in told.items()]
    tables["cases"][0] |= {"kind": "咨询"}
    tables["cases"][-1] |= {"unit_id": "U1", "role": "assist"}
    tables["cases"] += [case("C6", channel="电话", matter_id="M2", **due("2026-10-01 00:00:00"))]
    warehouse = Warehouse()
    intake = read(warehouse, tables)
    validate(warehouse, intake, CONTRACTS, PERIOD)
    measure(warehouse, PERIOD, PERIOD.end, BOOK, CALENDAR, ())
    by = place(BOOK.measures["case_rows"], choose_readings(BOOK, {}))
    found = warehouse.records_template("publish/received", place=by)
    warehouse.close()
    assert [tuple(one.values()) for one in found] == [
        ("channel", "电话", 2), ("channel", "网站", 1), ("kind", "投诉", 3), ("kind", "咨询", 1),
        ("matter", "报修", 2), ("matter", "咨询", 1),
    ]
