"""The quarter as a Prefect flow: the seven stages of `pipelines/assess.py`, a task each, in order."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from prefect import flow, runtime, task
from prefect.cache_policies import NO_CACHE
from prefect.states import Failed, State

from pipelines.assess import STANDARD_RULES, Request, Run
from pipelines.model.period import Period
from pipelines.model.refusals import Refusal
from pipelines.stages import STAGES

ZONE = ZoneInfo("Asia/Shanghai")


@task(cache_policy=NO_CACHE, persist_result=False)
def perform(run: Run, stage: str) -> None:
    """One stage of a run. Its result stays in the run: nothing about people reaches Prefect's store."""
    getattr(run, stage)()


@flow(name="score-quarter", persist_result=False)
def score_quarter(
    period: str | None = None,
    exports: str = "exports/{period}",
    out: Path = Path("out"),
    cutoff: datetime | None = None,
    readings: dict[str, str] | None = None,
    rules: Path = STANDARD_RULES,
    source: Path | None = None,
    pdf: bool = True,
    absent: list[str] | None = None,
) -> str | State:
    """Score and publish a quarter; the folder it went to.

    Without a ``period`` the quarter that ended before the scheduled start is scored. ``{period}`` in ``exports``
    stands for it. ``cutoff`` is local time. ``absent`` names what the exports do not hold, as `--absent` does.
    A Refusal fails the flow and leaves what was published as it was.
    """
    chosen = Period.parse(period) if period else quarter_before(runtime.flow_run.scheduled_start_time)
    folder = Path(exports.replace("{period}", str(chosen)))
    request = Request(chosen, folder, out, _local(cutoff), readings or {}, rules, source, pdf,
                      absent=tuple(absent or ()))  # fmt: skip
    try:
        with Run(request) as run:
            run.flow_run = str(runtime.flow_run.id or "")
            for stage in STAGES:
                perform.with_options(name=stage, task_run_name=stage)(run, stage)
    except Refusal as refusal:  # as a state: an exception that leaves a flow is pickled into Prefect's store
        return Failed(message=str(refusal.words))
    return str(run.published.folder)


def quarter_before(moment: datetime) -> Period:
    """The last quarter that had ended at ``moment`` (with its zone) by the city's clock."""
    local = moment.astimezone(ZONE)
    return Period(local.year, (local.month + 2) // 3).previous


def _local(moment: datetime | None) -> datetime | None:
    """The city's wall clock, without a zone, as the exports have it."""
    return moment.astimezone(ZONE).replace(tzinfo=None) if moment and moment.tzinfo else moment
