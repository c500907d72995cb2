"""Printing the sample's scorecards and bulletin: ours beside a plain WeasyPrint pool and beside Chromium."""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from pipelines.edges.paper import VARIANT, Sheet, print_pages
from pipelines.edges.templates import render, style
from pipelines.edges.wording import say
from pipelines.model.period import Period
from pipelines.paths import FONTS, ROOT
from pipelines.stages.publish import PRINTED_LINES, SCORECARD
from pipelines.views import tables
from pipelines.views.bulletin import Bulletin
from pipelines.views.scorecard import Scorecards

CARDS = 300
PERIOD = Period(2026, 3)
CHROMIUM_CARDS = 20  # Chromium prints so many; its time is scaled to all
ROUNDS = 2  # the sides take turns and the best counts; processor seconds bear a busy machine better
LIMITS = {"html of the scorecards": 3, "ours / best plain pool, CPU": 1.2, "peak memory, GiB": 1}

_plain = None  # of a worker of the plain pool


@dataclass(frozen=True)
class Pages:
    """What is to be printed, and the seconds that its HTML took."""

    sheets: list[Sheet]
    html_seconds: float


def measure_pages(work: Path, exports: Path) -> list[tuple[str, float, float]]:
    """(what, figure, limit) lines for the report; ``exports`` holds a sample quarter of CARDS units."""
    pages = make_pages(work / "pages", exports)
    sides = {"ours": lambda: print_pages(pages.sheets, style(), lambda *_: None),
             "plain": lambda: print_plainly(pages.sheets)}  # fmt: skip
    rounds = [{name: _cost(work) for name, work in sides.items()} for _ in range(ROUNDS)]
    clock, cpu = ({name: min(each[name][n] for each in rounds) for name in sides} for n in (0, 1))
    chromium = print_with_chromium(pages.sheets[:CHROMIUM_CARDS]) * len(pages.sheets) / CHROMIUM_CARDS
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024**2  # the largest single process
    figures = {
        "html of the scorecards": pages.html_seconds,
        "ours / best plain pool, CPU": cpu["ours"] / cpu["plain"],
        "peak memory, GiB": 2 * peak,
    }
    print(f"{len(pages.sheets)} PDFs: ours {clock['ours']:.1f} s (CPU {cpu['ours']:.1f}), "
          f"plain pool {clock['plain']:.1f} s (CPU {cpu['plain']:.1f}), Chromium about {chromium:.1f} s")
    return [(name, figure, LIMITS[name]) for name, figure in figures.items()]


def make_pages(folder: Path, exports: Path) -> Pages:
    """Score the quarter and render the HTML of every scorecard, and of the bulletin, for paper."""
    from pipelines.assess import Request, Run
    from pipelines.edges.official_paper import official_sheet

    folder.mkdir(parents=True, exist_ok=True)
    with Run(Request(PERIOD, exports, folder)) as run:
        for stage in ("ingest", "validate", "measure", "judge", "settle", "rank"):
            getattr(run, stage)()
        assessment, sums = run.assessment(), run.warehouse.records("publish/sums")
        ledger = _ledger(run.warehouse)
    start = time.perf_counter()
    cards = Scorecards(assessment, say)
    sheets = [
        Sheet(render(SCORECARD, cards.of(s, ledger.get(s.unit_id, []), (), PRINTED_LINES), paper=True),
              folder / f"{number}.pdf")
        for number, s in enumerate(assessment.standings)
    ]  # fmt: skip
    seconds = time.perf_counter() - start
    bulletin = Bulletin(assessment, sums, say).page()
    return Pages([*sheets, Sheet(official_sheet(assessment, bulletin), folder / "bulletin.pdf", True)], seconds)


def print_plainly(sheets: list[Sheet]) -> None:
    """The best plain pool: two processes, fonts and style loaded once in each, nothing checked."""
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(
        2, get_context("spawn"), _prepare, (style(), str(FONTS / "fonts.conf"))
    ) as pool:
        list(pool.map(_print, ((s.html, f"{folder}/{n}.pdf", s.alone) for n, s in enumerate(sheets)), chunksize=5))


def print_with_chromium(sheets: list[Sheet]) -> float:
    """The seconds in which headless Chromium prints the sheets one by one; NaN where there is none."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        return float("nan")
    with tempfile.TemporaryDirectory() as folder:
        commands = list(_chromium(browser, Path(folder), sheets))
        return _seconds(lambda: [subprocess.run(c, check=True, capture_output=True, timeout=120) for c in commands])


def _chromium(browser: str, folder: Path, sheets: list[Sheet]) -> Iterator[list[str]]:
    for number, sheet in enumerate(sheets):
        page = folder / f"{number}.html"
        page.write_text(sheet.html.replace("</head>", f"<style>{style()}</style></head>"), encoding="utf-8")
        yield [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--print-to-pdf={page.with_suffix('.pdf')}",
               page.as_uri()]  # fmt: skip


def _prepare(css: str, conf: str) -> None:
    global _plain
    os.environ["FONTCONFIG_FILE"] = conf
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration

    fonts = FontConfiguration()
    _plain = fonts, weasyprint.CSS(string=css, font_config=fonts)


def _print(page: tuple[str, str, bool]) -> None:
    import weasyprint

    html, file, alone = page
    fonts, css = _plain
    sheets = [] if alone else [css]
    weasyprint.HTML(string=html).write_pdf(file, stylesheets=sheets, font_config=fonts, pdf_variant=VARIANT)


def _ledger(warehouse) -> dict[str, list[dict]]:
    from pipelines.edges.ledger import ledger_by_unit

    return {unit_id: list(lines) for unit_id, lines in ledger_by_unit(warehouse, tables.LEDGER)}


def _cost(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and of the processor in this process and its children."""
    before = _processor()
    return _seconds(work), _processor() - before


def _processor() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def sample_exports(folder: Path, units: int = CARDS) -> Path:
    """A sample quarter of so many units, written by `gongping sample`."""
    command = [sys.executable, "-m", "pipelines", "sample", str(folder), "--period", str(PERIOD), "--units", str(units)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="gongping-pages-") as place:
        asked = int(sys.argv[1]) if len(sys.argv) > 1 else CARDS
        for what, figure, limit in measure_pages(Path(place), sample_exports(Path(place) / "exports", asked)):
            print(f"{what}: {figure:.2f} (at most {limit})")
