"""Who may take a case row, and who comes first: the conditions and preferences that the settings name."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache

from pipelines.evaluators.state import CaseRow, State
from pipelines.model.panel import PanelRules


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
