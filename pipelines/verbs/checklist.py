"""`gongping checklist`: what must be mended before anybody signs the run in force, and what about it is unusual."""

from collections.abc import Mapping

import click

from pipelines.cli import said, text
from pipelines.verbs import options


def command() -> click.Command:
    """The verb with its options."""
    return options.verb("checklist", checklist, options.period(), options.out(), *options.when(), options.as_json())


def checklist(period, out, at, settings, signers, as_json) -> None:
    """Show the list and write its page; nothing is recorded."""
    from pipelines.publication.desk import checklist_of
    from pipelines.publication.pages import write_checklist

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
    from pipelines.publication.checklist import TICKED

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
    from pipelines.model.refusals import UsageRefusal
    from pipelines.wording import say

    return UsageRefusal(say("checklist.wrong_lines", text=words))
