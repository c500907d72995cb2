"""The likely end, worked by hand: what is drawn for a measure, what a pace rests on, and who has a place."""

from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from pipelines.engines.cube import Cube
from pipelines.model.measure import CASE_ROWS
from pipelines.running import forecast
from tests.oracle.draw import text_row
from tests.running.test_edges import AT, DAY, case, watch_of

MIDDLE = datetime(2026, 8, 16, 12)  # of a month of 31 days
MONTHS = ("2026-07", "2026-08", "2026-09")


class Sure:
    """Draws that are what is to be expected: half of what may be, and nobody moves."""

    def beta(self, good, bad, shape):
        return np.full(shape, 0.5)

    def normal(self, mean, spread, shape):
        return np.zeros(shape)

    def binomial(self, n, share):
        return np.rint(n * share).astype(np.int64)

    def poisson(self, rate):
        return np.rint(rate).astype(np.int64)


def model_of(at=MIDDLE, came=0, lag=timedelta(0), months=MONTHS, history=(), **counts):
    """A model of one unit: by measure its counts a month now, in the past, and what is missed less what is held."""
    model = object.__new__(forecast._Model)
    model.at, model.city, model.history = at, SimpleNamespace(months=months), list(history)
    model.watched = SimpleNamespace(came=np.array([came]), lag=lag)
    model.now, model.past, model.room = (
        {id: np.array([told[k]]) for id, told in counts.items()} for k in range(3)
    )
    model.months = next(table.shape[1] for table in model.past.values())
    return model


def measure(id, among="", better=""):
    counts = "instructions" if id == "handled" else "case_rows"
    return SimpleNamespace(id=id, among=among, better=better, where=(), counts=counts)


def added(model, one, left, fresh=None):
    """What the end has more of a measure, by month, if every draw is what is to be expected."""
    left = np.array(left, float)[None, None, :]
    drawn = {} if fresh is None else {one.among: np.array(fresh)[None, None, :]}
    return model._added(one, drawn, left, np.ones(left.shape), Sure())[0, 0].tolist()


def test_of_what_is_still_to_fall_due_a_share_is_missed_and_of_what_has_fallen_due_none():
    """40 and 20 more of a month: at its middle 30 are to come, of which half are late; 3 open are done in time."""
    model = model_of(due=([40, 40, 0], [80], [0, 0, 0]), late=([9, 9, 0], [40], [-3, -3, 0]))
    assert added(model, measure("late", "due", "fewer"), [0, 0.5, 1], [0, 20, 10]) == [-3, 12, 5]


def test_a_measure_of_which_nothing_is_open_grows_with_what_comes_alone():
    model = model_of(due=([40, 40, 0], [80], [0, 0, 0]), late=([9, 9, 0], [40], [0, 0, 0]))
    assert added(model, measure("late", "due", "fewer"), [0, 0.5, 1], [0, 20, 10]) == [0, 10, 5]


def test_of_what_is_open_so_much_is_done_well_that_the_whole_comes_to_the_unit_s_share():
    """Half of 40 will be good, 12 are: of the 28 open 8; and half of the 20 that come. More than half: none of them."""
    of = {"due": ([40, 40, 0], [80], [0, 0, 0])}
    model = model_of(**of, good=([12, 30, 0], [40], [5, 5, 0]))
    assert added(model, measure("good", "due", "more"), [0, 0.5, 1], [20, 20, 10]) == [8 + 10, 0 + 10, 5]
    shut = model_of(**of, good=([12, 30, 0], [40], [0, 0, 0]))
    assert added(shut, measure("good", "due", "more"), [0, 0.5, 1], [20, 20, 10]) == [10, 10, 5]


@pytest.mark.parametrize(("id", "expected"), [(CASE_ROWS, (36, 2.5)), ("handled", (30, 2.0))])
def test_the_pace_of_case_rows_rests_on_those_of_this_month_too(monkeypatch, id, expected):
    """10 and 20 in two finished months, and 6 that came in the half month since: 36 in two months and a half."""
    asked = []

    def pace(rows, months, *_):
        asked.append((rows.tolist(), months))
        return np.ones((1, 1))

    monkeypatch.setattr(forecast, "_pace", pace)
    model = model_of(came=6, **{id: ([0, 0, 0], [10, 20], [0, 0, 0])})
    added(model, measure(id), [0, 0.5, 1])
    assert asked == [([expected[0]], expected[1])]


@pytest.mark.parametrize(("better", "expected"), [("fewer", [-2, 3, 8]), ("more", [0, 4, 10])])
def test_what_is_a_part_of_nothing_comes_at_its_own_pace(monkeypatch, better, expected):
    """Ten a month. Where few is good, half a month brings 5, and 2 open are done; else what is missing of the ten."""
    monkeypatch.setattr(forecast, "_pace", lambda *_: np.full((1, 1), 10.0))
    model = model_of(handled=([9, 6, 0], [10], [-2, -2, -2]))
    assert added(model, measure("handled", better=better), [0, 0.5, 1]) == expected


@pytest.mark.parametrize(("came", "part", "told"), [(74, 0.5, False), (76, 0.5, True), (900, 0.2, False)])
def test_three_times_as_many_as_before_are_too_many_from_a_quarter_of_a_month_on(came, part, told):
    """50 a month before; in half a month three times as many are 75. After a fifth of a month nothing is said."""
    at = datetime(2026, 8, 1) + part * timedelta(days=31)
    before = SimpleNamespace(months=("2026-07",))
    model = model_of(at, came, months=("2026-08",), history=[before], case_rows=([0], [50], [0]))
    assert bool(model._unlike()) == told


def test_a_unit_that_an_earlier_period_did_not_have_has_no_past_there():
    """The last line of the older table is another unit's."""
    model = object.__new__(forecast._Model)
    model.at, model.readings, model.measures = datetime(2026, 8, 14), {}, [measure("due")]
    model.city = SimpleNamespace(months=("2026-07", "2026-08"), unit_ids=("U1", "U2", "U3"))
    model.now = {"due": np.array([[1, 9], [2, 9], [3, 9]])}
    older = SimpleNamespace(unit_ids=("U3", "U1"), count=lambda *_: np.array([[30], [10]]))
    assert model._past([older])["due"].tolist() == [[1, 10], [2, 0], [3, 30]]


def two_units(folder, at):
    """U1 with cases, U2 without; in July U1 had three."""
    units = [text_row(unit_id=id, unit_name=id, unit_group="市直部门", ranked=True) for id in ("U1", "U2")]
    rows = [case(f"J{k}", datetime(2026, 7, 20), datetime(2026, 7, 10), AT - 30 * DAY, AT - 30 * DAY) for k in range(3)]
    return watch_of(folder, rows, at, units=units)


@pytest.mark.parametrize(("at", "joins"), [(AT, True), (datetime(2026, 9, 30, 23, 59, 59), False)])
def test_who_has_no_case_at_the_end_has_no_place(tmp_path, at, joins):
    """U2 has none so far: in August it may get some, and a place with them; in the last second nothing comes."""
    watch, seen = two_units(tmp_path, at)
    past = replace_unit(watch.missed)
    model = forecast._Model(seen, [past])
    assert model.ranked.tolist() == [True, False] and model.waits.tolist() == [False, True]
    assert model.book.ranking.apart_below == 0
    _, place = model.drawn(np.random.default_rng(1), 50)
    assert (place[:, 0] > 0).all() and (place[:, 1] > 0).any() == joins


def replace_unit(cube: Cube) -> Cube:
    """A past in which the units changed places, so that U2 had cases."""
    return replace(cube, unit_ids=cube.unit_ids[::-1], _kept={})
