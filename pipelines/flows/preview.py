"""The first half of the way to publication as a Prefect flow: a period is scored and noted as preview.

Nobody waits in a process: what people do is in the record (`gongping approve`), and the flow `publish` is asked by
schedule whether it is enough.
"""

from datetime import datetime
from pathlib import Path

from prefect import flow
from prefect.states import Failed, State

from pipelines.edges.log import logged
from pipelines.flows.score import Engine, local_time, period_of, pulled, request_of, scored
from pipelines.model.project import DUCKDB
from pipelines.model.words import Refusal
from pipelines.project import take
from pipelines.publication import desk as acts
from pipelines.publication.editions import preview_folder
from pipelines.publication.signers import signers_of_city
from pipelines.publication.state import load_settings


@flow(name="preview", persist_result=False)
def preview(
    period: str | None = None,
    exports: str | None = None,
    out: Path | None = None,
    cutoff: str | None = None,
    readings: dict[str, str] | None = None,
    rules: Path | None = None,
    source: Path | None = None,
    absent: list[str] | None = None,
    office: Path | None = None,
    pull: bool = False,
    no_pdf: bool = False,
    engine: Engine = DUCKDB,
    at: datetime | None = None,
    settings: Path | None = None,
    signers: Path | None = None,
    project: Path | None = None,
) -> str | State:
    """Score a period, by default the last that had ended at the scheduled start, and note it as preview.

    The parameters of `gongping run` and `gongping preview`. A Refusal fails the flow and is noted: what was approved
    before may then not be published until a run succeeds.
    """
    try:
        city = take(project)
        chosen = period_of(city, period, rules)
        request = request_of(
            city, chosen, exports, out, cutoff, readings, rules, source, absent, office, not no_pdf, engine
        )
        named = load_settings(settings) if settings else None
        with logged(request.out, "preview", str(chosen)):
            try:
                scored(pulled(request, city) if pull else request)
            except Refusal as refusal:
                acts.record_stop(refusal, request.out, request.period)
                raise
            with acts.open_desk(
                request.out, chosen, local_time(at), named, signers=signers or signers_of_city()
            ) as desk:
                seen = acts.note_preview(desk)
    except Refusal as refusal:  # as a state: an exception that leaves a flow is pickled into Prefect's store
        return Failed(message=str(refusal.words))
    return str(preview_folder(request.out, chosen, seen))
