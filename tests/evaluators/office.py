"""A small office of the tests' own: people, dissatisfied cases, actions, and steps over a log in a folder."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from pipelines.edges.calendar import Calendar
from pipelines.edges.private import locked
from pipelines.evaluators.eligibility import Evaluator
from pipelines.evaluators.inbox import Action, InboxFile
from pipelines.evaluators.log import Log
from pipelines.evaluators.state import State
from pipelines.evaluators.step import Clock, Dissatisfied, Exports, Step
from pipelines.model.rule import PanelRules
from pipelines.paths import RULES
from pipelines.rulebook.settings import read_panel

CLAUSES = ("E0.1", "E5.1", "E5.2", "E5.4", "E5.5", "E6.0", "E7.0")
HOUR = timedelta(hours=1)


@cache
def rules() -> PanelRules:
    """The standard settings."""
    return read_panel(RULES / "standard", CLAUSES)


@cache
def calendar() -> Calendar:
    """The standard calendar."""
    return Calendar.load()


def clock(reading: str = "reminder") -> Clock:
    """The clock under the standard settings."""
    return Clock(calendar(), rules(), reading)


def person(id: str, **more: object) -> Evaluator:
    """An evaluator in force over the years of the tests, without an employer or a field."""
    usual = Evaluator(id, f"name of {id}", None, (), "expert", date(2013, 1, 1), date(2030, 12, 31), None, None, None)
    return replace(usual, **more)


def case(id: str, unit: str = "U1", rated_at: datetime | None = None, topics: tuple[str, ...] = ()) -> Dissatisfied:
    """A case row that the public rated dissatisfied, long ago if nothing else is said."""
    return Dissatisfied((id, unit), rated_at, topics)


def exports(people: list[Evaluator], cases: list[Dissatisfied]) -> Exports:
    """Exports with these people and cases."""
    return Exports(tuple(cases), tuple(people), {}, 0, False)


def act(assignment, action: str, at: datetime, id: str = "", who: str = "", **more: object) -> Action:
    """An action on an assignment by the evaluator who has it."""
    usual = {"rating": "satisfied", "reason": "in order"} if action == "rate" else {"rating": None, "reason": None}
    facts = {"away_from": None, "away_until": None, **usual, **more}
    return Action("inbox.csv", id or f"{action} {assignment.id} {at}", who or assignment.evaluator_id, action, at,
                  assignment.id, **facts)


def away(who: str, first: date, last: date | None, at: datetime, id: str = "away") -> Action:
    """An evaluator says that they are away."""
    return Action("inbox.csv", id, who, "away", at, None, None, None, first, last)


class Office:
    """Steps one after the other over a log in ``folder``."""

    def __init__(self, folder: Path, people: list[Evaluator], cases: list[Dissatisfied], reading: str = "reminder"):
        self.folder, self.seen, self.clock = folder, exports(people, cases), clock(reading)

    def step(self, at: datetime, *actions: Action) -> State:
        """Take a step; the state after it, replayed from the log's file."""
        with locked(self.folder) as folder:
            log = Log(folder)
            files = [InboxFile("inbox.csv", f"{at} {len(actions)}", actions, ())] if actions else []
            Step(log, State(log.events), self.clock, self.seen, at).run(files)
            log.close()
            return State(Log(folder).events)

    def hourly(self, first: datetime, last: datetime) -> State:
        """A step every hour."""
        while first < last:
            self.step(first)
            first += HOUR
        return self.step(last)

    @property
    def log(self) -> bytes:
        """The bytes of the log."""
        return (self.folder / "log.jsonl").read_bytes()


def only(state: State):
    """The one assignment of a state."""
    (assignment,) = state.assignments.values()
    return assignment
