"""Working days of the State Council's calendar: a year from its notice, one file a year in `rules/calendars/`."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import yaml

from pipelines.edges import process
from pipelines.lazy import chinese_calendar
from pipelines.model.words import Refusal, UsageRefusal
from pipelines.paths import CALENDARS, shown
from pipelines.wording import load_plain, say

# The State Council's yearly notice on holidays, read into a year of the working-day calendar.


_DATE = r"(?:(?P<{0}year>\d{{4}})年)?(?:(?P<{0}month>\d{{1,2}})月)?(?P<{0}day>\d{{1,2}})日(?:\((?P<{0}aside>[^)]*)\))?"
_SPAN = re.compile(f"{_DATE.format('')}(?:[至到—~-]{_DATE.format('last_')})?")
_COUNT = re.compile(r"共(\d{1,2})天")
_WEEKDAY = re.compile(r"(?:周|星期)([一二三四五六日天])")
OFF, WORKED = "放假", "上班"
LONGEST = 12  # days of one holiday; a longer one is a slip


@dataclass(frozen=True)
class Year:
    """The days of one year that differ from its week: weekdays off, weekend days worked; in order."""

    year: int
    days_off: tuple[date, ...]
    make_up_days: tuple[date, ...]

    def text(self) -> str:
        """The calendar file."""
        lines = [
            f"# Working days of {self.year} in China: the State Council's arrangement of holidays.",
            "# days_off: weekdays that are not worked. make_up_days: weekend days that are.",
            f"year: {self.year}",
        ]
        for name in ("days_off", "make_up_days"):
            days: dict[int, list[date]] = {}
            for day in getattr(self, name):
                days.setdefault(day.month, []).append(day)
            lines.append(f"{name}:" if days else f"{name}: []")
            lines += [f"  - [{', '.join(map(str, of_month))}]" for of_month in days.values()]
        return "\n".join(lines) + "\n"


def read_notice(text: str, year: int) -> Year:
    """Read the notice on the holidays of ``year``.

    Args:
        text: its sentences, as published: “…：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。”
        year: which year the days are of that name none; days of another year are left to its own notice.

    Raises:
        UsageRefusal: no holiday is found, a day is none, a weekday or a count of days that the text names does not
            fit, or a day that is said to be worked lies in no weekend; with the sentence.

    """
    off: set[date] = set()
    worked: set[date] = set()
    for sentence in re.split(r"[。;；\n]", unicodedata.normalize("NFKC", text)):
        into = worked if WORKED in sentence else off if OFF in sentence else None
        if into is None:
            continue
        days: set[date] = set()
        month = None
        for match in _SPAN.finditer(sentence):
            found, month = _days(match, year, month, sentence)
            days |= found
        count = _COUNT.search(sentence)
        if into is off and count and len(days) != int(count[1]):
            raise _refused(sentence, "count", found=len(days), said=count[1])
        into |= days
    weekend = {day for day in worked if day.weekday() >= SATURDAY}
    if worked - weekend:
        raise UsageRefusal(say("calendar.no_weekend", day=min(worked - weekend)))
    if not off:
        raise UsageRefusal(say("calendar.no_notice", year=year))
    days_off = sorted(day for day in off if day.weekday() < SATURDAY and day.year == year)
    return Year(year, tuple(days_off), tuple(sorted(day for day in weekend if day.year == year)))


def known_year(year: int) -> Year:
    """The year as the library chinesecalendar knows it; UsageRefusal if it does not."""
    day, days = date(year, 1, 1), []
    while day.year == year:
        days.append(day)
        day += timedelta(days=1)
    try:
        worked = {day: chinese_calendar.is_workday(day) for day in days}
    except NotImplementedError:
        raise UsageRefusal(say("calendar.unknown_year", year=year)) from None
    off = tuple(day for day in days if day.weekday() < SATURDAY and not worked[day])
    return Year(year, off, tuple(day for day in days if day.weekday() >= SATURDAY and worked[day]))


def _days(match: re.Match[str], year: int, month: int | None, sentence: str) -> tuple[set[date], int]:
    """The days of one date or span, and the month that the next one is of unless it names its own."""
    first = _day(match, "", year, month, sentence)
    last = _day(match, "last_", first.year, first.month, sentence) if match["last_day"] else first
    if not 0 <= (last - first).days < LONGEST:
        raise _refused(sentence, "span", first=first, last=last)
    return {first + timedelta(days=n) for n in range((last - first).days + 1)}, last.month


def _day(match: re.Match[str], of: str, year: int, month: int | None, sentence: str) -> date:
    number = match[f"{of}month"] or month
    try:
        found = date(int(match[f"{of}year"] or year), int(number or 0), int(match[f"{of}day"]))
    except ValueError:
        raise _refused(sentence, "day", day=match[0]) from None
    if named := _WEEKDAY.search(match[f"{of}aside"] or ""):
        weekday = "一二三四五六日".index(named[1].replace("天", "日"))
        if weekday != found.weekday():
            raise _refused(sentence, "weekday", day=found, named=named[0])
    return found


def _refused(sentence: str, reason: str, **facts: object) -> UsageRefusal:
    return UsageRefusal(say(f"calendar.wrong_{reason}", sentence=sentence.strip()[:80], **facts))


# Working days of the State Council's calendar, one file a year in `rules/calendars/`.


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
