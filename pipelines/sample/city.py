"""The invented city: its handling units, their workloads and tempers; and draws that come out alike everywhere."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from zlib import crc32

import yaml

from pipelines.edges.calendar import SATURDAY, Calendar
from pipelines.lazy import compute as pc
from pipelines.lazy import numpy as np
from pipelines.lazy import pyarrow as pa
from pipelines.model.period import Period

# Seeded draws that come out alike on every machine: PCG64, whole numbers, no logarithms or powers.


def stream(seed: int, *words: object):
    """The random stream of ``seed`` for a purpose; other words, another stream."""
    purpose = crc32("/".join(map(str, words)).encode())
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, purpose])))


def chance(rng, likelihood, count: int):
    """``count`` yes/no draws; ``likelihood`` is one number or one for each draw."""
    return rng.random(count) < likelihood


def weighted(rng, weights, count: int):
    """``count`` positions in ``weights``, heavier ones more often."""
    steps = np.cumsum(np.asarray(weights, dtype=float))
    return np.searchsorted(steps, rng.random(count) * steps[-1], side="right").clip(max=len(steps) - 1)


def between(rng, low, high):
    """Whole numbers from ``low`` to ``high``, both included, element by element."""
    low, high = np.broadcast_arrays(np.asarray(low, dtype="int64"), np.asarray(high, dtype="int64"))
    width = np.maximum(high - low, 0) + 1
    return low + (rng.random(low.shape) * width).astype("int64")


def some(rng, positions, count: int):
    """Up to ``count`` different ones of ``positions``, in ascending order."""
    chosen = rng.random(len(positions)).argsort(kind="stable")[:count]
    return np.sort(positions[chosen])


# Columns of the sample: whole numbers in NumPy, typed arrays in Arrow.


NONE = -(2**62)
DAY = 86_400


def stamps(seconds):
    """Seconds as timestamps, NONE as null."""
    return pa.array(seconds * 1_000_000, pa.int64(), mask=seconds == NONE).cast(pa.timestamp("us"))


def dates(days):
    """Days as dates, NONE as null."""
    return pa.array(days.astype("int32"), pa.int32(), mask=days == NONE).cast(pa.date32())


def labels(codes, options):
    """Texts chosen from ``options`` by position; a negative position is null."""
    positions = pa.array(codes, pa.int64(), mask=codes < 0)
    return pa.array(options, pa.string()).take(positions)


def positions(numbers, kept):
    """Whole numbers to take by; null where ``kept`` is false."""
    return pa.array(numbers, pa.int64(), mask=~kept)


def joined(*parts):
    """Texts and text columns put together row by row; a null part makes a null."""
    return pc.binary_join_element_wise(*parts, "")


def numbered(prefix, count, width=6):
    """``count`` codes such as ``EXT000001``."""
    return joined(prefix, digits(np.arange(1, count + 1), width))


def digits(numbers, width):
    """Whole numbers as texts with leading zeros."""
    return pc.utf8_lpad(pa.array(numbers, pa.int64()).cast(pa.string()), width, "0")


def compact_dates(days):
    """Days as ``20260701``."""
    first, last = (int(days.min()), int(days.max())) if len(days) else (0, 0)
    texts = [str(day).replace("-", "") for day in np.arange(first, last + 1).astype("datetime64[D]")]
    return labels(days - first, texts)


def decimals(hundredths):
    """Whole hundredths as decimals with two places."""
    return pa.array([Decimal(int(n)) / 100 for n in hundredths], pa.decimal128(18, 2))


# The words of the invented city, kept in `invented.yaml`.


@cache
def words(topic: str) -> tuple[str, ...]:
    """The words of a topic, such as ``surnames``, always in the same order."""
    return tuple(_all()[topic])


@cache
def _all() -> dict[str, list[str]]:
    return yaml.safe_load(Path(__file__).with_name("invented.yaml").read_text(encoding="utf-8"))


# The invented city: its handling units, their workloads and their tempers.
#
# A unit's temper hangs on its place in the city and a little on the seed, never on the quarter,
# so that two quarters tell of the same units.


GROUPS = ("市直部门", "县(市、区)", "公共服务企业")


@dataclass(frozen=True)
class City:
    """Per unit, by position: what it is called, how much it gets and how it works.

    ``late_signings`` and ``late_replies`` are expected rows a quarter; the other tempers are shares of rows.
    """

    unit_id: object
    unit_name: list[str]
    unit_group: list[str]
    ranked: object
    workload: object
    late_signings: object
    late_replies: object
    closing: object
    dissatisfied: object
    spotless: object

    @property
    def size(self) -> int:
        """How many units."""
        return len(self.unit_name)


def found_city(units: int, seed: int) -> City:
    """A city of ``units`` units: the third and sixth busiest are slow, some are late, every seventh spotless."""
    place = stream(0, "order of the units").random(units).argsort(kind="stable")  # busiest = place 0
    temper = 0.8 * stream(0, "temper").random(units) + 0.2 * stream(seed, "temper").random(units)
    slow, late, spotless = np.isin(place, (2, 5)), place % 9 == 4, place % 7 == 6
    aside = units >= 6
    expected = np.select([slow, late, spotless], [70 + 40 * temper, 8 + 16 * temper, 0 * temper], 5 * temper)
    careless = np.select([slow, spotless], [0.2 + 0.1 * temper, 0 * temper], 0.03 + 0.09 * temper)
    return City(
        unit_id=numbered("U", units, 3),
        unit_name=_names(units),
        unit_group=[_group(n, units) for n in range(units)],
        ranked=~(aside & (place == units - 2)),
        workload=np.where(aside & (place == units - 1), 0.0, 1 / (place + 2)),
        late_signings=expected,
        late_replies=expected * np.where(late, 0.4, 0.8),
        closing=np.select([slow, spotless], [0.86 + 0.06 * temper, 1 + 0 * temper], 0.96 + 0.04 * temper),
        dissatisfied=careless,
        spotless=spotless,
    )


def units_table(city: City) -> dict:
    """The table `units`."""
    return {"unit_id": city.unit_id, "unit_name": city.unit_name, "unit_group": city.unit_group, "ranked": city.ranked}


def assessments_table(city: City, rng) -> dict:
    """The table `assessments`: six scores a unit, in steps of a tenth or a quarter; one score is missing."""
    items = ("A1.1", "A1.2", "A1.3", "A2.1", "A2.2", "A2.3")
    unit = np.repeat(np.arange(city.size), len(items))
    by_tenths, by_quarters = 10 * rng.integers(0, 6, len(unit)), 25 * rng.integers(0, 3, len(unit))
    full = city.spotless[unit] | chance(rng, 0.5, len(unit))
    score = 500 - np.where(full, 0, np.where(chance(rng, 0.5, len(unit)), by_tenths, by_quarters))
    kept = np.arange(len(unit)) != 10  # the second unit has no score on A2.2
    item = np.tile(np.arange(len(items)), city.size)
    return {
        "unit_id": city.unit_id.take(unit[kept]),
        "item_id": labels(item[kept], items),
        "score": decimals(score[kept]),
        "assessor": ["考核组"] * int(kept.sum()),
        "note": joined("现场查看", labels(item[kept] % 2, ("台账", "制度"))),
    }


def _group(n: int, units: int) -> str:
    return GROUPS[(2 * n >= units) + (5 * n >= 4 * units)]


def _names(units: int) -> list[str]:
    pools = dict(zip(GROUPS, map(words, ("departments", "districts", "companies")), strict=True))
    taken = dict.fromkeys(GROUPS, 0)
    names = []
    for n in range(units):
        group = _group(n, units)
        round_, position = divmod(taken[group], len(pools[group]))
        taken[group] += 1
        names.append(f"模拟市{pools[group][position]}" + (f"第{round_ + 1}分局" if round_ else ""))
    return names


# The days around a quarter and which of them are worked.


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
        return self.worked[np.searchsorted(self.worked, days, side="right") + count - 1]


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def _is_worked(calendar: Calendar, day: date) -> bool:
    if day.year in calendar.years:
        return calendar.is_working(day)
    return day.weekday() < SATURDAY
