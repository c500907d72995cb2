"""Parquet and JSON Lines: typed values as text, damage as a stop or a breach."""

import json
from datetime import date, datetime
from decimal import Decimal

import pyarrow
import pytest
from pyarrow import parquet

from tests.ingest.reading import COLUMNS, read_cases

UTC = pyarrow.timestamp("us", "UTC")


def read_column(folder, column):
    """The raw text of a Parquet column, beside one without an empty cell: a row of nothing but nulls is none."""
    columns = dict.fromkeys(COLUMNS, column) | {"channel": ["电话"] * len(column)}
    parquet.write_table(pyarrow.table(columns), folder / "w.bin")
    return read_cases(folder, (folder / "w.bin").read_bytes(), "cases.parquet").ids()


@pytest.mark.parametrize(("column", "text"), [
    (pyarrow.array(["甲", "", None]), ["甲", None, None]),
    (pyarrow.array(["a", "b"]).dictionary_encode(), ["a", "b"]),
    (pyarrow.array([1, None]), ["1", None]),
    (pyarrow.array([1001.0, 0.5, 202607020001.0, None]), ["1001", "0.5", "202607020001", None]),
    (pyarrow.array([True, False]), ["true", "false"]),
    (pyarrow.array([Decimal("4.50")]), ["4.50"]),
    (pyarrow.array([date(2026, 7, 2)]), ["2026-07-02"]),
    (pyarrow.array([datetime(2026, 7, 2, 9, 5)], pyarrow.timestamp("ns")), ["2026-07-02 09:05:00"]),
    (pyarrow.array([datetime(2026, 7, 2, 9, 5, 0, 5)], pyarrow.timestamp("us")), ["2026-07-02 09:05:00.000005"]),
    (pyarrow.array([datetime(2026, 7, 2, 9, 5)], UTC), ["2026-07-02 17:05:00"]),
])
def test_a_parquet_value_reads_as_a_csv_of_the_table_would(tmp_path, column, text):
    assert read_column(tmp_path, column) == text


def test_a_damaged_parquet_file_is_a_stop(tmp_path):
    names = {name: [f"{name}{n}" for n in range(5000)] for name in COLUMNS}
    parquet.write_table(pyarrow.table(names), tmp_path / "w.bin")
    sound = (tmp_path / "w.bin").read_bytes()
    for content in (b"", b"PAR1", sound[:-500], sound[:100] + b"\xff" * 3000 + sound[3100:], b"a,b\n1,2\n"):
        got = read_cases(tmp_path, content, "cases.parquet")
        assert "cases.parquet: the Parquet file is damaged" in got.stops


def test_json_lines_keep_numbers_as_written(tmp_path):
    line = '{"case_id": 1001.10, "unit_id": 7, "dispatched_at": null, "sign_due_at": true, "reply_due_at": "甲"}'
    [got] = read_cases(tmp_path, line, "cases.jsonl").tables["cases"]
    assert [got[name] for name in COLUMNS] == ["1001.10", "7", None, "true", "甲"]


@pytest.mark.parametrize(
    "number", ["1e99999999", "-1E+99999999999999999999", "0e" + "1" * 38, "1e-99999999999999999999"]
)
@pytest.mark.parametrize(("file", "written"), [("cases.jsonl", "{}"), ("cases.json", "[{}]")])
def test_an_exponent_beyond_all_numbers_is_kept_as_written(tmp_path, number, file, written):
    """What the fuzzing of readers found: these ended the run with a traceback."""
    row = SOUND.replace('"x"', number, 1)
    assert read_cases(tmp_path, written.format(row), file).ids() == [number]


SOUND = json.dumps(dict.fromkeys(COLUMNS, "x"))


@pytest.mark.parametrize("line", [
    "{", "[1]", '"text"', '{"case_id": {"a": 1}}', '{"case_id": [1]}', '{"case_id": 1, "case_id": 2}',
    '{"case_id": NaN}', '{"case_id": "\\ud800"}', '{"case_id": "\\u0000"}', "[" * 100_000, SOUND + SOUND,
])
def test_a_line_that_is_no_plain_object_is_a_breach_of_its_own(tmp_path, line):
    got = read_cases(tmp_path, f"{SOUND}\n{line}\n\n{SOUND}\n", "cases.jsonl")
    assert (got.faults, len(got.ids())) == ([(2, "json")], 2)
    assert got.receipt().records == 3


def test_a_column_that_no_object_has_is_missing(tmp_path):
    assert "the required column unit_id" in read_cases(tmp_path, '{"case_id": "A"}', "cases.jsonl").stops
