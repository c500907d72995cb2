"""Reminders and limits count by the clock; a typed time is for invented data, whose lines say so (B3)."""

import json
from datetime import datetime

import pytest

from pipelines.cli import _run
from pipelines.edges import process
from pipelines.evaluators.desk import Work, take_steps
from pipelines.evaluators.log import Log
from pipelines.model.period import Period
from pipelines.model.words import NotAllowed, UsageRefusal
from pipelines.sample.make import make_sample

NOW = datetime(2026, 8, 3, 9)
TYPED = datetime(2026, 7, 20, 9)


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    """The same exports twice: `sample` is marked as invented, `real` is not."""
    home = tmp_path_factory.mktemp("exports")
    for name in ("sample", "real"):
        make_sample(home / name, Period.parse("2026Q3"), 4, 200, 7)
    (home / "real" / "SIMULATED").unlink()
    return home


@pytest.fixture
def now(monkeypatch):
    monkeypatch.setattr(process, "now", lambda: NOW)


@pytest.mark.parametrize("typed", [["--at", "2026-07-20"], ["--from", "2026-07-20"], ["--at", "2026-08-03 09:00"]])
def test_a_typed_time_is_refused_for_true_data_and_nothing_is_written(exports, tmp_path, capsys, now, typed):
    line = ["evaluators", "step", "--exports", str(exports / "real"), "--out", str(tmp_path / "out"), *typed]
    assert _run(line) == 2
    output = capsys.readouterr().err
    assert "2026-08-03 09:00:00" in output and "--at" in output and "Traceback" not in output
    assert not (tmp_path / "out").exists()


def test_true_data_go_by_the_clock(exports, tmp_path, now):
    outcome = take_steps(Work(exports / "real", None, tmp_path / "s"))
    events = Log(tmp_path / "s").events
    assert outcome.at == NOW and outcome.counts["assigned"]
    assert {event.at for event in events} == {NOW}
    assert not any("simulated" in event.says for event in events)


def test_a_typed_time_counts_for_invented_data_and_every_line_says_so(exports, tmp_path, now):
    take_steps(Work(exports / "sample", None, tmp_path / "s"), [TYPED])
    lines = [json.loads(line) for line in (tmp_path / "s" / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {line["at"] for line in lines} == {str(TYPED)} and all(line["simulated"] is True for line in lines)


@pytest.mark.parametrize(("first", "second"), [("sample", "real"), ("real", "sample")])
def test_a_log_is_of_one_kind_of_data(exports, tmp_path, now, first, second):
    take_steps(Work(exports / first, None, tmp_path / "s"))
    before = (tmp_path / "s" / "log.jsonl").read_bytes()
    with pytest.raises(NotAllowed, match="--state"):
        take_steps(Work(exports / second, None, tmp_path / "s"))
    assert (tmp_path / "s" / "log.jsonl").read_bytes() == before


def test_exports_of_which_one_part_is_true_are_true(exports, tmp_path, now):
    both = Work(exports / "sample", None, tmp_path / "s", before=Work(exports / "real", None, tmp_path / "s"))
    with pytest.raises(UsageRefusal, match="--at"):
        take_steps(both, [TYPED])


def test_a_log_elsewhere_is_said_to_be_watched_by_its_own_head_alone(exports, tmp_path, capsys, now):
    for place, says in ((["--state", str(tmp_path / "s")], True), (["--out", str(tmp_path / "out")], False)):
        assert _run(["evaluators", "step", "--exports", str(exports / "real"), *place]) == 0
        assert ("head.json" in capsys.readouterr().out) is says
