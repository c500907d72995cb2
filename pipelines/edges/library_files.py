"""The report on the two libraries as files: two tables, a page, and the page on paper."""

from pathlib import Path

from pipelines.edges import run_folders
from pipelines.edges.faults import machine_fault
from pipelines.edges.paper import Sheet, paper_problem, print_pages
from pipelines.edges.tablefiles import write_csv
from pipelines.edges.templates import render, style
from pipelines.model.library import LibraryReport
from pipelines.model.refusals import Refusal
from pipelines.model.rule import Rulebook
from pipelines.model.words import Words
from pipelines.views import libraries as view
from pipelines.views.tables import QUARANTINE, breach_rows
from pipelines.wording import say

FOLDER = "libraries"
PAGE = "libraries/index.html.j2"


def write_library_tables(report: LibraryReport, folder: Path) -> None:
    """`findings.csv`, `matters.csv` and, where there are any, `waivers.csv` in ``folder``, made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(folder / "findings.csv", view.FINDINGS, view.finding_rows(report))
    write_csv(folder / "matters.csv", view.MATTERS, view.matter_rows(report))
    if report.waivers:
        write_csv(folder / "waivers.csv", view.WAIVERS, view.waiver_rows(report))


def write_page(report: LibraryReport, rulebook: Rulebook, folder: Path, pdf: bool, **beside: bool) -> list[Sheet]:
    """`index.html` in ``folder``; returns what is to be printed. ``beside``: what the template may link to."""
    page = view.page(report, rulebook, say)
    (folder / "index.html").write_text(render(PAGE, page, pdf=pdf, **beside), encoding="utf-8")
    return [Sheet(render(PAGE, page, paper=True), folder / "index.pdf")] if pdf else []


def write_alone(report: LibraryReport, rulebook: Rulebook, out: Path, pdf: bool) -> tuple[Path, tuple[Words, ...]]:
    """Tables and page in `<out>/libraries`, each file whole or not at all; the folder, and notices about the PDF.

    A Refusal where it cannot be written.
    """
    target = Path(out) / FOLDER
    try:
        with run_folders.staging(Path(out)) as folder:
            problem = paper_problem() if pdf else None
            write_library_tables(report, folder)
            if report.quarantined:
                write_csv(folder / "quarantine.csv", QUARANTINE, breach_rows(report.quarantined))
            pages = write_page(report, rulebook, folder, pdf and not problem, alone=True)
            glyphs = print_pages(pages, style(), lambda done, total: None) if pages else ()
            target.mkdir(parents=True, exist_ok=True)
            for name in ("findings.csv", "matters.csv", "waivers.csv", "quarantine.csv", "index.html", "index.pdf"):
                _put(folder / name, target / name)
    except OSError as problem_:
        raise Refusal(say("publish.cannot_write", folder=target, why=machine_fault(problem_))) from None
    return target, ((problem,) if problem else glyphs)


def _put(file: Path, target: Path) -> None:
    """Into its place; one that was not made this time must not stay from the last."""
    if file.exists():
        file.replace(target)
    else:
        target.unlink(missing_ok=True)
