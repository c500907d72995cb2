"""The desk: opens the state folder, takes steps, says how things stand, and sends what is ready to its addresses."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path

from pipelines.edges import process
from pipelines.edges import process as machine
from pipelines.edges.calendar import Calendar
from pipelines.edges.folders import PUBLISHED
from pipelines.edges.notify import Hours, deliver, hours, is_address, is_quiet
from pipelines.edges.private import locked, pseudonym, read_key
from pipelines.edges.runs import STEP, begun
from pipelines.evaluators import outbox
from pipelines.evaluators.inbox import read_inbox
from pipelines.evaluators.log import FOLDER, HEAD, LOG, Log, anchor_of
from pipelines.evaluators.outbox import READY, SENT, Letter, again, open_outbox, send, standing
from pipelines.evaluators.state import (
    EVALUATIONS,
    REFUSED,
    STATES,
    CaseKey,
    State,
    must_be_ours,
    write_evaluations,
    write_refused,
)
from pipelines.evaluators.step import Clock, Exports, Step, joined, read_exports
from pipelines.model.project import PLACE
from pipelines.model.rule import PanelRules
from pipelines.model.words import NotAllowed, UsageRefusal
from pipelines.paths import STANDARD_RULES
from pipelines.rulebook import fail_if
from pipelines.rulebook.load import choose_readings, load_rulebook, periods_of
from pipelines.rulebook.settings import READING, must_agree_on_the_clock
from pipelines.rulebook.source import Block, read_yaml
from pipelines.wording import say

# The desk at which the work is done: opens the state folder, takes steps, and puts out what follows from the log.


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


@machine.gc_at_rest()
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


# Which periods the evaluators work on at a moment: the one that runs, and the one before until it is published.


def work_at(
    at: datetime,
    exports: str,
    inbox: Path | None,
    out: Path,
    state: Path,
    evaluations: str | None = None,
    rules: Path = STANDARD_RULES,
    readings: Mapping[str, str] | None = None,
) -> Work:
    """The work of the period of ``at`` and, until that is published, of the one before; of the folders that are there.

    ``{period}`` in ``exports`` and ``evaluations`` stands for the period; without it the folder is taken as it is.
    UsageRefusal if no folder is there.
    """
    period = periods_of(rules).holding(at)
    periods = [period, period.previous] if PLACE in exports else [period]
    places = [Path(exports.replace(PLACE, str(one))) for one in periods]
    work = None
    for one, place in reversed(list(zip(periods, places, strict=True))):
        over = one != period and (out / PUBLISHED / str(one)).is_dir()
        if place.is_dir() and not over:
            table = Path(evaluations.replace(PLACE, str(one))) if evaluations else None
            work = Work(place, inbox, state, rules, readings or {}, table, before=work)
    if work is None:
        raise UsageRefusal(say("evaluators.no_exports", folder=places[0], before=places[-1]))
    return work


# How things stand: counts, the case rows that wait, the reminders that did not go out. No evaluator is named.


def standing_at(folder: Path, at: datetime | None) -> dict:
    """{cases: state -> how many, waiting: rows that nobody has, refused: how many, reminders: station -> assignments}.

    UsageRefusal where no step was ever taken.
    """
    must_have_begun(folder)
    state = replayed(folder, at)
    return {
        "cases": {name: n for name, n in _by_state(state).items() if n},
        "waiting": [_waiting(row) for row in sorted(state.unassigned.values(), key=lambda row: row.key)],
        "refused": len(state.refused),
        "reminders": {name: ids for name, ids in standing(open_outbox(folder)).items() if name not in (READY, SENT)},
    }


def must_have_begun(folder: Path) -> None:
    """UsageRefusal where the folder holds no log and nothing tells of one; VerificationFailed where something does."""
    if not (folder / LOG).is_file() and not (folder / HEAD).is_file():
        if anchor := anchor_of(folder):
            anchor.must_hold(None, [])
        raise UsageRefusal(say("evaluators.no_log", folder=folder))


def must_be_sound(folder: Path) -> None:
    """VerificationFailed where the log of a folder was forged, cut, lost or begun again."""
    with locked(folder):
        Log(folder)


def _by_state(state: State) -> dict[str, int]:
    counted = Counter(row.state for row in state.cases.values())
    return {name: counted[name] for name in STATES}


def _waiting(row) -> dict:
    last = row.assignments[-1] if row.assignments else None
    since = (last.returned_at or last.withdrawn_at) if last else row.taken_at
    return {"case_id": row.key[0], "unit_id": row.key[1], "since": since, "assignments": len(row.assignments)}


# Where reminders go: a file of the office's, outside the repository, that names the channels.
#
# quiet: "22:00-07:30"               # nobody is sent anything in these hours
# everyone: ["wecom://…"]            # a shared channel; the text names the evaluator by pseudonym
# evaluators:
#   E001: ["mailto://…"]             # an evaluator's own channels, instead of the shared one


@dataclass(frozen=True)
class Addresses:
    """The channels of everyone and of single evaluators, and the hours in which nothing is sent."""

    everyone: tuple[str, ...]
    evaluators: dict[str, tuple[str, ...]]
    quiet: Hours = (time(0), time(0))

    @classmethod
    def load(cls, file: Path) -> "Addresses":
        """Read the office's file. UsageRefusal where it is missing, RulebookRefusal with the line where it is wrong."""
        if not file.is_file():
            raise UsageRefusal(say("evaluators.no_addresses", file=file))
        root = read_yaml(file, file.name)
        fail_if.not_a_block(root, Block(file.name, 1))
        fail_if.unknown_field(root, ("everyone", "evaluators", "quiet"))
        own = root.get("evaluators", Block(file.name, 1))
        fail_if.not_a_block(own, root, "evaluators")
        each = {who: _urls(own, who) for who in own}
        own_hours = {"quiet": _hours(root)} if "quiet" in root else {}
        return cls(_urls(root, "everyone") if "everyone" in root else (), each, **own_hours)

    def letter(self, message: dict, key: Callable[[], bytes]) -> Letter | None:
        """The message with its addresses; None where it has none. The key is asked for where a pseudonym is needed."""
        if own := self.evaluators.get(message["evaluator_id"]):
            return Letter(own, message["title"], message["text"])
        if not self.everyone:
            return None
        name = pseudonym(key(), message["evaluator_id"])
        return Letter(self.everyone, message["title"], f"{name}：{message['text']}")


