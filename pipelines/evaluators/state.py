"""What the log adds up to: case rows, assignments and absences. Nothing here is stored; all of it is replayed."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from pipelines.evaluators.lifecycle import ASSIGNED, FINAL, PENDING, REMINDED, RETURNED, WAITING, WITHDRAWN
from pipelines.evaluators.log import Event, gc_at_rest

CaseKey = tuple[str, str]  # case_id, unit_id


@dataclass(slots=True)
class Assignment:
    """One assignment of a case row to an evaluator: a row of the table `evaluations`."""

    id: str
    case: CaseKey
    evaluator_id: str
    number: int  # 1 = the first of its case row
    assigned_at: datetime
    barred: int = 0  # how many were passed over because their employer is the unit judged
    reminded_at: datetime | None = None
    returned_at: datetime | None = None
    withdrawn_at: datetime | None = None
    rated_at: datetime | None = None
    rating: str = ""
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether somebody still has the case."""
        return not (self.returned_at or self.withdrawn_at or self.rated_at)


@dataclass(slots=True)
class CaseRow:
    """A case row that the public rated dissatisfied, and what became of it."""

    key: CaseKey
    rated_at: datetime | None
    topics: tuple[str, ...]  # what it is about, to match fields with
    taken_at: datetime
    state: str = WAITING
    assignments: list[Assignment] = field(default_factory=list)


class State:
    """Everything that the events so far add up to."""

    def __init__(self, events: Iterable[Event] = ()):
        self.cases: dict[CaseKey, CaseRow] = {}
        self.assignments: dict[str, Assignment] = {}
        self.open: dict[str, Assignment] = {}
        self.unassigned: dict[CaseKey, CaseRow] = {}  # somebody must get them
        self.load: dict[str, int] = defaultdict(int)  # evaluator -> open assignments
        self.had: dict[str, int] = defaultdict(int)  # evaluator -> assignments of all time
        self.who_had: dict[str, set[str]] = defaultdict(set)  # case_id -> evaluators
        self.away: dict[str, list[tuple[date, date]]] = defaultdict(list)
        self.actions: dict[str, str] = {}  # accepted action -> digest of its row
        self.refused: list[Event] = []
        with gc_at_rest():
            for event in events:
                self.apply(event)

    def apply(self, event: Event) -> None:
        """Take one event in."""
        TAKE[event.kind](self, event, event.says)

    def _case(self, event: Event, says: dict) -> None:
        key = (says["case_id"], says["unit_id"])
        rated = says["rated_at"]
        row = CaseRow(key, datetime.fromisoformat(rated) if rated else None, tuple(says["topics"]), event.at)
        self.cases[key] = self.unassigned[key] = row

    def _assigned(self, event: Event, says: dict) -> None:
        row = self.cases[says["case_id"], says["unit_id"]]
        who, id = says["evaluator_id"], says["assignment_id"]
        assignment = Assignment(id, row.key, who, says["number"], event.at, says["barred"])
        row.assignments.append(assignment)
        row.state = ASSIGNED
        del self.unassigned[row.key]
        self.assignments[id] = self.open[id] = assignment
        self.load[who] += 1
        self.had[who] += 1
        self.who_had[row.key[0]].add(who)

    def _reminded(self, event: Event, says: dict) -> None:
        assignment = self.assignments[says["assignment_id"]]
        assignment.reminded_at = event.at
        self.cases[assignment.case].state = REMINDED

    def _rated(self, event: Event, says: dict) -> None:
        assignment = self._close(event, says, FINAL)
        assignment.rated_at, assignment.rating, assignment.reason = event.at, says["rating"], says["reason"]

    def _returned(self, event: Event, says: dict) -> None:
        assignment = self._close(event, says, RETURNED)
        assignment.returned_at, assignment.reason = event.at, says["reason"]

    def _withdrawn(self, event: Event, says: dict) -> None:
        self._close(event, says, WITHDRAWN).withdrawn_at = event.at

    def _close(self, event: Event, says: dict, state: str) -> Assignment:
        assignment = self.open.pop(says["assignment_id"])
        self.load[assignment.evaluator_id] -= 1
        row = self.cases[assignment.case]
        row.state = state
        if state != FINAL:
            self.unassigned[row.key] = row
        self._accept(says)
        return assignment

    def _pending(self, event: Event, says: dict) -> None:
        key = (says["case_id"], says["unit_id"])
        self.cases[key].state = PENDING
        del self.unassigned[key]

    def _away(self, event: Event, says: dict) -> None:
        until = says["away_until"]
        span = date.fromisoformat(says["away_from"]), date.fromisoformat(until) if until else date.max
        self.away[says["evaluator_id"]].append(span)
        self._accept(says)

    def _refused(self, event: Event, says: dict) -> None:
        self.refused.append(event)

    def _read(self, event: Event, says: dict) -> None:
        """A file of the inbox of which every row is decided."""

    def _accept(self, says: dict) -> None:
        if "action_id" in says:
            self.actions[says["action_id"]] = says["digest"]


KINDS = ("case", "assigned", "reminded", "rated", "returned", "withdrawn", "pending", "away", "refused", "read")
TAKE = {kind: getattr(State, f"_{kind}") for kind in KINDS}
