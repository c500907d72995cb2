"""`gongping correct`: an approved new run replaces the published one, with a numbered notice that says why."""

import click

from pipelines.cli import text
from pipelines.verbs import options


def command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "correct",
        correct,
        options.period(),
        click.Option(["--reason"], required=True, help=text("publication.opt_reason")),
        *options.person(),
        options.out(),
        options.without_pdf(),
        *options.when(),
        options.as_json(),
    )


def correct(period, reason, by, role, key, out, without_pdf, at, settings, signers, as_json) -> None:
    """Freeze, write the notice and record; say where they lie."""
    from pipelines.publication.desk import Person
    from pipelines.publication.desk import correct as replace
    from pipelines.publication.editions import place_of

    with options.desk(period, out, at, settings, signers) as desk:
        edition = replace(desk, reason, Person(by, role, key), without_pdf)
    folder = place_of(out, period) / edition.folder
    if as_json:
        options.print_json(
            {
                "period": str(period),
                "edition": edition.folder,
                "correction": edition.notice,
                "run": edition.run,
                "folder": folder,
            }
        )
    else:
        click.echo(
            text("publication.corrected", period=period, notice=edition.notice, edition=edition.folder, folder=folder)
        )
        options.tell_of_sheet(edition, folder)
