"""The forms of `gongping template`: lists and notes from the contract, read back as they were filled in."""

import openpyxl
import pytest

from pipelines.cli import _run
from tests.ingest.reading import read

UNITS = "单位编码,单位名称,单位类别\nU1,甲局,区县\nU2,乙局,区县\n"
BY_HAND = {"定性评分.xlsx", "加分申报.xlsx", "复核决定.xlsx", "推诿与投诉.xlsx", "领导批示件.xlsx",
           "特事特办记录.xlsx", "聘任事项.xlsx", "指导与培训.xlsx", "客观困难说明.xlsx", "表彰与函告.xlsx"}


def folder(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "units.csv").write_text(UNITS, encoding="utf-8")
    return tmp_path / "in"


def heads_of(sheet):
    return {cell.value: cell.column for cell in sheet[1] if cell.value}


def fill(file, sheet, *rows):
    """Write rows {title: value} below the header, as a clerk would."""
    book = openpyxl.load_workbook(file)
    heads = heads_of(book[sheet])
    for line, cells in enumerate(rows, 2):
        for head, value in cells.items():
            book[sheet].cell(line, heads[head]).value = value
    book.save(file)


def test_a_form_for_every_table_that_people_fill_in(tmp_path, capsys):
    assert _run(["template", str(tmp_path / "表")]) == 0
    assert {file.name for file in (tmp_path / "表").iterdir()} == BY_HAND
    sheet = openpyxl.load_workbook(tmp_path / "表" / "加分申报.xlsx")["加分申报"]
    assert list(heads_of(sheet)) == ["申报编号", "承办单位编码", "加分类型", "事项", "加分日期", "是否核准"]
    lists = [one.formula1 for one in sheet.data_validations.dataValidation]
    assert '"是,否"' in lists and any("群众表扬,市领导批示肯定" in one for one in lists)
    assert sheet.protection.sheet and sheet["A1"].protection.locked
    assert not sheet.column_dimensions["A"].protection.locked
    assert "只能是" not in sheet["A1"].comment.text and "2026-07-02" in sheet["E1"].comment.text


def test_a_form_is_printed_as_an_office_hands_it_round(tmp_path):
    assert _run(["template", str(tmp_path / "表"), "--tables", "加分申报,领导批示件"]) == 0
    for file in (tmp_path / "表").iterdir():
        for sheet in openpyxl.load_workbook(file):
            page = sheet.page_setup
            assert (page.orientation, page.paperSize) == ("landscape", 9)
            assert (page.fitToWidth or 1, page.fitToHeight) == (1, 0)
            assert sheet.sheet_properties.pageSetUpPr.fitToPage and "&P" in sheet.oddFooter.center.text
            if sheet.title != "填表说明":
                assert sheet.print_title_rows == "$1:$1" and sheet.oddHeader.center.text == sheet.title
    notes = openpyxl.load_workbook(tmp_path / "表" / "加分申报.xlsx")["填表说明"]
    of = {cell.value: cell.row for cell in notes["A"]}
    long, short = of["【加分类型】"], of["【事项】"]
    assert notes.row_dimensions[long].height > notes.row_dimensions[short].height


def test_empty_forms_hold_no_row_and_their_examples_are_never_read(tmp_path):
    exports = folder(tmp_path)
    assert _run(["template", str(exports)]) == 0
    got = read(exports)
    assert got.ids("awards", "award_id") == [] and got.ids("assessments", "unit_id") == []
    assert "required table cases is missing" in got.stops and "\n" not in got.stops


def test_what_is_filled_in_is_read_back(tmp_path):
    exports = folder(tmp_path)
    assert _run(["template", str(exports / "填报.xlsx"), "--tables", "加分申报,assessments"]) == 0
    award = {"申报编号": "W1", "承办单位编码": "U1", "加分类型": "市级媒体", "事项": "报道", "加分日期": "2026-07-02",
             "是否核准": "是"}
    fill(exports / "填报.xlsx", "加分申报", award)
    got = read(exports)
    assert [row["award_type"] for row in got.tables["awards"]] == ["市级媒体"]
    assert got.ids("assessments", "unit_id") == []


def test_with_the_exports_units_are_a_list_and_the_keys_of_assessments_are_there(tmp_path):
    exports = folder(tmp_path)
    assert _run(["template", str(exports), "--tables", "定性评分", "--exports", str(exports)]) == 0
    file = exports / "定性评分.xlsx"
    sheet = openpyxl.load_workbook(file)["定性评分"]
    heads = heads_of(sheet)
    keys = [(sheet.cell(line, 1).value, sheet.cell(line, 2).value) for line in range(2, 14)]
    assert keys == [(unit, item) for unit in ("U1", "U2") for item in ("A1.1", "A1.2", "A1.3", "A2.1", "A2.2", "A2.3")]
    assert sheet["A2"].protection.locked and sheet["A14"].value is None
    assert "单位清单!$A$2:$A$3" in sheet.data_validations.dataValidation[0].formula1.replace("'", "")
    fill(file, "定性评分", {"得分": 4.5}, {"得分": "5"})
    got = read(exports)
    assert [row["score"] for row in got.tables["assessments"]][:3] == ["4.5", "5", None]
    assert "仅供参考" not in got.notices
    beside = [sheet.cell(2, heads[f"{name}（仅供参考）"]).value for name in ("单位名称", "评分项名称")]
    assert beside == ["甲局", "列入议程、专人分管"]


def test_a_form_that_is_there_is_not_overwritten(tmp_path, capsys):
    assert _run(["template", str(tmp_path / "a.xlsx")]) == 0
    before = (tmp_path / "a.xlsx").read_bytes()
    assert _run(["template", str(tmp_path / "a.xlsx")]) == 2
    assert "a.xlsx 已存在" in capsys.readouterr().err and (tmp_path / "a.xlsx").read_bytes() == before


@pytest.mark.parametrize(("words", "said"), [
    (["--tables", "award"], "最接近的是 awards"), (["--exports", "nowhere"], "nowhere"),
])
def test_what_cannot_be_written_is_refused(tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    assert _run(["template", "表", *words]) == 2
    assert said in capsys.readouterr().err and not (tmp_path / "表").exists()
