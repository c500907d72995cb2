"""Totals with one decimal, in every place that shows them; and units listed apart take none of the places of a rule."""

import re
import zipfile
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

import pytest

from pipelines import Quarter
from pipelines.assess import Request, Run
from pipelines.edges.published import PublishedQuarter
from pipelines.explain import compare
from pipelines.laboratory.steps import variants
from pipelines.model.period import Period
from pipelines.model.points import mean, published, shown
from pipelines.model.score import APART
from pipelines.publication.status import plain_movement
from pipelines.running import pages
from pipelines.running.forecast import likely
from pipelines.running.watch import Watch
from pipelines.sample.make import make_sample
from pipelines.screen import show_comparison, show_movements, show_run
from pipelines.verbs import rulebook, scoring
from pipelines.verbs.scoring import summary
from tests.kinds.test_loading import HEAD
from tests.rules.book import changed

PERIOD = Period.parse("2026Q3")
ONE = re.compile(r"-?\d+\.\d")
RULE = """by_place:
  measure: late_reply
  among: all
  bands: [{at_most: 1, points: 0}, {at_most: 2, points: -0.25}, {points: -0.55}]
examples:
  - {name: the first, place: 1, points: 0}
  - {name: the second, place: 2, points: -0.25}
  - {name: the third, place: 3, points: -0.55}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A quarter of the standard edition with one decimal, a rule by place, and small units listed apart."""
    place = tmp_path_factory.mktemp("decimals")
    make_sample(place / "in", PERIOD, units=6, cases=300)
    changed(place, "rulebook.yaml", "edition: ", "decimals: 1\nedition: decimals_")
    book = changed(place, "rulebook.yaml", "rank: {", "rank: {apart_below: 45, ")
    text = HEAD.format(id="place_of_late_replies", item="A3.3", says="{place}: {points}") + RULE
    (book / "A3.3" / "place_of_late_replies.yaml").write_text(text, encoding="utf-8")
    with Run(Request(PERIOD, place / "in", place / "out", rules=book, pdf=False)) as made:
        made.run()
        return made, Quarter.open(str(PERIOD), place / "out"), made.published.folder


def test_a_number_is_shown_with_the_decimals_of_its_book():
    assert [shown(Fraction(n), 1) for n in ("0", "-0.1", "99.9", "100")] == ["0.0", "-0.1", "99.9", "100.0"]
    assert [shown(Fraction(n), 0) for n in ("0", "-7", "100")] == ["0", "-7", "100"]
    assert [shown(Fraction(n)) for n in ("0", "-0.01", "0.1")] == ["0.00", "-0.01", "0.10"]
    assert shown(Fraction("0.125")) == "0.125", "of a finer book"
    with pytest.raises(ValueError, match="more than 1 decimals"):
        shown(Fraction("0.05"), 1)
    assert published(Fraction("98.95"), 1) == "98.95", "of an earlier book, as it was published"
    assert mean([Fraction(1), Fraction("1.1")], 1) == Fraction("1.1"), "a half goes up"


class Altered:
    """A finished quarter of whose first unit the total is another."""

    def __init__(self, folder, total):
        self.quarter = PublishedQuarter.open(folder)
        id = next(iter(self.quarter.ranking))
        self.ranking = {**self.quarter.ranking, id: {**self.quarter.ranking[id], "total": total}}

    def ledger(self):
        return self.quarter.ledger()


def test_what_differs_has_the_decimals_of_the_book(run, capsys):
    movements = compare(Altered(run[2], "1.0"), Altered(run[2], "0.7"))
    [said], [told] = map(scoring._plain, movements), map(plain_movement, movements)
    assert (said["points"], told["points"], told["total_before"], told["total_after"]) == ("-0.3", "-0.3", "1.0", "0.7")
    show_movements(movements, "", {})
    assert "-0.3 " in capsys.readouterr().out


