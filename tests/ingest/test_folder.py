"""Which file is which table: names, splits, formats, and files that are none."""

import gzip
import re
from hashlib import sha256

import pytest

from pipelines.model.words import UsageRefusal
from tests.ingest.reading import HEADER, UNITS, read, read_cases, row

MATTERS = "matter_id,matter_name,unit_id,process,valid_from\nM1,路灯,U1,一般,2026-01-01\n"
CHANGES = "change_id,matter_id,unit_id,change,requested_on\nG1,M1,U1,remove,2026-07-01\n"


NAMES = ["cases.csv", "CASES.CSV", "Cases.Csv", "cases_07.csv", "诉求件.csv", "诉求件_7月.csv"]


@pytest.mark.parametrize("name", NAMES)
def test_a_table_is_found_by_its_name(tmp_path, name):
    got = read_cases(tmp_path, f"{HEADER}\n{row('A')}\n", name)
    assert (got.ids(), got.receipt().file) == (["A"], name)


def test_a_split_table_is_read_whole_and_files_in_order_of_name(tmp_path):
    for name in ("cases_b.csv", "cases_a.csv"):
        (tmp_path / name).write_text(f"{HEADER},{name}\n{row(name)},x\n")
    got = read(tmp_path)
    assert got.ids() == ["cases_a.csv", "cases_b.csv"]
    assert [r["cases_b.csv"] for r in got.tables["cases"]] == [None, "x"]


def test_matters_and_matter_changes_are_told_apart(tmp_path):
    (tmp_path / "matters_1.csv").write_text(MATTERS, encoding="utf-8")
    (tmp_path / "matter_changes.csv").write_text(CHANGES, encoding="utf-8")
    got = read(tmp_path)
    assert (got.ids("matters", "matter_id"), got.ids("matter_changes", "change_id")) == (["M1"], ["G1"])


def test_a_file_that_is_no_table_gets_a_notice_with_the_nearest_name(tmp_path):
    (tmp_path / "case.csv").write_text("x")
    (tmp_path / "holiday photo.jpg").write_text("x")
    got = read_cases(tmp_path, HEADER)
    assert "case.csv: belongs to no table and was not read; the nearest table is cases" in got.notices
    assert "holiday photo.jpg" in got.notices


def test_hidden_and_lock_files_are_passed_over_in_silence(tmp_path):
    for name in (".cases.csv", "~$cases.xlsx", ".DS_Store"):
        (tmp_path / name).write_text("x")
    (tmp_path / "cases_old").mkdir()
    got = read_cases(tmp_path, f"{HEADER}\n{row('A')}\n")
    assert (got.ids(), got.notices) == (["A"], "")


def test_a_name_with_glob_signs_is_a_name(tmp_path):
    (tmp_path / "cases_1.csv").write_text(f"{HEADER}\n{row('A')}\n")
    got = read_cases(tmp_path, f"{HEADER}\n{row('B')}\n", "cases_[1]*.csv")
    assert sorted(got.ids()) == ["A", "B"]


@pytest.mark.parametrize("suffix", ["xls", "et", "numbers", "ods"])
def test_a_table_in_a_format_that_is_not_read_is_a_stop(tmp_path, suffix):
    got = read_cases(tmp_path, HEADER, f"cases.{suffix}")
    assert f"cases.{suffix}" in got.stops and ".xlsx or .csv" in got.stops


def test_the_same_table_in_two_formats_is_read_and_reported(tmp_path):
    (tmp_path / "cases.jsonl").write_text('{"case_id": "A", "unit_id": "U1", "dispatched_at": "", "sign_due_at": "", '
                                          '"reply_due_at": ""}\n')
    got = read_cases(tmp_path, f"{HEADER}\n{row('A')}\n")
    assert got.ids() == ["A", "A"]
    assert "cases.csv、cases.jsonl" in got.notices


def test_the_nearest_file_is_named_where_a_required_table_is_missing(tmp_path):
    for name in ("units.csv", "case.csv", "photo.jpg"):
        (tmp_path / name).write_text(UNITS if name == "units.csv" else "x", encoding="utf-8")
    assert read(tmp_path).stops.endswith("; the nearest file there is case.csv: rename it if it is this table")


def test_a_missing_required_table_is_a_stop_and_an_optional_one_is_absent(tmp_path):
    (tmp_path / "units.csv").write_text(UNITS, encoding="utf-8")
    got = read(tmp_path)
    assert got.stops == "the required table cases is missing: put cases.csv into the folder"
    assert "awards" in got.intake.absent_tables and "units" not in got.intake.absent_tables
    assert got.tables["awards"] == []


def test_an_empty_folder_is_one_stop(tmp_path):
    assert len(read(tmp_path).intake.stops) == 1


def test_a_folder_that_is_none_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for path, said in ((tmp_path / "nowhere", "there is no exports folder"), (tmp_path / "file", "is a file")):
        with pytest.raises(UsageRefusal) as refusal:
            read(path)
        assert said in refusal.value.words.en


def test_sample_data_are_known_by_their_marker(tmp_path):
    assert not read_cases(tmp_path, HEADER).intake.simulated
    (tmp_path / "SIMULATED").write_text("")
    got = read_cases(tmp_path, HEADER)
    assert got.intake.simulated and "SIMULATED" not in got.notices


def test_gzip_reads_like_the_plain_file(tmp_path):
    got = read_cases(tmp_path, gzip.compress(f"{HEADER}\n{row('甲')}\n".encode("gb18030")), "cases.csv.gz")
    assert (got.ids(), got.receipt().format, got.receipt().encoding) == (["甲"], "csv.gz", "gb18030")


# Without a time in it: the bytes name a test, which must have one name in all workers.
PACKED = gzip.compress("\n".join([HEADER, *map(row, map(str, range(999)))]).encode(), mtime=0)


@pytest.mark.parametrize(("content", "said"), [
    (PACKED[: len(PACKED) // 2], "cut short"),
    (PACKED[:200] + b"\0" * 50 + PACKED[250:], "damaged"),
    (PACKED[:-6], "cut short"),
    (PACKED + b"more", "damaged"),
    (HEADER.encode(), "is no gzip file"),
    (gzip.compress(b"a,b\n" * (30 << 20), mtime=0), "expands to"),
])
def test_damaged_gzip_is_a_stop_and_nothing_of_it_is_read(tmp_path, content, said):
    got = read_cases(tmp_path, content, "cases.csv.gz")
    assert said in got.stops and "cases.csv.gz" in got.stops
    [facts] = [stop.zh for stop in got.intake.stops if "cases.csv.gz" in stop.zh]
    assert not re.findall(r"[A-Za-z]{2,}", re.sub(r"cases\.csv\.gz|gzip|\.gz|MB", "", facts))
    assert got.ids() == []


def test_the_sha256_of_a_receipt_is_the_files(tmp_path):
    got = read_cases(tmp_path, HEADER)
    assert got.receipt().sha256 == sha256(HEADER.encode()).hexdigest()
