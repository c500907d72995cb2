"""`gongping publish`: what was approved becomes the first edition, byte for byte."""

import click

from pipelines.cli import text
from pipelines.verbs import options


def command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "publish",
        publish,
        options.period(),
        options.out(),
        options.without_pdf(),
        *options.when(),
        options.as_json(),
    )


def publish(period, out, without_pdf, at, settings, signers, as_json) -> None:
    """Freeze and record; say where the edition lies."""
    from pipelines.publication.desk import publish as freeze
    from pipelines.publication.editions import place_of

    with options.desk(period, out, at, settings, signers) as desk:
        edition = freeze(desk, without_pdf)
    folder = place_of(out, period) / edition.folder
    if as_json:
        options.print_json({"period": str(period), "edition": edition.folder, "run": edition.run, "folder": folder})
    else:
        click.echo(text("publication.published", period=period, edition=edition.folder, folder=folder))
        options.tell_of_sheet(edition, folder)
