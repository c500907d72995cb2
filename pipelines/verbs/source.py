"""`gongping source draft`: a first mapping for a folder of foreign exports."""

from pathlib import Path

import click

from pipelines.cli import Group, language, text
from pipelines.verbs import options


def command() -> click.Command:
    """The verb with what it can do."""
    draft_ = options.verb(
        "draft",
        draft,
        click.Argument(["folder"], type=click.Path(path_type=Path)),
        click.Option(["--to"], type=click.Path(path_type=Path), metavar="FILE", help=text("cli.opt_draft_to")),
    )
    return Group("source", commands=[draft_], help=text("cli.source"), no_args_is_help=True)


def draft(folder: Path, to: Path | None) -> None:
    """Read every file of the folder and write a mapping, on the screen or to a new file."""
    from pipelines.contracts.declared import load_contracts
    from pipelines.edges.warehouse import Warehouse
    from pipelines.exports.draft import draft
    from pipelines.model.refusals import UsageRefusal
    from pipelines.wording import say

    if to and to.exists():
        raise UsageRefusal(say("cli.draft_there", file=to))
    warehouse = Warehouse()
    try:
        warehouse.run("staging/macros")
        written = draft(folder, load_contracts(), warehouse.parsed, language())
    finally:
        warehouse.close()
    if to:
        to.write_text(written, encoding="utf-8")
        click.echo(text("cli.draft_written", file=to))
    else:
        click.echo(written, nl=False)
