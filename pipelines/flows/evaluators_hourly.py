"""The evaluators' hour as a Prefect flow: one step at the scheduled moment, then the reminders that are ready.

Prefect gets counts and nothing else. Whatever goes wrong unforeseen is written down in the restricted folder; Prefect
is told of its kind only, because the text of an exception may hold what is confidential (E5.5).
"""

import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from prefect import flow, runtime, task
from prefect.cache_policies import NO_CACHE
from prefect.states import Failed, State

from pipelines.edges.wording import say
from pipelines.evaluators.desk import DEFAULT, STANDARD_RULES, Work, take_steps
from pipelines.evaluators.private import open_private, private_folder
from pipelines.flows.score_quarter import ZONE
from pipelines.model.period import Period
from pipelines.model.refusals import Refusal

FAULTS = "faults.log"


@task(cache_policy=NO_CACHE, persist_result=False)
def perform(part: Callable[[], dict], state: Path) -> dict:
    """One part of the work: how many of what."""
    try:
        return part()
    except Refusal:
        raise
    except Exception as problem:
        with open_private(private_folder(state) / FAULTS, "a") as stream:
            traceback.print_exc(file=stream)
        told = say("evaluators.fault", kind=type(problem).__name__, file=FAULTS)
    raise Refusal(told)


@flow(name="evaluators-hourly", persist_result=False, log_prints=False)
def evaluators_hourly(
    exports: str = "exports/{period}",
    inbox: Path = Path("inbox"),
    out: Path = Path("out"),
    state: Path | None = None,
    evaluations: str | None = None,
    notify: Path | None = None,
    rules: Path = STANDARD_RULES,
    at: datetime | None = None,
) -> str | State:
    """Take a step at the scheduled hour, or at ``at`` in local time, and send reminders where ``notify`` is given.

    ``{period}`` in ``exports`` and ``evaluations`` stands for the quarter of the moment.
    """
    moment = _local(at or runtime.flow_run.scheduled_start_time)
    period = str(Period(moment.year, (moment.month + 2) // 3))
    folder = state or out / DEFAULT
    table = Path(evaluations.replace("{period}", period)) if evaluations else None
    work = Work(Path(exports.replace("{period}", period)), inbox, folder, rules, {}, table)
    try:
        done = perform.with_options(name="step", task_run_name="step")(lambda: _step(work, moment), folder)
        if notify:
            done |= perform.with_options(name="send", task_run_name="send")(lambda: _send(folder, notify), folder)
    except Refusal as refusal:  # as a state: an exception that leaves a flow is pickled into Prefect's store
        return Failed(message=str(refusal.words))
    return " ".join(f"{name}={n}" for name, n in sorted(done.items()))


def _step(work: Work, moment: datetime) -> dict:
    outcome = take_steps(work, [moment])
    return {**outcome.counts, "open": outcome.open, "waiting": outcome.waiting}


def _send(folder: Path, notify: Path) -> dict:
    from pipelines.evaluators.addresses import send_ready

    return {f"send_{outcome}": n for outcome, n in send_ready(folder, notify).items()}


def _local(moment: datetime) -> datetime:
    """The city's wall clock, without a zone, as the exports have it."""
    return moment.astimezone(ZONE).replace(tzinfo=None) if moment.tzinfo else moment
