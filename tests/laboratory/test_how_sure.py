"""Sweeps, readings and chance: every shortcut gives what scoring from the start gives."""

import numpy as np
import pytest

from pipelines.engines.batch import alternatives
from pipelines.laboratory.charts import spread
from pipelines.model.words import UsageRefusal
from pipelines.paths import ROOT
from tests.laboratory.simulation import SHORTFALLS, VOLUMES, coverage, row_of


@pytest.mark.parametrize("shortfall", ["whole_steps", "pro_rata", "any_part"])
def test_a_sweep_scores_as_each_scenario_alone(quarter, shortfall):
    sweep = quarter.sweep({"satisfaction_rate.target": [85, 91.3, 97], "completion_rate.deduct": [0.5, 2]},
                          readings={"months": ["sum", "mean", "pooled"], "shortfall": [shortfall]})
    assert len(sweep) == 18
    for k, values in enumerate(sweep.grid):
        named = dict(zip(sweep.names, values, strict=True))
        readings = {name: named.pop(name) for name in ("months", "shortfall")}
        alone = quarter.what_if(named, readings)
        assert alone.scores.total.tolist() == sweep.totals[k].tolist()
        assert alone.placed.place.tolist() == sweep.places[k].tolist()


def test_a_sweep_of_an_unknown_value_names_the_nearest(quarter):
    with pytest.raises(UsageRefusal, match="satisfaction_rate.target"):
        quarter.sweep({"satisfaction_rate.targt": [90]})


def test_no_combination_of_the_readings_leaves_the_range_and_both_ends_are_met(quarter):
    robust, rng = quarter.robustness(), np.random.default_rng(7)
    frame = robust.frame.set_index("unit_id")
    choices = alternatives(quarter.rulebook, quarter.readings)
    assert robust.combinations == np.prod([len(values) for values in choices.values()])
    manual = (ROOT / "docs" / "robustness.md").read_text(encoding="utf-8")
    assert f"({robust.combinations:,} for the standard rulebook)" in manual
    ranges = robust.place_ranges
    assert (ranges.readings.counted.sum(axis=1)[ranges.place > 0] == robust.combinations).all()
    for _ in range(40):
        scenario = quarter.what_if({}, {id: str(rng.choice(values)) for id, values in choices.items()})
        for unit, place in zip(scenario.scores.unit_ids, scenario.placed.place, strict=True):
            assert not place or frame.loc[unit, "best"] <= place <= frame.loc[unit, "worst"]


def test_the_reading_that_moves_a_unit_most_moves_it_there(quarter):
    frame = quarter.robustness().frame
    for row in frame[frame["moved_most_by"] != ""].itertuples():
        id, _, value = row.moved_most_by.partition("=")
        scenario = quarter.what_if({}, {id: value})
        assert scenario.ranking.set_index("unit_id").loc[row.unit_id, "rank"] == row.moved_to


def test_chance_is_the_same_for_the_same_seed_and_holds_the_place(quarter):
    first, second = quarter.robustness(seed=4).frame, quarter.robustness(seed=4).frame
    assert first.equals(second)
    assert (first["jointly_best"] <= first["chance_best"]).all()
    assert (first["jointly_worst"] >= first["chance_worst"]).all()


def test_the_place_interval_covers_the_true_place_often_enough():
    single, joint = coverage(repetitions=25, seed=5)
    assert single >= 0.88 and joint >= 0.88


@pytest.mark.slow
@pytest.mark.parametrize("shortfall", SHORTFALLS)
@pytest.mark.parametrize("volume", VOLUMES)
def test_the_place_interval_covers_at_every_volume_as_the_document_says(shortfall, volume):
    figures = row_of(volume, shortfall)
    single, joint = (float(figure.rstrip("% ")) for figure in figures.split("·"))
    assert single >= 88 and joint >= 88
    rows = (ROOT / "docs" / "robustness.md").read_text(encoding="utf-8").splitlines()
    line = next(row for row in rows if row.startswith(f"| {volume} |"))
    assert figures in line.split(" | ")[1 + SHORTFALLS.index(shortfall)]


def test_a_next_step_comes_true(quarter):
    steps = quarter.next_steps()
    assert steps["better_place"].notna().any()
    found = steps.dropna(subset=["better_place"])
    assert (found["better_place"] < found["place"]).all() and (found["points"] > 0).all()


