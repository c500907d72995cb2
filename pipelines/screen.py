"""What a person sees on the terminal: progress, the top of a ranking, what the contracts found."""

import sys
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import contextmanager
from time import perf_counter

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from pipelines.catalogue import gaps
from pipelines.cli import language, said, text
from pipelines.model.points import shown
from pipelines.model.score import STAGES
from pipelines.views.figures import known
from pipelines.views.quality import folded_notices, other_rows
from pipelines.wording import say

SHOWN_AT_MOST = 10
IN_ORDER = {*STAGES, "find", "tried"}  # stages of which one follows on the other; any else is a part of one


def console(stderr: bool = False):
    """A rich console; plain text where it is not a terminal."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else 160
    return Console(stderr=stderr, highlight=False, width=width, soft_wrap=not stream.isatty())


@contextmanager
def progress():
    """A listener for `Run`: a bar on a terminal, plain lines elsewhere; always on standard error."""
    if sys.stderr.isatty():
        with _bar() as listener:
            yield listener
    else:
        yield _plain_lines


@contextmanager
def timed(listener):
    """The listener, told through one that measures; at the end a line for each part of the work, with its share."""
    begun: list[tuple[str, float]] = []

    def listen(stage: str, done: int, total: int) -> None:
        if not begun or begun[-1][0] != stage:
            begun.append((stage, perf_counter()))
        listener(stage, done, total)

    yield listen
    ends = [*(moment for _, moment in begun[1:]), perf_counter()]
    seconds: dict[str, float] = {}
    for (stage, start), end in zip(begun, ends, strict=True):
        seconds[stage] = seconds.get(stage, 0) + end - start
    seconds.pop("done", None)
    whole = sum(seconds.values())
    for stage, taken in (*seconds.items(), ("whole", whole)):
        print(f"{taken:8.2f} s {100 * taken / (whole or 1):5.1f} %  {text('cli.stage_' + stage)}", file=sys.stderr)


@contextmanager
def pulling():
    """A listener for `pull`: a bar for every table on a terminal, nothing elsewhere; always on standard error."""
    if not sys.stderr.isatty():
        yield lambda name, done, whole: None
        return
    with Progress(console=Console(stderr=True), transient=True) as bar:
        tasks: dict = {}

        def listen(name: str, done: int, whole: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(_safe(name), total=whole or None)
            bar.update(tasks[name], completed=done)

        yield listen


def _plain_lines(stage: str, done: int, total: int) -> None:
    if stage != "done" and done < total and _is_stage(stage):
        print(f"[{done + 1}/{total}] {text('cli.stage_' + stage)}", file=sys.stderr, flush=True)


def _is_stage(stage: str) -> bool:
    return stage in IN_ORDER


@contextmanager
def _bar():
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        tasks: dict[str, int] = {}

        def listen(stage: str, done: int, total: int) -> None:
            name = "run" if stage == "done" or _is_stage(stage) else stage
            label = text("cli.stage_" + stage)
            if name not in tasks:
                tasks[name] = bar.add_task(label, total=total)
            bar.update(tasks[name], description=label, completed=done, total=total)

        yield listen


def show_run(run) -> None:
    """The account of rows, notices, the top of the ranking and what to open."""
    screen = console()
    titles = titles_of(run)
    show_rows(screen, run.rows, titles)
    show_notices(screen, run.notices())
    show_breaches(screen, run.breaches, titles)
    show_notices(screen, run.fix_notices)
    if run.breaches:
        screen.print(text("cli.all_breaches", file=run.published.folder / "quarantine.csv"))
    show_ranking(screen, run)
    screen.print(text("cli.open_this", folder=run.published.folder))


def show_ranking(screen, run) -> None:
    """The top of the ranking."""
    table = Table(title=text("cli.top_of_ranking", period=run.period), title_justify="left")
    for name in ("rank", "unit", "group", "base", "bonus", "total"):
        table.add_column(
            text(f"cli.col_{name}"),
            justify="right" if name in ("rank", "base", "bonus", "total") else "left",
            no_wrap=name != "unit",
        )
    for standing in run.standings[:SHOWN_AT_MOST]:
        unit, score = run.tallies[standing.unit_id].unit, run.scores[standing.unit_id]
        table.add_row(
            str(standing.rank or "–"),
            _safe(unit.unit_name),
            _safe(unit.unit_group),
            run.rulebook.sum(score.base),
            run.rulebook.sum(score.bonus),
            run.rulebook.sum(score.total),
        )
    screen.print(table)


def titles_of(run) -> dict[str, str]:
    """The titles of a run's tables, by id."""
    return {name: said(table.title) for name, table in run.contracts.tables.items()}


