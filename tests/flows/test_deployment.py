"""The deployment of `prefect.yaml`: its schedule as the server has it, and a quarter scored by a worker."""

import json

import pytest

from pipelines.project import FLOWS
from tests.flows.conftest import PERIOD

pytestmark = pytest.mark.long

SCHEDULED = {"state": {"type": {"any_": ["SCHEDULED"]}}, "tags": {"all_": ["auto-scheduled"]}}


def test_the_quarter_is_scored_six_days_after_it_ended_by_the_citys_clock(deployment):
    (schedule,) = deployment["schedules"]
    assert schedule["active"]
    assert schedule["schedule"]["cron"] == "0 6 6 1,4,7,10 *"
    assert schedule["schedule"]["timezone"] == "Asia/Shanghai"


def test_the_deployment_names_no_data_and_no_place_that_a_killed_run_could_hold(deployment):
    assert deployment["name"] == "score"
    assert deployment["parameters"] == {}
    assert deployment["work_pool_name"] == "gongping"
    assert deployment["global_concurrency_limit"] is None


def test_every_flow_has_a_deployment(server, deployment):
    """What does not run by itself at once is there to be switched on."""
    assert {one["name"] for one in server.ask("deployments/filter")} == set(FLOWS)


def test_the_scheduler_makes_the_runs_that_the_schedules_promise(server, deployment):
    """Runs made by hand work with a scheduler that is broken: these are made by the server alone."""
    promised = {one["id"] for one in server.ask("deployments/filter") if any(s["active"] for s in one["schedules"])}
    assert deployment["id"] in promised
    server.until(lambda: promised <= {run["deployment_id"] for run in _scheduled(server)})
    assert {run["deployment_id"] for run in _scheduled(server)} == promised


def _scheduled(server) -> list[dict]:
    return server.ask("flow_runs/filter", flow_runs=SCHEDULED, limit=200)


def test_a_worker_scores_the_quarter_that_the_schedule_asked_for(server, deployment, exports, tmp_path):
    """The schedule of a city in a hurry, once every few seconds, beside the one that is deployed."""
    parameters = {"period": str(PERIOD), "exports": str(exports), "out": str(tmp_path), "no_pdf": True}
    often = {"schedule": {"interval": 20, "timezone": "Asia/Shanghai"}, "active": True, "parameters": parameters}
    (schedule,) = server.ask(f"deployments/{deployment['id']}/schedules", [often])
    with server.worker("gongping"):
        done = {**SCHEDULED, "deployment_id": {"any_": [deployment["id"]]},
                "state": {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED"]}}}
        runs = server.until(lambda: server.ask("flow_runs/filter", flow_runs=done))
    server.ask(f"deployments/{deployment['id']}/schedules/{schedule['id']}", method="DELETE")
    assert [run["state_type"] for run in runs] == ["COMPLETED"], json.dumps(runs[0]["state"])
    assert runs[0]["created_by"]["type"] == "SCHEDULE"
    assert (tmp_path / str(PERIOD) / "ranking.csv").is_file()


def test_no_service_of_the_server_complains(server, deployment):
    """A service that fails is only a line in the server's log, again every minute."""
    log = (server.home / "server.log").read_text()
    assert not [line for line in log.splitlines() if "Error" in line or "Traceback" in line]
