"""Rows that a person mends: the fix file is written, filled in by openpyxl as a clerk would, and taken up."""

import hashlib
import stat
from datetime import datetime
from threading import Thread

import openpyxl
import pytest
import xlsxwriter

from pipelines.assess import Request, Run
from pipelines.edges import workbook
from pipelines.model.contract import FILE, KEPT, LINE, NAME, NO, USE, WHY
from pipelines.model.period import Period

PERIOD = Period.parse("2026Q3")
UNITS = "单位编码,单位名称,单位类别\nU1,甲,区县\nU2,乙,区县\n"
HEADER = ["诉求件编号", "承办单位编码", "诉求标题", "派发时间", "签收时限", "签收时间", "办理时限", "回复时间",
          "办结时间", "公众评价"]
MOMENTS = ["2026-07-02 09:05", "2026-07-02 17:00", "2026-07-02 10:00", "2026-07-09 17:00", "2026-07-08 17:00",
           "2026-07-08 17:00"]


def case(id, unit="U1", rating="满意", title="标题", **change):
    moments = [change.get(name, moment) for name, moment in zip(HEADER[3:9], MOMENTS, strict=True)]
    return [id, unit, title, *moments, rating]


def exports(folder, *rows):
    folder.mkdir(exist_ok=True)
    (folder / "units.csv").write_text(UNITS, encoding="utf-8")
    lines = [HEADER, *rows]
    (folder / "cases.csv").write_text("".join(",".join(cells) + "\n" for cells in lines), encoding="utf-8")
    return folder


def check(folder, out):
    """(stops, account of the cases, breaches, notices) of a check, and the fix file that it writes."""
    with Run(Request(PERIOD, folder, out)) as run:
        stops = "\n".join(words.en for words in run.check())
        notices = "\n".join(words.en for words in run.notices())
        accepted = run.warehouse.arrow("accepted.cases").to_pylist() if run.validation else []
        return stops, run.rows.get("cases"), run.breaches, notices, accepted


def fix_of(out):
    return out / "restricted" / "2026Q3" / NAME


def mend(file, to, table="诉求件", **change):
    """Fill in a fix file: ``change`` gives cells by row number, `r2={title: value}`; the sheet as it was, by title."""
    book = openpyxl.load_workbook(file)
    sheet = book[table]
    heads = {cell.value: cell.column for cell in sheet[1]}
    was = [{head: sheet.cell(row, column).value for head, column in heads.items()}
           for row in range(2, sheet.max_row + 1)]
    for row, cells in change.items():
        for head, value in cells.items():
            sheet.cell(int(row[1:]), heads[head]).value = value
    book.save(to)
    return was


def test_quarantined_rows_are_written_mended_and_taken_up(tmp_path):
    folder = exports(tmp_path / "in", case("A"), case("B", rating="很满意"), case("C", "U9"), case("D"))
    stops, rows, *_ = check(folder, tmp_path / "out")
    file = fix_of(tmp_path / "out")
    assert (stops, rows.counts()) == ("", {"read": 4, "accepted": 2, "quarantined": 2})
    was = mend(file, folder / NAME, r2={"公众评价": "满意"}, r3={"承办单位编码": "U2"})
    assert [(row[FILE], row[LINE], row[USE]) for row in was] == [("cases.csv", "3", "是"), ("cases.csv", "4", "是")]
    assert "公众评价“很满意”：" in was[0][WHY] and "满意、基本满意、不满意" in was[0][WHY]
    stops, rows, breaches, notices, accepted = check(folder, tmp_path / "out")
    assert (stops, breaches) == ("", ())
    assert rows.counts() == {"read": 6, "accepted": 4, "quarantined": 0, "replaced": 2}
    assert "2 mended in cases, in place of cases.csv:3、cases.csv:4" in notices
    assert [(row["case_id"], row["unit_id"], row["title"]) for row in accepted] == [
        ("A", "U1", "标题"), ("B", "U1", "标题"), ("C", "U2", "标题"), ("D", "U1", "标题")]
    assert not file.exists()  # nothing is left to mend


def test_codes_stand_as_the_words_of_their_list_and_a_wide_table_is_printed_on_two_pages(tmp_path):
    folder = exports(tmp_path / "in", case("A"), case("B", "U9", "basically_satisfied"))
    check(folder, tmp_path / "out")
    was = mend(fix_of(tmp_path / "out"), folder / NAME, r2={"承办单位编码": "U2"})
    assert was[0]["公众评价"] == "基本满意" and was[0]["承办单位编码"] == "U9"
    sheet = openpyxl.load_workbook(folder / NAME)["诉求件"]
    assert (sheet.page_setup.paperSize, sheet.page_setup.fitToWidth, sheet.print_title_cols) == (8, 2, "$A:$D")
    *_, accepted = check(folder, tmp_path / "out")
    assert accepted[1]["public_rating"] == "basically_satisfied"


