"""How things stand: counts, the case rows that wait, the reminders that did not go out. No evaluator is named."""

from collections import Counter
from datetime import datetime
from pathlib import Path

from pipelines.evaluators.desk import replayed
from pipelines.evaluators.head import HEAD, anchor_of
from pipelines.evaluators.log import LOG, Log
from pipelines.evaluators.outbox import READY, SENT, open_outbox, standing
from pipelines.evaluators.private import locked
from pipelines.evaluators.state import STATES, State
from pipelines.model.refusals import UsageRefusal
from pipelines.wording import say


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
