"""Rank: places, who has none, in which order a list stands, and what follows from a place."""

from dataclasses import replace
from fractions import Fraction

import pytest

from pipelines.rulebook import choose_readings, with_changes
from pipelines.stages.rank import rank
from tests.rules.standard import BOOK, FULL, ranking, settled, unit, verdicts
from tests.toy.town import Town, award


def late(id, n, **more):
    return unit(id, late_reply=n, **more)


def places(standings) -> dict:
    return {s.unit_id: s.rank for s in standings}


def order(*units, **readings) -> list[str]:
    return [s.unit_id for s in ranking(*units, **readings)]


def test_equal_totals_share_a_place_and_the_next_is_skipped():
    assert places(ranking(late("A", 1), late("B", 2), late("C", 2), late("D", 4))) == {"A": 1, "B": 2, "C": 2, "D": 4}


def test_units_are_ranked_in_their_group_as_well():
    groups = {"A": "x", "B": "y", "C": "x", "D": "y"}
    standings = ranking(*(late(id, n, group=group) for n, (id, group) in enumerate(groups.items())))
    assert {s.unit_id: (s.rank, s.group_rank) for s in standings} == {
        "A": (1, 1), "B": (2, 1), "C": (3, 2), "D": (4, 2),
    }


def test_a_unit_that_is_not_ranked_takes_no_place():
    """Its score is there, and it is listed after all others."""
    standings = ranking(late("A", 1, ranked=False), late("B", 2), late("C", 3))
    assert [(s.unit_id, s.rank, s.group_rank, s.notes) for s in standings] == [
        ("B", 1, 1, ()), ("C", 2, 2, ()), ("A", None, None, ("not_ranked",)),
    ]


def test_a_unit_without_a_case_row_is_listed_apart():
    standings = ranking(late("A", 0, case_rows=0), late("B", 2, case_rows=1))
    assert [(s.unit_id, s.rank, s.notes) for s in standings] == [("B", 1, ()), ("A", None, ("no_cases",))]


def test_both_reasons_can_hold():
    assert ranking(unit(ranked=False, case_rows=0))[0].notes == ("not_ranked", "no_cases")


def test_the_unranked_stand_in_the_same_order_among_themselves():
    assert order(late("A", 3, ranked=False), late("B", 1, case_rows=0), late("C", 9)) == ["C", "B", "A"]


def test_the_bonus_counts_unless_the_base_alone_does():
    """A0.1"""
    praised = late("A", 2, awards=[award("W", "city_leader_praise", "bridge")])
    assert places(ranking(praised, late("B", 0))) == {"A": 1, "B": 2}
    assert places(ranking(praised, late("B", 0), rank_on="base")) == {"B": 1, "A": 2}


def test_among_equal_totals_the_higher_base_stands_first():
    praised = late("A", 4, awards=[award("W", "city_leader_praise", "bridge")])
    assert order(praised, late("B", 0)) == ["B", "A"]
    assert set(places(ranking(praised, late("B", 0))).values()) == {1}


def test_then_the_satisfaction_rate_stands_higher_as_an_exact_fraction_and_none_stands_last():
    third = unit("C", rated=10**9, satisfied=10**9 - 1)
    assert order(unit("A"), unit("B", rated=9, satisfied=9), third) == ["B", "C", "A"]
    assert order(unit("A"), unit("B", rated=90, satisfied=0, late_reply=40), unit("C", rated=90, satisfied=81)) == [
        "C", "A", "B",
    ]


def test_a_rate_of_zero_stands_before_no_rate():
    """With no deduction for satisfaction, as where nobody's month is rated under other points."""
    book = with_changes(BOOK, {"satisfaction_rate.deduct": "0"})
    units = {one.unit.unit_id: one for one in (unit("A"), unit("B", rated=5, satisfied=0))}
    scores, _, _ = Town(book).settled(*units.values())
    assert [s.unit_id for s in rank(book, choose_readings(book, {}), units, scores)] == ["B", "A"]


def test_then_more_case_rows_and_then_the_id():
    assert order(unit("C", case_rows=7), unit("B", case_rows=9), unit("A", case_rows=7)) == ["B", "A", "C"]


def before(id, group_rank, group="district") -> dict:
    return {"unit_id": id, "unit_group": group, "rank": group_rank, "group_rank": group_rank,
            "base": "90.00", "bonus": "0.00", "total": "90.00"}


def seen(id, n=0, satisfied=95, **more):
    """A unit of a hundred cases with all that a verdict asks to see, and ``n`` late replies."""
    rates = {"due": 100, "completed": 100, "rated": 100, "satisfied": satisfied}
    return unit(id, late_reply=n, **{**rates, **more})


TOWN = (seen("A", 0), seen("B", 5), seen("C", 9))
DISSATISFIED = seen("C", 50, satisfied=89)  # an item used up, and the rate a point under its target


def test_the_first_of_a_group_is_commended_and_the_last_remarked():
    """A0.1"""
    assert verdicts(*TOWN) == {("A", "top_of_group"), ("C", "bottom_of_group"), ("C", "bottom_of_city")}


def test_a_city_of_two_has_neither():
    assert verdicts(*TOWN[:2]) == set()


def test_a_first_place_with_an_item_used_up_is_not_commended():
    """A0.1: no item may stand at zero, an assessed one neither."""
    missing = replace(TOWN[0], assessed=TOWN[0].assessed | {"A1.1": 0})
    praises = award("W", "province_leader_praise", "bridge"), award("X", "province_media", "lamp")
    rich = replace(missing, awards=praises)
    assert ("A", "top_of_group") not in verdicts(rich, *TOWN[1:])


