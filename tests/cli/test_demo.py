"""The demo signs and publishes what it made with two throw-away keys, and ends well where it cannot."""

import json

import pytest

from pipelines.cli import main
from pipelines.verbs import project
from tests.publication.office import Checked


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A demo of a few cases in an empty folder; throw-away keys would lie in `temporary`."""
    monkeypatch.setattr("pipelines.assess.start_quality", lambda *facts: Checked(facts[-1]))
    monkeypatch.setattr(project, "UNITS", 4)
    monkeypatch.setattr(project, "CASES", 80)
    monkeypatch.setattr(project, "DIRT", 0)
    monkeypatch.setenv("GONGPING_LANG", "zh")
    (tmp_path / "work").mkdir()
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def test_the_demo_signs_and_publishes_and_without_ssh_keygen_says_what_it_left_out(small, monkeypatch, capsys):
    with monkeypatch.context() as bare, pytest.raises(SystemExit) as ended:
        bare.setattr("pipelines.verbs.project.shutil.which", lambda tool: None)
        main(["demo", "--no-pdf"])
    said = capsys.readouterr().out
    assert ended.value.code == 0
    assert "略去审签、发布和核验" in said and "apt-get install openssh-client" in said and "接着可以" in said
    out = small / "demo" / "out"
    assert not (out / "record").exists()

    project.walk(out, small / "demo" / "signers")
    said = capsys.readouterr().out
    steps = ["第 1 稿预览", "SIMULATED 林一：SHA256:", "SIMULATED 吴二：SHA256:", "（1/2）", "（2/2）", "已发布第 1 版",
             "密钥已删除", "核验通过：台账 5 笔，已发布 1 版"]
    assert [step for step in steps if step not in said] == []
    assert [said.index(step) for step in steps] == sorted(said.index(step) for step in steps)
    assert [file for file in (small.parent / "temporary").rglob("*") if "keys" in str(file)] == []
    assert not [file for file in small.rglob("*") if file.is_file() and b"PRIVATE KEY" in file.read_bytes()]
    assert [entry.name for entry in small.iterdir()] == ["demo"]
    record = (out / "record" / "2026Q3.jsonl").read_text(encoding="utf-8")
    assert all(json.loads(line)["simulated"] is True for line in record.splitlines())
    sheet = json.loads((out / "published" / "2026Q3" / "1" / "publication.json").read_text(encoding="utf-8"))
    assert [one["simulated"] for one in sheet["signed"]] == [True, True]

    project.walk(out, small / "demo" / "signers")
    said = capsys.readouterr().out
    assert "请先删除" in said and "核验通过" in said
    assert (out / "record" / "2026Q3.jsonl").read_text(encoding="utf-8") == record
