"""The second judge comes to the same scores as the engine of record, under every reading."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.engines.cube import Cube
from pipelines.engines.vector import differences, places, rescore
from pipelines.model.words import UsageRefusal
from pipelines.rulebook.load import with_changes
from pipelines.stages.judge import judge
from pipelines.stages.rank import places as places_of_record
from pipelines.stages.settle import settle
from tests.engines.cubes import columns, quarters, tallies_of
from tests.toy.town import ISLAND, MONTHS

RULEBOOK = ISLAND.book
DEFAULTS = {id: reading.default for id, reading in RULEBOOK.readings.items()}
quiet = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def both(quarter, rulebook=RULEBOOK):
    cells, assessed, awards, readings = quarter
    tallies = tallies_of(cells, assessed, awards, readings)
    findings, _ = judge(rulebook, readings, tallies, MONTHS)
    scores, entries, _ = settle(rulebook, readings, findings, tallies, MONTHS)
    prepared = Cube.prepare(columns(cells), rulebook.marks, rulebook.measures, tallies, MONTHS)
    return scores, entries, findings, rescore(prepared, rulebook, readings), tallies


@quiet
@given(quarters())
def test_the_judges_agree_on_every_unit_and_item(quarter):
    scores, _, _, rescored, tallies = both(quarter)
    assert differences(scores, rescored) == []
    assert [int(n) for n in rescored.case_rows] == [tallies[unit].case_rows for unit in rescored.unit_ids]
    assert [int(n) for n in rescored.rated] == [tallies[unit].count("asked") for unit in rescored.unit_ids]


@quiet
@given(quarters(), st.sampled_from(["0", "0.01", "0.37", "3"]), st.sampled_from(["0.7", "3", "2"]))
def test_the_judges_agree_under_other_points_and_steps(quarter, deduct, each):
    changes = {"tardy.deduct": deduct, "mending.each": each, "liking.deduct": deduct, "song.award": deduct}
    scores, _, _, rescored, _ = both(quarter, with_changes(RULEBOOK, changes))
    assert differences(scores, rescored) == []


@quiet
@given(quarters())
def test_full_marks_and_ledger_lines_make_the_score(quarter):
    scores, entries, findings, _, _ = both(quarter)
    for unit, score in scores.items():
        for id, item in score.items.items():
            lines = sum(e.points for e in entries if (e.unit_id, e.item_id) == (unit, id))
            singles = sum(f.points for f in findings if (f.unit_id, f.item_id) == (unit, id) and is_occurrence(f))
            assert item.full_marks + lines + singles == item.score
            assert not item.full_marks or 0 <= item.score <= item.full_marks
        assert score.base == sum(item.score for item in score.items.values() if item.full_marks)


def is_occurrence(finding) -> bool:
    return RULEBOOK.rules[finding.rule_id].kind == "occurrence"


def test_a_difference_is_named_by_unit_and_item():
    quarter = ([], {("U1", "H1.1"): Fraction(4)}, [], {id: r.default for id, r in RULEBOOK.readings.items()})
    scores, _, _, rescored, _ = both(quarter)
    item = scores["U1"].items["H1.1"]
    scores["U1"].items["H1.1"] = replace(item, score=item.score + Fraction(1, 100))
    assert differences(scores, rescored) == [("U1", "H1.1", Fraction(401, 100), Fraction(4))]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12))
def test_places_in_arrays_are_the_places_of_the_ranking(figures):
    named = {str(k): Fraction(figure) for k, figure in enumerate(figures)}
    found = places(np.array(figures), np.ones(len(figures), bool))
    assert [int(place) for place in found] == [places_of_record(named)[str(k)] for k in range(len(figures))]


@pytest.mark.parametrize(("column", "value"), [("counts", "letters"), ("unit_id", "U9")])
def test_a_value_that_the_cube_should_not_hold_is_an_error(column, value):
    cell = {"counts": "instructions", "unit_id": "U1", "places": (1,), "run": True, "n": 1}
    table = columns([cell]) | {column: [value]}
    with pytest.raises(KeyError):
        Cube.prepare(table, RULEBOOK.marks, RULEBOOK.measures, tallies_of([], {}, [], {}), MONTHS)


def test_a_measure_that_the_cube_was_not_marked_for_is_refused_by_name():
    """A tally made by one book is not read as another's: what it does not tell is never nought."""
    layout = RULEBOOK.marks["instructions"]
    other = replace(layout, keys=tuple(key for key in layout.keys if "implemented_at" not in key))
    tallies = tallies_of([], {}, [], {})
    cube = Cube.prepare(columns([]), {**RULEBOOK.marks, "instructions": other}, RULEBOOK.measures, tallies, MONTHS)
    with pytest.raises(UsageRefusal) as refused:
        cube.count("errands_run", DEFAULTS)
    assert "errands_run" in refused.value.words.en
    assert cube.count("errands", DEFAULTS).sum() == 0


def test_awards_that_may_repeat_count_toward_the_cap_too():
    """H3: where the book lets a type be awarded again for one matter, both count, and the cap bounds their sum."""
    rule = next(rule for rule in RULEBOOK.rules.values() if rule.measure == "song")
    book = replace(RULEBOOK, rules={**RULEBOOK.rules, rule.id: replace(rule, once_per="")})
    awards = [("U1", "song", "bridge", date(2026, 7, day)) for day in (1, 2, 3)]  # one point each
    for cap, bonus in (("none", 3), ("2.5", Fraction(5, 2)), ("3", 3)):
        scores, entries, _, rescored, _ = both(([], {}, awards, DEFAULTS | {"bonus_cap": cap}), book)
        assert scores["U1"].bonus == bonus
        assert sum(entry.points for entry in entries if entry.unit_id == "U1" and entry.item_id == "H3") == bonus
        assert differences(scores, rescored) == []
