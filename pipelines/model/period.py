"""A period that is scored: whole months in a row, as a half-open span of local time.

What a year is, a rulebook says: it may begin in any month and is named by the year in which it ends; halves and
quarters are counted from its beginning (semantics C20).
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

YEARS = range(1900, 9999)  # the end of December 9999 would be no date
MOST_MONTHS = 120  # of a span; a longer one is a slip of the pen

MONTH, QUARTER, HALF_YEAR, YEAR, SPAN = KINDS = ("month", "quarter", "half_year", "year", "span")
LENGTH = {MONTH: 1, QUARTER: 3, HALF_YEAR: 6, YEAR: 12}  # in months; a span has any

_YEAR, _MONTH = r"(?P<year>\d{4})", r"(?P<month>\d{1,2})"
_NUMBERS = {sign: n for signs in ("一二三四", "1234", "上下") for n, sign in enumerate(signs, 1)}
_FORMS = {
    MONTH: (rf"{_YEAR}-(?P<month>\d\d)", rf"{_YEAR}年{_MONTH}月"),
    QUARTER: (rf"{_YEAR}-?[Qq](?P<part>[1-4])", rf"{_YEAR}年第?(?P<part>[一二三四1-4])季度"),
    HALF_YEAR: (rf"{_YEAR}-?[Hh](?P<part>[12])", rf"{_YEAR}年(?P<part>[上下])半年"),
    YEAR: (_YEAR, rf"{_YEAR}年度?"),
    SPAN: (
        rf"{_YEAR}-(?P<month>\d\d)\.\.(?P<last_year>\d{{4}})-(?P<last_month>\d\d)",
        rf"{_YEAR}年{_MONTH}月?至(?:(?P<last_year>\d{{4}})年)?(?P<last_month>\d{{1,2}})月",
    ),
}


@dataclass(frozen=True, order=True)
class Period:
    """Months in a row, ordered by their first; made by :meth:`parse` or :meth:`holding`.

    ``first`` is the first month, counted from January of the year 0, ``n`` how many there are, ``kind`` one of
    ``KINDS``, ``year_starts`` the month (1 to 12) in which years begin.
    """

    first: int
    n: int
    kind: str
    year_starts: int = 1

    @classmethod
    def parse(cls, text: str, year_starts: int = 1) -> "Period":
        """Read ``2026-07``, ``2026Q3``, ``2026H1``, ``2026``, ``2026-01..2026-04`` (both included) or a Chinese name.

        ValueError for anything else, and for a month, a year or a span that cannot be.
        """
        folded = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
        for kind, forms in _FORMS.items():
            for form in forms:
                if match := re.fullmatch(form, folded):
                    return cls._of(kind, match.groupdict(default=""), year_starts, text)
        raise ValueError(text)

    @classmethod
    def is_name(cls, text: str) -> bool:
        """Whether a text is a period in the one spelling of its name."""
        try:
            return str(cls.parse(text)) == text
        except ValueError:
            return False

    @classmethod
    def _of(cls, kind: str, said: dict[str, str], year_starts: int, text: str) -> "Period":
        year = int(said["year"])
        if kind in (MONTH, SPAN):
            first = _month(year, said["month"], text)
            last = first if kind == MONTH else _month(int(said["last_year"] or year), said["last_month"], text)
            n, kind = last - first + 1, kind if last > first else MONTH
        else:
            n = LENGTH[kind]
            first = _first_of_year(year, year_starts) + n * (_NUMBERS.get(said.get("part", ""), 1) - 1)
        if not 1 <= n <= MOST_MONTHS or first // 12 not in YEARS or (first + n - 1) // 12 not in YEARS:
            raise ValueError(text)
        return cls(first, n, kind, year_starts)

    @classmethod
    def holding(cls, day: date, kind: str, year_starts: int = 1) -> "Period":
        """The period of a kind that a day or moment lies in; for spans, the month."""
        n, month = LENGTH.get(kind, 1), 12 * day.year + day.month - 1
        return cls(month - (month - year_starts + 1) % n, n, kind if kind != SPAN else MONTH, year_starts)

    def under(self, year_starts: int) -> "Period":
        """The same name where years begin in another month; a span that is a quarter, half or year is named so."""
        read = Period.parse(str(self), year_starts)
        kinds = (kind for kind, n in LENGTH.items() if n == read.n and read.kind == SPAN)
        return next((one for kind in kinds if (one := read.nearest(kind)).first == read.first), read)

    def nearest(self, kind: str) -> "Period":
        """The period of a kind that holds this one's first month."""
        return Period.holding(self.start, kind, self.year_starts)

    def like(self, day: date) -> "Period":
        """The period of its kind that a day lies in; around a span, the month."""
        if self.kind == SPAN and self.start.date() <= day <= self.last_day:
            return self
        return Period.holding(day, self.kind, self.year_starts)

    def parts(self, kind: str) -> tuple["Period", ...]:
        """The periods of a shorter kind that it is made of, in their order."""
        n = LENGTH[kind]
        return tuple(replace(self, first=first, n=n, kind=kind) for first in range(self.first, self.first + self.n, n))

    @property
    def start(self) -> datetime:
        """The first instant."""
        return datetime(self.first // 12, self.first % 12 + 1, 1)

    @property
    def end(self) -> datetime:
        """The first instant after."""
        return self.next.start

    @property
    def last_day(self) -> date:
        """The last day that is in it."""
        return self.end.date() - timedelta(days=1)

    @property
    def months(self) -> tuple[str, ...]:
        """Every month as ``2026-07``."""
        return tuple(f"{month // 12}-{month % 12 + 1:02d}" for month in range(self.first, self.first + self.n))

    @property
    def next(self) -> "Period":
        """The period of as many months after this one."""
        return self.ago(-1)

    @property
    def previous(self) -> "Period":
        """The period of as many months before this one."""
        return self.ago(1)

    @property
    def year_before(self) -> "Period":
        """The same months a year earlier."""
        return replace(self, first=self.first - 12)

    def ago(self, periods: int) -> "Period":
        """The period so many before this one: of a quarter, 1 is the last, 4 the same of last year."""
        return replace(self, first=self.first - periods * self.n)

    @property
    def year(self) -> int:
        """The year that names it: of a month or span the calendar's, where it begins; else the one that it ends in."""
        if self.kind in (MONTH, SPAN):
            return self.first // 12
        return (self.first - self.year_starts + 1) // 12 + (self.year_starts > 1)

    @property
    def number(self) -> int:
        """Which one of its year: of a month 1 to 12, of a quarter 1 to 4, of a half 1 or 2; 1 otherwise."""
        if self.kind == MONTH:
            return self.first % 12 + 1
        return (self.first - self.year_starts + 1) % 12 // self.n + 1 if self.kind != SPAN else 1

    def __str__(self) -> str:
        match self.kind:
            case "month":
                return self.months[0]
            case "quarter":
                return f"{self.year}Q{self.number}"
            case "half_year":
                return f"{self.year}H{self.number}"
            case "year":
                return str(self.year)
        return f"{self.months[0]}..{self.months[-1]}"


def _first_of_year(year: int, year_starts: int) -> int:
    return 12 * (year - (year_starts > 1)) + year_starts - 1


def _month(year: int, month: str, text: str) -> int:
    if not 1 <= int(month or 0) <= 12:
        raise ValueError(text)
    return 12 * year + int(month) - 1


_AFTER = re.compile(r"\+(\d{1,3})(?:(workingdays?|个?工作日)|(?:days?|天|日))", re.IGNORECASE)


@dataclass(frozen=True)
class After:
    """A moment that is right for every period: the first instant after the ``days``-th day that follows its last."""

    days: int
    working: bool  # only working days count

    @classmethod
    def parse(cls, text: str) -> "After | None":
        """Read ``+10 working days``, ``+5 days``, ``+10个工作日`` or ``+5天``; None for anything else."""
        match = _AFTER.fullmatch(re.sub(r"\s", "", unicodedata.normalize("NFKC", text)))
        return cls(int(match[1]), match[2] is not None) if match else None

    def of(self, period: Period, add_working_days: Callable[[date, int], date]) -> datetime:
        """The moment for a period, in local time; ``add_working_days`` is the calendar's."""
        if self.working:
            last = add_working_days(period.last_day, self.days)
        else:
            last = period.last_day + timedelta(days=self.days)
        return datetime(last.year, last.month, last.day) + timedelta(days=1)


@dataclass(frozen=True)
class Periods:
    """Which periods a rulebook scores: those of one ``kind``, of spans any, in years that begin in ``year_starts``."""

    kind: str = QUARTER
    year_starts: int = 1
    composed: tuple[str, ...] = ()  # longer kinds that are made of shorter ones

    def take(self, period: Period) -> Period | None:
        """The period as the book knows it, whatever name it was given; None where the book does not score it."""
        known = period.under(self.year_starts)
        return known if self.kind in (SPAN, known.kind) or known.kind in self.composed else None

    def holding(self, day: date) -> Period:
        """The period that a day or moment lies in."""
        return Period.holding(day, self.kind, self.year_starts)

    def before(self, moment: datetime) -> Period:
        """The last period that had ended at ``moment``."""
        return self.holding(moment).previous
