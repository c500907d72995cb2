"""Calling the command wrongly: exit 2, a line that says what is right, in the language of the call."""

import json
from pathlib import Path

import pytest

from pipelines.cli import VERBS


def test_help_lists_every_verb_in_chinese_and_in_english(call):
    code, chinese, _ = call("--help")
    assert code == 0
    assert all(f"\n  {verb} " in chinese for verb in VERBS)
    assert "完整计算一个考核期" in chinese
    assert "score a period" in call("--help", "--lang", "en")[1]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_of_its_own(call, verb):
    code, output, _ = call(verb, "--help")
    assert code == 0
    assert verb in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "2026Q5", "--exports", "."), "2026-01..2026-04 这样"),
        (("run", "2026Q3"), "--exports"),
        (("run", "2026Q3", "--exports", ".", "--cutoff", "soon"), "2026-10-15"),
        (("run", "2026Q3", "--exports", ".", "--reading", "satisfied"), "satisfied=full_only"),
        (("run", "2026Q3", "--exports", ".", "--reading", "satisfide=full_only"), "satisfied"),
        (("run", "2026Q3", "--exports", ".", "--reading", "satisfied=full"), "full_only"),
        (("run", "2026Q3", "--exports", ".", "--reading", "bonus_cap=-1"), "bonus_cap"),
        (("run", "2026Q3", "--exports", ".", "--reading", "bonus_cap=8", "--reading", "bonus_cap=9"), "8、9"),
        (("run", "2026Q3", "--exports", ".", "--cutoff", "2026-09-30"), "2026-10-01"),
        (("run", "2026Q3", "--exports", ".", "--rules", "/nowhere"), "/nowhere"),
        (("run", "2026Q3", "--exports", ".", "--cutoff", "soon"), "+10 working days"),
        (("run", "2026Q3", "--exports", ".", "--cutof", "x"), "没有选项 --cutof，是不是 --cutoff"),
        (("run", "2026Q3", "--exports", ".", "--office", "/nowhere.yaml"), "--office"),
        (("run", "2026Q3", "--exports", ".", "--engine", "spork"), "“spork”不在其中，可用的有 duckdb、spark"),
        (("sample", "x", "--period", "2026Q3", "--units", "many"), "“many”应为整数"),
        (("serve", "--port", "70000"), "从 1 到 65535"),
        (("doctor", "--zzz"), "doctor --help 列出全部选项"),
        (("rum", "2026Q3"), "没有命令 rum，是不是 run"),
        (("--lang", "fr", "doctor"), "fr"),
        (("explain", "U001", "2026Q3", "--out", "/nowhere"), "/nowhere"),
    ],
)
def test_a_wrong_call_ends_with_2_and_says_what_is_right(call, arguments, message):
    code, _, error = call(*arguments)
    assert code == 2
    assert message in error
    assert "Traceback" not in error
    assert len(error.strip().splitlines()) <= 2


def test_the_same_refusal_speaks_english_when_asked(call):
    assert "is no period" in call("--lang", "en", "run", "2026Q5", "--exports", ".")[2]


def test_an_unknown_exports_folder_is_named(call, tmp_path):
    code, _, error = call("check", "2026Q3", "--exports", str(tmp_path / "missing"))
    assert code in (2, 3)
    assert str(tmp_path / "missing") in error


@pytest.mark.parametrize(("words", "near"), [(("evaluators", "stp"), "step？"), (("libraries", "chek"), "check？")])
def test_an_unknown_part_of_a_verb_is_answered_with_the_nearest(call, words, near):
    code, _, output = call(*words)
    assert code == 2 and near in output and f"gongping {words[0]} --help" in output and "No such" not in output


def test_a_verb_with_parts_called_alone_lists_them_in_the_language_of_the_call(call):
    code, printed, output = call("evaluators")
    assert code == 2 and "用法" in (printed + output) and "appointments" in (printed + output)
    assert "有误" not in printed + output and "Usage" not in printed + output


def test_a_call_keeps_its_language_to_itself(call):
    assert "score a period" in call("--help", "--lang", "en")[1]
    assert "完整计算一个考核期" in call("--help")[1]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("gongping pu", ["pull", "publish"]),
        ("gongping evaluators sta", ["status"]),
        ("gongping run 2026Q3 --exp", ["--exports"]),
        ("gongping retain --del", ["--delete"]),
    ],
)
def test_the_shell_completes_verbs_their_parts_and_options(call, line, offered, monkeypatch):
    for name, value in {
        "_GONGPING_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(line.count(" ")),
    }.items():
        monkeypatch.setenv(name, value)
    assert [one.partition(",")[2] for one in call()[1].splitlines()] == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_what_switches_completion_on(call, shell, monkeypatch):
    monkeypatch.setenv("_GONGPING_COMPLETE", f"{shell}_source")
    code, script, _ = call()
    assert code == 0 and f"_GONGPING_COMPLETE={shell}_complete" in script


def test_what_is_said_before_the_part_of_a_verb_counts_for_the_part_and_its_own_word_wins(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert call("signers", "--out", "a", "init", "--simulated")[0] == 0
    assert Path("a/record/signers.jsonl").is_file() and not Path("out").exists()
    listed = json.loads(call("signers", "--out", "a", "--json")[1])
    assert [one["name"] for one in listed["signers"]] == ["林一", "吴二"]
    assert json.loads(call("signers", "--out", "a", "--json", "list")[1]) == listed
    code, _, error = call("signers", "--out", "a", "list", "--out", "b")
    assert code == 5 and "b/record/signers.jsonl" in error
