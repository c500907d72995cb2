"""The evaluators' hour, really run by a Prefect server: the step is taken, and Prefect learns nothing about anybody."""

import json
from pathlib import Path

import pytest

from pipelines.evaluators.log import Log
from tests.evaluators.canaries import CANARY, found_in, plant

pytestmark = pytest.mark.long

CALL = """
import json, sys
from datetime import datetime
from pathlib import Path
from pipelines.edges import process
from pipelines.flows.evaluators import evaluators
from pipelines.evaluators import step
given, times, fault = json.loads(sys.argv[1])
if fault:
    def broken(*_):
        raise KeyError(sys.argv[2])
    step.choose = broken
for time in times:
    process.now = lambda: datetime.fromisoformat(time)
    state = evaluators(**{k: Path(v) if k != "exports" else v for k, v in given.items()}, return_state=True)
    print(json.dumps([state.type.value, str(state.message)]))
"""


def call(server, given: dict, *times: str, fault: bool = False) -> tuple[list, str]:
    """Run the flow once at each time of its clock; (state, message) of each, and what was printed."""
    printed = server.python("-c", CALL, json.dumps([given, times, fault]), f"{CANARY}_in_an_exception")
    return [json.loads(line) for line in printed.splitlines() if line.startswith('["')], printed


@pytest.fixture(scope="module")
def hours(server, exports, tmp_path_factory):
    """Two hours of work on exports with canaries: a good one, and one in which something breaks unforeseen."""
    home = tmp_path_factory.mktemp("hourly")
    (home / "in").mkdir()
    (home / "x").mkdir()
    for file in exports.iterdir():
        (home / "x" / file.name).write_bytes(file.read_bytes())
    plant(home / "x", "evaluators")
    plant(home / "x", "appointment_steps")
    plant(home / "x", "cases")
    columns = "action_id,evaluator_id,action,acted_at,assignment_id,rating,reason,away_from,away_until"
    rows = [f"A1,{CANARY}_who,rate,2026-05-01 09:00,{CANARY}_which,satisfied,{CANARY}_why,,", ",".join([CANARY] * 9)]
    (home / "in" / f"{CANARY}_sent.csv").write_text("\n".join([columns, *rows]) + "\n", encoding="utf-8")
    given = {"exports": str(home / "x"), "inbox": str(home / "in"), "out": str(home / "out")}
    ended = []
    for at, fault in (("2026-05-06 09:00", False), ("2026-07-01 09:00", True)):
        (state,), printed = call(server, given, at, fault=fault)
        ended.append((state, printed))
    return home, ended


def test_the_flow_takes_the_step(hours):
    home, ended = hours
    assert ended[0][0][0] == "COMPLETED"
    kinds = {event.kind for event in Log(home / "out" / "restricted" / "evaluators").events}
    assert kinds >= {"case", "assigned", "refused"}


def test_what_breaks_unforeseen_is_told_by_its_kind_alone_and_written_down_in_the_restricted_folder(hours):
    home, ended = hours
    kind, message = ended[1][0]
    assert (kind, "KeyError" in message) == ("FAILED", True)
    assert f"{CANARY}_in_an_exception" in (home / "out/restricted/evaluators/faults.log").read_text(encoding="utf-8")


def test_prefect_keeps_and_prints_nothing_about_anybody(server, hours):
    home, ended = hours
    assert [printed for _, printed in ended if CANARY in printed] == []
    assert found_in(Path(server.home)) == []
    assert found_in(home / "out", home / "out" / "restricted") == []


def test_late_runs_in_a_burst_act_once_and_by_the_clock(server, exports, tmp_path):
    """Three runs that waited for a worker, within 45 seconds: nobody is reminded of or loses what came a moment ago."""
    (tmp_path / "in").mkdir()
    given = {"exports": str(exports), "inbox": str(tmp_path / "in"), "out": str(tmp_path / "out")}
    states, _ = call(server, given, "2026-05-08 14:00:00", "2026-05-08 14:00:20", "2026-05-08 14:00:45")
    assert [state for state, _ in states] == ["COMPLETED"] * 3
    events = Log(tmp_path / "out" / "restricted" / "evaluators").events
    assert {event.kind for event in events} == {"case", "assigned"}
    assert {str(event.at) for event in events} == {"2026-05-08 14:00:00"}


def test_the_quarter_before_goes_on_while_the_new_one_has_no_folder(server, exports, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "2026Q2").symlink_to(exports)
    given = {"exports": f"{tmp_path}/{{period}}", "inbox": str(tmp_path / "in"), "out": str(tmp_path / "out")}
    states, _ = call(server, given, "2026-06-30 23:00", "2026-07-01 00:00", "2026-10-01 00:00")
    assert [state for state, _ in states] == ["COMPLETED", "COMPLETED", "FAILED"]
    assert f"{tmp_path}/2026Q4" in states[2][1] and f"{tmp_path}/2026Q3" in states[2][1]
