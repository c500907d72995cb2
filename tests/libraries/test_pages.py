"""The report as page and files, and the box on a scorecard: what is there, and what never is."""

import csv
import json
import re
from dataclasses import replace

import jsonschema
import pytest

from pipelines.edges.tablefiles import PAGE, write_alone
from pipelines.edges.templates import render
from pipelines.paths import CONTRACTS
from pipelines.stages.publish import publish
from pipelines.views.libraries import FINDINGS, IN_BOX, ON_PAGE, Boxes, page
from pipelines.wording import say
from tests.libraries.office import BOOK, cases, report
from tests.pages import fixture

HOSTILE = "=<script>alert(1)</script>{0}{row}%s\u202e13812345678"
CANARY = "诉求人钱某某住三单元"
KNOWN = {"units": [{"unit_id": unit.unit_id, "unit_name": unit.unit_name} for unit in fixture.UNITS]}


def hostile():
    """Hostile names wherever a name may stand, and secrets wherever none may be seen."""
    return report(
        units=[{"unit_id": fixture.HOSTILE, "unit_name": fixture.FORMULA}],
        matters=[{"unit_id": fixture.HOSTILE, "matter_id": HOSTILE, "matter_name": HOSTILE},
                 {"unit_id": fixture.HOSTILE, "matter_id": HOSTILE, "matter_name": HOSTILE, "process": HOSTILE,
                  "valid_from": "2021-01-01"}],
        cases=[{**row, "title": CANARY, "channel": HOSTILE, "unit_id": fixture.HOSTILE}
               for row in cases(12, matter_id=None)],
        knowledge=[{"unit_id": fixture.HOSTILE, "entry_id": "=K1", "title": HOSTILE, "signed_off_by": CANARY,
                    "expires_on": "2026-09-01"}],
    )


def shown(given, **how) -> str:
    return render(PAGE, page(given, BOOK, say), **how)


def lines(file) -> list[dict]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_page_names_clause_unit_row_what_and_remedy():
    """K0.2"""
    given = report(knowledge=[{"entry_id": "ZS07", "expires_on": "2026-09-01"}])
    text = shown(given)
    for part in ("已过期未删除", "K0.2", "甲局", "ZS07", "已于2026-09-01失效，过期29天", "删除，或修改后重新签字发布"):
        assert part in text


def test_the_page_says_what_was_looked_for_and_not_found_and_what_could_not_be():
    text = shown(report(absent=("knowledge",), matters=[{}]))
    assert "未发现：一事多流程（M0.1）" in text
    assert "本季度未提供：知识库" in text and "缺少应有的知识" not in text


@pytest.mark.parametrize("count", [ON_PAGE - 1, ON_PAGE, ON_PAGE + 1])
def test_the_page_shows_the_first_and_counts_the_rest(count):
    rows = [row for n in range(count) for row in cases(1, prefix=f"C{n}-", matter_id=f"X{n}")]
    text = shown(report(matters=[{}], cases=rows))
    assert text.count("本单位当时没有该事项的流程") == min(count, ON_PAGE)
    assert ("另有 1 处，全部列于 findings.csv" in text) is (count > ON_PAGE)


def test_what_is_the_same_of_many_cases_is_one_line_that_counts_them():
    """M1: the file holds every one of them."""
    text = shown(report(matters=[{}], cases=cases(ON_PAGE + 9, matter_id=None)))
    assert text.count("未归入任何承办事项") == 1 and f"C0</bdi> 等 {ON_PAGE + 9} 处" in text
    assert "另有" not in text


def test_a_page_that_stands_alone_leads_nowhere():
    given = report(knowledge=[{"entry_id": "K1", "signed_off_by": None}])
    assert 'href="../' not in shown(given, alone=True) and 'href="../units/U1.html' in shown(given)


def test_hostile_names_are_text_and_no_secret_leaves(tmp_path):
    folder, _ = write_alone(hostile(), BOOK, tmp_path, pdf=False)
    written = {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}
    assert set(written) == {"index.html", "findings.csv", "matters.csv"}
    assert "<script>" not in written["index.html"] and "\u202e" not in written["index.html"]
    assert not [name for name, text in written.items() if CANARY in text or "钱某" in text]
    assert "13812345678" not in "".join(row["what"] for row in lines(folder / "findings.csv"))
    cells = [cell for name in ("findings", "matters") for row in lines(folder / f"{name}.csv") for cell in row.values()]
    assert any(cell.startswith("'=") for cell in cells) and not [cell for cell in cells if cell[:1] in "=+-@" and cell]


