"""The card that counts again: what it says of ticked cases is what both judges of record would have come to."""

import random
import shutil
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import openpyxl
import pytest

from pipelines.assess import Request, Run
from pipelines.edges.tablefiles import ledger_by_unit
from pipelines.edges.templates import render
from pipelines.model.period import Period
from pipelines.sample.make import make_sample
from pipelines.stages.judge import judge
from pipelines.stages.settle import settle
from pipelines.views.counterfactual import Counterfactuals, score_of
from pipelines.views.scorecard import Scorecards
from pipelines.wording import say
from tests.pages import browser

PERIOD = Period.parse("2026Q3")


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    """Exports of a small quarter."""
    folder = tmp_path_factory.mktemp("counted") / "in"
    make_sample(folder, PERIOD, units=12, cases=700, seed=5)
    return folder


@pytest.fixture(scope="module", params=["sum", "pooled"])
def scored(request, exports, tmp_path_factory):
    """A small quarter with its ledger lines by unit; months added, or pooled with every point short in proportion."""
    place = tmp_path_factory.mktemp("scored")
    readings = {"months": "pooled", "shortfall": "pro_rata", "rank_on": "base"} if request.param == "pooled" else {}
    with Run(Request(PERIOD, exports, place / "out", readings=readings, pdf=False)) as run:
        for stage in run.stages[: run.stages.index("publish")]:
            getattr(run, stage)()
        run.write_misses()
        return run.result(), dict(ledger_by_unit(run.warehouse))


def engine(result, unit, case, ticks):
    """(total, place, place in group, others that fall) of a unit by the engine of record.

    ``ticks``: so many of each (item, rule, cell) had been as they should.
    """
    tally = result.tallies[unit]
    counts, waived = ({id: dict(by) for id, by in one.items()} for one in (tally.counts, tally.waived))
    for (i, j, k), n in ticks.items():
        made = case.items[i]["rules"][j]
        rule = result.rulebook.rules[made["id"]]
        months = result.period.months
        if rule.kind == "rate":
            by = counts[rule.part]
            span = made["cells"][k]["month"] or ("" if "" in by else months[0])
            by[span] = by.get(span, 0) + n
            continue
        for month in months:  # that month's first, as many as there are
            some = min(n, tally.occurrences(rule.id, rule.measure, month))
            own = waived.setdefault(rule.id, {})
            own[month], n = own.get(month, 0) + some, n - some
    changed = {unit: replace(tally, counts=counts, waived=waived)}
    found, _ = judge(result.rulebook, result.readings, changed, result.period.months)
    scores, _, _ = settle(result.rulebook, result.readings, found, changed, result.period.months)
    by = result.rulebook.ranked_by(result.readings)
    ranked = {s.unit_id: getattr(result.scores[s.unit_id], by) for s in result.standings if s.ranked}
    own, group = getattr(scores[unit], by), tally.unit.unit_group
    others = [value for id, value in ranked.items() if id != unit]
    peers = [v for id, v in ranked.items() if id != unit and result.tallies[id].unit.unit_group == group]
    places = (1 + sum(value > own for value in among) for among in (others, peers))
    return scores[unit].total, *places, sum((own > value) != (ranked[unit] > value) for value in others)


def drawn(rng, case):
    """Some ticks of a unit: (item, rule, cell) -> how many."""
    cells = [(i, j, k, most) for i, item in enumerate(case.items) for j, rule in enumerate(item["rules"])
             for k, most in enumerate([cell["of"] - cell["part"] for cell in rule["cells"]] if "cells" in rule
                                      else [rule["n"]]) if most > 0]
    found = Counter()
    for i, j, k, most in rng.sample(cells, rng.randint(1, len(cells))) if cells else ():
        found[i, j, k] = rng.randint(1, most)
    return found


