"""The verbs about where exports come from: invented ones, forms to fill in, a first mapping, sources read once."""

from dataclasses import asdict
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import click

from pipelines.cli import Group, language, said, text
from pipelines.contracts.declared import load_contracts, of_book
from pipelines.edges import process
from pipelines.edges.warehouse import Warehouse
from pipelines.edges.workbook import write_form
from pipelines.exports.draft import draft as drafted
from pipelines.exports.files import read_units
from pipelines.model.words import UsageRefusal
from pipelines.paths import STANDARD_RULES
from pipelines.rulebook.load import load_rulebook
from pipelines.sample.make import make_sample
from pipelines.screen import pulling
from pipelines.sources.pull import EXPORTS
from pipelines.sources.pull import pull as fetched
from pipelines.verbs import options
from pipelines.wording import say

# `gongping sample`: synthetic exports.


def sample_command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "sample",
        sample,
        click.Argument(["out"], type=click.Path(path_type=Path), metavar="OUT"),
        click.Option(["--period"], type=options.PeriodType(), required=True, help=text("cli.opt_period")),
        click.Option(["--units"], type=int, default=40, show_default=True, help=text("cli.opt_units")),
        click.Option(["--cases"], type=int, default=4000, show_default=True, help=text("cli.opt_cases")),
        click.Option(["--seed"], type=int, default=1, show_default=True, help=text("cli.opt_seed")),
        click.Option(
            ["--format"],
            type=click.Choice(("csv", "xlsx", "parquet")),
            default="csv",
            show_default=True,
            help=text("cli.opt_format"),
        ),
        click.Option(["--dirt"], type=int, default=0, help=text("cli.opt_dirt")),
        click.Option(["--inbox"], type=click.Path(path_type=Path), help=text("evaluators.opt_sample_inbox")),
        options.as_json(),
    )


def sample(out, period, units, cases, seed, format, dirt, inbox, as_json) -> None:
    """Write the files and name them."""
    files = make_sample(out, period, units, cases, seed, format, dirt=dirt)
    if inbox:
        files = _with_inbox(files, out, inbox, period, seed)
    if as_json:
        options.print_json({"period": str(period), "files": [str(file) for file in files]})
    else:
        click.echo(text("cli.sample_made", n=len(files), out=out, period=period))
        if inbox:
            click.echo(_next(period, out, inbox))


def _next(period, out: Path, inbox: Path) -> str:
    """The steps that the actions belong to, as a command."""
    from pipelines.evaluators.practice import moments_of

    first, *_, at = moments_of(period)
    return text("evaluators.sample_next", first=first.date(), at=at.date(), out=out, inbox=inbox)


def _with_inbox(files: list[Path], out: Path, inbox: Path, period, seed: int) -> list[Path]:
    """The evaluators' actions instead of the evaluations that come of them."""
    from pipelines.evaluators.practice import make_inbox

    drawn = [file for file in files if file.name.startswith("evaluations.")]
    for file in drawn:
        file.unlink()
    return [*(file for file in files if file not in drawn), *make_inbox(out, inbox, period, seed)]


# `gongping template`: empty forms for the tables that people fill in by hand.


def template_command() -> click.Command:
    """The verb with its options."""
    exports = click.Option(["--exports"], type=click.Path(path_type=Path), help=text("cli.opt_template_exports"))
    return options.verb(
        "template",
        template,
        click.Argument(["out"], type=click.Path(path_type=Path), metavar="OUT"),
        click.Option(["--tables"], default="", help=text("cli.opt_tables")),
        exports,
        options.rules(),
        options.as_json(),
    )


