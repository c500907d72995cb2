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
        click.Option(["--again"], metavar="LETTER", default="", help=text("alerts.opt_again")),
        options.as_json(),
    )


def alerts(out, rules, signers, send, again, as_json) -> None:
    """List what holds now, marking what was not told yet; with ``send`` tell it."""
    from pipelines.assess import STANDARD_RULES
    from pipelines.publication import alerts as desk
    from pipelines.publication import letters
    from pipelines.publication.signers import signers_of_city
    from pipelines.rulebook import periods_of

    file = process.project().alerts
    if send and file is None:
        raise UsageRefusal(say("alerts.no_file"))
    channels = desk.load_channels(file) if file else desk.Channels()
    now = process.now()
    if again:
        click.echo(text("alerts.made_ready", n=letters.again(out, again)), err=True)
    seen = desk.look(out, periods_of(rules or STANDARD_RULES), now, channels, signers or signers_of_city())
    new = desk.untold(out, seen.found)
    if as_json:
        lines = [{"kind": one.kind, "new": one in new, **vars(one.words)} for one in seen.found]
        lines += [{"kind": "letter", "new": True, "to": one.unit_id, **vars(one.words)} for one in seen.letters]
        options.print_json(lines)
    else:
        for one in seen.found:
            click.echo(text("alerts.line", mark="●" if one in new else "○", words=said(one.words)))
        for one in seen.letters:
            click.echo(text("alerts.line", mark="✉", words=said(one.words)))
        if not (seen.found or seen.letters):
            click.echo(text("alerts.none"))
    if send:
        _send(out, seen, len(new), channels, now, file)


def _send(out, seen, n, channels, now, file) -> None:
    from pipelines.edges.notify import deliver
    from pipelines.publication import alerts as desk

    outcome = desk.tell(out, seen.found, channels, now, deliver)
    name = "failed_to_send" if outcome == "failed" else outcome
    click.echo(text(f"alerts.{name}", n=n, file=file), err=True)
    sent = desk.tell_units(out, seen.letters, channels, now, deliver)
    if channels.units:
        click.echo(
            text("alerts.letters_sent", due=len(seen.letters), sent=sent["sent"], failed=sent["failed"]), err=True
        )
    if outcome == "failed" or sent["failed"]:
        raise click.exceptions.Exit(1)
