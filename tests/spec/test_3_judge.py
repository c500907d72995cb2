"""Judge: what costs points, and how much before anything is rounded or floored."""

import json
from fractions import Fraction

import pytest

from pipelines.edges.wording import say
from pipelines.model.refusals import ContractStop
from pipelines.rulebook import with_changes
from pipelines.views.lines import Lines
from tests.rules.standard import BOOK, FULL, item, lines, settled, unit
from tests.toy.town import Town


def deducted(one, id, **readings) -> Fraction:
    return BOOK.items[id].full_marks - item(one, id, **readings)


def test_a_unit_without_a_fault_has_a_hundred_marks():
    scores, entries, findings = settled(unit(due=[9, 9, 9], completed=[9, 9, 9], rated=4, satisfied=4))
    assert (scores["U1"].base, scores["U1"].bonus, scores["U1"].total) == (100, 0, 100)
    assert entries == findings == []


def test_each_late_signing_and_each_late_reply_costs_half_a_point():
    """A3.1: both can cost on one case."""
    assert deducted(unit(late_signing=[1, 0, 2], late_reply=1), "A3.1") == 2


def test_refusals_and_attitude_cost_half_a_point_each():
    """A3.3"""
    assert deducted(unit(refusal=3, attitude=[0, 1, 0]), "A3.3") == 2


@pytest.mark.parametrize(("completed", "costs"), [(96, 0), (95, 0), (94, 0), (93, 1), (92, 1), (91, 2), (0, 20)])
def test_only_whole_steps_of_two_percentage_points_cost(completed, costs):
    """A3.2: 93.0 % against 95 % is exactly two points short."""
    assert deducted(unit(due=100, completed=completed), "A3.2") == costs


@pytest.mark.parametrize(("reading", "costs"), [
    ("whole_steps", 1), ("pro_rata", Fraction(3, 2)), ("any_part", 2),
])
def test_three_points_short_under_each_reading_of_shortfall(reading, costs):
    """A3.2, A3.4"""
    assert deducted(unit(due=100, completed=92), "A3.2", shortfall=reading) == costs


@pytest.mark.parametrize(("reading", "costs"), [("sum", 3), ("mean", 1), ("pooled", 0)])
def test_three_monthly_tests_under_each_reading_of_months(reading, costs):
    """A3.2: 6 points short in July alone; 2 short in the pooled quarter would need fewer than 279 of 300."""
    july = unit(due=[100, 100, 100], completed=[89, 97, 97])
    assert deducted(july, "A3.2", months=reading) == costs


def test_a_month_without_rows_costs_nothing_and_says_so():
    """A3.2: under the mean it counts as nothing, but as a month."""
    empty = unit(due=[0, 100, 100], completed=[0, 93, 93], rated=[1, 1, 1], satisfied=[1, 1, 1])
    assert deducted(empty, "A3.2") == 2
    assert deducted(empty, "A3.2", months="mean") == Fraction(67, 100)
    assert settled(empty)[0]["U1"].items["A3.2"].notes == ("no_rows due",)
    assert settled(empty, months="pooled")[0]["U1"].items["A3.2"].notes == ()


def test_instruction_rates_are_of_the_whole_quarter_under_every_reading_of_months():
    """A3.4: 49 of 50 closed is two points short."""
    one = unit(instructions_due=50, instructions_closed=49, instructions_implemented=50)
    assert {deducted(one, "A3.4", months=reading) for reading in ("sum", "mean", "pooled")} == {1}


def test_no_instructions_are_full_marks_and_flagged():
    """A3.4"""
    score = settled(unit())[0]["U1"].items["A3.4"]
    assert (score.score, score.notes) == (10, ("no_rows instructions_due", "unmeasured_full"))


def test_an_assessed_score_is_the_score_of_its_item():
    """A1.1"""
    assert item(unit(assessed=FULL | {"A1.1": Fraction("4.25")}), "A1.1") == Fraction("4.25")


@pytest.mark.parametrize(("reading", "score"), [("full", 5), ("zero", 0)])
def test_a_missing_assessment_under_each_reading(reading, score):
    """A1, A2"""
    missing = settled(unit(assessed={}), missing_assessment=reading)[0]["U1"].items["A2.3"]
    assert (missing.score, missing.notes) == (score, (f"assessment_{reading}",))


def test_a_missing_assessment_can_stop_everything_and_names_unit_and_item():
    """A1, A2"""
    present = {id: score for id, score in FULL.items() if id != "A2.2"}
    with pytest.raises(ContractStop) as stop:
        settled(unit("U7"), unit("U8", assessed=present), missing_assessment="stop")
    assert stop.value.exit_code == 3
    assert "U8" in stop.value.words.zh and "A2.2" in stop.value.words.en


def test_findings_are_not_rounded():
    """1 of 3 replies in time is a deduction of 185/6 points before the floor."""
    _, _, findings = settled(unit(due=3, completed=1), shortfall="pro_rata")
    assert [finding.points for finding in findings] == [-Fraction(185, 6)]


def test_short_of_a_step_is_found_and_costs_nothing():
    _, entries, findings = settled(unit(due=100, completed=94))
    assert [(f.rule_id, f.points) for f in findings] == [("completion_rate", 0)] and entries == []


def test_other_points_are_judged_like_the_written_ones():
    book = with_changes(BOOK, {"late_reply.deduct": "1", "completion_rate.target": "97"})
    scores, _, _ = Town(book).settled(unit(late_reply=2, due=100, completed=93))
    assert (scores["U1"].items["A3.1"].score, scores["U1"].items["A3.2"].score) == (18, 18)


def test_a_ledger_line_shows_its_arithmetic():
    _, entries, _ = settled(unit(due=[9, 100, 0], completed=[9, 93, 0]))
    line = entries[0].rule_id, entries[0].sentence, json.dumps(entries[0].facts)
    assert [Lines(BOOK, say, lang).text(*line) for lang in ("zh", "en")] == [
        "8月办结率 93.00%（93/100），低于95%，差2.00个百分点，扣1分",
        "month 8: completion rate 93.00% (93/100) against 95%, 2.00 points short: 1 off",
    ]
    assert lines(unit(due=100, completed=93)) == [("completion_rate", "-1.00")]
