"""`gongping pull`: the sources of the project file, read once into the raw layer."""

from dataclasses import asdict
from pathlib import Path

import click

from pipelines.cli import said, text
from pipelines.edges import process
from pipelines.verbs import options


def command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "pull",
        pull,
        options.period(),
        click.Option(["--from", "names"], metavar="SOURCE", multiple=True, help=text("cli.opt_pull_from")),
        options.as_json(),
    )


def pull(period, names: tuple[str, ...], as_json: bool) -> None:
    """Read the sources, or those that are named; nothing is kept unless all are read whole."""
    from difflib import get_close_matches

    from pipelines.model.refusals import UsageRefusal
    from pipelines.screen import pulling
    from pipelines.sources.pull import EXPORTS, pull
    from pipelines.wording import say

    project = process.project()
    known = {source.name: source for source in project.sources}
    for name in names:
        if name not in known:
            near = "".join(f"{one}?" for one in get_close_matches(name, known, 1, 0.4))
            raise UsageRefusal(say("sources.unknown", name=name, near=near, known="、".join(known)))
    with pulling() as listen:
        done = pull([known[name] for name in names or known], period, Path(project.raw), listen)
    if as_json:
        tables = [asdict(table) for table in done.tables]
        options.print_json(
            {"folder": str(done.folder), "tables": tables, "notices": [vars(one) for one in done.notices]}
        )
        return
    for table in done.tables:
        size = text("sources.rows", n=table.rows) if table.rows is not None else text("sources.bytes", n=table.bytes)
        click.echo(f"{table.source} {table.table} → {table.file}  {size}")
    for notice in done.notices:
        click.echo("· " + said(notice))
    click.echo(text("sources.kept", folder=done.folder / EXPORTS, period=period))
