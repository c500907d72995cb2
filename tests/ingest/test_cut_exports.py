"""A file that was cut while it was copied: what it shows, and what a control total tells for certain."""

import gzip

import pytest

from tests.ingest.reading import HEADER, UNITS, read, read_cases, row

CUT = "seems to be cut"
TWO = f"{HEADER}\n{row('A')}\n{row('B')}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (TWO, False),  # no line end alone is common
        (f"{TWO}\n", False),
        (f"{HEADER}\n{row('A')}\nB,U1,2026-07", True),
        (f"{HEADER}\n{row('A')}\nB,U1,2026-07\n", False),  # a short row is a fault of that row
        (f"{HEADER}\nB,U1,2026-07\n{row('A')}", False),  # not the last
        (f"{HEADER}\n{row('A')},x", False),  # too many fields are not cut off
        (f'{HEADER},title\n{row("A")},甲\n{row("B")},"路灯', True),
        (f"{HEADER}\n{row('A')}\n合计,1", False),  # a total below the rows
        (HEADER, False),
    ],
)
def test_a_last_row_that_stops_short_without_a_line_end_is_told(tmp_path, content, message):
    got = read_cases(tmp_path, content)
    assert (CUT in got.notices) == message
    of_file = [(w.table, w.file, w.line) for w in got.intake.warnings if w.promise == "cut_in_row"]
    assert of_file == [("cases", "cases.csv", 0)] * message


def test_a_cut_inside_a_character_is_told(tmp_path):
    got = read_cases(tmp_path, f"{HEADER},title\n{row('A')},甲\n{row('B')},乙".encode()[:-1])
    assert f"{CUT}: line 3" in got.notices


@pytest.mark.parametrize(("end", "message"), [("", True), ("\n", False)])
def test_json_lines_and_gzip_are_looked_at_alike(tmp_path, end, message):
    (tmp_path / "matters.jsonl").write_text('{"matter_id": "M1"}\n{"matter_id": "M' + end, encoding="utf-8")
    with gzip.open(tmp_path / "cases.csv.gz", "wb") as file:
        file.write(f"{HEADER}\n{row('A')}\nB,U1{end}".encode())
    (tmp_path / "units.csv").write_text(UNITS, encoding="utf-8")
    told_of = {w.file for w in read(tmp_path).intake.warnings if w.promise == "cut_in_row"}
    assert told_of == ({"cases.csv.gz"} if message else set())  # matters.jsonl lacks columns and stops by itself


def test_a_cut_line_of_json_is_told(tmp_path):
    whole = '{"case_id": "A", "unit_id": "U1", "dispatched_at": "", "sign_due_at": "", "reply_due_at": ""}'
    assert CUT in read_cases(tmp_path, f"{whole}\n{whole[:40]}", "cases.jsonl").notices
    assert CUT not in read_cases(tmp_path, f"{whole}\n{whole}", "cases.jsonl").notices


def totals(tmp_path, control: str, name: str = "totals.csv", cases: str = f"{TWO}\n"):
    (tmp_path / name).write_text(control, encoding="utf-8")
    return read_cases(tmp_path, cases)


@pytest.mark.parametrize(
    ("control", "message"),
    [
        ("table,rows\ncases,2\nunits,1\n", ""),
        ("表,行数,文件\n诉求件,2,\n《承办单位》,１,units.csv\n", ""),
        ('table,rows\ncases,"2.0"\n', ""),
        ("table,rows\ncases,3\n", "line 2: cases should have 3 rows, but 2 were read (cases.csv 2), 1 fewer"),
        ("table,rows\ncases,1\n", "cases should have 1 row, but 2 were read (cases.csv 2), 1 more"),
        ("table,rows\ncases,2\nextensions,0\n", ""),
        ("table,rows\ncases,2\nextensions,5\n", "line 3: extensions should have 5 rows, but 0 were read (–)"),
        ("table,rows\ncase,2\n", "no table “case” to compare the control total with; the nearest is cases"),
        ("table,rows\ncases,two\n", "“two” is no whole number"),
        ("table,rows\ncases,\n", "“” is no whole number"),
        ("table,rows,file\ncases,2,case.csv\n", "cases has no file case.csv; the nearest is cases.csv"),
        ("table,rows\ncases,2\n诉求件,2\n", "line 3: the control total of cases stands in line 2"),
        ("table,number\ncases,2\n", "need the columns table and rows"),
        ("table,rows\ncases\n", "line 2: the control total cannot be read"),
    ],
)
def test_a_control_total_that_differs_is_a_stop_that_says_by_how_much(tmp_path, control, message):
    got = totals(tmp_path, control)
    assert message in got.stops and bool(message) == bool(got.stops)


def test_a_control_total_may_name_the_file_of_a_split_table(tmp_path):
    (tmp_path / "cases_2.csv").write_text(f"{HEADER}\n{row('C')}\n", encoding="utf-8")
    assert totals(tmp_path, "table,rows,file\ncases,3,\ncases,2,cases.csv\ncases,1,cases_2.csv\n").stops == ""
    got = totals(tmp_path, "table,rows,file\ncases,3,\ncases,2,cases.csv\ncases,2,cases_2.csv\n")
    assert "line 4: cases should have 2 rows, but 1 was read (cases_2.csv 1)" in got.stops


def test_rows_that_could_not_be_read_and_totals_below_them_are_counted_as_the_system_counts(tmp_path):
    damaged = f"{TWO}\nC,U1\n合计,3\n"
    assert totals(tmp_path, "table,rows\ncases,3\n", cases=damaged).stops == ""


def test_a_file_that_could_not_be_read_is_not_blamed_twice(tmp_path):
    got = totals(tmp_path, "table,rows\ncases,2\n", cases="case_id,unit_id\nA,U1\n")
    assert "is missing" in got.stops and "should have" not in got.stops


def test_a_table_declared_absent_is_not_compared(tmp_path):
    (tmp_path / "totals.csv").write_text("table,rows\nincidents,9\n", encoding="utf-8")
    read_cases(tmp_path, f"{TWO}\n")
    assert read(tmp_path, absent=("incidents",)).stops == ""


def test_a_control_file_by_another_name_is_told_with_the_right_one(tmp_path):
    got = totals(tmp_path, "table,rows\ncases,9\n", "total.csv")
    assert "total.csv: belongs to no table and was not read; the nearest table is totals" in got.notices
    assert ("", "total.csv", "unrecognised_file") in {(w.table, w.file, w.promise) for w in got.intake.warnings}
