"""The verbs about a book: a new one, all that is wrong with one, one in older words, a book whole, and what if."""

import sys
from pathlib import Path

import click

from pipelines.catalogue import whole as parts_of
from pipelines.cli import Group, Spoken, language, text
from pipelines.edges import process
from pipelines.lazy import pandas
from pipelines.model.words import UsageRefusal
from pipelines.paths import INSTALLED, ROOT
from pipelines.rulebook.check import check as checked
from pipelines.rulebook.check import check_every_day
from pipelines.rulebook.load import load_rulebook
from pipelines.rulebook.new import write_new
from pipelines.rulebook.upgrade import upgrade as upgraded
from pipelines.screen import show_catalogue, show_comparison
from pipelines.verbs import options
from pipelines.wording import say

# `gongping rulebook`: a new book, all that is wrong with one, and one in older words written anew.


def rulebook_command() -> click.Command:
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


def _on(says: str = "opt_on") -> click.Option:
    return click.Option(["--on"], type=options.MomentType(), help=text(f"cli.{says}"))


def _check() -> click.Command:
    return _part("check", check, _on("opt_on_alone"), options.as_json())


def _upgrade() -> click.Command:
    return _part("upgrade", upgrade, _on(), options.as_json())


def new(folder: Path, title, kind, since, sections, items) -> None:
    """Write a book that loads; what no option says is asked, where somebody is there to answer."""
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
    refusals, notes = checked(folder, on.date()) if on else check_every_day(folder, process.now().date())
    if as_json:
        rows = [{"file": one.place[0], "line": one.place[1], **vars(one.words)} for one in refusals]
        options.print_json({"refusals": rows, "notes": [vars(one) for one in notes]})
    else:
        for words in (*(one.words for one in refusals), *notes):
            click.echo(getattr(words, language()))
        summary = "cli.rulebook_refused" if refusals else "cli.rulebook_loads"
        click.echo(text(summary, folder=folder, n=len(refusals), notes=len(notes)))
    if refusals:
        sys.exit(2)


def upgrade(folder: Path, on, as_json) -> None:
    """Print what changed, file by file."""
    changes = upgraded(folder, (on or process.now()).date())
    if as_json:
        options.print_json([{"file": file, **vars(words)} for file, words in changes])
        return
    for file, words in changes:
        click.echo(text("cli.rulebook_changed", file=file, what=getattr(words, language())))
    click.echo(text("cli.rulebook_upgraded" if changes else "cli.rulebook_present", folder=folder, n=len(changes)))


# `gongping catalogue`: a book whole, every clause with its rules, readings and tests first.


def catalogue_command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "catalogue",
        catalogue,
        click.Option(["--on"], type=options.MomentType(), help=text("cli.opt_on")),
        options.rules(),
        options.as_json(),
    )


def catalogue(on, rules, as_json) -> None:
    """Print the clauses in order, then the other parts; tests of the program's own book alone."""
    from pipelines.paths import STANDARD_RULES

    folder = rules or STANDARD_RULES
    own = folder.resolve() == STANDARD_RULES.resolve()
    tests = ROOT / "tests" if own and not INSTALLED else None  # a wheel holds no tests
    parts = parts_of(load_rulebook(folder, (on or process.now()).date()), tests)
    if as_json:
        options.print_json(parts)
    else:
        show_catalogue(parts, language(), own)


# `gongping whatif`: a finished quarter under other rules; the quarter itself stays as it is.


SUMS = ("base", "bonus", "total")


def whatif_command() -> click.Command:
    """The verb with its options."""

    def many(name: str, to: str, type=str) -> click.Option:
        return click.Option([f"--{name}", to], type=type, multiple=True, help=text(f"cli.opt_{to}"))

    return options.verb(
        "whatif",
        whatif,
        options.period(),
        options.out(),
        options.pairs("set", "values"),
        options.readings(),
        many("drop", "drop"),
        many("add", "add", click.Path(path_type=Path)),
        many("without-unit", "without_units"),
        many("without-case", "without_cases"),
        many("rank-apart", "rank_apart"),
        click.Option(["--rank-apart-below", "rank_apart_below"], metavar="N", help=text("cli.opt_rank_apart_below")),
        options.other_rules(),
        click.Option(["--save"], type=click.Path(path_type=Path), help=text("cli.opt_save")),
        options.as_json(),
    )


def whatif(
    period,
    out,
    values,
    readings,
    drop,
    add,
    without_units,
    without_cases,
    rank_apart,
    rank_apart_below,
    rules,
    save,
    as_json,
) -> None:
    """Print who moved and why; with ``--save`` write the rulebook."""
    from pipelines.laboratory.quarter import Quarter

    quarter, below = Quarter.open(str(period), out), rank_apart_below
    scenario = quarter.what_if(
        values,
        readings,
        drop=drop,
        add=add,
        exclude_units=without_units,
        exclude_cases=without_cases,
        rules=rules,
        rank_apart=rank_apart,
        rank_apart_below=int(below) if below and below.isdecimal() else below,
    )
    if save:
        scenario.save(save)
    if as_json:
        options.print_json(report(scenario))
    else:
        show_comparison(scenario, save)


def report(scenario) -> dict:
    """What changed and what came of it, for machines: points as text, sums as the book publishes them."""
    from pipelines.laboratory.answer import with_decimals

    compared = scenario.compare()
    return {
        "period": str(scenario.quarter.period),
        "change": str(scenario.change),
        "readings": dict(scenario.readings),
        "ranking": _records(with_decimals(scenario.ranking, compared.decimals, SUMS)),
        "movements": _records(compared.shown),
        "rules": _records(compared.rules),
    }


def _records(frame) -> list[dict]:
    def plain(value: object) -> object:
        if isinstance(value, float) and value == value:
            return f"{value:.2f}"
        return None if pandas.isna(value) else value.item() if hasattr(value, "item") else value

    return [{name: plain(value) for name, value in row.items()} for row in frame.astype(object).to_dict("records")]
