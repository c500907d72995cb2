"""A period as a Prefect flow: the seven stages of `pipelines/assess.py`, a task each, in order; and noted as preview.

With `preview` nobody waits in a process: what people do is in the record (`gongping approve`), and the flow `publish`
is asked by schedule whether it is enough.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from prefect import flow, runtime, task
from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.states import Failed, State

from pipelines.assess import Request, Run
from pipelines.edges import process
from pipelines.edges.folders import MANIFEST
from pipelines.edges.runs import logged
from pipelines.model.period import After, Period, Periods
from pipelines.model.project import DUCKDB, PLACE, Project
from pipelines.model.score import STAGES
from pipelines.model.words import Refusal, UsageRefusal
from pipelines.paths import STANDARD_RULES
from pipelines.project import take
from pipelines.publication import desk as publishing
from pipelines.publication.editions import preview_folder
from pipelines.publication.signers import signers_of_city
from pipelines.publication.state import load_settings
from pipelines.rulebook.load import periods_of
from pipelines.sources.pull import pulled_exports
from pipelines.wording import say

# What a scoring shows on Prefect's pages: how far it is, rows by table, where its pages lie; no unit and no score.
#
# An artifact stays in Prefect's database for everybody who may look at it, so it holds nothing that is of a person, a
# case or a unit.


@contextmanager
def progress(period: Period) -> Iterator:
    """A bar that grows with every stage; what it gives is called with the name of one that ended."""
    bar = create_progress_artifact(0.0, key=f"stages-{_key(period)}", description=str(say("serve.stages")))

    def done(stage: str) -> None:
        update_progress_artifact(bar, 100 * (STAGES.index(stage) + 1) / len(STAGES))

    yield done


def show(period: Period, folder: Path) -> None:
    """The account of the rows, the run in a few lines, and a link to its pages."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    rows = [{"table": table, **counts} for table, counts in manifest["rows"].items()]
    key = _key(period)
    create_table_artifact(rows, key=f"rows-{key}", description=str(say("serve.rows")))
    facts = {"period": period, "run": folder.resolve().name, "cutoff": manifest["cutoff"], "folder": folder}
    create_markdown_artifact(str(say("serve.scored", **facts)), key=f"run-{key}")
    create_link_artifact((folder.absolute() / "index.html").as_uri(), key=f"pages-{key}")


def _key(period: Period) -> str:
    """Small letters, digits and dashes are all that Prefect takes."""
    return str(period).lower().replace("..", "-to-")


EXPORTS = "exports/{period}"
Engine = Literal["duckdb", "spark"]  # `pipelines.model.project.ENGINES`, as Prefect checks it


@task(cache_policy=NO_CACHE, persist_result=False)
def perform(run: Run, stage: str) -> None:
    """One stage of a run. Its result stays in the run: nothing about people reaches Prefect's store."""
    getattr(run, stage)()


def failing(work: Callable) -> Callable:
    """The work of a flow, whose Refusal fails it with a sentence.

    As a state: an exception that leaves a flow is pickled into Prefect's store.
    """

    @wraps(work)
    def run(*arguments: object, **parameters: object) -> object:
        try:
            return work(*arguments, **parameters)
        except Refusal as refusal:
            return Failed(message=str(refusal.words))

    return run


@flow(name="score", persist_result=False)
@failing
def score(
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
    project: Path | None = None,
) -> str | State:
    """Score a period, as `gongping run` does; the folder it went to.

    Without a ``period`` the last that had ended at the scheduled start is scored. ``{period}`` in ``exports`` stands
    for it; ``pull`` fetches them from the project's sources first. ``cutoff`` is local time, or days after the period
    such as ``+10 working days``.
    What is not given stands in the project file, by default the one found from the current folder upwards.
    A Refusal fails the flow and leaves what was published as it was.
    """
    city = take(project)
    chosen = period_of(city, period, rules)
    request = request_of(
        city, chosen, exports, out, cutoff, readings, rules, source, absent, office, not no_pdf, engine
    )
    with logged(request.out, "score", str(chosen)):
        folder = scored(pulled(request, city) if pull else request)
    return str(folder)


@flow(name="preview", persist_result=False)
@failing
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
            publishing.record_stop(refusal, request.out, request.period)
            raise
        who = signers or signers_of_city()
        with publishing.open_desk(request.out, chosen, local_time(at), named, signers=who) as desk:
            seen = publishing.note_preview(desk)
    return str(preview_folder(request.out, chosen, seen))


def pulled(request: Request, city: Project) -> Request:
    """The request with the exports that the project's sources have now."""
    exports, _ = pulled_exports(city.sources, request.period, city.raw)
    return replace(request, exports=exports)


def scored(request: Request) -> Path:
    """Run the stages, a task each; the folder of the run."""
    with Run(request) as run:
        run.flow_run = str(runtime.flow_run.id or "")
        with progress(request.period) as done:
            for stage in STAGES:
                perform.with_options(name=stage, task_run_name=stage)(run, stage)
                done(stage)
        show(request.period, run.published.folder)
        return run.published.folder


def period_of(city: Project, named: str | None, rules: Path | None = None) -> Period:
    """The period that a flow is asked for: the one ``named``, else the last that had ended at the scheduled start.

    Of which kind it is, the project file says, else the rulebook. UsageRefusal for a name that is none.
    """
    if named:
        return parsed(named)
    periods = periods_of(rules or city.rulebook or STANDARD_RULES)
    return period_before(runtime.flow_run.scheduled_start_time, replace(periods, kind=city.period or periods.kind))


def parsed(named: str) -> Period:
    """The period of that name; UsageRefusal for a name that is none."""
    try:
        return Period.parse(named)
    except ValueError:
        raise UsageRefusal(say("cli.no_period", given=named)) from None


def period_before(moment: datetime, periods: Periods) -> Period:
    """The last period that had ended at ``moment`` (with its zone) by the city's clock."""
    return periods.before(moment.astimezone(_zone()).replace(tzinfo=None))


def request_of(
    city: Project,
    period: Period,
    exports: str | None,
    out: Path | None,
    cutoff: str | None,
    readings: dict[str, str] | None,
    rules: Path | None,
    source: Path | None,
    absent: list[str] | None,
    office: Path | None,
    pdf: bool,
    engine: str = DUCKDB,
) -> Request:
    """What a flow is asked for; what is not given stands in the project file."""
    folder = (exports or city.exports or EXPORTS).replace(PLACE, str(period))
    return Request(
        period,
        Path(folder),
        out or city.out,
        cutoff_of(cutoff),
        readings or {},
        rules or city.rulebook or STANDARD_RULES,
        source or city.mapping,
        pdf,
        office or city.office,
        tuple(city.absent if absent is None else absent),
        city=city.name,
        engine=engine,
    )


def cutoff_of(given: str | None) -> datetime | After | None:
    """A cutoff as a command takes it; UsageRefusal for what is none."""
    if given is None:
        return None
    try:
        return After.parse(given) or local_time(datetime.fromisoformat(given))
    except ValueError:
        raise UsageRefusal(say("cli.no_cutoff", given=given)) from None


def _zone() -> ZoneInfo:
    return ZoneInfo(process.project().zone)


def local_time(moment: datetime | None) -> datetime | None:
    """The city's wall clock, without a zone, as the exports have it."""
    return moment.astimezone(_zone()).replace(tzinfo=None) if moment and moment.tzinfo else moment
