"""The settings of the evaluators' work (E), as `rules/<edition>/evaluators.yaml` gives them."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class PanelRules:
    """How the panel works: whole numbers, conditions and preferences in order, and the clause of each."""

    size: int  # E0.1
    after_hours: int  # the reminder, E5.2
    working_days: int  # the limit, E5.2
    at_most: int  # reassignments of a case row
    term_years: int  # E7.0
    notice_months: int  # E7.0
    withdrawn: int  # who let so many cases run out is named to the office, E5.1
    conditions: tuple[str, ...]
    preferences: tuple[str, ...]
    clauses: dict[str, str] = field(hash=False)  # setting, condition or preference -> clause


# The names and numbers of the evaluators, looked for in texts that anybody may read (E5.5).


SHORTEST_NAME, SHORTEST_NUMBER = 2, 4
_BETWEEN = r"[\s\u00ad\u200b-\u200f\u2060\ufeff]*"  # blanks and unseen signs do not hide a name


@dataclass(frozen=True)
class Evaluator:
    """One row of the panel's table: where it stands, whom it names."""

    file: str
    line: int
    number: str
    name: str
    employer: str = ""  # the name of a unit


@dataclass(frozen=True)
class Panel:
    """Everybody whom no public text may name.

    ``coincidences`` are texts that hold a name and mean something else, such as a place. ``ordinary`` are texts that
    every page says: a name that is one of their words counts only behind its employer, a number that is one of
    ``public`` (units, cases …) or has no letter is not looked for at all. Both are empty for the texts of rows.
    """

    evaluators: tuple[Evaluator, ...]
    coincidences: tuple[str, ...] = ()
    ordinary: str = ""
    public: frozenset[str] = field(default=frozenset())
    pages: bool = False

    def found_in(self, text: str) -> Evaluator | None:
        """The first of them whom a text names or whose number it gives."""
        if not self._forms or not self._pattern.search(text):
            return None
        for coincidence in self.coincidences:
            text = text.replace(coincidence, "\0")
        place = 0
        while found := self._pattern.search(text, place):
            if not (_joins(found[0][0]) and found.start() and _joins(text[found.start() - 1])):
                return self._forms[_squeezed(found[0])]
            place = found.start() + 1
        return None

    @cached_property
    def _forms(self) -> dict[str, Evaluator]:
        forms: dict[str, Evaluator] = {}
        for one in self.evaluators:
            for form in self._forms_of(one):
                forms.setdefault(form, one)
        return forms

    def _forms_of(self, one: Evaluator) -> Iterable[str]:
        name, employer = _squeezed(one.name), _squeezed(one.employer)
        if len(name) >= SHORTEST_NAME:
            usual = bool(self.ordinary) and name in self.ordinary
            yield from [employer + name] if usual and employer else [] if usual else [name]
        number = _squeezed(one.number)
        if len(number) >= SHORTEST_NUMBER and not (self.pages and (number.isdigit() or one.number in self.public)):
            yield number

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(_spelled(form) for form in sorted(self._forms, key=lambda form: -len(form))))


def _spelled(form: str) -> str:
    """A form with anything unseen between its signs; letters and digits end where a word ends."""
    return _BETWEEN.join(map(re.escape, form)) + (r"(?![0-9A-Za-z])" if _joins(form[-1]) else "")


def _joins(sign: str) -> bool:
    return sign.isascii() and sign.isalnum()


def _squeezed(text: str) -> str:
    return re.sub(_BETWEEN, "", unicodedata.normalize("NFKC", text))
