"""An invented city's quarter, worked out by hand: free first cases, targets by group, tiers, a bonus on a condition."""

from datetime import date
from fractions import Fraction

import pytest

from pipelines.contracts.declared import load_contracts, of_book
from pipelines.model.period import Period
from pipelines.model.tally import Award, Unit, UnitTally
from pipelines.paths import ROOT
from pipelines.rulebook.load import load_rulebook
from pipelines.stages.judge import judge
from pipelines.stages.rank import grade, rank
from pipelines.stages.settle import settle
from tests.examples.counted import scored, verdicts

BOOK = load_rulebook(ROOT / "examples" / "lakeside" / "rulebook", Period.parse("2026Q1"))
MONTHS = ("2026-01", "2026-02", "2026-03")
WHOLE = {"due": 100, "completed": 100, "rated": 20, "satisfied": 20, "case_rows": 100}


def settled(group="乡镇街道", awards=(), **monthly):
    """Item scores of a unit whose counts are given by month."""
    counts = {id: dict(zip(MONTHS, n, strict=True)) for id, n in monthly.items()}
    counts = {id: counts.get(id, {}) for id in BOOK.measures}
    given = tuple(Award(f"w{k}", kind, f"m{k}", date(2026, 1, 1 + k)) for k, kind in enumerate(awards))
    tally = UnitTally(Unit("U1", "U1", group, True), 1, counts, {}, {}, given)
    findings, _ = judge(BOOK, {}, {"U1": tally}, MONTHS)
    scores, _, _ = settle(BOOK, {}, findings, {"U1": tally}, MONTHS)
    return {id: item.score for id, item in scores["U1"].items.items()} | {
        "bonus": scores["U1"].bonus, "total": scores["U1"].total}


def of(**changes):
    return scored(BOOK, "2026-01", {"U1": WHOLE | changes}, {"U1": "乡镇街道"})


def test_a_wrong_type_of_incident_or_award_is_told_the_types_of_this_book():
    tables = of_book(load_contracts(), BOOK).tables
    told = (("incidents", "incident_type", "退回重办、推诿、弄虚作假"), ("awards", "award_type", "创新做法、媒体报道"))
    for table, column, types in told:
        [promise] = [one for one in tables[table].promises if (one.column, one.kind) == (column, "enum")]
        assert types in promise.remedy.zh and "拒签" not in promise.remedy.zh and "省级媒体" not in promise.remedy.zh


@pytest.mark.parametrize(("late", "points"), [([3, 3, 3], 20), ([4, 3, 3], "19.5"), ([5, 0, 5], 18), ([43, 0, 0], 0)])
def test_three_late_signatures_of_every_month_are_free(late, points):
    assert settled(late_signing=late)["L1"] == Fraction(points)


@pytest.mark.parametrize(
    ("group", "completed", "points"),
    [
        ("乡镇街道", [95, 95, 95], 30), ("乡镇街道", [94, 95, 95], "29.5"), ("乡镇街道", [91, 93, 95], 27),
        ("市直部门", [98, 97, 96], "28.5"), ("市直部门", [95, 95, 95], "25.5"),
    ],
)
def test_whole_points_short_cost_by_month_and_are_averaged(group, completed, points):
    """91 and 93 of 100 against 95: four and two whole points, (6 + 3 + 0) / 3 off."""
    assert settled(group, due=[100, 100, 100], completed=completed)["L2"] == Fraction(points)


@pytest.mark.parametrize(
    ("satisfied", "rated", "points"), [(19, 20, 35), (18, 20, 30), (17, 20, 25), (16, 20, 15), (0, 4, 35), (0, 5, 15)]
)
def test_satisfaction_by_steps_and_not_under_five_ratings(satisfied, rated, points):
    assert of(rated=rated, satisfied=satisfied)[0]["U1"].items["M1"].score == points


@pytest.mark.parametrize(
    ("due", "returned", "shirked", "points"), [(150, 1, 0, "13.67"), (50, 2, 0, 7), (100, 0, 4, 6), (50, 3, 3, 0)]
)
def test_sent_back_per_hundred_and_passed_on_up_to_nine(due, returned, shirked, points):
    """150 due, one sent back: 2 × 100 / 150 = 1.33 off."""
    score = of(due=due, completed=due, returned=returned, shirked=shirked)[0]["U1"].items["M2"].score
    assert score == Fraction(points)


