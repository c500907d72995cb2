"""`gongping approve`: a named person signs the run in force in a named role."""

import sys
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
        click.Option(["--ticked"], default="", metavar="LINES", help=text("checklist.opt_ticked")),
        click.Option(["--answer", "given"], multiple=True, metavar="LINE=TEXT", help=text("checklist.opt_answer")),
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


def approve(period, by, role, key, out, early, ticked, given, at, settings, signers, as_json) -> None:
    """Note the signature with what the signer says to the checklist; say how many there are."""
    from pipelines.publication.desk import Person, checklist_of
    from pipelines.publication.desk import approve as sign
    from pipelines.publication.pages import write_checklist
    from pipelines.verbs.checklist import answers

    with options.desk(period, out, at, settings, signers) as desk:
        found = checklist_of(desk)
        said_to = answers(found, ticked, given, ask=sys.stdin.isatty() and not as_json)
        with _reports_the_preview(desk, period, out, as_json):
            signatures = sign(desk, Person(by, role, key), early, said_to).approvals
        write_checklist(out, period, desk.state, desk.run(), found)
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
