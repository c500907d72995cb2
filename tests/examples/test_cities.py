"""The two city examples on the cities' own files; skipped where those files are not at hand."""

import csv
import os
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from pipelines.contracts.declared import load_contracts
from pipelines.edges.calendar import Calendar
from pipelines.edges.warehouse import Warehouse
from pipelines.model.period import Period
from pipelines.paths import ROOT, RULES
from pipelines.rulebook.load import choose_readings, load_rulebook
from pipelines.stages.ingest import ingest
from pipelines.stages.measure import measure, tallies_in_force
from pipelines.stages.validate import validate
from tests.ingest.reading import read

DATA = Path(os.environ.get("GONGPING_REAL_DATA", ROOT.parent / "shared" / "data"))
EXAMPLES = ROOT / "examples"
PINGSHAN = DATA / "pingshan_12345_2018_gbk.csv"
BALTIMORE = DATA / "baltimore311_official_sample.csv"

pytestmark = [
    pytest.mark.long,
    pytest.mark.real_data,
    pytest.mark.skipif(
        not (PINGSHAN.exists() and BALTIMORE.exists()), reason="the cities' files are not here: set GONGPING_REAL_DATA"
    ),
]


@pytest.fixture(scope="module")
def pingshan():
    """The CSV of Pingshan, read."""
    return read(DATA, EXAMPLES / "pingshan" / "mapping.yaml")


def quarter(mapping, period, **readings):
    """The tallies of a quarter and the account of rows."""
    period, contracts = Period.parse(period), load_contracts()
    warehouse = Warehouse()
    try:
        intake = ingest(warehouse, DATA, contracts, EXAMPLES / mapping)
        validation = validate(warehouse, intake, contracts)
        assert not intake.stops and not validation.stops
        rulebook = load_rulebook(RULES / "standard", period.start.date())
        measure(warehouse, period, period.end, rulebook, Calendar.load())
        tallies = tallies_in_force(warehouse, period, rulebook, choose_readings(rulebook, readings))
    finally:
        warehouse.close()
    return {id: tally for id, tally in tallies.items() if tally.case_rows}, validation


def test_the_workbook_with_two_header_rows_reads_like_the_csv(pingshan):
    workbook = read(DATA, EXAMPLES / "pingshan" / "mapping-workbook.yaml")
    assert not workbook.stops
    for table in ("cases", "units"):
        columns = load_contracts().tables[table].columns
        rows = [[[row[name] for name in columns] for row in one.tables[table]] for one in (pingshan, workbook)]
        assert rows[0] == rows[1]
        assert len(rows[0]) == {"cases": 9995, "units": 120}[table]


def test_pingshan_split_by_month_is_pingshan_whole(pingshan, tmp_path):
    with PINGSHAN.open(encoding="gb18030", newline="") as file:
        header, *rows = csv.reader(file)
    month = header.index("CREATE_TIME")
    (tmp_path / "exports").mkdir()
    for name in sorted({row[month][:7] for row in rows}):
        part = [row for row in rows if row[month][:7] == name]
        with (tmp_path / "exports" / f"pingshan_{name}.csv").open("w", encoding="gb18030", newline="") as file:
            csv.writer(file).writerows([header, *part])
    files = 'files: ["pingshan_*.csv"]'
    (tmp_path / "months.yaml").write_text(
        f"extends: {EXAMPLES / 'pingshan' / 'mapping.yaml'}\ntables: {{cases: {{{files}}}, units: {{{files}}}}}\n",
        encoding="utf-8",
    )
    split = read(tmp_path / "exports", tmp_path / "months.yaml")
    assert not split.stops and len({row["_file"] for row in split.tables["cases"]}) >= 3
    for table in ("cases", "units"):
        columns = load_contracts().tables[table].columns
        known = [{tuple(row[name] for name in columns) for row in one.tables[table]} for one in (pingshan, split)]
        assert known[0] == known[1] and len(split.tables[table]) == len(pingshan.tables[table])


def test_the_published_flags_of_pingshan_are_what_is_read(pingshan):
    late = sum(row["replied_at"] > row["reply_due_at"] for row in pingshan.tables["cases"])
    assert (late, len(pingshan.tables["cases"]) - late) == (924, 9071)
    assert Counter(b.promise for b in pingshan.intake.breaches) == {"flag": 5}
    assert "35 unit_id have several names" in pingshan.notices


@pytest.mark.parametrize("attribution", ["reply_due", "dispatched"])
@pytest.mark.parametrize("period", ["2018Q3", "2018Q4"])
def test_late_replies_of_pingshan_are_the_published_flag_unit_by_unit(period, attribution):
    wanted = Counter(), Counter()
    with PINGSHAN.open(encoding="gb18030") as file:
        for row in csv.DictReader(file):
            if f"2018Q{(int(row['CREATE_TIME'][5:7]) + 2) // 3}" == period and "-" not in (
                row["DISPOSE_UNIT_ID"], row["INTIME_ARCHIVE_NUM"]
            ):
                wanted[0][row["DISPOSE_UNIT_ID"]] += 1
                wanted[1][row["DISPOSE_UNIT_ID"]] += row["OVERTIME_ARCHIVE_NUM"] == "1"
    tallies, validation = quarter("pingshan/mapping.yaml", period, attribution=attribution)
    assert {id: tally.case_rows for id, tally in tallies.items()} == wanted[0]
    assert {id: tally.count("late_reply") for id, tally in tallies.items()} == wanted[1]
    assert sum(tally.count("late_signing") for tally in tallies.values()) == 0
    assert validation.rows["cases"].counts() == {"read": 10000, "accepted": 9973, "quarantined": 27}


def test_late_replies_of_baltimore_are_its_own_dates_unit_by_unit():
    period, form = Period.parse("2018Q2"), "%m/%d/%Y %I:%M:%S %p"
    rows, late = Counter(), Counter()
    with BALTIMORE.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            due = row["DueDate"] and datetime.strptime(row["DueDate"], form)
            if due and period.start <= due < period.end:
                closed = row["CloseDate"] and datetime.strptime(row["CloseDate"], form)
                rows[row["Agency"]] += 1
                late[row["Agency"]] += not closed or closed > due
    tallies, validation = quarter("baltimore/mapping.yaml", "2018Q2")
    assert {id: tally.case_rows for id, tally in tallies.items()} == rows
    assert {id: tally.count("late_reply") for id, tally in tallies.items()} == late
    assert validation.rows["cases"].counts() == {"read": 10000, "accepted": 9714, "quarantined": 286}
    assert validation.rows["units"].accepted == 16
