"""The flow, really run by a real Prefect server: the same stages, the same bytes, nothing about people kept."""

import csv
import json

import pytest

from pipelines.assess import Request, Run
from pipelines.model.score import STAGES
from tests.flows.conftest import PERIOD

CALL = """
import json, sys
from pipelines.flows.score import score
state = score(**json.loads(sys.argv[1]), return_state=True)
print(json.dumps([state.type.value, str(state.message)]))
"""


def _flow_run(server, **parameters) -> list[str]:
    """The type and message of the final state."""
    return json.loads(server.python("-c", CALL, json.dumps(parameters)).splitlines()[-1])


def _files(folder) -> dict:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def flowed(server, exports, tmp_path_factory):
    """The folder that a flow run published to."""
    out = tmp_path_factory.mktemp("flowed")
    assert _flow_run(server, period=str(PERIOD), exports=str(exports), out=str(out), no_pdf=True)[0] == "COMPLETED"
    return out / str(PERIOD)


def test_a_flow_run_publishes_the_same_bytes_as_the_command_line_would(flowed, exports, tmp_path):
    with Run(Request(PERIOD, exports, tmp_path, pdf=False)) as run:
        run.run()
    assert {"ranking.csv", "ledger.csv", "manifest.json"} <= set(_files(flowed))
    assert _files(flowed) == _files(tmp_path / str(PERIOD))


@pytest.mark.long
def test_a_flow_has_everything_from_the_project_file_and_a_parameter_wins(server, exports, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / str(PERIOD)).symlink_to(exports)
    file = tmp_path / "gongping.yaml"
    file.write_text("name: 泽湖市\nzone: UTC\nexports: in\nout: results\nabsent: [cases.title]\n", encoding="utf-8")
    given = {"period": str(PERIOD), "project": str(file), "no_pdf": True}
    other = {"out": str(tmp_path / "o"), "absent": []}
    for more, place, absent in (({}, "results", ["cases.title"]), (other, "o", [])):
        kind, message = _flow_run(server, **given, **more)
        assert kind == "COMPLETED", message
        made = json.loads((tmp_path / place / str(PERIOD) / "manifest.json").read_text(encoding="utf-8"))
        assert (made["city"], made["zone"], made["absent"]) == ("泽湖市", "UTC", absent)
    file.write_text("nmae: x\n", encoding="utf-8")
    kind, message = _flow_run(server, **given)
    assert kind == "FAILED" and "nmae" in message


def test_every_stage_is_one_task_and_they_run_in_order(server, flowed):
    finished = {"name": {"any_": ["score"]}}, {"state": {"type": {"any_": ["COMPLETED"]}}}
    flow_run = server.ask("flow_runs/filter", flows=finished[0], flow_runs=finished[1])[0]["id"]
    runs = server.ask("task_runs/filter", task_runs={"flow_run_id": {"any_": [flow_run]}})
    runs = sorted(runs, key=lambda run: run["start_time"])
    assert [run["name"] for run in runs] == list(STAGES)
    assert {run["state_type"] for run in runs} == {"COMPLETED"}


def test_a_refusal_fails_the_flow_with_its_sentence_and_publishes_nothing(server, tmp_path):
    kind, message = _flow_run(server, period=str(PERIOD), exports=str(tmp_path / "none"), out=str(tmp_path / "out"))
    assert kind == "FAILED"
    assert "none" in message
    assert [file.name for file in (tmp_path / "out").iterdir() if not file.name.startswith(".")] == []


def test_prefect_keeps_no_result_and_no_name_of_an_evaluator(server, flowed, exports):
    with next(exports.glob("evaluators*.csv")).open(encoding="utf-8-sig") as stream:
        names = [row["name"].encode() for row in csv.DictReader(stream)]
    kept = [file for file in server.home.rglob("*") if file.is_file()]
    assert names and kept
    assert not [file for file in kept if "storage" in file.relative_to(server.home).parts]
    assert not [file for file in kept for name in names if name in file.read_bytes()]


def test_prefects_pages_show_how_far_a_run_is_its_rows_and_its_pages_and_no_unit(server, flowed, exports):
    by_run: dict[str, dict] = {}  # the server has runs of other tests as well, some of them killed
    for one in server.ask("artifacts/filter", limit=200):
        by_run.setdefault(one["flow_run_id"], {})[one["key"]] = one
    whole = [found for found in by_run.values() if "pages-2026q2" in found]
    assert whole and all(float(found["stages-2026q2"]["data"]) == 100 for found in whole)
    found = whole[0]
    assert found.keys() >= {"stages-2026q2", "rows-2026q2", "run-2026q2", "pages-2026q2"}
    rows = {row["table"]: row for row in json.loads(found["rows-2026q2"]["data"])}
    assert rows["cases"]["read"] == rows["cases"]["accepted"] + rows["cases"]["quarantined"] > 0
    text = json.dumps(found, ensure_ascii=False)
    for table, columns in (("units", ("unit_id", "unit_name")), ("cases", ("case_id",)), ("evaluators", ("name",))):
        with next(exports.glob(f"{table}*.csv")).open(encoding="utf-8-sig") as stream:
            assert not [row for row in csv.DictReader(stream) for column in columns if f'"{row[column]}"' in text]
