"""The command line under odd arguments."""

import pytest

from pipelines.cli import main
from pipelines.model.period import Period


def refused(capsys, *arguments: str) -> tuple[int, str]:
    """Exit code and message of a call."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return ended.value.code, capsys.readouterr().err


@pytest.mark.parametrize("text", ["9999Q4", "0000Q1", "1899Q4", "2026Q5", "2026Q0", "Q32026", "", "20260Q3"])
def test_a_period_outside_the_calendar_is_none(text):
    with pytest.raises(ValueError):
        Period.parse(text)


def test_the_last_period_that_is_one_has_an_end():
    assert Period.parse("9998Q4").end.year == 9999


def test_an_impossible_year_is_a_usage_error(capsys, tmp_path):
    code, said = refused(capsys, "check", "9999Q4", "--exports", str(tmp_path))
    assert (code, "2026Q3" in said) == (2, True)


@pytest.mark.parametrize(("verb", "near"), [("rum", "run？"), ("catalog", "catalogue？"), ("frobnicate", "--help")])
def test_an_unknown_verb_is_answered_with_the_nearest(capsys, monkeypatch, verb, near):
    monkeypatch.setenv("GONGPING_LANG", "zh")
    code, said = refused(capsys, verb)
    assert (code, near in said, "没有命令" in said) == (2, True, True)


@pytest.mark.parametrize("given", [("2026Q4",), ("2026Q4", "2027Q1")])
def test_surplus_arguments_are_named_in_chinese(capsys, monkeypatch, given):
    monkeypatch.setenv("GONGPING_LANG", "zh")
    code, said = refused(capsys, "check", "2026Q3", *given, "--exports", "x")
    assert (code, f"多余的参数 {' '.join(given)}" in said) == (2, True)
