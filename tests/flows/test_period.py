"""Which quarter a scheduled run scores."""

from datetime import datetime

import pytest

from pipelines.model.period import Periods


@pytest.mark.parametrize(
    ("scheduled", "period"),
    [
        ("2026-10-05T22:00:00+00:00", "2026Q3"),  # 6 October, six in the morning in the city
        ("2027-01-05T22:00:00+00:00", "2026Q4"),
        ("2026-04-06T06:00:00+08:00", "2026Q1"),
        ("2026-06-30T15:59:59+00:00", "2026Q1"),  # a second before midnight
        ("2026-06-30T16:00:00+00:00", "2026Q2"),  # midnight: the quarter has just ended
    ],
)
def test_a_scheduled_run_scores_the_quarter_that_ended_before_it(scheduled, period):
    from pipelines.flows.score_quarter import period_before

    assert str(period_before(datetime.fromisoformat(scheduled), Periods())) == period


def test_the_quarter_has_ended_by_the_clock_of_the_projects_zone():
    from pipelines.edges import process
    from pipelines.flows.score_quarter import local_time, period_before
    from pipelines.model.project import Project

    process.use(Project(zone="America/New_York"))
    try:
        assert str(period_before(datetime.fromisoformat("2026-07-01T03:59:59+00:00"), Periods())) == "2026Q1"
        assert str(period_before(datetime.fromisoformat("2026-07-01T04:00:00+00:00"), Periods())) == "2026Q2"
        assert local_time(datetime.fromisoformat("2026-07-01T04:00:00+00:00")) == datetime(2026, 7, 1)
    finally:
        process.use(Project())
