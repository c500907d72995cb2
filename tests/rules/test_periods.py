"""Periods: every form is read, named and counted; years begin where the rulebook says."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.model.period import HALF_YEAR, KINDS, LENGTH, MONTH, MOST_MONTHS, QUARTER, SPAN, YEAR, Period, Periods

STARTS = st.integers(1, 12)
DAYS = st.dates(date(1950, 1, 1), date(2150, 12, 31))


@st.composite
def periods(draw):
    starts, day = draw(STARTS), draw(DAYS)
    kind = draw(st.sampled_from(KINDS))
    if kind != SPAN:
        return Period.holding(day, kind, starts)
    first = Period.holding(day, MONTH)
    return Period.parse(f"{first}..{first.ago(-draw(st.integers(1, MOST_MONTHS - 1)))}", starts)


@pytest.mark.parametrize(("text", "name", "first", "last"), [
    ("2026-07", "2026-07", "2026-07", "2026-07"),
    ("2026年7月", "2026-07", "2026-07", "2026-07"),
    ("２０２６年７月", "2026-07", "2026-07", "2026-07"),
    ("2026Q3", "2026Q3", "2026-07", "2026-09"),
    (" 2026-q3 ", "2026Q3", "2026-07", "2026-09"),
    ("2026年第三季度", "2026Q3", "2026-07", "2026-09"),
    ("2026年3季度", "2026Q3", "2026-07", "2026-09"),
    ("2026H1", "2026H1", "2026-01", "2026-06"),
    ("2026年下半年", "2026H2", "2026-07", "2026-12"),
    ("2026", "2026", "2026-01", "2026-12"),
    ("2026年度", "2026", "2026-01", "2026-12"),
    ("2026-01..2026-04", "2026-01..2026-04", "2026-01", "2026-04"),
    ("2026年1月至4月", "2026-01..2026-04", "2026-01", "2026-04"),
    ("2026年11月至2027年2月", "2026-11..2027-02", "2026-11", "2027-02"),
    ("2026-07..2026-07", "2026-07", "2026-07", "2026-07"),
    ("2025-12..2026-12", "2025-12..2026-12", "2025-12", "2026-12"),
])
def test_every_form_is_read(text, name, first, last):
    period = Period.parse(text)
    assert (str(period), period.months[0], period.months[-1]) == (name, first, last)


@pytest.mark.parametrize("text", [
    "2026-13", "2026-00", "2026-7", "2026Q5", "2026Q0", "2026H3", "2026H0", "20260", "226", "2026Q", "Q3", "",
    "2026-04..2026-01", "2026-01..2026-13", "2026-1..2026-4", "2026-01...2026-04", "2026年13月", "2026年第五季度",
    "2026年4月至1月", "1899-12", "9999-01", "9999", "2026-01..2036-01", "2026-07/08", "../2026", "2026Q3..2026Q4",
])
def test_nonsense_is_none(text):
    with pytest.raises(ValueError):
        Period.parse(text)


def test_the_longest_span_and_the_last_year_are_periods():
    assert Period.parse("2026-01..2035-12").n == MOST_MONTHS == 120
    assert Period.parse("9998").end.year == 9999 and Period.parse("1900-01").start.year == 1900


@pytest.mark.parametrize(("name", "first", "last"), [
    ("2026", "2025-11", "2026-10"),
    ("2026H1", "2025-11", "2026-04"),
    ("2026H2", "2026-05", "2026-10"),
    ("2026Q1", "2025-11", "2026-01"),
    ("2026Q2", "2026-02", "2026-04"),
    ("2026Q4", "2026-08", "2026-10"),
    ("2026-11", "2026-11", "2026-11"),
    ("2026-01..2026-04", "2026-01", "2026-04"),
])
def test_a_year_is_named_by_the_year_in_which_it_ends(name, first, last):
    """semantics C20: halves and quarters are counted from the year's start."""
    period = Period.parse(name, 11)
    assert (str(period), period.months[0], period.months[-1]) == (name, first, last)


@given(periods())
def test_a_name_is_read_back_and_is_safe_as_a_folders(period):
    assert Period.parse(str(period), period.year_starts) == period
    assert set(str(period)) <= set("0123456789-.QH") and not str(period).startswith((".", "-"))


