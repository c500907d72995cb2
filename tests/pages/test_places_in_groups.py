"""A book that places units inside their groups alone has a bulletin and a ranking that say so; decisions of others."""

import re

import pytest

from pipelines.assess import Request, Run
from pipelines.model.period import Period
from pipelines.sample.make import make_sample
from pipelines.views.scorecard import Scorecards
from pipelines.wording import say
from tests.pages import fixture
from tests.rules.book import changed

PERIOD = Period.parse("2026Q3")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("groups")
    make_sample(place / "in", PERIOD, units=3, cases=200, seed=4)
    units = place / "in" / "units.csv"
    text = units.read_text(encoding="utf-8-sig")
    for group in set(re.findall("市直部门|区县|镇街|公共服务企业", text)):
        text = text.replace(group, "市直部门")
    units.write_text(text, encoding="utf-8")
    book = changed(place, "rulebook.yaml", "rank: {", "rank: {all: false, ")
    with Run(Request(PERIOD, place / "in", place / "out", rules=book, pdf=False)) as run:
        run.run()
    return place / "out" / "2026Q3"


@pytest.mark.parametrize(("name", "first"), [("bulletin.html", "第1名："), ("bulletin.en.html", "First of ")])
def test_the_bulletin_names_the_first_of_the_only_group(folder, name, first):
    html = (folder / name).read_text(encoding="utf-8")
    head = html.split("<h2>")[2]
    assert first in head, head
    assert "没有参加排名" not in html and "No unit is ranked" not in html
    assert html.split("<h2>")[-1].count("<tr") >= 3


def test_the_ranking_page_has_the_group_and_no_empty_list(folder):
    html = (folder / "index.html").read_text(encoding="utf-8")
    assert "没有参加排名" not in html and 'id="group-1"' in html


@pytest.mark.parametrize(("rule", "told"), [("late_reply", ["T-3", "逾期回复"]), ("rule_of_another_book", ["T-3"])])
def test_a_decision_on_a_rule_that_the_book_does_not_have_shows_no_id(rule, told):
    made = Scorecards(fixture.result(), say)
    decision = {"adjustment_id": "D-1", "action": "waive_deduction", "case_id": "", "ref_id": "T-3", "rule_id": rule,
                "decided_on": None, "reason": "", "received_on": None, "ground": ""}
    card = made.of(made.result.standings[0], [], [decision])
    assert card["decisions"][0]["about"] == told
