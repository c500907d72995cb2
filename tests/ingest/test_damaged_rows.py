"""A damaged row costs itself and no other, and says what is wrong with it."""

import pytest

from pipelines.contracts.declared import load_contracts
from pipelines.edges.warehouse import Warehouse
from pipelines.stages.ingest import ingest
from pipelines.stages.validate import validate
from tests.ingest.reading import HEADER, UNITS, read_cases, row

A, B, C, D = (row(name) for name in "ABCD")
QUOTED = 'B,"one\ntwo",2026-07-02 09:05,2026-07-02 17:00,2026-07-09 17:00'

# name -> (lines after the header, ids kept, (line, promise) of rows that could not be read)
DAMAGES = {
    "a row with a field too few": ([A, "B,U1,2026-07-02", C], "AC", [(3, "field_count")]),
    "a row with a field too many": ([A, B + ",x", C], "AC", [(3, "field_count")]),
    "a stray quote inside a value": ([A, row("B", 'U"1'), C], "AC", [(3, "stray_quote")]),
    "a stray quote at the start of a value": ([A, row("B", '"U1'), C], "AC", [(3, "stray_quote")]),
    "a stray quote at the end of a value": ([A, row("B", 'U1"'), C], "AC", [(3, "stray_quote")]),
    "a stray quote at the end of the file": ([A, B, row("C", '"U1')], "AB", [(4, "stray_quote")]),
    "text behind a closing quote": ([A, row("B", '"U1"x'), C], "AC", [(3, "stray_quote")]),
    "a blank before an opening quote": ([A, row("B", ' "U1"'), C], "AC", [(3, "stray_quote")]),
    "two stray quotes with sound rows between": (
        [row("A", '"U1'), B, C, row("D", 'U1"')], "BC", [(2, "stray_quote"), (5, "stray_quote")],
    ),
    "stray quotes in last fields": (
        [A.replace(",2026-07-09", ',"2026-07-09'), B, C + '"', D], "BD", [(2, "stray_quote"), (4, "stray_quote")],
    ),
    "a quoted value over two lines is no damage": ([A, QUOTED, C], "ABC", []),
    "a quoted comma and a doubled quote are no damage": ([A, row("B", '"U,""1"""'), C], "ABC", []),
    "a quoted value over two lines with fields missing": (
        [A, 'B,"one', 'two",x', C], "AC", [(3, "stray_quote"), (4, "stray_quote")],
    ),
    "a NUL byte": ([A, row("B", "U\x001"), C], "AC", [(3, "nul_byte")]),
    "a bare carriage return": ([A, row("B", "U\r1"), C], "AC", [(3, "bare_cr")]),
    "a bare carriage return beside a quote": ([A, row("B", '\r"U1"'), C], "AC", [(3, "bare_cr")]),
    "blank lines are no rows": ([A, "", "   ", B], "AB", []),
    "a row of commas with a mark in it is a row": ([A, ",,,,-", B], ["A", None, "B"], []),
}


