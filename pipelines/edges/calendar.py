"""Working days of the State Council's calendar, one file a year in `rules/calendars/`."""

from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import yaml

from pipelines.edges import process
from pipelines.model.refusals import Refusal
from pipelines.paths import CALENDARS, shown
from pipelines.wording import load_plain, say

SATURDAY = 5
AHEAD = 10  # the month from which the next year is asked for: limits of the fourth quarter reach into it


@dataclass(frozen=True)
class Calendar:
    """Which days are worked, for the years that have a file; a day of another year is a Refusal."""

    years: frozenset[int]
    days_off: frozenset[date]
    make_up_days: frozenset[date]
    sha256: str
    folder: Path = CALENDARS

    @classmethod
    def load(cls, folder: Path | None = None) -> "Calendar":
        """Read every ``<year>.yaml`` of a folder, the project's where None; a Refusal for a file that is none."""
        folder = folder or process.project().calendars or CALENDARS
        years, off, made_up, digest = set(), set(), set(), sha256()
        for file in sorted(folder.glob("[0-9][0-9][0-9][0-9].yaml")):
            content = file.read_bytes()
            digest.update(file.name.encode() + b"\0" + content)
            year, days_off, make_up_days = _year(file, content)
            years.add(year)
            off.update(days_off)
            made_up.update(make_up_days)
        return cls(frozenset(years), frozenset(off), frozenset(made_up), digest.hexdigest(), folder)

    def is_working(self, day: date) -> bool:
        """Whether ``day`` is worked, make-up days included."""
        self.require(day)
        return day in self.make_up_days or (day.weekday() < SATURDAY and day not in self.days_off)

    def add_working_days(self, day: date, count: int) -> date:
        """The ``count``-th working day after ``day``; the starting day does not count."""
        while count > 0:
            day += timedelta(days=1)
            count -= self.is_working(day)
        return day

    def lacking(self, today: date) -> int | None:
        """The year to be added: that of ``today``, else from October on the next; None if neither lacks."""
        wanted = (today.year, today.year + 1) if today.month >= AHEAD else (today.year,)
        return next((year for year in wanted if year not in self.years), None)

    def require(self, day: date) -> None:
        """A Refusal that names the file to add where the year of ``day`` is not covered."""
        if day.year not in self.years:
            raise Refusal(
                say(
                    "calendar.uncovered",
                    year=day.year,
                    first=min(self.years, default="-"),
                    last=max(self.years, default="-"),
                    file=shown(self.folder / f"{day.year}.yaml"),
                )
            )

    def all_days(self) -> list[tuple[date, int]]:
        """Every covered day with the number of working days up to and including it, counted from the first."""
        counted, days = 0, []
        for year in sorted(self.years):
            day = date(year, 1, 1)
            while day.year == year:
                counted += self.is_working(day)
                days.append((day, counted))
                day += timedelta(days=1)
        return days


def _year(file: Path, content: bytes) -> tuple[int, list[date], list[date]]:
    try:
        document = load_plain(content)
        year = int(document["year"])
        days_off = [day for month in document["days_off"] for day in month]
        make_up_days = [day for month in document["make_up_days"] for day in month]
        wrong = [day for day in days_off + make_up_days if not isinstance(day, date) or day.year != year]
        if wrong or year != int(file.stem):
            raise ValueError(wrong or year)
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as problem:
        facts = {"file": shown(file), "problem": str(problem).splitlines()[0]}
        raise Refusal(say("calendar.unreadable", **facts)) from None
    return year, days_off, make_up_days
