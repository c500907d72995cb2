"""The record of a quarter's publication: JSON Lines that are only ever added to, each chained to the one before.

A line is ``{"n": …, "at": …, "kind": …, …, "before": …, "sha256": …}``: ``before`` is the ``sha256`` of the line
before, ``sha256`` that of the line without it. A line that a crash cut short never happened; other damage is refused.
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

from pipelines.edges import shelf
from pipelines.edges.wording import say
from pipelines.model.refusals import VerificationFailed

RECORD = "record"
FIRST = "0" * 64
_TAIL = len(',"sha256":""}') + len(FIRST)


@dataclass(frozen=True)
class Event:
    """Something that was done: ``says`` holds what belongs to its ``kind``; ``at`` is local time."""

    n: int
    at: datetime
    kind: str
    says: dict
    sha256: str


def record_file(out: Path, period: object) -> Path:
    """Where the record of a quarter is."""
    return Path(out) / RECORD / f"{period}.jsonl"


@contextmanager
def locked(out: Path, period: object) -> Iterator[Path]:
    """The record, for one writer at a time; the kernel lets go even after kill -9."""
    file = record_file(out, period)
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
        except (ValueError, KeyError, TypeError):
            raise VerificationFailed(say("publication.record_damaged", file=file.name, line=number)) from None
    return tuple(events)


def append(file: Path, events: tuple[Event, ...], kind: str, at: datetime, **says: object) -> tuple[Event, ...]:
    """Add an event and bring it to the disk; all events with it. The caller holds the lock and has read ``events``."""
    before = events[-1].sha256 if events else FIRST
    told = {"n": len(events) + 1, "at": at.isoformat(" ", "seconds"), "kind": kind, **says, "before": before}
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":"))[:-1]
    line = f'{body},"sha256":"{_digest(body)}"}}\n'.encode()
    known = _known_bytes(file)
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        os.ftruncate(handle, len(known))
        os.pwrite(handle, line, len(known))
        os.fsync(handle)
    finally:
        os.close(handle)
    shelf.sync_folder(file.parent)
    return (*events, _event(line.decode(), len(events) + 1, before))


def _lines(file: Path) -> Iterator[str]:
    for raw in _known_bytes(file).split(b"\n")[:-1]:
        yield raw.decode("utf-8", errors="replace")


def _known_bytes(file: Path) -> bytes:
    """The whole lines; what a crash left of the last one is no line."""
    content = file.read_bytes() if file.exists() else b""
    return content[: content.rfind(b"\n") + 1]


def _event(line: str, number: int, before: str) -> Event:
    told = json.loads(line)
    digest = told.pop("sha256")
    if digest != _digest(line.rstrip("\n")[:-_TAIL]) or told.pop("before") != before or told.pop("n") != number:
        raise ValueError(number)
    return Event(number, datetime.fromisoformat(told.pop("at")), told.pop("kind"), told, digest)


def _digest(body: str) -> str:
    return sha256(body.encode()).hexdigest()
