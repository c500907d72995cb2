"""Appointments and their ends (E7.0): who is to be asked a month ahead, who is over, and what the certificate says."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.evaluators.eligibility import Evaluator
from pipelines.model.panel import PanelRules

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
