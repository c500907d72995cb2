"""The second half of the way to publication as a Prefect flow: what is approved is published when its time has come."""

from datetime import datetime
from pathlib import Path

from prefect import flow
from prefect.states import Failed, State

from pipelines.edges.log import logged
from pipelines.flows.score import local_time, period_of
from pipelines.model.words import Refusal
from pipelines.project import take
from pipelines.publication import desk as acts
from pipelines.publication.editions import place_of
from pipelines.publication.signers import signers_of_city
from pipelines.publication.state import load_settings
from pipelines.wording import say


@flow(name="publish", persist_result=False)
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
    try:
        city = take(project)
        out = out or city.out
        chosen = period_of(city, period)
        named = load_settings(settings) if settings else None
        with (
            logged(out, "publish", str(chosen)),
            acts.open_desk(out, chosen, local_time(at), named, signers=signers or signers_of_city()) as desk,
        ):
            if why := acts.waits_for(desk):
                return str(say("publication.waiting", period=chosen, why=why))
            edition = acts.publish(desk, without_pdf)
    except Refusal as refusal:
        return Failed(message=str(refusal.words))
    return str(place_of(out, chosen) / edition.folder)
