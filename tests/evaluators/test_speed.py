"""A step puts to the rule engine only the cases that can change now; the benchmarks compare like with like."""

from collections import Counter
from datetime import datetime, timedelta

from benchmarks.evaluators import AT, measure_step, write_log
from benchmarks.libraries import measure_check
from pipelines.edges.private import locked
from pipelines.evaluators.log import Log
from pipelines.evaluators.state import State
from pipelines.evaluators.step import Step
from tests.evaluators.office import case, clock, exports, person


def test_only_open_and_unassigned_cases_are_put_to_the_rule_engine(tmp_path):
    """None of 450 settled cases: 100 whose limit has come, the same once more to be reassigned, 100 due, 1 new."""
    write_log(tmp_path / "s", 2_400)
    asked = []
    with locked(tmp_path / "s") as folder:
        log = Log(folder)
        state = State(log.events)
        settled, still = len(state.cases) - len(state.open), len(state.open)
        step = Step(log, state, clock(), exports([person(f"E{n:03d}") for n in range(1, 9)], [case("C1")]), AT)
        move = step.move
        step.move = lambda standing, message: asked.append(standing) or move(standing, message)
        step.run([])
        log.close()
    assert (settled, still) == (450, 300)
    assert Counter(asked) == {"assigned": 200, "withdrawn": 100, "waiting": 1}
    assert step.counts["withdrawn"] == 100 and step.counts["reminded"] == 100


def test_nothing_is_asked_where_nothing_is_open(tmp_path):
    write_log(tmp_path / "s", 0)
    with locked(tmp_path / "s") as folder:
        log = Log(folder)
        step = Step(log, State(log.events), clock(), exports([person("E1")], []), datetime(2026, 7, 6) + timedelta(1))
        step.move = None
        assert not step.run([]).counts


def test_the_sides_of_the_benchmarks_come_to_the_same(tmp_path):
    """Both raise where pandas replays or counts something else."""
    step = measure_step(tmp_path / "step", 800)
    assert step.counts["case"] > 100 and "×" in step.table() and 0 < step.asked < 20
    check = measure_check(tmp_path / "check", 4_000, 400)
    assert check.findings > 100 and "×" in check.table()
