"""One step: everything that is due at a moment T, each thing an event of the log, in the order of time."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path

from pipelines.contracts.declared import load_contracts
from pipelines.edges.calendar import Calendar
from pipelines.edges.scratch import scratch
from pipelines.edges.warehouse import Warehouse
from pipelines.evaluators.eligibility import Choice, Evaluator, choose, fields_of, on_duty
from pipelines.evaluators.inbox import Action, InboxFile
from pipelines.evaluators.log import Event, Log
from pipelines.evaluators.state import (
    ASSIGNED,
    NOTED,
    OPEN,
    PENDING,
    POINTS,
    Assignment,
    CaseKey,
    CaseRow,
    State,
    refusal_of,
    refused_event,
    statechart,
)
from pipelines.model.contract import Contracts
from pipelines.model.rule import PanelRules
from pipelines.model.words import ContractStop, Words
from pipelines.stages.ingest import ingest
from pipelines.stages.validate import validate

# What the step needs of the exports: dissatisfied case rows, the panel, the names of units; all under contract.


TABLES = ("units", "matters", "cases", "evaluators", "appointment_steps", "guidance")


@dataclass(frozen=True)
class Dissatisfied:
    """A case row that the public rated dissatisfied."""

    key: CaseKey
    rated_at: datetime | None  # None counts as before any moment
    topics: tuple[str, ...]


@dataclass(frozen=True)
class Exports:
    """The exports as the evaluators' work sees them."""

    cases: tuple[Dissatisfied, ...]  # by the moment of the public's rating
    panel: tuple[Evaluator, ...]  # by evaluator_id
    units: dict[str, str]  # unit_id -> unit_name
    quarantined: int  # rows of these tables that a contract turned away
    simulated: bool
    steps: tuple[tuple[str, str, date], ...] = ()  # evaluator, step, day: what became of appointments (E7)
    training: tuple[tuple[str, date, str], ...] = ()  # kind, day, topic, the newest first (E6)


def joined(parts: list[Exports]) -> Exports:
    """Exports of several periods as one, the newest first: who or what stands in both is as the newer one has it."""
    panel = {one.evaluator_id: one for part in reversed(parts) for one in part.panel}
    cases = {one.key: one for part in reversed(parts) for one in part.cases}
    units = {id: name for part in reversed(parts) for id, name in part.units.items()}
    return Exports(
        tuple(sorted(cases.values(), key=lambda one: (one.rated_at or datetime.min, one.key))),
        tuple(panel[id] for id in sorted(panel)),
        units,
        sum(part.quarantined for part in parts),
        all(part.simulated for part in parts),  # typed moments count for invented data alone
        tuple(sorted({step for part in parts for step in part.steps}, key=lambda step: (step[2], step))),
        tuple(sorted({one for part in parts for one in part.training}, key=lambda one: one[1], reverse=True)),
    )


def read_exports(folder: Path) -> Exports:
    """Read and validate the tables that matter here; ContractStop where a contract stops the run."""
    every = load_contracts()
    contracts = Contracts({name: table for name, table in every.tables.items() if name in TABLES})
    with scratch() as work:  # nothing is copied there: only what memory cannot hold
        warehouse = Warehouse(spill=work)
        try:
            intake = ingest(warehouse, folder, contracts)
            stop_for(intake.stops)
            warehouse.lock(work)
            validation = validate(warehouse, intake, contracts)
            stop_for(validation.stops)
            quarantined = sum(count.quarantined for count in validation.rows.values())
            return _as_seen(warehouse, quarantined, intake.simulated)
        finally:
            warehouse.close()


def _as_seen(warehouse, quarantined: int, simulated: bool) -> Exports:
    cases = tuple(
        Dissatisfied((case, unit), rated, tuple(sorted(topics)))
        for case, unit, rated, topics in warehouse.rows("evaluators/dissatisfied")
    )
    people = ({**row, "fields": fields_of(row["fields"])} for row in warehouse.records("evaluators/panel"))
    panel = tuple(Evaluator(**row) for row in people)
    steps, training = (tuple(warehouse.rows(f"evaluators/{name}")) for name in ("steps", "training"))
    return Exports(cases, panel, dict(warehouse.rows("evaluators/units")), quarantined, simulated, steps, training)


def stop_for(stops: tuple[Words, ...]) -> None:
    """ContractStop with every reason, where there is one."""
    if stops:
        raise ContractStop(Words("\n".join(stop.zh for stop in stops), "\n".join(stop.en for stop in stops)))


# When the reminder is due and when the working days have run out (E5.2).


DAY = timedelta(days=1)


