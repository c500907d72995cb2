"""Small units ranked apart: two lists, each with places of its own, against places counted by pandas."""

import json

import pytest

from pipelines.cli import main
from pipelines.model.words import NotAllowed, UsageRefusal


def listed(frame, among):
    """Places by total of these units alone, as pandas counts them, by unit_id."""
    own = frame[frame["unit_id"].isin(among)].set_index("unit_id")["total"].round(2)
    return own.rank(method="min", ascending=False).astype(int).to_dict()


@pytest.mark.parametrize("readings", [{}, {"satisfied": "full_only"}])
def test_units_below_a_number_of_case_rows_are_placed_among_themselves(quarter, readings):
    plain = quarter.what_if({}, readings).ranking
    ranked = plain[plain["rank"].notna()]
    below = int(ranked["case_rows"].median())
    scenario = quarter.what_if({}, readings, rank_apart_below=below)
    is_small = ranked["case_rows"] < below
    small, large = set(ranked[is_small]["unit_id"]), set(ranked[~is_small]["unit_id"])
    assert small and large
    frame = scenario.ranking.set_index("unit_id")
    assert frame.loc[sorted(large), "rank"].to_dict() == listed(plain, large)
    assert frame.loc[sorted(small), "group_rank"].to_dict() == listed(plain, small)
    assert frame.loc[sorted(small), "rank"].isna().all() and set(frame.loc[sorted(small), "unit_group"]) == {"单列"}
    for group in frame.loc[sorted(large), "unit_group"].unique():
        members = set(plain[plain["unit_group"] == group]["unit_id"]) & large
        assert frame.loc[sorted(members), "group_rank"].to_dict() == listed(plain, members)
    where = [1 if id in large else 2 if id in small else 3 for id in scenario.ranking["unit_id"]]
    assert where == sorted(where), "the common list, those apart, the unranked"


def test_scores_and_ledger_do_not_change_by_ranking_apart(quarter):
    scenario = quarter.what_if({}, rank_apart_below=10_000)
    assert scenario.ranking["rank"].isna().all() and scenario.compare().entries.empty
    assert scenario.ranking.set_index("unit_id")["total"].to_dict() == quarter.ranking.set_index("unit_id")[
        "total"].to_dict()


def test_a_comparison_says_who_is_ranked_apart_and_who_rises_for_it(quarter):
    first, second = quarter.ranking["unit_name"][:2]
    frame = quarter.what_if({}, rank_apart=[first]).compare().frame.set_index("unit_name")
    assert frame.loc[first, "why"] == "ranked apart 单列 1/1"
    assert frame.loc[second, "place_after"] == 1 and frame.loc[second, "why"].startswith("left the list above")


@pytest.mark.parametrize("below", [-1, 2.5, True, "30"])
def test_a_bound_that_is_no_number_of_rows_is_refused(quarter, below):
    with pytest.raises(UsageRefusal, match="0"):
        quarter.what_if({}, rank_apart_below=below)


@pytest.mark.parametrize("asked", [{"rank_apart_below": 30}, {"rank_apart": "U001"}, {"exclude_units": "U001"}])
def test_what_no_rulebook_can_hold_is_not_saved_as_one(quarter, tmp_path, asked):
    with pytest.raises(NotAllowed):
        quarter.what_if({"late_reply.deduct": 1}, **asked).save(tmp_path / "draft")
    assert not (tmp_path / "draft").exists()


def test_a_title_says_a_change_in_words(quarter):
    scenario = quarter.what_if({"late_reply.deduct": 1}, {"satisfied": "full_only"}, drop="attitude",
                               exclude_units="U001", rank_apart_below=30)
    assert scenario.says == ("逾期回复 每次扣分 → 1，满意的认定 → 只计满意，删去规则 attitude，不列入 U001，"
                             "少于 30 件的单位单列")
    assert quarter.what_if({}).says == "未作改动"


def test_a_bound_on_the_command_line_that_is_no_number_is_refused(out, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["whatif", "2026Q3", "--out", str(out), "--rank-apart-below", "few"])
    assert ended.value.code == 2 and "'few' 应为不小于 0 的整数" in capsys.readouterr().err


def test_the_command_ranks_apart_as_the_notebook_does(quarter, out, capsys):
    below = int(quarter.ranking["case_rows"].median())
    with pytest.raises(SystemExit) as ended:
        main(["whatif", "2026Q3", "--out", str(out), "--rank-apart-below", str(below), "--json"])
    assert not ended.value.code
    output = json.loads(capsys.readouterr().out)["ranking"]
    frame = quarter.what_if({}, rank_apart_below=below).ranking.astype(object)
    expected = frame.where(frame.notna(), None)
    assert [(row["unit_id"], row["rank"], row["group_rank"]) for row in output] == list(
        zip(expected["unit_id"], expected["rank"], expected["group_rank"], strict=True))
