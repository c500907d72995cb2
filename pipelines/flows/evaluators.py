"""The evaluators' hour as a Prefect flow: one step by the clock, then the reminders that are ready.

Prefect gets counts and nothing else. Whatever goes wrong unforeseen is written down in the restricted folder; Prefect
is told of its kind only, because the text of an exception may hold what is confidential (E5.5).
"""

import traceback
from collections.abc import Callable
from pathlib import Path

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.states import State

from pipelines.edges import process
from pipelines.edges.private import open_private, private_folder
from pipelines.edges.runs import logged
from pipelines.evaluators.desk import DEFAULT, Work, send_ready, take_steps, work_at
from pipelines.flows.score import failing
from pipelines.model.words import Refusal
from pipelines.paths import STANDARD_RULES
from pipelines.project import take
from pipelines.wording import say

FAULTS = "faults.log"
EXPORTS = "exports/{period}"


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
        words = say("evaluators.fault", kind=type(problem).__name__, file=FAULTS)
    raise Refusal(words)


@flow(name="evaluators", persist_result=False, log_prints=False)
@failing
def evaluators(
    exports: str | None = None,
    inbox: Path = Path("inbox"),
    out: Path | None = None,
    state: Path | None = None,
    evaluations: str | None = None,
    notify: Path | None = None,
    rules: Path | None = None,
    readings: dict[str, str] | None = None,
    project: Path | None = None,
) -> str | State:
    """Take a step now, and send reminders where ``notify`` is given.

    The clock dates what is done, not the schedule: a run that comes late finds what is due now, and what people
    receive carries the moment at which they can have received it. Several late runs add nothing to the first.
    ``{period}`` in ``exports`` and ``evaluations`` stands for the quarter of the moment; the quarter before goes on
    beside it until it is published. What is not given stands in the project file, by default the one found.
    """
    city = take(project)
    out = out or city.out
    folder = state or out / DEFAULT
    work = work_at(
        process.now(),
        exports or city.exports or EXPORTS,
        inbox,
        out,
        folder,
        evaluations,
        rules or city.rulebook or STANDARD_RULES,
        readings,
    )
    with logged(out, "evaluators"):
        done = perform.with_options(name="step", task_run_name="step")(lambda: _step(work), folder)
        if notify:
            done |= perform.with_options(name="send", task_run_name="send")(lambda: _send(folder, notify), folder)
    return " ".join(f"{name}={n}" for name, n in sorted(done.items()))


def _step(work: Work) -> dict:
    outcome = take_steps(work)
    return {**outcome.counts, "open": outcome.open, "waiting": outcome.waiting}


def _send(folder: Path, notify: Path) -> dict:
    return {f"send_{outcome}": n for outcome, n in send_ready(folder, notify).items()}
