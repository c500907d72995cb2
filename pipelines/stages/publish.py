"""Publish: assessment → pages, tables, feed and manifest, switched into place at once."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any
from unicodedata import normalize

from pipelines.edges import folders
from pipelines.edges.fingerprints import code_version, contract_hashes, file_sha256, folder_sha256
from pipelines.edges.folders import list_periods
from pipelines.edges.machine import machine_fault
from pipelines.edges.paper import Sheet, absent_fonts, font_beside, official_sheet, paper_problem, print_pages
from pipelines.edges.process import in_two
from pipelines.edges.published import keep_proposed, proposed_file, tallies_of
from pipelines.edges.tablefiles import (
    FOLDER,
    CsvFile,
    feed,
    ledger_by_unit,
    ledger_lines,
    misses,
    write_csv,
    write_json,
    write_library_tables,
    write_page,
)
from pipelines.edges.templates import render, style
from pipelines.edges.warehouse import Warehouse
from pipelines.edges.workbook import Workbook
from pipelines.exports.rows import texts_of, views
from pipelines.model.contract import Column, Contracts, TableContract
from pipelines.model.score import Paper, ScoredPeriod, Standing
from pipelines.model.text import Evaluator, Panel, file_stem
from pipelines.model.words import ContractStop, Refusal, Words
from pipelines.paths import CONTRACTS, REPORTS, RULES
from pipelines.views import tables
from pipelines.views.bulletin import Bulletin
from pipelines.views.counterfactual import Counterfactuals
from pipelines.views.figures import Say, named, speaking
from pipelines.views.frame import PROPOSING, SUFFIX, absences, proposing
from pipelines.views.libraries import finding_rows
from pipelines.views.ranking import RECOMPUTE, ranking, verdicts
from pipelines.views.rules import Lines, method
from pipelines.views.scorecard import Scorecards
from pipelines.views.tables import SCHEMA, head, manifest
from pipelines.wording import say

PRINTED_LINES = 32  # on a printed scorecard, shared among its rules; the web page and ledger.csv hold all of them
FEED_TABLES = ("ranking", "items", "verdicts", "quarantine")
BULLETIN = "bulletin/bulletin.html.j2"
SCORECARD = "scorecard/scorecard.html.j2"
RANKING = "site/index.html.j2"
METHOD = "site/method.html.j2"
NOBODY = Panel(())
Progress = Callable[[str, int, int], None]
PORTION = 50  # units whose ledger lines are held at a time
Made = list[tuple[str, str, dict[str, Any]]]  # pages: name, template and page dict of each
Card = tuple[str, Callable[..., dict[str, Any]]]  # a unit, and what makes its scorecard


@dataclass(frozen=True)
class Published:
    """A published period: the folder that readers open, and what is worth a line to the user."""

    folder: Path
    notices: tuple[Words, ...] = ()


def silent(stage: str, done: int, total: int) -> None:
    """A progress listener that says nothing."""


def publish(
    warehouse: Warehouse,
    result: ScoredPeriod,
    out: Path,
    pdf: bool = True,
    quality: Callable[[], Path] | None = None,
    progress: Progress = silent,
    kept: Path | None = None,
    panel: Panel = NOBODY,
) -> Published:
    """Write everything beside the published period, then switch to it; readers see the old or the new one, whole.

    ``quality`` waits for the folder of the quality report, which is copied as it is; it is asked last, for it is made
    beside the printing and may still stop the publication.
    ``kept`` is the folder of what the laboratory needs later:
    the rulebook goes to the readers, the tallies beside it stay beside the run.
    ContractStop where a file or a page to be printed names one of the ``panel``, NotAllowed where `<out>/<period>` is a
    real folder, Refusal where the disk is full or cannot be written.
    """
    out, period = Path(out), str(result.period)
    try:
        folders.must_be_free(out, period)
        with folders.staging(out) as folder:
            progress("tables", 0, 1)
            write_tables(warehouse, result, folder)
            if kept is not None:
                shutil.copytree(kept, folder, dirs_exist_ok=True)
            proposed = proposed_file(kept) if kept else None
            paper = write_and_print(warehouse, result, folder, pdf, quality is not None, progress, proposed, panel)
            progress("quality", 0, 1)
            if quality is not None:
                shutil.copytree(quality(), folder / "quality")
            if paper.state == "done":  # where nothing is printed there may be no fonts
                preview = say("publication.banner", revision="", run="").zh  # a preview's copy says more than the run
                font_beside(folder, [*folder.rglob("*.html"), *([proposed] if proposed else [])], preview)
            progress("in_place", 0, 1)
            outputs = folder_sha256(folder)
            pinned = file_sha256(proposed) if proposed else ""
            sheet = manifest(result, code_version(), contract_hashes(), outputs, paper, pinned)
            write_json(folder / folders.MANIFEST, sheet)
            must_name_nobody(panel, folder)
            in_force = folders.put_in_place(out, period, folder, tallies_of(kept) if kept else None)
            blanks = blanks_to_fill(result) if paper.state == "done" else ()
            return Published(in_force, (*paper.notices, *blanks, *list_periods(out)))
    except OSError as problem:
        raise Refusal(say("publish.cannot_write", folder=out, why=machine_fault(problem))) from None


def write_tables(warehouse: Warehouse, result: ScoredPeriod, folder: Path) -> None:
    """The CSV files, the feed with its schema, and the workbook; the ledger passes through once."""
    small = tables.small_tables(result, say)
    for name, (columns, rows) in small.items():
        write_csv(folder / f"{name}.csv", columns, rows)
    if result.libraries:
        write_library_tables(result.libraries, folder / FOLDER)
    write_csv(folder / "adjustments.csv", tables.ADJUSTMENTS, warehouse.records("publish/decisions_listed"))
    shutil.copyfile(CONTRACTS / "outputs" / SCHEMA, folder / SCHEMA)
    shutil.copyfile(REPORTS / "proof" / RECOMPUTE, folder / RECOMPUTE)
    with (
        CsvFile(folder / "ledger.csv", tables.LEDGER) as ledger,
        feed(folder / "result.json") as document,
        Workbook(folder / "results.xlsx", _title(result), result.rulebook.decimals, result.rulebook.places) as book,
    ):
        document.head(head(result, say))
        for name in FEED_TABLES:
            with document.table(name):
                for row in small[name][1]:
                    document.write(tables.of_feed(row))
        if result.libraries:
            with document.table("library_findings"):
                for row in finding_rows(result.libraries):
                    document.write(row)
        titles = _titles(result.period.kind)
        book.text("说明", _about(result))
        for name, title in (("ranking", "排名"), ("items", "分项")):
            columns, rows = small[name]
            book.table(title, columns, titles, (tuple(row.values()) for row in rows))
        lines = Lines(result.rulebook, say).rendered(ledger_lines(warehouse))
        with document.table("ledger"):
            book.table("台账", tables.LEDGER, titles, _passed_on(lines, ledger, document))
    with CsvFile(folder / "evidence.csv", tables.EVIDENCE) as evidence:
        for missed in Lines(result.rulebook, say).missed(misses(warehouse, str(result.period))):
            evidence.write(missed)


def _passed_on(lines: Iterator[tuple[Any, ...]], ledger: CsvFile, document: Any) -> Iterator[tuple[Any, ...]]:
    """The ledger lines, each written to CSV and feed on its way to the workbook."""
    for line in lines:
        ledger.write(line)
        document.write(dict(zip(tables.LEDGER, line, strict=True)))
        yield line


def write_and_print(
    warehouse: Warehouse,
    result: ScoredPeriod,
    folder: Path,
    pdf: bool,
    quality: bool,
    progress: Progress,
    proposed: Path | None = None,
    panel: Panel = NOBODY,
) -> Paper:
    """All pages, and the PDF files where they are wanted and can be made; where printing fails, pages without them."""
    problem = paper_problem() if pdf else None
    progress("pages", 0, 1)
    pages = write_pages(warehouse, result, folder, pdf and not problem, quality, proposed)
    if not pages:
        return Paper("none", (problem,) if problem else ())
    must_name_nobody(panel, folder, pages)
    progress("pdf", 0, len(pages))
    notices = (*absent_fonts(result), *print_pdf(pages, progress))
    if all(sheet.file.exists() for sheet in pages):
        return Paper("done", notices)
    for sheet in pages:
        sheet.file.unlink(missing_ok=True)
    write_pages(warehouse, result, folder, False, quality, proposed)
    return Paper("failed", notices)


def write_pages(
    warehouse: Warehouse,
    result: ScoredPeriod,
    folder: Path,
    pdf: bool = True,
    quality: bool = False,
    proposed: Path | None = None,
) -> list[Sheet]:
    """All HTML pages; returns what is to be printed: (HTML for paper, PDF file).

    The pages lead to PDF files and to a quality report where there will be any. ``proposed`` is the file for those that
    a preview words otherwise.
    """
    beside = {"pdf": pdf, "quality": quality, "libraries": result.libraries is not None}
    sums = warehouse.records("publish/sums")
    sizes = {file.name: file.stat().st_size for file in folder.iterdir() if file.is_file()}
    decisions = warehouse.records("publish/decisions")
    named = _named(result)

    def whole(lang: str) -> tuple[dict[str, Any] | None, Made]:
        """The pages of the period as a whole, written; the bulletin to print, and all as they are proposed."""
        pages = _site(result, sums, decisions, sizes, say, lang)
        for name, template, page in pages:
            _write(folder / name, template, page, **beside)
        bulletin = next((page for name, _, page in pages if name == "bulletin.html"), None) if pdf else None
        return bulletin, _site(result, sums, decisions, sizes, proposing(say), lang) if proposed else []

    def cards(one: Card) -> tuple[Sheet | None, Made]:
        """A unit's pages, written; the one to print, and all as they are proposed."""
        unit_id, card = one
        stem = file_stem(unit_id)
        names = {"zh": f"units/{stem}.html", "en": f"units/en/{stem}.html"}
        for lang, name in names.items():
            _write(folder / name, SCORECARD, card(lang=lang), **beside)
        asked = names if proposed and unit_id in named else {}
        paper = render(SCORECARD, card(most=PRINTED_LINES), paper=True) if pdf else ""
        return (
            Sheet(paper, folder / "units" / f"{stem}.pdf") if pdf else None,
            [(name, SCORECARD, card(lang=lang, proposed=True)) for lang, name in asked.items()],
        )

    (folder / "units" / "en").mkdir(parents=True, exist_ok=True)
    made: list[tuple[Any, Made]] = in_two(whole, list(SUFFIX))
    bulletin = made[0][0]
    units = _scorecards(warehouse, result)
    while portion := list(islice(units, PORTION)):
        made += in_two(cards, portion)
    printed = [sheet for sheet, _ in made[len(SUFFIX) :] if sheet]
    others = [one for _, pages in made for one in pages]
    if proposed:
        keep_proposed(proposed, others, beside)
    if result.libraries:
        printed += write_page(result.libraries, result.rulebook, folder / FOLDER, **beside)
    if bulletin is not None:
        printed.insert(0, Sheet(official_sheet(result, bulletin), folder / "bulletin.pdf", alone=True))
    return printed


