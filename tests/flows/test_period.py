"""Which quarter a scheduled run scores."""

from datetime import datetime
from importlib import import_module
from inspect import signature

import click
import pytest
import yaml

from pipelines.cli import Verbs
from pipelines.model.period import After, Period, Periods
from pipelines.model.words import UsageRefusal
from pipelines.paths import PACKAGE, ROOT
from pipelines.project import FLOWS


@pytest.mark.parametrize(
    ("scheduled", "period"),
    [
        ("2026-10-05T22:00:00+00:00", "2026Q3"),  # 6 October, six in the morning in the city
        ("2027-01-05T22:00:00+00:00", "2026Q4"),
        ("2026-04-06T06:00:00+08:00", "2026Q1"),
        ("2026-06-30T15:59:59+00:00", "2026Q1"),  # a second before midnight
        ("2026-06-30T16:00:00+00:00", "2026Q2"),  # midnight: the quarter has just ended
    ],
)
def test_a_scheduled_run_scores_the_quarter_that_ended_before_it(scheduled, period):
    from pipelines.flows.score import period_before

    assert str(period_before(datetime.fromisoformat(scheduled), Periods())) == period


def test_the_quarter_has_ended_by_the_clock_of_the_projects_zone():
    from pipelines.edges import process
    from pipelines.flows.score import local_time, period_before
    from pipelines.model.project import Project

    process.use(Project(zone="America/New_York"))
    try:
        assert str(period_before(datetime.fromisoformat("2026-07-01T03:59:59+00:00"), Periods())) == "2026Q1"
        assert str(period_before(datetime.fromisoformat("2026-07-01T04:00:00+00:00"), Periods())) == "2026Q2"
        assert local_time(datetime.fromisoformat("2026-07-01T04:00:00+00:00")) == datetime(2026, 7, 1)
    finally:
        process.use(Project())


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("+10 working days", "2026-10-21"),  # the first week of October is off, the tenth is worked
        ("+10个工作日", "2026-10-21"),
        ("+ 1 working day", "2026-10-09"),
        ("+5 days", "2026-10-06"),
        ("+5天", "2026-10-06"),
        ("2026-10-15T18:00", "2026-10-15T18:00"),
        ("2026-10-15T10:00+00:00", "2026-10-15T18:00"),
    ],
)
def test_a_cutoff_is_a_moment_or_days_after_any_period(text, moment):
    from pipelines.edges.calendar import Calendar
    from pipelines.flows.score import cutoff_of

    found = cutoff_of(text)
    if isinstance(found, After):
        found = found.of(Period.parse("2026Q3"), Calendar.load().add_working_days)
    assert found == datetime.fromisoformat(moment)


def test_a_cutoff_that_is_none_is_refused_with_both_forms():
    from pipelines.flows.score import cutoff_of

    with pytest.raises(UsageRefusal, match="working days"):
        cutoff_of("+ten days")


@pytest.mark.parametrize(
    ("command", "flow"),
    [("run", "score"), ("run", "preview"), ("preview", "preview"), ("publish", "publish"), ("step", "evaluators")],
)
def test_every_option_of_a_command_is_a_parameter_of_its_flow(command, flow):
    """But the form of the answer, and what dates invented data alone."""
    if command == "step":
        verb = Verbs("gongping").get_command(click.Context(click.Command("x")), "evaluators").commands["step"]
    else:
        verb = Verbs("gongping").get_command(click.Context(click.Command("x")), command)
    known = set(signature(getattr(import_module(f"pipelines.flows.{FLOWS[flow]}"), flow).fn).parameters)
    invented = {"at", "first", "every"} if command == "step" else set()
    assert {one.name for one in verb.params} - {"as_json", "timings"} - invented <= known


def test_every_flow_is_named_with_its_module_and_deployed_from_it():
    from prefect import Flow

    names = [file.stem for file in (PACKAGE / "flows").glob("[a-z]*.py")]
    modules = {name: import_module(f"pipelines.flows.{name}") for name in names}
    found = {one.name: name for name, module in modules.items() for one in vars(module).values()
             if isinstance(one, Flow) and one.fn.__module__ == module.__name__}
    assert found == FLOWS
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    assert {one["name"]: one["entrypoint"] for one in deployments} == {
        flow: f"pipelines/flows/{module}.py:{flow}" for flow, module in FLOWS.items()}
