"""The page of the docs that shows the whole way is walked as it is written."""

import json
import re
import shlex
import subprocess

import pytest

from pipelines.cli import main
from pipelines.paths import ROOT
from tests.publication.test_way import Checked

pytestmark = pytest.mark.long

MORE = {"run": ["--no-pdf"], "publish": ["--without-pdf"], "correct": ["--without-pdf"]}  # printing is tested elsewhere


def section(title: str) -> str:
    """A section of the page, without its title."""
    page = (ROOT / "docs" / "publication.md").read_text(encoding="utf-8")
    return page.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def commands(title: str) -> list[list[str]]:
    """The commands of a section of the page, in order."""
    return [shlex.split(line) for line in section(title).split("```")[1].strip().splitlines()]


def test_every_command_of_the_page_does_what_it_says(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("pipelines.assess.start_quality", lambda *facts: Checked(facts[-1]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GONGPING_LANG", "zh")
    found = {}
    for number, (_, verb, *arguments) in enumerate(commands("The way, to try")):
        with pytest.raises(SystemExit) as ended:
            main([verb, *arguments, *MORE.get(verb, [])])
        found[number, verb] = capsys.readouterr().out
        assert ended.value.code == 0, (verb, arguments)
    signing = [text for (_, verb), text in found.items() if verb == "approve"]
    assert ["预览已登记" in text for text in signing] == [False, False, True, False]  # the run after the publication
    said = {verb: text for (_, verb), text in found.items()}  # the last of each
    assert [verb for _, verb in found].count("approve") == 4
    assert all("发布单没有 PDF" in said[verb] for verb in ("publish", "correct"))
    assert "更正 1 已发布，现行第 2 版" in said["correct"]
    assert "已发布 2 版" in said["verify"] and "逐字节相同" in said["verify"]
    assert "SIMULATED" in said["status"]
    place = tmp_path / "out" / "published" / "2026Q2"
    sheet = json.loads((place / "2" / "publication.json").read_text(encoding="utf-8"))
    assert [(one["by"], one["key"][:7], one["simulated"]) for one in sheet["signed"]] == [
        ("林一", "SHA256:", True), ("吴二", "SHA256:", True)]
    record = (tmp_path / "out" / "record" / "2026Q2.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in record.splitlines()]
    assert all(line["simulated"] is True for line in lines)
    assert sheet["head"] == [line for line in lines if line["kind"] == "correction"][0]["sha256"]
    assert "SIMULATED" in (place / "2" / "publication.html").read_text(encoding="utf-8")
    assert "第 1 版已被第 2 版取代" in (place / "edition-1.html").read_text(encoding="utf-8")
    notice = json.loads((place / "correction-1.json").read_text(encoding="utf-8"))
    changed = {(one["what"], one["name"]): (one["before"], one["after"]) for one in notice["made_from"]}
    assert changed[("reading", "satisfied")][1] == "full_only" and notice["reason"]
    (reading,) = [one for one in notice["made_from"] if one["what"] == "reading"]
    assert (reading["title"]["zh"], reading["says"]["after"]["zh"]) == ("满意的认定", "只计满意")
    shown = (place / "correction-1.html").read_text(encoding="utf-8")
    assert all(words in shown for words in ("满意的认定", "满意和基本满意", "只计满意", "satisfied only"))


def test_the_signers_of_the_page_begin_and_change_with_keys_that_ssh_keygen_made(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GONGPING_LANG", "zh")
    facts = []
    for name, *arguments in commands("The signers"):
        if name == "ssh-keygen":  # asks for a passphrase on the terminal
            subprocess.run([name, "-q", "-N", "", *arguments], check=True)
            continue
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        facts.append(capsys.readouterr().out)
        assert ended.value.code == 0, arguments
    begun, proposed, agreed, listed = facts
    assert begun.count("SHA256:") == 2 and "gongping signers agree --change 2 --by 姓名 --key 私钥文件" in proposed
    assert "生效：增加 周三" in agreed and listed.count("SHA256:") == 3
    head, *people = [[cell.strip() for cell in re.split("[┃│]", line)[1:-1]] for line in listed.splitlines()
                     if line[:1] in "┃│"]
    may = {one[0]: [role for role, mark in zip(head[1:4], one[1:4], strict=True) if mark] for one in people}
    assert may == {"林一": ["审核"], "吴二": ["签发"], "周三": ["拟稿"]}


def test_who_may_lie_is_one_screen():
    lines = section("Who may lie, and what each cannot do").strip().splitlines()
    assert sum(max(1, -(-len(line) // 100)) for line in lines) <= 45
