"""A running period: points at risk by brute force, nothing of the future known, and at the last instant the run."""

from datetime import datetime, timedelta
from random import Random

import pytest

from pipelines.assess import Request, Run
from pipelines.model.period import Period
from pipelines.model.words import UsageRefusal
from pipelines.running.watch import MOST_RATINGS, Watch
from tests.oracle.compare import FROZEN, counted_list
from tests.oracle.tables import write_folder
from tests.proof import seeds
from tests.running.by_hand import (
    done,
    drawn,
    instant,
    judged_already,
    known,
    rated,
    scored,
    todo,
    totals,
    without_orphans,
)

QUICK, MANY = (3, 8), seeds(0, 500)
TABLE = {"case_rows": "cases", "instructions": "instructions"}


def request_of(sample, readings, folder, tables=None):
    period = Period.parse(sample.period)
    exports = write_folder(sample.tables if tables is None else tables, folder / "exports")
    cutoff = sample.cutoff and datetime.fromisoformat(sample.cutoff)
    counted = counted_list(sample.counted, period, folder / "counted.parquet")
    return Request(period, exports, folder / "out", cutoff, readings, FROZEN, pdf=False, counted=counted)


def seen(request, at):
    with Watch(request, at) as watch:
        return watch.run().look()


def against_brute_force(seed: int, folder) -> int:
    """How many steps were compared; every figure of every unit and the price of every step, by the oracle."""
    sample, readings = drawn(seed)
    request = request_of(sample, readings, folder)
    at = instant(seed, request.period.start, request.cutoff or request.period.end).replace(microsecond=0)
    found, then = seen(request, at), known(sample.tables, at)
    everything = todo(then)
    best, about = done(then, everything, at), f"seed {seed} at {at} under {readings}"
    held, missed = scored(sample, best, readings), scored(sample, then, readings)
    assert {one.unit.unit_id: one.held_total for one in found.units} == totals(held), about
    assert {one.unit.unit_id: one.missed_total for one in found.units} == totals(missed), about
    assert [(row.unit_id, row.rank) for row in held.ranking] == [(one.unit_id, one.rank) for one in found.standings]
    for result, name in ((held, "held"), (missed, "missed")):
        items = {(one.unit.unit_id, item): points for one in found.units for item, points in getattr(one, name).items()}
        assert items == {key: int(item.score * 100) for key, item in result.items.items()}, about
    steps = list(found.steps)
    Random(seed).shuffle(steps)
    for step in steps[:25]:
        key = TABLE[step.counts], step.unit_id, step.ref_id or step.case_id, step.event
        for cost, gone in ((step.cost, {key}), (step.cost_of_row, {one for one in everything if one[:3] == key[:3]})):
            result = scored(sample, done(then, [one for one in everything if one not in gone], at), readings)
            assert totals(held)[step.unit_id] - totals(result)[step.unit_id] == cost, f"{about}: {step}"
        assert step.cost >= 0
    told = {(TABLE[one.counts], one.unit_id, one.ref_id or one.case_id, one.event) for one in found.steps}
    assert totals(scored(sample, done(then, told, at), readings)) == totals(held), f"{about}: the list is not enough"
    for key in [one for one in everything if one not in told][:10]:  # what is not told costs nothing
        result = scored(sample, done(then, [one for one in everything if one != key], at), readings)
        assert totals(result) == totals(held), f"{about}: {key}"
    does_no_harm(sample, readings, then, everything, told, at, seed)
    ratings_move_it(sample, readings, then, best, found.units, at, about)
    return len(steps)


