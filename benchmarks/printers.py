"""Ways to print the same sheets: ours, plain WeasyPrint in a pool and in a loop, Chromium; and Typst their contents."""

import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from pipelines.edges.paper import VARIANT, WORKERS, Sheet, fontconfig, print_pages
from pipelines.edges.templates import style
from pipelines.paths import FONTS

_plain = None  # of a worker of the plain pool
_fonts = None  # of a worker of Typst


def ours(sheets: list[Sheet], folder: Path) -> None:
    """The project's printing with its checks; every side writes ``<folder>/<number>.pdf``."""
    notices = print_pages([s._replace(file=_file(folder, n)) for n, s in enumerate(sheets)], style(), lambda *_: None)
    assert not notices, notices


def plain_pool(sheets: list[Sheet], folder: Path) -> None:
    """The best plain pool: fonts and style loaded once in each of two processes, the long bulletin first."""
    with ProcessPoolExecutor(WORKERS, get_context("spawn"), _prepare, (style(), _conf(folder))) as pool:
        list(pool.map(_print, _jobs(sheets, folder)))


def plain_loop(sheets: list[Sheet], folder: Path) -> None:
    """A plain loop in one process that gives each document its style anew."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        pool.submit(_loop, list(_jobs(sheets, folder)), style(), _conf(folder)).result()


def chromium(sheets: list[Sheet], folder: Path) -> None:
    """One headless Chromium that prints page after page: no PDF/A, as it has none; FileNotFoundError without it."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise FileNotFoundError("chromium")
    with sync_playwright() as playwright:
        fonts = {**os.environ, "FONTCONFIG_FILE": _conf(folder)}
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"], env=fonts)
        page = browser.new_page()
        for html, file, alone in _jobs(sheets, folder):
            page.set_content(html if alone else html.replace("</head>", f"<style>{style()}</style></head>"))
            page.pdf(path=file, prefer_css_page_size=True, tagged=True)
        browser.close()


def typst(sources: list[Sheet], folder: Path) -> None:
    """Typst in two processes, its fonts loaded once in each: tagged PDF/A-2a of the pages as `as_typst` writes them."""
    jobs = [(source.html, str(_file(folder, n))) for n, source in enumerate(sources)]
    with ProcessPoolExecutor(WORKERS, get_context("spawn"), _load_fonts) as pool:
        list(pool.map(_typeset, jobs))


def _load_fonts() -> None:
    global _fonts
    import typst as library

    _fonts = library.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])


def _typeset(job: tuple[str, str]) -> None:
    import typst as library

    source, file = job
    compiler = library.Compiler(font_paths=_fonts, ignore_system_fonts=True)
    compiler.compile(input=source.encode(), output=file, format="pdf", pdf_standards=["a-2a"])


def _conf(folder: Path) -> str:
    """The file with which a side finds the same fonts as ours."""
    conf = folder / "fonts.conf"
    conf.write_text(fontconfig(), encoding="utf-8")
    return str(conf)


def _jobs(sheets: list[Sheet], folder: Path) -> list[tuple[str, str, bool]]:
    return [(sheet.html, str(_file(folder, n)), sheet.alone) for n, sheet in enumerate(sheets)]


def _file(folder: Path, number: int) -> Path:
    return folder / f"{number}.pdf"


def _prepare(css: str, conf: str) -> None:
    global _plain
    os.environ["FONTCONFIG_FILE"] = conf  # read when the library is loaded
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration

    fonts = FontConfiguration()
    _plain = fonts, weasyprint.CSS(string=css, font_config=fonts)


def _print(job: tuple[str, str, bool]) -> None:
    import weasyprint

    html, file, alone = job
    fonts, css = _plain
    sheets = [] if alone else [css]
    weasyprint.HTML(string=html).write_pdf(file, stylesheets=sheets, font_config=fonts, pdf_variant=VARIANT)


def _loop(jobs: list[tuple[str, str, bool]], css: str, conf: str) -> None:
    os.environ["FONTCONFIG_FILE"] = conf
    import weasyprint

    for html, file, alone in jobs:
        sheets = [] if alone else [weasyprint.CSS(string=css)]
        weasyprint.HTML(string=html).write_pdf(file, stylesheets=sheets, pdf_variant=VARIANT)