def test_what_is_counted_again_is_what_the_engine_comes_to(scored):
    result, lines = scored
    cases, rng, seen = Counterfactuals(result), random.Random(4), 0
    for standing in result.standings:
        case = cases.of(standing, lines.get(standing.unit_id, []))
        for _ in range(3 if case else 0):
            ticks = drawn(rng, case)
            gain = sum((score_of(item, {(j, k): n for (at, j, k), n in ticks.items() if at == i}) - score_of(item, {})
                        for i, item in enumerate(case.items)), Fraction(0))
            again = (Fraction(case.total, 100) + gain, *case.places(gain))
            assert again == engine(result, standing.unit_id, case, ticks)[:3]
            seen += 1
    assert seen >= 20


def test_a_step_names_the_fewest_cases_that_bring_all_a_line_can(scored):
    result, lines = scored
    cases, seen = Counterfactuals(result), 0
    for standing in result.standings:
        case = cases.of(standing, lines.get(standing.unit_id, []))
        for rule, month, n, gain in case.best if case else ():
            (at,) = [(i, j, k) for (id, of), name in case.ticks().items() if (id, of) == (rule["id"], month or "*")
                     or (id, of) == (rule["id"], month) for i, j, k in [map(int, name.split("."))]]
            total, *_ = engine(result, standing.unit_id, case, {at: n})
            fewer, *_ = engine(result, standing.unit_id, case, {at: n - 1})
            assert total == Fraction(case.total, 100) + gain > fewer
            seen += 1
    assert seen > 5


def test_a_unit_whose_points_do_not_follow_from_its_lines_is_offered_nothing(scored):
    result, lines = scored
    cases = Counterfactuals(result)
    standing = next(s for s in result.standings if lines.get(s.unit_id) and cases.of(s, lines[s.unit_id]))
    score = result.scores[standing.unit_id]
    items = {id: replace(item, score=item.score + 1) for id, item in score.items.items()}
    wrong = replace(result, scores={**result.scores, standing.unit_id: replace(score, items=items)})
    assert Counterfactuals(wrong).of(standing, lines[standing.unit_id]) is None


