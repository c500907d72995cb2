"""`gongping status`: how a quarter stands on its way to publication, and what the latest run changed."""

from collections.abc import Iterator

import click

from pipelines.cli import language, text
from pipelines.verbs import acts, options


def command() -> click.Command:
    """The verb with its options."""
    return options.verb("status", status, options.period(), options.out(), *acts.when(), options.as_json())


def status(period, out, at, settings, signers, as_json) -> None:
    """Show the state; nothing is written."""
    from pipelines.edges.begun import under_way
    from pipelines.evaluators.desk import DEFAULT
    from pipelines.publication.settings import load_settings
    from pipelines.publication.signers import SIGNERS
    from pipelines.publication.status import status as standing

    found = standing(out, period, at, load_settings(settings) if settings else None, signers or SIGNERS)
    found["begun"] = [vars(one) for one in under_way(out) if one.period == str(period)]
    found["begun"] += [vars(one) for one in under_way(out / DEFAULT)]
    if as_json:
        options.print_json(found)
        return
    click.echo(text("publication.state", period=period, name=text(f"publication.state_{found['state']}")))
    for one in found["begun"]:
        click.echo(text(f"publication.says_begun_{'alive' if one['alive'] else 'killed'}",
                        **{**one, "what": text(f"publication.begun_{one['kind']}")}))
    for line in (*_people(found), *_changed(found["changed"])):
        click.echo(line)


def _people(found: dict) -> Iterator[str]:
    """Objections, signatures, editions, why scoring stopped."""
    if found["simulated"]:
        yield text("publication.says_simulated")
    if found["settings"]:
        yield text("publication.says_settings", **{**found["settings"], "roles": "、".join(found["settings"]["roles"])})
    if days := found["objection"]:
        name = "says_window" if days["open"] else "says_window_over"
        yield text(f"publication.{name}", until=days["until"], left=days["days_left"])
    for one in found["approvals"]:
        short = {**one, "run": one["run"][:16]}
        name = "says_void" if one["void"] else "says_approval" if one["key"] else "says_by_name"
        yield text(f"publication.{name}", **short)
    have = sum(not one["void"] for one in found["approvals"])
    if found["state"] in ("computed", "preview", "objections_over"):
        yield text("publication.says_missing", have=have, needed=found["needed"], roles="、".join(found["roles"]))
    for one in found["editions"]:
        yield text("publication.says_edition", edition=one["edition"], at=one["at"], run=one["run"][:16])
    if found["stopped"]:
        yield text("publication.says_stopped", why=found["stopped"][language()])


def _changed(changed: dict | None) -> Iterator[str]:
    if changed is None:
        return
    yield text("publication.says_changed", against=changed["against"])
    for one in changed["adjustments"]:
        yield text("publication.says_adjustment", matter=one["case_id"] or one["ref_id"], **one)
    for one in changed["units"]:
        places = {name: one[name] or "–" for name in ("rank_before", "rank_after")}
        yield text("publication.says_unit", **{**one, **places})
    if not (changed["adjustments"] or changed["units"]):
        yield text("publication.says_no_change")
