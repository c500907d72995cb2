"""The morning's letters: each unit its own, once; nothing on days off and in quiet hours. And the likely end."""

import csv
from collections import Counter
from dataclasses import replace
from datetime import datetime, time, timedelta
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from pipelines.assess import Request
from pipelines.evaluators import outbox
from pipelines.model.period import Period
from pipelines.model.words import UsageRefusal
from pipelines.publication.alerts import OFFICE, Channels
from pipelines.publication.alerts import morning_letters as letters
from pipelines.publication.alerts import tell_of_morning as tell
from pipelines.running import forecast, pages
from pipelines.running.findings import Finding, WatchRules, warn
from pipelines.running.forecast import likely
from pipelines.running.watch import Watch
from pipelines.sample.make import make_sample
from pipelines.views.figures import percent
from pipelines.wording import say

FRIDAY, SATURDAY = datetime(2026, 8, 14, 9), datetime(2026, 8, 15, 9)
UNITS = {f"U00{n}": (f"json://u{n}",) for n in range(1, 7)}
ALL = Channels(units=UNITS)


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """A small city, on a Friday morning."""
    folder = tmp_path_factory.mktemp("morning")
    make_sample(folder / "exports", Period.parse("2026Q3"), 6, 500, 4)
    with Watch(Request(Period.parse("2026Q3"), folder / "exports", folder / "out", pdf=False), FRIDAY) as watch:
        yield watch.run().look()


@pytest.fixture
def post(watched, tmp_path):
    """What went out, and a way to send."""
    sent = []

    def deliver(urls, title, text):
        sent.append((urls, text))
        return True

    def send(channels=ALL, at=FRIDAY, warnings=()):
        own = replace(watched, at=at, watch=_elsewhere(watched.watch, tmp_path))
        before = len(sent)
        tell(own, channels, deliver, warnings)
        return sent[before:]

    return send


def _elsewhere(watch, out):
    watch.request = replace(watch.request, out=out)
    return watch


def test_each_unit_is_told_its_own_and_never_the_same_twice(watched, post):
    found = post()
    names = {one.unit.unit_id: one.unit.unit_name for one in watched.units}
    assert found
    for (url,), text in found:
        id = next(id for id, urls in UNITS.items() if urls == (url,))
        assert names[id] in text
        assert "运行中" in text and "模拟" in text
        assert not any(other in text for unit, other in names.items() if unit != id)
        numbers = {step.ref_id or step.case_id for step in watched.steps if step.unit_id == id}
        assert any(number in text for number in numbers)
    assert post() == []


def test_another_step_is_another_letter(watched, post):
    first, channels = post(), Channels(units=UNITS)
    dear = next(step for step in watched.steps if step.cost)
    changed = replace(watched, steps=tuple(step for step in watched.steps if step is not dear))
    one, other = ({one.name for one in letters(each, channels)} for each in (watched, changed))
    assert first and one != other and one & other


def test_nothing_goes_out_on_a_day_off_or_in_quiet_hours(post):
    assert post(at=SATURDAY) == []
    assert post(Channels(units=UNITS, quiet=(time(8), time(10)))) == []
    assert post()


def test_who_has_no_channel_is_told_nothing(post):
    assert post(Channels()) == []
    assert {urls for urls, _ in post(Channels(units={"U001": UNITS["U001"]}))} <= {UNITS["U001"]}


def test_warnings_go_to_the_office_once(post):
    channels = Channels(channels=("json://office",))
    [(urls, text)] = post(channels, warnings=(say("running.says_nothing_gone"),))
    assert urls == ("json://office",) and text.endswith(say("running.says_nothing_gone").zh)
    assert text.startswith("【模拟数据】2026Q3 运行中（非考核结果）")
    assert post(channels, warnings=(say("running.says_nothing_gone"),)) == []
    assert OFFICE not in UNITS


def test_a_letter_that_did_not_arrive_stays_known(watched, tmp_path):
    own = replace(watched, watch=_elsewhere(watched.watch, tmp_path))
    assert tell(own, Channels(units=UNITS), lambda *_: False)["failed"]
    assert outbox.standing(tmp_path / ".log" / outbox.OUTBOX)["failed"]


