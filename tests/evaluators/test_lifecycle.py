"""The statechart of a case among the evaluators: every way that there is, and none that there is not (E5.2, E6.0)."""

from datetime import datetime, timedelta

import pytest

from pipelines.engines.rete import EngineFault
from pipelines.evaluators.state import FINAL, PENDING, STATES, statechart, transitions
from pipelines.evaluators.step import moves
from tests.evaluators.office import Office, act, case, only, person, rules

T0 = datetime(2026, 7, 6, 9)
DAY = timedelta(days=1)
IN_TIME = {"asg": 1, "current": 1, "age": 90_000, "worked": 1}


def move(state, event, **facts):
    """Where a message leads, None for nowhere."""
    moved = moves(rules())(state, tuple({"event": event, **IN_TIME, **facts}.items()))
    return moved and moved[1]


@pytest.mark.parametrize(
    ("state", "message", "target"),
    [
        ("waiting", {"event": "assign", "made": 0}, "assigned"),
        ("assigned", {"event": "tick", "age": 86_399, "worked": 0}, None),
        ("assigned", {"event": "tick", "age": 86_400, "worked": 0}, "reminded"),
        ("assigned", {"event": "tick", "worked": 2}, "withdrawn"),
        ("assigned", {"event": "rate"}, "final"),
        ("assigned", {"event": "return"}, "returned"),
        ("reminded", {"event": "tick"}, None),
        ("reminded", {"event": "tick", "worked": 2}, "withdrawn"),
        ("reminded", {"event": "rate"}, "final"),
        ("reminded", {"event": "rate", "worked": 2}, None),
        ("reminded", {"event": "return"}, "returned"),
        ("reminded", {"event": "return", "worked": 2}, None),
        ("returned", {"event": "assign", "made": 2}, "assigned"),
        ("returned", {"event": "assign", "made": 3}, "pending"),
        ("withdrawn", {"event": "assign", "made": 1}, "assigned"),
        ("withdrawn", {"event": "assign", "made": 3}, "pending"),
        ("returned", {"event": "rate"}, None),
        ("withdrawn", {"event": "rate"}, None),
        ("final", {"event": "rate"}, None),
        ("final", {"event": "assign", "made": 1}, None),
        ("pending", {"event": "assign", "made": 1}, None),
    ],
)
def test_a_message_leads_where_the_clauses_say(state, message, target):
    assert move(state, **message) == target


@pytest.mark.parametrize("event", ["tick", "rate", "return"])
@pytest.mark.parametrize("state", ["assigned", "reminded"])
def test_a_message_for_an_earlier_assignment_moves_nothing(state, event):
    assert move(state, event, asg=1, current=2, worked=2 if event == "tick" else 0) is None


def test_every_state_is_reached_and_only_the_settled_ones_are_left_by_nothing():
    ways = transitions(rules())
    assert {way.target for way in ways} | {"waiting"} == set(STATES)
    assert set(STATES) - {way.source for way in ways} == {FINAL, PENDING}


def test_the_chart_answers_the_same_however_often_and_in_whatever_order_it_is_asked():
    fresh = statechart(rules())
    facts = [("assigned", {"event": "tick", "asg": 1, "current": 1, "age": age, "worked": worked})
            for age in (0, 86_400) for worked in (0, 1, 2)]
    first = [fresh.move(*one) for one in facts]
    assert [fresh.move(*one) for one in reversed(facts)] == first[::-1]
    assert [moved and moved[1] for moved in first] == [None, None, "withdrawn", "reminded", "reminded", "withdrawn"]


@pytest.mark.parametrize("bad", [{"age": 1.5}, {"label": "final"}, {"event": "a b"}, {"sid": 1}, {"chart": 1}])
def test_a_message_that_the_engine_would_misread_is_an_error(bad):
    with pytest.raises(EngineFault):
        statechart(rules()).move("assigned", {"event": "tick", "asg": 1, "current": 1, "age": 1, "worked": 0, **bad})


def test_a_case_is_assigned_reminded_once_and_rated_for_good(tmp_path):
    office = Office(tmp_path / "s", [person("E1"), person("E2")], [case("C1")])
    given = only(office.step(T0))
    assert (given.evaluator_id, given.number) == ("E1", 1)
    for hours in (23, 24, 25, 30):
        state = office.step(T0 + timedelta(hours=hours))
    assert only(state).reminded_at == T0 + DAY
    rated = office.step(T0 + 2 * DAY, act(given, "rate", T0 + 1.5 * DAY, rating="dissatisfied", reason="no remedy"))
    assert rated.cases["C1", "U1"].state == FINAL
    one = only(rated)
    assert (one.rated_at, one.rating, one.reason) == (T0 + 1.5 * DAY, "dissatisfied", "no remedy")
    assert len(office.step(T0 + 40 * DAY).assignments) == 1


def test_a_returned_case_goes_to_somebody_else_twice_and_is_then_left_pending(tmp_path):
    office = Office(tmp_path / "s", [person(f"E{n}") for n in range(1, 6)], [case("C1")])
    state = office.step(T0)
    for hours in (1, 2, 3):
        (last,) = state.open.values()
        state = office.step(T0 + timedelta(hours=hours), act(last, "return", T0 + timedelta(hours=hours)))
    assert [one.number for one in state.assignments.values()] == [1, 2, 3]
    assert len({one.evaluator_id for one in state.assignments.values()}) == 3
    assert state.cases["C1", "U1"].state == PENDING


def test_a_case_rated_by_the_public_at_the_moment_of_the_step_waits_for_the_next(tmp_path):
    office = Office(tmp_path / "s", [person("E1")], [case("C1", rated_at=T0), case("C2", rated_at=T0 - DAY)])
    assert {one.case[0] for one in office.step(T0).assignments.values()} == {"C2"}
    assert {one.case[0] for one in office.step(T0 + timedelta(seconds=1)).assignments.values()} == {"C1", "C2"}


def test_a_case_that_nobody_may_take_waits_until_somebody_may(tmp_path):
    office = Office(tmp_path / "s", [person("E1", employer_unit_id="U1")], [case("C1")])
    assert [row.state for row in office.step(T0).unassigned.values()] == ["waiting"]
    office.seen = Office(tmp_path, [person("E1", employer_unit_id="U1"), person("E2")], [case("C1")]).seen
    assert only(office.step(T0 + DAY)).evaluator_id == "E2"
