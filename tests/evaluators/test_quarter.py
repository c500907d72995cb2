"""A quarter walked from the public's dissatisfaction to the satisfaction rate that the scoring run publishes (E6.0)."""

import csv
from collections import namedtuple
from datetime import datetime
from hashlib import sha256

import pytest

from pipelines.assess import Request, Run
from pipelines.evaluators.desk import Work, replayed, take_steps
from pipelines.evaluators.practice import _actions_on, make_inbox, moments_of
from pipelines.evaluators.state import FINAL, Assignment
from pipelines.model.period import Period
from pipelines.model.words import NotAllowed
from pipelines.sample.make import make_sample

Panel, Named = namedtuple("Panel", "panel"), namedtuple("Named", "evaluator_id")
PERIOD = Period.parse("2026Q3")


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """The folder of a quarter: exports `x`, inbox `in`, the log `s`, scored before and after."""
    home = tmp_path_factory.mktemp("quarter")
    make_sample(home / "x", PERIOD, 5, 400, 11)
    (home / "x" / "evaluations.csv").unlink()
    (home / "x" / "adjustments.csv").unlink()
    make_inbox(home / "x", home / "in", PERIOD, 11)
    before = satisfied(home, "before")
    work = Work(home / "x", home / "in", home / "s", evaluations=home / "x" / "evaluations.csv")
    outcome = take_steps(work, moments_of(PERIOD))
    return home, outcome, before, satisfied(home, "after")


def satisfied(home, name):
    """(satisfied, rated) of the quarter's case rows in a scoring run a fortnight after it."""
    cutoff = moments_of(PERIOD)[-1]
    with Run(Request(PERIOD, home / "x", home / name, cutoff, pdf=False)) as run:
        for stage in ("ingest", "validate", "measure"):
            getattr(run, stage)()
        assert run.validation.rows["evaluations"].quarantined == 0
        return tuple(sum(tally.count(part) for tally in run.tallies.values()) for part in ("satisfied", "rated"))


def test_the_ratings_of_the_evaluators_and_nothing_else_move_the_satisfaction_rate(walked):
    home, _, before, after = walked
    state = replayed(home / "s")
    with (home / "x" / "cases.csv").open(encoding="utf-8-sig", newline="") as stream:
        counted = {
            (row["case_id"], row["unit_id"]) for row in csv.DictReader(stream)
            if row["role"] != "assist" and "2026-07" <= due(home, row)[:7] <= "2026-09"
        }
    overturned = [one for one in state.assignments.values() if one.rating in ("satisfied", "basically_satisfied")]
    moved = sum(one.case in counted for one in overturned)
    assert moved > 5
    assert after == (before[0] + moved, before[1])


@pytest.mark.parametrize(
    ("kind", "does"),
    [
        (79, "rates"), (80, "returns"), (87, "returns"), (88, "rates without a reason"), (91, "rates without a reason"),
        (92, "rates for another"), (93, "rates for another"), (94, "nothing"), (99, "nothing"),
    ],
)
def test_of_a_hundred_invented_evaluators_so_many_do_what_the_sample_says(kind, does):
    draw = next(n for n in range(10_000) if draw_of(f"A{n}") % 100 == kind)
    given = Assignment(f"A{draw}", ("C1", "U1"), "E1", 1, datetime(2026, 7, 1))
    first = next(_actions_on(given, Panel([Named("E1"), Named("E2")]), 11), None)
    told = "nothing"
    if first:
        told = {"rate": "rates", "return": "returns"}[first.action] + ("" if first.reason else " without a reason")
        told += " for another" if first.evaluator_id == "E2" else ""
    assert told == does


def draw_of(id):
    return int.from_bytes(sha256(f"11/{id}".encode()).digest()[:8], "big")


def due(home, row):
    """The effective reply deadline of a case row: its own or an approved extension's, whichever is later."""
    with (home / "x" / "extensions.csv").open(encoding="utf-8-sig", newline="") as stream:
        until = [one["extended_until"] for one in csv.DictReader(stream) if one["decision"] == "approved"
                 and (one["case_id"], one["unit_id"]) == (row["case_id"], row["unit_id"])]
    return max([row["reply_due_at"], *until])


def test_everything_happens_on_the_way(walked):
    _, outcome, _, _ = walked
    assert set(outcome.counts) >= {"case", "assigned", "reminded", "rated", "returned", "withdrawn", "refused", "read"}
    assert outcome.counts["assigned"] > outcome.counts["case"]


def test_the_same_walk_gives_the_same_bytes(walked, tmp_path):
    home, _, _, _ = walked
    take_steps(Work(home / "x", home / "in", tmp_path / "s"), moments_of(PERIOD))
    for name in ("log.jsonl", "evaluations.csv", "refused.csv"):
        assert (tmp_path / "s" / name).read_bytes() == (home / "s" / name).read_bytes()


def test_any_moment_can_be_replayed(walked):
    home, _, _, _ = walked
    middle, end = replayed(home / "s", datetime(2026, 8, 15)), replayed(home / "s")
    assert 0 < len(middle.assignments) < len(end.assignments)
    assert all(one.assigned_at <= datetime(2026, 8, 15) for one in middle.assignments.values())
    final = [sum(row.state == FINAL for row in state.cases.values()) for state in (middle, end)]
    assert final[0] < final[1]


def test_evaluations_from_elsewhere_are_not_overwritten(walked, tmp_path):
    home, _, _, _ = walked
    foreign = tmp_path / "evaluations.csv"
    foreign.write_text("assignment_id,case_id\nX1,C1\n", encoding="utf-8")
    with pytest.raises(NotAllowed, match="第 2 行"):
        take_steps(Work(home / "x", None, tmp_path / "s", evaluations=foreign), [PERIOD.start])
    assert foreign.read_text(encoding="utf-8").endswith("X1,C1\n")