def send_ready(state_folder: Path, notify: Path, repeat: str = "") -> Counter:
    """Send what is ready to the channels of ``notify``, first making the assignment ``repeat`` ready once more.

    In quiet hours nothing is sent, and it is said how many wait: what was withdrawn by the morning is not sent at all.

    VerificationFailed where the log was touched: what waits in the outbox follows from it.
    """
    addresses = Addresses.load(notify)
    must_be_sound(state_folder)
    outbox = open_outbox(state_folder)
    if repeat:
        again(outbox, repeat)
    if is_quiet(addresses.quiet, process.now()):
        return +Counter(quiet=len(standing(outbox)[READY]))
    return send(outbox, lambda message: addresses.letter(message, read_key), deliver)


def _hours(block: Block) -> Hours:
    try:
        return hours(block["quiet"])
    except (ValueError, AttributeError):
        raise UsageRefusal(say("evaluators.bad_hours", file=block.file, line=block.lines["quiet"])) from None


def _urls(block: Block, key: str) -> tuple[str, ...]:
    urls = block[key] if isinstance(block[key], list) else [block[key]]
    for place, url in enumerate(urls, 1):
        if not (isinstance(url, str) and is_address(url)):  # never repeated in the message: it holds passwords
            raise UsageRefusal(say("evaluators.bad_address", file=block.file, line=block.lines[key], place=place))
    return tuple(urls)
