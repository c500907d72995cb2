"""One workbook with a sheet a table: sheets are tables by their names, whatever the workbook is called."""

import pytest
import xlsxwriter

from tests.ingest.reading import COLUMNS, UNITS, read, row

CASES = [COLUMNS, row("A").split(","), row("B").split(",")]
CITY = [line.split(",") for line in UNITS.splitlines()]
AWARDS = [["申报编号", "承办单位编码", "加分类型", "事项", "加分日期", "是否核准"],
          ["W1", "U1", "市级媒体", "报道", "2026-07-02", "是"]]


def book(file, hidden=(), **sheets):
    """A workbook with these sheets, each a list of rows; those with a title have it above."""
    with xlsxwriter.Workbook(file) as made:
        for name, rows in sheets.items():
            sheet = made.add_worksheet(name)
            for line, cells in enumerate(rows):
                sheet.write_row(line, 0, cells)
            if name in hidden:
                sheet.hide()
    return file.parent


@pytest.mark.parametrize("name", ["2026Q3.xlsx", "导出.xlsx", "cases.xlsx", "units.xlsx"])
def test_the_sheets_of_a_workbook_are_tables_by_their_names(tmp_path, name):
    folder = book(tmp_path / name, 诉求件=CASES, units=CITY, 加分申报=[["2026年第三季度加分申报"], *AWARDS])
    got = read(folder)
    assert (got.stops, got.ids(), got.ids("units", "unit_id"), got.ids("awards", "award_id")) == (
        "", ["A", "B"], ["U1"], ["W1"])
    assert {(r["_file"], r["_line"]) for r in got.tables["awards"]} == {(f"{name}[加分申报]", 3)}
    assert {(r.table, r.file, r.records) for r in got.intake.receipts} == {
        ("units", name, 1), ("cases", name, 2), ("awards", name, 1)}


def test_a_table_may_have_a_sheet_a_month_in_it(tmp_path):
    sheets = {"诉求件_7月": CASES, "诉求件_8月": [COLUMNS, row("C").split(",")], "承办单位": CITY}
    got = read(book(tmp_path / "全部.xlsx", **sheets))
    assert got.ids() == ["A", "B", "C"] and got.receipt().records == 3


def test_sheets_without_a_tables_name_are_of_the_table_that_the_workbook_is_named_after(tmp_path):
    got = read(book(tmp_path / "cases.xlsx", Sheet1=CASES, units=CITY))
    assert (got.ids(), got.ids("units", "unit_id"), got.stops) == (["A", "B"], ["U1"], "")


def test_what_is_no_table_is_passed_over_and_told(tmp_path):
    got = read(book(tmp_path / "全部.xlsx", 填表说明=[["请逐行填写"]], cases=CASES, units=CITY))
    assert got.ids() == ["A", "B"] and got.stops == ""
    assert "the sheets cases、units were read by their names, not: 填表说明" in got.notices


def test_a_sheet_that_holds_a_table_under_another_name_is_a_stop(tmp_path):
    got = read(book(tmp_path / "全部.xlsx", cases=CASES, units=CITY, Sheet3=AWARDS))
    assert "the sheet “Sheet3” holds all required columns of awards" in got.stops


def test_a_sheet_that_lacks_a_column_is_named(tmp_path):
    got = read(book(tmp_path / "全部.xlsx", cases=CASES, units=[cells[:2] for cells in CITY]))
    assert "全部.xlsx[units]: the required column unit_group" in got.stops


def test_a_table_that_is_hidden_and_nowhere_else_is_a_stop(tmp_path):
    got = read(book(tmp_path / "全部.xlsx", ("units",), cases=CASES, units=CITY))
    assert "the hidden sheet “units”" in got.stops


def test_a_damaged_workbook_of_tables_is_one_stop(tmp_path):
    file = tmp_path / "全部.xlsx"
    book(file, cases=CASES, units=CITY)
    content = file.read_bytes().replace(b"xl/worksheets/sheet1.xml", b"xl/worksheets/sheet9.xml")
    file.write_bytes(content)
    assert "全部.xlsx" in read(tmp_path).stops
