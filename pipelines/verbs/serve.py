"""`gongping serve`: what the project file schedules, run by one process."""

import click

from pipelines.cli import text
from pipelines.edges import process
from pipelines.model.refusals import UsageRefusal
from pipelines.verbs import options
from pipelines.wording import say


def command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "serve",
        serve,
        click.Option(
            ["--port"], type=click.IntRange(1, 65535), default=4200, show_default=True, help=text("serve.opt_port")
        ),
        click.Option(["--dry-run"], is_flag=True, help=text("serve.opt_dry_run")),
    )


def serve(port, dry_run) -> None:
    """Start the server and the schedules; say where they are and when each flow runs next."""
    from pipelines.flows import _service

    project = process.project()
    if project.file is None:
        raise UsageRefusal(say("serve.no_project"))
    if not project.schedules:
        raise UsageRefusal(say("serve.nothing", file=project.file))
    if dry_run:
        _tell(_service.served(project))
        return
    with _service.server(project, port) as service:
        _tell(_service.served(project))
        click.echo(text("serve.at", url=service.url, login=service.login))
        _service.run(project)


def _tell(served) -> None:
    for one in served:
        click.echo(text("serve.next", flow=one.schedule.flow, moment=one.next.strftime("%Y-%m-%d %H:%M")))