def changes(chrome, scored, place, number):
    """So many random changes in the browser, each beside the engine's."""
    result, lines = scored
    cards, rng = Scorecards(result, say, "zh"), random.Random(9)
    made = {s: cards.counterfactuals.of(s, lines.get(s.unit_id, [])) for s in result.standings}
    cases = {standing: case for standing, case in made.items() if case and case.best}
    sentence = say("scorecard.if_said").zh
    page = chrome.new_page()
    complaints = browser.complaints(page)
    turns = list(cases.items())
    for n, (standing, case) in enumerate(turns):
        file = place / f"{standing.unit_id}.html"
        file.write_text(render("scorecard/scorecard.html.j2", cards.of(standing, lines[standing.unit_id])))
        assert file.stat().st_size <= 150_000
        page.goto(file.as_uri())
        assert page.locator("#if").is_visible()
        names = page.locator("[data-if]").evaluate_all("all => all.map(one => one.dataset.if)")
        for _ in range(number // len(turns) + (n < number % len(turns))):
            picked = rng.sample(range(len(names)), rng.randint(1, len(names)))
            said = page.evaluate("""picked => {
                const boxes = [...document.querySelectorAll("input[type=checkbox]")];
                boxes.forEach((box, n) => { box.checked = picked.includes(n); });
                boxes[0].dispatchEvent(new Event("change"));
                return document.getElementById("if-said").textContent;
            }""", picked)
            ticks = Counter(tuple(map(int, names[at].split("."))) for at in picked)
            total, to, to_group, passed = engine(result, standing.unit_id, case, ticks)
            was, at, in_group, _ = engine(result, standing.unit_id, case, {})
            facts = {"n": len(picked), "before": was, "after": total, "gain": total - was, "from": at, "to": to,
                     "from_group": in_group, "to_group": to_group, "passed": passed}
            shown = {k: result.rulebook.sum(v) if isinstance(v, Fraction) else v for k, v in facts.items()}
            assert said == sentence.format(**shown)
    page.close()
    assert complaints == []


@pytest.mark.skipif(browser.chromium() is None, reason=browser.WITHOUT)
def test_ten_changes_in_the_page_equal_the_engine(chrome, scored, tmp_path):
    changes(chrome, scored, tmp_path, 10)


@pytest.mark.slow
@pytest.mark.skipif(browser.chromium() is None, reason=browser.WITHOUT)
def test_two_hundred_changes_in_the_page_equal_the_engine(chrome, scored, tmp_path):
    changes(chrome, scored, tmp_path, 200)


@pytest.mark.skipif(browser.chromium() is None, reason=browser.WITHOUT)
@pytest.mark.parametrize("scored", ["sum"], indirect=True)
def test_what_is_ticked_is_an_objection_whose_workbook_is_the_table_of_decisions(chrome, scored, exports, tmp_path):
    result, lines = scored
    cards = Scorecards(result, say, "zh")
    standing = max(result.standings, key=lambda s: len(lines.get(s.unit_id, [])))
    card = tmp_path / "card.html"
    card.write_text(render("scorecard/scorecard.html.j2", cards.of(standing, lines[standing.unit_id])))
    page = chrome.new_page(viewport=browser.PHONE)
    complaints = browser.complaints(page)
    page.goto(card.as_uri())
    assert not page.locator("#if-object").is_visible()
    boxes = page.locator("tr:not(.alone) > td > input[type=checkbox]")
    assert boxes.count() >= 2
    for n in (0, boxes.count() - 1):
        boxes.nth(n).check()
    page.locator("#if-object").click()
    form = page.locator("#objection")
    assert "下列 2 件" in form.inner_text() and standing.unit_id not in form.locator("table").inner_text()
    form.locator("textarea").first.fill("=停机 <b>&\n一日")
    assert browser.violations(page) == []
    with page.expect_download() as download:
        page.locator("#objection-sheet").click()
    book = tmp_path / download.value.suggested_filename
    download.value.save_as(book)
    boxes.nth(0).uncheck()
    assert form.locator("tbody tr").count() == 1
    boxes.nth(boxes.count() - 1).uncheck()
    assert not form.is_visible()
    page.close()
    assert complaints == []

    head, *rows = openpyxl.load_workbook(book).active.iter_rows(values_only=True)
    first, second = (dict(zip(head, row, strict=True)) for row in rows)
    assert first["异议理由"] == "=停机 <b>&\n一日" and second["异议理由"] is None
    assert first["承办单位编码"] == standing.unit_id and first["规则编号"] in result.rulebook.rules
    folder = shutil.copytree(exports, tmp_path / "in")
    shutil.copy(book, folder)  # as it came, nobody has decided: no row may count
    sheet, decided = openpyxl.load_workbook(book), ("YY", "不予采纳", "考核办", "2026-10-12", "依据不足")
    for row in (2, 3):
        for name, value in zip(("决定编号", "决定", "决定人", "决定日期", "理由"), decided, strict=True):
            sheet.active.cell(row, head.index(name) + 1, f"{value}{row}" if value == "YY" else value)
    sheet.save(folder / "复核决定-decided.xlsx")
    with Run(Request(PERIOD, folder, tmp_path / "out")) as run:
        assert run.check() == ()
        now, was = (one["adjustments"] for one in (run.rows, result.validation.rows))
    assert (now.accepted - was.accepted, now.quarantined - was.quarantined) == (2, 2)


def test_without_scripts_and_on_paper_there_is_no_dead_panel(scored):
    result, lines = scored
    cards = Scorecards(result, say, "zh")
    standing = next(s for s in result.standings if cards.of(s, lines.get(s.unit_id, []))["numbers"])
    page = cards.of(standing, lines[standing.unit_id])
    html, paper = (render("scorecard/scorecard.html.j2", page, paper=paper) for paper in (False, True))
    assert 'id="if"' in html and "hidden>" in html[html.index('id="if"') :][:600] and "<input" not in html
    assert 'id="if"' not in paper and "objection" not in paper and "data-if" not in paper and "<script" not in paper
    assert all(step in paper for step in page["steps"])
