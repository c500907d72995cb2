"""What `gongping watch` leaves: files of their own, each marked, in both languages, and nothing for a ranking."""

import csv
import json
import re
from fractions import Fraction

import pytest
from openpyxl import load_workbook

from pipelines.cli import main
from pipelines.edges.folders import list_periods, published
from pipelines.exports.rows import texts_of
from pipelines.model.period import Period
from pipelines.sample.make import make_sample

DAY, NEXT = "2026-08-14", "2026-08-17"


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """Two days of a small city, watched."""
    folder = tmp_path_factory.mktemp("running")
    make_sample(folder / "exports", Period.parse("2026Q3"), 6, 300, 4)
    for day in (DAY, NEXT):
        with pytest.raises(SystemExit) as ended:
            main(["watch", "2026Q3", "--exports", str(folder / "exports"), "--out", str(folder / "out"),
                  "--at", f"{day} 09:00"])
        assert not ended.value.code
    return folder / "out"


def test_every_file_says_that_it_is_no_assessment(out):
    files = [file for file in (out / "running").rglob("*") if file.is_file()]
    assert {file.suffix for file in files} == {".html", ".xlsx", ".csv", ".json"}
    for file in files:
        text = "".join(texts_of(file)) if file.suffix == ".xlsx" else file.read_text("utf-8")
        if file.suffix == ".csv" and len(text.splitlines()) == 1:
            continue  # nothing was found: a header alone
        english = ".en." in file.name or file.parent.name == "en"
        assert ("Running" if english else "运行中") in text, file
    for table in (out / "running/2026Q3" / DAY).glob("*.csv"):
        with table.open(encoding="utf-8-sig") as stream:
            assert all(row["state"] == "运行中" for row in csv.DictReader(stream))


def test_nothing_else_of_the_folder_is_touched(out):
    assert {file.name for file in out.iterdir() if not file.name.startswith(".")} == {"running"}
    assert published(out) == []
    list_periods(out)
    assert "2026Q3" not in (out / "index.html").read_text("utf-8")
    (out / "index.html").unlink()


def test_the_mornings_list_is_one_to_print(out):
    """A4 across, as wide as the page, its title and first row on every page; the most urgent first."""
    for file in (out / "running/2026Q3" / DAY).rglob("*.xlsx"):
        sheet = load_workbook(file)["运行中"]
        setup = sheet.page_setup
        assert (int(setup.paperSize), setup.orientation, int(setup.fitToHeight)) == (9, "landscape", 0)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage and sheet.print_title_rows == "$1:$1"
        assert "运行中" in sheet.oddHeader.left.text
        found = [row[4] for row in sheet.iter_rows(min_row=2, values_only=True)]
        order = ("已逾期，仍可挽回", "24小时", "72小时", "五个工作日", "更晚", "已逾期，单独")
        ranks = [next(k for k, begins in enumerate(order) if name.startswith(begins)) for name in found]
        assert ranks == sorted(ranks) and ranks


def test_pages_have_twins_and_lead_to_each_other(out):
    day = out / "running/2026Q3" / DAY
    names = {file.name for file in (day / "units").glob("*.html")}
    assert names == {file.name for file in (day / "units/en").glob("*.html")}
    assert len(names) == 6
    for page in day.rglob("*.html"):
        for href in re.findall(r'href="([^"#]+)"', page.read_text("utf-8")):
            assert (page.parent / href).exists(), (page, href)


def test_the_figures_of_a_day_agree_on_every_page(out):
    day = out / "running/2026Q3" / DAY
    told = json.loads((day / "watch.json").read_text("utf-8"))
    with (day / "steps.csv").open(encoding="utf-8-sig") as stream:
        steps = list(csv.DictReader(stream))
    assert told["assessment"] is False
    assert steps
    section = (day / "index.html").read_text("utf-8")
    for unit in told["units"]:
        page = (day / "units" / f"{unit['unit_id']}.html").read_text("utf-8")
        assert f"<dd>{unit['can_be_kept']}</dd>" in page
        lost = sum(Fraction(best) - Fraction(worst) for best, worst in unit["items"].values())
        assert lost == Fraction(unit["at_risk"])
        assert unit["at_risk"] in section or unit["at_risk"] == "0.00"
        own = [step for step in steps if step["unit_id"] == unit["unit_id"]]
        assert all((step["case_id"] or step["ref_id"]) in page for step in own[:80])
        assert (day / "units" / f"{unit['unit_id']}.xlsx").exists() == bool(own)


def test_the_next_day_tells_what_moved(out):
    assert "与 2026年8月14日 相比" in (out / "running/2026Q3" / NEXT / "index.html").read_text("utf-8")
    assert "无从比较" in (out / "running/2026Q3" / DAY / "index.html").read_text("utf-8")


def test_three_sentences_for_leaders(out):
    page = (out / "running/2026Q3" / DAY / "leaders.html").read_text("utf-8")
    assert page.split('<ol class="three">')[1].split("</ol>")[0].count("<li>") == 3