def test_the_file_is_the_owners_alone_and_shows_no_restricted_cell_that_is_not_at_fault(tmp_path):
    folder = exports(tmp_path / "in", case("A"), case("B", rating="很满意", title="张三的电话"))
    check(folder, tmp_path / "out")
    file = fix_of(tmp_path / "out")
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.parent.stat().st_mode)) == (0o600, 0o700)
    book = openpyxl.load_workbook(file)
    assert "诉求标题" not in [cell.value for cell in book["诉求件"][1]]
    assert "张三" not in "".join(str(cell) for sheet in book for row in sheet.values for cell in row)


def test_the_faulty_cell_is_coloured_and_has_its_list_and_the_rest_is_protected(tmp_path):
    folder = exports(tmp_path / "in", case("A"), case("B", rating="很满意"))
    check(folder, tmp_path / "out")
    sheet = openpyxl.load_workbook(fix_of(tmp_path / "out"))["诉求件"]
    heads = {cell.value: cell.column for cell in sheet[1]}
    assert sheet.cell(2, heads["公众评价"]).fill.start_color.rgb == "FFFFC7CE"
    assert sheet.cell(2, heads["承办单位编码"]).fill.start_color.rgb != "FFFFC7CE"
    lists = {str(one.sqref): one.formula1 for one in sheet.data_validations.dataValidation}
    assert '"满意,基本满意,不满意,未评价"' in lists.values() and '"是,否"' in lists.values()
    assert sheet.protection.sheet and sheet.cell(2, heads[LINE]).protection.locked
    assert not sheet.cell(2, heads["公众评价"]).protection.locked


def test_a_row_that_is_not_mended_stays_in_quarantine_and_comes_again_with_its_origin(tmp_path):
    folder = exports(tmp_path / "in", case("A"), case("B", rating="很满意"), case("C", "U9"))
    check(folder, tmp_path / "out")
    mend(fix_of(tmp_path / "out"), folder / NAME, r2={"公众评价": "满意"})
    _, rows, breaches, *_ = check(folder, tmp_path / "out")
    assert rows.counts() == {"read": 5, "accepted": 2, "quarantined": 1, "replaced": 2}
    assert [(b.file, b.line) for b in breaches] == [("fix.xlsx[诉求件]", 3)]
    was = mend(fix_of(tmp_path / "out"), folder / NAME, r3={"承办单位编码": "U2"})  # the new one has both
    assert [(row[FILE], row[LINE], row[WHY]) for row in was][0] == ("cases.csv", "3", "已更正，无须再改")
    _, rows, breaches, *_ = check(folder, tmp_path / "out")
    assert (rows.counts(), breaches) == ({"read": 5, "accepted": 3, "quarantined": 0, "replaced": 2}, ())


def test_of_rows_with_one_key_the_right_one_is_chosen(tmp_path):
    folder = exports(tmp_path / "in", case("A"), case("B"), case("B", rating="不满意"))
    check(folder, tmp_path / "out")
    mend(fix_of(tmp_path / "out"), folder / NAME, r2={USE: NO})
    stops, rows, breaches, notices, accepted = check(folder, tmp_path / "out")
    assert (stops, breaches) == ("", ())
    assert rows.counts() == {"read": 5, "accepted": 2, "quarantined": 0, "left_out": 1, "replaced": 2}
    assert [row["public_rating"] for row in accepted] == ["satisfied", "dissatisfied"]
    assert "not to be used: 1" in notices


def test_what_a_spreadsheet_could_not_calculate_is_mended_too(tmp_path):
    folder = exports(tmp_path / "in")
    with xlsxwriter.Workbook(folder / "cases.xlsx") as book:
        sheet = book.add_worksheet()
        for line, cells in enumerate([HEADER, case("A"), case("B")]):
            sheet.write_row(line, 0, cells)
        sheet.write_formula(2, 9, "=NA()", None, "#N/A")
    (folder / "cases.csv").unlink()
    _, rows, breaches, *_ = check(folder, tmp_path / "out")
    assert rows.counts() == {"read": 2, "accepted": 1, "quarantined": 1} and breaches[0].promise == "error"
    mend(fix_of(tmp_path / "out"), folder / "更正.xlsx", r2={"公众评价": "基本满意"})  # whatever it is called
    stops, rows, breaches, _, accepted = check(folder, tmp_path / "out")
    assert (stops, breaches) == ("", ())
    assert rows.counts() == {"read": 3, "accepted": 2, "quarantined": 0, "replaced": 1}
    assert (accepted[1]["public_rating"], accepted[1]["title"]) == ("basically_satisfied", "标题")


