"""`gongping approve`: a named person signs the run in force in a named role."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from pipelines.cli import text
from pipelines.verbs import options


def command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "approve",
        approve,
        options.period(),
        *options.person(),
        options.out(),
        click.Option(
            ["--before-objections-end", "early"], default="", metavar="REASON", help=text("publication.opt_early")
        ),
        *options.when(),
        options.as_json(),
    )


@contextmanager
def _reports_the_preview(desk, period, out, as_json) -> Iterator[None]:
    """Say that signing recorded a preview, also where the signature fails then: units may object from that moment."""
    from pipelines.publication.preview import preview_folder

    before = desk.state.preview
    try:
        yield
    finally:
        seen = desk.state.preview
        if seen != before and not as_json:
            click.echo(
                text(
                    "publication.previewed",
                    period=period,
                    revision=seen.revision,
                    run=seen.run[:16],
                    folder=preview_folder(out, period, seen),
                )
            )


def approve(period, by, role, key, out, early, at, settings, signers, as_json) -> None:
    """Note the signature; say how many there are."""
    from pipelines.publication.desk import Person
    from pipelines.publication.desk import approve as sign

    with options.desk(period, out, at, settings, signers) as desk:
        with _reports_the_preview(desk, period, out, as_json):
            signatures = sign(desk, Person(by, role, key), early).approvals
        needed = desk.settings.approvals
    last = signatures[-1]
    if as_json:
        options.print_json({"period": str(period), **vars(last), "have": len(signatures), "needed": needed})
    else:
        click.echo(
            text(
                "publication.approved",
                period=period,
                by=last.by,
                role=last.role,
                revision=last.revision,
                run=last.run[:16],
                have=len(signatures),
                needed=needed,
                until=last.until,
                key=last.key,
            )
        )
        if last.early:
            click.echo(text("publication.approved_early", reason=last.early))
