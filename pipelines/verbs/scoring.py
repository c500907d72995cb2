"""The verbs that score and look back: a period, one that runs, contracts alone, a unit, two runs, a province."""

from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

import click

from pipelines.cli import said, text
from pipelines.edges import notify, process
from pipelines.edges.paper import font_beside
from pipelines.edges.published import RULEBOOK, PublishedQuarter, run_folder
from pipelines.edges.tablefiles import write_csv
from pipelines.edges.templates import render
from pipelines.edges.workbook import write_list
from pipelines.explain import compare
from pipelines.explain import explain as explained
from pipelines.model.period import Period
from pipelines.model.points import shown
from pipelines.model.project import DUCKDB, ENGINES
from pipelines.model.words import ContractStop, RulebookRefusal, UsageRefusal
from pipelines.paths import STANDARD_RULES
from pipelines.rulebook.load import load_rulebook
from pipelines.screen import (
    console,
    progress,
    pulling,
    show_check,
    show_explanation,
    show_movements,
    show_ranking,
    show_run,
    timed,
)
from pipelines.verbs import options
from pipelines.views.objection import LONG, objection
from pipelines.views.tables import QUARANTINE, breach_rows
from pipelines.wording import say

# `gongping run`: the whole spine for a quarter.


def run_command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "run",
        run,
        options.period(),
        options.exports(),
        options.out(),
        click.Option(["--cutoff"], type=options.CutoffType(), help=text("cli.opt_cutoff")),
        options.readings(),
        options.rules(),
        options.source(),
        options.absent(),
        options.office(),
        click.Option(["--pull"], is_flag=True, help=text("cli.opt_pull")),
        click.Option(["--no-pdf"], is_flag=True, help=text("cli.opt_no_pdf")),
        click.Option(["--engine"], type=click.Choice(ENGINES), default=DUCKDB, help=text("cli.opt_engine")),
        click.Option(["--timings"], is_flag=True, help=text("cli.opt_timings")),
        options.as_json(),
    )


def run(
    period, exports, out, cutoff, readings, rules, source, absent, office, pull, no_pdf, engine, timings, as_json
) -> None:
    """Score and publish; print the top of the ranking and what to open."""
    from pipelines.assess import Request, Run

    _tell_of(process.project())
    if pull:
        with options.noted_stop(period, out):
            exports = _pulled(period)
    request = Request(
        period,
        exports,
        out,
        cutoff,
        readings,
        rules or STANDARD_RULES,
        source,
        not no_pdf,
        office,
        tuple(absent),
        city=process.project().name,
        engine=engine,
    )
    measured = timed if timings else nullcontext
    with options.noted_stop(period, out), progress() as bar, measured(bar) as listener, Run(request, listener) as done:
        try:
            done.run()
        except ContractStop:
            for notice in done.fix_notices:
                click.echo(said(notice), err=True)
            raise
    if as_json:
        options.print_json(summary(done))
    else:
        show_run(done)


def _pulled(period):
    """The exports as the sources of the project file have them now."""
    from pipelines.sources.pull import pulled_exports

    project = process.project()
    with pulling() as listen:
        folder, notices = pulled_exports(project.sources, period, project.raw, listen)
    for notice in notices:
        click.echo(said(notice), err=True)
    return folder


def _tell_of(project) -> None:
    """Which project file is in force."""
    if project.file:
        click.echo(text("project.in_force", file=project.file, name=project.name or text("project.nameless")), err=True)


def summary(done) -> dict:
    """What a finished run is, for machines: folder, readings, account of rows, ranking."""
    names = {unit_id: tally.unit.unit_name for unit_id, tally in done.tallies.items()}
    return {
        "period": str(done.period),
        "cutoff": done.cutoff,
        "folder": str(done.published.folder),
        "readings": done.readings,
        "rows": {name: count.counts() for name, count in done.validation.rows.items()},
        "ranking": [
            {
                "unit_id": standing.unit_id,
                "unit_name": names[standing.unit_id],
                "rank": standing.rank,
                "group_rank": standing.group_rank,
                "total": done.rulebook.sum(done.scores[standing.unit_id].total),
            }
            for standing in done.standings
        ],
        "notices": [notice.zh for notice in done.notices()],
    }


# `gongping check`: the contracts only, asked twice as in a run: what would be accepted, what quarantined, and why.


