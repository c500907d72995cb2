"""The numbers of the standard edition, clause by clause, and its verdicts: what the invented law cannot tell."""

from dataclasses import replace
from fractions import Fraction

import pytest

from pipelines.contracts.declared import load_contracts
from pipelines.stages.ingest import decisive_columns
from tests.rules.standard import BOOK, FULL, item, lines, ranking, settled, unit, verdicts
from tests.toy.town import award


def test_the_columns_that_decide_scores():
    """A3: what is counted or compared is decisive; what only modifies a count is not."""
    decisive = decisive_columns(BOOK.measures.values(), load_contracts())
    assert {table: set(names) for table, names in decisive.items() if names} == {
        "cases": {"signed_at", "replied_at", "closed_at", "public_rating"},
        "instructions": {"closed_at", "implemented_at"},
        "evaluations": {"rated_at", "rating"},
    }


def deducted(one, id, **readings) -> Fraction:
    return BOOK.items[id].full_marks - item(one, id, **readings)


@pytest.mark.parametrize(("clause", "counts", "costs"), [
    ("A3.1", {"late_signing": 2, "late_reply": 1}, "1.5"),
    ("A3.1", {"late_reply": 41}, "20"),
    ("A3.2", {"due": 100, "completed": 95, "rated": 100, "satisfied": 90}, "0"),
    ("A3.2", {"due": 100, "completed": 93}, "1"),
    ("A3.2", {"rated": 100, "satisfied": 88}, "1"),
    ("A3.2", {"due": [100, 100, 100], "completed": [89, 97, 97]}, "3"),
    ("A3.3", {"refusal": 3, "attitude": [0, 1, 0]}, "2"),
    ("A3.4", {"instructions_due": 50, "instructions_closed": 49, "instructions_implemented": 48}, "3"),
])
def test_what_each_clause_costs(clause, counts, costs):
    """A3.1, A3.2, A3.3, A3.4"""
    assert deducted(unit(**counts), clause) == Fraction(costs)


def test_no_instructions_are_full_marks_and_flagged():
    """A3.4"""
    score = settled(unit())[0]["U1"].items["A3.4"]
    assert (score.score, score.notes) == (10, ("no_rows instructions_due", "unmeasured_full"))


@pytest.mark.parametrize("id", ["A1.1", "A1.2", "A1.3", "A2.1", "A2.2", "A2.3"])
def test_an_assessed_score_is_the_score_of_its_item(id):
    """A1.1, A1.2, A1.3, A2.1, A2.2, A2.3"""
    assert item(unit(assessed=FULL | {id: Fraction("4.25")}), id) == Fraction("4.25")
    assert item(unit(assessed={}), id) == 5


@pytest.mark.parametrize(("kind", "points"), [
    ("public_praise", "0.50"), ("city_leader_praise", "2.00"), ("province_leader_praise", "5.00"),
    ("suggestion_adopted", "2.00"), ("city_media", "1.00"), ("province_media", "3.00"), ("briefing_praise", "2.00"),
])
def test_what_each_award_earns_once_for_a_matter(kind, points):
    """A4.1, A4.2, A4.3, A4.4"""
    twice = unit(awards=[award("W1", kind, "bridge"), award("W2", kind, "bridge")])
    assert lines(twice) == [(kind, points)] * 2 + [("same_matter", f"-{points}")]


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
