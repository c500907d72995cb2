"""`gongping diff`: what differs between two runs or two quarters."""

from pathlib import Path

import click

from pipelines.cli import text
from pipelines.model.period import Period
from pipelines.model.points import shown
from pipelines.verbs import options


def command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "diff",
        diff,
        click.Argument(["a"], metavar="A"),
        click.Argument(["b"], metavar="B"),
        options.out(),
        options.as_json(),
    )


def diff(a, b, out, as_json) -> None:
    """A and B are quarters below the output folder, or folders of finished runs."""
    from pipelines.difference import compare
    from pipelines.edges.published import PublishedQuarter
    from pipelines.screen import show_movements

    before, after = (PublishedQuarter.open(_folder(name, out)) for name in (a, b))
    movements = compare(before, after)
    if as_json:
        options.print_json([_plain(movement) for movement in movements])
    else:
        show_movements(movements, text("cli.diff_title", a=a, b=b))


def _folder(name: str, out: Path) -> Path:
    try:
        return out / str(Period.parse(name))
    except ValueError:
        return Path(name)


def _plain(movement) -> dict:
    return {
        "unit_id": movement.unit_id,
        "unit_name": movement.unit_name,
        "rank": [movement.rank_before, movement.rank_after],
        "points": movement.told(movement.points),
        "by_rule": {rule: shown(points) for rule, points in movement.by_rule},
    }
