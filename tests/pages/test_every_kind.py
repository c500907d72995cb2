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


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Kind → a page of it, and the templates that pages were made of."""
    place = tmp_path_factory.mktemp("every")
    out = every_kind.write_all(place, place / "made")
    return every_kind.kinds(out), set((place / "made").read_text(encoding="utf-8").split())


def test_every_template_of_a_page_is_among_them(written):
    pages, made = written
    assert every_kind.templates() - made == set() and len(pages) > 30


@pytest.mark.parametrize("size", [browser.DESKTOP, browser.PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_on_any_kind_of_page(chrome, written, size):
    found = {}
    for kind, file in written[0].items():
        page = chrome.new_page(viewport=size, bypass_csp=True)
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
        found[kind] = [*page.evaluate(SQUEEZED), *([width] if width != browser.PHONE["width"] else [])]
        page.close()
    assert {kind: faults for kind, faults in found.items() if faults} == {}


def test_no_kind_of_page_prints_boxes_to_tick_or_buttons(chrome, written):
    for kind, file in written[0].items():
        page = chrome.new_page()
        page.goto(file.as_uri())
        page.emulate_media(media="print")
        assert page.locator("input[type=checkbox]:visible, #tools:visible, .if:visible").count() == 0, kind
        page.close()


def test_every_kind_of_page_finds_a_font_with_all_its_chinese_characters(written):
    for kind, file in written[0].items():
        text = file.read_text(encoding="utf-8")
        (address,) = re.findall(rf"url\(([./]*{WEB_FONT})\)", text)
        assert "font-src 'self'" in text, kind
        with TTFont((file.parent / address).resolve()) as font:
            drawn = {chr(code) for code in font.getBestCmap()}
        asked = {c for c in text if any(first <= ord(c) <= last for first, last in WEB_RANGES)}
        assert asked - drawn == set(), kind
