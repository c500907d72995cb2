"""What a cell of a workbook is: what its text cannot stand for is a fault of its row, the rest reads as it is shown."""

import re
import zipfile
from datetime import date, datetime

import pytest
import xlsxwriter

from tests.ingest.reading import UNITS, read, read_cases

HEADER = ("case_id", "unit_id", "dispatched_at", "sign_due_at", "reply_due_at", "title", "remark", "public_rating")
MOMENT = datetime(2026, 7, 2, 9, 5)
FORMATS = {"moment": "yyyy-mm-dd hh:mm:ss", "day": "yyyy-mm-dd", "percent": "0%", "fraction": "0.00%"}


def sheet_of(book, name, rows, at=0):
    """A sheet with a header and rows; a cell is a value, or (value, format), or (formula, cached value)."""
    sheet = book.add_worksheet(name)
    formats = {key: book.add_format({"num_format": code}) for key, code in FORMATS.items()}
    for i, row in enumerate([HEADER, *rows], at):
        for j, value in enumerate(row):
            value, form = value if isinstance(value, tuple) else (value, "moment" if isinstance(value, date) else "")
            if isinstance(value, str) and value.startswith("="):
                sheet.write_formula(i, j, value, None, form)
            elif isinstance(value, date):
                sheet.write_datetime(i, j, value, formats[form])
            elif form in formats:
                sheet.write_number(i, j, value, formats[form])
            elif value is not None:
                sheet.write(i, j, value)
    return sheet


def case(id="A", unit="U1", due=MOMENT, title="t", remark="r", rating="满意"):
    """The cells of a row."""
    return [id, unit, MOMENT, MOMENT, due, title, remark, rating]


def read_rows(folder, *rows, change=None, arrange=None):
    """Read a folder whose cases are a workbook; ``change`` edits the sheet's XML, ``arrange`` the sheet."""
    with xlsxwriter.Workbook(folder / "w.bin") as book:
        sheet = sheet_of(book, "诉求件", rows)
        if arrange:
            arrange(sheet)
    if change:
        with zipfile.ZipFile(folder / "w.bin") as old:
            parts = {name: old.read(name).decode() for name in old.namelist()}
        parts["xl/worksheets/sheet1.xml"] = change(parts["xl/worksheets/sheet1.xml"])
        with zipfile.ZipFile(folder / "w.bin", "w", zipfile.ZIP_DEFLATED) as new:
            for name, text in parts.items():
                new.writestr(name, text)
    content = (folder / "w.bin").read_bytes()
    (folder / "w.bin").unlink()
    return read_cases(folder, content, "cases.xlsx")


def reported(got):
    """Line, column, promise and value of every fault."""
    return [(b.line, b.column, b.promise, b.value) for b in got.intake.breaches]


def without_value(xml, cached=""):
    """A sheet whose formulas were never calculated, as programs write them."""
    return re.sub(r' t="str"(><f>[^<]*</f>)<v>NEVER</v>', rf"\1{cached}", xml)


@pytest.mark.parametrize(("cell", "fault"), [
    (("=NA()", "#N/A"), ("error", "H3: #N/A")),
    (("=1/0", "#DIV/0!"), ("error", "H3: #DIV/0!")),
    (('=CHOOSE(1,"满意")', "NEVER"), ("formula", 'H3: =CHOOSE(1,"满意")')),
])
def test_an_error_or_a_formula_never_calculated_is_a_fault_of_its_row(tmp_path, cell, fault):
    got = read_rows(tmp_path, case("A"), case("B", rating=cell), case("C"), change=without_value)
    assert (got.ids(), reported(got)) == (["A", "C"], [(3, "public_rating", *fault)])
    assert got.receipt().records == 3
    assert got.intake.breaches[0].key == "B/U1"


@pytest.mark.parametrize("cached", ["", "<v></v>", "<v/>"])
def test_no_writer_of_formulas_without_a_value_is_missed(tmp_path, cached):
    got = read_rows(tmp_path, case(rating=("=A1", "NEVER")), change=lambda xml: without_value(xml, cached))
    assert [fault[2] for fault in reported(got)] == ["formula"]


def test_a_formula_that_gives_an_empty_text_is_empty(tmp_path):
    got = read_rows(tmp_path, case(rating=('=""', "x")), change=lambda x: x.replace("<v>x</v>", "<v></v>"))
    assert (got.ids(column="public_rating"), reported(got)) == ([None], [])


def test_an_error_in_a_column_that_nobody_uses_costs_nothing(tmp_path):
    got = read_rows(tmp_path, case(remark=("=NA()", "#N/A")))
    assert (got.ids(), got.ids(column="remark")) == (["A"], ["#N/A"])


