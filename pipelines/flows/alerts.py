"""What the operators must be told, as a Prefect flow; `gongping serve` tells of killed runs without waiting for it."""

from collections import Counter
from pathlib import Path

from prefect import flow
from prefect.states import Failed, State

from pipelines.edges import process
from pipelines.edges.notify import deliver
from pipelines.model.project import Project
from pipelines.model.words import Refusal, UsageRefusal
from pipelines.paths import STANDARD_RULES
from pipelines.project import take
from pipelines.publication import alerts as desk
from pipelines.publication.signers import signers_of_city
from pipelines.rulebook import periods_of
from pipelines.wording import say


@flow(name="alerts", persist_result=False)
def alerts(
    out: Path | None = None, rules: Path | None = None, signers: Path | None = None, project: Path | None = None
) -> str | State:
    """Tell what is new, as `gongping alerts --send` does; how that went, how many things hold, letters to units."""
    try:
        city = take(project)
        outcome, n, sent = tell(city, out, rules, signers)
    except Refusal as refusal:
        return Failed(message=str(refusal.words))
    if outcome == "failed":
        return Failed(message=str(say("alerts.failed_to_send", file=city.alerts)))
    return " ".join((outcome, str(n), *(f"letters_{name}={n}" for name, n in sorted(sent.items()))))


def tell(
    city: Project, out: Path | None = None, rules: Path | None = None, signers: Path | None = None
) -> tuple[str, int, Counter]:
    """Look and tell what is new: how that went, how many things hold, what became of letters; Refusal as `look` has."""
    if city.alerts is None:
        raise UsageRefusal(say("alerts.no_file"))
    channels, now, out = desk.load_channels(city.alerts), process.now(), out or city.out
    book = periods_of(rules or city.rulebook or STANDARD_RULES)
    seen = desk.look(out, book, now, channels, signers or signers_of_city())
    outcome = desk.tell(out, seen.found, channels, now, deliver)
    return outcome, len(seen.found), desk.tell_units(out, seen.letters, channels, now, deliver)
