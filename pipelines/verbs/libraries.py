"""`gongping libraries check`: what there is to do in the matter library and the knowledge base."""

from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

from pipelines.assess import Request, Run, joined
from pipelines.cli import Group, language, said, text
from pipelines.edges.tablefiles import write_alone
from pipelines.libraries import inspect, last_day
from pipelines.model.library import LibraryReport
from pipelines.model.text import plain
from pipelines.model.words import ContractStop, Refusal, Words
from pipelines.paths import STANDARD_RULES
from pipelines.screen import console, progress, show_rows, titles_of
from pipelines.verbs import options
from pipelines.views.libraries import counts, finding_rows, left_aside
from pipelines.wording import say


def libraries_command() -> click.Command:
    """The verb with what it can do."""
    check_ = options.verb(
        "check",
        check,
        options.period(),
        options.exports(),
        click.Option(["--on"], type=options.MomentType(), help=text("cli.opt_as_of")),
        options.out(),
        options.rules(),
        options.source(),
        options.absent(),
        click.Option(["--no-pdf"], is_flag=True, help=text("cli.opt_no_pdf")),
        options.as_json(),
    )
    check_.help = text("cli.libraries_check")
    return Group("libraries", commands=[check_], help=text("cli.libraries"), no_args_is_help=True)


def check(period, exports, on, out: Path, rules, source, absent, no_pdf, as_json) -> None:
    """Read, validate, look, write; exit 3 where the contracts stop it."""
    request = Request(period, exports, out, rules=rules or STANDARD_RULES, source=source, absent=tuple(absent))
    with progress() as listener, Run(request, listener) as run:
        if stops := run.check():
            raise ContractStop(joined(stops))
        day = on.date() if on else last_day(run.cutoff)
        report = inspect(run.warehouse, period, day, run.rulebook, run.calendar, run.intake, run.breaches)
        if report is None:
            raise Refusal(say("libraries.none_there", folder=exports))
        folder, notices = write_alone(report, run.rulebook, out, not no_pdf)
    if as_json:
        options.print_json({**summary(report, folder), "rows": {name: n.counts() for name, n in run.rows.items()}})
    else:
        show_rows(console(), run.rows, titles_of(run))
        _show_report(report, folder, (*left_aside(report, say), *report.uncovered, *notices, *run.fix_notices))


def summary(report, folder: Path) -> dict:
    """The report for machines: counts by finding, and every finding."""
    return {
        "period": str(report.period),
        "as_of": str(report.on),
        "folder": str(folder),
        "absent": list(report.absent),
        "uncovered": [vars(words) for words in report.uncovered],
        "counts": {count["id"]: int(count["n"]) for count in counts(report.findings)},
        "findings": list(finding_rows(report)),
        "quarantined": [{**vars(breach), "remedy": vars(breach.remedy)} for breach in report.quarantined],
    }


def _show_report(report: LibraryReport, folder: Path, notices: tuple[Words, ...]) -> None:
    """A line a kind of finding, then where everything is."""
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
    names = ("index.html", "index.pdf", "findings.csv", "matters.csv", "waivers.csv", "quarantine.csv")
    files = [name for name in names if (folder / name).is_file()]
    screen.print(text("libraries.written", folder=folder, files=" ".join(files)))
