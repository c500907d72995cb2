"""`gongping sample`: synthetic exports."""

from pathlib import Path

import click

from pipelines.cli import text
from pipelines.verbs import options


def command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "sample", sample, click.Argument(["out"], type=click.Path(path_type=Path), metavar="OUT"),
        click.Option(["--period"], type=options.PeriodType(), required=True, help=text("cli.opt_period")),
        click.Option(["--units"], type=int, default=40, show_default=True, help=text("cli.opt_units")),
        click.Option(["--cases"], type=int, default=4000, show_default=True, help=text("cli.opt_cases")),
        click.Option(["--seed"], type=int, default=1, show_default=True, help=text("cli.opt_seed")),
        click.Option(["--format"], type=click.Choice(("csv", "xlsx", "parquet")), default="csv", show_default=True,
                     help=text("cli.opt_format")),
        click.Option(["--dirt"], type=int, default=0, help=text("cli.opt_dirt")),
        options.as_json(),
    )


def sample(out, period, units, cases, seed, format, dirt, as_json) -> None:
    """Write the files and name them."""
    from pipelines.sample.make import make_sample

    files = make_sample(out, period, units, cases, seed, format, dirt=dirt)
    if as_json:
        options.print_json({"period": str(period), "files": [str(file) for file in files]})
    else:
        click.echo(text("cli.sample_made", n=len(files), out=out, period=period))
