"""The outbox: a file a reminder, and the one who sends them, exactly once wherever the transport lets us know.

A reminder moves on by renames: ``ready`` → ``sending`` → ``sent`` or ``failed``. It is claimed for ``sending`` in the
last moment before the transport gets it. A crash before that leaves it ready, a crash after its receipt leaves it
sent. In between nobody can know whether it went out: it stays in ``sending``, is reported, and is never sent again
unless the office says so. Towards the transport that is at most once.
"""

import fcntl
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipelines.edges.folders import sync_folder
from pipelines.edges.private import open_private, private_folder
from pipelines.evaluators.state import Assignment, State
from pipelines.model.rule import PanelRules
from pipelines.model.words import UsageRefusal
from pipelines.wording import say

OUTBOX = "outbox"
READY, SENDING, SENT, FAILED = STATIONS = ("ready", "sending", "sent", "failed")
NO_ADDRESS = "no_address"
Deliver = Callable[[tuple[str, ...], str, str], bool]  # addresses, title, text -> whether all of them took it


@dataclass(frozen=True)
class Letter:
    """A reminder with where it goes."""

    urls: tuple[str, ...]
    title: str
    text: str


def open_outbox(state_folder: Path) -> Path:
    """The outbox folder with its stations, for the owner alone."""
    outbox = private_folder(state_folder / OUTBOX)
    for station in STATIONS:
        private_folder(outbox / station)
    return outbox


def put_reminders(outbox: Path, state: State, rules: PanelRules) -> None:
    """A file for every reminder of an open assignment that has none; those that came to nothing are taken out."""
    for assignment in state.open.values():
        name = f"{assignment.id}.json"
        if assignment.reminded_at and not knows(outbox, name):
            put(outbox, name, reminder(assignment, rules))
    for file in (outbox / READY).iterdir():
        if file.stem not in state.open:
            file.unlink(missing_ok=True)


def knows(outbox: Path, name: str) -> bool:
    """Whether the file ``name`` lies at a station, asked in the order in which it moves, so that it is still seen."""
    return any((outbox / station / name).exists() for station in STATIONS)


def reminder(assignment: Assignment, rules: PanelRules) -> dict:
    """What the reminder says: the assignment and its limit, nothing about the case or the person who complained."""
    facts = {"id": assignment.id, "assigned": f"{assignment.assigned_at:%Y-%m-%d %H:%M}", "days": rules.working_days}
    title, text = say("evaluators.reminder_title"), say("evaluators.reminder", **facts)
    return {"assignment_id": assignment.id, "evaluator_id": assignment.evaluator_id, "title": title.zh, "text": text.zh}


def send(outbox: Path, address: Callable[[dict], Letter | None], deliver: Deliver) -> Counter:
    """Send what is ready; how many were sent, failed, have no address, and are uncertain from an earlier crash."""
    counts: Counter = Counter()
    with alone(outbox):
        counts["uncertain"] = sum(1 for _ in (outbox / SENDING).iterdir())
        for file in sorted((outbox / READY).glob("*.json")):
            letter = address(json.loads(file.read_text(encoding="utf-8")))
            counts[_send(outbox, file, letter, deliver) if letter else NO_ADDRESS] += 1
    return +counts


def _send(outbox: Path, file: Path, letter: Letter, deliver: Deliver) -> str:
    claimed = _move(outbox, file, SENDING)
    station = SENT if deliver(letter.urls, letter.title, letter.text) else FAILED
    _move(outbox, claimed, station)
    return station


def again(outbox: Path, assignment_id: str) -> None:
    """Make a failed or uncertain reminder ready once more: the office has found out that it did not arrive."""
    with alone(outbox):
        for station in (FAILED, SENDING):
            file = outbox / station / f"{assignment_id}.json"
            if file.is_file():
                _move(outbox, file, READY)
                return
    raise UsageRefusal(say("evaluators.nothing_to_repeat", id=assignment_id))


def standing(outbox: Path) -> dict[str, list[str]]:
    """The assignments at each station."""
    return {station: sorted(file.stem for file in (outbox / station).glob("*.json")) for station in STATIONS}


def put(outbox: Path, name: str, message: dict) -> None:
    """Make a message ready, as the file ``name``; it is there whole or not at all."""
    part = outbox / f".{name}.part"
    with open_private(part, "w") as stream:
        json.dump(message, stream, ensure_ascii=False)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(outbox / READY / name)


def _move(outbox: Path, file: Path, station: str) -> Path:
    """To the next station, on the disk before anything else happens."""
    target = outbox / station / file.name
    file.rename(target)
    for folder in (target.parent, file.parent):
        sync_folder(folder)
    return target


@contextmanager
def alone(outbox: Path) -> Iterator[None]:
    """One sender at a time; the kernel lets go even after kill -9."""
    with open_private(outbox / ".lock", "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