def show_rows(screen, rows: dict, titles: Mapping[str, str]) -> None:
    """What became of the rows, a line a table that has rows; nothing where none was read."""
    if not rows:
        return
    table = Table(title=text("cli.account_of_rows"), title_justify="left")
    table.add_column(text("cli.col_table"))
    for name in ("read", "accepted", "quarantined"):
        table.add_column(text(f"cli.col_{name}"), justify="right")
    table.add_column(text("cli.col_note"))
    for name, count in rows.items():
        if count.read:
            note = other_rows(count, say, language())
            table.add_row(_safe(titles[name]), str(count.read), str(count.accepted), str(count.quarantined), note)
    screen.print(table)


def show_periods(screen, run) -> None:
    """Accepted rows by the quarter that they are of, a line a table; the period asked for stands out."""
    titles = titles_of(run)
    for name, periods in (run.validation.periods if run.validation else {}).items():
        if periods:
            counts = " · ".join(f"{'*' if of == str(run.period) else ''}{of} {n}" for of, n in periods)
            screen.print(_safe(text("cli.rows_per_period", table=titles[name], periods=counts)))


def show_notices(screen, notices) -> None:
    """A line each; what is the same of several files of a table is one."""
    for notice in folded_notices(notices):
        screen.print("· " + _safe(said(notice)))


def show_check(run, stops) -> None:
    """What the contracts found: the account, the breaches, the warnings."""
    screen = console()
    titles = titles_of(run)
    show_rows(screen, run.rows, titles)
    show_periods(screen, run)
    show_notices(screen, run.notices())
    show_breaches(screen, run.breaches, titles)
    show_notices(screen, run.fix_notices)
    warned = Counter((b.table, b.column, b.promise) for b in run.warnings if b.line)  # files: told above
    for (name, column, promise), number in warned.most_common():
        screen.print("· " + _safe(text("cli.warned", table=titles[name], column=column, promise=promise, n=number)))
    if not stops and run.quality and not any(one.before for one in run.history):
        screen.print("· " + text("quality.history_none"))
    if not stops:
        screen.print(text("cli.check_passed"))


def show_breaches(screen, breaches, titles: Mapping[str, str]) -> None:
    """Breaches counted by promise, with the first of each; nothing where there is none."""
    firsts = {}
    for breach in breaches:
        firsts.setdefault(_promise(breach), breach)
    table = Table(title=text("cli.quarantined_why"), title_justify="left")
    for name in ("table", "column", "promise", "rows", "first", "value", "remedy"):
        table.add_column(text(f"cli.col_{name}"), overflow="fold")
    for key, number in Counter(map(_promise, breaches)).most_common():
        first = firsts[key]
        table.add_row(
            *(_safe(part) for part in (titles[first.table], *key[1:])),
            str(number),
            _safe(f"{first.file}:{first.line}"),
            _safe(first.value),
            _safe(said(first.remedy)),
        )
    if firsts:
        screen.print(table)


def _promise(breach) -> tuple[str, str, str]:
    return breach.table, breach.column, breach.promise


def _safe(value: str) -> str:
    printable = "".join(c if c.isprintable() else "�" for c in value)
    return escape(printable)


