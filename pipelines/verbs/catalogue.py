"""`gongping catalogue`: every clause with its rules, readings and tests."""

import click

from pipelines.cli import language, text
from pipelines.paths import INSTALLED, ROOT
from pipelines.verbs import options


def command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "catalogue",
        catalogue,
        click.Option(["--on"], type=options.MomentType(), help=text("cli.opt_on")),
        options.rules(),
        options.as_json(),
    )


def catalogue(on, rules, as_json) -> None:
    """Print the clauses in order."""
    from pipelines.assess import STANDARD_RULES
    from pipelines.catalogue import catalogue as rows_of
    from pipelines.edges import process
    from pipelines.rulebook import load_rulebook
    from pipelines.screen import show_catalogue

    tests = None if INSTALLED else ROOT / "tests"  # a wheel holds no tests
    rows = rows_of(load_rulebook(rules or STANDARD_RULES, (on or process.now()).date()), tests)
    if as_json:
        options.print_json(rows)
    else:
        show_catalogue(rows, language())
