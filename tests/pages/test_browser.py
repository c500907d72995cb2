"""The pages in a real browser: for everybody (WCAG 2.2 AA), on a phone, by keyboard, without JavaScript, offline."""

import re
from dataclasses import replace

import pytest

from pipelines.contracts.quality import write_report
from pipelines.edges.paper import WEB_FONT, font_beside
from pipelines.model.text import file_stem
from pipelines.rulebook.load import load_rulebook
from pipelines.stages.publish import publish
from tests.pages import browser, fixture
from tests.rules.book import FROZEN

pytestmark = [
    pytest.mark.skipif(browser.chromium() is None, reason=browser.WITHOUT),
]
# A percent sign of a file name is `%25` in an address; the name of the hostile unit has them.
PAGES = ["index.html", "index.en.html", "method.html", "method.en.html", "bulletin.html", "bulletin.en.html",
         "quality/index.html", "quality/index.en.html", "units/en/U001.html",
         "units/U001.html", f"units/{file_stem(fixture.HOSTILE)}.html".replace("%", "%25"),
         "../index.html"]
REPORT = {
    "simulated": "模拟数据", "mend": [], "warnings": [], "notices": [{"zh": "多出一列：备注", "en": "an extra column"}],
    "tables": [{"table": "cases", "title": {"zh": "诉求件", "en": "cases"}, "absent": False, "others": [],
                "rows": {"read": 9, "accepted": 7, "quarantined": 1, "blank": 1},
                "note": {"zh": "空行 1 行", "en": "1 blank"},
                "promises": [{"promise": "closed_after_dispatch", "says": {"zh": "办结不早于派发", "en": ""},
                              "severity": "reject", "broken": 1, "second_check": "kept"}]}],
}


# How many lines the text of a cell takes.
LINES = """const range = document.createRange(); range.selectNodeContents(cell);
    return new Set([...range.getClientRects()].map(box => Math.round(box.top))).size;"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A published quarter under the standard rules, with a quality report and the list of quarters."""
    out = tmp_path_factory.mktemp("site")
    write_report(out / "report", REPORT)
    scored = fixture.result()
    rulebook = load_rulebook(FROZEN, scored.period.start.date())
    readings = {reading.id: reading.default for reading in rulebook.readings.values()} | {"satisfied": "full_only"}
    quarter = replace(scored, rulebook=rulebook, readings=readings, **fixture.doubted(scored))
    publish(fixture.warehouse(), quarter, out / "out", pdf=False, quality=lambda: out / "report")
    font_beside(out / "out" / "2026Q3", (out / "out" / "2026Q3").rglob("*.html"))
    font_beside(out / "out", [out / "out" / "index.html"])
    return out / "out" / "2026Q3"


@pytest.fixture
def opened(chrome, site):
    """Opens a page; what it asked for and what it complained about are kept on it."""
    contexts = []

    def open_page(name, size=browser.DESKTOP, **options):
        context = chrome.new_context(viewport=size, **options)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(f"file://{site}/{name}")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", [name for name in PAGES if name != "method.en.html"])  # long, and built as its twin
def test_axe_finds_nothing_against_wcag(opened, name):
    assert browser.violations(opened(name, bypass_csp=True)) == []


@pytest.mark.parametrize("name", ["index.html", "units/U001.html"])
def test_axe_finds_nothing_on_a_phone(opened, name):
    assert browser.violations(opened(name, browser.PHONE, bypass_csp=True)) == []


def test_axe_would_find_a_fault(opened):
    page = opened("../index.html", bypass_csp=True)
    page.evaluate("document.querySelector('.head p').style.color = '#ccc'")
    assert [line.split(":")[0] for line in browser.violations(page)] == ["color-contrast"]


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_never_scrolls_a_page_sideways(opened, name):
    page = opened(name, browser.PHONE)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") == browser.PHONE["width"]
    page.set_viewport_size({"width": 320, "height": 700})  # WCAG 1.4.10
    assert page.evaluate("document.documentElement.scrollWidth") == 320


