"""The deployment of `prefect.yaml`: its schedule as the server has it, and a quarter scored by a worker."""

import json

import pytest

from tests.flows.conftest import PERIOD

pytestmark = pytest.mark.xdist_group("prefect")


@pytest.fixture(scope="module")
def deployment(server) -> dict:
    """The deployment as the server knows it."""
    server.prefect("--no-prompt", "work-pool", "create", "quarters", "--type", "process")
    server.prefect("--no-prompt", "deploy", "--all")
    (found,) = server.ask("deployments/filter", deployments={"name": {"any_": ["quarterly"]}})
    return found


def test_the_quarter_is_scored_six_days_after_it_ended_by_the_citys_clock(deployment):
    (schedule,) = deployment["schedules"]
    assert schedule["active"]
    assert schedule["schedule"]["cron"] == "0 6 6 1,4,7,10 *"
    assert schedule["schedule"]["timezone"] == "Asia/Shanghai"


def test_the_deployment_names_no_data_and_runs_one_at_a_time(deployment):
    assert deployment["name"] == "quarterly"
    assert deployment["parameters"] == {}
    assert deployment["work_pool_name"] == "quarters"
    assert deployment["global_concurrency_limit"]["limit"] == 1


@pytest.mark.slow
def test_a_worker_scores_a_quarter(server, deployment, exports, tmp_path):
    parameters = {"period": str(PERIOD), "exports": str(exports), "out": str(tmp_path), "pdf": False}
    run = server.ask(f"deployments/{deployment['id']}/create_flow_run", parameters=parameters)
    server.prefect("worker", "start", "--pool", "quarters", "--run-once", "--limit", "1")
    (after,) = server.ask("flow_runs/filter", flow_runs={"id": {"any_": [run["id"]]}})
    assert after["state_type"] == "COMPLETED", json.dumps(after["state"])
    assert (tmp_path / str(PERIOD) / "ranking.csv").is_file()
