"""The commands of both READMEs, as they stand there: from a new project to a unit explained."""

import re
import shlex
from datetime import datetime

import pytest

from pipelines.edges import process
from pipelines.model.project import Project
from pipelines.paths import ROOT

READMES = ("README.md", "README.zh-CN.md")
SHORT = {"run": ["--no-pdf"], "serve": ["--dry-run"]}  # paper and a server have tests of their own


def commands(readme: str) -> list[list[str]]:
    """The lines of the block that begins with `gongping init`, without the remarks."""
    (block,) = re.findall(r"```\n(gongping init .*?)```", (ROOT / readme).read_text(encoding="utf-8"), re.DOTALL)
    return [shlex.split(line, comments=True)[1:] for line in block.strip().splitlines()]


def test_both_name_the_same_commands():
    first, second = map(commands, READMES)
    assert first == second and len(first) > 4


def test_they_run_as_they_are_written_down(call, quick, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(process, "now", lambda: datetime(2026, 10, 8))
    try:
        for words in commands(READMES[0]):
            code, _, complaint = call(*words, *SHORT.get(words[0], []))
            assert code == 0, (words, complaint)
            if words[0] == "init":
                monkeypatch.chdir(tmp_path / words[1])
    finally:
        process.use(Project())
    assert (tmp_path / "泽湖市" / "out" / "2026Q3" / "index.html").is_file()


@pytest.mark.parametrize("readme", READMES)
def test_every_file_that_they_lead_to_is_there(readme):
    links = re.findall(r"\]\(([^)]+)\)", (ROOT / readme).read_text(encoding="utf-8"))
    assert links and not [link for link in links if not (ROOT / link).exists()]
