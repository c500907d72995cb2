"""`gongping alerts`: what the operators must be told now, and telling them."""

import click

from pipelines.cli import said, text
from pipelines.edges import process
from pipelines.model.refusals import UsageRefusal
from pipelines.verbs import options
from pipelines.wording import say


def command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "alerts",
        alerts,
        options.out(),
        options.rules(),
        options.signers(),
        click.Option(["--send"], is_flag=True, help=text("alerts.opt_send")),
        options.as_json(),
    )


def alerts(out, rules, signers, send, as_json) -> None:
    """List what holds now, marking what was not told yet; with ``send`` tell it."""
    from pipelines.assess import STANDARD_RULES
    from pipelines.publication import alerts as desk
    from pipelines.publication.signers import signers_of_city
    from pipelines.rulebook import periods_of

    file = process.project().alerts
    if send and file is None:
        raise UsageRefusal(say("alerts.no_file"))
    channels = desk.load_channels(file) if file else desk.Channels()
    now = process.now()
    found = desk.alerts(out, periods_of(rules or STANDARD_RULES), now, channels, signers or signers_of_city())
    new = desk.untold(out, found)
    if as_json:
        options.print_json([{"kind": one.kind, "new": one in new, **vars(one.words)} for one in found])
    for one in () if as_json else found:
        click.echo(text("alerts.line", mark="●" if one in new else "○", words=said(one.words)))
    if not found and not as_json:
        click.echo(text("alerts.none"))
    if send:
        from pipelines.edges.notify import deliver

        outcome = desk.tell(out, found, channels, now, deliver)
        name = "failed_to_send" if outcome == "failed" else outcome
        click.echo(text(f"alerts.{name}", n=len(new), file=file), err=True)
        if outcome == "failed":
            raise click.exceptions.Exit(1)
