"""The way to publication as two Prefect flows: one scores and notes the preview, one publishes what is approved.

Nobody waits in a process: what people do is in the record (`gongping approve`), and the second flow is asked by
schedule whether it is enough.
"""

from datetime import datetime
from pathlib import Path

from prefect import flow, runtime
from prefect.states import Failed, State

from pipelines.assess import Request, Run
from pipelines.flows.score_quarter import local_time, perform, period_of, request_of
from pipelines.model.refusals import Refusal
from pipelines.project import take
from pipelines.publication import desk as acts
from pipelines.publication.editions import place_of
from pipelines.publication.preview import preview_folder
from pipelines.publication.settings import load_settings
from pipelines.stages import STAGES
from pipelines.wording import say


@flow(name="preview-quarter", persist_result=False)
def preview_quarter(
    period: str | None = None,
    exports: str | None = None,
    out: Path | None = None,
    readings: dict[str, str] | None = None,
    rules: Path | None = None,
    source: Path | None = None,
    pdf: bool = True,
    settings: Path | None = None,
    at: datetime | None = None,
    absent: list[str] | None = None,
    project: Path | None = None,
) -> str | State:
    """Score a period, by default the one that ended before the scheduled start, and note it as preview.

    A Refusal fails the flow and is noted: what was approved before may then not be published until a run succeeds.
    """
    try:
        city = take(project)
        chosen = period_of(city, period, rules)
        request = request_of(city, chosen, exports, out, readings, rules, source, pdf, absent)
        named = load_settings(settings) if settings else None
        _scored(request)
        with acts.open_desk(request.out, chosen, local_time(at), named) as desk:
            seen = acts.note_preview(desk)
    except Refusal as refusal:  # as a state: an exception that leaves a flow is pickled into Prefect's store
        return Failed(message=str(refusal.words))
    return str(preview_folder(request.out, chosen, seen))


@flow(name="publish-quarter", persist_result=False)
def publish_quarter(
    period: str | None = None,
    out: Path | None = None,
    without_pdf: bool = False,
    settings: Path | None = None,
    at: datetime | None = None,
    project: Path | None = None,
) -> str | State:
    """Publish the period where its record holds the approvals and the objection window is over.

    Not yet approved, or published already, is no failure: the sentence says which. Anything else fails the flow.
    """
    try:
        city = take(project)
        out = out or city.out
        chosen = period_of(city, period)
        named = load_settings(settings) if settings else None
        with acts.open_desk(out, chosen, local_time(at), named) as desk:
            if why := acts.waits_for(desk):
                return str(say("publication.waiting", period=chosen, why=why))
            edition = acts.publish(desk, without_pdf)
    except Refusal as refusal:
        return Failed(message=str(refusal.words))
    return str(place_of(out, chosen) / edition.folder)


def _scored(request: Request) -> None:
    try:
        with Run(request) as run:
            run.flow_run = str(runtime.flow_run.id or "")
            for stage in STAGES:
                perform.with_options(name=stage, task_run_name=stage)(run, stage)
    except Refusal as refusal:
        acts.record_stop(refusal, request.out, request.period)
        raise