POOR = {item: Fraction(1, 2) for item in FULL}


@pytest.mark.parametrize("first", [
    seen("A", assessed=POOR),  # neither leadership nor working system
    seen("A", assessed=FULL | {"A1.1": Fraction("1.99")}),  # 11.99 of 15 for leadership
    seen("A", assessed=FULL | {"A2.3": Fraction("1.99")}),
    seen("A", satisfied=89),  # costs nothing, and is under target
    seen("A", rated=0, satisfied=0),  # nobody was asked: nothing says that people are satisfied
    seen("A", case_rows=19),
    seen("A", assessed={}),  # 30 marks that nobody gave
])
def test_a_first_place_alone_is_not_what_the_clause_asks_for(first):
    """A0.1: leadership, a working system, handling in earnest, people satisfied; enough cases and marks to tell."""
    rest = (seen("B", 40, satisfied=80), seen("C", 45, satisfied=70))
    rest = tuple(replace(one, awards=(), assessed=POOR) for one in rest)
    standing = ranking(first, *rest)
    assert standing[0].unit_id == "A" and standing[0].rank == 1
    assert ("A", "top_of_group") not in verdicts(first, *rest)


def test_a_third_of_the_marks_is_not_commended_though_it_is_the_best():
    """A0.1: 37 of 100 points, and all others have fewer."""
    low = {item: Fraction(2) for item in FULL}
    weak = [seen(id, 39 + k, satisfied=81, completed=90, refusal=30, assessed=low) for k, id in enumerate("ABC")]
    scores, _, _ = settled(*weak)
    assert scores["A"].total < 50
    assert {id for id, verdict in verdicts(*weak) if verdict == "top_of_group"} == set()


CROWDS = [(3, 20, 3), (4, 37, 4), (4, 35, 0), (43, 61, 0), (11, 93, 0)]


@pytest.mark.parametrize(("level", "others", "commended"), CROWDS)
def test_too_many_level_at_the_top_are_one_sentence_and_nobody_is_commended(level, others, commended):
    """A0.1: more than three, and more than a tenth of the ranked."""
    units = [seen(f"A{k:03}") for k in range(level)] + [seen(f"B{k:03}", 1 + k % 7) for k in range(others)]
    found = verdicts(*units)
    assert sum(verdict == "top_of_group" for _, verdict in found) == commended
    assert sum(verdict == "crowded_top" for _, verdict in found) == (0 if commended else level)


def test_last_twice_running_is_criticised():
    """A0.1"""
    criticised, town = ("C", "bottom_of_group_two_quarters"), (*TOWN[:2], seen("C", 9, satisfied=89))
    assert criticised in verdicts(*town, previous=[before("A", "1"), before("B", "2"), before("C", "3")])
    assert criticised in verdicts(*town, previous=[before("A", "1"), before("B", "2"), before("C", "2")])
    assert criticised not in verdicts(*town, previous=[before("A", "1"), before("B", "3"), before("C", "2")])
    assert criticised not in verdicts(*town, previous=[before("A", "1"), before("B", "2"), before("C", "")])
    assert criticised not in verdicts(*town)
    assert criticised not in verdicts(*TOWN, previous=[before("A", "1"), before("B", "2"), before("C", "3")])


def test_last_with_an_item_used_up_and_people_dissatisfied_is_criticised_at_once():
    """A0.1, by a chain of two other verdicts."""
    assert verdicts(*TOWN[:2], DISSATISFIED) == {
        ("A", "top_of_group"), ("C", "bottom_of_group"), ("C", "bottom_of_city"), ("C", "item_exhausted"),
        ("C", "exhausted_at_the_bottom"),
    }


def test_the_last_of_the_city_is_seen_though_its_group_has_two():
    """A0.1"""
    pair = seen("D", 2, group="county"), replace(DISSATISFIED, unit=replace(DISSATISFIED.unit, unit_group="county"))
    assert {verdict for id, verdict in verdicts(*TOWN[:2], seen("E", 9), *pair) if id == "C"} == {
        "bottom_of_city", "item_exhausted", "exhausted_last_of_city",
    }


def test_the_case_of_one_citizen_criticises_nobody():
    """A0.1: a unit with one case that went wrong."""
    one = unit("C", late_reply=1, case_rows=1, due=1, completed=0, rated=1, satisfied=0)
    assert {id for id, _ in verdicts(*TOWN[:2], one, previous=[before("A", "1"), before("C", "2")])} <= {"A"}


def test_no_verdict_leans_on_what_the_exports_do_not_tell():
    """A0.1: without ratings nobody is known to be satisfied, and nobody to be dissatisfied."""
    blind = frozenset({"rated", "satisfied"})
    town = [replace(one, lacking=blind, counts={**one.counts, **{id: {} for id in blind}})
            for one in (*TOWN[:2], DISSATISFIED)]
    assert {verdict for _, verdict in verdicts(*town)} == {"bottom_of_group", "bottom_of_city", "item_exhausted"}


def test_where_all_are_equal_nobody_is_last():
    assert verdicts(*(seen(id, 3) for id in "ABC")) == {(id, "top_of_group") for id in "ABC"}


def test_the_unranked_get_no_verdict():
    assert {id for id, _ in verdicts(*TOWN, seen("D", 99, ranked=False))} == {"A", "C"}


@pytest.mark.parametrize("n", [0, 1])
def test_few_units_are_no_problem(n):
    assert len(ranking(*TOWN[:n])) == n