@given(periods())
def test_months_follow_without_a_gap_or_an_overlap(period):
    assert len(period.months) == period.n and period.start < period.end
    assert period.next.start == period.end and period.previous.end == period.start
    assert period.next.previous == period == period.ago(0) and period.ago(3) == period.previous.previous.previous
    assert (period.next.kind, period.next.n) == (period.kind, period.n)
    assert period.previous < period < period.next
    assert period.months[0] == f"{period.start:%Y-%m}" and period.months[-1] == f"{period.last_day:%Y-%m}"
    assert Period.parse(str(period.next), period.year_starts) == period.next


@given(periods())
def test_the_year_before_is_the_same_months_a_year_earlier(period):
    before = period.year_before
    assert [name[4:] for name in before.months] == [name[4:] for name in period.months]
    assert int(before.months[0][:4]) == int(period.months[0][:4]) - 1
    if period.kind != SPAN:
        assert before == period.ago(12 // period.n) and before.number == period.number


@given(DAYS, st.sampled_from(tuple(LENGTH)), STARTS)
def test_a_day_lies_in_the_period_that_holds_it(day, kind, starts):
    period = Period.holding(day, kind, starts)
    assert period.start.date() <= day <= period.last_day and (period.kind, period.n) == (kind, LENGTH[kind])
    assert (period.start.month - starts) % LENGTH[kind] == 0
    assert period == Periods(kind, starts).holding(day) == period.like(day)


@given(DAYS, STARTS)
def test_four_quarters_two_halves_and_twelve_months_are_a_year(day, starts):
    year = Period.holding(day, YEAR, starts)
    assert year.year == year.last_day.year
    for kind in (QUARTER, HALF_YEAR):
        parts = [Period.parse(f"{year}{kind[0].upper()}{n}", starts) for n in range(1, 12 // LENGTH[kind] + 1)]
        assert [month for part in parts for month in part.months] == list(year.months)
        assert [part.number for part in parts] == list(range(1, len(parts) + 1))


@pytest.mark.parametrize(("given", "starts", "name"), [
    ("2026-07..2026-09", 1, "2026Q3"),
    ("2026-07..2026-09", 11, "2026-07..2026-09"),
    ("2025-11..2026-10", 11, "2026"),
    ("2025-11..2026-10", 1, "2025-11..2026-10"),
    ("2026-01..2026-12", 1, "2026"),
    ("2026-01..2026-12", 11, "2026-01..2026-12"),
    ("2026-07..2026-12", 1, "2026H2"),
    ("2026-06..2026-11", 1, "2026-06..2026-11"),
    ("2026Q3", 11, "2026Q3"),
])
def test_a_span_that_is_a_quarter_a_half_or_a_year_is_named_so(given, starts, name):
    assert str(Period.parse(given).under(starts)) == name


@pytest.mark.parametrize(("kind", "asked", "taken"), [
    (QUARTER, "2026Q3", "2026Q3"), (QUARTER, "2026-07..2026-09", "2026Q3"), (QUARTER, "2026-07", None),
    (QUARTER, "2026H1", None), (QUARTER, "2026", None), (QUARTER, "2026-06..2026-08", None),
    (MONTH, "2026-07", "2026-07"), (MONTH, "2026Q3", None), (HALF_YEAR, "2026H1", "2026H1"), (YEAR, "2026", "2026"),
    (SPAN, "2026-07", "2026-07"), (SPAN, "2026-01..2026-04", "2026-01..2026-04"), (SPAN, "2026-01..2026-03", "2026Q1"),
])
def test_a_book_takes_the_periods_of_its_kind(kind, asked, taken):
    found = Periods(kind).take(Period.parse(asked))
    assert (found and str(found)) == taken


@pytest.mark.parametrize(("kind", "starts", "moment", "name"), [
    (MONTH, 1, datetime(2026, 8, 1), "2026-07"),
    (MONTH, 1, datetime(2026, 7, 31, 23, 59, 59), "2026-06"),
    (QUARTER, 1, datetime(2026, 10, 1), "2026Q3"),
    (QUARTER, 1, datetime(2026, 9, 30, 23, 59, 59), "2026Q2"),
    (HALF_YEAR, 1, datetime(2027, 1, 1), "2026H2"),
    (YEAR, 11, datetime(2026, 11, 1), "2026"),
    (YEAR, 11, datetime(2026, 10, 31), "2025"),
    (SPAN, 1, datetime(2026, 8, 1), "2026-07"),
])
def test_the_last_period_that_had_ended(kind, starts, moment, name):
    assert str(Periods(kind, starts).before(moment)) == name
