"""`gongping approve`: a named person signs the run in force in a named role."""

import click

from pipelines.cli import text
from pipelines.verbs import acts, options


def command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "approve", approve, options.period(), *acts.person(), options.out(),
        click.Option(["--before-objections-end", "early"], default="", metavar="REASON",
                     help=text("publication.opt_early")),
        *acts.when(), options.as_json(),
    )  # fmt: skip


def approve(period, by, role, key, out, early, at, settings, signers, as_json) -> None:
    """Note the signature; say how many there are."""
    from pipelines.publication.desk import Person
    from pipelines.publication.desk import approve as sign

    with acts.desk(period, out, at, settings, signers) as desk:
        signatures = sign(desk, Person(by, role, key), early).approvals
        needed = desk.settings.approvals
    last = signatures[-1]
    if as_json:
        options.print_json({"period": str(period), **vars(last), "have": len(signatures), "needed": needed})
    else:
        click.echo(text("publication.approved", period=period, by=last.by, role=last.role, revision=last.revision,
                        run=last.run[:16], have=len(signatures), needed=needed,
                        until=last.until, key=last.key))  # fmt: skip
        if last.early:
            click.echo(text("publication.approved_early", reason=last.early))
