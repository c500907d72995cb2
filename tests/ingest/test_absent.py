"""Columns that decide scores: missing they stop a run, declared absent they are not assessed."""

import re

import pytest

from pipelines.contracts.declared import load_contracts
from pipelines.model.contract import AWARD_NEEDS
from pipelines.model.words import UsageRefusal
from pipelines.stages.ingest import decisive_columns
from tests.ingest.reading import read
from tests.toy.town import ISLAND

BOOK = ISLAND.book
UNITS = "unit_id,unit_name,unit_group\nU1,甲,x\n"
CASES = ("case_id,unit_id,dispatched_at,sign_due_at,signed_at,reply_due_at,{replied},closed_at,public_rating\n"
         "{id},U1,2026-07-02 09:05,2026-07-02 17:00,2026-07-02 10:00,2026-07-09 17:00,2026-07-03 09:00,"
         "2026-07-03 09:00,\n")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "units.csv").write_text(UNITS, encoding="utf-8")
    (tmp_path / "cases_07.csv").write_text(CASES.format(id="C1", replied="回复时间"), encoding="utf-8")
    return tmp_path


def test_a_renamed_column_that_decides_scores_stops_the_run_with_the_nearest_header_and_the_remedy(folder):
    (folder / "cases_07.csv").write_text(CASES.format(id="C1", replied="回复日期时间"), encoding="utf-8")
    [stop] = read(folder, scored=True).intake.stops
    for part in ("cases_07.csv", "replied_at", "回复时间", "回复日期时间", "--absent cases.replied_at"):
        assert part in stop.zh
    assert "--absent cases.replied_at" in stop.en


def test_it_is_found_in_one_of_several_files_too(folder):
    (folder / "cases_08.csv").write_text(CASES.format(id="C2", replied="回复日期时间"), encoding="utf-8")
    [stop] = read(folder, scored=True).intake.stops
    assert "cases_08.csv" in stop.zh and "replied_at" in stop.zh


def test_what_is_declared_absent_stops_nothing_and_is_told(folder):
    (folder / "cases_07.csv").write_text(CASES.format(id="C1", replied="x"), encoding="utf-8")
    got = read(folder, scored=True, absent=["cases.replied_at", "incidents"]).intake
    assert got.stops == ()
    assert got.not_scored == {"cases.replied_at", "incidents"}


def test_a_column_that_is_there_though_declared_absent_is_not_used_and_said(folder):
    got = read(folder, scored=True, absent=["诉求件.回复时间"])
    assert "cases.replied_at is declared absent" in got.notices
    assert [row["replied_at"] for row in got.tables["cases"]] == [None]


def test_a_table_that_is_there_though_declared_absent_is_not_read_and_said(folder):
    (folder / "incidents.csv").write_text("incident_id,unit_id,incident_type,occurred_at,verified\n", encoding="utf-8")
    got = read(folder, scored=True, absent=["incidents"])
    assert "incidents.csv" in got.notices and "incidents" in got.intake.absent_tables


def test_a_column_of_a_table_that_is_not_there_takes_nothing_away(folder):
    assert read(folder, scored=True, absent=["evaluations.rated_at"]).intake.not_scored == frozenset()


@pytest.mark.parametrize(("name", "nearest"), [("cases.replied", "cases.replied_at"), ("incident", "incidents"),
                                               ("cases.签受时间", "cases.signed_at")])
def test_an_unknown_name_is_refused_with_the_nearest(folder, name, nearest):
    with pytest.raises(UsageRefusal, match=re.escape(nearest)):
        read(folder, scored=True, absent=[name])


@pytest.mark.parametrize("name", ["cases", "units", "cases.case_id", "units.unit_id"])
def test_what_nothing_can_be_scored_without_cannot_be_absent(folder, name):
    with pytest.raises(UsageRefusal):
        read(folder, scored=True, absent=[name])


def test_every_measure_says_what_it_needs_and_every_name_is_one_of_the_contracts():
    known = {*load_contracts().tables, *(f"{table.name}.{column}" for table in load_contracts().tables.values()
                                         for column in table.columns)}
    for measure in BOOK.measures.values():
        assert set(measure.needs) <= known and bool(measure.needs) == (measure.id != "case_rows")
    assert known >= AWARD_NEEDS


def test_the_decisive_columns_are_those_that_are_counted_or_compared():
    decisive = decisive_columns(BOOK.measures.values(), load_contracts())
    found = {f"{table}.{name}" for table, names in decisive.items() for name in names}
    assert found == {"cases.signed_at", "cases.replied_at", "cases.closed_at", "cases.public_rating",
                     "instructions.implemented_at", "evaluations.rated_at", "evaluations.rating"}


def test_a_mapping_of_the_old_form_is_refused_with_the_line_to_add(tmp_path):
    from pipelines.exports.mapping import load_source
    from tests.ingest.test_source_mapping import MAPPING

    file = tmp_path / "town.yaml"
    file.write_text(MAPPING.replace("format: 2\n", ""), encoding="utf-8")
    with pytest.raises(UsageRefusal, match="format: 2"):
        load_source(file, load_contracts())
    assert load_source(file, load_contracts(), verifying=True).format == 1
