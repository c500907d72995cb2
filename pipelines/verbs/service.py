"""The verbs that work without being asked: the schedule, what must be told, what may be kept no longer."""

import click

from pipelines.cli import said, text
from pipelines.edges import process
from pipelines.edges.notify import deliver
from pipelines.model.words import UsageRefusal
from pipelines.paths import STANDARD_RULES
from pipelines.publication import retention
from pipelines.publication.signers import signers_of_city
from pipelines.rulebook.load import periods_of
from pipelines.verbs import options
from pipelines.wording import say

# `gongping serve`: what the project file schedules, run by one process.


def serve_command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "serve",
        serve,
        click.Option(
            ["--port"], type=click.IntRange(1, 65535), default=4200, show_default=True, help=text("serve.opt_port")
        ),
        click.Option(["--dry-run"], is_flag=True, help=text("serve.opt_dry_run")),
        options.as_json(),
    )


def serve(port, dry_run, as_json) -> None:
    """Start the server and the schedules; say where they are and when each flow runs next."""
    from pipelines.flows import _service

    project = process.project()
    if project.file is None:
        raise UsageRefusal(say("serve.no_project"))
    if not project.schedules:
        raise UsageRefusal(say("serve.nothing", file=project.file))
    if as_json and not dry_run:
        raise UsageRefusal(say("serve.json_of_dry_run"))
    if as_json:
        served = _service.served(project)
        options.print_json([{"flow": one.schedule.flow, "next": one.next.isoformat()} for one in served])
        return
    if dry_run:
        _tell(_service.served(project))
        return
    with _service.telling(project), _service.server(project, port) as service:
        _tell(_service.served(project))
        click.echo(text("serve.at", url=service.url, login=service.login))
        _service.run(project)


def _tell(served) -> None:
    for one in served:
        click.echo(text("serve.next", flow=one.schedule.flow, moment=one.next.strftime("%Y-%m-%d %H:%M")))


# `gongping alerts`: what the operators must be told now, and telling them.


def alerts_command() -> click.Command:
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
    from pipelines.publication import alerts as operators
    from pipelines.publication import letters

    file = process.project().alerts
    if send and file is None:
        raise UsageRefusal(say("alerts.no_file"))
    channels = operators.load_channels(file) if file else operators.Channels()
    now = process.now()
    if again:
        click.echo(text("alerts.made_ready", n=letters.again(out, again)), err=True)
    seen = operators.look(out, periods_of(rules or STANDARD_RULES), now, channels, signers or signers_of_city())
    new = operators.not_sent(out, seen.found)
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
    from pipelines.publication import alerts as operators

    outcome = operators.tell(out, seen.found, channels, now, deliver)
    name = "failed_to_send" if outcome == "failed" else outcome
    click.echo(text(f"alerts.{name}", n=n, file=file), err=True)
    sent = operators.tell_units(out, seen.letters, channels, now, deliver)
    if channels.units:
        click.echo(
            text("alerts.letters_sent", due=len(seen.letters), sent=sent["sent"], failed=sent["failed"]), err=True
        )
    if outcome == "failed" or sent["failed"]:
        raise click.exceptions.Exit(1)


# `gongping retain`: personal data that are kept no longer than the project file says.


def retain_command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "retain",
        retain,
        options.out(),
        options.signers(),
        click.Option(["--delete", "really"], is_flag=True, help=text("retain.opt_delete")),
        options.as_json(),
    )


def retain(out, signers, really, as_json) -> None:
    """List what each layer holds and until when; with ``really`` delete what is over, and note it."""
    city, now = process.project(), process.now()
    if not city.retention:
        raise UsageRefusal(say("retain.no_rule"))
    found = retention.stocks(city, out, now, signers or signers_of_city())
    due = [one for one in found if one.is_due(now) and not one.held]
    if as_json:
        options.print_json([_plain(one, one in due, really) for one in found])
    for one in () if as_json else found:
        name = "held" if one.held and one.is_due(now) else "due" if one in due else "kept"
        facts = {**_plain(one, one in due, really), "why": said(one.held) if one.held else ""}
        click.echo(text(f"retain.{name}", **facts))
    for one in due if really else ():
        retention.delete(out, one)
    if not as_json:
        files = sum(len(one.files) for one in due)
        click.echo(text("retain.deleted" if really else "retain.would", n=files, file=out / retention.LOG))


def _plain(one, due: bool, really: bool) -> dict:
    return {
        "layer": one.keep.layer,
        "period": str(one.period),
        "files": len(one.files),
        "bytes": one.size,
        "last_day": str(one.last_day),
        "due": due,
        "deleted": due and really,
        "held": {"zh": one.held.zh, "en": one.held.en} if one.held else None,
    }
