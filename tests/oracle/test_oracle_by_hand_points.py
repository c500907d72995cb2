"""Hand-worked examples of incidents, instructions, assessments, awards, adjustments, points and places."""

from fractions import Fraction

import pytest

from .by_hand import adjustment, award, case, cases, drawn_up, incident, instruction, item, scored, unit
from .deductions import MissingAssessment
from .ledger import half_up

ITEMS = ("A1.1", "A1.2", "A1.3", "A2.1", "A2.2", "A2.3")


def test_half_up_rounds_the_half_away_from_zero():
    halves = [Fraction(1, 200), Fraction(-1, 200), Fraction(1, 3), Fraction(-2, 3)]
    assert [str(half_up(value)) for value in halves] == ["1/100", "-1/100", "33/100", "-67/100"]


def test_verified_incidents_of_the_quarter_cost_half_a_point():
    rows = [
        incident(),
        incident("I2", incident_type="poor_service", case_id="", occurred_at="2026-09-30 23:59:59"),
        incident("I3", verified="false"),
        incident("I4", occurred_at="2026-06-30 23:59:59"),
        incident("I5", occurred_at="2026-10-01 00:00:00"),
    ]
    assert drawn_up(scored(incidents=rows), "A3.3") == [
        ("attitude", "2026-09", "", "I2", "-0.50", ""),
        ("refusal", "2026-07", "C1", "I1", "-0.50", ""),
    ]


def test_instructions_are_held_against_100_percent_over_the_whole_quarter():
    # 49 of 50 closed: 98 %, 2 short, 1 point; 48 of 50 implemented: 4 short, 2 points
    rows = [instruction(number) for number in range(48)]
    rows += [instruction(48, implemented_at=""), instruction(49, closed_at="", implemented_at="2026-10-01 00:00:00")]
    rows += [instruction(50, due_at="2026-10-01 00:00:00", closed_at="")]
    assert drawn_up(scored(instructions=rows), "A3.4") == [
        ("instruction_closing", "", "", "", "-1.00", ""),
        ("instruction_implementation", "", "", "", "-2.00", ""),
    ]


def test_an_instruction_closed_late_but_before_the_cutoff_is_closed():
    late = instruction(closed_at="2026-09-30 23:59:59", implemented_at="2026-09-30 23:59:59")
    assert item(scored({"completed": "by_deadline"}, instructions=[late]), "A3.4") == 10


def test_assessed_scores_are_taken_as_given():
    rows = [{"unit_id": "U1", "item_id": item_id, "score": "4.25"} for item_id in ITEMS]
    result = scored(assessments=rows)
    assert result.row("U1").base == Fraction("95.5")
    assert item(result, "A2.3") == 4.25


@pytest.mark.parametrize(("value", "base"), [("full", 100), ("zero", 75)])
def test_a_missing_assessment_is_full_or_zero(value, base):
    rows = [{"unit_id": "U1", "item_id": item_id, "score": "5"} for item_id in ITEMS[:1]]
    assert scored({"missing_assessment": value}, assessments=rows).row("U1").base == base


def test_a_missing_assessment_can_stop_the_run():
    with pytest.raises(MissingAssessment, match="U1 A1.1"):
        scored({"missing_assessment": "stop"})


def test_one_matter_is_rewarded_once_by_its_highest_award():
    rows = [award("B1", "city_media", "ＡＢＣ路灯 "), award("B2", "city_leader_praise", "ABC路灯")]
    assert drawn_up(scored(awards=rows), "A4") == [
        ("city_leader_praise", "2026-08", "", "B2", "2.00", ""),
        ("city_media", "2026-08", "", "B1", "1.00", ""),
        ("same_matter", "2026-08", "", "B1", "-1.00", ""),
    ]


def test_letters_of_another_case_are_another_matter():
    rows = [award("B1", "city_media", "ABC路灯"), award("B2", "city_media", "abc路灯")]
    assert scored(awards=rows).row("U1").bonus == 2


@pytest.mark.parametrize(
    ("one", "other", "bonus"),
    [("供暖\r\n提前准备", "供暖\n提前准备", 1), ("供暖 提前　准备", "供暖提前准备", 1), ("ABC  路灯", "ABC 路灯", 1),
     ("ABC 路灯", "ABC路灯", 2)],
)
def test_line_ends_and_blanks_make_no_other_matter_but_beside_letters(one, other, bonus):
    rows = [award("B1", "city_media", one), award("B2", "city_media", other)]
    assert scored(awards=rows).row("U1").bonus == bonus


def test_the_first_award_of_a_matter_can_count_instead():
    rows = [award("B9", "city_media", awarded_on="2026-07-01"), award("B2", "city_leader_praise")]
    rows += [award("B1", "public_praise")]
    assert scored({"same_matter": "first"}, awards=rows).row("U1").bonus == 1
    same_day = [award("B3", "city_media"), award("B2", "city_leader_praise")]
    assert scored({"same_matter": "first"}, awards=same_day).row("U1").bonus == 2


def test_the_scope_of_once_per_matter_can_be_the_award_type():
    rows = [award("B1", "city_media"), award("B2", "city_media"), award("B3", "province_media")]
    assert scored(awards=rows).row("U1").bonus == 3
    assert scored({"same_matter_scope": "same_type"}, awards=rows).row("U1").bonus == 4


def test_awards_of_other_quarters_and_unapproved_ones_do_not_count():
    rows = [
        award("B1", "province_media", approved="false"),
        award("B2", "province_media", awarded_on="2026-10-01"),
        award("B3", "city_media", awarded_on="2026-09-30"),
    ]
    assert scored(awards=rows).row("U1").bonus == 1