@pytest.mark.parametrize(("lines", "kept", "faults"), DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_a_damaged_row_costs_itself_alone(tmp_path, lines, kept, faults, end):
    got = read_cases(tmp_path, end.join([HEADER, *lines]) + end)
    assert got.ids() == list(kept)
    assert got.faults == faults
    assert got.receipt().records == len(kept) + len(faults)
    assert got.intake.broken == ({"cases": len(faults)} if faults else {})
    assert not got.stops


@pytest.mark.parametrize("line", [",,,,", '"",,"",,', " ,,,　,", '" ",,,,'])
def test_a_row_without_any_value_is_counted_and_is_no_fault(tmp_path, line):
    got = read_cases(tmp_path, "\n".join([HEADER, A, line, B, line, ""]))
    assert (got.ids(), got.faults, got.stops) == (["A", "B"], [], "")
    assert (got.receipt().records, got.receipt().blank, got.intake.broken) == (4, 2, {})


def test_a_file_of_nothing_but_rows_without_value_holds_no_rows(tmp_path):
    got = read_cases(tmp_path, f"{HEADER}\n,,,,\n")
    assert got.ids() == [] and (got.receipt().records, got.receipt().blank) == (1, 1)
    assert "cases.csv: holds no rows" in got.notices


def test_rows_without_value_below_the_units_stop_nothing_and_stand_in_the_account(tmp_path):
    (tmp_path / "units.csv").write_text(f"{UNITS},,\n,,\n", encoding="utf-8")
    (tmp_path / "cases.csv").write_text(f"{HEADER}\n{A}\n", encoding="utf-8")
    warehouse, contracts = Warehouse(), load_contracts()
    validation = validate(warehouse, ingest(warehouse, tmp_path, contracts), contracts)
    assert validation.stops == validation.breaches == ()
    assert validation.rows["units"].counts() == {"read": 3, "accepted": 1, "quarantined": 0, "blank": 2}


def test_a_truncated_file_loses_its_last_row_only(tmp_path):
    got = read_cases(tmp_path, "\n".join([HEADER, A, B[:12]]))
    assert (got.ids(), got.faults) == (["A"], [(3, "field_count")])


def test_a_last_row_without_line_end_is_a_row(tmp_path):
    assert read_cases(tmp_path, "\n".join([HEADER, A, B])).ids() == ["A", "B"]


@pytest.mark.parametrize("end", ["\r", "\r\n", "\r\r\n", "\n"])
def test_every_kind_of_line_end_reads_alike(tmp_path, end):
    got = read_cases(tmp_path, end.join([HEADER, A, row("B", '"U,1"'), C]) + end)
    assert [(r["case_id"], r["unit_id"], r["reply_due_at"]) for r in got.tables["cases"]] == [
        ("A", "U1", "2026-07-09 17:00"), ("B", "U,1", "2026-07-09 17:00"), ("C", "U1", "2026-07-09 17:00"),
    ]


def test_the_value_of_a_quoted_field_is_read_whole(tmp_path):
    got = read_cases(tmp_path, "\n".join([HEADER, QUOTED, row("B", '"a ""b"", c"')]))
    assert got.ids(column="unit_id") == ["one\ntwo", 'a "b", c']


def test_a_breach_names_the_line_and_repeats_no_text(tmp_path):
    got = read_cases(tmp_path, "\n".join([HEADER, A, "B,13800001111,secret", row("C", 'se"cret')]))
    assert [(b.line, b.value) for b in got.intake.breaches] == [(3, "3 of 5 fields"), (4, '"')]
    assert all(b.file == "cases.csv" and b.remedy.zh and b.remedy.en for b in got.intake.breaches)


def test_a_multi_line_title_cannot_smuggle_in_a_row(tmp_path):
    fake = row("FAKE")
    lines = ["case_id,title,unit_id,dispatched_at,sign_due_at,reply_due_at",
             f'A,"harmless\n{fake},x\nmore",U1,2026-07-02 09:05,2026-07-02 17:00,2026-07-09 17:00']
    got = read_cases(tmp_path, "\n".join(lines))
    assert got.ids() == ["A"]
    assert "FAKE" in got.ids(column="title")[0]


def test_a_long_unclosed_quote_is_given_up_and_every_row_behind_it_read(tmp_path):
    rows = [row(f"R{n}") for n in range(3000)]
    got = read_cases(tmp_path, "\n".join([HEADER, row("A", '"U1'), *rows, row("B", '"U1"')]))
    assert got.faults == [(2, "stray_quote")]
    assert len(got.ids()) == 3001


def test_records_that_cross_a_block_of_the_file_are_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.exports.rows.BLOCK", 64)
    rows = [row(f"R{n}", f'"one {n}\ntwo, {n}\n\nthree"') if n % 3 else row(f"R{n}", "U\r1") for n in range(60)]
    got = read_cases(tmp_path, "\n".join([HEADER, *rows]))
    assert got.ids(column="unit_id") == [f"one {n}\ntwo, {n}\n\nthree" for n in range(60) if n % 3]
    assert [promise for _, promise in got.faults] == ["bare_cr"] * 20
    assert [r["_line"] for r in got.tables["cases"]] == [2 + n + 3 * (n - n // 3 - 1) for n in range(60) if n % 3]
