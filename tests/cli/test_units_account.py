"""What became of a unit's case rows stands on its card and in accounts.csv, a quarantined case with its reason."""

import csv
import re

import xlsxwriter

from pipelines.assess import Request, Run
from pipelines.model.contract import NAME, USE
from tests.ingest.test_fix_file import HEADER, PERIOD, case, exports, fix_of, mend

PARTS = ("scored", "other_period", "excluded", "quarantined", "left_out", "counted_before")


def ran(folder, out):
    """(accounts by unit, the cards as text) of a run."""
    with Run(Request(PERIOD, folder, out, pdf=False)) as run:
        run.run()
        quarantined = run.rows["cases"].quarantined
        read = run.rows["cases"].read - run.rows["cases"].blank - run.rows["cases"].replaced
    with (out / "2026Q3" / "accounts.csv").open(encoding="utf-8-sig", newline="") as stream:
        account = {row["unit_id"]: {name: int(row[name]) for name in ("received", "pending", *PARTS)}
                   for row in csv.DictReader(stream)}
    assert all(row["received"] == sum(row[part] for part in PARTS) for row in account.values())
    assert sum(row["quarantined"] for row in account.values()) == quarantined
    assert sum(row["received"] for row in account.values()) == read
    cards = {file.stem: re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", file.read_text(encoding="utf-8")))
             for file in (out / "2026Q3" / "units").glob("*.html")}
    return account, cards


def workbook(folder, *rows, error=None):
    """Cases as a workbook in which the rating of one line is an error."""
    exports(folder)
    (folder / "cases.csv").unlink()
    with xlsxwriter.Workbook(folder / "cases.xlsx") as book:
        sheet = book.add_worksheet()
        for line, cells in enumerate([HEADER, *rows]):
            sheet.write_row(line, 0, cells)
        if error:
            sheet.write_formula(error - 1, 9, "=NA()", None, "#N/A")
    return folder


def test_a_quarantined_case_stands_on_the_card_of_its_unit_with_its_reason_and_without_its_text(tmp_path):
    rows = [case("A"), case("B", rating="很满意", title="张三"), case("C"), case("D", "U2"), case("E", "U9")]
    account, cards = ran(workbook(tmp_path / "in", *rows, error=4), tmp_path / "out")
    assert {name: account["U1"][name] for name in ("received", "scored", "quarantined", "pending")} == {
        "received": 3, "scored": 1, "quarantined": 2, "pending": 0}
    assert (account["U2"]["received"], account[""]["quarantined"]) == (1, 1)
    assert "收到 3 件：计分 1 件、隔离 2 件" in cards["U1"]
    assert "B 公众评价：请改为以下之一" in cards["U1"] and "C 公众评价：" in cards["U1"]
    assert "张三" not in cards["U1"] and "隔离" not in cards["U2"].split("办件账")[1]


def test_once_mended_the_case_is_scored_and_one_that_is_not_used_is_left_out(tmp_path):
    folder = workbook(tmp_path / "in", case("A"), case("B", rating="很满意"), case("C"), case("D", "U2"), error=4)
    ran(folder, tmp_path / "out")
    mend(fix_of(tmp_path / "out"), folder / NAME, r2={"公众评价": "满意"}, r3={USE: "否"})
    account, cards = ran(folder, tmp_path / "out")
    assert {name: account["U1"][name] for name in ("received", "scored", "quarantined")} == {
        "received": 2, "scored": 2, "quarantined": 0}
    assert account[""]["left_out"] == 1 and "下列诉求件的数据有问题" not in cards["U1"]