def test_every_fault_of_a_row_is_listed_and_the_row_counts_once(tmp_path):
    got = read_rows(tmp_path, case(due=("=NA()", "#REF!"), rating=("=NA()", "#N/A")), case("B"))
    assert [fault[1] for fault in reported(got)] == ["reply_due_at", "public_rating"]
    assert (got.intake.broken, got.receipt().records) == ({"cases": 1}, 2)


@pytest.mark.parametrize(("cell", "text"), [
    ((date(2026, 7, 2), "day"), "2026-07-02"),
    ((datetime(2026, 7, 2), "moment"), "2026-07-02 00:00:00"),
    ((datetime(2026, 7, 2, 9, 5), "day"), "2026-07-02 09:05:00"),
    ((0.96, "percent"), "96%"), ((1, "percent"), "100%"), ((0.9625, "fraction"), "96.25%"),
    (4.6999999999999993, "4.7"), (4.25, "4.25"), (1 / 3, repr(1 / 3)),
])
def test_a_number_reads_as_it_is_shown(tmp_path, cell, text):
    assert read_rows(tmp_path, case(due=cell)).ids(column="reply_due_at") == [text]


@pytest.mark.parametrize("number", [31, 57, 58, 27, 14])
def test_the_built_in_formats_of_a_chinese_excel_show_a_day(tmp_path, number):
    with xlsxwriter.Workbook(tmp_path / "w.bin") as book:
        day = book.add_format({"num_format": number})
        sheet = sheet_of(book, "诉求件", [case()])
        sheet.write_number(1, 4, 46205, day)
    got = read_cases(tmp_path, (tmp_path / "w.bin").read_bytes(), "cases.xlsx")
    assert got.ids(column="reply_due_at") == ["2026-07-02"]


def test_a_number_of_more_than_15_digits_in_an_id_is_a_fault(tmp_path):
    got = read_rows(tmp_path, case(20260701000100000000), case(202607010001000), case("20260701000100000001"))
    assert reported(got) == [(2, "case_id", "digits", "A2: 20260701000100000000")]
    assert got.ids() == ["202607010001000", "20260701000100000001"]


def test_cells_merged_down_a_column_have_its_value_and_it_is_told(tmp_path):
    rows = [case("A"), case("B", unit=None), case("C", unit=None), case("D", unit="U2")]
    got = read_rows(tmp_path, *rows, arrange=lambda sheet: sheet.merge_range("B2:B4", "U1"))
    assert got.ids(column="unit_id") == ["U1", "U1", "U1", "U2"]
    assert "2 cells of unit_id are part of merged areas and took their value (line 3, B2:B4: U1)" in got.notices


def test_a_cell_merged_with_another_column_is_a_fault(tmp_path):
    got = read_rows(tmp_path, case(), case("B", due=None), arrange=lambda sheet: sheet.merge_range("D3:E3", "2026"))
    assert reported(got) == [(3, "reply_due_at", "merged_across", "D3:E3")]


def test_a_score_merged_over_rows_may_be_one_for_all_of_them_and_is_a_fault(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "assessments.xlsx") as book:
        sheet = book.add_worksheet()
        for i, row in enumerate([("unit_id", "item_id", "score"), ("U1", "A1.1", 4.5), ("U1", "A1.2", None)]):
            sheet.write_row(i, 0, row)
        sheet.merge_range("C2:C3", 4.5)
    got = read_cases(tmp_path, "case_id,unit_id,dispatched_at,sign_due_at,reply_due_at\n")
    assert reported(got) == [(3, "score", "merged_down", "C2:C3")]
    assert got.ids("assessments", "score") == ["4.5"]


def test_hidden_rows_and_columns_are_read_and_told(tmp_path):
    def hide(sheet):
        sheet.set_row(2, None, None, {"hidden": True})
        sheet.set_column("F:F", None, None, {"hidden": True})

    got = read_rows(tmp_path, case("A"), case("B"), case("C"), arrange=hide)
    assert got.ids() == ["A", "B", "C"]
    assert "the sheet “诉求件” has 1 hidden row" in got.notices and "hidden columns (F)" in got.notices
    assert [(w.file, w.promise) for w in got.intake.warnings] == [
        ("cases.xlsx", "hidden_rows"), ("cases.xlsx", "hidden_columns"), ("cases.xlsx", "extra_columns")]


