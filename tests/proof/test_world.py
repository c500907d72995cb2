"""Small worlds keep every promise, and a promise that is broken is noticed."""

import json
import subprocess
import sys
from contextlib import nullcontext

import pytest

from pipelines.paths import ROOT
from tests.proof import seeds
from tests.proof.invariants import Broken, Invariants


def lived(*arguments: object) -> subprocess.CompletedProcess:
    """Worlds, in a process that has no threads yet when it forks."""
    command = [sys.executable, "-m", "tests.proof.world", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_three_small_worlds_keep_every_promise():
    done = lived("--worlds", 3, "--steps", 3, "--seed", 1)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("seed", seeds(100, 10))
def test_a_world_keeps_every_promise(seed):
    done = lived("--seed", seed)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_a_seed_makes_the_same_world_again():
    assert lived("--seed", 5, "--steps", 6).stdout == lived("--seed", 5, "--steps", 6).stdout != ""


EVENTS = [{"kind": "assigned", "assignment_id": "P1", "case_id": "C1", "unit_id": "U1", "evaluator_id": "E1"},
          {"kind": "reminded", "assignment_id": "P1"}, {"kind": "rated", "assignment_id": "P1"}]


def folder_with(tmp_path, events):
    """A city's folder with such a log."""
    (tmp_path / "tmp").mkdir(exist_ok=True)
    log = tmp_path / "out" / "restricted" / "evaluators" / "log.jsonl"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    return log


@pytest.mark.parametrize(("events", "says"), [
    (EVENTS, None), ([EVENTS[0], EVENTS[0] | {"assignment_id": "P2"}], "two open"),
    ([*EVENTS[:2], EVENTS[1]], "reminded twice"), ([*EVENTS, EVENTS[0] | {"assignment_id": "P2"}], "last word"),
])
def test_a_log_that_breaks_a_promise_is_noticed(tmp_path, events, says):
    folder_with(tmp_path, events)
    with pytest.raises(Broken, match=says) if says else nullcontext():
        Invariants(tmp_path, []).hold(clean=True)


def test_a_log_that_lost_a_line_an_edition_that_changed_and_a_name_are_noticed(tmp_path):
    log, must = folder_with(tmp_path, EVENTS), Invariants(tmp_path, ["赵国华"])
    must.hold(clean=True)
    log.write_bytes(log.read_bytes()[:-1])
    with pytest.raises(Broken, match="changed where it stood"):
        must.hold(clean=False)
    folder_with(tmp_path, EVENTS)
    edition = tmp_path / "out" / "published" / "2026Q2" / "1"
    edition.mkdir(parents=True)
    (edition.parent / "index.json").write_text("{}")
    (edition / "ranking.csv").write_text("a")
    must.editions_stay()
    (edition / "ranking.csv").write_text("b")
    with pytest.raises(Broken, match="changed after publication"):
        must.editions_stay()
    (tmp_path / "out" / "index.html").write_text("<p>赵国华</p>", encoding="utf-8")
    with pytest.raises(Broken, match="names an evaluator"):
        must.nobody_named()
    (tmp_path / "tmp" / "gongping-scratch-x").mkdir()
    with pytest.raises(Broken, match="left behind"):
        must.nothing_left()
