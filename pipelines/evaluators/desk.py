"""The desk at which the work is done: opens the state folder, takes steps, and puts out what follows from the log."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from pipelines.edges import process as machine
from pipelines.edges.begun import STEP, begun
from pipelines.edges.calendar import Calendar
from pipelines.evaluators import outbox
from pipelines.evaluators.clock import Clock
from pipelines.evaluators.exports import Exports, joined, read_exports
from pipelines.evaluators.head import FOLDER
from pipelines.evaluators.inbox import read_inbox
from pipelines.evaluators.log import Log, gc_at_rest
from pipelines.evaluators.private import locked
from pipelines.evaluators.state import (
    EVALUATIONS,
    REFUSED,
    CaseKey,
    State,
    must_be_ours,
    write_evaluations,
    write_refused,
)
from pipelines.evaluators.step import Step
from pipelines.model.panel import PanelRules
from pipelines.model.refusals import NotAllowed, UsageRefusal
from pipelines.paths import RULES
from pipelines.rulebook import choose_readings, load_rulebook
from pipelines.rulebook.panel import READING, must_agree_on_the_clock
from pipelines.wording import say

STANDARD_RULES = RULES / "standard"
DEFAULT = FOLDER


@dataclass(frozen=True)
class Work:
    """What a step works from and where to: ``state`` is the restricted folder."""

    exports: Path
    inbox: Path | None
    state: Path
    rules: Path = STANDARD_RULES
    readings: Mapping[str, str] = field(default_factory=dict)
    evaluations: Path | None = None  # another place for the table, such as the exports folder of the scoring run
    before: "Work | None" = None  # the period before, while its evaluations go on beside this one's


@dataclass(frozen=True)
class Outcome:
    """What steps did: events by kind, and how things stand after them."""

    at: datetime
    counts: Counter
    waiting: int  # case rows that nobody eligible could take
    open: int
    turned: int  # rows of the exports that a contract turned away
    mended: bool  # a line that a crash had cut short was taken away
    later: int = 0  # actions of the inbox that are dated after the last step


@gc_at_rest()
def take_steps(
    work: Work, typed: list[datetime] | None = None, follow: Callable[[Step], None] = lambda step: None
) -> Outcome:
    """Take a step now by the clock or, for invented data alone, at each ``typed`` moment, in order.

    Moments before the end of the log are done already and passed over, so that a catch-up that was cut short can be
    repeated. NotAllowed where all of them are, where one lies in the future (nobody has received anything then), and
    where the log is of invented data and the exports are not, or the other way round; UsageRefusal where moments are
    ``typed`` for other data: reminders and limits count by the clock alone. ``follow`` is told of every step.
    Afterwards `evaluations.csv`, `refused.csv` and the outbox are as the log says.
    """
    now = machine.now()
    moments = typed or [now]
    if moments[-1] > now:
        raise NotAllowed(say("evaluators.in_future", at=moments[-1], now=now))
    works = [work, work.before] if work.before else [work]
    clock, found = clock_of(work, moments[0]), [read_exports(one.exports) for one in works]
    exports = joined(found)
    if typed and not exports.simulated:
        raise UsageRefusal(say("evaluators.typed_time", now=now))
    counts: Counter = Counter()
    with begun(work.state, STEP), locked(work.state) as folder:
        log = Log(folder)
        _must_be_of_the_same_data(log, exports)
        state = State(log.events)
        moments = _left(log, moments)
        for one in works:
            if one.evaluations:
                must_be_ours(one.evaluations, state)
        done = {event.says["sha256"] for event in log.events if event.kind == "read"}
        files = list(read_inbox(work.inbox, done)) if work.inbox else []
        try:
            for moment in moments:
                step = Step(log, state, clock, exports, moment).run(files)
                counts += step.counts
                follow(step)
        finally:
            log.close()
        put_out(folder, state, {case.key for case in exports.cases}, clock.rules)
        for one, part in zip(works, found, strict=True):
            if one.evaluations:
                write_evaluations(one.evaluations, state, {case.key for case in part.cases})
    mended = log.mended
    later = sum(action.acted_at > moments[-1] for file in files for action in file.actions)
    return Outcome(moments[-1], counts, len(state.unassigned), len(state.open), exports.quarantined, mended, later)


def _must_be_of_the_same_data(log: Log, exports: Exports) -> None:
    """What is added is marked as the exports are; typed moments of invented data must not stand among true ones."""
    log.simulated = exports.simulated
    if log.begun_simulated not in (None, exports.simulated):
        name = "log_simulated" if log.begun_simulated else "log_not_simulated"
        raise NotAllowed(say(f"evaluators.{name}", folder=log.file.parent))


def put_out(folder: Path, state: State, keys: set[CaseKey], rules: PanelRules) -> None:
    """The tables and the outbox in the restricted folder, from what the log adds up to; ``keys`` are the case rows."""
    write_evaluations(folder / EVALUATIONS, state, keys)
    write_refused(folder / REFUSED, state)
    outbox.put_reminders(outbox.open_outbox(folder), state, rules)


def replayed(folder: Path, at: datetime | None = None) -> State:
    """How things stood at a moment, or stand now where none is given."""
    with locked(folder):
        events = Log(folder).events
    return State(event for event in events if at is None or event.at <= at)


def moments_between(first: datetime | None, at: datetime, hours: int) -> list[datetime]:
    """``at`` alone, or every ``hours`` from ``first`` on, ``at`` always the last; UsageRefusal for ``first`` later."""
    if first and first > at:
        raise UsageRefusal(say("evaluators.from_after_at", first=first, at=at))
    moments, moment = [], first or at
    while moment < at:
        moments.append(moment)
        moment += timedelta(hours=hours)
    return [*moments, at]


def clock_of(work: Work, moment: datetime) -> Clock:
    """The clock under the rules and readings in force on the day of ``moment``."""
    rulebook = load_rulebook(work.rules, moment.date())
    readings = choose_readings(rulebook, work.readings)
    rules = must_agree_on_the_clock(rulebook)
    return Clock(Calendar.load(), rules, readings[READING])


def _left(log: Log, moments: list[datetime]) -> list[datetime]:
    """The moments that the log has not passed."""
    last = max((event.at for event in log.events), default=moments[0])
    if moments[-1] < last:
        raise NotAllowed(say("evaluators.earlier", last=last, at=moments[-1]))
    return [moment for moment in moments if moment >= last]
