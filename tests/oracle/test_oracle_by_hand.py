"""Hand-worked examples of deadlines, lateness, attribution and the completion rate, worked out on paper."""

import pytest

from .by_hand import case, cases, drawn_up, extension, item, scored, unit
from .moments import cutoff_of


def test_a_clean_case_row_leaves_full_marks_and_no_lines():
    result = scored()
    assert (result.row("U1").base, result.row("U1").total, result.row("U1").case_rows) == (100, 100, 1)
    assert not result.ledger


@pytest.mark.parametrize(
    ("signed_at", "score"), [("2026-07-07 09:00:00", 20), ("2026-07-07 09:00:01", 19.5), ("", 19.5)]
)
def test_late_signing_begins_one_second_after_the_limit(signed_at, score):
    assert item(scored(cases=[case(signed_at=signed_at)]), "A3.1") == score


def test_late_signing_and_late_reply_both_cost_on_one_case():
    late = case(signed_at="", replied_at="2026-07-13 09:00:01")
    assert drawn_up(scored(cases=[late]), "A3.1") == [
        ("late_reply", "2026-07", "C1", "", "-0.50", ""),
        ("late_signing", "2026-07", "C1", "", "-0.50", ""),
    ]


def test_a_reply_at_the_cutoff_is_no_reply():
    late = case(reply_due_at="2026-09-30 23:59:59", replied_at="2026-10-01 00:00:00")
    on_the_last_second = case(reply_due_at="2026-09-30 23:59:59", replied_at="2026-09-30 23:59:59")
    assert item(scored(cases=[late]), "A3.1") == 19.5
    assert item(scored(cases=[on_the_last_second]), "A3.1") == 20


def test_not_signed_with_a_limit_at_the_cutoff_is_not_late():
    # dispatched in the quarter, so that it counts under that reading; both limits are the cutoff itself
    row = case(sign_due_at="2026-10-01 00:00:00", signed_at="", reply_due_at="2026-10-01 00:00:00", replied_at="")
    assert item(scored({"attribution": "dispatched"}, cases=[row]), "A3.1") == 20
    assert item(scored({"attribution": "dispatched"}, "2026-10-01 00:00:01", cases=[row]), "A3.1") == 19


def test_an_assisting_row_answers_for_its_own_lateness():
    assert item(scored(cases=[case(role="assist", signed_at="")]), "A3.1") == 19.5


def test_an_approved_extension_moves_the_reply_deadline():
    row = case(replied_at="2026-07-20 09:00:00")
    assert item(scored(cases=[row]), "A3.1") == 19.5
    assert item(scored(cases=[row], extensions=[extension("2026-07-20 09:00:00")]), "A3.1") == 20


@pytest.mark.parametrize(
    ("changes", "score"),
    [
        ({"decision": "rejected"}, 19.5),
        ({"decision": "", "decided_at": ""}, 19.5),
        ({"decided_at": ""}, 20),  # no time of decision: counts as before the cutoff
        ({"decided_at": "2026-10-01 00:00:00"}, 19.5),  # decided at the cutoff: not decided
        ({"decided_at": "2026-09-30 23:59:59"}, 20),
        ({"extended_until": "2026-07-12 09:00:00"}, 19.5),  # earlier than the limit: changes nothing
    ],
)
def test_which_extensions_are_valid(changes, score):
    row = case(replied_at="2026-07-14 09:00:00")
    assert item(scored(cases=[row], extensions=[extension("2026-07-20 09:00:00") | changes]), "A3.1") == score


@pytest.mark.parametrize(("requested_at", "score"), [("2026-07-13 09:00:00", 20), ("2026-07-13 09:00:01", 19.5)])
def test_requested_in_time_means_by_the_original_limit(requested_at, score):
    given = {
        "cases": [case(replied_at="2026-07-14 09:00:00")],
        "extensions": [extension("2026-07-20 09:00:00", requested_at=requested_at)],
    }
    assert item(scored({"extension": "requested_in_time"}, **given), "A3.1") == score
    assert item(scored(**given), "A3.1") == 20


def test_the_latest_of_several_extensions_counts():
    both = [extension("2026-07-20 09:00:00"), extension("2026-07-16 09:00:00", extension_id="X2")]
    assert item(scored(cases=[case(replied_at="2026-07-19 09:00:00")], extensions=both), "A3.1") == 20


def test_an_extension_into_the_next_quarter_takes_the_row_along():
    moved = scored(extensions=[extension("2026-10-01 00:00:00")])
    stays = scored(extensions=[extension("2026-09-30 23:59:59")])
    assert (moved.row("U1").case_rows, moved.row("U1").rank) == (0, None)
    assert stays.row("U1").case_rows == 1


def test_a_row_belongs_to_the_quarter_of_its_deadline_or_of_its_dispatch():
    row = case(dispatched_at="2026-06-30 23:59:59", reply_due_at="2026-07-01 00:00:00")
    assert scored(cases=[row]).row("U1").case_rows == 1
    assert scored({"attribution": "dispatched"}, cases=[row]).row("U1").case_rows == 0


