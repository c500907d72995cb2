"""The two flows on the way to publication, run by a real Prefect server: no process waits for people."""

import json

import pytest

from pipelines.publication import desk as publishing
from tests.flows.conftest import PERIOD
from tests.publication.office import LIN, SENT, WU, act, finished_run, record

CALL = """
import json, sys
from importlib import import_module
from pipelines.project import FLOWS
for name, parameters in json.loads(sys.argv[1]):
    flow = getattr(import_module(f"pipelines.flows.{FLOWS[name]}"), name)
    state = flow(**parameters, return_state=True)
    print(json.dumps([state.type.value, str(state.data if state.is_completed() else state.message)]))
"""


def _flow_runs(server, *calls) -> list[list[str]]:
    """The type and the sentence of each final state, run one after the other in one process."""
    out = server.python("-c", CALL, json.dumps(calls))
    return [json.loads(line) for line in out.splitlines() if line.startswith("[")]


def _kinds(out) -> list[str]:
    return [json.loads(line)["kind"] for line in record(out).read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def asked(server, tmp_path_factory) -> dict:
    """Three offices and what the flows said: one with a signature too few, one approved, one whose scoring stops."""
    offices = {name: tmp_path_factory.mktemp(name) for name in ("waiting", "approved", "stopped")}
    for name, out in offices.items():
        finished_run(out)
        act(out, publishing.note_preview, at=SENT)
        for person in (LIN, WU)[: 1 if name == "waiting" else 2]:
            act(out, publishing.approve, person)
    when = {"period": str(PERIOD)}  # by the machine's clock, which is past the window
    call = {name: {**when, "out": str(out)} for name, out in offices.items()}
    publish = {name: ["publish", {**one, "without_pdf": True}] for name, one in call.items()}
    preview = ["preview", {**call["stopped"], "exports": str(offices["stopped"] / "none")}]
    said = _flow_runs(server, publish["waiting"], publish["approved"], publish["approved"], preview, publish["stopped"])
    return {**offices, "said": said}


def test_a_quarter_waits_for_people_without_failing(asked):
    kind, said = asked["said"][0]
    assert (kind, "1/2" in said) == ("COMPLETED", True), said
    assert _kinds(asked["waiting"]) == ["preview", "approval"]


def test_an_approved_quarter_is_published_by_the_schedule_once(asked):
    assert [kind for kind, _ in asked["said"][1:3]] == ["COMPLETED", "COMPLETED"], asked["said"]
    assert _kinds(asked["approved"]) == ["preview", "approval", "approval", "publication", "sheet"]
    assert (asked["approved"] / "published" / str(PERIOD) / "1" / "ranking.csv").is_file()


def test_a_scoring_that_stops_fails_the_flow_and_stops_what_was_approved_before(asked):
    (stopped, why), (refused, because) = asked["said"][3:]
    assert [stopped, refused] == ["FAILED", "FAILED"]
    assert "none" in why and "none" in because
    assert _kinds(asked["stopped"])[-1] == "stop"
    assert not (asked["stopped"] / "published").exists()


@pytest.mark.slow
def test_a_scored_quarter_is_noted_as_preview(server, exports, tmp_path):
    asked = {"period": str(PERIOD), "out": str(tmp_path), "exports": str(exports), "no_pdf": True}
    ((kind, said),) = _flow_runs(server, ["preview", {**asked}])
    assert kind == "COMPLETED", said
    assert _kinds(tmp_path) == ["preview"]
