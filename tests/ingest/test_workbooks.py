"""Workbooks: cells as text, hostile and damaged files as one clear stop."""

import zipfile
from datetime import date, datetime, time

import pytest
import xlsxwriter

from tests.ingest.reading import COLUMNS, HEADER, read_cases, row

MOMENT = datetime(2026, 7, 2, 9, 5, 7)


def workbook(path, cells, sheets=(), first="Sheet1"):
    """A workbook with ``cells`` {(row, column): value} in its first sheet and other sheets with one cell each."""
    with xlsxwriter.Workbook(path) as book:
        dated = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet = book.add_worksheet(first)
        for (line, column), value in cells.items():
            is_time = isinstance(value, (date, time))
            sheet.write_datetime(line, column, value, dated) if is_time else sheet.write(line, column, value)
        for name in sheets:
            book.add_worksheet(name).write(0, 0, "x")
    return path.read_bytes()


def table(*rows, at=0):
    """Cells of a header and rows, from line ``at`` on."""
    return {(at + i, j): value for i, values in enumerate((COLUMNS, *rows)) for j, value in enumerate(values)}


def read_workbook(folder, content):
    """Read a folder whose cases are a workbook."""
    return read_cases(folder, content, "cases.xlsx")


@pytest.mark.parametrize(("cell", "text"), [
    (MOMENT, "2026-07-02 09:05:07"), (datetime(2026, 7, 2), "2026-07-02 00:00:00"), (1001, "1001"), (1001.0, "1001"),
    (0.1, "0.1"), (202607020001, "202607020001"), (True, "true"), (False, "false"), ("007", "007"), (" x ", " x "),
    (time(9, 5), "09:05:00"), ("", None), (46205.378553240741, "46205.37855324074"),
])
def test_a_cell_reads_as_a_csv_of_the_table_would(tmp_path, cell, text):
    got = read_workbook(tmp_path, workbook(tmp_path / "w.bin", table(["A", cell, "x", "y", "z"])))
    assert got.ids(column="unit_id") == [text]


def test_empty_rows_are_no_rows_and_lines_are_those_of_the_sheet(tmp_path):
    cells = table(["A", "U1"], [], ["B", "U2"], at=3)
    got = read_workbook(tmp_path, workbook(tmp_path / "w.bin", cells))
    assert [(r["case_id"], r["_line"]) for r in got.tables["cases"]] == [("A", 5), ("B", 7)]
    assert got.receipt().records == 2


def test_a_cell_beyond_the_header_is_a_breach_of_its_row(tmp_path):
    cells = table(["A", "U1"], ["B", "U1"]) | {(2, 9): "stray"}
    got = read_workbook(tmp_path, workbook(tmp_path / "w.bin", cells))
    assert (got.ids(), got.faults) == (["A"], [(3, "field_count")])


def test_a_second_sheet_is_reported_and_the_first_that_is_filled_is_read(tmp_path):
    got = read_workbook(tmp_path, workbook(tmp_path / "w.bin", table(["A", "U1"]), ["notes"]))
    assert got.ids() == ["A"]
    assert "only the sheet “Sheet1” was read, not: notes" in got.notices


def test_a_hidden_sheet_is_read_only_where_no_other_is_filled(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "w.bin") as book:
        hidden, shown = book.add_worksheet("old"), book.add_worksheet("new")
        for sheet, case in ((hidden, "OLD"), (shown, "NEW")):
            for (line, column), value in table([case, "U1"]).items():
                sheet.write(line, column, value)
        shown.activate()
        hidden.hide()
    got = read_workbook(tmp_path, (tmp_path / "w.bin").read_bytes())
    assert got.ids() == ["NEW"]
    assert "the sheet “new” was read, not the hidden ones: old" in got.notices


def test_an_empty_workbook_lacks_its_header_and_stops(tmp_path):
    got = read_workbook(tmp_path, workbook(tmp_path / "w.bin", {}))
    assert "without a header" in got.stops


def test_a_workbook_with_one_cell_in_each_far_corner_is_a_stop(tmp_path):
    cells = {(0, 0): "case_id", (1048575, 16383): "x"}
    assert "damaged or too large" in read_workbook(tmp_path, workbook(tmp_path / "w.bin", cells)).stops


def test_a_zip_bomb_is_a_stop_before_it_is_opened(tmp_path):
    with zipfile.ZipFile(tmp_path / "w.bin", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (40 << 20))
    assert "out of proportion" in read_workbook(tmp_path, (tmp_path / "w.bin").read_bytes()).stops


def test_a_workbook_that_is_none_is_a_stop(tmp_path):
    sound = workbook(tmp_path / "w.bin", table(["A", "U1"]))
    with zipfile.ZipFile(tmp_path / "other.bin", "w") as archive:
        archive.writestr("a.txt", "x")
    with zipfile.ZipFile(tmp_path / "broken.bin", "w") as archive:
        archive.writestr("xl/workbook.xml", "<")
    for content in (f"{HEADER}\n{row('A')}".encode(), b"\xd0\xcf\x11\xe0" + b"\0" * 600, sound[: len(sound) // 2], b"",
                    (tmp_path / "other.bin").read_bytes(), (tmp_path / "broken.bin").read_bytes()):
        got = read_workbook(tmp_path, content)
        assert len(got.intake.stops) == 1 and "cases.xlsx" in got.stops and "\n" not in got.stops
