"""The way to publication as two Prefect flows: one scores and notes the preview, one publishes what is approved.

Nobody waits in a process: what people do is in the record (`gongping approve`), and the second flow is asked by
schedule whether it is enough.
"""

from datetime import datetime
from pathlib import Path

from prefect import flow, runtime
from prefect.states import Failed, State

from pipelines.assess import STANDARD_RULES, Request, Run
from pipelines.edges.wording import say
from pipelines.flows.score_quarter import ZONE, perform, quarter_before
from pipelines.model.period import Period
from pipelines.model.refusals import Refusal
from pipelines.publication import desk as acts
from pipelines.publication.editions import place_of
from pipelines.publication.preview import preview_folder
from pipelines.publication.settings import load_settings
from pipelines.stages import STAGES


@flow(name="preview-quarter", persist_result=False)
def preview_quarter(
    period: str | None = None,
    exports: str = "exports/{period}",
    out: Path = Path("out"),
    readings: dict[str, str] | None = None,
    rules: Path = STANDARD_RULES,
    source: Path | None = None,
    pdf: bool = True,
    settings: Path | None = None,
    at: datetime | None = None,
    absent: list[str] | None = None,
) -> str | State:
    """Score a quarter, by default the one that ended before the scheduled start, and note it as preview.

    A Refusal fails the flow and is noted: what was approved before may then not be published until a run succeeds.
    """
    chosen = Period.parse(period) if period else quarter_before(runtime.flow_run.scheduled_start_time)
    request = Request(chosen, Path(exports.replace("{period}", str(chosen))), out, None, readings or {}, rules, source,
                      pdf, absent=tuple(absent or ()))  # fmt: skip
    try:
        named = load_settings(settings) if settings else None
        _scored(request)
        with acts.open_desk(out, chosen, _typed(at), named) as desk:
            seen = acts.note_preview(desk)
    except Refusal as refusal:  # as a state: an exception that leaves a flow is pickled into Prefect's store
        return Failed(message=str(refusal.words))
    return str(preview_folder(out, chosen, seen))


@flow(name="publish-quarter", persist_result=False)
def publish_quarter(
    period: str | None = None,
    out: Path = Path("out"),
    without_pdf: bool = False,
    settings: Path | None = None,
    at: datetime | None = None,
) -> str | State:
    """Publish the quarter where its record holds the approvals and the objection window is over.

    Not yet approved, or published already, is no failure: the sentence says which. Anything else fails the flow.
    """
    chosen = Period.parse(period) if period else quarter_before(runtime.flow_run.scheduled_start_time)
    try:
        named = load_settings(settings) if settings else None
        with acts.open_desk(out, chosen, _typed(at), named) as desk:
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


def _typed(at: datetime | None) -> datetime | None:
    """The time given, which is a note beside the clock, as local time without a zone."""
    return at.astimezone(ZONE).replace(tzinfo=None) if at and at.tzinfo else at