def show_explanation(explanation, titles: Mapping[str, str], cases: Collection[str]) -> None:
    """Items with their lines and a running sum, then base, bonus and total; ``titles`` of items and rules by id."""
    screen, unit = console(), explanation.unit
    table = Table(title=_safe(f"{explanation.period} {unit['unit_id']} {unit['unit_name']}"), title_justify="left")
    for name in ("item", "clause", "why", "case", "points"):
        table.add_column(text(f"cli.col_{name}"), justify="right" if name == "points" else "left")
    for item in explanation.items:
        if cases and not (item.lines or item.misses):
            continue
        table.add_row(_safe(titles.get(item.item_id, item.item_id)), "", text("cli.full_marks"), "", item.full_marks)
        for line in item.lines:
            reason = " ".join(part for part in (line["detail"], line["adjustment_id"]) if part)
            which = line["case_id"] or line["ref_id"]
            table.add_row(
                "", line["clause"], _safe(reason or _title(line["rule_id"], titles)), _safe(which), line["points"]
            )
            for row in item.misses_of(line) if not cases else ():
                table.add_row("", "", _safe(f"  {row['detail']}"), _safe(row["case_id"] or row["ref_id"]), "")
        for row in item.misses if cases else ():
            table.add_row("", row["clause"], _safe(row["detail"]), _safe(row["case_id"]), "")
        if not cases:
            table.add_row(
                "",
                "",
                _safe(f"= {text('cli.item_score')} {item.note}"),
                "",
                f"[bold]{item.score}[/bold]",
                end_section=True,
            )
    screen.print(table)
    named = {
        row[key] for item in explanation.items for row in (*item.lines, *item.misses) for key in ("case_id", "ref_id")
    }
    if unnamed := [case for case in cases if case not in named]:
        screen.print(_safe(text("cli.nothing_on_case", case=" ".join(unnamed))))
    sums = {name: unit[name] for name in ("base", "bonus", "total")}
    screen.print(_safe(text("cli.sum_up", rank=unit["rank"] or "–", **sums)))


def _title(id: str, titles: Mapping[str, str]) -> str:
    """The title of a rule, or of what settling does."""
    return titles.get(id) or known(say, f"pages.rule_{id}", id, language())


def show_movements(movements, title: str, titles: Mapping[str, str]) -> None:
    """Who moved, by how much, through which rules; ``titles`` of these by id."""
    screen = console()
    table = Table(title=_safe(title), title_justify="left")
    for name in ("unit", "before", "after", "points", "why"):
        table.add_column(text(f"cli.col_{name}"), justify="left" if name in ("unit", "why") else "right")
    for move in movements:
        why = "  ".join(f"{_title(rule, titles)} {_signed(points)}" for rule, points in move.by_rule)
        table.add_row(
            _safe(f"{move.unit_id} {move.unit_name}"),
            move.rank_before or "–",
            move.rank_after or "–",
            ("+" if move.points > 0 else "") + move.shown(move.points),
            _safe(why),
        )
    screen.print(table if movements else text("cli.no_difference"))


def show_comparison(scenario, saved=None) -> None:
    """Who would move under a what-if, and why."""
    screen, compared = console(), scenario.compare()
    movers, decimals = compared.movers, compared.decimals
    table = Table(
        title=_safe(text("cli.whatif_title", period=scenario.quarter.period, change=scenario.change)),
        title_justify="left",
    )
    for name in ("unit", "before", "after", "points", "why"):
        table.add_column(text(f"cli.col_{name}"), justify="left" if name in ("unit", "why") else "right")
    for move in movers.astype(object).itertuples():
        both = (str(place) for place in (move.place_before, move.place_after))
        places = ("–" if place in ("<NA>", "nan") else place for place in both)
        change = f"{move.change:+.{decimals}f}"
        table.add_row(_safe(f"{move.unit_id} {move.unit_name}"), *places, change, _safe(move.why))
    screen.print(table if len(movers) else text("cli.no_difference"))
    if saved:
        screen.print(_safe(text("cli.whatif_saved", folder=saved)))


def _signed(points) -> str:
    return ("+" if points > 0 else "") + shown(points)