def _named(result: ScoredPeriod) -> set[str]:
    """The units whose scorecards name a commendation or a criticism."""
    given = verdicts(result)
    return {verdict["unit_id"] for name in PROPOSING for verdict in given[name]}


def _site(
    result: ScoredPeriod,
    sums: list[dict[str, Any]],
    decisions: list[dict[str, Any]],
    sizes: dict[str, Any],
    say: Say,
    lang: str,
) -> Made:
    """The pages of the period as a whole in one language."""
    suffix = SUFFIX[lang]
    return [
        (f"index{suffix}.html", RANKING, ranking(result, say, lang, sizes)),
        (f"method{suffix}.html", METHOD, method(result, say, lang)),
        (f"bulletin{suffix}.html", BULLETIN, Bulletin(result, sums, say, lang, decisions).page()),
    ]


def _scorecards(warehouse: Warehouse, result: ScoredPeriod) -> Iterator[Card]:
    """Unit by unit a function that makes its scorecard; units without a ledger line come last."""
    cards = cache(partial(Scorecards, result, counterfactuals=Counterfactuals(result)))
    proposing_say = proposing(say)

    def card(
        standing: Standing,
        lines: list[dict[str, Any]],
        decisions: list[dict[str, Any]],
        most: int | None = None,
        lang: str = "zh",
        proposed: bool = False,
    ) -> dict[str, Any]:
        return cards(proposing_say if proposed else say, lang).of(standing, lines, decisions, most)

    decisions = _by_unit(warehouse.records("publish/decisions"))
    waiting = {standing.unit_id: standing for standing in result.standings}
    for unit_id, lines in ledger_by_unit(warehouse):
        yield unit_id, partial(card, waiting.pop(unit_id), lines, decisions.get(unit_id, []))
    for unit_id, standing in waiting.items():
        yield unit_id, partial(card, standing, [], decisions.get(unit_id, []))


