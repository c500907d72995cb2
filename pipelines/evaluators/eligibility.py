"""Who may take a case row and who comes first; appointments, their ends and what the certificate says (E7.0)."""

import re
import unicodedata
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from pipelines.evaluators.state import CaseRow, State
from pipelines.model.rule import PanelRules

# Who may take a case row, and who comes first: the conditions and preferences that the settings name.


@dataclass(frozen=True)
class Evaluator:
    """One of the panel, as the exports give them."""

    evaluator_id: str
    name: str
    employer_unit_id: str | None
    fields: tuple[str, ...]
    background: str | None
    appointed_on: date
    term_ends_on: date
    ended_on: date | None
    away_from: date | None
    away_until: date | None
    recommended_by: str | None = None

    @property
    def last_day(self) -> date:
        """The last day of the appointment."""
        return min(self.term_ends_on, self.ended_on or self.term_ends_on)


@dataclass(frozen=True)
class Choice:
    """Who gets a case, None where nobody may; ``barred`` counts those whose employer is the unit judged (E6.0)."""

    evaluator: Evaluator | None
    barred: int


def appointed(one: Evaluator, row: CaseRow, state: State, day: date) -> bool:
    """The appointment covers the day (E7.0)."""
    return one.appointed_on <= day <= one.last_day


def not_away(one: Evaluator, row: CaseRow, state: State, day: date) -> bool:
    """Neither the exports nor an action says that they are away that day, first and last day included (E5.4)."""
    exported = [(one.away_from, one.away_until or date.max)] if one.away_from else []
    return not any(first <= day <= last for first, last in (*exported, *state.away.get(one.evaluator_id, ())))


def other_employer(one: Evaluator, row: CaseRow, state: State, day: date) -> bool:
    """The employer is not the unit judged (E6.0)."""
    return one.employer_unit_id != row.key[1]


def new_to_case(one: Evaluator, row: CaseRow, state: State, day: date) -> bool:
    """They did not have this case before, for whichever unit."""
    return one.evaluator_id not in state.who_had.get(row.key[0], ())


CONDITIONS: dict[str, Callable[[Evaluator, CaseRow, State, date], bool]] = {
    "appointed": appointed,
    "not_away": not_away,
    "other_employer": other_employer,
    "new_to_case": new_to_case,
}
PREFERENCES: dict[str, Callable[[Evaluator, State], object]] = {
    "open_assignments": lambda one, state: state.load.get(one.evaluator_id, 0),
    "all_assignments": lambda one, state: state.had.get(one.evaluator_id, 0),
    "evaluator_id": lambda one, state: one.evaluator_id,
}
OF_THE_DAY = ("appointed", "not_away")  # the same for every case


def on_duty(panel: list[Evaluator], state: State, rules: PanelRules, day: date) -> list[Evaluator]:
    """Those who meet the conditions that no case changes."""
    tests = [CONDITIONS[name] for name in rules.conditions if name in OF_THE_DAY]
    return [one for one in panel if all(test(one, None, state, day) for test in tests)]


def choose(duty: list[Evaluator], row: CaseRow, state: State, rules: PanelRules, day: date) -> Choice:
    """Who of those on duty gets the case row."""
    names = [name for name in rules.conditions if name in CONDITIONS and name not in OF_THE_DAY]
    able = [one for one in duty if all(CONDITIONS[name](one, row, state, day) for name in names)]
    if "field_matches" in rules.conditions:
        able = [one for one in able if matches(one, row)] or able
    barred = sum(not other_employer(one, row, state, day) for one in duty) if "other_employer" in names else 0
    order = dict.fromkeys((*rules.preferences, "evaluator_id"))
    return Choice(min(able, key=lambda one: _rank(one, state, order), default=None), barred)


def _rank(one: Evaluator, state: State, order: Iterable[str]) -> tuple:
    return tuple(PREFERENCES[name](one, state) for name in order)


def matches(one: Evaluator, row: CaseRow) -> bool:
    """Whether a field of the evaluator is named in what the case is about, or the other way round (E0.1)."""
    topics = [folded(topic) for topic in row.topics]
    fields = [folded(field) for field in one.fields]
    return any(field in topic or topic in field for topic in topics for field in fields if field and topic)


