"""A scenario is the quarter under other rules: the judges agree, its ledger adds up, its files are never touched."""

import numpy as np
import pandas as pd
import pytest

from pipelines import Quarter
from pipelines.engines.vector import differences
from pipelines.laboratory.scenario import _summed
from pipelines.model.words import NotAllowed, UsageRefusal
from pipelines.rulebook.load import load_rulebook
from pipelines.stages.rank import rank
from pipelines.views.scorecard import span
from tests.laboratory.conftest import fingerprint


def test_without_a_change_the_frames_are_the_published_files(quarter):
    same = quarter.what_if({})
    for name in ("ranking", "items", "ledger"):
        published = getattr(quarter, name).drop(columns="steady", errors="ignore")  # that is of a run
        pd.testing.assert_frame_equal(published, getattr(same, name))
    assert same.compare().movers.empty


@pytest.mark.parametrize("seed", range(6))
def test_a_random_scenario_scores_and_places_as_the_judge_of_record_does(quarter, seed):
    changes, readings = drawn(quarter, np.random.default_rng(seed))
    scenario = quarter.what_if(changes, readings)
    scores, _ = scenario.judged
    assert differences(scores, scenario.scores) == []
    standings = rank(scenario.rulebook, scenario.readings, scenario.tallies, scores)
    listed = [(standing.unit_id, standing.rank, standing.group_rank) for standing in standings]
    frame = scenario.ranking.astype(object).where(scenario.ranking.notna(), None)
    assert listed == list(zip(frame["unit_id"], frame["rank"], frame["group_rank"], strict=True))


@pytest.mark.parametrize("seed", range(6, 9))
def test_full_marks_and_ledger_lines_make_the_items_of_a_scenario(quarter, seed):
    scenario = quarter.what_if(*drawn(quarter, np.random.default_rng(seed)))
    lines = _summed(scenario.ledger, ["unit_id", "item_id"])
    items = scenario.items.set_index(["unit_id", "item_id"])
    assert len(items) and (items["full_marks"] + items["deducted"]).round(2).equals(items["score"])
    assert (items["deducted"] - lines.reindex(items.index).fillna(0)).abs().max() < 0.001


def drawn(quarter, rng):
    """Random values and readings."""
    values = {"target": ("85", "92.5", "100"), "each": ("1", "0.7", "3"), "deduct": ("0", "0.37", "2"),
              "award": ("0.5", "3", "7.25")}
    chosen = rng.choice(quarter.changeable, 4, replace=False)
    changes = {name: str(rng.choice(values[name.split(".")[1]])) for name in chosen}
    known = {id: [value for value in r.values if value != "stop"] for id, r in quarter.rulebook.readings.items()}
    readings = {id: str(rng.choice(values)) for id, values in known.items()}
    return changes, {**readings, "bonus_cap": str(rng.choice(["none", "2.5", "6"]))}


def test_a_what_if_leaves_every_byte_of_the_quarter_as_it_was(quarter):
    before = fingerprint(quarter.folder)
    scenario = quarter.what_if({"late_reply.deduct": 1}, readings={"satisfied": "full_only"})
    assert len(scenario.compare().frame) == len(quarter.ranking) and len(scenario.ledger)
    scenario.compare().chart()
    assert fingerprint(quarter.folder) == before


def test_a_comparison_breaks_each_movement_down_to_rules_and_entries(quarter):
    compared = quarter.what_if({"late_reply.deduct": 1}).compare()
    changed = compared.frame[compared.frame["change"] != 0].set_index("unit_id")["change"]
    assert not changed.empty
    by_rule = compared.rules.groupby("unit_id")["change"].sum().round(2)
    by_entry = compared.entries.groupby("unit_id")["change"].sum().round(2)
    assert changed.to_dict() == {id: by_rule[id] for id in changed.index} == {id: by_entry[id] for id in changed.index}
    assert set(compared.rules["rule_id"]) <= {"late_reply", "floor"}


def test_who_moves_without_a_point_of_his_own_is_told_who_passed_him(quarter):
    first = quarter.ranking.iloc[0]["unit_id"]
    assert quarter.ranking.iloc[0]["rank"] == 1
    scenario = quarter.what_if({}, exclude_units=first)
    frame = scenario.compare().frame.set_index("unit_id")
    assert frame.loc[first, "why"].startswith("left out")
    assert first not in set(scenario.ranking["unit_id"])