def test_the_likely_end_lies_between_what_can_be_and_is_the_same_for_a_seed(watched):
    history = [watched.watch.missed]
    one, other = likely(watched, history), likely(watched, history)
    assert one == other and one.why_not is None and one.months == 4
    for low, high in one.total.values():
        assert 0 <= low <= high
    ranked = [place for place in one.place.values() if place]
    assert ranked and all(1 <= best <= worst <= len(watched.units) for best, worst in ranked)
    unranked = {one.unit_id for one in watched.standings if one.rank is None}
    assert {id for id, place in one.place.items() if place is None} == unranked


def test_the_interval_holds_four_of_five_draws(watched):
    total, _ = forecast._Model(watched, []).drawn(np.random.default_rng(1), forecast.DRAWS)
    for k, (low, high) in enumerate(likely(watched).total.values()):
        assert np.mean((low <= total[:, k]) & (total[:, k] <= high)) >= 0.8 or low == high
        inner = np.mean((low < total[:, k]) & (total[:, k] < high))
        assert inner <= 0.8  # and no more than it needs


def test_awards_to_come_are_added_up_and_stay_below_their_cap(watched, monkeypatch):
    model = forecast._Model(watched, [])
    assert model.city.awards.types

    def of(n):
        """As many awards in every second draw, none in the others."""
        return SimpleNamespace(
            gamma=lambda *given: np.ones(given[-1]),
            poisson=lambda rate: np.full(rate.shape, n) * [[0], [1]],
            choice=lambda worth, shape: np.full(shape, 100),
        )

    monkeypatch.setattr(forecast, "chosen", lambda *_: "3")
    for n, points in ((0, 0), (1, 100), (2, 200), (40, 300)):
        assert (model._awards(of(n), 2) == [[0], [points]]).all()


def test_half_a_month_is_left_at_its_middle(watched):
    model = forecast._Model(replace(watched, at=datetime(2026, 8, 16, 12)), [])
    assert model._left(model.at).tolist() == [0.0, 0.5, 1.0]


@pytest.mark.parametrize(("months", "told"), [(1, False), (2, True)])
def test_places_are_forecast_from_two_finished_months_on(watched, months, told):
    found = likely(replace(watched, at=FRIDAY if months == 1 else datetime(2026, 9, 2)))
    assert found.months == months and found.total
    assert any(found.place.values()) == told
    assert told or "does not tell how months differ" in found.no_place.en
    says = pages.Pages(watched, found, {}, "en").unit(watched.units[0], [])["says"]
    assert (found.no_place and found.no_place.en in says) or "place" in says[-1]


@pytest.mark.parametrize("off", [-1, 1])
def test_where_far_more_come_than_before_nothing_is_forecast(watched, monkeypatch, off):
    history = [watched.watch.missed]
    model = forecast._Model(watched, history)
    rows = model.past["case_rows"]
    now = (rows[:, 0].sum() + watched.came.sum()) / (1 + (FRIDAY - datetime(2026, 8, 1)) / timedelta(days=31))
    times = now / (rows[:, 1:].sum() / 3)
    monkeypatch.setattr(forecast, "UNLIKE", max(times, 1 / times) - off / 1000)
    found = likely(watched, history)
    assert bool(found.why_not) == (off == 1) == (not found.total)
    assert not found.why_not or "the past tells nothing" in found.why_not.en


def test_what_came_this_month_is_counted_by_unit_from_its_first_to_the_instant(watched):
    with (watched.watch.request.exports / "cases.csv").open(encoding="utf-8-sig") as stream:
        rows = [*csv.DictReader(stream)]
    came = Counter(row["unit_id"] for row in rows if "2026-08-01" <= row["dispatched_at"] < f"{FRIDAY}")
    assert dict(zip(watched.watch.missed.unit_ids, watched.came.tolist(), strict=True)) == {
        id: came[id] for id in watched.watch.missed.unit_ids
    }
    assert watched.came.sum() > 20 and timedelta(days=3) < watched.lag < timedelta(days=10)


def test_units_without_a_case_so_far_join_the_places_of_those_that_have_one(watched):
    """Of draws in which they get one: then there are more places, and a worse one is the last."""
    model = forecast._Model(watched, [watched.watch.missed])
    model.waits = ~model.ranked & False
    _, before = model.drawn(np.random.default_rng(1), 50)
    assert (before[:, ~model.ranked] == 0).all()
    model.waits = ~model.ranked
    _, after = model.drawn(np.random.default_rng(1), 50)
    joined = after[:, ~model.ranked] > 0
    assert joined.any() and (after[:, model.ranked] >= before[:, model.ranked]).all()
    assert (after.max(axis=1) <= (after > 0).sum(axis=1)).all()


