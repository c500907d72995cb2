"""Case rows judged a second time: one row at a time, read off its accepted values, as the definitions are worded.

Nothing here is shared with the queries of `sql/facts`, which judge all rows at once and are what is published.
"""

import json
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]  # of a table by column, or a part of a `where` as it is written
DUE = "due_at"  # the only column worked out with which another can be compared; any other such word is a value
OUTSIDE = 0  # the month of a moment outside the period
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """What the definitions ask of the period; ``is_working`` tells a working day (a day without a calendar stops)."""

    start: datetime
    end: datetime
    cutoff: datetime
    working_days: int  # for an evaluation
    reminder_after_hours: int
    is_working: Callable[[date], bool]

    def happened(self, moment: datetime | None) -> bool:
        """Whether a moment lies before the cutoff: what comes later has not happened."""
        return moment is not None and moment < self.cutoff

    def month(self, moment: datetime | None) -> int:
        """Which month of the period a moment lies in, from 1."""
        if moment is None or moment < self.start or moment >= self.end:
            return OUTSIDE
        return (moment.year - self.start.year) * 12 + moment.month - self.start.month + 1


@dataclass(frozen=True)
class Papers:
    """All that other tables say of one case row: accepted rows of its case and unit, as they are."""

    extensions: tuple[Row, ...] = ()
    evaluations: tuple[Row, ...] = ()
    adjustments: tuple[Row, ...] = ()
    counted_before: tuple[Row, ...] = ()  # the published period that counted the row already


def judged(
    row: Row, papers: Papers, evaluators: Mapping[str, Row], span: Span, happened: Iterable[str]
) -> dict[str, Any] | None:
    """The columns of one case row as measures may ask them; None where it is excluded.

    ``happened`` are the columns of what happens: from the cutoff on it has not. Derived columns stand under the names
    of the readings' values, `waived` maps a rule, "" for any, to the first waiver that meets it.
    """
    if any(paper["action"] == "exclude_case" for paper in papers.adjustments):
        return None
    found = {**row, **{name: row[name] if span.happened(row[name]) else None for name in happened}}
    found["counted_before"] = bool(papers.counted_before)
    for name, in_time_only in (("approved", False), ("requested_in_time", True)):
        found[f"due_at__{name}"] = _deadline(row, papers, span, in_time_only)
    for clock in ("reminder", "assignment"):
        rating = _rating(row, papers, evaluators, span, clock)
        found[f"evaluation_pending__{clock}"] = rating == "pending"
        for pending in ("dissatisfied", "left_out"):
            final = {"none": None, "pending": "dissatisfied" if pending == "dissatisfied" else None}.get(rating, rating)
            found[f"final_rating__{clock}__{pending}"] = final
            for unrated in ("left_out", "satisfied"):
                counts = rating == "none" and unrated == "satisfied"
                found[f"rated__{clock}__{pending}__{unrated}"] = final is not None or counts
        for taken in ("with_basic", "full_only"):
            good = ("satisfied", "basically_satisfied") if taken == "with_basic" else ("satisfied",)
            for unrated in ("left_out", "satisfied"):
                counts = rating == "none" and unrated == "satisfied"
                found[f"satisfied__{clock}__{taken}__{unrated}"] = rating in good or counts
    return found


def waived(papers: Papers, *names: str) -> str | None:
    """The first waiver, by its id, that names one of these or no rule at all."""
    waivers = [
        paper["adjustment_id"]
        for paper in papers.adjustments
        if paper["action"] == "waive_deduction" and paper["rule_id"] in (None, *names) and paper["ref_id"] is None
    ]
    return min(waivers, default=None)


def _deadline(row: Row, papers: Papers, span: Span, in_time_only: bool) -> datetime | None:
    """The latest of the deadline and of every approved extension that was decided before the cutoff."""
    due = row["reply_due_at"]
    for paper in papers.extensions:
        decided, asked, until = paper["decided_at"], paper["requested_at"], paper["extended_until"]
        granted = paper["decision"] == "approved" and (decided is None or span.happened(decided))
        in_time = asked is not None and row["reply_due_at"] is not None and asked <= row["reply_due_at"]
        if granted and (in_time or not in_time_only) and until is not None:
            due = until if due is None else max(due, until)
    return due


