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
from tests.pages import browser

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
    assert {file.suffix for file in files} == {".html", ".xlsx", ".csv", ".json", ".woff2"}
    for file in (one for one in files if one.suffix != ".woff2"):
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


needs_browser = pytest.mark.skipif(browser.chromium() is None, reason=browser.WITHOUT)
PAGES = ["index.html", "index.en.html", "leaders.html", "units/U001.html", "units/en/U001.html"]
A4 = {"width": 643, "height": 900}  # what the margins leave of the sheet


@pytest.fixture(scope="module")
def opened(out):
    """Opens a page of the second day in a real browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        chrome = driver.chromium.launch(executable_path=browser.chromium(), args=["--no-sandbox"])

        def open_page(name, size=browser.DESKTOP, **options):
            page = chrome.new_context(viewport=size, bypass_csp=True, **options).new_page()
            page.goto(f"file://{out}/running/2026Q3/{NEXT}/{name}")
            return page

        yield open_page
        chrome.close()


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_by_day_and_in_the_dark(opened, name, scheme):
    """The shades of the heat map too: their figures are read in either."""
    page = opened(name, color_scheme=scheme)
    assert page.locator("td.s1, td.s2, td.s3").count() or not name.startswith("index")
    assert browser.violations(page) == []


@needs_browser
@pytest.mark.parametrize("name", PAGES)
def test_on_a_phone_no_page_scrolls_sideways_and_none_needs_a_script(opened, name):
    page = opened(name, browser.PHONE)
    assert browser.violations(page) == [] and page.locator("script").count() == 0
    for width in (browser.PHONE["width"], 320):
        page.set_viewport_size({"width": width, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") == width


@needs_browser
@pytest.mark.parametrize("name", PAGES)
def test_on_paper_no_table_is_cut_and_the_shades_are_printed(opened, name):
    page = opened(name, A4, color_scheme="dark")
    page.emulate_media(media="print")
    wide = "[...document.querySelectorAll('.wide, ol.steps')].filter(one => one.scrollWidth > one.clientWidth).length"
    assert page.evaluate(wide) == 0
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(29, 36, 48)"
    kept = "all => all.every(one => getComputedStyle(one).printColorAdjust == 'exact')"
    assert page.locator(".heat td").evaluate_all(kept)
