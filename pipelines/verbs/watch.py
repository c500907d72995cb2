"""`gongping watch`: a period that still runs: what will cost points, before it does."""

import click

from pipelines.cli import said, text
from pipelines.model.refusals import UsageRefusal
from pipelines.verbs import options
from pipelines.wording import say


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
        options.of_project("--bounds", "running.opt_watch"),
        click.Option(["--send"], is_flag=True, help=text("running.opt_send")),
        options.as_json(),
    )


def watch(period, exports, at, out, cutoff, readings, rules, source, absent, bounds, send, as_json) -> None:
    """Look, write the day's pages, print who can lose most."""
    from pipelines.assess import STANDARD_RULES, Request
    from pipelines.edges import process
    from pipelines.running import pages
    from pipelines.running.findings import WATCH
    from pipelines.running.forecast import history_of, likely
    from pipelines.running.watch import Watch
    from pipelines.screen import progress

    request = Request(
        period, exports, out, cutoff, readings, rules or STANDARD_RULES, source, False, absent=tuple(absent),
        city=process.project().name,
    )  # fmt: skip
    with progress() as listener, Watch(request, at, listener, bounds or WATCH) as looking:
        watched = looking.run().look()
        end = likely(watched, history_of(looking))
        folder = pages.write(watched, out, end)
        sent = _sent(watched) if send else {}
        if as_json:
            options.print_json({"folder": str(folder), **pages.figures(watched, end)})
            return
        for line in pages.lines(watched):
            click.echo(said(line))
        click.echo(text("running.written", folder=folder))
        if send:
            click.echo(text("running.sent", sent=" ".join(f"{name}={n}" for name, n in sorted(sent.items())) or "0"))


def _sent(watched):
    """Each unit's own letter, to the channels that the project's file names."""
    from pipelines.edges import process
    from pipelines.edges.notify import deliver
    from pipelines.publication.alerts import load_channels
    from pipelines.publication.morning import tell

    file = process.project().alerts
    if file is None:
        raise UsageRefusal(say("alerts.no_file"))
    return tell(watched, load_channels(file), deliver, watched.watch.warnings_of_day)
