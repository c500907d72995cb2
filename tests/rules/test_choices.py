"""Choosing readings for a run, and changing points for a what-if."""

from decimal import Decimal
from fractions import Fraction

import pytest

from pipelines.model.words import UsageRefusal
from pipelines.rulebook.load import changeable, choose_readings, load_rulebook, with_changes
from tests.rules.book import FROZEN, STANDARD, TODAY

BOOK = load_rulebook(STANDARD, TODAY)


def refused(function, *arguments) -> str:
    with pytest.raises(UsageRefusal) as caught:
        function(BOOK, *arguments)
    assert caught.value.exit_code == 2 and caught.value.words.zh
    return caught.value.words.en


def test_without_a_choice_every_reading_has_its_default():
    assert choose_readings(BOOK, {}) == {id: reading.values[0] for id, reading in BOOK.readings.items()}


def test_the_defaults_are_those_of_the_interface():
    assert list(choose_readings(load_rulebook(FROZEN, TODAY), {}).values()) == [
        "reply_due", "lead_only", "approved", "by_cutoff", "with_basic", "left_out", "dissatisfied", "reminder",
        "whole_steps", "sum", "highest", "all_awards", "none", "full", "total", "full",
        "left_out",
    ]


@pytest.mark.parametrize(
    ("id", "value"), [(id, value) for id, reading in BOOK.readings.items() for value in reading.values]
)
def test_every_value_of_every_reading_can_be_chosen(id, value):
    assert choose_readings(BOOK, {id: value}) == choose_readings(BOOK, {}) | {id: value}


def test_an_unknown_reading_names_the_nearest():
    assert "shortfall" in refused(choose_readings, {"shortfal": "pro_rata"})


def test_an_unknown_value_names_the_nearest():
    assert "pro_rata" in refused(choose_readings, {"shortfall": "prorata"})


@pytest.mark.parametrize(("written", "meant"), [("5", "5"), ("5.0", "5"), ("5.50", "5.5"), ("0", "0"), ("10", "10"),
                                               ("100.00", "100"), (" 7 ", "7"), (6, "6"), ("none", "none")])
def test_a_cap_is_any_number_in_one_spelling(written, meant):
    assert choose_readings(BOOK, {"bonus_cap": written})["bonus_cap"] == meant


@pytest.mark.parametrize("value", ["-1", "1.234", "1e3", "inf", "nan", "", "五", "１０", "1_000", "10 %"])
def test_what_is_no_cap_is_refused(value):
    message = refused(choose_readings, {"bonus_cap": value})
    assert "bonus_cap" in message and "Known are none, or a number of at least 0 with at most two decimals" in message


def test_a_number_is_no_value_of_another_reading():
    assert refused(choose_readings, {"months": "3"})


@pytest.mark.parametrize("value", ["1", 1, Decimal("1.00"), Fraction(1), 1.0])
def test_points_can_be_changed_however_the_number_is_written(value):
    assert with_changes(BOOK, {"late_reply.deduct": value}).rules["late_reply"].deduct == 1


def test_a_change_leaves_the_rulebook_itself_alone():
    with_changes(BOOK, {"satisfaction_rate.target": "85"})
    assert BOOK.rules["satisfaction_rate"].target == 90


@pytest.mark.parametrize("name", changeable(BOOK))
def test_everything_that_is_offered_can_be_changed(name):
    rule, field = name.split(".")
    assert getattr(with_changes(BOOK, {name: "7"}).rules[rule], field) == 7


@pytest.mark.parametrize(("name", "nearest"), [
    ("late_replies.deduct", "late_reply.deduct"), ("late_reply", "late_reply"), ("", "Known are"),
    ("late_reply.deducts", "late_reply.deduct"),
])
def test_an_unknown_change_names_the_nearest(name, nearest):
    assert nearest in refused(with_changes, {name: "1"})


@pytest.mark.parametrize(("name", "value"), [
    ("late_reply.deduct", "-1"), ("late_reply.deduct", "0.125"), ("late_reply.deduct", "half"),
    ("satisfaction_rate.target", "101"), ("satisfaction_rate.each", "0"), ("late_reply.deduct", True),
    ("late_reply.deduct", None), ("late_reply.deduct", 0.1 + 0.2), ("late_reply.deduct", float("nan")),
])
def test_a_value_that_cannot_be_exact_is_refused(name, value):
    assert name in refused(with_changes, {name: value})
