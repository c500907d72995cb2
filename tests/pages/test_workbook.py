"""The workbook: whole rows written as the library writes cells, text that stays text, more rows than a sheet holds."""

import zipfile
from decimal import Decimal
from itertools import product

import openpyxl
import pytest
import xlsxwriter

from pipelines.edges import workbook
from pipelines.edges.workbook import LONGEST, Workbook

COLUMNS = ("entry_id", "points", "case_rows", "detail")
MARKUP = "<r></is></c><c r=\"Z9\"><f>1+1</f><v>2</v></c><c t=\"inlineStr\"><is><t>x</t></r>"
TEXTS = ("一行", "a & b < c > d \"e\"", " blank ", "tab\there", "two\nlines", "\x00\x1f\x7f", "_x0041_", "\ufffe",
         "\u3000全角", "=1+1", "𠀀" * 20_000, "x" * 40_000, "")
NUMBERS = (Decimal("-0.50"), Decimal("1234567.89"), Decimal("0.00"), None)


def written(file, rows):
    with Workbook(file, "t") as book:
        book.table("台账", COLUMNS, {}, rows)
    return file


def xml(file):
    with zipfile.ZipFile(file) as book:
        return book.read("xl/worksheets/sheet1.xml").decode("utf-8")


def by_the_library(file, rows):
    """The same table, cell by cell."""
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False})
    head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#F4F5F7"})
    points = book.add_format({"num_format": "0.00"})
    sheet = book.add_worksheet("台账")
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(COLUMNS):
        sheet.set_column(place, place, workbook._WIDE.get(column, 12), points if column == "points" else None)
        sheet.write_string(0, place, column, head)
    for number, (entry, value, count, detail) in enumerate(rows, 1):
        for place, text in ((0, entry), (3, detail)):
            if text:
                sheet.write_string(number, place, text)
        if value is not None:
            sheet.write_number(number, 1, float(value), points)
        sheet.write_number(number, 2, count)
    sheet.autofilter(0, 0, len(rows), len(COLUMNS) - 1)
    book.close()
    return file


def test_rows_are_written_as_the_library_writes_cells(tmp_path):
    rows = [(f"e{n}", value, n, text) for n, (text, value) in enumerate(product(TEXTS, NUMBERS))]
    assert xml(written(tmp_path / "ours.xlsx", rows)) == xml(by_the_library(tmp_path / "theirs.xlsx", rows))


def test_every_part_of_the_workbook_is_as_the_library_packs_it(tmp_path):
    """Down to names, order and times: only the title is ours."""
    rows = [(f"e{n}", value, n, text) for n, (text, value) in enumerate(product(TEXTS, NUMBERS))]
    parts = []
    for file in written(tmp_path / "ours.xlsx", rows), by_the_library(tmp_path / "theirs.xlsx", rows):
        with zipfile.ZipFile(file) as book:
            parts.append({(part.filename, part.date_time, part.compress_type, part.external_attr): book.read(part)
                          for part in book.infolist() if part.filename != "docProps/core.xml"})
    assert list(parts[0]) == list(parts[1]) and len(parts[0]) >= 8
    assert [name for name in parts[0] if parts[0][name] != parts[1][name]] == []


def test_points_have_two_decimals_and_counts_none(tmp_path):
    book = openpyxl.load_workbook(written(tmp_path / "x.xlsx", [("e", Decimal("-0.50"), 7, "x")]))
    assert [cell.number_format for cell in book["台账"][2]] == ["General", "0.00", "General", "General"]


def test_a_style_that_the_library_numbers_otherwise_is_no_workbook(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "POINTS", 1)
    with pytest.raises(RuntimeError, match="styles"):
        written(tmp_path / "x.xlsx", [("e", Decimal("-0.50"), 7, "x")])
    assert not (tmp_path / "x.xlsx").exists()


@pytest.mark.parametrize("text", [MARKUP, "<r><t>red</t></r>", "<r></r>"])
def test_text_that_looks_like_the_library_s_own_markup_stays_text(text, tmp_path):
    with Workbook(tmp_path / "x.xlsx", "t") as book:
        book.text("说明", [text])
        book.table("台账", COLUMNS, {}, [(text, Decimal("1.00"), 1, text)])
    for sheet in openpyxl.load_workbook(tmp_path / "x.xlsx", rich_text=True):
        cells = [cell for row in sheet.iter_rows() for cell in row]
        assert text in [cell.value for cell in cells]
        assert {cell.data_type for cell in cells} <= {"s", "n"} and sheet.max_column <= len(COLUMNS)


def test_a_cell_holds_no_more_than_a_spreadsheet_can_read(tmp_path):
    written(tmp_path / "x.xlsx", [("e", None, 1, "𠀀" * LONGEST)])
    value = openpyxl.load_workbook(tmp_path / "x.xlsx")["台账"]["D2"].value
    assert len(value.encode("utf-16-le")) // 2 <= LONGEST and value == "𠀀" * (LONGEST // 2)


def test_a_long_ledger_goes_on_in_another_sheet_without_losing_a_row(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "MOST_ROWS", 2)
    book = openpyxl.load_workbook(written(tmp_path / "x.xlsx", [(f"e{n}", None, n, "") for n in range(5)]))
    assert {s.title: s.max_row for s in book} == {"台账": 3, "台账 2": 3, "台账 3": 2}
    assert [row[0] for s in book for row in s.iter_rows(min_row=2, values_only=True)] == [f"e{n}" for n in range(5)]
    assert [s.auto_filter.ref for s in book] == ["A1:D3", "A1:D3", "A1:D2"] and book["台账 3"].freeze_panes == "A2"


def test_a_sheet_never_gets_more_rows_than_the_format_allows():
    assert workbook.MOST_ROWS + 1 <= 1_048_576


def test_the_same_rows_give_the_same_bytes(tmp_path):
    rows = [(f"e{n}", Decimal(n), n, "x") for n in range(50)]
    assert written(tmp_path / "a.xlsx", rows).read_bytes() == written(tmp_path / "b.xlsx", rows).read_bytes()


@pytest.mark.parametrize("rows", [[], [("E1", Decimal("-1.00"), 1, "x")]])
def test_nothing_else_is_left_in_the_folder(tmp_path, rows):
    with Workbook(tmp_path / "results.xlsx", "t") as book:
        book.text("说明", ["一行"])
        book.table("台账", COLUMNS, {}, rows)
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.xlsx"]