def test_what_is_to_come_counts_when_its_time_has_come(watched):
    """Rows that count forty days after they come do not count in August any more, and in September a part of them."""

    def fresh(lag):
        model = forecast._Model(replace(watched, lag=lag), [watched.watch.missed])
        [one] = [one for one in model.measures if one.id == "case_rows"]
        left = np.broadcast_to(model._left(model.at), (20, len(model.now[one.id]), 3))
        return model._added(one, {}, left, np.ones((20, left.shape[1], 1)), np.random.default_rng(1)).sum(axis=(0, 1))

    soon, late = fresh(timedelta(0)), fresh(timedelta(days=40))
    assert soon[0] == late[0] == late[1] == 0 < soon[1] and 0 < late[2] < soon[2] / 3


def test_of_each_kind_of_finding_the_section_reads_eight_and_how_many_there_are(watched):
    unit = watched.units[0].unit
    nine, one = (
        [Finding("quick", unit.unit_id, (f"C{k}",), 2) for k in range(9)],
        Finding("perfect", unit.unit_id, (), 31),
    )
    watch = SimpleNamespace(
        **{
            name: getattr(watched.watch, name)
            for name in ("period", "cutoff", "readings", "rulebook", "missed", "intake", "warnings_of_day")
        },
        findings=(*nine, one),
    )
    page = pages.Pages(replace(watched, watch=watch), likely(watched), {}, "en").section()
    quick, perfect = page["findings"]
    assert len(quick["told"]) == 8 and quick["more"] == "1 more are in findings.csv."
    assert quick["told"][0].endswith("closed within 2 min of being sent out C0")
    rows = watched.watch.missed.whole("case_rows", watched.watch.readings)
    assert quick["says"].startswith(f"9 cases, {percent(9, int(rows.sum()))} of all the city's.")
    assert unit.unit_name in quick["says"] and perfect["says"] == perfect["more"] == "" and len(perfect["told"]) == 1


def test_a_pace_lies_between_the_unit_s_own_and_the_city_s():
    rows = np.array([0, 0, 4, 40, 400])
    drawn = np.quantile(forecast._pace(rows, 4.0, np.random.default_rng(1), 4000), 0.5, axis=0)
    assert 0 < drawn[0] < 1 and 0.8 < drawn[2] < 2 and 9 < drawn[3] < 11 and 95 < drawn[4] < 105


def test_a_city_s_months_tell_how_far_it_moves_as_a_whole():
    steady, lively = (forecast._together(np.array(one), np.random.default_rng(1), 4000) for one in ([3.0] * 9, [2, 3]))
    assert np.log(steady).std() < forecast.TOGETHER < np.log(lively).std() < 2.1 * forecast.TOGETHER


def test_however_wild_a_city_s_months_were_half_a_logarithm_is_the_most_that_it_is_thought_to_move():
    wild = forecast._together(np.array([0.0, 9.0] * 6), np.random.default_rng(1), 4000)
    assert np.log(wild).std() == pytest.approx(2 * forecast.TOGETHER, rel=0.05)


def test_a_long_past_speaks_no_louder_than_a_short_one():
    """Of ten thousand rows, half of them good, the share spreads as that of ``TRUST`` rows."""
    drawn = forecast._share(np.array([5000, 5000]), np.array([10_000, 10_000]), np.random.default_rng(1), 2000)
    assert np.allclose(drawn.std(axis=0), 0.5 / (forecast.TRUST + forecast.LEAN + 1) ** 0.5, rtol=0.1)


def test_the_counts_of_two_periods_before_are_taken_and_those_of_another_book_passed_over(watched, monkeypatch):
    asked, kept = [], {"2026Q2": "another book", "2026Q1": "this one"}

    def opened(folder, period, *_):
        asked.append(str(period))
        if folder == "another book":
            raise UsageRefusal(say("running.no_forecast_data"))
        return folder

    monkeypatch.setattr(forecast, "counted_in", lambda _, period: kept.get(str(period)))
    monkeypatch.setattr(forecast.Kept, "open", opened)
    monkeypatch.setattr(forecast, "read_registers", lambda folder: {}[folder])
    with pytest.raises(KeyError, match="this one"):  # of the second one the registers are read
        forecast.history_of(watched.watch)
    assert asked == ["2026Q2", "2026Q1"]
    kept.pop("2026Q2")
    asked.clear()
    with pytest.raises(KeyError, match="this one"):
        forecast.history_of(watched.watch)
    assert asked == ["2026Q1"]


