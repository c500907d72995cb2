"""The verbs on the way to publication: preview, status, checklist, approval, publication, correction, verification."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from pipelines.cli import language, said, text
from pipelines.edges.runs import under_way
from pipelines.evaluators.desk import DEFAULT
from pipelines.model.words import Refusal, UsageRefusal
from pipelines.publication import desk as publishing
from pipelines.publication.checklist import TICKED
from pipelines.publication.desk import Person, checklist_of, note_preview
from pipelines.publication.editions import damage_warnings, place_of, preview_folder
from pipelines.publication.pages import write_checklist
from pipelines.publication.signers import signers_of_city
from pipelines.publication.state import load_settings
from pipelines.publication.status import periods
from pipelines.publication.status import status as standing
from pipelines.screen import progress
from pipelines.verbs import options
from pipelines.wording import say

# `gongping preview`: the run in force goes to the units, who may object from now on.


def preview_command() -> click.Command:
    """The verb with its options."""
    return options.verb("preview", preview, options.period(), options.out(), *options.when(), options.as_json())


def preview(period, out, at, settings, signers, as_json) -> None:
    """Note the preview; say its revision."""
    with options.desk(period, out, at, settings, signers) as desk:
        seen, bound = note_preview(desk), desk.state.settings
        signs, found = damage_warnings(desk.run()), checklist_of(desk)
        page = write_checklist(out, period, desk.state, desk.run(), found)
    folder = preview_folder(out, period, seen)
    if as_json:
        options.print_json(
            {
                "period": str(period),
                **vars(seen),
                "folder": folder,
                "settings": bound,
                "seems_cut": [vars(sign) for sign in signs],
                "stops": [vars(one) for one in found.stops],
            }
        )
    else:
        click.echo(
            text("publication.previewed", period=period, revision=seen.revision, run=seen.run[:16], folder=folder)
        )
        for sign in signs:
            click.echo("· " + said(sign))
        click.echo(text("publication.says_settings", **{**bound, "roles": "、".join(bound["roles"])}))
        for one in found.stops:
            click.echo(text("checklist.must") + "：" + said(one))
        click.echo(text("checklist.written", file=page))


# `gongping status`: how a quarter stands on its way to publication, or every quarter of a folder in a line each.


def status_command() -> click.Command:
    """The verb with its options."""
    period = options.period(required=False)
    return options.verb("status", status, period, options.out(), *options.when(), options.as_json())


def status(period, out, at, settings, signers, as_json) -> None:
    """Show the state of the quarter, of every quarter where none is named; nothing is written."""
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


def _every(out: Path, standing_of, as_json: bool) -> None:
    """Every quarter, the latest first; a damaged one does not hide the others, and its refusal ends the verb."""
    found, refused = [], None
    for period in periods(out):
        try:
            found.append({**standing_of(period), "begun": _runs(out, period)})
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
    return [vars(one) for one in under_way(out) if one.period == str(period)]


def _steps(out: Path) -> list[dict]:
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


# `gongping objections`: what decisions after objections would change, for whom, before they are in force.


def objections_command() -> click.Command:
    """The verb with its options."""
    shared = (options.out(), options.other_rules(), options.source(), options.as_json())
    return options.verb("objections", objections, options.period(), options.exports(), *shared)


def objections(period, exports, out, rules, source, as_json) -> None:
    """Try every decision that the run in force does not count; show who changes, and write the page."""
    from pipelines.publication.objections import document, try_decisions, write_page

    with progress() as listener:
        found = try_decisions(out, period, exports, source, rules, listener)
    result = document(found)
    if as_json:
        options.print_json({"period": str(period), **_plain(result)})
        return
    if not found.tried:
        click.echo(text("objections.nothing"))
        return
    click.echo(text("objections.says", known=found.known, n=len(found.tried)))
    if found.differs:
        click.echo(text("objections.differs"))
    for one in result["tried"]:
        click.echo("\n" + said(one["heading"]))
        for line in filter(None, (one["about"], one["ground"], one["alike"], one["unlike"], one["outside"])):
            click.echo(f"  {said(line)}")
        _show(one["rows"], one["none"])
    if len(found.tried) > 1:
        click.echo("\n" + text("objections.together", n=len(found.tried)))
        _show(result["together"], None)
    click.echo("\n" + text("objections.written", file=write_page(out, period, found)))


def _show(rows: list[dict], none) -> None:
    for row in rows:
        figures = f"{text('objections.col_total')} {row['total']}" + (f"（{row['points']}）" if row["points"] else "")
        places = (f"{text(f'objections.col_{name}')} {row[name]}" for name in ("rank", "group_rank"))
        lists = (said(one) for one in row["lists"])
        click.echo(f"  · {row['unit_id']} {row['name']}  " + "  ".join((figures, *places, *lists)))
    if not rows:
        click.echo("  " + (said(none) if none else text("objections.unchanged")))


def _plain(value):
    """For machines: words in both languages as they are."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return vars(value) if hasattr(value, "zh") else value


# `gongping checklist`: what must be mended before anybody signs the run in force, and what about it is unusual.


