"""The pages: what a section head hands in, and what a unit looks up."""

import csv
import json
import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipelines.edges.tablefiles import COLUMNS
from pipelines.edges.templates import render
from pipelines.model.points import half_up, shown
from pipelines.model.score import Earlier, PlaceRange
from pipelines.model.tally import Unit
from pipelines.model.text import file_stem
from pipelines.views.bulletin import Bulletin
from pipelines.views.ranking import ranking
from pipelines.views.scorecard import Scorecards
from pipelines.wording import say
from tests.pages import fixture
from tests.pages.fixture import FORMULA, HOSTILE, UNITS, ledger_rows, result, warehouse


def text_of(folder, name):
    return (folder / name).read_text(encoding="utf-8")


def shown_text(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", html, flags=re.S)))


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.open, self.crossed = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "br", "col", "link", "img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open.pop() != tag:
            self.crossed.append(tag)


SITE = ["index.html", "index.en.html", "method.html", "method.en.html"]
STEMS = ("U001", "U003", file_stem(HOSTILE))
UNIT_PAGES = [f"{place}/{stem}.html" for place in ("units", "units/en") for stem in STEMS]
PAGES = [*SITE, "bulletin.html", "bulletin.en.html", *UNIT_PAGES]


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_well_formed_and_need_nothing_from_outside(folder, name):
    html = Tags(text_of(folder, name))
    assert html.crossed == [] and html.open == []
    kinds = {tag for tag, _ in html.tags}
    assert kinds.isdisjoint({"img", "link", "iframe", "object", "b"})
    links = [attributes["href"] for tag, attributes in html.tags if tag == "a"]
    assert links and not [link for link in links if ":" in link or link.startswith("/")]


@pytest.mark.parametrize("name", PAGES)
def test_tables_have_a_header_scope_and_scroll_in_their_own_box(folder, name):
    html = Tags(text_of(folder, name))
    boxes = [a for tag, a in html.tags if tag == "div" and "wide" in a.get("class", "").split()]
    assert len(boxes) == sum(tag == "table" for tag, _ in html.tags) > 0
    assert all(a.get("scope") for tag, a in html.tags if tag == "th")


@pytest.mark.parametrize("name", PAGES)
def test_every_local_link_leads_to_a_file(folder, name):
    from urllib.parse import unquote

    links = [a["href"] for tag, a in Tags(text_of(folder, name)).tags if tag == "a"]
    here = (folder / name).parent  # browsers read `..` off the address, not off the file system
    files = [
        (Path(os.path.normpath(here / unquote(file))) if file else folder / name, unquote(place))
        for file, _, place in (link.partition("#") for link in links)
    ]
    assert [file for file, _ in files if not file.exists()] == []
    places = {file: {a.get("id") for _, a in Tags(file.read_text(encoding="utf-8")).tags} for file, at in files if at}
    assert [(file, place) for file, place in files if place and place not in places[file]] == []
    paths = [unquote(link.partition("#")[0]) for link in links]
    assert [path for path in paths if path and not (here.resolve() / path).exists()] == []


def test_the_ranking_lists_everybody_in_order_and_the_unranked_apart(folder):
    html = text_of(folder, "index.html")
    names = re.findall(r'<th scope="row">.*?<bdi[^>]*>(.*?)</bdi>', html)
    assert names[:3] == ["东湖区人民政府", "=cmd|&#39;/c calc&#39;!A0", "西山区人民政府"]
    assert names[3:5] == ["市燃气集团有限公司", "市供水集团有限公司"]
    assert names[5] == "市档案馆"
    assert "↑2" in html and "↓3" in html


def test_hostile_names_are_shown_as_text(folder):
    html = text_of(folder, f"units/{file_stem(HOSTILE)}.html")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert FORMULA.replace("'", "&#39;") in html
    assert "\u202e" not in html.replace(f"<bdi>{HOSTILE.replace('<', '&lt;').replace('>', '&gt;')}</bdi>", "")


def test_the_scorecard_shows_the_whole_arithmetic():
    a = result()
    lines = [dict(zip(COLUMNS, row, strict=True)) for row in ledger_rows() if row[2] == "U003"]
    card = Scorecards(a, say).of(next(s for s in a.standings if s.unit_id == "U003"), lines, most=40)
    assert (card["unit"]["total"], card["difference"]) == ("78.50", "-21.50")
    assert card["places"] == {"overall": "5", "group": "2"}
    item = next(i for i in card["evidence"] if i["id"] == "A3.1")
    assert [(r["id"], r["points"], r["count"], r["left_out"][:4]) for r in item["rules"]] == [
        ("late_reply", "-20.00", "45", "另有 7"), ("floor", "2.50", "1", "")]
    assert "22.50" in item["rules"][0]["gross"] and not item["rules"][1]["gross"]
    assert item["rules"][0]["remedy"].startswith("在办理时限前回复")


def test_every_ledger_line_stands_on_its_scorecard(folder):
    html = text_of(folder, "units/U003.html")
    assert all(f"S20260900{n}" in html for n in range(10, 55))
    assert "扣完为止" in html


def test_a_waived_line_names_the_decision(folder):
    text = shown_text(text_of(folder, "units/U001.html"))
    assert "免予扣分 D-7" in text
    assert "系统停机，已向 ［手机号已隐去］ 核实" in text


def test_what_is_absent_is_said_on_every_page(folder):
    for name in PAGES:
        text = text_of(folder, name)
        if ".en." in name or "/en/" in name:
            assert "Not provided this quarter: knowledge" in text and "Without signing times" in text
            assert "a foreign export: A city of ours." in text
        else:
            assert "本季度未提供：知识库" in text and "没有签收时间" in text
            assert "取自外部导出：某市导出。" in text


def test_the_bulletin_tells_leaders_and_the_arithmetic_of_the_last(folder):
    text = shown_text(text_of(folder, "bulletin.html"))
    assert "第1名：东湖区人民政府，总分101.50分（基础分99.50分，加分2分）。" in text
    assert ("第5名：市供水集团有限公司，总分78.50分。满分100分，扣21.50分，"
            "其中“列入议程、专人分管”扣1.50分，"
            "“及时签收与回复”扣20分、扣完为止，得基础分78.50分。") in text
    assert "不排名次的单位1个（无应办结件）：市档案馆。" in text
    assert "0件次" not in text
    assert "只计满意 非默认" in text
    assert "多出一列" in text


def test_many_units_that_share_the_first_place_make_one_sentence():
    from pipelines.model.tally import Unit

    units = tuple(Unit(f"V{n:03d}", f"单位{n}", "同类", True) for n in range(50))
    prose = Bulletin(result(units=units), [], say).page()["places"]
    said = "50个单位并列第1名，总分均为100分：单位0、单位1、"
    assert prose[0]["sentences"][0].startswith(said)
    assert len(prose[0]["sentences"]) == 1


def test_waived_lines_are_no_cause(folder):
    sums = {(s["unit_id"], s["rule_id"]): s["lines"] for s in warehouse().records("publish/sums")}
    assert sums["U001", "late_reply"] == 0
    assert sums["U003", "late_reply"] == 45


def test_pages_do_not_depend_on_the_language_of_the_command(folder, monkeypatch, tmp_path):
    from pipelines.stages.publish import publish

    monkeypatch.setenv("GONGPING_LANG", "en")
    again = publish(warehouse(), result(), tmp_path, pdf=False).folder
    assert (again / "index.html").read_bytes() == (folder / "index.html").read_bytes()


def test_every_unit_has_a_page(folder):
    for place in (folder / "units", folder / "units" / "en"):
        assert len([file for file in place.iterdir() if file.suffix == ".html"]) == len(UNITS)


def test_a_line_of_a_rate_unfolds_to_its_misses_and_says_no_rating(folder):
    """B11: case number, due and closed moment of a miss, and nothing of how it was rated."""
    html = text_of(folder, "units/U002.html")
    text = shown_text(html)
    assert "其中未计为“completed”的 7 件" in text or "其中未计为“已办结”的 7 件" in text
    assert [f"S20260701{n:02d}" in text for n in range(2, 11)] == [False, *[True] * 7, False]
    assert html.count("<details class=\"misses\">") == 1
    with (folder / "evidence.csv").open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [row["case_id"] for row in rows] == [f"S20260701{n:02d}" for n in range(3, 10)]
    assert {row["rule_id"] for row in rows} == {"completion_rate"}


def test_items_rules_and_cases_can_be_linked_and_clauses_lead_to_the_method(folder):
    card = text_of(folder, "units/U002.html")
    for anchor in ("item-A3.2", "rule-completion_rate", "case-S2026070103", "case-S2026090009"):
        assert card.count(f'id="{anchor}"') == 1, anchor
    assert 'href="#rule-completion_rate"' in card and 'href="#item-A3.2"' in card
    assert 'href="../method.html#A3.2"' in card
    assert 'href="../../method.en.html#A3.2"' in text_of(folder, "units/en/U002.html")


@pytest.mark.parametrize("name", ["index.html", "bulletin.html", "index.en.html", "bulletin.en.html"])
def test_a_verdict_of_the_ranking_and_the_bulletin_leads_to_its_clause(folder, name):
    assert "A0.1" in shown_text(text_of(folder, name))
    known = "A0.1" in result().rulebook.clauses
    assert (f'method{".en" if ".en." in name else ""}.html#A0.1"' in text_of(folder, name)) == known
    if name.startswith("bulletin"):  # the clauses of its readings
        assert f'href="method{".en" if ".en." in name else ""}.html#A3.2"' in text_of(folder, name)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_ranking_of_three_hundred_units_with_all_its_charts_stays_below_half_a_megabyte(lang):
    """What the page counts other readings with weighs as much as that of 60 000 cases under the standard rulebook."""
    kinds = ("区县", "部门", "企业")
    units = tuple(Unit(f"U{n:03d}", f"模拟市某某和某某局{n:03d}", kinds[n % 3], True) for n in range(300))
    lines = [(one.unit_id, "A3.1", "late_reply", "", "", "", f"-{n // 20}.50", "", "") for n, one in enumerate(units)]
    quarter = result(lines=lines, units=units)
    placed = [one for one in quarter.standings if one.rank]
    ranges = {s.unit_id: PlaceRange(s.rank, (max(1, s.rank - 60), s.rank), (1, s.rank), "", 1) for s in placed}
    now = [_figures(quarter, s) for s in placed]
    then = {str(k): [[base + 50 * (n * k % 7) * (n % 2) for n, (_, base, _) in enumerate(now)], [one[2] for one in now]]
            for k in range(1, 71)}
    reread = fixture.reread(quarter, placed, then)
    before = {s.unit_id: {"rank": str(301 - s.rank)} for s in placed}
    quarter = replace(quarter, place_ranges=ranges, reread=reread, earlier=(Earlier(quarter.period.previous, before),))
    page = ranking(quarter, say, lang)
    assert len(json.dumps(page["reread"]["numbers"], separators=(",", ":"))) > 85_000
    assert all(page[name] for name in ("reread", "doubt", "moves", "heat", "funnel"))
    assert len(render("site/index.html.j2", page).encode()) < 500_000


def _figures(quarter, standing):
    score = quarter.scores[standing.unit_id]
    return int(100 * score.total), int(100 * score.base), int(100 * score.bonus)


def test_an_item_stands_beside_its_group_and_the_period_before():
    quarter = result()
    line = {"item_id": "A3.1", "full_marks": "20", "score": "18"}
    other = {**line, "item_id": "A3.2", "full_marks": "30"}  # of other full marks: not comparable
    before = Earlier(quarter.period.previous, {"U001": {"rank": "3"}}, {"U001": (line, other)})
    cards = Scorecards(replace(quarter, earlier=(before,)), say)
    own, peer = ({item["id"]: item for section in cards.of(standing, [])["sections"] for item in section["scores"]}
                 for standing in (one for one in quarter.standings if one.unit_id in ("U001", "U002")))
    scores = sorted(quarter.scores[id].items["A3.1"].score for id in ("U001", "U002"))
    assert own["A3.1"]["peers"] == peer["A3.1"]["peers"] == f"{shown(half_up(sum(scores) / 2))} / {shown(scores[1])}"
    assert (own["A3.1"]["change"], own["A3.2"]["change"], peer["A3.1"]["change"]) == ("+1.50", "—", "—")
    assert (own["A1.1"]["size"], own["A3.1"]["size"]) == ("25.00", "100.00")
    alone = cards.of(next(one for one in quarter.standings if one.unit_id == "U005"), [])["sections"][0]["scores"][0]
    assert alone["peers"] == "—"  # nobody else is ranked in its group
