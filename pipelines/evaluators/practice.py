"""Invented evaluators at their invented work: the inbox of a sample quarter, the same for the same seed.

They are given the cases by the very steps that the office takes, so the actions fit the assignments when the office's
steps are taken at the same moments. Some are slow, some return, some forget, some forget the reason.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from pipelines.edges.private import locked
from pipelines.edges.scratch import scratch
from pipelines.evaluators.desk import Work, clock_of, moments_between
from pipelines.evaluators.inbox import Action, InboxFile
from pipelines.evaluators.log import Log
from pipelines.evaluators.state import POINTS, Assignment, State
from pipelines.evaluators.step import Exports, Step, read_exports
from pipelines.model.period import Period
from pipelines.sample.city import words

STEP_HOURS = 24
AFTER = timedelta(days=15)  # how long the work goes on after the quarter
COLUMNS = (
    "action_id",
    "evaluator_id",
    "action",
    "acted_at",
    "assignment_id",
    "rating",
    "reason",
    "away_from",
    "away_until",
    *POINTS,
)
RATINGS = ("satisfied", "basically_satisfied", "dissatisfied")
# Of a hundred assignments so many are rated, returned, rated without a reason, rated for somebody else.
RATED, RETURNED, WORDLESS, MISTAKEN = 80, 88, 92, 94  # the rest are forgotten
HOURS = 60  # within so many the evaluators act


def make_inbox(exports: Path, inbox: Path, period: Period, seed: int) -> list[Path]:
    """Write the actions of a quarter to ``inbox``, a file a month, for steps that are a day apart from its start."""
    seen = read_exports(exports)
    with scratch() as folder:
        actions = _played(seen, folder, period, seed)
    inbox.mkdir(parents=True, exist_ok=True)
    months = defaultdict(list)
    for action in sorted(actions, key=lambda one: (one.acted_at, one.action_id)):
        months[f"{action.acted_at:%Y-%m}"].append(action)
    return [_write(inbox / f"evaluator_actions_{month}.csv", found) for month, found in months.items()]


def moments_of(period: Period) -> list[datetime]:
    """The moments of the steps that the sample's actions belong to."""
    return moments_between(period.start, period.end + AFTER, STEP_HOURS)


def _played(exports: Exports, folder: Path, period: Period, seed: int) -> list[Action]:
    """Steps and actions in turn, as they would follow each other."""
    actions: list[Action] = []
    known: set[str] = set()
    clock = clock_of(Work(folder, None, folder), period.start)
    with locked(folder / "state") as state_folder:
        log, state = Log(state_folder), State()
        for moment in moments_of(period):
            kept = tuple(one for one in actions if one.action != "rate" or one.reason)  # as the contract does
            Step(log, state, clock, exports, moment).run([InboxFile("practice", str(moment), kept, ())])
            for assignment in [one for one in state.open.values() if one.id not in known]:
                known.add(assignment.id)
                actions += _actions_on(assignment, exports, seed)
        log.close()
    return actions


def _actions_on(assignment: Assignment, exports: Exports, seed: int) -> Iterator[Action]:
    """What the evaluator does about an assignment: one action or none."""
    draw = int.from_bytes(sha256(f"{seed}/{assignment.id}".encode()).digest()[:8], "big")
    kind, hours, rating, reason = draw % 100, draw // 100 % HOURS, draw // 10_000 % 3, draw // 100_000
    at = assignment.assigned_at + timedelta(hours=1 + hours, minutes=draw % 60)
    who, reasons = assignment.evaluator_id, words("evaluation_reasons")
    if kind >= MISTAKEN:
        return
    if kind >= WORDLESS:
        who = next((one.evaluator_id for one in exports.panel if one.evaluator_id != who), who)
    rates = kind < RATED or kind >= RETURNED
    says = None if RETURNED <= kind < WORDLESS else reasons[reason % len(reasons)]
    yield Action(
        "practice",
        f"CZ{assignment.id[2:]}",
        who,
        "rate" if rates else "return",
        at,
        assignment.id,
        RATINGS[rating] if rates else None,
        says,
        None,
        None,
        **(dict(zip(POINTS, (draw % 7 > 0, draw % 5 > 0, draw % 3 > 0), strict=True)) if rates and draw % 19 else {}),
    )
    if who == assignment.evaluator_id and says:
        yield from _besides(assignment, at, rates, draw)


def _besides(assignment: Assignment, at: datetime, rates: bool, draw: int) -> Iterator[Action]:
    """What the evaluator asks of the unit before, declines to answer after a rating, suggests after a return."""

    def one(action: str, moment: datetime, says: str | None = None) -> Action:
        number = f"{action[:2].upper()}{assignment.id[2:]}"
        return Action(
            "practice", number, assignment.evaluator_id, action, moment, assignment.id, None, says, None, None
        )

    if draw % 8 == 0:
        yield one("ask", assignment.assigned_at + timedelta(minutes=30), words("information_asked")[draw % 2])
        if draw % 24:
            yield one("answered", at + timedelta(hours=6))
    if rates and draw % 29 == 0:
        yield one("decline", at + timedelta(days=1))
    if not rates:
        yield one("study", at + timedelta(days=2), words("suggestions")[draw % 2])


def _write(file: Path, actions: list[Action]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(action.row() for action in actions)
    return file
