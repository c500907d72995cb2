"""What the log adds up to: case rows, assignments and absences. Nothing here is stored; all of it is replayed."""

import csv
import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from pipelines.edges.private import open_private
from pipelines.edges.process import gc_at_rest
from pipelines.engines.rete import Statechart, Transition
from pipelines.evaluators.inbox import Action
from pipelines.evaluators.log import Event
from pipelines.model.rule import PanelRules
from pipelines.model.text import BYTE_MARK, guarded
from pipelines.model.words import NotAllowed, UsageRefusal, Words
from pipelines.wording import say

# The life of a case row among the evaluators, as a statechart (E5.2, E6.0).


WAITING, ASSIGNED, REMINDED, RETURNED, WITHDRAWN, FINAL, PENDING = STATES = (
    "waiting",
    "assigned",
    "reminded",
    "returned",
    "withdrawn",
    "final",
    "pending",
)
OPEN = (ASSIGNED, REMINDED)  # somebody has the case
HOUR = 3600
POINTS = ("request_reasonable", "procedure_followed", "duty_done")  # what a rating speaks to (E5.3)


def transitions(rules: PanelRules) -> tuple[Transition, ...]:
    """Every way from state to state under the settings, the start first."""
    meant = {"asg": {"$m": "current"}}  # an event of an earlier assignment moves nothing
    in_time, over = {"$lt": {"worked": rules.working_days}}, {"$gte": {"worked": rules.working_days}}
    old = {"$gte": {"age": rules.after_hours * HOUR}}
    ways = [Transition("assign", WAITING, ASSIGNED, {"event": "assign"})]
    ways.append(Transition("remind", ASSIGNED, REMINDED, _all("tick", meant, old, in_time)))
    for state in OPEN:
        ways += [
            Transition(f"rate_{state}", state, FINAL, _all("rate", meant, in_time)),
            Transition(f"return_{state}", state, RETURNED, _all("return", meant, in_time)),
            Transition(f"withdraw_{state}", state, WITHDRAWN, _all("tick", meant, over)),
        ]
    for state in (RETURNED, WITHDRAWN):
        ways += [
            Transition(f"reassign_{state}", state, ASSIGNED, _all("assign", {"$lte": {"made": rules.at_most}})),
            Transition(f"leave_{state}", state, PENDING, _all("assign", {"$gt": {"made": rules.at_most}})),
        ]
    return tuple(ways)


def statechart(rules: PanelRules) -> Statechart:
    """The statechart, compiled."""
    return Statechart(transitions(rules))


def _all(event: str, *tests: dict) -> dict:
    return {"$and": [{"event": event}, *tests]}


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
    points: dict[str, bool] = field(default_factory=dict)  # of the three points, those that the rating speaks to
    asked_at: datetime | None = None  # for details from the unit (E4)
    answered_at: datetime | None = None
    declined_at: datetime | None = None  # to answer a question about the rating (E4)
    studied_at: datetime | None = None
    suggestion: str = ""  # of a study (E3)

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

    def __init__(self, events: Iterable[Event] = ()) -> None:
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
        assignment.points = {name: says[name] for name in POINTS if name in says}

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

    def _asked(self, event: Event, says: dict) -> None:
        self._noted(says).asked_at = event.at

    def _answered(self, event: Event, says: dict) -> None:
        self._noted(says).answered_at = event.at

    def _declined(self, event: Event, says: dict) -> None:
        self._noted(says).declined_at = event.at

    def _studied(self, event: Event, says: dict) -> None:
        assignment = self._noted(says)
        assignment.studied_at, assignment.suggestion = event.at, says["reason"]

    def _noted(self, says: dict) -> Assignment:
        """The assignment of an action that moves no case row."""
        self._accept(says)
        return self.assignments[says["assignment_id"]]

    def _refused(self, event: Event, says: dict) -> None:
        self.refused.append(event)

    def _read(self, event: Event, says: dict) -> None:
        """A file of the inbox of which every row is decided."""

    def _accept(self, says: dict) -> None:
        if "action_id" in says:
            self.actions[says["action_id"]] = says["digest"]


KINDS = ("case", "assigned", "reminded", "rated", "returned", "withdrawn", "pending", "away", "refused", "read") + (
    "asked",
    "answered",
    "declined",
    "studied",
)
TAKE = {kind: getattr(State, f"_{kind}") for kind in KINDS}


# Why an action of an evaluator is refused, and the event that keeps it.


AWAY = "away"
NOTED = {"ask": "asked", "answered": "answered", "decline": "declined", "study": "studied"}  # what moves no case row


def refusal_of(action: Action, state: State, known: set[str]) -> str | None:
    """The reason by its name in `evaluators.yaml`, None where nothing but the time limit can stand against it."""
    if action.action_id in state.actions:
        return "action_used"
    if action.evaluator_id not in known:
        return "unknown_evaluator"
    if action.action == AWAY:
        return None
    assignment = state.assignments.get(action.assignment_id)
    if assignment is None:
        return "unknown_assignment"
    if assignment.evaluator_id != action.evaluator_id:
        return "not_their_case"
    early = "before_assignment" if action.acted_at < assignment.assigned_at else None
    return early or _not_now(action, assignment) if action.action in NOTED else _closed(assignment) or early


