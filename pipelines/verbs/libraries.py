"""`gongping libraries check`: what there is to do in the matter library and the knowledge base."""

from pathlib import Path

import click

from pipelines.cli import Group, text
from pipelines.model.refusals import ContractStop, Refusal
from pipelines.verbs import options


def command() -> click.Command:
    """The verb with what it can do."""
    check_ = options.verb(
        "check", check, options.period(), options.exports(),
        click.Option(["--on"], type=options.MomentType(), help=text("cli.opt_as_of")), options.out(),
        options.rules(), options.source(), options.absent(),
        click.Option(["--no-pdf"], is_flag=True, help=text("cli.opt_no_pdf")), options.as_json(),
    )
    check_.help = text("cli.libraries_check")
    return Group("libraries", commands=[check_], help=text("cli.libraries"), no_args_is_help=True)


def check(period, exports, on, out: Path, rules, source, absent, no_pdf, as_json) -> None:
    """Read, validate, look, write; exit 3 where the contracts stop it."""
    from pipelines.assess import STANDARD_RULES, Request, Run, joined
    from pipelines.edges.wording import say
    from pipelines.libraries.files import write_alone
    from pipelines.libraries.inspect import inspect, last_day
    from pipelines.libraries.screen import show_report
    from pipelines.screen import progress
    from pipelines.views.libraries import left_aside

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
        options.print_json(summary(report, folder))
    else:
        show_report(report, folder, (*left_aside(report, say), *report.uncovered, *notices))


def summary(report, folder: Path) -> dict:
    """The report for machines: counts by finding, and every finding."""
    from pipelines.views.libraries import counts, finding_rows

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