def check_command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "check",
        check,
        options.period(),
        options.exports(),
        options.out(),
        options.rules(),
        options.source(),
        options.absent(),
        click.Option(["--quarantine"], type=click.Path(path_type=Path), help=text("cli.opt_quarantine")),
        options.as_json(),
    )


def check(period, exports, out, rules, source, absent, quarantine, as_json) -> None:
    """Read and validate; exit 3 where a run would be stopped."""
    from pipelines.assess import Request, Run, joined

    request = Request(period, exports, out, rules=rules or STANDARD_RULES, source=source, absent=tuple(absent))
    with progress() as listener, Run(request, listener) as done:
        stops = done.check(twice=True)
    if quarantine:
        write_csv(quarantine, QUARANTINE, breach_rows(done.breaches))
    if as_json:
        options.print_json(report(done, stops))
    else:
        show_check(done, stops)
    if stops:
        raise ContractStop(joined(stops))


def report(done, stops) -> dict:
    """The outcome of the contracts, for machines."""
    return {
        "period": str(done.period),
        "rows": {name: count.counts() for name, count in done.rows.items()},
        "periods": {name: dict(of) for name, of in done.validation.periods.items()} if done.validation else {},
        "breaches": [{**vars(breach), "remedy": vars(breach.remedy)} for breach in done.breaches],
        "warnings": [{**vars(breach), "remedy": vars(breach.remedy)} for breach in done.warnings],
        "notices": [vars(notice) for notice in done.notices()],
        "stops": [vars(stop) for stop in stops],
    }


# `gongping watch`: a period that still runs: what will cost points, before it does.


def watch_command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "watch",
        watch,
        options.period(),
        options.exports(),
        click.Option(["--at"], type=options.MomentType(), help=text("running.opt_at")),
        options.out(),
        click.Option(["--cutoff"], type=options.CutoffType(), help=text("cli.opt_cutoff")),
        options.readings(),
        options.rules(),
        options.source(),
        options.absent(),
        options.of_project("--bounds", "running.opt_watch"),
        click.Option(["--send"], is_flag=True, help=text("running.opt_send")),
        options.as_json(),
    )


def watch(period, exports, at, out, cutoff, readings, rules, source, absent, bounds, send, as_json) -> None:
    """Look, write the day's pages, print who can lose most."""
    from pipelines.assess import Request
    from pipelines.running import pages
    from pipelines.running.findings import WATCH
    from pipelines.running.forecast import history_of, likely
    from pipelines.running.watch import Watch

    request = Request(
        period,
        exports,
        out,
        cutoff,
        readings,
        rules or STANDARD_RULES,
        source,
        False,
        absent=tuple(absent),
        city=process.project().name,
    )
    with progress() as listener, Watch(request, at, listener, bounds or WATCH) as looking:
        watched = looking.run().look()
        end = likely(watched, history_of(looking))
        folder = pages.write(watched, out, end)
        sent = _sent(watched) if send else {}
        if as_json:
            options.print_json({"folder": str(folder), **pages.figures(watched, end)})
            return
        for line in pages.lines(watched):
            click.echo(said(line))
        click.echo(text("running.written", folder=folder))
        if send:
            click.echo(text("running.sent", sent=" ".join(f"{name}={n}" for name, n in sorted(sent.items())) or "0"))


def _sent(watched):
    """Each unit's own letter, to the channels that the project's file names."""
    from pipelines.publication import alerts

    file = process.project().alerts
    if file is None:
        raise UsageRefusal(say("alerts.no_file"))
    return alerts.tell_of_morning(watched, alerts.load_channels(file), notify.deliver, watched.watch.warnings_of_day)


# `gongping explain`: a unit's score, clause by clause to the case.


def explain_command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "explain",
        explain,
        click.Argument(["unit"], metavar="UNIT"),
        options.period(),
        options.out(),
        click.Option(["--case", "cases"], multiple=True, help=text("cli.opt_case")),
        click.Option(["--objection"], type=click.Path(path_type=Path, dir_okay=False), help=text("cli.opt_objection")),
        options.as_json(),
    )


def explain(unit, period, out, cases, objection, as_json) -> None:
    """Print items, lines and sums; with ``objection`` write the objection to these lines instead."""
    quarter = PublishedQuarter.open(out / str(period))
    explanation = explained(quarter, unit, cases)
    if objection is not None:
        _write_objection(quarter, period, explanation, cases, objection, as_json)
    elif as_json:
        options.print_json(asdict(explanation))
    else:
        show_explanation(explanation, _titles(quarter), cases)


