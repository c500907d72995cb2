"""A headless Chromium for the tests that need a real browser, and axe-core to put into its pages."""

import shutil
from importlib.util import find_spec
from pathlib import Path

from pipelines.edges.paper import WEB_FONT

NAMES = ("chromium", "chromium-browser", "google-chrome")
WITHOUT = "no Chromium here: make test installs it where it may (scripts/test_tools.sh)"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
TABLET = {"width": 768, "height": 1024}


def chromium() -> str | None:
    """The browser's path, None where there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def complaints(page) -> list[str]:
    """Gathers what the console and the scripts of a page complain of; a page rendered alone has no font beside it."""
    found: list[str] = []

    def heard(message) -> None:
        if not message.location["url"].endswith(WEB_FONT):
            found.append(message.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def axe_source() -> str:
    """axe-core, out of the package that carries it; the package itself is not imported."""
    return (Path(find_spec("axe_playwright_python").origin).parent / "axe.min.js").read_text(encoding="utf-8")


def violations(page) -> list[str]:
    """What axe-core finds against WCAG 2.2 AA and its own good practice, one line each."""
    page.evaluate(axe_source())
    found = page.evaluate("tags => axe.run(document, {runOnly: tags})", WCAG)
    return [f"{one['id']}: {node['html'][:160]}" for one in found["violations"] for node in one["nodes"][:3]]


def cut(page) -> list[str]:
    """The labels of the boxes whose table is wider than the screen although it is meant to fit a phone."""
    return page.evaluate("""[...document.querySelectorAll('.tight')].filter(one => one.scrollWidth > one.clientWidth)
        .map(one => one.getAttribute('aria-label'))""")
