"""`gongping objections`: what decisions after objections would change, for whom, before they are in force."""

import click

from pipelines.cli import said, text
from pipelines.verbs import options


def command() -> click.Command:
    """The verb with its options."""
    shared = (options.out(), options.other_rules(), options.source(), options.as_json())
    return options.verb("objections", objections, options.period(), options.exports(), *shared)


def objections(period, exports, out, rules, source, as_json) -> None:
    """Try every decision that the run in force does not count; show who changes, and write the page."""
    from pipelines.publication.objections import document, try_decisions, write_page
    from pipelines.screen import progress

    with progress() as listener:
        found = try_decisions(out, period, exports, source, rules, listener)
    told = document(found)
    if as_json:
        options.print_json({"period": str(period), **_plain(told)})
        return
    if not found.tried:
        click.echo(text("objections.nothing"))
        return
    click.echo(text("objections.says", known=found.known, n=len(found.tried)))
    if found.differs:
        click.echo(text("objections.differs"))
    for one in told["tried"]:
        click.echo("\n" + said(one["heading"]))
        for line in filter(None, (one["about"], one["ground"], one["alike"], one["unlike"])):
            click.echo(f"  {said(line)}")
        _show(one["rows"], one["none"])
    if len(found.tried) > 1:
        click.echo("\n" + text("objections.together", n=len(found.tried)))
        _show(told["together"], None)
    click.echo("\n" + text("objections.written", file=write_page(out, period, found)))


def _show(rows: list[dict], none) -> None:
    for row in rows:
        figures = f"{text('objections.col_total')} {row['total']}" + (f"（{row['points']}）" if row["points"] else "")
        places = (f"{text(f'objections.col_{name}')} {row[name]}" for name in ("rank", "group_rank"))
        lists = (said(one) for one in row["lists"])
        click.echo(f"  · {row['unit_id']} {row['name']}  " + "  ".join((figures, *places, *lists)))
    if not rows:
        click.echo("  " + (said(none) if none else text("objections.unchanged")))


def _plain(value):
    """For machines: words in both languages as they are."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return vars(value) if hasattr(value, "zh") else value