def test_a_what_if_has_the_decimals_of_the_book(run, capsys):
    scenario = run[1].what_if({"late_reply.deduct": "1"})
    found = rulebook.report(scenario)
    said = [line[name] for line in found["ranking"] for name in ("base", "bonus", "total")]
    said += [line[name] for line in found["movements"] for name in ("points_before", "points_after", "change")]
    assert found["movements"] and all(map(ONE.fullmatch, said))
    show_comparison(scenario)
    moved = {line["change"] for line in found["movements"]}
    assert {f"{float(one):+.1f}" for one in moved} <= set(capsys.readouterr().out.split())
    assert moved <= set(str(scenario.compare()).split())


def test_every_table_and_the_screen_have_one_decimal(run, capsys):
    made, _, folder = run
    lines = (folder / "ranking.csv").read_text(encoding="utf-8-sig").splitlines()
    sums = [line.split(",")[4:7] for line in lines[1:]]
    assert len(sums) == 6 and all(ONE.fullmatch(cell) for row in sums for cell in row)
    assert all(ONE.fullmatch(one["total"]) for one in summary(made)["ranking"])
    show_run(made)
    screen = capsys.readouterr()
    said = screen.out + screen.err
    for score in made.scores.values():
        assert shown(score.total, 1) in said and shown(score.total) not in said
    workbook = zipfile.ZipFile(folder / "results.xlsx")
    assert "<v>" in workbook.read("xl/worksheets/sheet2.xml").decode()


def test_no_page_shows_a_total_with_two(run):
    made, _, folder = run
    pages = {page.name: page.read_text(encoding="utf-8") for page in folder.rglob("*.html") if page.parent.name != "en"}
    assert len(pages) > 6
    for id, score in made.scores.items():
        card, total = pages[f"{id}.html"], shown(score.total, 1)
        assert f"总分{total}分" in card
        assert (f"基础分{shown(score.base, 1)}分" in card) == (score.total != score.base), "where it is another"
        assert not re.search(rf"总分\D{{0,3}}{total}\d", card)
    totals = [made.scores[one.unit_id].total for one in made.standings if one.ranked]
    average, best, worst = (shown(one, 1).removesuffix(".0") for one in (mean(totals, 1), max(totals), min(totals)))
    said = f"平均总分{average}分，最高{best}分，最低{worst}分"  # prose says 95分 and not 95.0分
    assert any(said in text for text in pages.values())


def test_units_listed_apart_take_no_place_of_a_rule_by_place(run):
    """By hand: a place is one more than the units of the common list with fewer; the run compared both judges."""
    made, _, _ = run
    apart = {one.unit_id for one in made.standings if one.notes == APART}
    late = {id: tally.count("late_reply") for id, tally in made.tallies.items()}
    assert len(apart) == 2 and min(late[id] for id in apart) < max(late.values()), "they would have taken places"
    taking = [n for id, n in late.items() if made.tallies[id].case_rows >= 45]
    places = {id: tally.places["place_of_late_replies"] for id, tally in made.tallies.items()}
    assert places == {id: 1 + sum(other < n for other in taking) for id, n in late.items()}
    assert places != {id: 1 + sum(other < n for other in late.values()) for id, n in late.items()}


FINER = re.compile(r"-?\d+\.\d{3,4}")


@pytest.fixture(scope="module")
def finer(tmp_path_factory):
    """Three decimals, exact items, and a coefficient of a section for two groups, one of them within its marks."""
    place = tmp_path_factory.mktemp("finer")
    make_sample(place / "in", PERIOD, units=10, cases=500, seed=5)
    changed(place, "rulebook.yaml", "edition: ", "decimals: 3\nround_at: total\nedition: finer_")
    sheets = "sheets:\n  - {groups: [市直部门], times: {A3: 1.15}}\n"
    sheets += "  - {groups: ['县(市、区)'], times: {A3: 1.5}, cap: true}\n"
    book = changed(place, "rulebook.yaml", "rank_on: ", sheets + "rank_on: ")
    readings = {"shortfall": "pro_rata"}
    with Run(Request(PERIOD, place / "in", place / "out", rules=book, pdf=False, readings=readings)) as made:
        made.run()
        return made, Quarter.open(str(PERIOD), place / "out"), made.published.folder


