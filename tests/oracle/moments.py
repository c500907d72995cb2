"""Quarters, months, the cutoff and working days, in the plainest form."""

from datetime import date, datetime, timedelta

import chinese_calendar


def period_bounds(period: str) -> tuple[datetime, datetime]:
    """Period: from the quarter's first instant to, not including, the first instant of the next quarter."""
    year, number = int(period[:4]), int(period[5])
    start = datetime(year, 3 * number - 2, 1)
    end = datetime(year + 1, 1, 1) if number == 4 else datetime(year, 3 * number + 1, 1)
    return start, end


def months_of(period: str) -> list[str]:
    """The three months of a quarter, such as 2026-07."""
    year, number = period[:4], int(period[5])
    return [f"{year}-{month:02d}" for month in range(3 * number - 2, 3 * number + 1)]


def month_of(day: date) -> str:
    """The month that a date or an instant lies in, such as 2026-07."""
    return f"{day.year}-{day.month:02d}"


def cutoff_of(period: str, given: str | datetime | None) -> datetime:
    """Cutoff: the period's end unless a later time is given; a date alone means its first instant."""
    end = period_bounds(period)[1]
    if given is None:
        return end
    cutoff = given if isinstance(given, datetime) else datetime.fromisoformat(given)
    if cutoff < end:
        raise ValueError("a cutoff before the period's end is a usage error")
    return cutoff


def second_working_day_after(day: date) -> date:
    """Valid evaluation: the 2nd working day after the starting day, which itself does not count."""
    left = 2
    while left:
        day += timedelta(days=1)
        if chinese_calendar.is_workday(day):
            left -= 1
    return day