def test_the_file_holds_every_finding_in_order(tmp_path):
    given = report(matters=[{}], cases=cases(ON_PAGE + 5, matter_id=None), knowledge=[{"entry_id": "K1"}])
    folder, _ = write_alone(given, BOOK, tmp_path, pdf=False)
    rows = lines(folder / "findings.csv")
    assert tuple(rows[0]) == FINDINGS and len(rows) == len(given.findings) > ON_PAGE + 5
    assert {"period": "2026Q3", "as_of": "2026-09-30", "clause": "M1", "table": "cases"}.items() <= rows[0].items()
    assert [row["matter_id"] for row in lines(folder / "matters.csv")] == ["M1"]


def test_the_same_rows_give_the_same_bytes_and_nothing_of_the_last_time_stays(tmp_path):
    folder, _ = write_alone(hostile(), BOOK, tmp_path, pdf=False)
    first = {file.name: file.read_bytes() for file in folder.iterdir()}
    (folder / "index.pdf").write_bytes(b"of another day")
    write_alone(hostile(), BOOK, tmp_path, pdf=False)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == first


def test_a_box_counts_all_and_shows_the_first_of_each_kind():
    """M1, K0.1: forty cases of no matter do not hide what the knowledge base lacks."""
    box = Boxes(report(matters=[{}], cases=cases(40, matter_id=None), knowledge=[{"entry_id": "K1"}]), say).of("U1")
    assert box["counts"][0] == {"id": "case_without_matter", "title": "无承办事项的诉求件", "clause": "M1", "n": "40"}
    assert len(box["first"]) == IN_BOX and "没有已发布的" in box["first"][1]["what"]
    assert int(box["total"]) == 43 == int(box["left_out"]) + IN_BOX


@pytest.mark.parametrize(("lang", "words"), [
    ("zh", {"工作职责", "政策信息", "法律法规", "办事指引"}), ("en", {"duties", "policy", "law", "guide"}),
])
def test_a_kind_of_entry_stands_in_words(lang, words):
    """K0.1: what is missing is a kind, and its row has no other number."""
    given = report(matters=[{}], knowledge=[{"entry_id": "K1", "status": "draft"}])
    first = Boxes(given, say, lang).of("U1")["first"]
    assert {line["row"] for line in first if "没有已发布的" in line["what"] or "No published" in line["what"]} <= words
    assert any(line["row"] in words for line in first)


def test_a_unit_without_findings_has_an_empty_box():
    box = Boxes(report(matters=[{}], absent=("knowledge",)), say).of("U1")
    assert box["says"] == "截至2026年9月30日，没有需要处理的问题。不计入得分。"
    assert (box["total"], box["counts"], box["first"], box["left_out"], box["more"]) == ("0", [], [], "", "")


def test_the_box_speaks_english_on_the_english_scorecard():
    box = Boxes(report(matters=[{}], cases=cases(40, matter_id=None)), say, "en").of("U1")
    assert box["says"].startswith("As of 2026-09-30") and box["counts"][0]["clause"] == "M1"
    assert not re.search("[一-鿿]", box["counts"][0]["title"] + box["first"][0]["remedy"])


def test_a_quarter_is_published_with_the_report_and_the_boxes_outside_the_score(tmp_path):
    libraries = report(**KNOWN, matters=[{"unit_id": "U001"}, {"unit_id": "U001", "process": "另",
                                                               "valid_from": "2021-01-01"}], absent=("knowledge",))
    bare = publish(fixture.warehouse(), fixture.result(), tmp_path / "bare", pdf=False).folder
    whole = publish(fixture.warehouse(), replace(fixture.result(), libraries=libraries), tmp_path / "whole",
                    pdf=False).folder
    assert {file.name for file in (whole / "libraries").iterdir()} == {"findings.csv", "index.html", "matters.csv"}
    assert 'href="libraries/index.html"' in (whole / "index.html").read_text(encoding="utf-8")
    assert "同时有2个现行流程" in (whole / "units" / "U001.html").read_text(encoding="utf-8")
    assert "没有需要处理的问题" in (whole / "units" / "U002.html").read_text(encoding="utf-8")
    for name in ("ranking.csv", "items.csv", "ledger.csv"):
        assert (whole / name).read_bytes() == (bare / name).read_bytes()
    assert not (bare / "libraries").exists()
    assert "事项库与知识库" not in (bare / "units" / "U001.html").read_text(encoding="utf-8")
    document = json.loads((whole / "result.json").read_text(encoding="utf-8"))
    assert [finding["row"] for finding in document["library_findings"]] == ["M1"]
    schema = json.loads((CONTRACTS / "outputs" / "result.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema, jsonschema.Draft202012Validator)
