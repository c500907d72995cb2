"""docs/proof.md says what was noted, of every promise, and nothing else."""

import json
import os
import shlex
import subprocess
import sys

from pipelines.paths import ROOT
from tests.proof import seeds
from tests.proof.__main__ import DOCUMENT, declared, document, standing

LINE = {"promise": "R1", "proof": "quarters", "tried": 10, "failed": 0, "skipped": 0, "part": "1/2", "seed": 0,
        "date": "2026-11-29", "commit": "abc"}  # fmt: skip


def test_the_document_is_that_of_what_was_noted():
    assert DOCUMENT.read_text(encoding="utf-8") == document(declared()), "python -m tests.proof"


def test_every_promise_is_there_and_every_test_that_proves_one():
    assert {f"R{n}" for n in range(1, 25)} <= set(declared())
    for facts in declared().values():
        for proof in facts["proofs"].values():
            assert ("tests" in proof) != ("run" in proof and "says" in proof)
            named = [word.split("::")[0] for word in shlex.split(proof.get("tests", "")) if word.startswith("tests/")]
            assert all((ROOT / name).exists() for name in named), named


def test_what_was_not_run_has_no_figure_and_what_failed_stands_out(tmp_path):
    empty = document(declared(), tmp_path)
    assert all("| not run" in line for line in empty.split("## Commands")[0].splitlines()[10:] if line)
    (tmp_path / "R1.jsonl").write_text(json.dumps(LINE | {"failed": 3, "seconds": 5400}) + "\n", encoding="utf-8")
    (row,) = [line for line in document(declared(), tmp_path).splitlines() if "abc" in line]
    assert row.endswith("| quarters | 10,000 | 10 (1 of 2 parts; the others take 1.5 h) | **3** | 2026-11-29 | abc |")


def test_parts_add_up_the_newest_of_each_under_one_seed():
    lines = [LINE | {"tried": 90}, LINE | {"part": "2/2", "failed": 1}, LINE | {"seed": 7}, LINE]
    found = standing(lines)
    assert (found["tried"], found["failed"], found["parts"]) == (20, 1, "2 of 2 parts")
    assert standing([*lines, LINE | {"seed": 7, "tried": 4}])["tried"] == 4
    assert standing([*lines, LINE | {"part": "1/3", "tried": 5}])["tried"] == 5
    assert standing([LINE | {"first_run_s": "19.86", "peak_MB": 367}])["said"] == "first run s 19.86, peak MB 367"
    assert standing([]) is None


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
""", encoding="utf-8")  # fmt: skip
    told = tmp_path / "told.json"
    variables = {"GONGPING_PART": "1/2", "GONGPING_OUTCOME": str(told), "GONGPING_COUNT": "50"}
    command = [sys.executable, "-m", "pytest", "-p", "tests.proof.plugin", "-c", os.devnull, "--rootdir", tmp_path]
    subprocess.run([*command, tmp_path], env={**os.environ, "PYTHONPATH": str(ROOT)} | variables, cwd=tmp_path,
                   check=False, capture_output=True)  # fmt: skip
    assert json.loads(told.read_text()) == {"tried": 300, "passed": 2, "failed": 1, "skipped": 0}
    subprocess.run([*command, tmp_path], env={**os.environ, "PYTHONPATH": str(ROOT)} | variables | {
        "GONGPING_PART": "2/2"}, cwd=tmp_path, check=False, capture_output=True)  # fmt: skip
    found = json.loads(told.read_text())
    assert (found["passed"], found["failed"]) == (3, 0) and found["tried"] >= 250


def test_seeds_are_the_usual_ones_or_those_of_a_proof(monkeypatch):
    assert seeds(2000, 3) == range(2000, 2003)
    monkeypatch.setenv("GONGPING_SEED", "7")
    monkeypatch.setenv("GONGPING_COUNT", "5")
    assert seeds(2000, 3) == range(7_002_000, 7_002_005)
