"""A book that says all there is to say of the whole is run, from exports to pages, tables, feed and what-ifs."""

import csv
import json
from fractions import Fraction

import jsonschema
import pytest

from pipelines import Quarter
from pipelines.assess import Request, Run
from pipelines.model.words import RulebookRefusal
from pipelines.paths import ROOT
from tests.spec.scenes import LAW, PERIOD, _unchecked, written_law
from tests.toy.exports import island_sample

SAYS = """
grades:
  - {id: shining, at_least: 80, title: {zh: 明, en: shining}}
  - {id: dim, at_least: 0, title: {zh: 暗, en: dim}}
lists: [{id: red, title: {zh: 红榜, en: Red list}}]
decimals: 1
total: {floor: 20, cap: 101}
rank: {all_by: share, apart_below: 30}
bonus: {cap: {reading: bonus_cap}, same_matter: {reading: same_matter, scope: {reading: same_matter_scope}},
        only_when: {base: {at_least: 60}}}
items: {H1.1: {weight: 0.7}}
rules: {manners: {veto: {grade: dim}}, mending: {veto: {rank: false}}}
sheets: [{groups: [%s], items: {H2.1: {full_marks: 0}, H2.3: {full_marks: 50}}}]
"""
RED = """
- verdict: red_list
  clause: H0.1
  list: red
  title: {zh: 红榜, en: Red list}
  says: {zh: "等次{grade}", en: "grade {grade}"}
  when: [{fact: grade, equals: dim}]
  examples:
    - {name: dim, given: {grade: dim}, holds: true}
    - {name: shining, given: {grade: shining}, holds: false}
"""


def run(place, group: str):
    """The island's sample quarter under the book, with a sheet for the group."""
    law = written_law(SAYS % group, place / "law")
    (law / "verdicts.yaml").write_text((LAW / "verdicts.yaml").read_text(encoding="utf-8") + RED, encoding="utf-8")
    exports = island_sample(place / "in", PERIOD, units=8, cases=300, seed=5)
    with _unchecked(), Run(Request(PERIOD, exports, place / "out", rules=law, pdf=False)) as running:
        return running.run()


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    place = tmp_path_factory.mktemp("whole")
    run(place, "公共服务企业")
    return place / "out"


def table(out, name: str) -> list[dict[str, str]]:
    with (out / str(PERIOD) / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_totals_are_base_bonus_and_the_lines_of_the_whole(out):
    lines: dict[str, Fraction] = {}
    for line in table(out, "ledger"):
        if line["item_id"] == "ALL":
            lines[line["unit_id"]] = lines.get(line["unit_id"], Fraction(0)) + Fraction(line["points"])
    ranking = table(out, "ranking")
    assert len(ranking) == 8 and lines
    for row in ranking:
        total = Fraction(row["base"]) + Fraction(row["bonus"]) + lines.get(row["unit_id"], 0)
        assert total == Fraction(row["total"]) and (total * 10).denominator == 1


def test_units_of_the_sheet_have_its_items_and_no_line_of_another(out):
    [unit] = [row["unit_id"] for row in table(out, "ranking") if row["unit_group"] == "公共服务企业"]
    items = {row["item_id"]: row["full_marks"] for row in table(out, "items") if row["unit_id"] == unit}
    assert "H2.1" not in items and items["H2.3"] == "50.00"
    assert not [line for line in table(out, "ledger") if (line["unit_id"], line["item_id"]) == (unit, "H2.1")]


def test_pages_tell_grades_lists_units_apart_vetoes_and_weights(out):
    page = (out / str(PERIOD) / "index.html").read_text(encoding="utf-8")
    assert all(word in page for word in ("等次", "红榜", "单列", "一票否决（修好率），不排名"))
    assert "等次暗" in page and ">dim<" not in page
    cards = [card.read_text(encoding="utf-8") for card in (out / str(PERIOD) / "units").glob("*.html")]
    for word in ("按 0.7 的权重计入基础分和总分", "一票否决（修好率）：不排名", "列入“红榜”", "加分条件"):
        assert any(word in card for card in cards), word


def test_the_feed_keeps_its_schema_and_what_ifs_their_figures(out):
    schema = json.loads((ROOT / "data_contracts" / "outputs" / "result.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads((out / str(PERIOD) / "result.json").read_text(encoding="utf-8")), schema)
    quarter = Quarter.open(str(PERIOD), out)
    same = quarter.what_if({}).ranking
    columns = ["unit_id", "base", "bonus", "total", "rank", "group_rank", "grade", "note"]
    assert same[columns].equals(quarter.ranking[columns])
    swept = quarter.sweep({"tardy.deduct": ["2", "1"]})
    assert [int(round(total * 100)) for total in same.sort_values("unit_id")["total"]] == swept.totals[0].tolist()


def test_a_sheet_for_a_group_that_no_unit_is_of_stops_the_run(tmp_path):
    with pytest.raises(RulebookRefusal, match="公共服务企业"):
        run(tmp_path, "公共服务企事业")