@dataclass(frozen=True)
class Clock:
    """The reading `evaluation_clock` over the working days of the calendar.

    Days are counted back from the moment asked about, as scoring does: no year is needed before it begins, and a
    moment in a year without a calendar is a Refusal that names the year.
    """

    calendar: Calendar
    rules: PanelRules
    reading: str = "reminder"

    def reminder_due(self, assignment: Assignment) -> datetime:
        """The moment from which the reminder is due."""
        return assignment.assigned_at + timedelta(hours=self.rules.after_hours)

    def starts(self, assignment: Assignment) -> date:
        """The day on which the clock starts; it does not count itself."""
        if self.reading == "assignment":
            return assignment.assigned_at.date()
        return (assignment.reminded_at or self.reminder_due(assignment)).date()

    def worked(self, assignment: Assignment, moment: datetime) -> int:
        """Full working days between the starting day and the day of ``moment``; no more than matter are counted."""
        day, count = self.starts(assignment) + DAY, 0
        while day < moment.date() and count < self.rules.working_days:
            count += self.calendar.is_working(day)
            day += DAY
        return count

    def limit(self, assignment: Assignment, moment: datetime) -> datetime | None:
        """The first instant after the last working day, None where that is after ``moment``."""
        day, left = self.starts(assignment), self.rules.working_days
        while left > 0:
            day += DAY
            if day >= moment.date():
                return None
            left -= self.calendar.is_working(day)
        return datetime.combine(day + DAY, datetime.min.time())


# One step: everything that is due at a moment T, each thing an event of the log, in the order of time.
#
# What people receive (a case, a reminder) carries T, because nobody can have received it earlier; what runs out carries
# the moment at which it ran out; what an evaluator did carries the moment at which it was done. A step is a function of
# the log, T, the exports and the inbox: run twice it adds nothing, killed half-way and run again it ends the same.


RATE, RETURN, AWAY = "rate", "return", "away"
HAPPENED = {RATE: "rated", RETURN: "returned"}


@dataclass
class Step:
    """A step in the making: the log, what it adds up to, and the rules that move it."""

    log: Log
    state: State
    clock: Clock
    exports: Exports
    at: datetime
    counts: Counter = field(default_factory=Counter)

    def __post_init__(self):
        self.rules = self.clock.rules
        self.move = moves(self.rules)

    def run(self, files: list[InboxFile]) -> "Step":
        """Inbox and time limits, reminders, new cases, assignments."""
        files = [file for file in files if f"read:{file.sha256}" not in self.log]
        self._turn_away(files)
        self._act([action for file in files for action in file.actions if action.acted_at <= self.at])
        self._file(files)
        self._remind()
        self._take()
        self._assign()
        self.log.sync()
        return self

    def add(self, event: Event) -> None:
        """Write an event and let the state follow it, once."""
        if self.log.append(event):
            self.state.apply(event)
            self.counts[event.kind] += 1

    def _turn_away(self, files: list[InboxFile]) -> None:
        for turned in (row for file in files for row in file.turned):
            id = f"refused:{turned.digest}"
            self.add(refused_event(id, self.at, turned.file, turned.line, turned.why, turned.row))

    def _act(self, actions: list[Action]) -> None:
        """What evaluators did and what ran out meanwhile, in the order of time; at one moment the limit comes first."""
        happenings = [(action.acted_at, 1, action.action_id, action) for action in actions]
        for assignment in list(self.state.open.values()):
            if limit := self.clock.limit(assignment, self.at):
                happenings.append((limit, 0, assignment.id, assignment))
        for moment, is_action, _, what in sorted(happenings, key=lambda one: one[:3]):
            if is_action:
                self._action(what)
            else:
                self._withdraw(what, moment)

    def _withdraw(self, assignment: Assignment, moment: datetime) -> None:
        moved = assignment.is_open and self._tick(assignment, moment)
        if moved and moved[1] not in OPEN:
            self.add(Event(f"withdrawn:{assignment.id}", moment, "withdrawn", {"assignment_id": assignment.id}))

    def _tick(self, assignment: Assignment, moment: datetime) -> tuple[str, str] | None:
        return self.move(self.state.cases[assignment.case].state, self._message("tick", assignment, moment))

    def _message(self, event: str, assignment: Assignment, moment: datetime) -> tuple[tuple[str, object], ...]:
        """The facts that a transition looks at; seconds up to the reminder are all that matter of the age."""
        row = self.state.cases[assignment.case]
        age = int((moment - assignment.assigned_at).total_seconds())
        due = int((self.clock.reminder_due(assignment) - assignment.assigned_at).total_seconds())
        worked = self.clock.worked(assignment, moment)
        asg, current = assignment.number, len(row.assignments)
        return (("event", event), ("asg", asg), ("current", current), ("age", min(age, due)), ("worked", worked))

    def _action(self, action: Action) -> None:
        if self.state.actions.get(action.action_id) == action.digest:
            return
        known = {one.evaluator_id for one in self.exports.panel}
        why = refusal_of(action, self.state, known)
        if why is None and action.action in HAPPENED:
            assignment = self.state.assignments[action.assignment_id]
            state = self.state.cases[assignment.case].state
            if self.move(state, self._message(action.action, assignment, action.acted_at)) is None:
                why = "too_late"
        if why:
            id = f"refused:{action.action_id}:{action.digest}"
            self.add(refused_event(id, self.at, action.file, action.line, why, action.row()))
        else:
            self.add(accepted_event(action))

    def _file(self, files: list[InboxFile]) -> None:
        """Note the files of which every row is decided: they need not be read again."""
        for file in files:
            if all(action.acted_at <= self.at for action in file.actions):
                says = {"file": file.name, "sha256": file.sha256}
                self.add(Event(f"read:{file.sha256}", self.at, "read", says))

    def _remind(self) -> None:
        due = (one for one in self.state.open.values() if not one.reminded_at)
        for assignment in [one for one in due if self.clock.reminder_due(one) <= self.at]:
            moved = self._tick(assignment, self.at)
            if moved and moved[0] == "remind":
                self.add(Event(f"reminded:{assignment.id}", self.at, "reminded", {"assignment_id": assignment.id}))

    def _take(self) -> None:
        for one in self.exports.cases:
            if one.key not in self.state.cases and (one.rated_at is None or one.rated_at < self.at):
                case, unit = one.key
                rated = one.rated_at.isoformat(" ") if one.rated_at else ""
                says = {"case_id": case, "unit_id": unit, "rated_at": rated, "topics": list(one.topics)}
                self.add(Event(f"case:{subject(case, unit)}", self.at, "case", says))

    def _assign(self) -> None:
        """Those who wait longest first; who has nobody eligible waits on."""
        day = self.at.date()
        duty = on_duty(list(self.exports.panel), self.state, self.rules, day)
        for row in sorted(self.state.unassigned.values(), key=_waiting):
            moved = self.move(row.state, (("event", "assign"), ("made", len(row.assignments))))
            if moved and moved[1] == PENDING:
                self.add(_left(row, self.at))
            elif moved and moved[1] == ASSIGNED:
                choice = choose(duty, row, self.state, self.rules, day)
                if choice.evaluator:
                    self.add(_given(row, choice, self.at))


