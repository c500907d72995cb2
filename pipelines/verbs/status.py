"""`gongping status`: how a quarter stands on its way to publication, or every quarter of a folder in a line each."""

from collections.abc import Iterator
from pathlib import Path

import click

from pipelines.cli import language, text
from pipelines.verbs import options


def command() -> click.Command:
    """The verb with its options."""
    period = options.period(required=False)
    return options.verb("status", status, period, options.out(), *options.when(), options.as_json())


def status(period, out, at, settings, signers, as_json) -> None:
    """Show the state of the quarter, of every quarter where none is named; nothing is written."""
    from pipelines.publication.settings import load_settings
    from pipelines.publication.signers import signers_of_city
    from pipelines.publication.status import status as standing

    chosen = load_settings(settings) if settings else None
    if period is None:
        _every(out, lambda one: standing(out, one, at, chosen, signers or signers_of_city()), as_json)
        return
    found = standing(out, period, at, chosen, signers or signers_of_city())
    found["begun"] = [*_runs(out, period), *_steps(out)]
    if as_json:
        options.print_json(found)
        return
    for line in (*_state(found), *_begun(found["begun"]), *_people(found), *_changed(found["changed"])):
        click.echo(line)


def _every(out: Path, standing, as_json: bool) -> None:
    """Every quarter, the latest first; a damaged one does not hide the others, and its refusal ends the verb."""
    from pipelines.model.refusals import Refusal
    from pipelines.publication.status import periods

    found, refused = [], None
    for period in periods(out):
        try:
            found.append({**standing(period), "begun": _runs(out, period)})
        except Refusal as refusal:
            refused = refused or refusal
            found.append(
                {
                    "period": str(period),
                    "state": "damaged",
                    "begun": _runs(out, period),
                    "why": {"zh": refusal.words.zh, "en": refusal.words.en},
                }
            )
    if as_json:
        options.print_json({"quarters": found, "begun": _steps(out)})
    elif not found:
        click.echo(text("publication.says_no_quarter", out=out))
    for one in [] if as_json else found:
        for line in (*_state(one), *_begun(one["begun"])):
            click.echo(line)
    for line in [] if as_json else _begun(_steps(out)):
        click.echo(line)
    if refused:
        raise refused


def _runs(out: Path, period) -> list[dict]:
    from pipelines.edges.begun import under_way

    return [vars(one) for one in under_way(out) if one.period == str(period)]


def _steps(out: Path) -> list[dict]:
    from pipelines.edges.begun import under_way
    from pipelines.evaluators.desk import DEFAULT

    return [vars(one) for one in under_way(out / DEFAULT)]


def _state(found: dict) -> Iterator[str]:
    """The quarter and its state."""
    again = found["state"] == "computed" and found.get("editions")
    name = (
        text("publication.state_computed_again", edition=again[-1]["edition"])
        if again
        else text(f"publication.state_{found['state']}")
    )
    yield text("publication.state", period=found["period"], name=name)


def _begun(notes: list[dict]) -> Iterator[str]:
    """What was begun and has not ended."""
    for one in notes:
        facts = {**one, "what": text(f"publication.begun_{one['kind']}")}
        yield text(f"publication.says_begun_{'alive' if one['alive'] else 'killed'}", **facts)


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