def test_totals_and_signatures_are_no_rows_and_are_told(tmp_path):
    rows = [case("A"), ["合计", None, None, None, None, None, None, 2], [], ["制表人：李某", None, "审核人：王某"]]
    got = read_rows(tmp_path, *rows)
    assert (got.ids(), reported(got), got.receipt().records) == (["A"], [], 1)
    assert [(w.line, w.promise, w.value) for w in got.intake.warnings if w.line] == [
        (3, "footer", "合计"), (5, "footer", "制表人：李某")]


def test_a_row_that_begins_like_a_total_but_is_whole_is_a_row(tmp_path):
    assert read_rows(tmp_path, case("合计1"), case("小计")).ids() == ["合计1", "小计"]


def test_a_sheet_without_numbers_of_cells_and_with_a_prefix_is_read(tmp_path):
    def bare(xml):
        xml = re.sub(r' r="[A-Z]*\d+"', "", xml)
        return re.sub(r"<(/?)(?!\?)([A-Za-z])", r"<\1x:\2", xml).replace("xmlns=", "xmlns:x=")

    rows = [case("A", due=(date(2026, 7, 9), "day")), case("B", rating=("=NA()", "#N/A"))]
    got = read_rows(tmp_path, *rows, change=bare)
    assert (got.ids(), got.ids(column="reply_due_at")) == (["A"], ["2026-07-09"])
    assert reported(got) == [(3, "public_rating", "error", "H3: #N/A")]


def months(folder, *sheets, hidden=()):
    """A workbook with several sheets, (name, rows, header row)."""
    with xlsxwriter.Workbook(folder / "cases.xlsx") as book:
        for name, rows in sheets:
            sheet = sheet_of(book, name, rows)
            sheet.hide() if name in hidden else sheet.activate()
    (folder / "units.csv").write_text(UNITS, encoding="utf-8")
    return read(folder)


def test_a_sheet_a_month_is_one_table_and_faults_name_the_sheet(tmp_path):
    got = months(tmp_path, ("7月", [case("A")]), ("8月", [case("B"), case("C", rating=("=NA()", "#N/A"))]))
    assert got.ids() == ["A", "B"]
    assert [(b.file, b.line) for b in got.intake.breaches] == [("cases.xlsx[8月]", 3)]
    assert "the sheets 7月、8月 have the same header" in got.notices
    assert got.receipt().records == 3


def test_a_hidden_sheet_is_passed_over_only_where_a_visible_one_holds_the_table(tmp_path):
    got = months(tmp_path, ("旧", [case("OLD")]), ("新", [case("NEW")]), hidden=("旧",))
    assert got.ids() == ["NEW"] and "not the hidden ones: 旧" in got.notices


def test_a_table_on_a_hidden_sheet_alone_is_a_stop(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "cases.xlsx") as book:
        sheet_of(book, "数据", [case()]).hide()
        notes = book.add_worksheet("说明")
        notes.write(0, 0, "一、本表由市长专线科填报")
        notes.activate()
    (tmp_path / "units.csv").write_text(UNITS, encoding="utf-8")
    got = read(tmp_path)
    assert "cases.xlsx: the table is on the hidden sheet “数据”" in got.stops


def test_notes_and_titles_are_passed_over_and_told(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "cases.xlsx") as book:
        book.add_worksheet("填表说明").write(0, 0, "一、本表由市长专线科填报")
        sheet = sheet_of(book, "诉求件", [case("A")], at=2)
        sheet.write(0, 0, "2026年第三季度诉求件")
    (tmp_path / "units.csv").write_text(UNITS, encoding="utf-8")
    got = read(tmp_path)
    assert [(row["case_id"], row["_line"]) for row in got.tables["cases"]] == [("A", 4)]
    assert "only the sheet “诉求件” was read, not: 填表说明" in got.notices
    assert "the header of the sheet “诉求件” is in row 3" in got.notices


def test_sheets_of_one_table_with_other_columns_are_a_stop(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "cases.xlsx") as book:
        sheet_of(book, "7月", [case("A")])
        other = book.add_worksheet("8月")
        other.write_row(0, 0, HEADER[:5])
    (tmp_path / "units.csv").write_text(UNITS, encoding="utf-8")
    assert "the sheets “8月” and “7月” have different headers (title、public_rating)" in read(tmp_path).stops


def test_a_sheet_with_another_tables_name_is_read_as_that_table(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "cases.xlsx") as book:
        sheet_of(book, "诉求件", [case("A")])
        book.add_worksheet("加分申报").write(0, 0, "x")
    (tmp_path / "units.csv").write_text(UNITS, encoding="utf-8")
    assert "cases.xlsx[加分申报]: no name in the header is known" in read(tmp_path).stops
