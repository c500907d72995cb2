"""An invented county's half year, worked out by hand: points by place, an item left out, weights, two lists."""

from fractions import Fraction

import pytest

from pipelines.model.period import Period
from pipelines.paths import ROOT
from pipelines.rulebook.load import load_rulebook
from pipelines.stages.rank import rank
from pipelines.views import scorecard
from pipelines.views.figures import speaking
from pipelines.wording import say
from tests.examples.counted import scored, verdicts

BOOK = load_rulebook(ROOT / "examples" / "hillside" / "rulebook", Period.parse("2026H1"))
MONTH = "2026-01"


def unit(completed=90, satisfied=9, rated=10, late=0, articles=10, received=100):
    return {"case_rows": received, "received": received, "completed": completed, "rated": rated, "satisfied": satisfied,
            "late_reply": late, "articles": articles}


def alone(**facts):
    return scored(BOOK, MONTH, {"U1": unit(**facts)}, {"U1": "乡镇"})[0]["U1"]


def test_points_by_the_place_in_the_group_and_two_less_for_each_place_after_the_sixth():
    units = {f"U{k}": unit(completed=90 - k) for k in range(9)} | {"D1": unit(completed=50)}
    groups = dict.fromkeys(units, "乡镇") | {"D1": "部门"}
    scores, _, _ = scored(BOOK, MONTH, units, groups)
    assert [scores[f"U{k}"].items["H1"].score for k in range(9)] == [40, 35, 35, 30, 30, 30, 28, 26, 24]
    assert scores["D1"].items["H1"].score == 40


def test_equals_share_a_place():
    units = {f"U{k}": unit(completed=n) for k, n in enumerate((90, 90, 80))}
    scores, _, _ = scored(BOOK, MONTH, units, dict.fromkeys(units, "乡镇"))
    assert [scores[id].items["H1"].score for id in units] == [40, 40, 35]


@pytest.mark.parametrize(("satisfied", "rated", "points"), [(2, 3, "26.68"), (3, 3, 40), (6, 7, "34.28")])
def test_satisfaction_with_the_rate_rounded_to_one_decimal(satisfied, rated, points):
    """66.7 % of 40; 85.7 % of 40."""
    assert alone(satisfied=satisfied, rated=rated).items["H2"].score == Fraction(points)


@pytest.mark.parametrize(("late", "points"), [(0, 20), (14, 6), (15, 5), (16, 5)])
def test_late_replies_cost_one_each_and_not_below_five(late, points):
    assert alone(late=late).items["H3"].score == points


@pytest.mark.parametrize(("articles", "points"), [(0, 0), (1, 3), (4, 3), (5, 6), (9, 6), (10, 10)])
def test_the_knowledge_base_by_steps(articles, points):
    assert alone(articles=articles).items["I2"].score == points


def test_results_count_at_eight_tenths():
    """0.8 × (40 + 36 + 20) + 10 + 10 of 0.8 × 100 + 20; a mark that nobody gave is full marks."""
    score = alone()
    assert (score.total, score.full_marks) == (Fraction("96.8"), 100)


def test_without_a_rating_the_item_is_left_out_and_places_go_by_the_share():
    """No rating: 0.8 × (40 + 20) + 20 = 68 of 68. The other: 96.8 less 0.8 × 5 for the second place, of 100."""
    units = {"none": unit(completed=95, rated=0, satisfied=0), "rated": unit(completed=90)}
    scores, _, tallies = scored(BOOK, MONTH, units, dict.fromkeys(units, "乡镇"))
    assert (scores["none"].total, scores["none"].full_marks) == (68, 68)
    assert (scores["rated"].total, scores["rated"].full_marks) == (Fraction("92.8"), 100)
    standings = rank(BOOK, {}, tallies, scores)
    assert [(one.unit_id, one.rank, one.group_rank) for one in standings] == [("none", 1, 2), ("rated", 2, 1)]


@pytest.mark.parametrize(("completed", "listed"), [(69, True), (70, False)])
def test_the_red_and_the_black_list(completed, listed):
    units = {f"U{k}": unit(completed=90 - k) for k in range(4)} | {"low": unit(completed=completed)}
    scores, _, tallies = scored(BOOK, MONTH, units, dict.fromkeys(units, "乡镇"))
    given = verdicts(BOOK, scores, tallies)
    assert ("U0", "first_of_group") in given and (("low", "behind") in given) == listed
    assert len({unit for unit, verdict in given if verdict == "behind"}) == listed


@pytest.mark.parametrize(("received", "points"), [(4, 40), (5, 35)])
def test_a_rate_of_fewer_than_five_takes_no_place(received, points):
    units = {"small": unit(received=received, completed=received - 1), "U1": unit()}
    scores, _, _ = scored(BOOK, MONTH, units, dict.fromkeys(units, "乡镇"))
    assert scores["small"].items["H1"].score == points


def test_a_total_has_one_decimal():
    """0.8 × (40 + 34.28 + 20) + 20 = 95.424."""
    assert alone(satisfied=6, rated=7).total == Fraction("95.4")


def test_a_unit_of_five_case_rows_is_ranked():
    units = {"small": unit(received=5, completed=5), "U1": unit()}
    _, _, tallies = found = scored(BOOK, MONTH, units, dict.fromkeys(units, "乡镇"))
    assert all(one.rank for one in rank(BOOK, {}, tallies, found[0]))


def test_a_unit_of_four_case_rows_stands_apart():
    units = {"small": unit(received=4, completed=4), "U1": unit(), "U2": unit(completed=80)}
    scores, _, tallies = scored(BOOK, MONTH, units, dict.fromkeys(units, "乡镇"))
    places = {one.unit_id: one.rank for one in rank(BOOK, {}, tallies, scores)}
    assert places == {"U1": 1, "U2": 2, "small": None}


def test_the_sentence_of_the_card_adds_up_with_weights():
    """0.8 × (16 in satisfaction + 3 late) and 4 of the knowledge base: 19.2 of 100 lost."""
    score = alone(satisfied=6, late=3, articles=9)
    said = scorecard.summary(score, speaking(say, "half_year"), "en")
    assert said.startswith("Of 100.00 marks 19.20 were lost: total 80.80")