def test_a_falsified_record_leaves_the_items_and_no_total():
    score = of(falsified=1)[0]["U1"]
    assert (score.base, score.total) == (100, 0)


@pytest.mark.parametrize(
    ("awards", "bonus"),
    [(["innovation"], 3), (["press"] * 3, "2.5"), (["innovation", "innovation", "press", "press"], 8),
     (["innovation"] * 3, 8)],
)
def test_bonus_by_tiers_and_up_to_eight(awards, bonus):
    whole = {"due": [10, 10, 10], "completed": [10, 10, 10], "rated": [5, 0, 0], "satisfied": [5, 0, 0]}
    assert settled(awards=awards, **whole)["bonus"] == Fraction(bonus)


def test_a_bonus_from_a_base_of_eighty_on_and_no_more_than_a_hundred_and_eight():
    """M1 20 off: a base of 80, and a bonus of 3; all marks and the whole bonus: 108."""
    whole = {"due": [100, 100, 100], "completed": [100, 100, 100], "rated": [20, 0, 0]}
    assert settled(awards=["innovation"], **whole, satisfied=[0, 0, 0])["bonus"] == 3
    full = settled(awards=["innovation"] * 3, **whole, satisfied=[20, 0, 0])
    assert (full["bonus"], full["total"]) == (8, 108)


@pytest.mark.parametrize(("rows", "ranked"), [(9, 1), (10, 2)])
def test_a_unit_of_nine_case_rows_stands_apart(rows, ranked):
    units = {"U1": WHOLE, "U2": WHOLE | {"case_rows": rows}}
    scores, _, tallies = scored(BOOK, "2026-01", units, dict.fromkeys(units, "乡镇街道"))
    assert sum(one.rank is not None for one in rank(BOOK, {}, tallies, scores)) == ranked


def test_no_bonus_under_a_base_of_eighty():
    """L2 30 off and M1 20 off: a base of 50."""
    low = {"due": [100, 100, 100], "completed": [0, 0, 0], "rated": [20, 0, 0], "satisfied": [0, 0, 0]}
    assert settled(awards=["innovation"], **low)["bonus"] == 0
    under = low | dict.fromkeys(("due", "completed"), [1000, 1000, 1000]) | {"returned": [1, 0, 0]}  # 2 × 100 / 3000
    assert settled(awards=["innovation"], **under)["total"] == Fraction("79.93")


@pytest.mark.parametrize(
    ("counted", "expected"),
    [({}, "excellent"), ({"returned": 1, "shirked": 1}, "excellent"), ({"returned": 3}, "good"),
     ({"returned": 8}, "good"), ({"satisfied": 17, "shirked": 2}, "pass"),
     ({"satisfied": 0, "returned": 8, "late_signing": 13}, "pass"),
     ({"satisfied": 0, "returned": 8, "late_signing": 14}, "fail")],
)
def test_grades(counted, expected):
    """100, 100 - 2 - 3, 94, 85, 100 - 10 - 6, 100 - 20 - 15 - 5, and half a point less."""
    scores, _, tallies = of(**counted)
    assert grade(BOOK, scores["U1"], tallies["U1"]) == expected


def test_the_first_three_are_commended_but_for_an_item_used_up_and_a_low_base_is_mended():
    units = {f"U{k}": WHOLE | {"returned": k} for k in range(5)}  # 100, 98, 96, 94, 92
    units |= {"U1": WHOLE | {"late_signing": 43}, "U5": WHOLE | {"completed": 0, "satisfied": 0}}
    scores, _, tallies = scored(BOOK, "2026-01", units, dict.fromkeys(units, "乡镇街道"))
    given = verdicts(BOOK, scores, tallies)
    assert {unit for unit, verdict in given if verdict == "first_three"} == {"U0", "U2", "U3"}
    assert {unit for unit, verdict in given if verdict == "used_up"} == {"U1", "U5"}
    assert {unit for unit, verdict in given if verdict == "to_mend"} == {"U5"}
