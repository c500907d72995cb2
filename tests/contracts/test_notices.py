"""Notices as people read them: once for several files of a table, and without what nothing uses on public pages."""

import pytest

from pipelines.cli import main
from pipelines.model.intake import Notice
from pipelines.model.words import Words
from pipelines.views.quality import folded_notices, public
from pipelines.wording import note


def told(file: str, table: str = "cases", columns: str = "电话、住址") -> Notice:
    facts = {"file": file, "n": 2, "columns": columns, "hint": Words("", "")}
    return note("ingest.extra_columns", of=table, public="ingest.extra_columns_public", **facts)


def test_what_several_files_of_a_table_say_alike_is_one_line():
    several = [told(f"cases_{month:02d}.csv") for month in (7, 8, 9)]
    [folded] = folded_notices(several)
    assert folded.en == "cases_07.csv and others (3 files): columns kept in the raw layer and not used: 电话、住址"
    assert folded.zh == "cases_07.csv 等 3 个文件：多出的列已保留在原始层，不参与计算：电话、住址"


@pytest.mark.parametrize("other", [told("cases_08.csv", columns="备注"), told("units.csv", table="units")])
def test_what_differs_or_is_of_another_table_stays_a_line(other):
    assert folded_notices([told("cases_07.csv"), other]) == [told("cases_07.csv"), other]


def test_the_same_notice_twice_is_one_and_names_no_others():
    assert folded_notices([told("cases.csv"), told("cases.csv"), Words("甲", "a"), Words("甲", "a")]) == [
        told("cases.csv"),
        Words("甲", "a"),
    ]


def test_public_pages_count_unused_columns_and_do_not_name_them():
    shown = public(told("cases.csv"))
    assert shown.en == "cases.csv: 2 columns were kept in the raw layer and not used"
    assert "电话" not in f"{shown.zh}{shown.en}{shown.value}{shown.public}"
    assert public(Words("甲", "a")) == Words("甲", "a")


def test_no_page_of_a_run_names_a_header_that_nothing_uses(tmp_path):
    """A run with an unused column in both months' files: the quality page and the bulletin have the number alone."""
    from tests.ingest.reading import HEADER, UNITS, row

    exports = tmp_path / "in"
    exports.mkdir()
    (exports / "units.csv").write_text(UNITS, encoding="utf-8")
    for month in "78":
        lines = [f"{HEADER},市民电话", *(f"{row(f'{month}{i}')},13800138000" for i in range(3)), ""]
        (exports / f"cases_{month}.csv").write_text("\n".join(lines), encoding="utf-8")
    absent = [f"--absent=cases.{name}" for name in ("signed_at", "replied_at", "closed_at", "public_rating")]
    with pytest.raises(SystemExit) as ended:
        main(["run", "2026Q3", "--exports", str(exports), "--out", str(tmp_path / "out"), "--no-pdf", *absent])
    assert not ended.value.code
    pages = [file for kind in ("html", "json") for file in (tmp_path / "out" / "2026Q3").rglob(f"*.{kind}")]
    assert pages and all("市民电话" not in page.read_text(encoding="utf-8") for page in pages)
    told_on = [page.name for page in pages if "多出的 1 列已保留在原始层" in page.read_text(encoding="utf-8")]
    assert told_on
