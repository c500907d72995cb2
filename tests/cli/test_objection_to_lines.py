"""`gongping explain … --objection FILE`: lines of a score as an objection, filled in as far as the score tells."""

import csv

import openpyxl
import pytest

from pipelines.contracts.declared import load_contracts
from pipelines.views.objection import FIELDS
from pipelines.wording import say

PERIOD = "2026Q3"


def table(file):
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def late(out):
    """Two lines of one unit that cost points by the case, and a miss of a rate of the same unit where it has one."""
    lines = [line for line in table(out / PERIOD / "ledger.csv") if float(line["points"]) < 0 and line["case_id"]]
    missed = {row["unit_id"] for row in table(out / PERIOD / "evidence.csv")}
    unit = next(one["unit_id"] for one in lines if one["unit_id"] in missed and
                len({line["case_id"] for line in lines if line["unit_id"] == one["unit_id"]}) > 1)
    own = {line["case_id"]: line for line in lines if line["unit_id"] == unit}
    miss = next(row for row in table(out / PERIOD / "evidence.csv")
                if row["unit_id"] == unit and row["case_id"] not in own)
    return [*own.values()][:2], miss, own


def test_its_heads_are_those_of_the_export_table_of_decisions():
    heads = dict(zip(FIELDS, say("scorecard.objection_heads").zh.split(), strict=True))
    columns = load_contracts().tables["adjustments"].columns
    assert {name: heads.get(name) for name in columns} == {name: column.title for name, column in columns.items()}
    assert set(FIELDS) - set(columns) == {"unit_name", "why", "asked"}


def rows_of(file):
    head, *rows = openpyxl.load_workbook(file).active.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_the_chosen_lines_stand_in_the_workbook_and_in_the_form(call, out, late, tmp_path):
    lines, miss, _ = late
    chosen = [*lines, miss]
    cases = [part for one in chosen for part in ("--case", one["case_id"])]
    file = tmp_path / "异议.xlsx"
    code, said, _ = call("explain", miss["unit_id"], PERIOD, "--out", str(out), *cases, "--objection", str(file))
    assert code == 0 and str(file) in said
    rows, form = rows_of(file), file.with_suffix(".html").read_text(encoding="utf-8")
    assert {row["诉求件编号"] for row in rows} == {one["case_id"] for one in chosen}
    asked = {tuple(row[name] for name in ("承办单位编码", "诉求件编号", "规则编号", "申请事项")) for row in rows}
    for line in lines:  # one that is a miss of a rate too is asked for there as well
        assert (miss["unit_id"], line["case_id"], line["rule_id"], "免予扣分") in asked
    assert (miss["unit_id"], miss["case_id"], miss["rule_id"], "剔除诉求件或评价无效") in asked
    assert all(row["扣分事由"] and not row["异议理由"] and not row["决定"] for row in rows)
    assert all(one["case_id"] in form for one in chosen) and f"下列 {len(rows)} 件" in form and "（盖章）" in form


def test_without_a_choice_every_line_that_cost_points_by_the_case_is_written(call, out, late, tmp_path):
    _, miss, own = late
    file = tmp_path / "all.xlsx"
    assert call("explain", miss["unit_id"], PERIOD, "--out", str(out), "--objection", str(file))[0] == 0
    assert set(own) <= {row["诉求件编号"] for row in rows_of(file)}
    assert miss["case_id"] not in {row["诉求件编号"] for row in rows_of(file)}


def test_a_case_that_cost_nothing_and_a_file_that_is_there_are_refused(call, out, late, tmp_path):
    _, miss, _ = late
    file = tmp_path / "one.xlsx"
    asked = ("explain", miss["unit_id"], PERIOD, "--out", str(out), "--objection", str(file))
    code, _, error = call(*asked, "--case", "NO-SUCH", "--case", miss["case_id"])
    assert code == 2 and "NO-SUCH" in error and miss["case_id"] not in error and not file.exists()
    file.with_suffix(".html").write_text("mine", encoding="utf-8")
    code, _, error = call(*asked, "--case", miss["case_id"])
    assert code == 2 and "one.html" in error and not file.exists()
