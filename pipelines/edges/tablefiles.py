"""The published tables as files: CSV for people and programs, one JSON document as feed; the libraries' report too."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

from pipelines.edges import folders
from pipelines.edges.machine import machine_fault
from pipelines.edges.paper import Sheet, font_beside, paper_problem, print_pages
from pipelines.edges.templates import render, style
from pipelines.edges.warehouse import Warehouse, query_text, rendered
from pipelines.model import text
from pipelines.model.library import LibraryReport
from pipelines.model.rule import Rulebook
from pipelines.model.text import guarded
from pipelines.model.words import Refusal, Words
from pipelines.views import libraries as view
from pipelines.views.tables import COUNTS, LEDGER, NUMBERS, QUARANTINE, breach_rows
from pipelines.wording import say

# The published tables as files: CSV for people and programs, one JSON document as feed.


class CsvFile:
    """A CSV file as Excel opens it: UTF-8 with a byte mark, LF, RFC 4180; text that looks like a formula is guarded."""

    def __init__(self, file: Path, columns: tuple[str, ...]) -> None:
        self._stream = file.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._stream, lineterminator="\n")
        self._writer.writerow(columns)
        self._text = tuple(column not in NUMBERS and column not in COUNTS for column in columns)

    def __enter__(self) -> "CsvFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def write(self, row: Iterable[object]) -> None:
        """One row in the order of the columns; None is an empty cell."""
        pairs = zip(self._text, row, strict=True)
        self._writer.writerow([guarded(value) if text and value else value for text, value in pairs])


def write_csv(file: Path, columns: tuple[str, ...], rows: Iterable[dict]) -> None:
    """A whole table of dicts."""
    with CsvFile(file, columns) as table:
        for row in rows:
            table.write([row[column] for column in columns])


class Feed:
    """A JSON document whose long tables are written line by line."""

    def __init__(self, stream) -> None:
        self._stream = stream
        self._first = True

    def head(self, document: dict) -> None:
        """The members of the document that are not tables."""
        text = json.dumps(document, ensure_ascii=False, indent=1)
        self._stream.write(text.removesuffix("\n}"))

    @contextmanager
    def table(self, name: str) -> Iterator["Feed"]:
        """A member that is an array of objects; `write` adds one."""
        self._stream.write(f",\n {json.dumps(name)}: [")
        self._first = True
        yield self
        self._stream.write("]" if self._first else "\n ]")

    def write(self, row: dict) -> None:
        """One object of the table that is open."""
        self._stream.write(("\n  " if self._first else ",\n  ") + json.dumps(row, ensure_ascii=False, default=str))
        self._first = False


@contextmanager
def feed(file: Path) -> Iterator[Feed]:
    """Open a feed for writing."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        yield Feed(stream)
        stream.write("\n}\n")


def write_json(file: Path, document: dict) -> None:
    """A small JSON document, indented, keys in the order given."""
    file.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


# The ledger out of the warehouse, in portions, so that half a million lines need little memory.


PORTION = 20_000
COLUMNS = (*LEDGER[:-1], "sentence", "facts")  # `detail` is put into words where it is shown
_MASKS = {
    "identity": text.IDENTITY,
    "identity_mask": text.IDENTITY_MASK,
    "mobile": text.MOBILE,
    "mobile_mask": text.MOBILE_MASK,
}


def ledger_lines(warehouse: Warehouse, query: str = "publish/ledger") -> Iterator[tuple]:
    """Every ledger line as a tuple in the file's order.

    Columns of `ledger.csv` up to the sentence, ``points`` as Decimal, then the sentence's key and its facts as JSON.
    """
    return _portions(warehouse, query_text(query), _MASKS)


def misses(warehouse: Warehouse, period: str) -> Iterator[tuple]:
    """Every row that keeps a rate from its best: the columns of `evidence.csv`, the last one as facts in JSON."""
    return _portions(warehouse, query_text("publish/misses"), {"period": period})


def own_misses(warehouse: Warehouse, clock: str) -> Iterator[tuple]:
    """The same for the units alone, with ratings: unit, rule, clause, month, case, reference, facts, both ratings."""
    return _portions(warehouse, rendered("publish/own_evidence", clock=clock), {})


def _portions(warehouse: Warehouse, query: str, parameters: Mapping[str, object]) -> Iterator[tuple]:
    cursor = warehouse.connection.cursor()
    cursor.execute(query, parameters)
    while portion := cursor.fetchmany(PORTION):
        yield from portion


def ledger_by_unit(warehouse: Warehouse) -> Iterator[tuple[str, list[dict]]]:
    """The ledger lines of every unit that has any, as dicts with the ``misses`` of rates: one query for all units."""
    lines = ledger_lines(warehouse, "publish/ledger_by_unit")
    for unit_id, group in groupby(lines, key=lambda line: line[2]):
        yield unit_id, [dict(zip((*COLUMNS, "misses"), line, strict=True)) for line in group]


# The report on the two libraries as files: two tables, a page, and the page on paper.


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
        with folders.staging(Path(out)) as folder:
            problem = paper_problem() if pdf else None
            write_library_tables(report, folder)
            if report.quarantined:
                write_csv(folder / "quarantine.csv", QUARANTINE, breach_rows(report.quarantined))
            pages = write_page(report, rulebook, folder, pdf and not problem, alone=True)
            glyphs = print_pages(pages, style(), lambda done, total: None) if pages else ()
            target.mkdir(parents=True, exist_ok=True)
            for name in ("findings.csv", "matters.csv", "waivers.csv", "quarantine.csv", "index.html", "index.pdf"):
                _put(folder / name, target / name)
            font_beside(Path(out), [target / "index.html"])
    except OSError as problem_:
        raise Refusal(say("publish.cannot_write", folder=target, why=machine_fault(problem_))) from None
    return target, ((problem,) if problem else glyphs)


def _put(file: Path, target: Path) -> None:
    """Into its place; one that was not made this time must not stay from the last."""
    if file.exists():
        file.replace(target)
    else:
        target.unlink(missing_ok=True)
