"""Exports that once slipped through: files that were left out unseen, and extra columns that cost rows."""

import pyarrow
import pytest
from pyarrow import parquet

from tests.ingest.reading import COLUMNS, HEADER, UNITS, read, read_cases, row

CASE = ('{"case_id": "A", "unit_id": "U1", "dispatched_at": "2026-07-02 09:05", "sign_due_at": "2026-07-02 17:00", '
        '"reply_due_at": "2026-07-09 17:00", ')


@pytest.mark.parametrize("content", ["", "\n\n", " \n"])
def test_a_file_without_a_header_lacks_its_required_columns_and_stops(tmp_path, content):
    assert "without a header" in read_cases(tmp_path, content).stops


def test_an_empty_file_of_json_lines_is_an_empty_table(tmp_path):
    got = read_cases(tmp_path, "", "cases.jsonl")
    assert (got.stops, got.receipt().records) == ("", 0)


def test_a_nested_value_in_an_unknown_column_is_kept_as_it_is_written(tmp_path):
    got = read_cases(tmp_path, CASE + '"tags": ["道路", {"a": 1}]}\n', "cases.jsonl")
    assert (got.faults, got.ids(), got.ids(column="tags")) == ([], ["A"], ['["道路", {"a": "1"}]'])


def test_a_nested_value_in_a_known_column_is_a_fault(tmp_path):
    got = read_cases(tmp_path, CASE + '"title": {"a": 1}}\n', "cases.jsonl")
    assert (got.faults, got.ids()) == ([(1, "json")], [])


def test_bytes_that_are_no_text_in_an_unknown_parquet_column_cost_no_row(tmp_path):
    (tmp_path / "units.csv").write_text(UNITS, encoding="utf-8")
    columns = {name: [cell] for name, cell in zip(COLUMNS, row("A").split(","), strict=True)}
    extra = {"shape": [b"\xff\x00\xfe"], "other": pyarrow.array([b"\xff"], pyarrow.binary_view())}
    parquet.write_table(pyarrow.table({**columns, **extra}), tmp_path / "cases.parquet")
    got = read(tmp_path)
    assert (got.stops, got.ids()) == ("", ["A"])


@pytest.mark.parametrize("name", ["incidents.parquet", "incidents.csv", "推诿与投诉_7月.xlsx"])
def test_a_folder_in_a_tables_place_stops_instead_of_being_left_out(tmp_path, name):
    (tmp_path / name).mkdir()
    got = read_cases(tmp_path, HEADER + "\n" + row("A"))
    assert f"{name}: is a folder or a broken link" in got.stops


def test_a_broken_link_in_a_tables_place_stops(tmp_path):
    (tmp_path / "awards.csv").symlink_to(tmp_path / "nowhere")
    assert "awards.csv: is a folder" in read_cases(tmp_path, HEADER + "\n" + row("A")).stops


def test_other_folders_and_links_to_files_are_no_matter(tmp_path):
    (tmp_path / "archive").mkdir()
    (tmp_path / "incidents").mkdir()
    got = read_cases(tmp_path, HEADER + "\n" + row("A"))
    (tmp_path / "cases.csv").rename(tmp_path / "elsewhere.txt")
    (tmp_path / "cases.csv").symlink_to(tmp_path / "elsewhere.txt")
    assert (got.stops, read(tmp_path).ids()) == ("", ["A"])
