"""The running period in a notebook: what-ifs against the pages, and the film of the days."""

import pytest

from pipelines import Running
from pipelines.model.period import Period
from pipelines.model.points import CENT
from pipelines.model.words import UsageRefusal
from pipelines.paths import ROOT
from pipelines.running import pages, watch
from pipelines.running.forecast import likely
from pipelines.sample.make import make_sample


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook")
    make_sample(folder / "exports", Period.parse("2026Q3"), 6, 500, 4)
    return Running.of("2026Q3", folder / "exports", "2026-08-14T09:00", folder / "out")


def test_nothing_done_all_done_and_what_is_due(running):
    everything, nothing = running.what_if(), running.what_if("day", units=["U001"], events=["implemented_at"])
    assert (everything.so_done == everything.all_done).all()
    assert (nothing.so_done >= nothing.nothing_done).all()
    kept = {one.unit.unit_id: one for one in running.watched.units}
    week = running.what_if("five_working_days").set_index("unit_id")
    for id, one in kept.items():
        assert one.missed_total / CENT <= week.so_done[id] <= one.held_total / CENT
        assert everything.set_index("unit_id").place[id] == one.place or one.place is None
    assert (week.so_done > week.nothing_done).any()


def test_a_few_acts_of_one_unit_move_that_unit_alone(running):
    unit = max(running.watched.units, key=lambda one: one.at_risk).unit.unit_id
    frame = running.what_if(units=unit, events="replied_at").set_index("unit_id")
    moved = frame[frame.so_done != frame.nothing_done]
    assert set(moved.index) <= {unit}


def test_so_many_ratings_to_come_are_counted_and_not_one_more(running, monkeypatch):
    """A unit whose total falls at the second rating at the earliest falls at none, where one is counted."""
    told = running.look._ratings()
    after = max(one.falls_after for one in told.values())
    assert after > 1
    for most, falls in ((after - 1, 0), (after, after)):
        monkeypatch.setattr(watch, "MOST_RATINGS", most)
        found = running.look._ratings()
        for unit, one in told.items():
            assert found[unit].cases == one.cases
            assert one.falls_after != after or found[unit].falls_after == falls


@pytest.mark.parametrize("given", [{"due": "tomorrow"}, {"units": "U999"}, {"events": "smiled_at"}])
def test_a_name_that_is_none_is_refused_with_those_that_are(running, given):
    with pytest.raises(UsageRefusal, match="known are"):
        running.what_if(**given)


def test_the_frame_and_the_steps_say_what_the_pages_say(running):
    assert list(running.frame.unit_id) == [one.unit.unit_id for one in running.watched.units]
    assert len(running.steps) == len(running.watched.steps)
    assert "no assessment" in running.title or "非考核结果" in running.title


def test_the_film_shows_the_days_that_were_watched(running):
    assert running.film().empty
    pages.write(running.watched, running.out, likely(running.watched))
    film = running.film()
    assert len(film) == len(running.watched.units)
    assert film["at"][0].isoformat() == "2026-08-14T09:00:00"
    assert "place_if_kept" in running.chart().to_json()


@pytest.mark.parametrize("book", ["panjin", "lianyungang"])
def test_under_another_citys_book_more_that_is_done_is_never_worse(running, book):
    """Panjin's call-backs are a part of what is closed: closing what was not called back lowers that rate."""
    exports, rules = running.look.watch.request.exports, ROOT / "examples" / book / "rulebook"
    other = Running.of("2026-08", exports, "2026-08-14T09:00", running.out, rules)
    done = [other.what_if(due).so_done for due in ("day", "three_days", "five_working_days", "end")]
    nothing = other.what_if().nothing_done
    for less, more in zip([nothing, *done], done, strict=False):
        assert (more >= less).all()
    if book == "panjin":
        assert (other.steps.event == "closed_at").sum() < (other.steps.event == "replied_at").sum()
    assert (other.steps.costs >= 0).all() and len(other.steps)