def test_an_excluded_case_costs_nothing_any_more(quarter):
    late = quarter.ledger[(quarter.ledger["rule_id"] == "late_reply") & (quarter.ledger["points"] < 0)]
    case, unit = late.iloc[0][["case_id", "unit_id"]]
    without = quarter.what_if({}, exclude_cases=[case])
    assert case not in set(without.ledger["case_id"])
    was, now = (side.ranking.set_index("unit_id").loc[unit, "case_rows"] for side in (quarter, without))
    assert now == was - 1


@pytest.mark.parametrize(("asked", "right"), [
    ({"changes": {"late_replay.deduct": 1}}, "late_reply.deduct"),
    ({"readings": {"satisfeid": "full_only"}}, "satisfied"),
    ({"readings": {"satisfied": "full-only"}}, "full_only"),
    ({"drop": "late_replay"}, "late_reply"),
    ({"exclude_units": "U001x"}, "U001"),
])
def test_a_misspelt_name_gets_the_nearest_right_one(quarter, asked, right):
    with pytest.raises(UsageRefusal, match=right):
        quarter.what_if(**asked)


def test_a_quarter_that_is_not_there_is_refused_with_those_that_are(out):
    with pytest.raises(UsageRefusal, match="2026Q3"):
        Quarter.open("2026Q1", out)


def test_a_saved_scenario_is_a_rulebook_that_scores_the_same(quarter, tmp_path):
    readings = {"bonus_cap": "3", "shortfall": "pro_rata", "satisfied": "full_only"}
    changes = {"late_reply.deduct": 1, "satisfaction_rate.target": "92.5", "completion_rate.each": 1}
    scenario = quarter.what_if(changes, readings, drop="attitude")
    folder = scenario.save(tmp_path / "draft")
    loaded = load_rulebook(folder, quarter.period.start.date())
    assert "attitude" not in loaded.rules and loaded.rules["late_reply"].deduct == 1
    again = quarter.what_if({}, rules=folder)
    pd.testing.assert_frame_equal(scenario.ranking, again.ranking)
    with pytest.raises(NotAllowed):
        scenario.save(folder)


def test_an_added_rule_counts(quarter, tmp_path):
    file = tmp_path / "rude.yaml"
    text = (quarter.folder / "rulebook" / "A3.1" / "late_reply.yaml").read_text(encoding="utf-8")
    file.write_text(text.replace("rule: late_reply", "rule: late_again"), encoding="utf-8")
    twice, double = quarter.what_if({}, add=file), quarter.what_if({"late_reply.deduct": 1})
    again = twice.ledger[twice.ledger["rule_id"] == "late_again"]
    waived = quarter.ledger[(quarter.ledger["rule_id"] == "late_reply") & (quarter.ledger["points"] == 0)]
    assert len(again) and len(waived)
    spared = waived.groupby("unit_id").size()  # by decisions that name the other rule: a waiver is of its rule alone
    for now, then in zip(twice.ranking.to_dict("records"), double.ranking.to_dict("records"), strict=True):
        lost = spared.get(now["unit_id"], 0) / 2
        assert now["unit_id"] == then["unit_id"] and then["base"] - lost <= now["base"] <= then["base"]
        assert lost or now["base"] == then["base"]


def test_html_shows_no_markup_of_the_data():
    from pipelines.laboratory.answer import html_table as table

    shown = table(pd.DataFrame({"<b>": ["<script>alert(1)</script>"]}), "<i>")
    assert "<script>" not in shown and "<b>" not in shown and "<i>" not in shown


def test_readers_of_a_run_are_given_no_tallies(quarter):
    """E5.5: which cases wait for an evaluation stays with the office."""
    given = {file.relative_to(quarter.folder).as_posix() for file in quarter.folder.rglob("*") if file.is_file()}
    assert not [name for name in given if name.endswith(".parquet") or "tallies" in name]
    assert "ranking.csv" in given


def test_every_ranked_unit_reads_on_its_scorecard_how_sure_its_place_is(quarter):
    ranked = quarter.ranking[quarter.ranking["rank"].notna()]["unit_id"]
    sure = quarter.robustness().frame.set_index("unit_id")
    for unit_id in ranked:
        card = (quarter.folder / "units" / f"{unit_id}.html").read_text(encoding="utf-8")
        assert "名次有多稳" in card and "换用其他释义" in card, unit_id
        spans = [span(*sure.loc[unit_id, [f"{way}best", f"{way}worst"]]) for way in ("", "chance_")]
        assert all(f">{figures}<" in card for figures in spans), (unit_id, spans)