def ratings_move_it(sample, readings, then, best, units, at, about):
    """So many ratings of the cases that are named, and not one fewer, move the total; those of no other case do."""
    odd, held = judged_already(best), totals(scored(sample, best, readings))

    def moved(id, cases, rating):
        return totals(scored(sample, rated(best, id, cases, rating, at), readings))[id] - held[id]

    for id, told in [(one.unit.unit_id, one.ratings) for one in units]:
        for rating, way, after, points in (("dissatisfied", -1, told.falls_after, -told.falls),
                                           ("satisfied", 1, told.rises_after, told.rises)):
            asked = told.cases[: after or MOST_RATINGS]
            if not odd.isdisjoint((id, case) for case in asked):
                continue
            found = moved(id, asked, rating)
            assert found == points if after else way * found <= 0, f"{about}: {id} {rating} {asked}"
            assert way * moved(id, asked[:-1], rating) <= 0, f"{about}: {id} {rating} {asked[:-1]}"
        unrated = [row["case_id"] for row in then["cases"]
                   if row["unit_id"] == id and row["closed_at"] and not row["public_rating"]]
        others = [case for case in unrated if case not in told.cases and (id, case) not in odd]
        for rating in ("dissatisfied", "satisfied") if others else ():
            assert moved(id, others, rating) == 0, f"{about}: {id} {rating} {others}"


def does_no_harm(sample, readings, then, everything, told, at, seed):
    """Whichever steps are done, one more that is told never makes its unit worse."""
    rng = Random(seed)
    for _ in range(3):
        some = {one for one in everything if rng.random() < 0.5}
        left = sorted(told - some)
        if left:
            step = rng.choice(left)
            before, after = (totals(scored(sample, done(then, acts, at), readings)) for acts in (some, {*some, step}))
            assert after[step[1]] >= before[step[1]], step


@pytest.mark.parametrize("seed", QUICK)
def test_points_at_risk_equal_brute_force(seed, tmp_path):
    assert against_brute_force(seed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", MANY)
def test_points_at_risk_equal_brute_force_on_many_quarters(seed, tmp_path):
    against_brute_force(seed, tmp_path)


def figures(standings, scores, tallies) -> dict:
    """Everything that a run or a watch comes to."""
    return {
        "standings": tuple(standings),
        "scores": {id: (score.items, score.base, score.total) for id, score in scores.items()},
        "counts": {id: (tally.counts, tally.waived, tally.case_rows) for id, tally in tallies.items()},
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A quarter, its request, and what a run makes of it."""
    sample, readings = drawn(13)
    request = request_of(sample, readings, tmp_path_factory.mktemp("whole"))
    with Run(request) as run:
        assert not run.check()
        for stage in (run.measure, run.judge, run.settle, run.rank):
            stage()
        return sample, readings, request, figures(run.standings, run.scores, run.tallies), run.cutoff


def test_the_watch_of_the_last_instant_is_the_run(whole):
    _, _, request, expected, cutoff = whole
    with Watch(request, cutoff) as watch:
        found = watch.run().look()
        scores = {one.unit.unit_id: one.score for one in found.units}
        assert figures(found.standings, scores, watch.tallies) == expected
    totals_of_run = {one.unit_id: int(expected["scores"][one.unit_id][2] * 100) for one in expected["standings"]}
    assert [one.unit.unit_id for one in found.units] == [one.unit_id for one in expected["standings"]]
    assert [one.place for one in found.units] == [one.rank for one in expected["standings"]]
    assert {one.unit.unit_id: one.held_total for one in found.units} == totals_of_run
    assert not found.steps
    assert all(one.at_risk == 0 for one in found.units)


def test_nothing_of_what_came_later_is_known(whole, tmp_path):
    """The watch over a past instant is that of the exports as they were at it."""
    sample, readings, request, *_ = whole
    at = instant(6, request.period.start, request.period.end).replace(microsecond=0)
    then, orphans = without_orphans(known(sample.tables, at))
    assert not orphans  # a contract would turn them away
    then = request_of(sample, readings, tmp_path, then)
    one, other = seen(request, at), seen(then, at)
    assert one.steps == other.steps
    assert one.units == other.units


@pytest.mark.parametrize(("off", "says"), [(timedelta(seconds=-1), "begins"), (timedelta(0), "is over")])
def test_only_a_running_period_is_watched(whole, off, says):
    _, _, request, _, cutoff = whole
    at = request.period.start + off if off else cutoff + timedelta(seconds=1)
    with pytest.raises(UsageRefusal, match=says):
        Watch(request, at)


def test_the_first_instant_can_be_watched(whole):
    _, _, request, *_ = whole
    Watch(request, request.period.start).__exit__(None, None, None)
