"""The record of a quarter's publication: JSON Lines that are only ever added to, each chained to the one before.

A line is ``{"n": …, "at": …, "kind": …, …, "clock": …, "before": …, "sha256": …}``: ``before`` is the ``sha256`` of the
line before, ``sha256`` that of the line without it. ``at`` counts; it is what the ``clock`` showed, except where the
line says ``simulated``. Lines without a ``clock`` are older than keys. A line that a crash cut short never happened;
other damage is refused. How far each record reached stands beside them all in `heads.json`, written before and after
every line: a line that was taken off the end, or put there by somebody else, is told by it.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from pipelines.edges import run_folders
from pipelines.edges.folder import HEADS, RECORD, heads, keep_head
from pipelines.model.refusals import VerificationFailed
from pipelines.publication.clock import Moment
from pipelines.publication.runs import must_hold_no_link
from pipelines.wording import say

SUFFIX = ".jsonl"
FIRST = "0" * 64
_TAIL = len(',"sha256":""}') + len(FIRST)


@dataclass(frozen=True)
class Event:
    """Something that was done: ``says`` holds what belongs to its ``kind``; ``at`` is local time and counts.

    ``clock`` is None in a line that is older than keys.
    """

    n: int
    at: datetime
    kind: str
    says: dict
    sha256: str
    clock: datetime | None = None
    noted: datetime | None = None
    simulated: bool = False


def record_file(out: Path, period: object) -> Path:
    """Where the record of a quarter is."""
    return Path(out) / RECORD / f"{period}{SUFFIX}"


@contextmanager
def locked(out: Path, period: object) -> Iterator[Path]:
    """The record, for one writer at a time; the kernel lets go even after kill -9."""
    file = record_file(out, period)
    must_hold_no_link(file.parent)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_suffix(".lock").open("w") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        yield file


def read(file: Path) -> tuple[Event, ...]:
    """Every event, none where there is no record; VerificationFailed with the line where the chain is broken."""
    events: list[Event] = []
    for number, line in enumerate(_lines(file), 1):
        try:
            events.append(_event(line, number, events[-1].sha256 if events else FIRST))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise VerificationFailed(say("publication.record_damaged", file=file.name, line=number)) from None
    return tuple(events)


def append(file: Path, events: tuple[Event, ...], kind: str, when: Moment, **says: object) -> tuple[Event, ...]:
    """Add an event and bring it to the disk; all events with it. The caller holds the lock and has read ``events``."""
    before = head_of(events)
    line_facts = {"n": len(events) + 1, "at": _written(when.at), "kind": kind, **says, **_timed(when), "before": before}
    body = json.dumps(line_facts, ensure_ascii=False, separators=(",", ":"))[:-1]
    digest = _digest(body)
    line = f'{body},"sha256":"{digest}"}}\n'.encode()
    keep_head(file.parent, file.stem, {"lines": len(events), "sha256": before, "next": digest})
    known = _known_bytes(file)
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    try:
        os.ftruncate(handle, len(known))
        os.pwrite(handle, line, len(known))
        os.fsync(handle)
    finally:
        os.close(handle)
    run_folders.sync_folder(file.parent)
    keep_head(file.parent, file.stem, {"lines": len(events) + 1, "sha256": digest})
    return (*events, _event(line.decode(), len(events) + 1, before))


def head_of(events: tuple[Event, ...]) -> str:
    """The sha256 of the last line."""
    return events[-1].sha256 if events else FIRST


def must_reach_its_head(file: Path, events: tuple[Event, ...]) -> None:
    """VerificationFailed where lines are missing at the end, were written anew, or were put there by somebody else."""
    head, facts = heads(file.parent).get(file.stem), {"file": file.name, "heads": HEADS, "lines": len(events)}
    if head is None:
        if any(event.clock for event in events):
            raise VerificationFailed(say("publication.head_missing", **facts))
        return
    known = head["lines"]
    if len(events) < known:
        raise VerificationFailed(say("publication.record_cut", **facts, known=known))
    more = events[known:]
    if head_of(events[:known]) != head["sha256"]:
        raise VerificationFailed(say("publication.record_rewritten", **facts, known=known))
    if more and (len(more) > 1 or more[0].sha256 != head.get("next")):
        raise VerificationFailed(say("publication.record_foreign", **facts, line=known + 1))


def _timed(when: Moment) -> dict:
    noted = {"noted": _written(when.noted)} if when.noted else {}
    return {**noted, **({"simulated": True} if when.simulated else {}), "clock": _written(when.clock)}


def _written(moment: datetime) -> str:
    return moment.isoformat(" ", "seconds")


def _lines(file: Path) -> Iterator[str]:
    for raw in _known_bytes(file).split(b"\n")[:-1]:
        yield raw.decode("utf-8", errors="replace")


def _known_bytes(file: Path) -> bytes:
    """The whole lines; what a crash left of the last one is no line."""
    must_hold_no_link(file.parent, file)
    content = file.read_bytes() if file.exists() else b""
    return content[: content.rfind(b"\n") + 1]


def _event(line: str, number: int, before: str) -> Event:
    document = json.loads(line)
    digest = document.pop("sha256")
    if digest != _digest(line.rstrip("\n")[:-_TAIL]) or document.pop("before") != before or document.pop("n") != number:
        raise ValueError(number)
    at, kind = datetime.fromisoformat(document.pop("at")), document.pop("kind")
    clock, noted = (_moment(document.pop(name, None)) for name in ("clock", "noted"))
    simulated = document.pop("simulated", False)
    if clock is None:
        sound = noted is None and simulated is False
    elif simulated:
        sound = simulated is True and noted is None
    else:
        sound = at == clock and (noted is None or noted <= clock)
    if not sound:
        raise ValueError(number)
    return Event(number, at, kind, document, digest, clock, noted, simulated)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _digest(body: str) -> str:
    return sha256(body.encode()).hexdigest()
