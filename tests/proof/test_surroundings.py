"""The program in other surroundings: the same bytes anywhere, no connection, whole results beside others."""

import csv
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.paths import ROOT
from tests.publication.office import bytes_below

pytestmark = pytest.mark.slow

PERIOD = "2026Q3"
TABLES = ("ranking.csv", "items.csv", "ledger.csv", "adjustments.csv")
NO_CONNECTION = """
import os, sys

def hook(event, arguments):
    place = arguments[1] if event in ("socket.connect", "socket.sendto") else arguments[0] if event == "socket.getaddrinfo" else None
    host = place[0] if isinstance(place, tuple) else place
    if host is not None and host not in ("127.0.0.1", "::1", "localhost", "", b"") and event != "socket.connect" or (
            event == "socket.connect" and isinstance(place, tuple) and host not in ("127.0.0.1", "::1", "localhost")):
        with open(os.environ["CONNECTIONS"], "a") as file:
            file.write(f"{event} {place} by {sys.argv[:3]}\\n")
        raise OSError("no connection in this test")

sys.addaudithook(hook)
open(os.environ["CONNECTIONS"], "a").write("")
open(os.environ["CONNECTIONS"] + ".hooked", "a").write("x")
"""  # noqa: E501


def gongping(*arguments: object, cwd: Path = ROOT, before: tuple[str, ...] = (), **variables: str):
    """A verb as a process of its own."""
    usual = {"PYTHONPATH": str(ROOT), "GONGPING_LANG": "en"}
    return subprocess.run([*before, sys.executable, "-m", "gongping", *map(str, arguments)], cwd=cwd, text=True,
                          env={**os.environ, **usual, **variables}, capture_output=True, check=False)


def scored(exports: Path, out: Path, **surroundings) -> dict[str, bytes]:
    """The bytes of a run's folder."""
    done = gongping("run", PERIOD, "--exports", exports, "--out", out, "--no-pdf", **surroundings)
    assert done.returncode == 0, done.stdout + done.stderr
    return bytes_below(out / PERIOD)


@pytest.fixture(scope="module")
def exports(tmp_path_factory) -> Path:
    folder, size = tmp_path_factory.mktemp("here") / "x", ("--units", "9", "--cases", "500", "--dirt", "4")
    assert gongping("sample", folder, "--period", PERIOD, *size).returncode == 0
    return folder


@pytest.fixture(scope="module")
def usual(exports, tmp_path_factory) -> dict[str, bytes]:
    return scored(exports, tmp_path_factory.mktemp("usual"))


@pytest.mark.parametrize("variables", [
    {"TZ": "America/New_York"}, {"TZ": "Pacific/Kiritimati"}, {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"},
    {"LC_ALL": "C"}, {"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "4242"}, {"before": ("taskset", "-c", "0")},
    {"PYTHONUTF8": "0", "LC_ALL": "POSIX"}, {"USER": "else", "HOME": "/nonexistent"}, {"PYTHONOPTIMIZE": "1"},
], ids=str)
def test_the_same_bytes_in_other_surroundings(exports, usual, tmp_path, variables):
    assert scored(exports, tmp_path, **variables) == usual


def test_the_same_bytes_from_another_folder(exports, usual, tmp_path):
    there = tmp_path / "某处 with blanks" / "y"
    shutil.copytree(exports, there)
    found = scored(there, tmp_path / "out 二", cwd=tmp_path)
    assert {name for name in usual if found.get(name) != usual[name]} == set()


@pytest.mark.parametrize("way", ["rows in another order", "a table in three files"])
def test_the_same_tables_from_the_same_rows(exports, usual, tmp_path, way):
    there = tmp_path / "x"
    shutil.copytree(exports, there)
    for file in [there / "cases.csv"] if "three" in way else sorted(there.glob("*.csv")):
        with file.open(encoding="utf-8-sig", newline="") as stream:
            head, *rows = csv.reader(stream)
        random.Random(3).shuffle(rows)
        parts = {file: rows}
        if "three" in way:
            file.unlink()
            parts = {there / f"cases_{n}.csv": rows[n::3] for n in range(3)}
        for place, some in parts.items():
            with place.open("w", encoding="utf-8", newline="") as stream:
                csv.writer(stream).writerows([head, *some])
    found = scored(there, tmp_path / "out")
    assert {name: found[name] for name in TABLES} == {name: usual[name] for name in TABLES}


def test_printed_pages_are_the_same_bytes_elsewhere_for_somebody_else(exports, tmp_path):
    there = tmp_path / "某处 with blanks" / "y"
    shutil.copytree(exports, there)
    other = {"TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "USER": "else", "PYTHONHASHSEED": "4242"}
    printed = []
    for x, out, variables in ((exports, "out", {}), (there, "out 二", {"cwd": there, **other})):
        done = gongping("run", PERIOD, "--exports", x, "--out", tmp_path / out, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        printed.append(bytes_below(tmp_path / out / PERIOD))
    assert len([name for name in printed[0] if name.endswith(".pdf")]) > 3
    assert {name for name in {*printed[0], *printed[1]} if printed[0].get(name) != printed[1].get(name)} == set()


def test_another_major_of_duckdb_gives_the_same_tables(exports, usual, tmp_path):
    other = ROOT / ".cache" / "duckdb-1"
    if not other.exists():
        install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", other, "duckdb<2"]
        subprocess.run(install, check=True)
    said = subprocess.run([sys.executable, "-c", "import duckdb; print(duckdb.__version__)"], text=True, check=True,
                          env={**os.environ, "PYTHONPATH": str(other)}, capture_output=True).stdout
    assert said.startswith("1.")
    found = scored(exports, tmp_path, PYTHONPATH=f"{other}{os.pathsep}{ROOT}")
    assert {name: found[name] for name in TABLES} == {name: usual[name] for name in TABLES}


@pytest.mark.parametrize("command", [["demo", "--no-pdf", "--out", "demo"], ["init", "泽湖市"], ["doctor"]])
def test_nothing_connects_beyond_this_machine(tmp_path, command):
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(NO_CONNECTION, encoding="utf-8")
    tried = tmp_path / "tried"
    path = f"{tmp_path / 'hook'}{os.pathsep}{ROOT}"
    done = gongping(*command, cwd=tmp_path, PYTHONPATH=path, CONNECTIONS=str(tried))
    assert done.returncode == 0 or command == ["doctor"], done.stderr
    assert Path(f"{tried}.hooked").exists() and tried.read_text() == ""


def test_twenty_runs_at_once_leave_one_whole_result(exports, usual, tmp_path):
    command = [sys.executable, "-m", "gongping", "run", PERIOD, "--exports", exports, "--out", tmp_path, "--no-pdf"]
    runs = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            for _ in range(20)]
    said = [run.communicate()[1] for run in runs]
    assert [last[-300:] for run, last in zip(runs, said, strict=True) if run.returncode] == []
    assert bytes_below(tmp_path / PERIOD) == usual
    assert not [*tmp_path.glob(".staging/*")]
