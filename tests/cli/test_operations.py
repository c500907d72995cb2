"""`docs/operations.md` carried out: back up, wipe, restore elsewhere, verify; and the service that `init` writes."""

import configparser
import os
import re
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from pipelines.edges import process
from pipelines.model.project import Project
from pipelines.paths import ROOT
from pipelines.verbs.project import walk

pytestmark = pytest.mark.long

CITY = "泽湖市"
PAGES = ("operations.md", "operations.en.md")


def commands(page: str) -> list[str]:
    (block,) = re.findall(r"```\n(.*?)```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.DOTALL)
    return block.strip().splitlines()


def test_both_pages_give_the_same_commands():
    first, second = map(commands, PAGES)
    assert first == second


def test_what_is_backed_up_and_restored_elsewhere_is_verified(call, quick, tmp_path, monkeypatch):
    if not shutil.which("ssh-keygen"):
        pytest.skip("no ssh-keygen")
    monkeypatch.setattr(process, "now", lambda: datetime(2026, 10, 8))
    monkeypatch.chdir(tmp_path)
    home, srv = tmp_path / CITY, tmp_path / "srv"
    backup, restore, *checks = commands(PAGES[0])
    try:
        assert call("init", CITY)[0] == 0
        monkeypatch.chdir(home)
        assert call("run", "2026Q3", "--no-pdf")[0] == 0
        walk(Path("out"), Path("rules") / "signers")
        subprocess.run(backup, shell=True, check=True)
        monkeypatch.chdir(tmp_path)
        shutil.rmtree(home)
        srv.mkdir()
        subprocess.run(restore.replace("/srv", str(srv)), shell=True, check=True)
        monkeypatch.chdir(srv / CITY)
        for line in checks:
            code, _, complaint = call(*line.split()[1:])
            assert code == 0, (line, complaint)
    finally:
        process.use(Project())


def test_the_service_starts_the_projects_own_schedules_with_the_program_that_is_there(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert call("init", CITY, "--from", "panjin")[0] == 0
    unit = configparser.ConfigParser(interpolation=None)
    unit.read(tmp_path / CITY / "gongping.service", encoding="utf-8")
    command = unit["Service"]["ExecStart"]
    assert command.endswith('" serve') and Path(command.split('"')[1]).is_file()
    assert unit["Service"]["WorkingDirectory"] == str(tmp_path / CITY)
    if shutil.which("systemd-analyze"):
        command = ["systemd-analyze", "verify", "--user", str(tmp_path / CITY / "gongping.service")]
        own = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
        done = subprocess.run(command, env=own, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")  # an unknown key is a line there and no failure
