"""What holds at any moment, whatever people do and whenever steps are taken."""

import tempfile
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.evaluators.log import Log
from pipelines.evaluators.state import FINAL, OPEN, PENDING, State
from tests.evaluators.office import Office, act, away, case, clock, person

T0 = datetime(2026, 2, 9, 9)  # a fortnight before the Spring Festival's last day off
DAYS = st.dates(date(2026, 2, 1), date(2026, 3, 20))

people = st.lists(
    st.builds(
        dict,
        employer_unit_id=st.sampled_from([None, None, "U1", "U2"]),
        fields=st.sampled_from([(), ("交通",), ("教育", "交通")]),
        ended_on=st.none() | DAYS,
        away_from=st.none() | DAYS,
        away_until=st.none(),
    ),
    max_size=6,
)
cases = st.lists(
    st.tuples(st.sampled_from(["C1", "C2", "C3"]), st.sampled_from(["U1", "U2"]), st.integers(0, 200),
              st.sampled_from([(), ("交通",)])),
    max_size=6, unique_by=lambda one: one[:2],
)
# hours until the next step, and what is done before it: which assignment, what, by whom, how long before the step
steps = st.lists(
    st.tuples(
        st.integers(1, 80),
        st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["rate", "return", "away"]), st.booleans(),
                           st.integers(0, 90)), max_size=4),
    ),
    min_size=1, max_size=14,
)


def played(office, plan):
    """Take the steps of a plan; after each, (moment, events so far)."""
    at, facts = T0, 0
    office.step(at)
    for hours, deeds in plan:
        at += timedelta(hours=hours)
        state = State(Log(office.folder).events)
        actions = []
        for which, what, own, before in deeds:
            known = list(state.assignments.values())
            if known:
                one, facts = known[which % len(known)], facts + 1
                who = one.evaluator_id if own else "E0"
                moment = at - timedelta(hours=before)
                actions.append(away(who, moment.date(), None, moment, f"a{facts}") if what == "away"
                               else act(one, what, moment, f"a{facts}", who))
        office.step(at, *actions)
        yield at, Log(office.folder).events


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(people, cases, steps)
def test_no_assignment_outside_the_rules_and_never_two_at_once(folk, rows, plan):
    with tempfile.TemporaryDirectory() as folder:
        panel = [person(f"E{n}", **facts) for n, facts in enumerate(folk)]
        found = [case(id, unit, T0 + timedelta(hours=after), topics) for id, unit, after, topics in rows]
        office = Office(Path(folder) / "s", panel, found)
        for at, events in played(office, plan):
            must_hold(office, State(), events, at)


def must_hold(office, state, events, at):
    """Replay the events one by one; every promise, at every one of them."""
    panel = {one.evaluator_id: one for one in office.seen.panel}
    reminders, limits = Counter(), clock()
    for event in events:
        if event.kind == "assigned":
            who, day = panel[event.says["evaluator_id"]], event.at.date()
            assert who.appointed_on <= day <= min(who.term_ends_on, who.ended_on or who.term_ends_on)
            assert not (who.away_from and who.away_from <= day)
            assert not any(first <= day <= last for first, last in state.away.get(who.evaluator_id, ()))
            assert who.employer_unit_id != event.says["unit_id"]
            assert who.evaluator_id not in state.who_had.get(event.says["case_id"], ())
            row = state.cases[event.says["case_id"], event.says["unit_id"]]
            assert event.says["number"] == len(row.assignments) + 1 <= 3
        if event.kind == "reminded":
            reminders[event.says["assignment_id"]] += 1
            assert event.at >= state.assignments[event.says["assignment_id"]].assigned_at + timedelta(hours=24)
        if event.kind in ("rated", "returned"):
            one = state.assignments[event.says["assignment_id"]]
            assert event.at >= one.assigned_at and limits.worked(one, event.at) < 2
        state.apply(event)
    assert not reminders or max(reminders.values()) == 1
    for row in state.cases.values():
        assert sum(one.is_open for one in row.assignments) == (row.state in OPEN)
        assert sum(one.rated_at is not None for one in row.assignments) == (row.state == FINAL)
        assert row.state != PENDING or len(row.assignments) == 3
    for one in state.open.values():
        assert limits.worked(one, at) < 2
        assert one.reminded_at or at < one.assigned_at + timedelta(hours=24)
    assert Counter(one.evaluator_id for one in state.open.values()) == Counter(+Counter(state.load))
    assert shown(state) == shown(State(events))


def shown(state):
    """A state as one value."""
    return {name: repr(dict(value) if isinstance(value, dict) else value) for name, value in vars(state).items()}


@settings(max_examples=15)
@given(people, cases, steps)
def test_the_same_steps_give_the_same_log(folk, rows, plan):
    logs = []
    for order in (1, -1):
        with tempfile.TemporaryDirectory() as folder:
            panel = [person(f"E{n}", **facts) for n, facts in enumerate(folk)][::order]
            found = [case(id, unit, T0 + timedelta(hours=after), topics) for id, unit, after, topics in rows]
            office = Office(Path(folder) / "s", panel, found)
            list(played(office, plan))
            events = Log(office.folder).events
            logs.append([(event.id, event.at, event.says) for event in events if event.kind != "case"])
    assert logs[0] == logs[1]