@pytest.mark.parametrize("name", ["../index.html", "bulletin.html", "units/U001.html", "units/en/U001.html"])
def test_on_a_phone_the_tables_that_people_read_whole_are_not_cut(opened, name):
    page = opened(name, browser.PHONE)
    assert page.locator(".tight").count() > 0
    assert browser.cut(page) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_for_nothing_but_itself_and_breaks_no_policy(opened, name):
    page = opened(name)
    assert {address.rpartition("/")[2] for address in page.asked[1:]} <= {WEB_FONT}  # where there are no Chinese fonts
    assert page.complaints == []


def first_names(page):
    return page.locator("table.sortable").first.locator("tbody tr:visible th").all_inner_texts()


def test_the_ranking_sorts_by_keyboard_and_says_so(opened):
    page = opened("index.html")
    before = first_names(page)
    head = page.locator("table.sortable").first.locator("th", has_text="总分")
    head.locator("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    page.keyboard.press("Space")
    assert head.get_attribute("aria-sort") == "ascending"
    assert first_names(page) == before[::-1]
    assert page.locator("table.sortable").first.locator("[aria-sort]").count() == 1
    assert page.locator("[role=status]").inner_text() == "已按“总分”从小到大排列"


def test_search_and_group_filter_leave_the_matching_rows_and_say_how_many(opened):
    page = opened("index.html")
    page.get_by_label("查找单位").fill("集 团")
    assert first_names(page) == ["市燃气集团有限公司", "市供水集团有限公司"]
    assert page.locator("[role=status]").inner_text() == "显示 2 个单位，共 6 个"
    assert page.locator("h3:visible").all_inner_texts() == ["企业"]
    page.get_by_label("查找单位").fill("")
    page.get_by_label("单位类别").select_option(label="区县")
    assert first_names(page) == ["东湖区人民政府", "西山区人民政府"]
    page.get_by_label("查找单位").fill("没有这个单位")
    assert page.locator("[role=status]").inner_text() == "没有符合条件的单位"


def test_numbers_sort_as_numbers_and_missing_ones_last(opened):
    page = opened("index.html")
    page.locator("table.sortable").first.get_by_role("button", name="较上季").click()
    moves = page.locator("table.sortable").first.locator("tbody tr td:last-child").all_inner_texts()
    assert moves == ["↑2", "↓3", "—", "—", "—"]


def test_without_javascript_the_ranking_is_complete_and_shows_no_dead_tools(opened):
    page = opened("index.html", java_script_enabled=False)
    assert len(first_names(page)) == 5
    assert page.get_by_text("市档案馆").is_visible()
    assert not page.locator("#tools").is_visible()
    assert page.locator("th button").count() == 0


def test_the_first_tab_stop_skips_to_the_content_and_can_be_seen(opened):
    page = opened("index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_languages_lead_to_each_other_and_quarters_to_their_list(opened):
    page = opened("index.html")
    page.get_by_role("link", name="English").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Ranking, quarter 3 of 2026"
    assert page.evaluate("document.documentElement.lang") == "en"
    page.get_by_role("link", name="Other quarters").click()
    assert page.get_by_role("heading", level=1).inner_text().startswith("各季度考核结果")
    page.get_by_role("link", name="评分办法").first.click()
    assert page.get_by_role("heading", level=1).inner_text() == "2026年第三季度考核评分办法"


def test_the_list_of_quarters_is_also_reached_from_the_folder_behind_the_link(chrome, site):
    page = chrome.new_page()
    page.goto(f"file://{site.resolve()}/index.html")
    page.get_by_role("link", name="其他季度").click()
    page.get_by_role("link", name="各季度考核结果在这里").click()
    assert page.get_by_role("link", name="English").count() == 1
    page.close()


@pytest.mark.parametrize(("wanted", "found"), [
    ("供水司", ["市供水集团有限公司"]),      # characters in order
    ("司水供", []),
    ("u002", ["西山区人民政府"]),            # a code
    ("gsjt", ["市供水集团有限公司"]),        # pinyin: initials, whole syllables, and both
    ("gongshui", ["市供水集团有限公司"]),
    ("xishanq", ["西山区人民政府"]),
    ("shjt", ["市燃气集团有限公司", "市供水集团有限公司"]),
    ("gongran", []),
    ("u", ["东湖区人民政府", "西山区人民政府", "市燃气集团有限公司", "市供水集团有限公司"]),
])
def test_search_knows_abbreviations_and_codes(opened, wanted, found):
    page = opened("index.html")
    page.get_by_label("查找单位").fill(wanted)
    assert [name for name in first_names(page) if "=cmd" not in name] == found


def test_what_is_shown_stands_in_the_address_and_comes_back_from_it(opened):
    page = opened("index.html")
    page.get_by_label("查找单位").fill("u00")
    page.locator("table.sortable").first.get_by_role("button", name="总分").click()
    page.locator("table.sortable").first.get_by_role("button", name="总分").click()
    names, address = first_names(page), page.url.partition("#")[2]
    again = opened(f"index.html#{address}")
    assert again.get_by_label("查找单位").input_value() == "u00" and first_names(again) == names
    assert "find=u00" in address and "sort=2%2Cup" in address
    assert opened("index.html#group-1").url.endswith("#group-1") and again.complaints == []


@pytest.mark.parametrize("unit", ["U001", "U003"])
def test_on_a_phone_the_own_mark_is_seen_at_once(opened, unit):
    page = opened(f"units/{unit}.html", browser.PHONE)
    box = page.locator(".scroll").first.locator("svg text", has_text="本单位").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= browser.PHONE["width"]


def test_on_a_phone_the_totals_of_a_short_ranking_are_seen_at_once(opened):
    """A book without bonus in a city without groups and ratings: place, unit, total and cases."""
    page = opened("index.html", browser.PHONE)
    table = page.locator("table.sortable").first
    table.evaluate("table => { for (const row of table.rows) while (row.cells.length > 4) row.deleteCell(3); }")
    for box in (cell.bounding_box() for cell in table.locator("tbody td:nth-child(3)").all()):
        assert box["x"] + box["width"] <= browser.PHONE["width"]


def test_on_a_phone_the_table_of_files_is_not_wider_than_the_screen(opened):
    page = opened("index.html", browser.PHONE)
    box = page.locator(".wide.files")
    assert box.evaluate("box => box.scrollWidth <= box.clientWidth")
    assert "result.schema.json" in box.inner_text()


def test_on_a_phone_the_number_of_a_case_stands_on_one_line(opened):
    page = opened("units/U001.html", browser.PHONE)
    page.locator("td.case").first.evaluate("cell => { cell.textContent = '2026040900001'; }")
    lines = page.locator("td.case").first.evaluate(f"cell => {{ {LINES} }}")
    assert lines == 1


def test_the_names_beside_the_chart_of_moves_stand_in_columns(opened):
    page = opened("index.html")
    texts = page.locator("#moves ~ figure").first.locator("svg text")
    boxes = [(text.text_content(), text.bounding_box()) for text in texts.all()]
    names = [box for said, box in boxes if said in first_names(page)]
    middle = sum(box["x"] for box in names) / len(names)
    left, right = ([b for b in names if (b["x"] < middle) is side] for side in (True, False))
    assert len(left) > 1 and len(right) > 1
    assert max(b["x"] + b["width"] for b in left) - min(b["x"] + b["width"] for b in left) < 1
    assert max(b["x"] for b in right) - min(b["x"] for b in right) < 1


def test_on_paper_two_rates_stand_beside_each_other(opened):
    page = opened("units/U001.html", {"width": 650, "height": 900})  # A4 between its margins
    page.emulate_media(media="print")
    one, two = (figure.bounding_box() for figure in page.locator(".rates figure").all()[:2])
    assert one["y"] == two["y"] and one["x"] + one["width"] <= two["x"]


def test_every_shade_of_the_heat_map_has_a_dark_of_its_own(opened):
    def grounds(page):
        shade = """(cell, name) => { cell.className = name; return getComputedStyle(cell).backgroundColor; }"""
        cell = page.locator(".heat td:not(.n)").first
        return [cell.evaluate(shade, name) for name in ("", "s1", "s2", "s3", "s4", "s5")]

    light, dark = grounds(opened("index.html")), grounds(opened("index.html", color_scheme="dark"))
    assert len({*light, *dark}) == 12
    assert all(sum(map(int, re.findall(r"\d+", ground)[:3])) < 3 * 96 for ground in dark)


@pytest.mark.parametrize("media", ["screen", "print"])
@pytest.mark.parametrize("name", ["index.html", "bulletin.html", "units/U001.html", "quality/index.html"])
def test_without_chinese_fonts_every_text_has_the_pages_own_font_to_fall_back_to(opened, name, media):
    page = opened(name)
    page.emulate_media(media=media)
    families = page.evaluate("""[...new Set([...document.querySelectorAll('main *')].filter(one => /[一-鿿]/.test(
        one.textContent)).map(one => getComputedStyle(one).fontFamily))]""")
    assert families and [family for family in families if "Gongping" not in family] == []


@pytest.mark.parametrize("name", ["index.html", "bulletin.html", "units/U001.html", "quality/index.html"])
def test_axe_finds_nothing_in_the_dark(opened, name):
    page = opened(name, color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(27, 33, 43)"
    assert browser.violations(page) == []


def test_another_reading_ranks_the_page_anew_and_back_and_stands_in_the_address(opened):
    page = opened("index.html")
    cells = "rows => rows.map(row => [row.dataset.at, ...[0, 2, 3, 4].map(n => row.cells[n].textContent)])"
    table = page.locator("table.sortable").first
    before = table.locator("tbody tr").evaluate_all(cells)
    moved = "rows => rows.map(row => row.cells[row.cells.length - 1].textContent)"
    since = table.locator("tbody tr").evaluate_all(moved)
    assert any(one != "—" for one in since)
    page.locator("#reread summary").click()
    page.get_by_label("满意的认定").select_option("1")
    assert set(table.locator("tbody tr").evaluate_all(moved)) == {"—"}  # a change between two readings says nothing
    after = table.locator("tbody tr").evaluate_all(cells)
    assert {int(at): (int(place), total, base, bonus) for at, place, total, base, bonus in after} == fixture.REREAD
    assert [row[1] for row in after] == sorted((row[1] for row in after), key=int)
    assert page.locator("[role=status]").inner_text() == (
        "改换 1 项释义后：4 个单位名次变动，最多 3 位；1 个单位总分变动；“办件、满意率、较上季”只按现行释义，此时不列"
    )
    assert page.locator("svg.places .reread").get_attribute("d").count("M") == 4
    again = opened(f"index.html#{page.url.partition('#')[2]}")
    assert again.locator("table.sortable").first.locator("tbody tr").evaluate_all(cells) == after
    page.get_by_role("button", name="全部恢复现行释义").click()
    assert table.locator("tbody tr").evaluate_all(moved) == since
    assert table.locator("tbody tr").evaluate_all(cells) == before and page.complaints == again.complaints == []


def test_two_units_stand_beside_each_other_and_in_the_address(opened):
    page = opened("index.html")
    page.get_by_label("两个单位对照").select_option(label="东湖区人民政府")
    page.locator("#two").select_option(label="市供水集团有限公司")
    texts = "all => all.map(row => [...row.cells].map(cell => cell.textContent))"
    total = "all => all.map(row => [row.cells[1].querySelector('a').textContent, row.cells[2].textContent])"
    rows = page.locator("#compared tbody tr").evaluate_all(texts)
    assert ["及时签收与回复", "19.5", "0", "+19.50"] in rows and len(rows) == 11
    totals = dict(page.locator("table.sortable").first.locator("tbody tr").evaluate_all(total))
    mine, others = totals["东湖区人民政府"], totals["市供水集团有限公司"]
    assert rows[-1] == ["总分", mine, others, f"{float(mine) - float(others):+.2f}"]
    again = opened(f"index.html#{page.url.partition('#')[2]}")
    assert again.locator("#compared tbody tr").count() == 11 and page.complaints == again.complaints == []
