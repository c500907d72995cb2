"""`gongping init`: a city's own project, a folder that runs at once."""

from pathlib import Path
from shlex import quote

import click

from pipelines.cli import text
from pipelines.model.period import LENGTH
from pipelines.verbs import options


def command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "init",
        init,
        click.Argument(["city"], metavar="CITY"),
        click.Argument(["folder"], type=click.Path(path_type=Path), metavar="[DIR]", required=False),
        click.Option(["--from", "book"], default="standard", show_default=True, help=text("init.opt_from")),
        click.Option(
            ["--period", "kind"], type=click.Choice(tuple(LENGTH)), default=None, help=text("init.opt_period")
        ),
        options.as_json(),
    )


def init(city, folder, book, kind, as_json) -> None:
    """Write the folder; say what to do next."""
    from pipelines.scaffold import found

    made = found(folder or Path(city), city, book, kind or "")
    if as_json:
        options.print_json({"folder": made.folder, "period": str(made.period)})
    else:
        facts = {"period": made.period, "unit": made.unit_id}
        click.echo(text("init.made", name=city, folder=made.folder, cd=quote(str(made.folder)), **facts))
