"""`gongping run`: the whole spine for a quarter."""

from contextlib import nullcontext

import click

from pipelines.cli import said, text
from pipelines.edges import process
from pipelines.model.project import DUCKDB, ENGINES
from pipelines.model.refusals import ContractStop
from pipelines.verbs import options


def command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "run",
        run,
        options.period(),
        options.exports(),
        options.out(),
        click.Option(["--cutoff"], type=options.CutoffType(), help=text("cli.opt_cutoff")),
        options.readings(),
        options.rules(),
        options.source(),
        options.absent(),
        options.office(),
        click.Option(["--pull"], is_flag=True, help=text("cli.opt_pull")),
        click.Option(["--no-pdf"], is_flag=True, help=text("cli.opt_no_pdf")),
        click.Option(["--engine"], type=click.Choice(ENGINES), default=DUCKDB, help=text("cli.opt_engine")),
        click.Option(["--timings"], is_flag=True, help=text("cli.opt_timings")),
        options.as_json(),
    )


def run(
    period, exports, out, cutoff, readings, rules, source, absent, office, pull, no_pdf, engine, timings, as_json
) -> None:
    """Score and publish; print the top of the ranking and what to open."""
    from pipelines.assess import STANDARD_RULES, Request, Run
    from pipelines.screen import progress, show_run, timed

    _tell_of(process.project())
    if pull:
        with options.noted_stop(period, out):
            exports = _pulled(period)
    request = Request(
        period,
        exports,
        out,
        cutoff,
        readings,
        rules or STANDARD_RULES,
        source,
        not no_pdf,
        office,
        tuple(absent),
        city=process.project().name,
        engine=engine,
    )
    measured = timed if timings else nullcontext
    with options.noted_stop(period, out), progress() as bar, measured(bar) as listener, Run(request, listener) as done:
        try:
            done.run()
        except ContractStop:
            for notice in done.fix_notices:
                click.echo(said(notice), err=True)
            raise
    if as_json:
        options.print_json(summary(done))
    else:
        show_run(done)


def _pulled(period):
    """The exports as the sources of the project file have them now."""
    from pipelines.screen import pulling
    from pipelines.sources.pull import pulled_exports

    project = process.project()
    with pulling() as listen:
        folder, notices = pulled_exports(project.sources, period, project.raw, listen)
    for notice in notices:
        click.echo(said(notice), err=True)
    return folder


def _tell_of(project) -> None:
    """Which project file is in force."""
    if project.file:
        click.echo(text("project.in_force", file=project.file, name=project.name or text("project.nameless")), err=True)


def summary(done) -> dict:
    """What a finished run is, for machines: folder, readings, account of rows, ranking."""
    names = {unit_id: tally.unit.unit_name for unit_id, tally in done.tallies.items()}
    return {
        "period": str(done.period),
        "cutoff": done.cutoff,
        "folder": str(done.published.folder),
        "readings": done.readings,
        "rows": {name: count.counts() for name, count in done.validation.rows.items()},
        "ranking": [
            {
                "unit_id": standing.unit_id,
                "unit_name": names[standing.unit_id],
                "rank": standing.rank,
                "group_rank": standing.group_rank,
                "total": done.rulebook.sum(done.scores[standing.unit_id].total),
            }
            for standing in done.standings
        ],
        "notices": [notice.zh for notice in done.notices()],
    }
