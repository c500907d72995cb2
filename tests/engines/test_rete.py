"""The one door to durable_rules: each sharp edge of the library becomes an error."""

import threading

import pytest

from pipelines.engines import rete
from pipelines.engines.rete import EngineFault, Production, Session, text_of

SHORT = {"$lt": {"have": {"$m": "need"}}}


def session(then=lambda match: match.fact["n"], test=None, known=({"rule": "late"},), **more):
    pattern = {"$and": [{"rule": "late"}, test or {"$gt": {"n": 0}}]}
    return Session([Production("late", (pattern,), then, **more)], known)


def fired(found) -> list:
    return [firing.result for firing in found]


def late(n: int, **more) -> dict:
    return {"rule": "late", "n": n, **more}


def test_a_rule_fires_once_for_each_fact_that_it_fits():
    assert sorted(fired(session().run("U1", [late(1), late(2), late(0)]))) == [1, 2]


def test_a_unit_leaves_nothing_behind_for_the_next():
    engine = session()
    assert fired(engine.run("U1", [late(3)])) == fired(engine.run("U2", [late(3)])) == [3]


def test_units_without_a_firing_or_without_a_fact_do_no_harm():
    engine = session()
    assert [fired(engine.run(f"U{k}", facts)) for k, facts in enumerate([[], [late(0)], [], [late(0), late(1)]])] == [
        [], [], [], [1],
    ]


def test_many_more_units_than_the_library_has_states_for():
    engine = session()
    assert sum(len(engine.run(f"U{k}", [late(k)])) for k in range(1, 2001)) == 2000


def test_many_rulebooks_can_be_compiled_one_after_another():
    assert all(fired(session().run("U1", [late(1)])) == [1] for _ in range(100))


def test_a_fact_that_no_rule_knows_is_an_error():
    with pytest.raises(EngineFault, match="U1"):
        session().run("U1", [late(1), {"rule": "early", "n": 1}])


def test_two_facts_that_look_the_same_are_an_error():
    with pytest.raises(EngineFault):
        session().run("U1", [late(1), late(1)])


def test_the_next_unit_is_judged_rightly_after_an_error():
    engine = session()
    for bad in ([late(1), late(1)], [{"rule": "early", "n": 1}], [late(0.5)]):
        with pytest.raises(EngineFault):
            engine.run("U1", bad)
    assert fired(engine.run("U2", [late(2)])) == [2]


@pytest.mark.parametrize(
    "value", [0.5, 1e-7, float("nan"), True, None, 2**62, -(2**62), "9 6", "", "a\nb", [1], {"x": 1}],
)
def test_only_whole_numbers_and_codes_are_let_in(value):
    with pytest.raises(EngineFault):
        session().run("U1", [{"rule": "late", "n": 1, "extra": value}])


@pytest.mark.parametrize("name", ["id", "sid", "$s"])
def test_words_that_mean_identity_to_the_library_are_not_facts(name):
    with pytest.raises(EngineFault):
        session().run("U1", [{"rule": "late", "n": 1, name: 1}])


@pytest.mark.parametrize(("have", "need", "fires"), [
    (95 * 10**15, 95 * 10**15 + 1, True), (95 * 10**15, 95 * 10**15, False), (2**61 + 1, 2**61, False), (0, 1, True),
])
def test_comparisons_are_exact_to_the_last_unit(have, need, fires):
    engine = session(lambda match: True, SHORT)
    assert fired(engine.run("U1", [{"rule": "late", "have": have, "need": need}])) == [True] * fires


def test_an_exception_in_an_action_comes_out_as_itself():
    def fails(match):
        raise ZeroDivisionError("in the action")

    with pytest.raises(ZeroDivisionError, match="in the action"):
        session(fails).run("U1", [late(1)])


def test_a_derived_fact_that_no_rule_knows_is_an_error_and_not_a_silence():
    def tells(match):
        match.tell({"rule": "nobody", "n": 1})

    with pytest.raises(EngineFault, match="nobody"):
        session(tells).run("U1", [late(1)])


def test_a_derived_fact_with_a_fraction_is_an_error():
    with pytest.raises(EngineFault):
        session(lambda match: match.tell({"rule": "late", "n": 0.5})).run("U1", [late(1)])


@pytest.mark.parametrize(("held_up", "seconds", "right"), [
    (0, 5.1, True), (1, 5.1, True), (rete.TRIES - 1, 5.1, True), (rete.TRIES, 5.0, True), (rete.TRIES, 5.1, False),
])
def test_a_unit_whose_action_was_held_up_is_judged_anew_and_a_slow_rule_is_an_error(
    held_up, seconds, right, monkeypatch
):
    """By the clock, as the library counts: a machine that stands still for seconds costs no judgement."""
    times = [moment for n in range(rete.TRIES) for moment in (0.0, seconds if n < held_up else 0.1)]
    clock = iter(times + [0.0] * 100)
    monkeypatch.setattr("pipelines.engines.rete.time.monotonic", lambda: next(clock))
    engine = session()
    if right:
        assert fired(engine.run("U1", [late(1)])) == [1]
    else:
        with pytest.raises(EngineFault, match="late"):
            engine.run("U1", [late(1)])
    assert fired(engine.run("U2", [late(3)])) == [3]


def test_a_fact_that_the_library_loses_is_an_error(monkeypatch):
    engine = session()
    monkeypatch.setattr(engine._host, "get_facts", lambda *_: [])
    with pytest.raises(EngineFault, match="1"):
        engine.run("U1", [late(1)])


def test_an_error_that_the_library_swallows_is_an_error(monkeypatch):
    engine = session()
    monkeypatch.setattr(engine._host, "get_state", lambda *_: {"exception": "caught"})
    with pytest.raises(EngineFault, match="caught"):
        engine.run("U1", [late(1)])


def test_another_process_may_not_use_a_session(monkeypatch):
    engine = session()
    monkeypatch.setattr("pipelines.engines.rete.os.getpid", lambda: -1)
    with pytest.raises(EngineFault):
        engine.run("U1", [late(1)])


def test_no_thread_is_started():
    before = threading.active_count()
    session().run("U1", [late(1)])
    assert threading.active_count() == before


def test_an_absence_is_looked_for_when_its_round_comes():
    """The library does not take a firing back: what could stand in the way is asserted in an earlier batch."""
    unless = ({"$and": [{"rule": "late"}, {"waived": 1}]},)
    engine = session(lambda match: match.fact["n"], {"$gt": {"n": 0}}, unless=unless)
    assert fired(engine.run("U1", [late(0, waived=1)], [late(2, waived=0)])) == []
    assert fired(engine.run("U2", [late(2, waived=0)])) == [2]


def test_the_trace_shows_a_fact_without_its_wrapping():
    assert text_of({"rule": "late", "month": 2, "n": 3, "sid": "unit"}) == "n=3"