def in_half(value: Fraction, decimals: int) -> Fraction:
    """Rounded by hand: halves up."""
    return Fraction(int(value * 10**decimals + Fraction(1, 2)), 10**decimals)


def test_a_total_with_three_decimals_is_rounded_once(finer):
    made, _, folder = finer
    thirds = 0
    for id, score in made.scores.items():
        group = made.tallies[id].unit.unit_group
        times = {"市直部门": Fraction("1.15"), "县(市、区)": Fraction("1.5")}.get(group, Fraction(1))
        exact = {one.item_id: one.exact for one in score.items.values()}
        a3 = sum(points for item, points in exact.items() if item.startswith("A3")) * times
        a3 = min(a3, Fraction(70)) if group == "县(市、区)" else a3
        base = a3 + sum(points for item, points in exact.items() if item[:2] in ("A1", "A2"))
        assert score.base == in_half(base, 3)
        thirds += any((points * 10**5).denominator != 1 for points in exact.values())
    assert thirds >= 3, "rates that no five decimals hold"
    assert {made.tallies[id].unit.unit_group for id in made.scores} == {"市直部门", "县(市、区)", "公共服务企业"}
    rows = [line.split(",") for line in (folder / "items.csv").read_text(encoding="utf-8-sig").splitlines()[1:]]
    assert all(re.fullmatch(r"-?\d+\.\d{5}", row[5]) for row in rows)


def test_a_finer_book_is_explained_tried_and_printed(finer, capsys):
    made, quarter, folder = finer
    totals = [float(made.scores[one.unit_id].total) for one in made.standings]
    assert quarter.as_it_was.ranking["total"].tolist() == totals
    scenario = quarter.what_if({"late_reply.deduct": "1"})
    told = rulebook.report(scenario)
    said = [line["total"] for line in told["ranking"]]
    assert told["movements"] and all(re.fullmatch(r"-?\d+\.\d{3}", one) for one in said)
    swept = quarter.sweep({"late_reply.deduct": ["0.5", "1"]}).frame
    first = {one.unit_id: float(made.scores[one.unit_id].total) for one in made.standings}
    assert dict(swept[swept["late_reply.deduct"] == 0.5].set_index("unit_id")["total"]) == pytest.approx(first)
    everybody = [(k, {}) for k in range(len(made.scores))]
    assert variants(quarter.as_it_was, everybody).tolist() == quarter.as_it_was.figure.tolist()
    assert len(quarter.next_steps()) == sum(one.ranked for one in made.standings)
    show_run(made)
    assert FINER.search(capsys.readouterr().out)
    card = next(folder.rglob(f"{made.standings[0].unit_id}.html")).read_text(encoding="utf-8")
    assert f"总分{shown(made.scores[made.standings[0].unit_id].total, 3)}分" in card
    city = next(folder.rglob(f"{of_group(made, '市直部门')}.html")).read_text(encoding="utf-8")
    assert "得分乘以系数 1.15 计入" in city
    method = next(folder.rglob("method.html")).read_text(encoding="utf-8")
    assert "各项得分不四舍五入，以 5 位小数列出" in method and "得分乘以 1.5，不超过满分" in method


def test_a_finer_book_is_watched(finer):
    made, _, _ = finer
    before = Request(PERIOD, made.request.exports, made.request.out, rules=made.request.rules, pdf=False)
    with Watch(replace(before, readings=made.request.readings), datetime(2026, 10, 1)) as watch:
        watched = watch.run().look()
    end = likely(watched, ())
    folder = pages.write(watched, made.request.out, end)
    assert re.search(r'"can_be_kept": "\d+\.\d{3}"', (folder / pages.FIGURES).read_text(encoding="utf-8"))
    for one in watched.units:
        assert one.held_total == made.scores[one.unit.unit_id].total * 100


def of_group(made, group: str) -> str:
    return next(id for id, one in made.tallies.items() if one.unit.unit_group == group)