@pytest.mark.parametrize(("off", "told"), [(-1, True), (0, False)])
def test_a_letter_tells_of_what_falls_due_within_three_days(watched, off, told):
    soon = watched.watch.horizons[1] + timedelta(seconds=off)
    step = next(one for one in watched.steps if one.cost and one.unit_id in UNITS)._replace(until=soon)
    assert bool([*letters(replace(watched, steps=(step,)), ALL)]) == told


def test_without_a_finished_month_there_is_no_forecast(watched):
    early = likely(replace(watched, at=datetime(2026, 7, 20)))
    assert early.why_not and "do not carry" in early.why_not.en and not early.total


@pytest.mark.slow
def test_the_flow_writes_the_day_and_rests_on_days_off(tmp_path, monkeypatch):
    from pipelines.edges import process
    from pipelines.flows.watch import watch

    make_sample(tmp_path / "exports/2026Q3", Period.parse("2026Q3"), 6, 200, 4)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(process, "now", lambda: FRIDAY)
    assert watch.fn(out=tmp_path / "out").startswith(str(tmp_path / "out/running/2026Q3/2026-08-14"))
    monkeypatch.setattr(process, "now", lambda: SATURDAY)
    assert watch.fn(out=tmp_path / "out") == "day off"


@pytest.mark.parametrize(("under", "least"), [("90", 20), ("96.5", 3), ("100", 1)])
def test_a_rate_is_warned_of_under_its_bound_and_from_so_many_on(watched, under, least):
    watch = watched.watch
    bounds = {"part": "satisfied", "of": "rated", "under": under, "at_least": str(least)}
    told = warn(watch.warehouse, WatchRules(warnings={"rate": bounds}), watch.missed, watch.rulebook, watch.readings,
                FRIDAY)
    counts = {id: (tally.count("satisfied"), tally.count("rated")) for id, tally in watch.tallies.items()}
    due = [id for id, (part, of) in counts.items() if of >= least and 100 * part < Fraction(under) * of]
    assert [words.zh.split("：")[0] for words in told] == sorted(due)
    assert due or under == "90"


def test_a_rate_that_the_book_does_not_have_is_refused(watched):
    watch, bounds = watched.watch, {"part": "smiles", "of": "rated", "under": "90", "at_least": "1"}
    with pytest.raises(UsageRefusal, match="smiles"):
        warn(watch.warehouse, WatchRules(warnings={"rate": bounds}), watch.missed, watch.rulebook, {}, FRIDAY)


@pytest.mark.slow
def test_a_month_watched_day_by_day(tmp_path):
    """What is seen hangs together from one day to the next, and ends where the run ends."""
    period = Period.parse("2026Q3")
    make_sample(tmp_path / "exports", period, 8, 500, 6)
    request = Request(period, tmp_path / "exports", tmp_path / "out", pdf=False)
    before: set = set()
    for n in range(31):
        at = datetime(2026, 8, 1, 8) + timedelta(days=n)
        with Watch(request, at) as watch:
            seen = watch.run().look()
            pages.write(seen, tmp_path / "out", likely(seen))
        assert all(one.missed_total <= one.held_total for one in seen.units)
        steps = {(one.counts, one.unit_id, one.case_id, one.ref_id, one.event): one for one in seen.steps}
        assert all(one.cost >= 0 and one.cost_of_row >= 0 for one in seen.steps), "an act that is done never worsens"
        came_back = {key for key in steps.keys() & before if steps[key].until and steps[key].until < at - timedelta(2)
                     and not steps[key].late}
        assert not came_back
        before = set(steps)
    days = pages.days(tmp_path / "out", period)
    assert len(days) == 31 and all(day["state"] == "运行中" for day in days)
    with Watch(request, period.end) as watch:
        end = watch.run().look()
    assert not end.steps and all(one.at_risk == 0 for one in end.units)