def template(out, tables, exports, rules, as_json) -> None:
    """Write the forms, a file a table, or one workbook where OUT ends with .xlsx, and name them."""
    book = load_rulebook(rules or STANDARD_RULES, date.today())
    contracts, items = of_book(load_contracts(), book), {id: item.title.zh for id, item in book.items.items()}
    chosen = _chosen(tables, contracts)
    units = read_units(exports, contracts) if exports else ()
    if exports and not units:
        raise UsageRefusal(say("forms.no_units", folder=exports))
    whole = out.suffix.casefold() == ".xlsx"
    files = {out: chosen} if whole else {out / f"{table.title.zh}.xlsx": [table] for table in chosen}
    there = [file for file in files if file.exists()]
    if there:
        raise UsageRefusal(say("forms.there", file=there[0]))
    try:
        (out.parent if whole else out).mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise UsageRefusal(say("forms.not_written", file=out, problem=problem.strerror)) from None
    for file, of in files.items():
        write_form(file, of, units, items)
    if as_json:
        options.print_json({"files": [str(file) for file in files], "tables": [table.name for table in chosen]})
    else:
        click.echo(text("forms.made", n=len(chosen), files="、".join(map(str, files))))


def _chosen(tables: str, contracts) -> list:
    """The tables named by either of their names; those that people fill in where none is."""
    if not tables.strip():
        return [table for table in contracts.tables.values() if table.by_hand]
    known = {name: table for table in contracts.tables.values() for name in (table.name, table.title.zh)}
    wanted = [name.strip() for name in tables.replace("，", ",").replace("、", ",").split(",") if name.strip()]
    for name in wanted:
        if name not in known:
            near = get_close_matches(name, known, 1, 0.5)
            hint = say("forms.nearest", name=near[0]) if near else ""
            raise UsageRefusal(say("forms.unknown_table", name=name, hint=hint, tables="、".join(contracts.tables)))
    return list({known[name].name: known[name] for name in wanted}.values())


# `gongping source draft`: a first mapping for a folder of foreign exports.


def source_command() -> click.Command:
    """The verb with what it can do."""
    draft_ = options.verb(
        "draft",
        draft,
        click.Argument(["folder"], type=click.Path(path_type=Path)),
        click.Option(["--to"], type=click.Path(path_type=Path), metavar="FILE", help=text("cli.opt_draft_to")),
    )
    return Group("source", commands=[draft_], help=text("cli.source"), no_args_is_help=True)


def draft(folder: Path, to: Path | None) -> None:
    """Read every file of the folder and write a mapping, on the screen or to a new file."""
    if to and to.exists():
        raise UsageRefusal(say("cli.draft_there", file=to))
    warehouse = Warehouse()
    try:
        warehouse.run("staging/macros")
        written = drafted(folder, load_contracts(), warehouse.parsed, language())
    finally:
        warehouse.close()
    if to:
        to.write_text(written, encoding="utf-8")
        click.echo(text("cli.draft_written", file=to))
    else:
        click.echo(written, nl=False)


# `gongping pull`: the sources of the project file, read once into the raw layer.


def pull_command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "pull",
        pull,
        options.period(),
        click.Option(["--from", "names"], metavar="SOURCE", multiple=True, help=text("cli.opt_pull_from")),
        options.as_json(),
    )


def pull(period, names: tuple[str, ...], as_json: bool) -> None:
    """Read the sources, or those that are named; nothing is kept unless all are read whole."""
    project = process.project()
    known = {source.name: source for source in project.sources}
    for name in names:
        if name not in known:
            near = "".join(f"{one}?" for one in get_close_matches(name, known, 1, 0.4))
            raise UsageRefusal(say("sources.unknown", name=name, near=near, known="、".join(known)))
    with pulling() as listen:
        done = fetched([known[name] for name in names or known], period, Path(project.raw), listen)
    if as_json:
        tables = [asdict(table) for table in done.tables]
        options.print_json(
            {"folder": str(done.folder), "tables": tables, "notices": [vars(one) for one in done.notices]}
        )
        return
    for table in done.tables:
        size = text("sources.rows", n=table.rows) if table.rows is not None else text("sources.bytes", n=table.bytes)
        click.echo(f"{table.source} {table.table} → {table.file}  {size}")
    for notice in done.notices:
        click.echo("· " + said(notice))
    click.echo(text("sources.kept", folder=done.folder / EXPORTS, period=period))
