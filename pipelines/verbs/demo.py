"""`gongping demo`: two sample quarters, scored, and what to open next."""

import sys
from pathlib import Path
from shlex import quote

import click

from pipelines.cli import called, text
from pipelines.model.period import Period
from pipelines.verbs import options

PERIOD = Period(2026, 3)
UNITS, CASES, SEED, DIRT = 40, 4000, 1, 12


def command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "demo", demo,
        click.Option(["--out"], type=click.Path(path_type=Path), default=Path("demo"), show_default=True,
                     help=text("cli.opt_out")),
        click.Option(["--no-pdf"], is_flag=True, help=text("cli.opt_no_pdf")),
    )


def demo(out, no_pdf) -> None:
    """Make, score and publish the quarter before and the quarter."""
    from pipelines.assess import Request, Run
    from pipelines.edges.office import DEMO_OFFICE
    from pipelines.sample.make import make_sample
    from pipelines.screen import progress, show_run

    for period in (PERIOD.previous, PERIOD):
        click.echo(text("cli.demo_quarter", period=period), err=True)
        exports = out / "exports" / str(period)
        make_sample(exports, period, UNITS, CASES, SEED, dirt=DIRT)
        request = Request(period, exports, out / "out", pdf=not no_pdf, office=DEMO_OFFICE)
        with progress() as listener, Run(request, listener) as run:
            run.run()
    show_run(run)
    facts = {"before": PERIOD.previous, "period": PERIOD, "unit": run.standings[0].unit_id}
    click.echo(text("cli.demo_next", out=quote(str(out / "out")), **facts))
    if called() != "gongping":
        click.echo(text("cli.on_path", folder=quote(str(Path(sys.executable).parent))))
