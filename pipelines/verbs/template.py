"""`gongping template`: empty forms for the tables that people fill in by hand."""

from difflib import get_close_matches
from pathlib import Path

import click

from pipelines.cli import text
from pipelines.model.refusals import UsageRefusal
from pipelines.verbs import options
from pipelines.wording import say


def command() -> click.Command:
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
    from datetime import date

    from pipelines.assess import STANDARD_RULES
    from pipelines.contracts.declared import load_contracts
    from pipelines.contracts.of_book import of_book
    from pipelines.edges.forms import write_form
    from pipelines.exports.files import read_units
    from pipelines.rulebook import load_rulebook

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
