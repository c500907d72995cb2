"""Settle: floors, one award per matter, the cap, and one rounding per item; the ledger adds up."""

from fractions import Fraction

import pytest

from pipelines.stages.settle import losses
from tests.rules.standard import FULL, item, lines, settled, unit
from tests.toy.town import award


def test_an_item_never_falls_below_zero_and_the_floor_is_a_line():
    """A3.1: 41 late replies would cost 20.5 of 20 marks."""
    assert item(unit(late_reply=41), "A3.1") == 0
    assert lines(unit(late_reply=41)) == [("floor", "0.50")]


def test_an_item_that_is_just_used_up_needs_no_floor():
    assert (item(unit(late_reply=40), "A3.1"), lines(unit(late_reply=40))) == (0, [])


def test_a_floor_is_of_its_item_alone():
    scores, _, _ = settled(unit(late_reply=100, refusal=1))
    assert [scores["U1"].items[id].score for id in ("A3.1", "A3.2", "A3.3")] == [0, 20, Fraction(39, 2)]
    assert scores["U1"].base == Fraction(159, 2)


def test_a_deduction_is_rounded_once_and_each_line_as_well():
    """Three months a third of a point each: the item loses 1.00, the lines 0.33 thrice, the rest is a line."""
    one = unit(due=[100, 100, 100], completed=[93, 93, 93])
    assert item(one, "A3.2", months="mean") == 19
    assert lines(one, months="mean") == [("completion_rate", "-0.33")] * 3 + [("rounding", "-0.01")]


def test_the_rest_of_the_rounding_can_be_in_the_unit_s_favour():
    """Two thirds: 0.67 as a whole, 0.33 + 0.33 as lines, so one hundredth more; one sixth twice the other way."""
    two = unit(due=[100, 100, 100], completed=[93, 93, 95])
    assert lines(two, months="mean")[-1] == ("rounding", "-0.01")
    sixths = unit(due=[300, 300, 300], completed=[284, 284, 284])
    assert lines(sixths, months="mean", shortfall="pro_rata") == [("completion_rate", "-0.06")] * 3 + [
        ("rounding", "0.01"),
    ]
    assert item(sixths, "A3.2", months="mean", shortfall="pro_rata") == 20 - Fraction(17, 100)


def test_halves_are_rounded_away_from_zero():
    """0.125 off becomes 0.13 off."""
    half = unit(due=400, completed=379)
    assert item(half, "A3.2", shortfall="pro_rata") == 20 - Fraction(13, 100)


def test_floor_and_rounding_can_meet_on_one_item():
    one = unit(due=[3, 3, 3], completed=[0, 1, 1])
    found = lines(one, "A3.2", shortfall="pro_rata")
    assert [rule for rule, _ in found] == ["completion_rate"] * 3 + ["floor", "rounding"]
    assert sum(Fraction(points) for _, points in found) == -20
    assert item(one, "A3.2", shortfall="pro_rata") == 0


def test_a_missing_mark_is_a_line():
    assert lines(unit(assessed=FULL | {"A1.1": Fraction("4.99")})) == [("leadership_attention", "-0.01")]


PRAISES = (
    award("W1", "public_praise", "bridge", "2026-07-02"), award("W2", "city_leader_praise", "bridge", "2026-08-02"),
    award("W3", "city_leader_praise", "bridge", "2026-08-03"), award("W4", "city_media", "lamp", "2026-09-30"),
)


@pytest.mark.parametrize(("matter", "scope", "counted"), [
    ("highest", "all_awards", {"W2", "W4"}), ("first", "all_awards", {"W1", "W4"}),
    ("highest", "same_type", {"W1", "W2", "W4"}), ("first", "same_type", {"W1", "W2", "W4"}),
])
def test_one_award_of_a_matter_counts(matter, scope, counted):
    """A4.4"""
    scores, entries, _ = settled(unit(awards=PRAISES), same_matter=matter, same_matter_scope=scope)
    undone = {e.ref_id for e in entries if e.rule_id == "same_matter"}
    assert {one.award_id for one in PRAISES} - undone == counted
    assert scores["U1"].bonus == sum({"W1": Fraction(1, 2), "W2": 2, "W3": 2, "W4": 1}[id] for id in counted)


