"""The days around a quarter and which of them are worked."""

from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.edges.calendar import SATURDAY, Calendar
from pipelines.model.period import Period
from pipelines.sample.columns import DAY

EPOCH = date(1970, 1, 1)
DAYS_BEFORE = 16  # cases sent out so long before the quarter fall due at its edge
DAYS_OF_GRACE = 6  # the export is taken so many days after the quarter


@dataclass(frozen=True)
class Span:
    """A quarter in days since 1970: dispatches from ``first`` to before ``end``, exported at ``taken``."""

    first: int
    start: int
    end: int
    worked: object  # every worked day from well before to well after, ascending

    @classmethod
    def of(cls, period: Period, calendar: Calendar) -> "Span":
        """The span of ``period``; in years without a calendar file the weekdays are worked."""
        import numpy as np

        start, end = day_number(period.start.date()), day_number(period.end.date())
        around = range(start - 3 * DAYS_BEFORE, end + 120)
        worked = [day for day in around if _is_worked(calendar, EPOCH + timedelta(days=day))]
        return cls(start - DAYS_BEFORE, start, end, np.array(worked))

    @property
    def taken(self) -> int:
        """The second at which the export is taken; later events are not in it."""
        return (self.end + DAYS_OF_GRACE) * DAY

    def working_day(self, days, count):
        """The ``count``-th worked day after each of ``days``."""
        import numpy as np

        return self.worked[np.searchsorted(self.worked, days, side="right") + count - 1]


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def _is_worked(calendar: Calendar, day: date) -> bool:
    if day.year in calendar.years:
        return calendar.is_working(day)
    return day.weekday() < SATURDAY
