"""Charts and the first page of a scorecard: positions from exact figures, labels apart, a word beside every colour."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from pipelines.edges.templates import environment, render
from pipelines.model.period import Period
from pipelines.model.points import shown
from pipelines.model.rule import Rule, Target
from pipelines.model.score import Earlier, ItemScore, Loss, PlaceRange, UnitScore
from pipelines.model.words import Words
from pipelines.paths import REPORTS
from pipelines.views import charts, scorecard
from pipelines.views.figures import percent, speaking
from pipelines.views.ranking import _cell, brackets, doubt, funnel, ranking
from pipelines.views.scorecard import Scorecards
from pipelines.wording import say
from tests.pages.fixture import result

RATE = Rule("completion_rate", "A3.2", "A3.2", "rate", Words("办结率", "completion"), Words("", ""), Words("", ""), "",
            part="completed", of="due", per="month", target=Fraction(95))


def with_rate(**changes):
    quarter = result()
    rules = {**quarter.rulebook.rules, "completion_rate": replace(RATE, **changes)}
    return replace(quarter, rulebook=replace(quarter.rulebook, rules=rules))


def test_the_strip_marks_every_total_on_one_axis_from_end_to_end():
    strip = charts.Strip([Fraction(100), Fraction(60), Fraction(80)]).of(Fraction(60))
    assert strip["ticks"] == ["M24.0 28V52", "M320.0 28V52", "M616.0 28V52"]
    assert [tick["label"] for tick in strip["axis"]] == ["60", "70", "80", "90", "100"]
    assert strip["own"] == {"x": "24.0", "label": "60.00", "anchor": "start"}
    assert strip["mean"]["label"] == "80.00" and strip["mean"]["anchor"] == "middle"


def test_every_total_is_drawn_once_and_neighbours_in_different_paths():
    totals = [Fraction(60 + n) for n in range(9)]
    paths = charts.Strip(totals).of(totals[0])["ticks"]
    assert [path.count("M") for path in paths] == [3, 2, 2, 2]
    assert sorted(map(float, re.findall(r"M([\d.]+)", "".join(paths)))) == [24 + n * 592 / 10 for n in range(9)]


@pytest.mark.parametrize("own, anchor", [("60.60", "start"), ("80", "middle"), ("99.99", "end")])
def test_a_label_near_the_end_of_the_axis_grows_inwards(own, anchor):
    assert charts.Strip([Fraction(60), Fraction(100)]).of(Fraction(own))["own"]["anchor"] == anchor


def test_equal_totals_and_a_total_below_zero_still_make_an_axis():
    assert charts.Strip([Fraction(100)] * 3).of(Fraction(100))["own"]["x"] == "24.0"
    assert charts.Strip([Fraction(-5), Fraction(300)]).of(Fraction(300))["own"]["x"] == "616.0"


def test_months_show_part_whole_rate_and_how_far_below_the_target():
    quarter = with_rate()
    panel = charts.rates(quarter, quarter.tallies["U001"], say)[0]
    july, august = panel["rows"][:2]
    assert (july["label"], july["part"], july["of"], july["rate"]) == ("7月", "93", "100", "93.00%")
    assert (july["state"], july["says"]) == ("short", "差 2.00 个百分点")
    assert (august["state"], august["rate"], august["says"]) == ("none", "—", "没有应计的件")
    assert Fraction(july["x"]) < Fraction(panel["target_x"])


def test_a_rate_at_the_target_meets_it():
    quarter = with_rate(target=Fraction(93))
    assert charts.rates(quarter, quarter.tallies["U001"], say)[0]["rows"][0]["state"] == "met"


def test_a_rate_that_is_rounded_to_its_target_meets_it_and_is_shown_rounded():
    quarter = with_rate(target=Fraction("93.1"))
    assert charts.rates(quarter, quarter.tallies["U001"], say)[0]["rows"][0]["state"] == "short"
    counts = {id: dict.fromkeys(quarter.period.months, n) for id, n in (("due", 99), ("completed", 95))}
    tally = quarter.tallies["U001"]
    tally = replace(tally, counts={**tally.counts, **counts})
    rounded = with_rate(target=Fraction(96), round_rate=1)
    panel = next(one for one in charts.rates(rounded, tally, say) if one["title"] == RATE.title.zh)
    assert {(row["rate"], row["state"], row["says"]) for row in panel["rows"]} == {("96.00%", "met", "达到目标")}


def test_a_rate_that_should_be_low_is_over_its_target_or_meets_it():
    quarter = with_rate(target=Fraction(90), fewer=True)
    july = charts.rates(quarter, quarter.tallies["U001"], say)[0]["rows"][0]
    assert (july["state"], july["says"]) == ("short", "超出 3.00 个百分点")
    quarter = with_rate(target=Fraction(95), fewer=True)
    assert charts.rates(quarter, quarter.tallies["U001"], say)[0]["rows"][0]["state"] == "met"


def test_a_unit_without_anything_to_count_has_no_panel():
    quarter = with_rate()
    assert charts.rates(quarter, quarter.tallies["U005"], say) == []


def test_what_would_bring_most_back_comes_first_with_what_its_lines_come_to_beside_it():
    named = {name: {"id": name, "title": name, "remedy": ""} for name in ("a", "b", "c", "d")}
    back = (Loss(("b",), Fraction(3)), Loss(("a",), Fraction(1)))
    items = {"A3": ItemScore("A3", Fraction(5), Fraction(0), (), back),
             "A4": ItemScore("A4", Fraction(5), Fraction(0), (), (Loss(("d", "c"), Fraction(2)),))}
    score = UnitScore("U", items, Fraction(0), Fraction(0))
    lines = [{"rule_id": rule, "points": Decimal(points), "clause": "A3"} for rule, points in
             (("a", "-0.50"), ("b", "-4.00"), ("a", "-0.50"), ("a", "0.00"), ("floor", "-9"), ("c", "-5"), ("d", "-2"))]
    facts = [(" ".join(rule["id"] for rule in cause["rules"]), cause["points"], cause["gross"], cause["count"])
            for cause in scorecard.costliest(score, lines, named)]
    assert facts == [("b", "3.00", "4.00", "1"), ("d c", "2.00", "7", "2"), ("a", "1.00", "", "2")]


@pytest.mark.parametrize(
    ("score", "said"), [("17.67", "，逐条合计扣 7.34 分"), ("0", "，逐条合计扣 7.34 分，扣完为止")]
)
def test_an_item_is_called_used_up_where_nothing_of_it_is_left_and_not_where_its_sum_was_rounded(score, said):
    item = ItemScore("A3.1", Fraction(25), Fraction(score))
    assert Scorecards(result(), say)._gross("7.34", item) == said


def test_the_summary_is_the_arithmetic_of_the_total():
    quarter = result()
    said = scorecard.summary(quarter.scores["U003"], speaking(say, quarter.period.kind))
    assert said == "本季度满分100.00分，扣21.50分，总分78.50分。"


def earlier(text, total="95.10", rank="3"):
    ranking = {"U001": {"total": total, "rank": rank, "group_rank": "2", "unit_group": "区县"}}
    return Earlier(Period.parse(text), ranking)


def test_every_quarter_that_is_known_is_a_row_and_a_change_is_against_the_quarter_just_before():
    known = (earlier("2025Q3", "90.00", "4"), earlier("2025Q4", "91.50", "5"), earlier("2026Q2"))
    quarter = replace(result(), earlier=known)
    standing = next(s for s in quarter.standings if s.unit_id == "U001")
    rows = scorecard.trend(quarter, scorecard.pasts(quarter), standing, (5, 2))
    assert [(str(row.period), shown(row.total), row.rank, row.change) for row in rows] == [
        ("2025Q3", "90.00", "4 / 1", ""), ("2025Q4", "91.50", "5 / 1", "+1.50"), ("2026Q2", "95.10", "3 / 1", ""),
        ("2026Q3", "101.50", "1 / 5", "+6.40")]
    assert scorecard.trend(replace(quarter, earlier=()), [], standing, (5, 2)) == []


def test_a_unit_that_an_earlier_quarter_did_not_know_has_no_row_for_it():
    quarter = replace(result(), earlier=(earlier("2026Q1", "無"), earlier("2026Q2")))
    standing = next(s for s in quarter.standings if s.unit_id == "U001")
    assert len(scorecard.trend(quarter, scorecard.pasts(quarter), standing, (5, 2))) == 2


def test_the_line_of_quarters_has_a_gap_where_one_is_missing_and_needs_three():
    totals = [(Period.parse(text), Fraction(n)) for text, n in (("2025Q3", 95), ("2025Q4", 80), ("2026Q2", 91))]
    chart = charts.trend(totals)
    assert re.sub(r"[\d. ]+", "", chart["path"]) == "MLM"
    assert [point["x"] for point in chart["points"]] == ["60.0", "233.3", "580.0"]
    low = chart["points"][1]
    assert float(low["label_y"]) > float(low["y"]) and low["label"] == "80.00"
    assert chart["axis"] == [{"y": "82.0", "label": "80"}, {"y": "54.0", "label": "90"}, {"y": "26.0", "label": "100"}]
    assert charts.trend(totals[:2]) is None
    assert charts.trend([(Period.parse("2020Q1"), Fraction(1)), *totals[:2]]) is None  # too long ago to be on the line


def with_many_cases():
    """A unit with five-digit months, none of them at the target."""
    quarter = with_rate()
    one = quarter.tallies["U001"]
    many = {id: dict.fromkeys(quarter.period.months, n) for id, n in (("due", 13050), ("completed", 12345))}
    tallies = {**quarter.tallies, "U001": replace(one, counts={**one.counts, **many})}
    return replace(quarter, tallies=tallies)


@pytest.fixture(params=["a month", "many cases"])
def drawn(request):
    """Every chart of a scorecard, as SVG."""
    quarter = with_rate() if request.param == "a month" else with_many_cases()
    card = Scorecards(quarter, say).of(quarter.standings[0], [])
    return re.findall(r"<svg.*?</svg>", render("scorecard/scorecard.html.j2", card, paper=True), re.S)


def test_every_chart_has_a_name_a_role_and_its_own_font(drawn):
    assert len(drawn) == 3
    for svg in drawn:
        head = svg[: svg.index(">")]
        assert 'role="img"' in head and "aria-label=" in head and "font-family=" in head
        assert re.search(r"<title>.+</title>", svg)


def test_labels_of_one_height_do_not_touch(drawn):
    for svg in drawn:
        rows, most = {}, int(re.search(r'viewBox="0 0 (\d+) ', svg)[1])
        for x, y, anchor, size, text in _labels(svg):
            width = size * sum(1 if ord(c) > 255 else 0.5 for c in text)
            left = x - {"start": 0, "middle": width / 2, "end": width}[anchor]
            assert left >= -1 and left + width <= most + 1
            assert all(left >= end or left + width <= start for start, end in rows.get(y, ())), text
            rows.setdefault(y, []).append((left, left + width))


@pytest.mark.parametrize("completed", [100, 50])
def test_a_mark_at_either_end_of_its_scale_leaves_its_label_clear(completed):
    """Figures of a wide face, as of DejaVu Sans, are 0.64 of their size."""
    quarter = with_rate()
    counts = {id: dict.fromkeys(quarter.period.months, n) for id, n in (("due", 100), ("completed", completed))}
    tally = quarter.tallies["U001"]
    panels = charts.rates(quarter, replace(tally, counts={**tally.counts, **counts}), say)
    panel = next(one for one in panels if one["title"] == RATE.title.zh)
    svg = environment().get_template("shared/charts.html.j2").module.rate(panel)
    marks = [float(x) for x in re.findall(r'<(?:circle cx="|path d="M )([\d.]+)', svg)]
    labels = [x - 0.64 * size * len(text) for x, _, _, size, text in _labels(svg) if text in ("100.00%", "50.00%")]
    assert len(marks) == len(labels) == 3 and max(marks) + 6.5 <= min(labels)


def test_the_dark_has_a_colour_for_every_ink_of_a_chart():
    template, style = ((REPORTS / "shared" / name).read_text("utf-8") for name in ("charts.html.j2", "base.css"))
    dark = style[style.index("prefers-color-scheme: dark") :]
    inks = {(what, ink) for what, said in re.findall(r'(fill|stroke)="(\{\{.*?\}\}|#\w+)"', template)
            for ink in re.findall(r"#\w+", said)}
    assert len(inks) > 12
    assert [one for one in inks if not re.search(rf'\[{one[0]}="{one[1]}"\][^{{}}]*\{{ {one[0]}:', dark)] == []


def test_no_label_is_cut_at_an_edge_of_its_chart(drawn):
    """Letters reach a quarter of their size below the line that they stand on; a browser hides what lies outside."""
    for svg in drawn:
        height = float(re.search(r'viewBox="0 0 \d+ ([\d.]+)"', svg)[1])
        for _, y, _, size, text in _labels(svg):
            assert float(y) + 0.25 * size <= height and float(y) - size >= -2.5, text


def _labels(svg):
    for attributes, text in re.findall(r"<text([^>]*)>([^<]*)</text>", svg):
        found = dict(re.findall(r'([\w-]+)="([^"]*)"', attributes))
        size = float(found.get("font-size", 13))
        yield float(found["x"]), found["y"], found.get("text-anchor", "start"), size, text


def test_the_summary_stands_before_the_evidence(folder):
    html = (folder / "units" / "U003.html").read_text(encoding="utf-8")
    assert html.index("先办这几件") < html.index("各项得分") < html.index("扣分与加分明细")
    assert "在办理时限前回复" in html[: html.index("各项得分")]


def test_the_charts_have_the_same_coordinates_every_time():
    quarter = with_rate()
    cards = [Scorecards(quarter, say).of(quarter.standings[0], []) for _ in range(2)]
    assert cards[0]["strip"] == cards[1]["strip"] and cards[0]["rates"] == cards[1]["rates"]


def unmeasured(panel_of="U001"):
    """A quarter whose rate has no data, and one item of a unit without any."""
    quarter = with_rate()
    tally = replace(quarter.tallies[panel_of], lacking=frozenset({"completed"}))
    score = quarter.scores[panel_of]
    items = {**score.items, "A3.2": replace(score.items["A3.2"], measured=False, notes=("unmeasured_full",))}
    scores = {**quarter.scores, panel_of: replace(score, items=items)}
    return replace(quarter, tallies={**quarter.tallies, panel_of: tally}, scores=scores)


def test_rates_without_data_are_said_in_one_sentence_and_not_drawn():
    quarter = unmeasured()
    tally = quarter.tallies["U001"]
    assert [rule.id for rule in charts.without_data(quarter, tally)] == ["completion_rate"]
    assert "办结率" not in [panel["title"] for panel in charts.rates(quarter, tally, say)]
    standing = next(one for one in quarter.standings if one.unit_id == "U001")
    page = render("scorecard/scorecard.html.j2", Scorecards(quarter, say).of(standing, []), pdf=False)
    assert page.count("没有数据，未考核：办结率。") == 1 and "办结率，目标" not in page
    whole = with_rate()
    assert charts.without_data(whole, whole.tallies["U001"]) == []
    assert "没有数据，未考核" not in render(
        "scorecard/scorecard.html.j2", Scorecards(whole, say).of(standing, []), pdf=False
    )


def test_what_several_items_have_to_note_is_said_once_below_them():
    quarter = unmeasured()
    score = quarter.scores["U001"]
    other = replace(score.items["A3.3"], measured=False, notes=("unmeasured_full",))
    scores = {**quarter.scores, "U001": replace(score, items={**score.items, "A3.3": other})}
    quarter = replace(quarter, scores=scores)
    standing = next(one for one in quarter.standings if one.unit_id == "U001")
    page = render("scorecard/scorecard.html.j2", Scorecards(quarter, say).of(standing, []), pdf=False)
    assert page.count("未考核，按满分计") == 1 and "A3.2、A3.3：未考核，按满分计。" in page
    assert page.count('<span class="tag unmeasured">未考核</span>') == 2


def test_the_card_hatches_the_bar_of_an_item_without_data_and_of_no_other():
    quarter = unmeasured()
    standing = next(one for one in quarter.standings if one.unit_id == "U001")
    page = render("scorecard/scorecard.html.j2", Scorecards(quarter, say).of(standing, []), pdf=False)
    rows = re.findall(r'<td class="k"><a href="[^"]+">(A[\d.]+)</a></td>.*?</tr>', page, re.DOTALL)
    hatched = [part for part in page.split("<tr>") if 'class="bar unmeasured"' in part]
    assert len(rows) == 11 and len(hatched) == 1 and ">A3.2<" in hatched[0] and "未考核，按满分计" in hatched[0]


def test_the_ranking_marks_the_unit_whose_marks_rest_on_no_data_and_no_other():
    page = render("site/index.html.j2", ranking(unmeasured(), say), pdf=False)
    marked = [part for part in page.split("<tr") if 'class="tag unmeasured"' in part]
    assert marked and all("东湖区人民政府" in part and "其中20分未考核" in part for part in marked)
    assert 'class="tag unmeasured"' not in render("site/index.html.j2", ranking(result(), say), pdf=False)


def test_a_panel_has_the_target_of_its_day_and_group_and_the_months_in_which_its_rule_holds():
    group = with_rate().tallies["U001"].unit.unit_group
    days = (Target(Fraction(92), last=date(2026, 7, 31)), Target(Fraction(96), first=date(2026, 8, 1)))

    def panel(**changes):
        quarter = with_rate(**changes)
        return [one for one in charts.rates(quarter, quarter.tallies["U001"], say) if one["title"] == "办结率"]

    [dated] = panel(targets=days)
    assert dated["rows"][0]["state"] == "met" and dated["target"] == "目标 92–96%"
    first, second = dated["lines"]
    assert first["foot"] == second["top"] and Fraction(first["x"]) < Fraction(second["x"])
    [own] = panel(targets=(Target(Fraction(93), group=group), Target(Fraction(99))))
    [others] = panel(targets=(Target(Fraction(93), group="*" + group), Target(Fraction(99))))
    assert (own["rows"][0]["state"], others["rows"][0]["state"]) == ("met", "short") and len(own["lines"]) == 1
    [later] = panel(in_force_to=date(2026, 7, 31))
    assert [row["label"] for row in later["rows"]] == ["7月"]
    assert panel(in_force_from=date(2026, 10, 1)) == [] and panel(groups=("别的类",)) == []


def row(label, place, readings, chance, bracket=0):
    return {"label": label, "place": place, "readings": readings, "chance": chance, "bracket": bracket}


def test_places_lie_on_one_scale_over_all_sheets_and_brackets_hold_their_rows():
    rows = [row("甲" * 16, 1, (1, 2), (1, 3), 1), row("乙", 2, (1, 2), (1, 3), 1), row("丙", 3, (3, 3), (2, 3))]
    (chart,) = charts.places(rows)
    assert chart["dots"] == "M206.0 40h0M403.0 58h0M600.0 76h0"
    assert chart["readings"] == "M206.0 40H403.0M206.0 58H403.0M600.0 76H600.0"
    assert chart["brackets"] == "M614 34h8V64h-8" and [tick["label"] for tick in chart["axis"]] == ["1", "2", "3"]
    assert chart["rows"][0]["name"] == "甲" * 12 + "…"
    several = charts.places([row("甲", n, (1, 41), (n, n)) for n in range(1, 42)])
    assert [len(one["rows"]) for one in several] == [40, 1]
    assert several[1]["dots"] == "M600.0 40h0" and several[1]["from"] == "40"


def with_chance(*spans):
    """The invented quarter with these places by chance, in the order of its ranking."""
    quarter = result()
    ranked = [standing for standing in quarter.standings if standing.rank]
    pairs = zip(ranked, spans, strict=True)
    ranges = {one.unit_id: PlaceRange(one.rank, (one.rank, one.rank), span, "", one.rank) for one, span in pairs}
    return replace(quarter, place_ranges=ranges)


@pytest.mark.parametrize("spans, runs", [
    ([(1, 2), (1, 2), (3, 3), (4, 5), (4, 5)], [[1, 2], [4, 5]]),
    ([(1, 3), (1, 3), (1, 3), (4, 4), (5, 5)], [[1, 2, 3]]),
    ([(1, 3), (1, 2), (1, 3), (4, 4), (5, 5)], [[1, 2]]),  # the second is never third
    ([(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)], []),
])
def test_a_bracket_holds_neighbours_each_of_which_may_have_all_its_places(spans, runs):
    quarter = with_chance(*spans)
    assert [[one.rank for one in run] for run in brackets(quarter)] == runs
    said = doubt(quarter, say)["brackets"]
    assert len(said) == len(runs) and (not runs or said[0].startswith(f"第 {runs[0][0]}—{runs[0][-1]} 名，"))


def test_a_long_name_ends_before_the_scale_of_places_begins():
    (chart,) = charts.places([row("值" * 20, 1, (1, 2), (1, 2))])
    name = chart["rows"][0]["name"]
    assert name.endswith("值…") and 38 + 12 * len(name) <= float(chart["left"]) - 8


def test_a_slope_orders_both_sides_and_tells_ways_apart_and_keeps_those_that_moved_most():
    chart = charts.slope([("甲", 1, 2), ("乙", 2, 1), ("丙", 3, 3)])
    assert chart["ways"] == {"up": "M236 53L404 36", "down": "M236 36L404 53", "same": "M236 70L404 70"}
    assert [one["name"] for one in chart["right"]] == ["乙", "甲", "丙"] and chart["all"]
    many = charts.slope([(str(n), n, n) for n in range(1, 41)] + [("远", 41, 50)])
    assert not many["all"] and len(many["left"]) == 40 and many["left"][-1]["name"] == "远"
    assert charts.slope([]) is None


@pytest.mark.parametrize("part, outside", [(65, []), (66, [True]), (35, []), (34, [False])])
def test_a_funnel_names_what_lies_beyond_chance_and_only_that(part, outside):
    """In a city of 50 %, 3.09 standard errors of 100 cases are 15.45 percentage points."""
    chart = charts.funnel([("甲", part, 100), ("乙", 0, 0)], (50, 100))
    assert [above for *_, above in chart["outside"]] == outside
    assert charts.funnel([("甲", 5, 5)], (5, 5)) is None and charts.funnel([("甲", 0, 0)], (1, 2)) is None


def test_the_heat_map_darkens_with_the_share_lost_and_hatches_what_was_not_measured():
    quarter = result()
    (unit,), item = [s.unit_id for s in quarter.standings[:1]], "A3.1"
    shades = {}
    for lost in ("0", "0.01", "1", "1.01", "3.01", "6.01", "10", "10.01"):
        score = replace(quarter.scores[unit].items[item], score=Fraction(20) - Fraction(lost), full_marks=Fraction(20))
        shades[lost] = _cell(score)["shade"]
    assert shades == {"0": "0", "0.01": "1", "1": "1", "1.01": "2", "3.01": "3", "6.01": "4", "10": "4", "10.01": "5"}
    assert _cell(replace(score, measured=False))["shade"] == "none"


def test_the_funnels_line_is_the_rate_of_all_units_that_the_head_of_the_page_shows():
    quarter = result()
    rated = enumerate(quarter.standings)
    standings = tuple(replace(s, rated=100, satisfied=80 + n if s.ranked else 0) for n, s in rated)
    whole, satisfied = sum(s.rated for s in standings), sum(s.satisfied for s in standings)
    assert whole > sum(s.rated for s in standings if s.ranked)
    assert funnel(replace(quarter, standings=standings), say)["city"] == f"全市 {percent(satisfied, whole)}"


@pytest.mark.parametrize("rated, drawn", [(3, False), (4, True)])
def test_a_funnel_of_three_units_is_not_drawn(rated, drawn):
    quarter = result()
    placed = [replace(s, rated=100, satisfied=80 + n) for n, s in enumerate(quarter.standings) if s.ranked]
    standings = (*placed[:rated], *(replace(s, rated=0, satisfied=0) for s in placed[rated:]))
    assert bool(funnel(replace(quarter, standings=standings), say)) == drawn
