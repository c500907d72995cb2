"""`gongping whatif`: a finished quarter under other rules; the quarter itself stays as it is."""

from pathlib import Path

import click

from pipelines.cli import text
from pipelines.lazy import pandas
from pipelines.verbs import options

SUMS = ("base", "bonus", "total")


def command() -> click.Command:
    """The verb with its options."""

    def many(name: str, to: str, type=str) -> click.Option:
        return click.Option([f"--{name}", to], type=type, multiple=True, help=text(f"cli.opt_{to}"))

    return options.verb(
        "whatif",
        whatif,
        options.period(),
        options.out(),
        options.pairs("set", "values"),
        options.readings(),
        many("drop", "drop"),
        many("add", "add", click.Path(path_type=Path)),
        many("without-unit", "without_units"),
        many("without-case", "without_cases"),
        many("rank-apart", "rank_apart"),
        click.Option(["--rank-apart-below", "rank_apart_below"], metavar="N", help=text("cli.opt_rank_apart_below")),
        options.other_rules(),
        click.Option(["--save"], type=click.Path(path_type=Path), help=text("cli.opt_save")),
        options.as_json(),
    )


def whatif(
    period,
    out,
    values,
    readings,
    drop,
    add,
    without_units,
    without_cases,
    rank_apart,
    rank_apart_below,
    rules,
    save,
    as_json,
) -> None:
    """Print who moved and why; with ``--save`` write the rulebook."""
    from pipelines.laboratory.quarter import Quarter
    from pipelines.screen import show_comparison

    quarter, below = Quarter.open(str(period), out), rank_apart_below
    scenario = quarter.what_if(
        values,
        readings,
        drop=drop,
        add=add,
        exclude_units=without_units,
        exclude_cases=without_cases,
        rules=rules,
        rank_apart=rank_apart,
        rank_apart_below=int(below) if below and below.isdecimal() else below,
    )
    if save:
        scenario.save(save)
    if as_json:
        options.print_json(report(scenario))
    else:
        show_comparison(scenario, save)


def report(scenario) -> dict:
    """What changed and what came of it, for machines: points as text, sums as the book publishes them."""
    from pipelines.laboratory.answer import with_decimals

    compared = scenario.compare()
    return {
        "period": str(scenario.quarter.period),
        "change": str(scenario.change),
        "readings": dict(scenario.readings),
        "ranking": _records(with_decimals(scenario.ranking, compared.decimals, SUMS)),
        "movements": _records(compared.shown),
        "rules": _records(compared.rules),
    }


def _records(frame) -> list[dict]:
    def plain(value: object) -> object:
        if isinstance(value, float) and value == value:
            return f"{value:.2f}"
        return None if pandas.isna(value) else value.item() if hasattr(value, "item") else value

    return [{name: plain(value) for name, value in row.items()} for row in frame.astype(object).to_dict("records")]