def _rating(row: Row, papers: Papers, evaluators: Mapping[str, Row], span: Span, clock: str) -> str:
    """The public rating; where that is dissatisfied, the last valid evaluation, else pending."""
    rated_in_time = row["rated_at"] is None or span.happened(row["rated_at"])
    if row["public_rating"] is None or not rated_in_time:
        return "none"
    if row["public_rating"] != "dissatisfied":
        return row["public_rating"]
    voided = any(paper["action"] == "void_evaluation" for paper in papers.adjustments)
    valid = [] if voided else [one for one in papers.evaluations if _is_valid(one, evaluators, span, clock)]
    return max(valid, key=lambda one: (one["rated_at"], one["assignment_id"]))["rating"] if valid else "pending"


def _is_valid(one: Row, evaluators: Mapping[str, Row], span: Span, clock: str) -> bool:
    rated_at, evaluator = one["rated_at"], evaluators.get(one["evaluator_id"])
    if one["rating"] is None or one["reason"] is None or not span.happened(rated_at) or evaluator is None:
        return False
    if any(one[ended] is not None and one[ended] < rated_at for ended in ("returned_at", "withdrawn_at")):
        return False
    on = one["assigned_at"].date()
    last_days = [day for day in (evaluator["term_ends_on"], evaluator["ended_on"]) if day is not None]
    if any(on > day for day in last_days) or evaluator["appointed_on"] is not None and on < evaluator["appointed_on"]:
        return False
    return evaluator["employer_unit_id"] != one["unit_id"] and _in_time(one, span, clock)


def _in_time(one: Row, span: Span, clock: str) -> bool:
    """Rated by the end of the last of so many working days after the day on which the clock starts."""
    starts = one["assigned_at"]
    if clock == "reminder":
        starts = one["reminded_at"] or starts + timedelta(hours=span.reminder_after_hours)
    day, left = starts.date() + ONE_DAY, span.working_days
    while day < one["rated_at"].date():
        left -= span.is_working(day)
        if not left:
            return False
        day += ONE_DAY
    return True