def _not_now(action: Action, assignment: Assignment) -> str | None:
    """Why it cannot be asked, answered or declined as things stand (E4); a study is welcome at any time (E3)."""
    asked, answered = assignment.asked_at, assignment.answered_at
    if action.action == "ask":
        return "already_asked" if asked else _closed(assignment)
    if action.action == "answered":
        return "nothing_asked" if asked is None or action.acted_at < asked else "already_answered" if answered else None
    return "not_rated" if action.action == "decline" and not assignment.rated_at else None


def _closed(assignment: Assignment) -> str | None:
    if assignment.rated_at:
        return "already_rated"
    if assignment.returned_at:
        return "already_returned"
    return "after_withdrawal" if assignment.withdrawn_at else None


def refused_event(id: str, at: datetime, file: str, line: int, why: str | Words, row: dict) -> Event:
    """The event of a refused action: what was asked, and why it was not done."""
    reason = say(f"evaluators.refused_{why}") if isinstance(why, str) else why
    says = {"file": file, "line": line, "why": {"zh": reason.zh, "en": reason.en}, "row": row}
    return Event(id, at, "refused", says)


# The tables in the state folder, made anew from the log: `evaluations` for the scoring run, and what was refused.


KEYS = ("assignment_id", "派评编号")
EVALUATIONS, REFUSED = "evaluations.csv", "refused.csv"
COLUMNS = (
    "assignment_id",
    "case_id",
    "unit_id",
    "evaluator_id",
    "assigned_at",
    "reminded_at",
    "returned_at",
    "withdrawn_at",
    "rated_at",
    "rating",
    "reason",
    *POINTS,
    "asked_at",
    "answered_at",
    "declined_at",
    "studied_at",
    "suggestion",
)
REFUSED_COLUMNS = ("at", "file", "line", "action_id", "evaluator_id", "assignment_id", "action", "why", "row")


def write_evaluations(file: Path, state: State, keys: set[CaseKey]) -> None:
    """The table `evaluations` for the case rows of the exports at hand: a scoring run takes it as it is."""
    found = (one for key in sorted(keys & state.cases.keys()) for one in state.cases[key].assignments)
    _write(file, COLUMNS, (_evaluation(one) for one in found))


def must_be_ours(file: Path, state: State) -> None:
    """NotAllowed where ``file`` holds anything but evaluations that the log knows; UsageRefusal for no such place."""
    if file.is_dir() or not file.parent.is_dir():
        raise UsageRefusal(say("evaluators.no_place", file=file))
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            table = csv.DictReader(stream)
            key = next((name for name in KEYS if name in (table.fieldnames or KEYS)), None)
            ids = [(table.line_num, row.get(key)) for row in table] if key else [(1, "")]
    except FileNotFoundError:
        return
    except (UnicodeDecodeError, csv.Error):
        ids = [(1, "")]
    if foreign := [line for line, id in ids if id not in state.assignments]:
        raise NotAllowed(say("evaluators.not_ours", file=file, line=foreign[0]))


def write_refused(file: Path, state: State) -> None:
    """Every refused action with its reason, as it was sent."""
    _write(file, REFUSED_COLUMNS, (_refused(event.at, event.says) for event in state.refused))


def _evaluation(one: Assignment) -> list[str]:
    moments = (one.assigned_at, one.reminded_at, one.returned_at, one.withdrawn_at, one.rated_at)
    shown = [moment.isoformat(" ") if moment else "" for moment in moments]
    points = [str(one.points[name]).lower() if name in one.points else "" for name in POINTS]
    more = (one.asked_at, one.answered_at, one.declined_at, one.studied_at)
    noted = [moment.isoformat(" ") if moment else "" for moment in more]
    reason = guarded(one.reason) if one.rating else ""
    return [one.id, *one.case, one.evaluator_id, *shown, one.rating, reason, *points, *noted, guarded(one.suggestion)]


def _refused(at, says: dict) -> list[object]:
    row = says["row"]
    named = [row.get(name, "") for name in ("action_id", "evaluator_id", "assignment_id", "action")]
    whole = "; ".join(f"{name}={value}" for name, value in row.items())
    line, why = says["line"] or "", says["why"]["zh"]
    return [at.isoformat(" "), says["file"], line, *map(guarded, named), why, guarded(whole)]


def _write(file: Path, columns: tuple[str, ...], rows: Iterable[list]) -> None:
    """A CSV file for its owner alone, switched into place whole."""
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)
    with open_private(part, "w") as stream:
        stream.write(BYTE_MARK)
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(columns)
        table.writerows(rows)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(file)
