"""Publications of the invented quarter for all tests that only read them."""

import pytest

from pipelines.stages.publish import publish
from tests.pages import browser, fixture


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The published folder, without PDF."""
    out = tmp_path_factory.mktemp("out")
    return publish(fixture.warehouse(), fixture.result(), out, pdf=False).folder


@pytest.fixture(scope="session")
def printed(tmp_path_factory):
    """The quarter published with PDFs."""
    return publish(fixture.warehouse(), fixture.result(), tmp_path_factory.mktemp("printed"))


@pytest.fixture(scope="module")
def chrome():
    """Debian's browser, without a page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=browser.chromium(), args=["--no-sandbox"])
        yield started
        started.close()
