"""What stands beside the editions, in a real browser as narrow as a phone."""

import pytest

from pipelines.publication import desk as publishing
from pipelines.publication.editions import place_of
from tests.pages import browser
from tests.publication.office import LATER, LIN, PERIOD, WU, act, finished_run, published

pytestmark = [
    pytest.mark.skipif(browser.chromium() is None, reason=browser.WITHOUT),
]
HASH = "0123456789abcdef" * 4


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A published quarter with a correction for long reasons, made from other bytes; the folder of results."""
    out = tmp_path_factory.mktemp("out")
    published(out)
    inputs = [{"file": "cases-2026-07-exported-again.csv", "sha256": HASH}]
    finished_run(out, "-0.50", "FH2026-07-000123", manifest={"inputs": inputs, "readings": {"satisfied": "full_only"}})
    for person in (LIN, WU):
        act(out, publishing.approve, person, at=LATER)
    reason = "复核后撤销对甲局的扣分，并按新导出的诉求件表重新计算" * 3
    act(out, publishing.correct, reason, LIN, at=LATER, without_pdf=True)
    return place_of(out, PERIOD)


@pytest.fixture(scope="module")
def phone():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=browser.chromium(), args=["--no-sandbox"])
        yield started.new_page(viewport=browser.PHONE, bypass_csp=True)
        started.close()


NAMES = ["index.html", "edition-1.html", "correction-1.html", "2/publication.html", "../../preview/2026Q2/index.html"]


@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing_against_wcag(site, phone, name):
    phone.goto(f"file://{site}/{name}")
    assert browser.violations(phone) == []


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_cut(site, phone, name):
    phone.goto(f"file://{site}/{name}")
    assert phone.evaluate("document.documentElement.scrollWidth") == browser.PHONE["width"]
    assert browser.cut(phone) == []
    assert name == "edition-1.html" or phone.locator(".tight table").count() > 0
