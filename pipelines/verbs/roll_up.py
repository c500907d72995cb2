"""`gongping roll-up`: a province ranks the units of its cities; a city hands over what that needs."""

from pathlib import Path

import click

from pipelines.cli import text
from pipelines.edges import process
from pipelines.verbs import options


def command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "roll-up",
        roll_up,
        options.period(),
        click.Option(["--cities"], type=click.Path(path_type=Path), help=text("roll_up.opt_cities")),
        click.Option(["--deliver"], type=click.Path(path_type=Path), help=text("roll_up.opt_deliver")),
        options.out(),
        click.Option(["--cutoff"], type=options.CutoffType(), help=text("cli.opt_cutoff")),
        options.readings(),
        options.rules(),
        click.Option(["--without"], multiple=True, metavar="CITY", help=text("roll_up.opt_without")),
        options.as_json(),
    )


def roll_up(period, cities, deliver, out, cutoff, readings, rules, without, as_json) -> None:
    """Rank the units of all cities in a folder; or put this city's finished period into one."""
    from pipelines import roll_up as province
    from pipelines.assess import STANDARD_RULES

    if (cities is None) == (deliver is None):
        raise click.UsageError(text("roll_up.one_of"))
    name = process.project().name
    if deliver is not None:
        folder = province.deliver(period, out, deliver, name)
        click.echo(text("roll_up.was_delivered", folder=folder))
        return
    asked = province.Request(
        period, cities, rules or STANDARD_RULES, out, cutoff, readings, tuple(dict.fromkeys(without)), name
    )
    with province.RollUp(asked) as done:
        done.run()
    if as_json:
        options.print_json(done.summary())
        return
    from pipelines.screen import console, show_ranking

    screen = console()
    screen.print(text("roll_up.counted", **done.summary() | _as_text(done)))
    show_ranking(screen, done.result)
    screen.print(text("roll_up.open_this", folder=done.folder))


def _as_text(done) -> dict[str, object]:
    return {"cities": len(done.cities), "left_out": "、".join(done.left_out) or "—"}
