"""`gongping rulebook`: a new book, all that is wrong with one, and one in older words written anew."""

import sys
from pathlib import Path

import click

from pipelines.cli import Group, Spoken, language, text
from pipelines.verbs import options


def command() -> click.Command:
    """The verb with its parts."""
    parts = [_new(), _check(), _upgrade()]
    return Group("rulebook", {part.name: part for part in parts}, help=text("cli.rulebook"), no_args_is_help=True)


def _part(name: str, function, *parameters: click.Parameter) -> click.Command:
    folder = click.Argument(["folder"], type=click.Path(path_type=Path), metavar="DIR")
    return Spoken(name, callback=function, params=[folder, *parameters], help=text(f"cli.rulebook_{name}"))


def _new() -> click.Command:
    return _part(
        "new",
        new,
        click.Option(["--title"], help=text("cli.opt_title")),
        click.Option(["--period", "kind"], help=text("cli.opt_kind")),
        click.Option(["--from", "since"], type=options.MomentType(), help=text("cli.opt_since")),
        click.Option(["--section", "sections"], multiple=True, help=text("cli.opt_section")),
        click.Option(["--item", "items"], multiple=True, help=text("cli.opt_item")),
    )


def _on() -> click.Option:
    return click.Option(["--on"], type=options.MomentType(), help=text("cli.opt_on"))


def _check() -> click.Command:
    return _part("check", check, _on(), options.as_json())


def _upgrade() -> click.Command:
    return _part("upgrade", upgrade, _on(), options.as_json())


def new(folder: Path, title, kind, since, sections, items) -> None:
    """Write a book that loads; what no option says is asked, where somebody is there to answer."""
    from pipelines.edges import process
    from pipelines.model.refusals import UsageRefusal
    from pipelines.rulebook import load_rulebook
    from pipelines.rulebook.new import write_new
    from pipelines.wording import say

    asking = sys.stdin.isatty()
    if not asking and not (title and kind and sections and items):
        raise UsageRefusal(say("rulebook.new_lacks"))
    title = title or click.prompt(text("cli.ask_title"))
    kind = kind or click.prompt(text("cli.ask_kind"), default="month")
    sections, items = sections or _asked("section"), items or _asked("item")
    first = (since or process.now()).date()
    written = write_new(folder, title, kind, first if since else first.replace(month=1, day=1), sections, items)
    load_rulebook(folder, first)
    for file in written:
        click.echo(str(file))
    click.echo(text("cli.rulebook_made", folder=folder))


def _asked(what: str) -> list[str]:
    """One line each until an empty one."""
    found: list[str] = []
    while line := click.prompt(text(f"cli.ask_{what}"), default="", show_default=False).strip():
        found.append(line)
    return found


def check(folder: Path, on, as_json) -> None:
    """Print every refusal, then the notes; exit 2 if there is any refusal."""
    from pipelines.edges import process
    from pipelines.rulebook.check import check as checked

    refusals, notes = checked(folder, (on or process.now()).date())
    if as_json:
        rows = [{"file": one.place[0], "line": one.place[1], **_both(one.words)} for one in refusals]
        options.print_json({"refusals": rows, "notes": [_both(one) for one in notes]})
    else:
        for words in (*(one.words for one in refusals), *notes):
            click.echo(getattr(words, language()))
        summary = "cli.rulebook_refused" if refusals else "cli.rulebook_loads"
        click.echo(text(summary, folder=folder, n=len(refusals), notes=len(notes)))
    if refusals:
        sys.exit(2)


def upgrade(folder: Path, on, as_json) -> None:
    """Print what changed, file by file."""
    from pipelines.edges import process
    from pipelines.rulebook.upgrade import upgrade as upgraded

    changes = upgraded(folder, (on or process.now()).date())
    if as_json:
        options.print_json([{"file": file, **_both(words)} for file, words in changes])
        return
    for file, words in changes:
        click.echo(text("cli.rulebook_changed", file=file, what=getattr(words, language())))
    click.echo(text("cli.rulebook_upgraded" if changes else "cli.rulebook_present", folder=folder, n=len(changes)))


def _both(words) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}
