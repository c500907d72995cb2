"""What the clauses E3.0, E4.0, E5.3, E6.0 and E7.0 ask of evaluators and offices, sentence by sentence."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from pipelines.evaluators.eligibility import endings
from pipelines.evaluators.reports import panel_report, training
from tests.evaluators.office import Office, act, case, only, person, rules

T0 = datetime(2026, 7, 6, 9)
HOUR = timedelta(hours=1)


def test_an_evaluator_asks_hears_declines_and_suggests(tmp_path):
    """E3.0, E4.0: each once and in this order; what does not fit is refused."""
    office = Office(tmp_path / "s", [person("E1")], [case("C1")])
    given = only(office.step(T0))

    def one(name, hours, **more):
        return act(given, name, T0 + hours * HOUR, reason="x", **more)

    state = office.step(T0 + HOUR, one("answered", 1), one("decline", 1))
    assert len(state.refused) == 2 and only(state).is_open
    state = office.step(T0 + 3 * HOUR, one("ask", 2), one("ask", 3))
    assert len(state.refused) == 3
    asked = panel_report(state, office.seen, rules(), T0 + 3 * HOUR)["asked"]
    assert [line["outcome"] for line in asked] == ["unanswered"]
    acts = [one("answered", 4), one("rate", 5, rating="satisfied"), one("decline", 6), one("study", 7)]
    state = office.step(T0 + 7 * HOUR, *acts)
    kept = only(state)
    assert (kept.asked_at, kept.answered_at) == (T0 + 2 * HOUR, T0 + 4 * HOUR)
    assert (kept.declined_at, kept.studied_at, kept.suggestion) == (T0 + 6 * HOUR, T0 + 7 * HOUR, "x")
    asked = panel_report(state, office.seen, rules(), T0 + 7 * HOUR)["asked"]
    assert [line["outcome"] for line in asked] == ["declined", "answered"]


@pytest.mark.parametrize("points", [{}, {"duty_done": False}, dict.fromkeys(
    ("request_reasonable", "procedure_followed", "duty_done"), False)])
def test_a_rating_speaks_to_three_points(tmp_path, points):
    """E5.3: the rating counts all the same; who leaves one out is named."""
    office = Office(tmp_path / "s", [person("E1", fields=("x",))], [case("C1")])
    given = only(office.step(T0))
    state = office.step(T0 + HOUR, act(given, "rate", T0 + HOUR, **points))
    report = panel_report(state, office.seen, rules(), T0 + HOUR)
    assert only(state).rating == "satisfied"
    named = [line["evaluator_id"] for line in report["attention"] if line["clause"] == "E5.3"]
    assert named == ([] if len(points) == 3 else ["E1"])
    assert report["points"][0]["duty_done"] == bool(points) and report["points"][0]["spoken"] == (len(points) == 3)


@pytest.mark.parametrize(("held", "overdue"), [
    ("2025-07-05", True), ("2025-07-06", False), ("2026-07-06", False), ("2026-07-07", True),
])
def test_training_longer_than_a_year_ago_is_told(held, overdue):
    """E6.0"""
    assert training((("training", date.fromisoformat(held), "x"),), T0.date())["overdue"] is overdue
    assert training((("papers", date.fromisoformat(held), "x"),), T0.date())["overdue"]


@pytest.mark.parametrize(("steps", "todo"), [
    ([], ("undecided",)),
    ([("resigned", "2026-06-05")], ("undecided", "ask_replacement")),
    ([("resigned", "2026-06-06")], ("resigned_late", "undecided", "ask_replacement")),
    ([("renewed", "2026-06-20")], ("term_not_extended",)),
    ([("released", "2026-06-20"), ("replacement_asked", "2026-06-21")], ("await_replacement",)),
    ([("released", "2026-06-20"), ("replacement_asked", "2026-06-21"), ("replacement_named", "2026-06-30")], ()),
])
def test_leaving_is_told_a_month_ahead_and_replaced(steps, todo):
    """E7.0: the term ended the day before; until the fifth of June leaving was told in time."""
    one = replace(person("E1", recommended_by="市政协"), term_ends_on=date(2026, 7, 5))
    done = tuple(("E1", step, date.fromisoformat(day)) for step, day in steps)
    (ending,) = endings((one,), T0.date(), rules(), done)
    assert ending.todo == todo and ending.evaluator.recommended_by == "市政协"