def by_row(rows: Iterable[Row]) -> dict[tuple[str, str], tuple[Row, ...]]:
    """Rows of a table by the case and unit that they are about."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row["case_id"], row["unit_id"]), []).append(row)
    return {key: tuple(listed) for key, listed in found.items()}


# Measures read a second time: the `where` of a rulebook file as it is written, asked of one row after another.


Question = Callable[[Row], bool]
NUMBERS = ("decimal", "integer")
MOMENTS = ("timestamp", "date")
COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "equals": operator.eq,
    "at_most": operator.le,
    "at_least": operator.ge,
    "before": operator.lt,
    "less_than": operator.lt,
    "after": operator.gt,
    "more_than": operator.gt,
}


@dataclass(frozen=True)
class Reader:
    """Makes a question of the words of a `where`, read once and asked of one row after another.

    ``types`` are those of all columns that there could be. ``derived`` names, for each column that is worked out, the
    readings that bear on it: a row has its value under these readings.
    """

    readings: Mapping[str, str]
    types: Mapping[str, str]
    derived: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def asks(self, part: Any) -> Question:
        """Whether one part, or every one of several, is true of a row; an empty value makes no comparison true."""
        if not isinstance(part, Mapping):
            return _all([self.asks(one) for one in part])
        if "reading" in part:
            return self.asks(part[_chosen(part["reading"], self.readings)])
        return _all([self._says(key, value) for key, value in part.items()])

    def _says(self, key: str, value: Any) -> Question:
        if key == "any":
            several = [self.asks(one) for one in value]
            return lambda row: any(one(row) for one in several)
        if key == "all":
            return self.asks(value)
        if key == "not":
            return _not(self.asks(value))
        return _all([self._tests(key, test, bound) for test, bound in _tests_of(value)])

    def _tests(self, column: str, test: str, bound: Any) -> Question:
        if test == "not":
            return _not(_all([self._tests(column, name, value) for name, value in _tests_of(bound)]))
        name = _variant(column, self.readings, self.derived)
        if test == "given":
            return lambda row: (row.get(name) is not None) == (bound == "true")
        kind = self.types[column]
        if test == "in":
            values = [_value(one, kind) for one in bound]
            return lambda row: row.get(name) in values
        compare = COMPARED[test]
        if kind in (*MOMENTS, *NUMBERS) and (bound in self.types or bound == "cutoff"):
            beside = _variant(bound, self.readings, self.derived)
            return lambda row: None not in (sides := (row.get(name), row.get(beside))) and compare(*sides)
        value = _value(bound, kind)
        return lambda row: (have := row.get(name)) is not None and compare(have, value)


def _all(questions: Sequence[Question]) -> Question:
    return questions[0] if len(questions) == 1 else lambda row: all(question(row) for question in questions)


def _not(question: Question) -> Question:
    return lambda row: not question(row)


def _tests_of(value: Any) -> Iterable[tuple[str, Any]]:
    """What a column is compared with: (test, bound); a bare value is equal, a bare list holds it."""
    if isinstance(value, Mapping):
        return value.items()
    return [("in" if isinstance(value, list) else "equals", value)]


def _value(text: str, kind: str) -> object:
    if kind == "boolean":
        return text == "true"
    if kind in NUMBERS:
        return Decimal(text)
    if kind == "date":
        return date.fromisoformat(text)
    return datetime.fromisoformat(text) if kind == "timestamp" else text


def spelled(part: Any, readings: Mapping[str, str], derived: Mapping[str, Sequence[str]]) -> str:
    """One part of a `where` under these readings, in the one form by which the tally knows it.

    ``derived`` names, for each column that is worked out, the readings that bear on it.
    """
    return json.dumps(_plain(part, readings, derived), ensure_ascii=False, separators=(",", ":"))


def _plain(part: Any, readings: Mapping[str, str], derived: Mapping[str, Sequence[str]]) -> Row:
    if isinstance(part, list):
        return _whole([_plain(one, readings, derived) for one in part])
    if "reading" in part:
        return _plain(part[_chosen(part["reading"], readings)], readings, derived)
    found = []
    for key, value in part.items():
        if key in ("any", "all"):
            several = [_plain(one, readings, derived) for one in value]
            found.append({"any": several} if key == "any" else _whole(several))
        elif key == "not":
            found.append({"not": _plain(value, readings, derived)})
        else:
            found.append(_column(key, value, readings, derived))
    return _whole(found)


def _column(name: str, value: Any, readings: Mapping[str, str], derived: Mapping[str, Sequence[str]]) -> Row:
    found: list[Row] = []
    for test, bound in _tests_of(value):
        if test == "not":
            found.append({"not": _column(name, bound, readings, derived)})
        else:
            bound = _variant(DUE, readings, derived) if bound == DUE else bound
            found.append({_variant(name, readings, derived): {test: bound}})
    return _whole(found)


def _whole(found: list[Row]) -> Row:
    """Several as one; what stands alone stays as it is, and what is whole within a whole is taken out of it."""
    flat = [one for part in found for one in (part["all"] if set(part) == {"all"} else [part])]
    return flat[0] if len(flat) == 1 else {"all": flat}


def _variant(name: str, readings: Mapping[str, str], derived: Mapping[str, Sequence[str]]) -> str:
    return "__".join([name, *(_chosen(one, readings) for one in derived[name])]) if name in derived else name


def _chosen(reading: str, readings: Mapping[str, str]) -> str:
    """The value in force; an older book that does not know `counted_before` counts such rows again."""
    return readings[reading] if reading in readings or reading != "counted_before" else "again"