def test_the_month_of_a_late_line_is_that_of_the_effective_deadline():
    row = case(replied_at="")
    result = scored(cases=[row], extensions=[extension("2026-08-01 00:00:00")])
    assert ("late_reply", "2026-08", "C1", "", "-0.50", "") in drawn_up(result, "A3.1")
    by_dispatch = scored({"attribution": "dispatched"}, cases=[row], extensions=[extension("2026-08-01 00:00:00")])
    assert ("late_reply", "2026-07", "C1", "", "-0.50", "") in drawn_up(by_dispatch, "A3.1")


def test_forty_one_late_rows_hit_the_floor_by_half_a_point():
    lines = drawn_up(scored(cases=cases(41, signed_at="")), "A3.1")
    assert len(lines) == 42
    assert lines[0] == ("floor", "", "", "", "0.50", "")


@pytest.mark.parametrize(
    ("shortfall", "closed", "score"),
    [
        ("whole_steps", 93, 19),  # 2 short: one whole step
        ("whole_steps", 94, 20),  # 1 short: no whole step
        ("pro_rata", 94, 19.5),
        ("any_part", 94, 19),
        ("any_part", 93, 19),
        ("any_part", 95, 20),
        ("whole_steps", 91, 18),
    ],
)
def test_each_two_points_short_of_95_percent_cost_one(shortfall, closed, score):
    rows = cases(closed) + cases(100 - closed, first=closed + 1, closed_at="")
    assert item(scored({"shortfall": shortfall}, cases=rows), "A3.2") == score


def test_completed_by_cutoff_or_by_the_effective_deadline():
    # one row, closed a second late: 0 % is 95 short, 47 whole steps, which the floor holds at 20
    late = [case(closed_at="2026-07-13 09:00:01")]
    assert item(scored(cases=late), "A3.2") == 20
    assert item(scored({"completed": "by_deadline"}, cases=late), "A3.2") == 0
    on_time = [case(closed_at="2026-07-13 09:00:00")]
    assert item(scored({"completed": "by_deadline"}, cases=on_time), "A3.2") == 20


def test_only_lead_rows_enter_the_rates_unless_all_do():
    rows = [case(), case("C2", role="assist", closed_at=""), case("C3", role="")]
    assert item(scored(cases=rows), "A3.2") == 20
    # 2 of 3 completed: 66.67 %, short by 28.33, 14 whole steps
    assert item(scored({"joint_cases": "all"}, cases=rows), "A3.2") == 6


def test_three_monthly_tests_are_added_averaged_or_pooled():
    august = {"reply_due_at": "2026-08-13 09:00:00"}
    # July 8 of 10 (15 short, 7 steps), August 10 of 10, September none; pooled 18 of 20 (5 short, 2 steps)
    rows = cases(8) + cases(2, first=9, closed_at="") + cases(10, first=11, **august)
    assert item(scored(cases=rows), "A3.2") == 13
    assert item(scored({"months": "pooled"}, cases=rows), "A3.2") == 18
    mean = scored({"months": "mean"}, cases=rows)
    assert drawn_up(mean, "A3.2") == [("completion_rate", "2026-07", "", "", "-2.33", "")]
    assert f"{float(mean.items['U1', 'A3.2'].score):.2f}" == "17.67"


def test_the_rounding_line_carries_what_rounded_lines_do_not():
    # 13 of 14 is 92.86 %: 1 step in each of two months; under mean 0.333… each is 0.33, the item's 0.666… is 0.67
    august = {"reply_due_at": "2026-08-13 09:00:00"}
    rows = cases(13) + cases(1, first=15, closed_at="") + cases(13, first=16, **august)
    rows += cases(1, first=30, closed_at="", **august)
    lines = drawn_up(scored({"months": "mean"}, cases=rows), "A3.2")
    assert lines == [
        ("completion_rate", "2026-07", "", "", "-0.33", ""),
        ("completion_rate", "2026-08", "", "", "-0.33", ""),
        ("rounding", "", "", "", "-0.01", ""),
    ]


def test_pro_rata_is_rounded_half_up_once_at_item_level():
    # 1 of 16 not closed: 93.75 %, 1.25 short, 0.625 points, half-up 0.63
    rows = cases(15) + cases(1, first=16, closed_at="")
    assert f"{float(scored({'shortfall': 'pro_rata'}, cases=rows).items['U1', 'A3.2'].score):.2f}" == "19.37"


def test_a_unit_without_case_rows_is_scored_but_not_ranked():
    result = scored(units=[unit(), unit("U2")])
    assert (result.row("U2").base, result.row("U2").rank, result.row("U2").group_rank) == (100, None, None)


def test_a_cutoff_before_the_end_of_the_quarter_is_an_error():
    assert cutoff_of("2026Q3", "2026-10-09").isoformat() == "2026-10-09T00:00:00"
    with pytest.raises(ValueError, match="usage error"):
        cutoff_of("2026Q3", "2026-09-30 23:59:59")