def _write(file: Path, template: str, page: dict[str, Any], **beside: bool) -> None:
    file.write_text(render(template, page, **beside), encoding="utf-8")


def print_pdf(pages: list[Sheet], progress: Progress = silent) -> tuple[Words, ...]:
    """Print the pages; where that fails, one notice says why and the rest is published."""
    if not pages:
        return ()
    try:
        return print_pages(pages, style(), lambda done, total: progress("pdf", done, total))
    except (BrokenExecutor, RuntimeError) as failure:
        return (say("publish.paper_failed", why=failure),)


def blanks_to_fill(result: ScoredPeriod) -> tuple[Words, ...]:
    """A notice of what the printed bulletin leaves to be filled in, because the office has not settled it."""
    unset = result.office.unset(str(result.period)) if result.office else []
    return (say("office.unset", keys=" ".join(unset), file="reports/bulletin/office.yaml"),) if unset else ()


def _by_unit(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["unit_id"], []).append(row)
    return found


def _titles(kind: str) -> dict[str, str]:
    names = dict.fromkeys((*tables.RANKING, *tables.ITEMS, *tables.LEDGER))
    say_it = speaking(say, kind)
    return {name: say_it(f"pages.head_{name}").zh for name in names}


def _title(result: ScoredPeriod) -> str:
    return say("pages.workbook", period_name=named(result.period)).zh


