"""`gongping libraries check`: what it prints, writes and refuses."""

import json

import pytest

from pipelines.cli import main
from pipelines.model.period import Period
from pipelines.sample import make_sample

Q3 = Period(2026, 3)


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample") / "exports"
    make_sample(folder, Q3, units=40, cases=1200, seed=1)
    return folder


def called(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["libraries", "check", *map(str, words), "--no-pdf"])
    return ended.value.code


def test_it_prints_counts_and_first_findings_and_writes_the_report(exports, tmp_path, capsys):
    """K0.1, K0.2, M0.1, M1, M2: the sample tells of all of them."""
    assert called("2026Q3", "--exports", exports, "--out", tmp_path) == 0
    printed = capsys.readouterr().out
    for title in ("一事多流程", "变更申请久未批复", "无承办事项的诉求件", "非原承办单位申请删减", "未经签字即发布",
                  "缺少应有的知识"):  # fmt: skip
        assert title in printed
    assert {file.name for file in (tmp_path / "libraries").iterdir()} == {"index.html", "findings.csv", "matters.csv"}


def test_as_json_it_is_one_document_with_every_finding_of_the_day(exports, tmp_path, capsys):
    assert called("2026Q3", "--exports", exports, "--out", tmp_path, "--json", "--on", "2026-07-01") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["as_of"] == "2026-07-01" and "change_waiting" not in told["counts"]
    assert sum(told["counts"].values()) == len(told["findings"]) > 0


def test_exports_without_the_tables_are_a_refusal_that_says_so(exports, tmp_path, capsys):
    for name in ("units.csv", "cases.csv"):
        (tmp_path / name).write_bytes((exports / name).read_bytes())
    assert called("2026Q3", "--exports", tmp_path, "--out", tmp_path / "out") == 1
    assert "无可核查" in capsys.readouterr().err
    assert not (tmp_path / "out" / "libraries").exists()


def test_exports_that_break_their_contract_stop_it(tmp_path):
    (tmp_path / "exports").mkdir()
    assert called("2026Q3", "--exports", tmp_path / "exports", "--out", tmp_path) == 3
