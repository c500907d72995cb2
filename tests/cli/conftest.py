"""One small quarter, scored by the real command, and a way to call the command in this process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.paths import ROOT
from tests.publication.office import Checked

PERIOD = "2026Q3"


def gongping(*arguments: str) -> subprocess.CompletedProcess:
    """The command as a process of its own."""
    environment = {name: value for name, value in os.environ.items() if name != "GONGPING_LANG"}
    command = [sys.executable, "-m", "pipelines", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def exports(tmp_path_factory) -> Path:
    """Exports of an invented quarter."""
    folder = tmp_path_factory.mktemp("exports")
    done = gongping("sample", str(folder), "--period", PERIOD, "--units", "12", "--cases", "400", "--dirt", "4")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def out(exports, tmp_path_factory) -> Path:
    """The output folder of a finished run."""
    folder = tmp_path_factory.mktemp("out")
    done = gongping("run", PERIOD, "--exports", str(exports), "--out", str(folder), "--no-pdf")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def call(capsys, monkeypatch):
    """Call the command in this process: exit code, standard output, standard error."""
    monkeypatch.setenv("GONGPING_LANG", "zh")

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        output = capsys.readouterr()
        return ended.value.code, output.out, output.err

    return run


@pytest.fixture
def quick(monkeypatch):
    """Runs in this process leave the second quality check out, which takes seconds and changes no score."""
    monkeypatch.setattr("pipelines.assess.start_quality", lambda *facts: Checked(facts[-1]))