def test_the_cap_takes_back_what_exceeds_it():
    rows = [award("B1", "province_leader_praise")]
    result = scored({"bonus_cap": "4.25"}, awards=rows)
    assert ("cap", "", "", "", "-0.75", "") in drawn_up(result, "A4")
    assert result.row("U1").total == Fraction("104.25")
    assert scored({"bonus_cap": "5"}, awards=rows).row("U1").bonus == 5


def test_an_excluded_case_leaves_every_measure_of_its_unit():
    result = scored(
        units=[unit(), unit("U2")],
        cases=[case(signed_at="", closed_at=""), case(unit_id="U2", signed_at="")],
        incidents=[incident(), incident("I2", case_id="C2")],
        instructions=[instruction(case_id="C1", closed_at=""), instruction(2)],
        adjustments=[adjustment("exclude_case", case_id="C1")],
    )
    assert [item(result, item_id) for item_id in ("A3.1", "A3.2", "A3.3", "A3.4")] == [20, 20, 19.5, 10]
    assert item(result, "A3.1", "U2") == 19.5
    assert (result.row("U1").case_rows, result.row("U1").rank) == (0, None)


def test_a_waived_deduction_stays_at_no_points_with_the_smallest_decision():
    waivers = [
        adjustment("waive_deduction", adjustment_id="J2", case_id="C1"),
        adjustment("waive_deduction", adjustment_id="J10", case_id="C1", rule_id="late_signing"),
    ]
    result = scored(cases=[case(signed_at="", replied_at="")], adjustments=waivers)
    assert drawn_up(result, "A3.1") == [
        ("late_reply", "2026-07", "C1", "", "0.00", "J2"),
        ("late_signing", "2026-07", "C1", "", "0.00", "J10"),
    ]


def test_a_waiver_matches_every_one_of_its_non_empty_fields():
    def left(**fields):
        tables = {"cases": [case(signed_at="")], "incidents": [incident(), incident("I2")]}
        result = scored(adjustments=[adjustment("waive_deduction", **fields)], **tables)
        return item(result, "A3.1"), item(result, "A3.3")

    assert left(case_id="C1") == (20, 20)
    assert left(ref_id="I2") == left(ref_id="I1") == (19.5, 19.5)
    assert left(case_id="C1", rule_id="refusal") == (19.5, 20)
    assert left(case_id="C1", rule_id="attitude") == (19.5, 19)
    assert left(case_id="C2", ref_id="I1") == (19.5, 19)
    assert left(case_id="C1", unit_id="U2") == (19.5, 19)


def test_equal_totals_share_a_place_overall_and_in_the_group():
    units = [unit("U1"), unit("U2"), unit("U3", unit_group="乙"), unit("U4", unit_group="乙")]
    rows = [case("C1", "U1"), case("C2", "U2", signed_at=""), case("C3", "U3", signed_at="")]
    rows += [case("C4", "U4", signed_at="", replied_at="")]
    result = scored(units=units, cases=rows)
    assert [(row.unit_id, row.rank, row.group_rank) for row in result.ranking] == [
        ("U1", 1, 1), ("U2", 2, 2), ("U3", 2, 1), ("U4", 4, 2),
    ]


def test_ranking_on_base_leaves_the_bonus_aside():
    units, rows = [unit("U1"), unit("U2")], [case("C1", "U1"), case("C2", "U2", signed_at="")]
    bonus = [award("B1", "city_media", unit_id="U2")]
    assert scored(units=units, cases=rows, awards=bonus).ranking[0].unit_id == "U2"
    assert scored({"rank_on": "base"}, units=units, cases=rows, awards=bonus).ranking[0].unit_id == "U1"


def test_equals_are_listed_by_base_then_rate_then_case_rows_then_id():
    units = [unit(f"U{number}") for number in (5, 4, 3, 2, 1)]
    rows = [case("C1", "U1"), case("C2", "U2", public_rating="satisfied")]
    rows += cases(2, "U3", first=31) + [case("C4", "U4", signed_at=""), case("C5", "U5")]
    praise = [award("B1", "public_praise", unit_id="U4")]
    result = scored(units=units, cases=rows, awards=praise)
    # all have 100; U4 has the smaller base; U2 has a rate; U3 has more rows; U1 and U5 differ by id alone
    assert [row.unit_id for row in result.ranking] == ["U2", "U3", "U1", "U5", "U4"]
    assert {row.rank for row in result.ranking} == {1}


def test_the_rate_that_orders_equals_is_that_of_the_rows_in_the_rates():
    # both lose nothing: U1 has 1 of 1 (its assisting row does not count), U2 9 of 10; with all rows U1 has 1 of 2
    units = [unit("U1"), unit("U2")]
    rows = [case("C1", "U1", public_rating="satisfied"), case("C2", "U1", role="assist", public_rating="dissatisfied")]
    rows += cases(9, "U2", first=11, public_rating="satisfied") + [case("C20", "U2", public_rating="dissatisfied")]
    assert [row.unit_id for row in scored(units=units, cases=rows).ranking] == ["U1", "U2"]
    assert [row.unit_id for row in scored({"joint_cases": "all"}, units=units, cases=rows).ranking] == ["U2", "U1"]


def test_the_unranked_are_listed_last_and_take_no_place():
    units = [unit("U1", ranked="false"), unit("U2"), unit("U3")]
    result = scored(units=units, cases=[case("C1", "U1"), case("C2", "U2", signed_at="")])
    assert [(row.unit_id, row.rank) for row in result.ranking] == [("U2", 1), ("U1", None), ("U3", None)]
