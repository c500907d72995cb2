"""The running period as a Prefect flow, for every working day: the day's pages, and each unit's own letter."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from prefect import flow
from prefect.states import State

from pipelines.assess import Request
from pipelines.edges import process
from pipelines.edges.calendar import Calendar
from pipelines.edges.notify import deliver
from pipelines.edges.runs import logged
from pipelines.flows.score import failing, parsed, pulled, request_of
from pipelines.model.period import Period
from pipelines.paths import STANDARD_RULES
from pipelines.project import take
from pipelines.publication import alerts
from pipelines.publication.alerts import Channels, load_channels
from pipelines.rulebook.load import periods_of
from pipelines.running import pages
from pipelines.running.findings import WATCH
from pipelines.running.forecast import history_of, likely
from pipelines.running.watch import Watch


@flow(name="watch", persist_result=False)
@failing
def watch(
    period: str | None = None,
    exports: str | None = None,
    out: Path | None = None,
    cutoff: str | None = None,
    readings: dict[str, str] | None = None,
    rules: Path | None = None,
    source: Path | None = None,
    absent: list[str] | None = None,
    bounds: Path | None = None,
    pull: bool = False,
    project: Path | None = None,
) -> str | State:
    """Look at the running period, as `gongping watch --send` does; the folder of the day and how many were told.

    Without a ``period`` it is the one that runs now. On a day off nothing is looked at.
    """
    city, now = take(project), process.now()
    chosen = _running(period, rules or city.rulebook or STANDARD_RULES, city.period)
    request = request_of(city, chosen, exports, out, cutoff, readings, rules, source, absent, None, pdf=False)
    channels = load_channels(city.alerts) if city.alerts else None
    if not Calendar.load().is_working(now.date()):
        return "day off"
    with logged(request.out, "watch", str(chosen)):
        request = pulled(request, city) if pull else request
        folder, sent = _looked(request, now.replace(microsecond=0), channels, bounds or city.watch or WATCH)
    return " ".join((str(folder), *(f"letters_{name}={n}" for name, n in sorted(sent.items()))))


def _looked(request: Request, at: datetime, channels: Channels | None, bounds: Path) -> tuple[Path, Mapping[str, int]]:
    with Watch(request, at, rules=bounds) as looking:
        watched = looking.run().look()
        folder = pages.write(watched, request.out, likely(watched, history_of(looking)))
        return folder, alerts.tell_of_morning(watched, channels, deliver, looking.warnings_of_day) if channels else {}


def _running(named: str | None, rules: Path, kind: str) -> Period:
    """The period that is named, else the one that runs."""
    if named:
        return parsed(named)
    periods = periods_of(rules)
    return replace(periods, kind=kind or periods.kind).holding(process.now().date())