def test_among_equal_awards_of_one_day_the_first_id_counts():
    """A4.4"""
    twins = [award(id, "city_media", "bridge") for id in ("W9", "W10", "W2")]
    _, entries, _ = settled(unit(awards=twins))
    assert {e.ref_id for e in entries if e.rule_id == "same_matter"} == {"W2", "W9"}


def test_awards_and_what_undoes_them_are_lines_of_their_month():
    """A4.4"""
    _, entries, _ = settled(unit(awards=PRAISES[:2]))
    assert [(e.rule_id, e.ref_id, e.month, str(e.points)) for e in entries] == [
        ("public_praise", "W1", "2026-07", "1/2"), ("city_leader_praise", "W2", "2026-08", "2"),
        ("same_matter", "W1", "2026-07", "-1/2"),
    ]


def test_matters_of_different_units_have_nothing_to_do_with_each_other():
    scores, _, _ = settled(unit("U1", awards=[PRAISES[0]]), unit("U2", awards=[PRAISES[1]]))
    assert (scores["U1"].bonus, scores["U2"].bonus) == (Fraction(1, 2), 2)


@pytest.mark.parametrize(("cap", "bonus", "line"), [
    ("none", 3, []), ("3", 3, []), ("2.99", Fraction("2.99"), [("cap", "-0.01")]), ("0", 0, [("cap", "-3.00")]),
])
def test_the_cap_is_a_line_of_its_own(cap, bonus, line):
    """A4: it is laid on what counts of each matter."""
    one = unit(awards=PRAISES)
    assert settled(one, bonus_cap=cap)[0]["U1"].bonus == bonus
    assert [found for found in lines(one, bonus_cap=cap) if found[0] == "cap"] == line


def test_bonus_is_no_part_of_the_base():
    scores, _, _ = settled(unit(awards=PRAISES, late_reply=2))
    assert (scores["U1"].base, scores["U1"].bonus, scores["U1"].total) == (99, 3, 102)
    assert (scores["U1"].items["A4"].full_marks, scores["U1"].items["A4"].score) == (0, 3)


def test_every_line_names_the_clause_it_comes_from():
    _, entries, _ = settled(unit(late_reply=41, awards=PRAISES), bonus_cap="1")
    assert {e.rule_id: e.clause for e in entries} == {
        "floor": "A3.1", "cap": "A4", "same_matter": "A4.4", "public_praise": "A4.1", "city_leader_praise": "A4.1",
        "city_media": "A4.3",
    }


@pytest.mark.parametrize(("taken", "back"), [
    ({"late": 6}, [("late", 6)]),
    ({"late": 30}, [("late", 20)]),                                # an item cannot give back more than it holds
    ({"late": 15, "sign": 3}, [("late", 15), ("sign", 3)]),
    ({"late": 30, "sign": 3}, [("late", 17)]),                     # without `sign` the item would be at zero as well
    ({"late": 20, "sign": 19}, [("late", 1)]),
    ({"late": 21, "sign": 20}, [("late sign", 20)]),               # neither alone brings anything back
    ({"late": 20, "sign": 0}, [("late", 20)]),
    ({"a": 20, "b": 20, "c": 20}, [("a b c", 20)]),
    ({"a": 30, "b": 20, "c": 1}, [("a b", 19)]),
    ({}, []),
])  # fmt: skip
def test_what_a_rule_cost_is_what_would_come_back_without_it(taken, back):
    exact = {rule: Fraction(points) for rule, points in taken.items()}
    assert [(" ".join(loss.rules), loss.back) for loss in losses(Fraction(20), exact)] == back


def test_what_would_come_back_is_rounded_as_the_item_is():
    """Thirds: 2/3 off is 0.67, without one of them 0.33, so 0.34 would come back, not 0.33."""
    found = losses(Fraction(5), {"a": Fraction(1, 3), "b": Fraction(1, 3)})
    assert [loss.back for loss in found] == [Fraction(34, 100)] * 2


def test_the_losses_of_a_unit_stand_with_its_items():
    scores, _, _ = settled(unit(late_reply=41, late_signing=2, refusal=1))
    items = scores["U1"].items
    assert [(loss.rules, loss.back) for loss in items["A3.1"].losses] == [(("late_reply",), 19)]
    assert [(loss.rules, loss.back) for loss in items["A3.3"].losses] == [(("refusal",), Fraction(1, 2))]
    assert items["A3.2"].losses == items["A4"].losses == ()
