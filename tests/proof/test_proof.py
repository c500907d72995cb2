"""docs/proof.md says what was noted, of every promise, and nothing else."""

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.paths import ROOT
from tests.proof import group, seeds
from tests.proof.__main__ import (
    DOCUMENT,
    NO_REASON,
    NOTED,
    declared,
    document,
    interval,
    left,
    run,
    standing,
    survivors,
)

LINE = {"promise": "R1", "proof": "quarters", "tried": 10, "failed": 0, "skipped": 0, "part": "1/2", "seed": 0,
        "date": "2026-11-29", "commit": "abc"}
SLEEPS = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"


def test_the_document_is_that_of_what_was_noted():
    assert DOCUMENT.read_text(encoding="utf-8") == document(declared()), "python -m tests.proof"


def test_every_promise_is_there_and_every_test_that_proves_one():
    assert {f"R{n}" for n in range(1, 25)} <= set(declared())
    for facts in declared().values():
        for proof in facts["proofs"].values():
            assert ("tests" in proof) != ("run" in proof and "says" in proof)
            named = [word.split("::")[0] for word in shlex.split(proof.get("tests", "")) if word.startswith("tests/")]
            assert all((ROOT / name).exists() for name in named), named


def test_a_gap_that_is_told_of_is_a_line_of_its_file():
    for gap in declared()["R6"]["gaps"]:
        lines = [line.strip() for line in (ROOT / gap["file"]).read_text(encoding="utf-8").splitlines()]
        assert lines.count(gap["line"]) == 1 and gap["why"], gap


def test_a_fault_that_survived_is_told_with_its_reason_until_a_test_notices_it(tmp_path):
    told = {"file": "a.py", "diff": "@@ -1 +1 @@\n-    if a < 1:\n+    if a <= 1:", "outcome": "survived"}
    report = tmp_path / "mutants.jsonl"
    report.write_text(json.dumps(told | {"outcome": "killed"}) + "\n" + json.dumps(told) + "\n", encoding="utf-8")
    reason = {"file": "a.py", "fault": "if a <= 1:", "why": "a is never 1"}
    assert survivors([reason], report) == ["- `a.py`, `if a < 1:` → `if a <= 1:`: a is never 1."]
    assert survivors([], report)[0].endswith(f": {NO_REASON}.")
    with report.open("a", encoding="utf-8") as file:
        file.write(json.dumps(told | {"outcome": "killed"}) + "\n")
    assert survivors([reason], report) == []


def test_every_fault_that_survived_has_a_reason_and_no_other_has():
    reasons = declared()["R5"]["survivors"]
    told = survivors(reasons, NOTED / "mutants.jsonl")
    assert not [line for line in told if line.endswith(f": {NO_REASON}.")]
    assert len(told) == len(reasons)


def test_what_was_not_run_has_no_figure_and_what_failed_stands_out(tmp_path):
    empty = document(declared(), tmp_path)
    table = empty.split("## Commands")[0].splitlines()
    rows = [line for line in table if line.startswith(("| R", "| watch", "| readers"))]
    assert len(rows) >= 24 and all("| not run" in row for row in rows)
    (tmp_path / "R1.jsonl").write_text(json.dumps(LINE | {"failed": 3, "seconds": 5400}) + "\n", encoding="utf-8")
    (row,) = [line for line in document(declared(), tmp_path).splitlines() if "abc" in line]
    why = declared()["R1"]["proofs"]["quarters"]["rest"]
    assert row.endswith(f"| 10,000 | 10 (1 of 2 parts; the others take 1.5 h: {why}) | **3** | 2026-11-29 | abc |")


def test_parts_add_up_the_newest_of_each_under_one_seed():
    lines = [LINE | {"tried": 90}, LINE | {"part": "2/2", "failed": 1}, LINE | {"seed": 7}, LINE]
    found = standing(lines)
    assert (found["tried"], found["failed"], found["parts"]) == (20, 1, "2 of 2 parts")
    assert standing([*lines, LINE | {"seed": 7, "tried": 4}])["tried"] == 4
    assert standing([*lines, LINE | {"part": "1/3", "tried": 5}])["tried"] == 5
    assert standing([LINE | {"seconds": 7200}, LINE | {"seconds": 9}])["left"] == "; the others take 2.0 h"
    assert standing([LINE | {"first_run_s": "19.86", "peak_MB": 367}])["said"] == "first run s 19.86, peak MB 367"
    assert standing([]) is None


