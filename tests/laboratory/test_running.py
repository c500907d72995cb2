"""A finished quarter watched again, by its own rulebook and readings: at its end the same figures."""


def test_at_the_end_the_watch_is_the_quarter(out, quarter):
    running = quarter.watch(out.parent / "exports/2026Q3", quarter.period.end)
    expected = quarter.ranking.set_index("unit_id")
    found = running.frame.set_index("unit_id")
    assert list(found.index) == list(expected.index)
    assert (found.can_be_kept == expected.total).all()
    assert (found.place_if_kept.fillna(0) == expected["rank"].fillna(0)).all()
    assert (found.at_risk == 0).all()


def test_before_it_there_is_something_to_do(out, quarter):
    running = quarter.watch(out.parent / "exports/2026Q3", "2026-09-10")
    assert len(running.steps) and (running.frame.at_risk > 0).any()
    assert running.look.watch.readings == dict(quarter.readings)