def fields_of(text: str | None) -> tuple[str, ...]:
    """The fields in a cell of the exports."""
    return tuple(field.strip() for field in re.split(r"[;；、,，]", text or "") if field.strip())


@cache
def folded(text: str) -> str:
    """A text as it is compared; the same few fields and topics come again and again."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


# Appointments and their ends (E7.0): who is to be asked a month ahead, who is over, and what the certificate says.


LEEWAY = timedelta(days=2)  # the eve, the day itself, two years counted in days
RENEWAL, REPLACEMENT, OVER = "renewal", "replacement", "over"


@dataclass(frozen=True)
class Ending:
    """An appointment that ends: until when a wish to leave must be told, and what the recommending unit is asked."""

    evaluator: Evaluator
    last_day: date
    notice_by: date  # the last day on which leaving can be told in time
    proposal: str  # RENEWAL, REPLACEMENT, or OVER where no day is left
    steps: tuple[tuple[str, date], ...] = ()  # what was asked and decided, with its day
    todo: tuple[str, ...] = ()  # what is late or still to be done, by its name in `evaluators.yaml` of the wording

    @property
    def ended_early(self) -> bool:
        """Whether the appointment ends before its term does."""
        return self.last_day < self.evaluator.term_ends_on


def endings(
    panel: tuple[Evaluator, ...], on: date, rules: PanelRules, steps: tuple[tuple[str, str, date], ...] = ()
) -> list[Ending]:
    """Those in force on ``on`` whose notice is due, and those that have ended since the same time ago, soonest first.

    The notice is due from two notice periods before the end: one to ask, one to tell. Who has asked to leave or was
    released is among them, whenever the term ends. ``steps`` are of `appointment_steps`.
    """
    found = [_ending(one, on, rules, steps) for one in panel if one.appointed_on <= on]
    first, last = months_before(on, rules.notice_months), months_before(on, -2 * rules.notice_months)
    near = [one for one in found if first <= one.last_day <= last or one.proposal == REPLACEMENT and one.steps]
    return sorted(near, key=lambda ending: (ending.last_day, ending.evaluator.evaluator_id))


def _ending(one: Evaluator, on: date, rules: PanelRules, steps: tuple[tuple[str, str, date], ...]) -> Ending:
    own = tuple((step, day) for who, step, day in steps if who == one.evaluator_id and one.appointed_on <= day <= on)
    last, done = one.last_day, dict(own)
    leaves = last < one.term_ends_on or not done.keys().isdisjoint(("resigned", "released"))
    proposal = OVER if last < on else REPLACEMENT if leaves else RENEWAL
    notice_by = months_before(last, rules.notice_months)
    return Ending(one, last, notice_by, proposal, own, tuple(_todo(done, last < on, notice_by)))


def _todo(done: dict[str, date], over: bool, notice_by: date) -> Iterator[str]:
    """What E7.0 asks for and nobody recorded, or what was recorded too late."""
    if "resigned" in done and done["resigned"] > notice_by:
        yield "resigned_late"
    if "renewed" in done and over:
        yield "term_not_extended"
    if over and done.keys().isdisjoint(("renewed", "released")):
        yield "undecided"
    if not done.keys().isdisjoint(("resigned", "released")):
        if "replacement_asked" not in done:
            yield "ask_replacement"
        elif "replacement_named" not in done:
            yield "await_replacement"


def odd_terms(panel: tuple[Evaluator, ...], rules: PanelRules) -> list[Evaluator]:
    """Those whose term is not as long as E7.0 says: it ends at the anniversary, give or take how offices write that."""
    return [one for one in panel if abs(one.term_ends_on - _anniversary(one, rules)) > LEEWAY]


def _anniversary(one: Evaluator, rules: PanelRules) -> date:
    return months_before(one.appointed_on, -12 * rules.term_years)


def vacancies(panel: tuple[Evaluator, ...], on: date, rules: PanelRules) -> int:
    """How many are missing from the panel's size on a day, never below none (E0.1)."""
    return max(0, rules.size - sum(one.appointed_on <= on <= one.last_day for one in panel))


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month (later for a negative number), or that month's last where it has no such day."""
    count = day.year * 12 + day.month - 1 - months
    year, month = divmod(count, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