def show_checks(checks) -> None:
    """One line a check; the remedy under the ones that fail."""
    screen = console()
    for check in checks:
        mark = "[green]✓[/green]" if check.ok else "[red]✗[/red]"
        screen.print(f"{mark} {_safe(said(check.name))}: {_safe(said(check.found))}")
        if not check.ok:
            screen.print("   → " + _safe(said(check.remedy)))


def show_catalogue(parts: dict[str, list[dict]], lang: str, own: bool) -> None:
    """Every clause with what implements and tests it, the book's other parts, and whether a clause has neither.

    ``own``: whether it is the program's own book.
    """
    rows, table = parts["clauses"], Table(show_lines=False)
    for name in ("clause", "what", "rules", "readings", "tests"):
        table.add_column(text(f"cli.col_{name}"))
    for row in rows:
        table.add_row(*(_safe(str(cell)) for cell in catalogue_cells(row, lang)))
    console().print(table)
    for part, columns in PARTS.items():
        if parts[part]:
            console().print(_part(part, columns, parts[part], lang))
    bare = gaps(rows)
    whole = "cli.catalogue_honoured" if rows[0]["tests"] is None else "cli.catalogue_whole"
    whole = whole if own else "cli.catalogue_other"
    console().print(text("cli.catalogue_gaps", clauses=" ".join(bare)) if bare else text(whole))


PARTS = {  # of a book, beside its clauses, with what is shown of each
    "sentences": ("clause", "title", "by", "tests"),
    "items": ("id", "title", "section", "full_marks", "rules"),
    "rules": ("id", "title", "item", "kind", "measures", "readings", "examples"),
    "measures": ("id", "title", "counts", "among", "readings", "named_by", "examples"),
    "readings": ("id", "title", "values", "honoured_by", "examples"),
    "verdicts": ("id", "title", "list", "facts", "examples"),
}


def _part(part: str, columns: tuple[str, ...], rows: list[dict], lang: str):
    table = Table(title=text(f"cli.catalogue_{part}"), title_justify="left")
    for name in columns:
        table.add_column(text(f"cli.part_{name}"))
    for row in rows:
        table.add_row(*(_safe(_cell(name, row[name], lang)) for name in columns))
    return table


def _cell(name: str, value: object, lang: str) -> str:
    if name == "title":
        return value[lang]
    return " ".join(value) if isinstance(value, (list, dict)) else str(value)


def _thing(thing: str) -> str:
    kind, _, name = thing.partition(" ")
    return f"{text(f'cli.honours_{kind}')} {name}"


def catalogue_cells(row: dict, lang: str) -> tuple[str, str, str, str, str]:
    """One line of the catalogue as text: what applies the clause and what else honours it, else why nothing does."""
    applied = [name for kind in ("rules", "verdicts", "findings", "settings") for name in row[kind]]
    things = [*filter(None, [" ".join(applied)]), *(_thing(thing) for thing in row["honoured_by"])]
    rules = " · ".join(things) or " ".join(row["parts"]) or row["why_none"][lang]
    tests = "–" if row["tests"] is None else str(len(row["tests"]))
    return row["clause"], row["text"][lang], rules, " ".join(row["readings"]), tests


def show_signers(people, now) -> None:
    """Who may sign what: a column a role, those in force first; who has ended stays in the list."""
    roles = list(dict.fromkeys(role for one in people for role in one.roles))
    table = Table(title=text("signers.title"), title_justify="left")
    for head in (text("signers.col_name"), *map(_safe, roles), text("signers.col_key"), text("signers.col_since")):
        table.add_column(head, overflow="fold")
    for one in sorted(people, key=lambda one: not one.in_force(now)):
        ended = not one.in_force(now)
        state = text("signers.ended", before=one.before) if ended else str(one.after)
        marks = ["✓" if role in one.roles else "" for role in roles]
        table.add_row(
            _safe(one.name),
            *marks,
            one.fingerprint + " SIMULATED" * one.simulated,
            state,
            style="dim" if ended else "",
        )
    console().print(table)