def test_a_late_reply_less_is_worth_its_deduction(quarter):
    from pipelines.laboratory.steps import variants

    scenario = quarter.as_it_was
    late = scenario.world.cube.counts(scenario.readings)["late_reply"]
    marks = scenario.scores.items["A3.1"]
    unit, month = next((u, m) for u, m in np.argwhere(late > 0) if marks[u] > 0)
    better = variants(scenario, [(int(unit), {("late_reply", int(month)): -1})])
    assert better[0] - scenario.scores.total[unit] == 50


def test_the_gaming_probe_prices_a_case_and_finds_clauses_that_tell_nothing_apart(quarter):
    probe = quarter.gaming()
    assert probe.frame["mean_points"].max() > 0
    assert (probe.frame["most_points"] >= probe.frame["mean_points"]).all()
    ample = quarter.what_if({f"{id}.deduct": 0 for id, rule in quarter.rulebook.rules.items() if rule.item == "A3.1"})
    clauses = ample.gaming().clauses.set_index("item_id")
    assert not clauses.loc["A3.1", "tells_apart"] and clauses.loc["A3.1", "at_full_marks"] == 1


def test_a_tornado_lists_every_single_change_once(quarter):
    frame = quarter.tornado().frame
    assert frame["change"].is_unique and frame["mean_moved"].is_monotonic_decreasing
    name, _, value = frame.iloc[0]["change"].partition("=")
    asked = {"readings": {name: value}} if name in quarter.readings else {"changes": {name: value}}
    moved = quarter.what_if(**asked).placed.place - quarter.as_it_was.placed.place
    assert np.abs(moved).max() == frame.iloc[0]["furthest"]


CHARTS = {
    "slope": (lambda q: q.what_if({"late_reply.deduct": 1}).compare().chart(), "逾期回复 每次扣分 → 1"),
    "nobody moves": (lambda q: q.what_if({}).compare().chart(), "2026Q3"),
    "tornado": (lambda q: q.tornado().chart(), "满意的认定 → 只计满意"),
    "lines": (lambda q: q.sweep({"late_reply.deduct": [0, 1]}).chart(), "现行"),
    "lines over an open number": (lambda q: q.sweep({"bonus_cap": [0, 5, "none"]}).chart(), "不设上限"),
    "lines over a reading": (lambda q: q.sweep({"months": ["sum", "mean", "pooled"]}).chart(), "三个月扣分取平均"),
    "heat": (lambda q: q.sweep({"late_reply.deduct": [0, 1], "satisfied": ["with_basic", "full_only"]}).chart(),
             "平均变动名次"),
    "places": (lambda q: q.robustness().chart(), "释义组合"),
    "funnel": (lambda q: q.funnel(), "计入此率的件数"),
    "funnel of another rate": (lambda q: q.funnel("completion_rate"), "办结率"),
}


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_is_drawn_and_says_in_words_what_it_shows(quarter, name):
    import vl_convert

    draw, words = CHARTS[name]
    assert words in vl_convert.vegalite_to_svg(draw(quarter).to_dict())


def test_a_chart_needs_no_network(quarter):
    page = quarter.tornado().chart().to_html(inline=True)
    assert 'src="http' not in page and len(page) > 300_000


def test_labels_give_way_to_one_another_and_stay_near_their_lines():
    wanted = [5, 5, 5, 40, 41, 90]
    places = spread(wanted, 4)
    assert (np.diff(np.sort(places)) > 4 - 1e-9).all()
    assert places[5] == 90 and abs(places[:3] - 5).max() <= 4 and places[3] < places[4]


def test_a_chart_of_three_values_is_refused_and_a_misspelt_unit_named(quarter):
    with pytest.raises(UsageRefusal, match="frame"):
        quarter.sweep({"late_reply.deduct": [0, 1], "months": ["sum"], "shortfall": ["pro_rata"]}).chart()
    name = quarter.ranking["unit_name"][0]
    for answer in (quarter.sweep({"late_reply.deduct": [0, 1]}), quarter.robustness()):
        with pytest.raises(UsageRefusal, match=name):
            answer.chart([name + "局"])


def test_an_explanation_ends_with_a_step(quarter):
    step = quarter.next_steps().dropna(subset=["better_place"]).iloc[0]
    explained = quarter.explain(step["unit_id"])
    assert step["step"] in str(explained) and explained.frame["points"].notna().all()
    first = quarter.ranking["unit_id"][0]
    assert "已是第 1 名" in str(quarter.explain(first))

