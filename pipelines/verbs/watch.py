"""`gongping watch`: a period that still runs: what will cost points, before it does."""

import click

from pipelines.cli import said, text
from pipelines.verbs import options


def command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "watch",
        watch,
        options.period(),
        options.exports(),
        click.Option(["--at"], type=options.MomentType(), help=text("running.opt_at")),
        options.out(),
        click.Option(["--cutoff"], type=options.CutoffType(), help=text("cli.opt_cutoff")),
        options.readings(),
        options.rules(),
        options.source(),
        options.absent(),
        options.as_json(),
    )


def watch(period, exports, at, out, cutoff, readings, rules, source, absent, as_json) -> None:
    """Look, write the day's pages, print who can lose most."""
    from pipelines.assess import STANDARD_RULES, Request
    from pipelines.edges import process
    from pipelines.running import pages
    from pipelines.running.watch import Watch
    from pipelines.screen import progress

    request = Request(
        period, exports, out, cutoff, readings, rules or STANDARD_RULES, source, False, absent=tuple(absent),
        city=process.project().name,
    )  # fmt: skip
    with progress() as listener, Watch(request, at, listener) as looking:
        watched = looking.run().look()
        folder = pages.write(watched, out)
        if as_json:
            options.print_json({"folder": str(folder), **pages.figures(watched)})
            return
        for line in pages.lines(watched):
            click.echo(said(line))
        click.echo(text("running.written", folder=folder))
