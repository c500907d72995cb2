"""What the office need not do by hand, as Prefect flows: publish what is approved, tell what must be told, delete.

`gongping serve` tells of killed runs without waiting for the flow `alerts`.
"""

from collections import Counter
from datetime import datetime
from pathlib import Path

from prefect import flow
from prefect.states import Failed, State

from pipelines.edges import process
from pipelines.edges.notify import deliver
from pipelines.edges.runs import logged
from pipelines.flows.score import failing, local_time, period_of
from pipelines.model.project import Project
from pipelines.model.words import UsageRefusal
from pipelines.paths import STANDARD_RULES
from pipelines.project import take
from pipelines.publication import alerts as operators
from pipelines.publication import desk as publishing
from pipelines.publication import retention
from pipelines.publication.editions import place_of
from pipelines.publication.signers import signers_of_city
from pipelines.publication.state import load_settings
from pipelines.rulebook.load import periods_of
from pipelines.wording import say


@flow(name="publish", persist_result=False)
@failing
def publish(
    period: str | None = None,
    out: Path | None = None,
    without_pdf: bool = False,
    at: datetime | None = None,
    settings: Path | None = None,
    signers: Path | None = None,
    project: Path | None = None,
) -> str | State:
    """Publish the period, as `gongping publish` does, if its record holds the approvals and the window is over.

    Not yet approved, or published already, is no failure: the sentence says which. Anything else fails the flow.
    """
    city = take(project)
    out = out or city.out
    chosen = period_of(city, period)
    named = load_settings(settings) if settings else None
    with (
        logged(out, "publish", str(chosen)),
        publishing.open_desk(out, chosen, local_time(at), named, signers=signers or signers_of_city()) as desk,
    ):
        if why := publishing.waits_for(desk):
            return str(say("publication.waiting", period=chosen, why=why))
        edition = publishing.publish(desk, without_pdf)
    return str(place_of(out, chosen) / edition.folder)


@flow(name="alerts", persist_result=False)
@failing
def alerts(
    out: Path | None = None, rules: Path | None = None, signers: Path | None = None, project: Path | None = None
) -> str | State:
    """Tell what is new, as `gongping alerts --send` does; how that went, how many things hold, letters to units."""
    city = take(project)
    outcome, n, sent = tell(city, out, rules, signers)
    if outcome == "failed":
        return Failed(message=str(say("alerts.failed_to_send", file=city.alerts)))
    return " ".join((outcome, str(n), *(f"letters_{name}={n}" for name, n in sorted(sent.items()))))


def tell(
    city: Project, out: Path | None = None, rules: Path | None = None, signers: Path | None = None
) -> tuple[str, int, Counter]:
    """Look and tell what is new: how that went, how many things hold, what became of letters; Refusal as `look` has."""
    if city.alerts is None:
        raise UsageRefusal(say("alerts.no_file"))
    channels, now, out = operators.load_channels(city.alerts), process.now(), out or city.out
    book = periods_of(rules or city.rulebook or STANDARD_RULES)
    seen = operators.look(out, book, now, channels, signers or signers_of_city())
    outcome = operators.tell(out, seen.found, channels, now, deliver)
    return outcome, len(seen.found), operators.tell_units(out, seen.letters, channels, now, deliver)


@flow(name="retain", persist_result=False)
@failing
def retain(out: Path | None = None, signers: Path | None = None, project: Path | None = None) -> str | State:
    """Delete what is due, as `gongping retain --delete` does; how many files went, and what is held."""
    city, now = take(project), process.now()
    if not city.retention:
        raise UsageRefusal(say("retain.no_rule"))
    out = out or city.out
    with logged(out, "retain"):
        found = [one for one in retention.stocks(city, out, now, signers or signers_of_city()) if one.is_due(now)]
        due = [one for one in found if not one.held]
        for one in due:
            retention.delete(out, one)
    return f"deleted={sum(len(one.files) for one in due)} held={len(found) - len(due)}"
