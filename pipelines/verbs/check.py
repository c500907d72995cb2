"""`gongping check`: the contracts only, asked twice as in a run: what would be accepted, what quarantined, and why."""

from pathlib import Path

import click

from pipelines.cli import text
from pipelines.model.refusals import ContractStop
from pipelines.verbs import options


def command() -> click.Command:
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
    from pipelines.assess import STANDARD_RULES, Request, Run, joined
    from pipelines.screen import progress, show_check

    request = Request(period, exports, out, rules=rules or STANDARD_RULES, source=source, absent=tuple(absent))
    with progress() as listener, Run(request, listener) as done:
        stops = done.check(twice=True)
    if quarantine:
        from pipelines.edges.tablefiles import write_csv
        from pipelines.views.tables import QUARANTINE, breach_rows

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
