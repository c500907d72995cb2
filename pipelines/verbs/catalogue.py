"""`gongping catalogue`: a book whole, every clause with its rules, readings and tests first."""

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
    """Print the clauses in order, then the other parts; tests of the program's own book alone."""
    from pipelines.assess import STANDARD_RULES
    from pipelines.catalogue import whole as parts_of
    from pipelines.edges import process
    from pipelines.rulebook import load_rulebook
    from pipelines.screen import show_catalogue

    folder = rules or STANDARD_RULES
    own = folder.resolve() == STANDARD_RULES.resolve()
    tests = ROOT / "tests" if own and not INSTALLED else None  # a wheel holds no tests
    parts = parts_of(load_rulebook(folder, (on or process.now()).date()), tests)
    if as_json:
        options.print_json(parts)
    else:
        show_catalogue(parts, language(), own)
