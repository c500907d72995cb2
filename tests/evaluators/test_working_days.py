"""E5.2 at the edges of the calendar: when a case is withdrawn, and until when a rating is taken."""

from datetime import datetime, timedelta

import pytest

from pipelines.model.words import Refusal
from tests.evaluators.office import Office, act, case, only, person

SECOND = timedelta(seconds=1)

# assigned → (reminded a day later) → withdrawn: the first instant after the second working day after the reminder's day
EDGES = {
    "Friday evening": ("2026-07-03 18:00", "2026-07-08 00:00"),
    "Monday morning": ("2026-07-06 09:00", "2026-07-10 00:00"),
    "before a make-up Saturday": ("2026-05-07 09:00", "2026-05-12 00:00"),
    "into the Spring Festival": ("2026-02-12 09:00", "2026-02-25 00:00"),
    "the last day before the National Day": ("2026-09-29 09:00", "2026-10-10 00:00"),
    "across the year's end": ("2025-12-29 17:00", "2026-01-05 00:00"),
}


@pytest.mark.parametrize(("assigned", "withdrawn"), EDGES.values(), ids=EDGES)
def test_a_case_is_withdrawn_when_two_working_days_after_the_reminder_have_run_out(assigned, withdrawn, tmp_path):
    assigned, withdrawn = datetime.fromisoformat(assigned), datetime.fromisoformat(withdrawn)
    office = Office(tmp_path / "s", [person("E1"), person("E2")], [case("C1")])
    office.step(assigned)
    office.step(assigned + timedelta(hours=24))
    before = office.step(withdrawn - SECOND)
    assert only(before).reminded_at == assigned + timedelta(hours=24)
    assert only(before).is_open
    after = office.step(withdrawn + timedelta(hours=5))
    first, second = after.assignments.values()
    assert first.withdrawn_at == withdrawn
    assert (second.number, second.assigned_at) == (2, withdrawn + timedelta(hours=5))
    assert {first.evaluator_id, second.evaluator_id} == {"E1", "E2"}


@pytest.mark.parametrize(("assigned", "withdrawn"), EDGES.values(), ids=EDGES)
def test_a_rating_counts_to_the_last_second_and_not_on_the_next(assigned, withdrawn, tmp_path):
    assigned, withdrawn = datetime.fromisoformat(assigned), datetime.fromisoformat(withdrawn)
    for name, moment, rated in (("in", withdrawn - SECOND, True), ("out", withdrawn, False)):
        office = Office(tmp_path / name, [person("E1")], [case("C1")])
        given = only(office.step(assigned))
        office.step(assigned + timedelta(hours=24))
        after = office.step(withdrawn + SECOND, act(given, "rate", moment))
        assert (only(after).rated_at == moment) is rated
        assert [event.says["why"]["en"].split(" and")[0] for event in after.refused] == (
            [] if rated else ["The working days had run out"]
        )


def test_under_the_other_reading_the_clock_starts_with_the_assignment(tmp_path):
    office = Office(tmp_path / "s", [person("E1")], [case("C1")], "assignment")
    office.step(datetime(2026, 7, 6, 9))
    assert only(office.step(datetime(2026, 7, 9, 9))).withdrawn_at == datetime(2026, 7, 9)


def test_an_assignment_at_the_end_of_the_last_covered_year_needs_no_later_calendar(tmp_path):
    office = Office(tmp_path / "s", [person("E1")], [case("C1")])
    office.step(datetime(2026, 12, 30, 9))
    assert only(office.step(datetime(2026, 12, 31, 23))).reminded_at


def test_a_limit_in_an_uncovered_year_stops_the_step_and_names_the_year(tmp_path):
    office = Office(tmp_path / "s", [person("E1")], [case("C1")])
    office.step(datetime(2026, 12, 31, 9))
    before = office.log
    with pytest.raises(Refusal) as caught:
        office.step(datetime(2027, 1, 4, 9))
    assert "2027" in caught.value.words.en
    assert office.log == before


def test_after_a_long_silence_what_ran_out_is_dated_when_it_ran_out_and_what_goes_out_now(tmp_path):
    """Nobody was reminded, so no reminder is written down: the limit is the one that scoring would count with."""
    office = Office(tmp_path / "s", [person("E1"), person("E2")], [case("C1")])
    office.step(datetime(2026, 7, 6, 9))
    late = datetime(2026, 7, 20, 9)
    first, second = office.step(late).assignments.values()
    assert (first.reminded_at, first.withdrawn_at) == (None, datetime(2026, 7, 10))
    assert second.assigned_at == late