def _titles(quarter) -> dict[str, str]:
    """The titles of a run's items and rules, by id; none where its rulebook was not kept or is refused by now."""
    folder, units = quarter.folder / RULEBOOK, list(quarter.ranking.values())
    if not folder.is_dir() or not units:
        return {}
    try:
        book = load_rulebook(folder, Period.parse(units[0]["period"]))
    except RulebookRefusal:
        return {}
    return {id: said(one.title) for id, one in (*book.items.items(), *book.rules.items())}


def _write_objection(quarter, period, explanation, cases, file, as_json) -> None:
    """The workbook and, beside it, the form to print; what was there is not written over."""
    unit = explanation.unit
    ledger, misses = (of(unit["unit_id"]) for of in (quarter.ledger_of, quarter.misses_of))
    page = objection(unit, ledger, misses, load_rulebook(quarter.folder / RULEBOOK, period), say, cases)
    files = {suffix: file.with_suffix(suffix) for suffix in (".xlsx", ".html")}
    if there := [str(one) for one in files.values() if one.exists()]:
        raise UsageRefusal(say("scorecard.objection_there", files=" ".join(there)))
    write_list(files[".xlsx"], say("pages.table_adjustments").zh, page["heads"], page["rows"], LONG)
    files[".html"].write_text(render("scorecard/objection.html.j2", {**page, "frame": {}}), encoding="utf-8")
    font_beside(file.parent, [files[".html"]])
    if as_json:
        options.print_json({"lines": len(page["lines"]), "files": [str(one) for one in files.values()]})
    else:
        click.echo(
            text("scorecard.objection_written", n=len(page["lines"]), workbook=files[".xlsx"], form=files[".html"])
        )


# `gongping diff`: what differs between two runs or two quarters.


def diff_command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "diff",
        diff,
        click.Argument(["a"], metavar="A"),
        click.Argument(["b"], metavar="B"),
        options.out(),
        options.as_json(),
    )


def diff(a, b, out, as_json) -> None:
    """A and B are quarters below the output folder, or folders of finished runs."""
    before, after = (PublishedQuarter.open(run_folder(name, out)) for name in (a, b))
    movements = compare(before, after)
    if as_json:
        options.print_json([_plain(movement) for movement in movements])
    else:
        titles = {**_titles(before), **_titles(after)}
        show_movements(movements, text("cli.diff_title", a=a, b=b), titles)


def _plain(movement) -> dict:
    return {
        "unit_id": movement.unit_id,
        "unit_name": movement.unit_name,
        "rank": [movement.rank_before, movement.rank_after],
        "points": movement.shown(movement.points),
        "by_rule": {rule: shown(points) for rule, points in movement.by_rule},
    }


# `gongping roll-up`: a province ranks the units of its cities; a city hands over what that needs.


def roll_up_command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "roll-up",
        roll_up,
        options.period(),
        click.Option(["--cities"], type=click.Path(path_type=Path), help=text("roll_up.opt_cities")),
        click.Option(["--deliver"], type=click.Path(path_type=Path), help=text("roll_up.opt_deliver")),
        options.out(),
        click.Option(["--cutoff"], type=options.CutoffType(), help=text("cli.opt_cutoff")),
        options.readings(),
        options.rules(),
        click.Option(["--without"], multiple=True, metavar="CITY", help=text("roll_up.opt_without")),
        options.as_json(),
    )


def roll_up(period, cities, deliver, out, cutoff, readings, rules, without, as_json) -> None:
    """Rank the units of all cities in a folder; or put this city's finished period into one."""
    from pipelines import roll_up as province

    if (cities is None) == (deliver is None):
        raise click.UsageError(text("roll_up.one_of"))
    name = process.project().name
    if deliver is not None:
        folder = province.deliver(period, out, deliver, name)
        click.echo(text("roll_up.was_delivered", folder=folder))
        return
    asked = province.Request(
        period, cities, rules or STANDARD_RULES, out, cutoff, readings, tuple(dict.fromkeys(without)), name
    )
    with province.RollUp(asked) as done:
        done.run()
    if as_json:
        options.print_json(done.summary())
        return
    screen = console()
    screen.print(text("roll_up.counted", **done.summary() | _as_text(done)))
    show_ranking(screen, done.result)
    screen.print(text("roll_up.open_this", folder=done.folder))


def _as_text(done) -> dict[str, object]:
    return {"cities": len(done.cities), "left_out": "、".join(done.left_out) or "—"}