def test_a_figure_of_an_older_program_is_marked_and_what_failed_is_named(tmp_path):
    older, newer = LINE | {"part": "1/1", "program": "aa"}, LINE | {"proof": "books", "program": "bb", "commit": "def"}
    failed = newer | {"part": "1/1", "at": "10:00:00", "failed": 1, "failing": ["tests/x.py::test_y"]}
    lines = [json.dumps(line) for line in (failed, older | {"at": "09:59:59"})]
    (tmp_path / "R1.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = document(declared(), tmp_path).splitlines()
    assert any(row.endswith("| 0 | 2026-11-29 | abc † |") for row in rows)
    assert any(row.endswith("| **1**: `tests/x.py::test_y` | 2026-11-29 | def |") for row in rows)


def test_a_sweep_goes_on_with_the_parts_that_are_left():
    lines = [LINE | {"part": "2/4"}, LINE | {"part": "1/4", "seed": 7}, LINE | {"part": "3/5"}]
    assert left(lines, 4, 0) == ["1/4", "3/4", "4/4"]
    assert left(lines, 4, 7) == ["2/4", "3/4", "4/4"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_a_proof_started_ends_with_it(number, tmp_path):
    """A sweep of faults starts a test run, which starts programs: none outlives a sweep that is stopped."""
    inner = f"import sys; from tests.proof import group; command = [sys.executable, '-c', {SLEEPS!r}]"
    wait = "\nwith group(command) as process: process.wait()"
    outer = f"import sys; from tests.proof import group; command = [sys.executable, '-c', {inner + wait!r}]" + wait
    with group([sys.executable, "-c", outer], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        sleeper = int(process.stdout.readline())
        process.send_signal(number)
        assert process.wait(30) == 128 + number
        assert process.stdout.read() == "", "the sleeper holds the pipe"
    assert not Path(f"/proc/{sleeper}").exists()


def test_a_share_has_the_interval_of_wilson():
    """Of the worked example in Agresti and Coull (1998): 0 of 10 to 28 %; and of 15 of 20."""
    assert interval(0, 10) == (0, 28)
    assert interval(15, 20) == (53, 89)


def test_what_is_drawn_is_drawn_again(tmp_path):
    """A line's command shows a failure again: the same part and seed draw the same examples."""
    drawn = tmp_path / "test_drawn.py"
    drawn.write_text(f"""
from hypothesis import given, strategies as st

@given(st.integers())
def test_drawn(n):
    with open({str(tmp_path / "seen")!r}, "a") as file:
        file.write(f"{{n}} ")
""", encoding="utf-8")
    seen = []
    for seed in (0, 0, 1):
        assert run("R7", "x", {"tests": f"-c {os.devnull} {drawn}", "each": 30}, "1/1", seed)["tried"] == 30
        seen.append((tmp_path / "seen").read_text(encoding="utf-8"))
        (tmp_path / "seen").unlink()
    assert seen[0] == seen[1] != seen[2]


def test_a_proof_runs_its_part_and_counts_what_was_tried(tmp_path):
    (tmp_path / "test_few.py").write_text("""
from hypothesis import given, settings, strategies as st
import pytest

@pytest.mark.parametrize("n", range(5))
def test_numbers(n, record_property):
    record_property("tried", 100)
    assert n != 2

@settings(max_examples=3)
@given(st.integers())
def test_drawn(n):
    pass
""", encoding="utf-8")
    told = tmp_path / "told.json"
    variables = {"GONGPING_PART": "1/2", "GONGPING_OUTCOME": str(told), "GONGPING_COUNT": "50"}
    command = [sys.executable, "-m", "pytest", "-p", "tests.proof.plugin", "-c", os.devnull, "--rootdir", tmp_path]
    subprocess.run([*command, tmp_path], env={**os.environ, "PYTHONPATH": str(ROOT)} | variables, cwd=tmp_path,
                   check=False, capture_output=True)
    found = json.loads(told.read_text())
    assert found.pop("failing") == ["test_few.py::test_numbers[2]"]
    assert found == {"tried": 300, "passed": 2, "failed": 1, "skipped": 0}
    subprocess.run([*command, tmp_path], env={**os.environ, "PYTHONPATH": str(ROOT)} | variables | {
        "GONGPING_PART": "2/2"}, cwd=tmp_path, check=False, capture_output=True)
    found = json.loads(told.read_text())
    assert (found["passed"], found["failed"]) == (3, 0) and found["tried"] >= 250


def test_seeds_are_the_usual_ones_or_those_of_a_proof(monkeypatch):
    assert seeds(2000, 3) == range(2000, 2003)
    monkeypatch.setenv("GONGPING_SEED", "7")
    monkeypatch.setenv("GONGPING_COUNT", "5")
    assert seeds(2000, 3) == range(7_002_000, 7_002_005)