def _about(result: ScoredPeriod) -> list[str]:
    label = [say("pages.simulated").zh, say("pages.simulated_says").zh] if result.intake.simulated else []
    return [_title(result), *label, *absences(result, say), say("pages.workbook_says").zh]


# No public text names an evaluator (E5.5): neither a row that pages print nor a file that a run has written.


NAMED_ROWS = 5
OWN_TABLES = ("evaluators", "evaluations")  # confidential as a whole
OWN_WORDS = (REPORTS, RULES, CONTRACTS)  # what pages say of themselves
WORDED = {".yaml", ".j2", ".md", ".js", ".py"}


def panel_of(warehouse: Warehouse, coincidences: Iterable[str] = ()) -> Panel:
    """The evaluators of the exports; nobody where there is no such table."""
    if not warehouse.columns("raw.evaluators"):
        return Panel(())
    return Panel(tuple(Evaluator(*row) for row in warehouse.rows("checks/panel")), tuple(coincidences))


def named_in_rows(warehouse: Warehouse, contracts: Contracts, panel: Panel) -> list[Words]:
    """A stop for every column of free text that would print an evaluator's name or number on a public page."""
    found = [_named_in(warehouse, contract, column, panel) for contract, column in _public_texts(contracts)]
    return [stop for stop in found if stop] if panel.evaluators else []


def _public_texts(contracts: Contracts) -> Iterable[tuple[TableContract, Column]]:
    for contract in contracts.tables.values():
        for column in contract.columns.values():
            named = any((p.kind, p.column) == ("period", column.name) for p in contract.promises)  # no words
            if contract.name not in OWN_TABLES and _free(column) and not named:
                yield contract, column


def _free(column: Column) -> bool:
    return column.type == "text" and not column.restricted and not _number(column)


def _number(column: Column) -> bool:
    """A number of something, by which rows refer to each other: millions of them, and no words."""
    return column.identifier and column.name.endswith("_id")


def _named_in(warehouse: Warehouse, contract: TableContract, column: Column, panel: Panel) -> Words | None:
    found = warehouse.rows_template("checks/texts", table=contract.name, column=column.name, key=contract.key)
    rows = [(n, key) for text, n, key in found if panel.found_in(normalize("NFKC", text))]
    if not rows:
        return None
    shown = "、".join(key for _, key in rows[:NAMED_ROWS]) + ("…" if len(rows) > NAMED_ROWS else "")
    facts = {"title": contract.title.zh, "table": contract.name, "column": column.title, "name": column.name}
    return say("contracts.evaluators_named", n=sum(n for n, _ in rows), rows=shown, **facts)


def panel_of_pages(warehouse: Warehouse, contracts: Contracts, panel: Panel, rules: Path) -> Panel:
    """The same people as they are looked for in whole pages, which say words and numbers of their own too."""
    if not panel.evaluators:
        return panel
    columns = [
        (contract.name, column.name)
        for contract in contracts.tables.values()
        if contract.name not in OWN_TABLES
        for column in contract.columns.values()
        if _number(column) and not column.restricted
    ]
    public = frozenset(number for (number,) in warehouse.rows_template("checks/public_numbers", columns=columns))
    places = (*OWN_WORDS, rules)
    files = (file for place in places for file in place.rglob("*") if file.suffix in WORDED and file.is_file())
    ordinary = "".join(file.read_text(encoding="utf-8", errors="replace") for file in files)
    return replace(panel, ordinary=ordinary, public=public, pages=True)


def must_name_nobody(panel: Panel, folder: Path, printed: Iterable[Sheet] = ()) -> None:
    """ContractStop naming the file where one of a folder, or a page that is to be printed, names an evaluator.

    A PDF is not read back: it says what the page says that it is printed from.
    """
    if not panel.evaluators:
        return
    for sheet in printed:
        _stop_for(sheet.file.relative_to(folder), _named_by(panel, (sheet.file.name, *views(sheet.html, ".html"))))
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.suffix != ".pdf")
    found = in_two(lambda file: _named_by(panel, (file.name, *texts_of(file))), files)
    for file, one in zip(files, found, strict=True):
        _stop_for(file.relative_to(folder), one)


def _named_by(panel: Panel, texts: Iterable[str]) -> Evaluator | None:
    return next(filter(None, map(panel.found_in, texts)), None)


def _stop_for(file: Path, one: Evaluator | None) -> None:
    if one:
        raise ContractStop(say("publish.evaluator_named", file=file.as_posix(), own=one.file, line=one.line))
