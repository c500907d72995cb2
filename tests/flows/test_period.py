"""Which quarter a scheduled run scores."""

from datetime import datetime

import pytest


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
    from pipelines.flows.score_quarter import quarter_before

    assert str(quarter_before(datetime.fromisoformat(scheduled))) == period
