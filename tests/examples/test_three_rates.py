"""Three rates of an invented city, worked out by hand: weights, the first and last five of all, small units apart."""

from datetime import date
from fractions import Fraction

from pipelines.paths import ROOT
from pipelines.rulebook.load import load_rulebook
from tests.examples.counted import scored, verdicts

BOOK = load_rulebook(ROOT / "examples" / "three_rates" / "rulebook", date(2026, 1, 1))
MONTH = "2026-01"


def counts(answered: int, solved: int, satisfied: int, of: int = 40) -> dict[str, int]:
    done = {"answered_in_time": answered, "solved": solved, "rated": of, "satisfied": satisfied}
    return {"case_rows": of, "due": of} | done


def test_three_weighted_rates_make_the_total():
    """30 × 39/40 + 35 × 33/40 + 35 × 37/40, each item rounded: 29.25 + 28.88 + 32.38."""
    scores, _, _ = scored(BOOK, MONTH, {"U1": counts(39, 33, 37)})
    assert [item.score for item in scores["U1"].items.values()] == [Fraction(x) for x in ("29.25", "28.88", "32.38")]
    assert scores["U1"].total == Fraction("90.51")


def test_a_unit_without_a_rating_keeps_the_marks_of_satisfaction():
    unrated = counts(40, 40, 0) | {"rated": 0}
    scores, _, _ = scored(BOOK, MONTH, {"U1": unrated})
    assert (scores["U1"].total, scores["U1"].measured_marks) == (100, 65)


def test_the_first_and_the_last_five_of_all_are_named_and_nobody_twice():
    units = {f"U{k}": counts(40, 40, 40 - k) for k in range(1, 9)}  # U1 is first, U8 last
    scores, _, tallies = scored(BOOK, MONTH, units)
    given = verdicts(BOOK, scores, tallies)
    assert {unit for unit, verdict in given if verdict == "first_five"} == {"U1", "U2", "U3", "U4", "U5"}
    assert {unit for unit, verdict in given if verdict == "last_five"} == {"U6", "U7", "U8"}


def test_a_tie_at_the_fifth_place_lists_both_and_a_small_unit_stands_apart():
    units = {f"U{k}": counts(40, 40, 40 - min(k, 5)) for k in range(1, 7)} | {"U7": counts(4, 4, 4, of=4)}
    scores, _, tallies = scored(BOOK, MONTH, units)
    given = verdicts(BOOK, scores, tallies)
    assert {unit for unit, verdict in given if verdict == "first_five"} == {f"U{k}" for k in range(1, 7)}
    assert "U7" not in {unit for unit, _ in given}


def test_a_unit_of_five_case_rows_is_ranked():
    units = {"U1": counts(5, 5, 5, of=5)}
    scores, _, tallies = scored(BOOK, MONTH, units)
    assert ("U1", "first_five") in verdicts(BOOK, scores, tallies)


def test_chance_is_not_told_of_rules_that_the_draws_do_not_know():
    """A rate times its weight moves by chance too; no interval is better than one that calls a place certain."""
    assert not BOOK.tells_chance
    assert load_rulebook(ROOT / "rules" / "standard", date(2026, 1, 1)).tells_chance
