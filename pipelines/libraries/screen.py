"""What `gongping libraries check` shows on the terminal: counts and the first finding of each kind."""

from pathlib import Path

from pipelines.cli import language, text
from pipelines.model.library import LibraryReport
from pipelines.model.text import plain
from pipelines.model.words import Words
from pipelines.screen import console, said


def show_report(report: LibraryReport, folder: Path, notices: tuple[Words, ...]) -> None:
    """A line a kind of finding, then where everything is."""
    from rich.markup import escape
    from rich.table import Table

    screen = console()
    table = Table(title=text("libraries.title", period=report.period, on=report.on), title_justify="left")
    for name in ("clause", "finding", "n", "first"):
        table.add_column(text(f"libraries.col_{name}"), justify="right" if name == "n" else "left")
    for rule in report.rules:
        found = [finding for finding in report.findings if finding.rule is rule]
        if found:
            first = plain(f"{found[0].unit_id} {found[0].row} {found[0].what.into(language())}")
            table.add_row(rule.clause, rule.title.into(language()), str(len(found)), escape(first))
    screen.print(table if report.findings else text("libraries.clean"))
    for notice in notices:
        screen.print(escape(said(notice)))
    names = ("index.html", "index.pdf", "findings.csv", "matters.csv", "quarantine.csv")
    files = [name for name in names if (folder / name).is_file()]
    screen.print(text("libraries.written", folder=folder, files=" ".join(files)))
