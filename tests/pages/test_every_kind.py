"""Every kind of page that is written, in a real browser: accessible, whole on a phone, readable without fonts."""

import re

import pytest
from fontTools.ttLib import TTFont

from pipelines.edges.paper import WEB_FONT, WEB_RANGES, paper_problem
from tests.pages import browser, every_kind

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(browser.chromium() is None, reason=browser.WITHOUT),
    pytest.mark.skipif(paper_problem() is not None, reason="no fonts on this machine: see `gongping doctor`"),
]
# Cells of a table so narrow that their text, of more characters than one line of them holds, runs down the page: within
# its padding a word of four characters stands on two lines at most, and a sentence has five characters a line.
SQUEEZED = """[...document.querySelectorAll('th, td')].filter(cell => {
        const long = cell.textContent.trim().length, style = getComputedStyle(cell), em = parseFloat(style.fontSize);
        const width = cell.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
        return cell.clientWidth > 0 && (long > 3 && width < 1.9 * em || long > 40 && width < 5 * em);
    }).map(cell => cell.textContent.trim())"""

# Tables that are wider than the box they stand in, by the box's name.
WIDER = """[...document.querySelectorAll('.wide')].filter(box => box.scrollWidth > box.clientWidth)
    .map(box => `${box.getAttribute('aria-label')} ${box.scrollWidth}`)"""
# Cells that hold one short word or figure and break it over two lines.
BROKEN = """[...document.querySelectorAll('th, td')].filter(cell => {
        const range = document.createRange();
        range.selectNodeContents(cell);
        const tops = new Set([...range.getClientRects()].filter(box => box.width).map(box => Math.round(box.top)));
        return !cell.querySelector('*') && /^(\\S{1,3}|[-+]?[\\d.]+%?)$/.test(cell.textContent.trim()) && tops.size > 1;
    }).map(cell => cell.textContent.trim())"""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Kind → a page of it, and the templates that pages were made of."""
    place = tmp_path_factory.mktemp("every")
    out = every_kind.write_all(place, place / "made")
    return every_kind.kinds(out), set((place / "made").read_text(encoding="utf-8").split())


def test_every_template_of_a_page_is_among_them(written):
    pages, made = written
    assert every_kind.templates() - made == set() and len(pages) > 30


@pytest.mark.parametrize(
    ("size", "scheme"),
    [(browser.DESKTOP, "light"), (browser.PHONE, "light"), (browser.TABLET, "dark")],
    ids=["desktop", "phone", "dark"],
)
def test_axe_finds_nothing_on_any_kind_of_page(chrome, written, size, scheme):
    found = {}
    for kind, file in written[0].items():
        page = chrome.new_page(viewport=size, bypass_csp=True, color_scheme=scheme)
        page.goto(file.as_uri())
        found[kind] = browser.violations(page)
        page.close()
    assert {kind: lines for kind, lines in found.items() if lines} == {}


def test_no_kind_of_page_scrolls_sideways_or_squeezes_a_cell_on_a_phone(chrome, written):
    found = {}
    for kind, file in written[0].items():
        page = chrome.new_page(viewport=browser.PHONE)
        page.goto(file.as_uri())
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        width = page.evaluate("document.documentElement.scrollWidth")
        cells = [*page.evaluate(SQUEEZED), *page.evaluate(BROKEN)]
        found[kind] = [*cells, *([width] if width != browser.PHONE["width"] else [])]
        page.close()
    assert {kind: faults for kind, faults in found.items() if faults} == {}


@pytest.mark.parametrize("size", [browser.TABLET, browser.DESKTOP], ids=["tablet", "desktop"])
def test_every_kind_of_page_fits_a_tablet_and_a_desktop(chrome, written, size):
    """English names of items and columns are longer: on a tablet their tables may scroll in their own boxes."""
    found = {}
    for kind, file in written[0].items():
        page = chrome.new_page(viewport=size)
        page.goto(file.as_uri())
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        width = page.evaluate("document.documentElement.scrollWidth")
        chinese = page.evaluate("document.documentElement.lang") == "zh-CN"
        found[kind] = [
            *page.evaluate(BROKEN),
            *(page.evaluate(WIDER) if chinese or size == browser.DESKTOP else []),
            *([width] if width != size["width"] else []),
        ]
        page.close()
    assert {kind: faults for kind, faults in found.items() if faults} == {}


@pytest.mark.parametrize("size", [browser.PHONE, browser.TABLET], ids=["phone", "tablet"])
def test_the_figures_at_the_head_of_a_page_have_lines_between_them_alone(chrome, written, size):
    """Six or seven cells: none at the left of a row, none above the first row."""
    seen = set()
    for kind, file in written[0].items():
        page = chrome.new_page(viewport=size)
        page.goto(file.as_uri())
        cells = page.locator(".figures > div").evaluate_all("""all => all.map(one => {
            const style = getComputedStyle(one);
            return [one.offsetLeft, one.offsetTop, style.borderLeftWidth, style.borderTopWidth]; })""")
        if cells:
            first, top = min(cell[0] for cell in cells), min(cell[1] for cell in cells)
            lines = [("0px" if left == first else "1px", "0px" if at == top else "1px") for left, at, *_ in cells]
            assert [tuple(cell[2:]) for cell in cells] == lines, kind
            seen.add(len(cells))
        page.close()
    assert seen == {6, 7}


def test_every_kind_of_page_prints_what_is_folded_and_nothing_to_tick_press_or_scroll(chrome, written):
    folded = 0
    for kind, file in written[0].items():
        page = chrome.new_page()
        page.goto(file.as_uri())
        page.emulate_media(media="print")
        screen_alone = "input[type=checkbox], #tools, .if, iframe, details.screen"
        assert page.locator(f":is({screen_alone}):visible").count() == 0, kind
        inside = page.locator("details:not(.screen) > :not(summary)")
        heights = inside.evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
        assert all(heights), kind
        folded += len(heights)
        page.close()
    assert folded > 10


def test_every_kind_of_page_finds_a_font_with_all_its_chinese_characters(written):
    for kind, file in written[0].items():
        text = file.read_text(encoding="utf-8")
        (address,) = re.findall(rf"url\(([./]*{WEB_FONT})\)", text)
        assert "font-src 'self'" in text, kind
        with TTFont((file.parent / address).resolve()) as font:
            drawn = {chr(code) for code in font.getBestCmap()}
        asked = {c for c in text if any(first <= ord(c) <= last for first, last in WEB_RANGES)}
        assert asked - drawn == set(), kind
