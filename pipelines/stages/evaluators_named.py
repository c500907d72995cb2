"""No public text names an evaluator (E5.5): neither a row that pages print nor a file that a run has written."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from unicodedata import normalize

from pipelines.edges.paper import Sheet
from pipelines.edges.plain_texts import texts_of, views
from pipelines.edges.warehouse import Warehouse
from pipelines.edges.wording import say
from pipelines.model.contract import Column, Contracts, TableContract
from pipelines.model.named import Evaluator, Panel
from pipelines.model.refusals import ContractStop
from pipelines.model.words import Words
from pipelines.paths import CONTRACTS, REPORTS, RULES

NAMED_ROWS = 5
OWN_TABLES = ("evaluators", "evaluations")  # confidential as a whole
OWN_WORDS = (REPORTS, RULES, CONTRACTS)  # what pages say of themselves
WORDED = {".yaml", ".j2", ".md", ".js"}


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
            if contract.name not in OWN_TABLES and _free(column):
                yield contract, column


def _free(column: Column) -> bool:
    return column.type == "text" and not column.restricted and not _number(column)


def _number(column: Column) -> bool:
    """A number of something, by which rows refer to each other: millions of them, and no words."""
    return column.identifier and column.name.endswith("_id")


def _named_in(warehouse: Warehouse, contract: TableContract, column: Column, panel: Panel) -> Words | None:
    told = warehouse.rows_template("checks/texts", table=contract.name, column=column.name, key=contract.key)
    rows = [(n, key) for text, n, key in told if panel.found_in(normalize("NFKC", text))]
    if not rows:
        return None
    shown = "、".join(key for _, key in rows[:NAMED_ROWS]) + ("…" if len(rows) > NAMED_ROWS else "")
    facts = {"title": contract.title.zh, "table": contract.name, "column": column.title, "name": column.name}
    return say("contracts.evaluators_named", n=sum(n for n, _ in rows), rows=shown, **facts)


def panel_of_pages(warehouse: Warehouse, contracts: Contracts, panel: Panel, rules: Path) -> Panel:
    """The same people as they are looked for in whole pages, which say words and numbers of their own too."""
    if not panel.evaluators:
        return panel
    columns = [(contract.name, column.name) for contract in contracts.tables.values() if contract.name not in OWN_TABLES
               for column in contract.columns.values() if _number(column) and not column.restricted]  # fmt: skip
    public = frozenset(number for (number,) in warehouse.rows_template("checks/public_numbers", columns=columns))
    folders = (*OWN_WORDS, rules)
    files = (file for folder in folders for file in folder.rglob("*") if file.suffix in WORDED and file.is_file())
    ordinary = "".join(file.read_text(encoding="utf-8", errors="replace") for file in files)
    return replace(panel, ordinary=ordinary, public=public, pages=True)


def must_name_nobody(panel: Panel, folder: Path, printed: Iterable[Sheet] = ()) -> None:
    """ContractStop naming the file where one of a folder, or a page that is to be printed, names an evaluator.

    A PDF is not read back: it says what the page says that it is printed from.
    """
    if not panel.evaluators:
        return
    for sheet in printed:
        _stop_for(panel, (sheet.file.name, *views(sheet.html, ".html")), sheet.file.relative_to(folder))
    for file in sorted(file for file in folder.rglob("*") if file.is_file() and file.suffix != ".pdf"):
        _stop_for(panel, (file.name, *texts_of(file)), file.relative_to(folder))


def _stop_for(panel: Panel, texts: Iterable[str], file: Path) -> None:
    for text in texts:
        if one := panel.found_in(text):
            raise ContractStop(say("publish.evaluator_named", file=file.as_posix(), own=one.file, line=one.line))