@cache
def moves(rules):
    """The statechart's answer, remembered: the same state and message always lead to the same."""
    compiled = statechart(rules)

    @cache
    def move(state: str, message: tuple) -> tuple[str, str] | None:
        return compiled.move(state, dict(message))

    return move


def subject(*parts: object) -> str:
    """A short name for a case row or an assignment, the same on every machine."""
    return sha256("\0".join(map(str, parts)).encode()).hexdigest()[:16]


def _waiting(row: CaseRow) -> tuple:
    return row.rated_at or datetime.min, row.key


def _left(row: CaseRow, at: datetime) -> Event:
    case, unit = row.key
    return Event(f"pending:{subject(case, unit)}", at, "pending", {"case_id": case, "unit_id": unit})


def _given(row: CaseRow, choice: Choice, at: datetime) -> Event:
    (case, unit), number = row.key, len(row.assignments) + 1
    id = f"PJ{subject(case, unit, number)}"
    says = {
        "assignment_id": id,
        "case_id": case,
        "unit_id": unit,
        "number": number,
        "evaluator_id": choice.evaluator.evaluator_id,
        "barred": choice.barred,
    }
    return Event(f"assigned:{id}", at, "assigned", says)


def accepted_event(action: Action) -> Event:
    """The event of an action that was allowed."""
    says = {"action_id": action.action_id, "digest": action.digest, "evaluator_id": action.evaluator_id}
    if action.action == AWAY:
        until = action.away_until.isoformat() if action.away_until else ""
        span = {"away_from": action.away_from.isoformat(), "away_until": until}
        return Event(f"away:{action.action_id}", action.acted_at, "away", {**says, **span})
    if action.action in NOTED:
        noted = {"assignment_id": action.assignment_id, "reason": action.reason or ""}
        return Event(f"{NOTED[action.action]}:{action.action_id}", action.acted_at, NOTED[action.action], says | noted)
    kind = HAPPENED[action.action]
    points = {name: value for name in POINTS if (value := getattr(action, name)) is not None and kind == "rated"}
    facts = {"assignment_id": action.assignment_id, "rating": action.rating or "", "reason": action.reason or ""}
    return Event(f"{kind}:{action.assignment_id}", action.acted_at, kind, {**says, **facts, **points})
