"""A flow that died with its worker does not stay Running in Prefect: the automation of the clone marks it Crashed."""

import pytest
import yaml

from pipelines.edges.runs import under_way
from pipelines.paths import ROOT
from tests.flows.conftest import PERIOD, kill

pytestmark = pytest.mark.long

AUTOMATION = "prefect-automations.yaml"
SECONDS = 45  # without a heartbeat, in the place of minutes


@pytest.fixture
def automation(server, tmp_path) -> dict:
    """The automation as the clone declares it, with less patience, as the server knows it."""
    document = yaml.safe_load((ROOT / AUTOMATION).read_text(encoding="utf-8"))
    document["automations"][0]["trigger"]["within"] = SECONDS
    file = tmp_path / "automations.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    server.prefect("automation", "create", "--from-file", str(file))
    (found,) = server.ask("automations/filter")
    yield found
    server.ask(f"automations/{found['id']}", method="DELETE")


def test_the_automation_is_taken_as_it_is_written_and_waits_for_three_heartbeats(server):
    from prefect.settings import Settings  # takes seconds, and every worker of pytest reads this file

    server.prefect("automation", "create", "--from-file", AUTOMATION)
    (found,) = server.ask("automations/filter")
    server.ask(f"automations/{found['id']}", method="DELETE")
    assert found["enabled"] and found["trigger"]["within"] == 600
    assert 3 * Settings().flows.heartbeat_frequency < found["trigger"]["within"]


def test_a_flow_that_is_killed_alone_is_marked_by_its_worker_and_one_that_died_with_it_by_the_automation(
    server, deployment, automation, exports, tmp_path
):
    with server.worker("gongping") as worker:
        alone = _under_way(server, deployment, exports, tmp_path / "alone")
        kill(_process_of(tmp_path / "alone"))
        assert server.until(lambda: _state(server, alone) == "CRASHED")
        both = _under_way(server, deployment, exports, tmp_path / "both")
        kill(worker.pid)
        assert [(one.flow_run, one.alive) for one in under_way(tmp_path / "both")] == [(both, False)]
        assert _state(server, both) == "RUNNING"  # and so for ever, but for the automation
        assert server.until(lambda: _state(server, both) == "CRASHED")
        (run,) = server.ask("flow_runs/filter", flow_runs={"id": {"any_": [both]}})
    assert "no heartbeat" in run["state"]["message"]


def _under_way(server, deployment: dict, exports, out) -> str:
    """A run that the worker has begun, by its id."""
    parameters = {"period": str(PERIOD), "exports": str(exports), "out": str(out), "no_pdf": True}
    run = server.ask(f"deployments/{deployment['id']}/create_flow_run", parameters=parameters)
    server.until(lambda: under_way(out))
    return run["id"]


def _state(server, run: str) -> str:
    (found,) = server.ask("flow_runs/filter", flow_runs={"id": {"any_": [run]}})
    return found["state_type"]


def _process_of(out) -> int:
    """The process of the run whose note is in ``out``."""
    (one,) = under_way(out)
    return one.pid
