"""`gongping retain`: personal data that are kept no longer than the project file says."""

import click

from pipelines.cli import said, text
from pipelines.edges import process
from pipelines.model.refusals import UsageRefusal
from pipelines.verbs import options
from pipelines.wording import say


def command() -> click.Command:
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
    from pipelines.publication import retention
    from pipelines.publication.signers import signers_of_city

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
