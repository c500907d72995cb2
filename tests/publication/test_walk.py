"""The page of the docs that shows the whole way is walked as it is written."""

import shlex

import pytest

from pipelines.cli import main
from pipelines.paths import ROOT
from tests.publication.test_way import Checked

MORE = {"run": ["--no-pdf"], "publish": ["--without-pdf"], "correct": ["--without-pdf"]}  # printing is tested elsewhere


def commands() -> list[list[str]]:
    """The commands of the page, in order."""
    page = (ROOT / "docs" / "publication.md").read_text(encoding="utf-8")
    block = page.split("## The way, to try", 1)[1].split("```")[1]
    return [shlex.split(line)[1:] for line in block.strip().splitlines()]


def test_every_command_of_the_page_does_what_it_says(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("pipelines.edges.quality.start_quality", lambda *facts: Checked(facts[-1]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GONGPING_LANG", "zh")
    told = {}
    for number, (verb, *arguments) in enumerate(commands()):
        with pytest.raises(SystemExit) as ended:
            main([verb, *arguments, *MORE.get(verb, [])])
        told[number, verb] = capsys.readouterr().out
        assert ended.value.code == 0, (verb, arguments)
    assert [verb for _, verb in told].count("approve") == 4
    assert "更正 1 已发布，现行第 2 版" in told[11, "correct"]
    assert "已发布 2 版" in told[13, "verify"] and "逐字节相同" in told[13, "verify"]
