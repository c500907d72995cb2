"""`gongping libraries check`: what it prints, writes and refuses."""

import csv
import json
import shutil

import pytest

from pipelines.cli import main
from pipelines.model.period import Period
from pipelines.sample.make import make_sample

Q3 = Period.parse("2026Q3")


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
                  "缺少应有的知识"):
        assert title in printed
    assert "数据账" in printed and "知识库" in printed
    assert {file.name for file in (tmp_path / "libraries").iterdir()} == {"index.html", "findings.csv", "matters.csv"}


def test_as_json_it_is_one_document_with_every_finding_of_the_day(exports, tmp_path, capsys):
    assert called("2026Q3", "--exports", exports, "--out", tmp_path, "--json", "--on", "2026-07-01") == 0
    output = json.loads(capsys.readouterr().out)
    assert output["as_of"] == "2026-07-01" and "change_waiting" not in output["counts"]
    assert sum(output["counts"].values()) == len(output["findings"]) > 0
    for name in ("matters", "matter_changes", "knowledge"):
        rows = output["rows"][name]
        assert rows["read"] == sum(n for part, n in rows.items() if part != "read") > 0


def test_exports_without_the_tables_are_a_refusal_that_says_so(exports, tmp_path, capsys):
    for name in ("units.csv", "cases.csv"):
        (tmp_path / name).write_bytes((exports / name).read_bytes())
    assert called("2026Q3", "--exports", tmp_path, "--out", tmp_path / "out") == 1
    assert "无可核查" in capsys.readouterr().err
    assert not (tmp_path / "out" / "libraries").exists()


def test_exports_that_break_their_contract_stop_it(tmp_path):
    (tmp_path / "exports").mkdir()
    assert called("2026Q3", "--exports", tmp_path / "exports", "--out", tmp_path) == 3


@pytest.fixture
def damaged(exports, tmp_path):
    """The exports with two entries of the knowledge base and a matter that break their contract."""
    folder = tmp_path / "damaged"
    shutil.copytree(exports, folder)
    for table, column, rows in (("knowledge", "updated_on", (0, 4)), ("matters", "valid_from", (2,))):
        file = folder / f"{table}.csv"
        with file.open(encoding="utf-8-sig", newline="") as lines:
            kept = list(csv.DictReader(lines))
        for row in rows:
            kept[row][column] = "去年"
        with file.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, kept[0])
            writer.writeheader()
            writer.writerows(kept)
    return folder


def test_quarantined_rows_are_named_with_the_reason_wherever_the_findings_are(damaged, tmp_path, capsys):
    assert called("2026Q3", "--exports", damaged, "--out", tmp_path) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "（knowledge）有 2 行被隔离，没有核查，第一处是 knowledge.csv 第 2 行 updated_on“去年”" in printed
    assert "（matters）有 1 行被隔离" in printed
    written = tmp_path / "libraries"
    with (written / "quarantine.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = [(row["table"], row["line"], row["value"]) for row in csv.DictReader(lines)]
    assert rows == [("knowledge", "2", "去年"), ("knowledge", "6", "去年"), ("matters", "4", "去年")]
    page = (written / "index.html").read_text(encoding="utf-8")
    assert "未核查的行" in page and "请写成 2026-07-02 的样子" in page


def test_as_json_the_quarantined_rows_stand_beside_the_findings(damaged, tmp_path, capsys):
    assert called("2026Q3", "--exports", damaged, "--out", tmp_path, "--json") == 0
    output = json.loads(capsys.readouterr().out)["quarantined"]
    assert [(row["table"], row["line"]) for row in output] == [("knowledge", 2), ("knowledge", 6), ("matters", 4)]
    assert all(row["remedy"]["zh"] and row["remedy"]["en"] for row in output)


def test_nothing_is_said_of_quarantined_rows_where_there_are_none(exports, tmp_path, capsys):
    assert called("2026Q3", "--exports", exports, "--out", tmp_path) == 0
    assert "被隔离" not in capsys.readouterr().out
    assert "未核查的行" not in (tmp_path / "libraries" / "index.html").read_text(encoding="utf-8")
