"""`gongping explain`: a unit's score, clause by clause to the case."""

from dataclasses import asdict

import click

from pipelines.cli import text
from pipelines.verbs import options


def command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "explain",
        explain,
        click.Argument(["unit"], metavar="UNIT"),
        options.period(),
        options.out(),
        click.Option(["--case", "case_id"], help=text("cli.opt_case")),
        options.as_json(),
    )


def explain(unit, period, out, case_id, as_json) -> None:
    """Print items, lines and sums."""
    from pipelines.edges.published import PublishedQuarter
    from pipelines.explain import explain as explained
    from pipelines.screen import show_explanation

    explanation = explained(PublishedQuarter.open(out / str(period)), unit, case_id)
    if as_json:
        options.print_json(asdict(explanation))
    else:
        show_explanation(explanation, case_id)