def checklist_command() -> click.Command:
    """The verb with its options."""
    return options.verb("checklist", checklist, options.period(), options.out(), *options.when(), options.as_json())


def checklist(period, out, at, settings, signers, as_json) -> None:
    """Show the list and write its page; nothing is recorded."""
    with options.desk(period, out, at, settings, signers) as desk:
        found = checklist_of(desk)
        file = write_checklist(out, period, desk.state, desk.run(), found)
    if as_json:
        lines = [{"n": one.n, "line": one.id, **vars(one.says)} for one in found.lines]
        options.print_json({"period": str(period), "stops": [vars(one) for one in found.stops], "lines": lines})
        return
    show(found)
    click.echo(text("checklist.written", file=file))


def show(found) -> None:
    """The list on the terminal."""
    click.echo(text("checklist.must"))
    for one in found.stops:
        click.echo(f"  × {said(one)}")
    if not found.stops:
        click.echo("  " + text("checklist.must_none"))
    click.echo(text("checklist.odd"))
    for line in found.lines:
        click.echo(f"  {line.n:>2}. {said(line.says)}")
    if not found.lines:
        click.echo("  " + text("checklist.odd_none"))


def answers(found, ticked: str, given: tuple[str, ...], ask: bool) -> Mapping[int, str]:
    """What a signer says to every line: ticks, answers, and, if ``ask``, what is typed where neither was given."""
    known = [line.n for line in found.lines]
    said_to = dict.fromkeys(_numbers(ticked, known), TICKED)
    for one in given:
        number, equals, words = one.partition("=")
        if not equals:
            raise _wrong(one)
        said_to |= dict.fromkeys(_numbers(number, known), words)
    for line in found.lines if ask and not found.stops else ():
        if line.n not in said_to:
            typed = click.prompt(text("checklist.ask", n=line.n, says=said(line.says)), default="", show_default=False)
            said_to[line.n] = typed.strip() or TICKED
    return said_to


def _numbers(words: str, known: list[int]) -> list[int]:
    """The lines that ``1,3-5`` or ``all`` names."""
    if words.strip() == "all":
        return known
    found = []
    for part in filter(None, words.replace("，", ",").split(",")):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise _wrong(words)
        found += range(int(first), int(last or first) + 1)
    return found


def _wrong(words: str) -> Exception:
    return UsageRefusal(say("checklist.wrong_lines", text=words))


# `gongping approve`: a named person signs the run in force in a named role.


def approve_command() -> click.Command:
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
    with options.desk(period, out, at, settings, signers) as desk:
        found = checklist_of(desk)
        said_to = answers(found, ticked, given, ask=sys.stdin.isatty() and not as_json)
        with _reports_the_preview(desk, period, out, as_json):
            signatures = publishing.approve(desk, Person(by, role, key), early, said_to).approvals
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


# `gongping publish`: what was approved becomes the first edition, byte for byte.


def publish_command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "publish",
        publish,
        options.period(),
        options.out(),
        options.without_pdf(),
        *options.when(),
        options.as_json(),
    )


def publish(period, out, without_pdf, at, settings, signers, as_json) -> None:
    """Freeze and record; say where the edition lies."""
    with options.desk(period, out, at, settings, signers) as desk:
        edition = publishing.publish(desk, without_pdf)
    folder = place_of(out, period) / edition.folder
    if as_json:
        options.print_json({"period": str(period), "edition": edition.folder, "run": edition.run, "folder": folder})
    else:
        click.echo(text("publication.published", period=period, edition=edition.folder, folder=folder))
        options.tell_of_sheet(edition, folder)


# `gongping correct`: an approved new run replaces the published one, with a numbered notice that says why.


def correct_command() -> click.Command:
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
    with options.desk(period, out, at, settings, signers) as desk:
        edition = publishing.correct(desk, reason, Person(by, role, key), without_pdf)
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


# `gongping verify`: record, published bytes, and with the exports the whole quarter computed again.


def verify_command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "verify",
        verify,
        options.period(),
        click.Option(["--exports"], type=click.Path(path_type=Path), help=text("publication.opt_again")),
        options.out(),
        options.other_rules(),
        options.source(),
        options.office(),
        options.signers(),
        options.as_json(),
    )


def verify(period, exports, out, rules, source, office, signers, as_json) -> None:
    """Check, and say what was checked; exit 5 at the first difference."""
    from pipelines.publication.verify import verify as check

    again = None
    if exports:
        from pipelines.publication.verify import Again

        again = Again(exports, rules, source, office)
    with progress() as listener:
        verdict = check(out, period, again, listener, signers or signers_of_city())
    if as_json:
        notices = [notice.into(language()) for notice in verdict.notices]
        options.print_json({"period": str(period), **vars(verdict), "notices": notices})
        return
    click.echo(text("publication.verified", events=verdict.events, editions=len(verdict.editions), files=verdict.files))
    if verdict.recomputed and verdict.same_bytes:
        click.echo(text("publication.verified_again", folder=verdict.recomputed))
    for notice in verdict.notices:
        click.echo(notice.into(language()))
