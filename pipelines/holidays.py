"""The State Council's yearly notice on holidays, read into a year of the working-day calendar."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.edges.calendar import SATURDAY
from pipelines.model.refusals import UsageRefusal
from pipelines.wording import say

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
    import chinese_calendar

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
