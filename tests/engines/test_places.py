"""Places, the order of the list and grades: both judges come to the same, whatever a book says of ranking."""

from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.engines.standings import SecondOpinion
from pipelines.model.condition import Before
from pipelines.model.rule import Grade, Ranking
from pipelines.model.score import ItemScore, UnitScore
from pipelines.model.words import JudgesDisagree, RulebookRefusal, Words
from pipelines.rulebook.load import load_rulebook
from pipelines.stages.rank import give_verdicts, rank
from tests.engines.cubes import quarters
from tests.engines.test_two_judges import both, quiet
from tests.rules.book import TODAY
from tests.rules.test_words import island
from tests.toy.town import ISLAND, LAW, Town

GRADES = tuple(Grade(id, Fraction(bound), Words(id, id)) for id, bound in (("a", "90"), ("b", "60.5"), ("c", "0")))


def law(folder, *edits, verdicts=()):
    """Heron Island with other words in its rulebook.yaml, and in its verdicts.yaml."""
    return Town(load_rulebook(island(folder, {"rulebook.yaml": list(edits), "verdicts.yaml": list(verdicts)}), TODAY))


@quiet
@given(quarters(), st.integers(0, 9_999))
def test_both_judges_place_alike_however_a_book_ranks(quarter, seed):
    rng = Random(seed)
    overall = rng.random() < 0.7
    how = Ranking(ISLAND.book.ranking.listed_by, rng.choice([0, 1, 30, 80]), overall and rng.random() < 0.5, overall)
    book = replace(ISLAND.book, ranking=how, grades=rng.choice([(), GRADES]))
    scores, _, _, rescored, tallies = both(quarter, book)
    tallies = {id: replace(one, unit=replace(one.unit, unit_group=rng.choice("xy"), ranked=rng.random() < 0.9,
                                             sort=rng.choice([None, 1, 2])))
               for id, one in tallies.items()}
    standings = rank(book, quarter[3], tallies, scores)
    second = SecondOpinion(book, quarter[3], rescored, {id: one.unit for id, one in tallies.items()})
    second.must_place_alike(standings)
    second.must_agree_on_verdicts(give_verdicts(book, standings, scores, tallies, Before({}, {}))[0])
    for standing in standings:
        other = replace(standing, grade=standing.grade + "x")
        with pytest.raises(JudgesDisagree, match="grade"):
            second.must_place_alike([other])
        break


def test_among_equals_the_register_says_who_stands_first_and_gives_no_place():
    """Lower numbers first, equal ones by code, then those without one; whoever has more points stands before them."""
    sorts = {"A": None, "B": 10, "C": 2, "D": 2, "E": None, "F": 99, "Z": -1}
    units = [ISLAND.unit(id) if id != "F" else ISLAND.unit(id, tardy=1) for id in sorts]
    units = [replace(one, unit=replace(one.unit, sort=sorts[one.unit.unit_id])) for one in units]
    standings = ISLAND.ranking(*units)
    order = [one.unit_id for one in standings]
    assert order == ["Z", "C", "D", "B", "A", "E", "F"]
    assert [one.rank for one in standings] == [1] * 6 + [7]


def test_places_over_all_by_the_share_of_the_full_marks_and_in_the_group_by_the_total():
    """70 of 70 stands before 95 of 100; an order of equal shares is that of the base."""
    town = Town(replace(ISLAND.book, ranking=Ranking(by_share=True)))
    units = [town.unit(id, group) for id, group in (("A", "x"), ("B", "x"), ("C", "y"), ("D", "y"))]
    full = {"A": (95, 100), "B": (70, 70), "C": (100, 100), "D": (94, 99)}
    scores = {
        id: UnitScore(id, {"H1": ItemScore("H1", Fraction(of), Fraction(n))}, Fraction(n), Fraction(0))
        for id, (n, of) in full.items()
    }
    readings = {id: reading.default for id, reading in town.book.readings.items()}
    standings = rank(town.book, readings, {one.unit.unit_id: one for one in units}, scores)
    assert [(s.unit_id, s.rank, s.group_rank) for s in standings] == [
        ("C", 1, 1), ("B", 1, 2), ("A", 3, 1), ("D", 4, 2),
    ]


def test_a_verdict_may_ask_for_a_grade_and_stand_on_a_list_of_the_book(tmp_path):
    town = law(
        tmp_path,
        ("rank_on:", "grades:\n  - {id: shining, at_least: 96, title: {zh: 明, en: shining}}\n"
         "  - {id: dim, at_least: 0, title: {zh: 暗, en: dim}}\n"
         "lists: [{id: red, title: {zh: 红榜, en: Red list}}]\nrank_on:"),
        verdicts=[("- verdict: last_of_kind", """- verdict: red_list
  clause: H0.1
  list: red
  title: {zh: 红榜, en: Red list}
  says: {zh: "{grade}", en: "{grade}"}
  when: [{fact: grade, equals: shining}]
  examples:
    - {name: shining, given: {grade: shining}, holds: true}
    - {name: dim, given: {grade: dim}, holds: false}
    - {name: none, given: {grade: ""}, holds: false}
- verdict: last_of_kind""")],
    )
    units = [town.unit("A"), town.unit("B", tardy=2), town.unit("C", tardy=3), town.unit("D", case_rows=0)]
    assert {id for id, verdict in town.verdicts(*units) if verdict == "red_list"} == {"A", "B"}
    assert LAW.is_dir() and list(town.book.lists) == ["red"]


@pytest.mark.parametrize("more", ["decimals: 1", "total: {cap: 100}"])
def test_no_verdict_asks_how_steady_a_place_is_where_nobody_works_it_out(tmp_path, more):
    steady = """- verdict: sure_place
  clause: H0.1
  list: remark
  title: {zh: 稳, en: Steady}
  says: {zh: 稳, en: Steady}
  when: [{fact: steady, at_most: 2}]
  examples:
    - {name: on it, given: {steady: 2}, holds: true}
    - {name: beyond, given: {steady: 3}, holds: false}
- verdict: last_of_kind"""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert law(tmp_path / "a", verdicts=[("- verdict: last_of_kind", steady)]).book.verdicts
    with pytest.raises(RulebookRefusal, match="steady"):
        law(tmp_path / "b", ("rank_on:", f"{more}\nrank_on:"), verdicts=[("- verdict: last_of_kind", steady)])
