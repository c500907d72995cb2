"""What may be kept no longer is deleted, as a Prefect flow; Prefect gets counts and nothing else."""

from pathlib import Path

from prefect import flow
from prefect.states import Failed, State

from pipelines.edges import process
from pipelines.edges.log import logged
from pipelines.model.words import Refusal, UsageRefusal
from pipelines.project import take
from pipelines.publication import retention
from pipelines.publication.signers import signers_of_city
from pipelines.wording import say


@flow(name="retain", persist_result=False)
def retain(out: Path | None = None, signers: Path | None = None, project: Path | None = None) -> str | State:
    """Delete what is due, as `gongping retain --delete` does; how many files went, and what is held."""
    try:
        city, now = take(project), process.now()
        if not city.retention:
            raise UsageRefusal(say("retain.no_rule"))
        out = out or city.out
        with logged(out, "retain"):
            found = [one for one in retention.stocks(city, out, now, signers or signers_of_city()) if one.is_due(now)]
            due = [one for one in found if not one.held]
            for one in due:
                retention.delete(out, one)
    except Refusal as refusal:
        return Failed(message=str(refusal.words))
    return f"deleted={sum(len(one.files) for one in due)} held={len(found) - len(due)}"
