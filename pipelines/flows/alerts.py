"""What the operators must be told, as a Prefect flow; scheduled every few minutes by who wants to hear within them."""

from pathlib import Path

from prefect import flow
from prefect.states import Failed, State

from pipelines.assess import STANDARD_RULES
from pipelines.edges import process
from pipelines.edges.notify import deliver
from pipelines.model.words import Refusal, UsageRefusal
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
        if city.alerts is None:
            raise UsageRefusal(say("alerts.no_file"))
        channels, now = desk.load_channels(city.alerts), process.now()
        book = periods_of(rules or city.rulebook or STANDARD_RULES)
        out = out or city.out
        seen = desk.look(out, book, now, channels, signers or signers_of_city())
        outcome = desk.tell(out, seen.found, channels, now, deliver)
        sent = desk.tell_units(out, seen.letters, channels, now, deliver)
    except Refusal as refusal:
        return Failed(message=str(refusal.words))
    if outcome == "failed":
        return Failed(message=str(say("alerts.failed_to_send", file=city.alerts)))
    return " ".join((outcome, str(len(seen.found)), *(f"letters_{name}={n}" for name, n in sorted(sent.items()))))
