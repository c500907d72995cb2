"""What holds for every unit alike is told, each sentence at its bound and beside it: a column was filled in wrongly."""

from dataclasses import replace
from fractions import Fraction

import pytest

from pipelines.contracts.history import limits
from pipelines.model.period import Period
from pipelines.model.rule import Rulebook
from pipelines.model.tally import Unit, UnitTally
from pipelines.rulebook.load import load_rulebook
from pipelines.stages.measure import one_sided
from tests.rules.book import FROZEN

BOOK = load_rulebook(FROZEN, Period.parse("2026Q3"))
LEAST, OF_TABLE = limits()["least"], limits()["elsewhere"]["least"]
SOUND = {"due": 40, "completed": 30, "rated": 40, "satisfied": 30, "case_rows": 40}


def tally(
    unit: str = "U1", ranked: bool = True, marks: tuple[int, ...] = (4, 5), lacking=(), **counts: int
) -> UnitTally:
    every = dict.fromkeys(BOOK.measures, 0) | SOUND | counts
    return UnitTally(
        Unit(unit, f"{unit}局", "市直部门", ranked),
        every["case_rows"],
        {id: {"2026-08": n} for id, n in every.items()},
        {},
        {str(k): Fraction(mark) for k, mark in enumerate(marks)},
        (),
        frozenset(lacking),
    )


def said(*tallies: UnitTally, book: Rulebook = BOOK, **rows: int) -> list[str]:
    found = one_sided({"case_rows": 40, **rows}, {one.unit.unit_id: one for one in tallies}, book)
    assert all(words.zh != words.en for words in found)
    return [words.zh for words in found]


def test_of_a_sound_quarter_nothing_is_said():
    assert said(tally(attitude=1), tally("U2", ranked=False), incidents=20) == []


@pytest.mark.parametrize(("ranked", "told"), [((False, False), True), ((True, False), False)])
def test_a_ranking_in_which_nobody_has_a_place_is_told(ranked, told):
    units = [tally(f"U{k}", ranked=one) for k, one in enumerate(ranked)]
    assert [("（ranked）" in text, "2 个单位" in text) for text in said(*units)] == [(True, True)] * told


def test_units_without_case_rows_need_no_place():
    assert said(tally(), tally("U2", ranked=False, case_rows=0)) == []
    assert said(tally(ranked=False, case_rows=0)) == []


def test_units_to_be_ranked_without_a_case_row_are_named_five_at_most():
    [text] = said(tally(), *(tally(f"V{k}", case_rows=0) for k in range(6)))
    assert "6 个" in text and "V0局、V1局、V2局、V3局、V4局、…" in text
    [text] = said(tally(), tally("V1", case_rows=0), tally("V2"))
    assert "1 个" in text and "（V1局）" in text


@pytest.mark.parametrize(("rows", "told"), [(LEAST, True), (LEAST - 1, False)])
def test_a_rate_of_nothing_is_told_with_the_columns_on_which_it_hangs(rows, told):
    """As where every row has the role of an assisting unit."""
    found = said(tally(due=0, completed=0), case_rows=rows)
    assert ["（role）" in text and "到期办件" in text and f"{rows} 行" in text for text in found] == [True] * told


@pytest.mark.parametrize(("of", "part", "told"), [(LEAST, 0, True), (LEAST, 1, False), (LEAST - 1, 0, False)])
def test_a_rate_to_which_no_row_adds_is_told(of, part, told):
    found = said(tally(rated=of, satisfied=part))
    assert ["（public_rating）" in text and "满意" in text for text in found] == [True] * told


@pytest.mark.parametrize(("part", "told"), [(40, True), (39, False)])
def test_of_a_rate_that_should_be_low_all_rows_are_told(part, told):
    rules = {id: replace(rule, fewer=True) if rule.part == "satisfied" else rule for id, rule in BOOK.rules.items()}
    found = said(tally(satisfied=part), book=replace(BOOK, rules=rules))
    assert ["全部计入" in text for text in found] == [True] * told


@pytest.mark.parametrize(
    ("rows", "counted", "told"), [(OF_TABLE, 0, True), (OF_TABLE, 1, False), (OF_TABLE - 1, 0, False)]
)
def test_a_table_of_which_no_row_counts_is_told(rows, counted, told):
    """As where nothing is verified."""
    found = said(tally(attitude=counted), incidents=rows)
    assert ["（verified）" in text and "《推诿与投诉》" in text for text in found] == [True] * told


def test_what_the_exports_do_not_tell_is_not_told_either():
    lacking = [id for id, one in BOOK.measures.items() if one.counts == "incidents"]
    assert said(tally(due=0, completed=0, lacking=("due", *lacking)), incidents=40) == []


@pytest.mark.parametrize(
    ("marks", "told"),
    [
        ((0,) * LEAST, True),
        ((0,) * (LEAST - 1), False),
        ((0,) * LEAST + (1,), False),
    ],
)
def test_marks_that_are_all_zero_are_told(marks, told):
    assert ["（score）" in text for text in said(tally(marks=marks))] == [True] * told