def test_a_moment_that_excel_made_of_the_text_is_read_and_a_cell_kept_is_the_originals(tmp_path):
    folder = exports(tmp_path / "in", case("A"), case("B", 签收时间="2026-07-02"))
    check(folder, tmp_path / "out")
    mend(fix_of(tmp_path / "out"), folder / NAME, r2={"签收时间": datetime(2026, 7, 2, 11, 30), "公众评价": KEPT})
    stops, rows, _, _, accepted = check(folder, tmp_path / "out")
    assert (stops, rows.accepted) == ("", 2)
    assert (accepted[1]["signed_at"], accepted[1]["public_rating"]) == (datetime(2026, 7, 2, 11, 30), "satisfied")


@pytest.mark.parametrize(("change", "said"), [
    ({"r2": {LINE: "99"}}, "line 99 of cases.csv is not there"),
    ({"r3": {LINE: "3"}}, "line 3 of cases.csv is not there, or is mended twice"),
    ({"r2": {FILE: "cases_2.csv"}}, "cases_2.csv, which it mends, is no longer in the exports folder"),
    ({"r2": {FILE: None}}, "names no file and row"),
    ({"r2": {USE: "也许"}}, "says “也许”"),
    ({"r1": {LINE: "行号"}}, "lacks 来源行"),
])
def test_a_fix_file_that_does_not_say_what_it_replaces_is_a_stop(tmp_path, change, said):
    folder = exports(tmp_path / "in", case("A"), case("B", rating="很满意"), case("C", "U9"))
    check(folder, tmp_path / "out")
    mend(fix_of(tmp_path / "out"), folder / NAME, **change)
    assert said in check(folder, tmp_path / "out")[0]


def test_a_fix_file_whose_original_changed_is_a_stop(tmp_path):
    folder = exports(tmp_path / "in", case("A"), case("B", rating="很满意"))
    check(folder, tmp_path / "out")
    mend(fix_of(tmp_path / "out"), folder / NAME, r2={"公众评价": "满意"})
    exports(folder, case("Z"), case("A"), case("B", rating="很满意"))
    assert "cases.csv, which it mends, has changed" in check(folder, tmp_path / "out")[0]


def test_two_fix_files_for_one_row_are_a_stop(tmp_path):
    folder = exports(tmp_path / "in", case("A"), case("B", rating="很满意"))
    check(folder, tmp_path / "out")
    for name in (NAME, "fix (1).xlsx"):
        mend(fix_of(tmp_path / "out"), folder / name, r2={"公众评价": "满意"})
    assert "keep one fix file" in check(folder, tmp_path / "out")[0]


def test_an_untouched_fix_file_changes_no_score_and_no_reason(tmp_path):
    folder = exports(tmp_path / "in", case("A"), case("B", rating="很满意"))
    before = check(folder, tmp_path / "out")
    (folder / NAME).write_bytes(fix_of(tmp_path / "out").read_bytes())
    after = check(folder, tmp_path / "out")
    assert [(b.column, b.promise, b.value) for b in after[2]] == [(b.column, b.promise, b.value) for b in before[2]]
    assert after[4] == before[4] and after[1].counts() == {"read": 3, "accepted": 1, "quarantined": 1, "replaced": 1}


def test_control_totals_count_the_rows_of_the_export_alone(tmp_path):
    folder = exports(tmp_path / "in", case("A"), case("B", rating="很满意"))
    (folder / "totals.csv").write_text("table,rows\ncases,2\nunits,2\n")
    check(folder, tmp_path / "out")
    mend(fix_of(tmp_path / "out"), folder / NAME, r2={"公众评价": "满意"})
    assert check(folder, tmp_path / "out")[0] == ""


def test_the_file_names_the_bytes_that_it_is_from(tmp_path):
    folder = exports(tmp_path / "in", case("A"), case("B", rating="很满意"))
    check(folder, tmp_path / "out")
    listed = dict(openpyxl.load_workbook(fix_of(tmp_path / "out"))["originals"].values)
    assert listed["cases.csv"] == hashlib.sha256((folder / "cases.csv").read_bytes()).hexdigest()


def test_two_checks_at_once_write_one_whole_fix_file(tmp_path, monkeypatch):
    """The second begins while the first has its workbook open, and waits for it."""
    folder = exports(tmp_path / "x", case("C1", rating="还行"), *(case(f"D{n}") for n in range(9)))
    out, others, written = tmp_path / "out", [], workbook._fix_notes

    def while_the_other_begins(book, sheets):
        if not others:
            others.append(Thread(target=check, args=(folder, out)))
            others[0].start()
            others[0].join(3)
        written(book, sheets)

    monkeypatch.setattr(workbook, "_fix_notes", while_the_other_begins)
    check(folder, out)
    others[0].join()
    assert [(file.name, file.stat().st_mode & 0o777) for file in fix_of(out).parent.iterdir()] == [(NAME, 0o600)]
    assert mend(fix_of(out), tmp_path / "mended.xlsx")[0]["公众评价"] == "还行"
