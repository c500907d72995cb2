"""`gongping sample`: synthetic exports."""

from pathlib import Path

import click

from pipelines.cli import text
from pipelines.verbs import options


def command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "sample",
        sample,
        click.Argument(["out"], type=click.Path(path_type=Path), metavar="OUT"),
        click.Option(["--period"], type=options.PeriodType(), required=True, help=text("cli.opt_period")),
        click.Option(["--units"], type=int, default=40, show_default=True, help=text("cli.opt_units")),
        click.Option(["--cases"], type=int, default=4000, show_default=True, help=text("cli.opt_cases")),
        click.Option(["--seed"], type=int, default=1, show_default=True, help=text("cli.opt_seed")),
        click.Option(
            ["--format"],
            type=click.Choice(("csv", "xlsx", "parquet")),
            default="csv",
            show_default=True,
            help=text("cli.opt_format"),
        ),
        click.Option(["--dirt"], type=int, default=0, help=text("cli.opt_dirt")),
        click.Option(["--inbox"], type=click.Path(path_type=Path), help=text("evaluators.opt_sample_inbox")),
        options.as_json(),
    )


def sample(out, period, units, cases, seed, format, dirt, inbox, as_json) -> None:
    """Write the files and name them."""
    from pipelines.sample.make import make_sample

    files = make_sample(out, period, units, cases, seed, format, dirt=dirt)
    if inbox:
        files = _with_inbox(files, out, inbox, period, seed)
    if as_json:
        options.print_json({"period": str(period), "files": [str(file) for file in files]})
    else:
        click.echo(text("cli.sample_made", n=len(files), out=out, period=period))
        if inbox:
            click.echo(_next(period, out, inbox))


def _next(period, out: Path, inbox: Path) -> str:
    """The steps that the actions belong to, as a command."""
    from pipelines.evaluators.practice import moments_of

    first, *_, at = moments_of(period)
    return text("evaluators.sample_next", first=first.date(), at=at.date(), out=out, inbox=inbox)


def _with_inbox(files: list[Path], out: Path, inbox: Path, period, seed: int) -> list[Path]:
    """The evaluators' actions instead of the evaluations that come of them."""
    from pipelines.evaluators.practice import make_inbox

    drawn = [file for file in files if file.name.startswith("evaluations.")]
    for file in drawn:
        file.unlink()
    return [*(file for file in files if file not in drawn), *make_inbox(out, inbox, period, seed)]
