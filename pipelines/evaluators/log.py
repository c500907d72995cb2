"""The log of events: JSON Lines that are only ever added to, each numbered and chained to the one before.

A line is ``{"n": …, "id": …, "at": …, "kind": …, …, "hash": …}``; ``hash`` is the sha256 of the hash before and of the
line without it. An event's id follows from what it says, so the same event is never written twice. A line that a
crash cut short is taken away when the log is opened; any other damage, and an end that is missing, is a refusal.
"""

import gc
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pipelines.edges.wording import say
from pipelines.evaluators.head import HEAD, Head, read_head, write_head
from pipelines.evaluators.private import open_private
from pipelines.model.refusals import VerificationFailed

LOG = "log.jsonl"
FIRST = "0" * 64
NOTHING = Head(0, 0, sha256().hexdigest(), FIRST)
_TAIL = len(',"hash":""}') + len(FIRST)


class Event(NamedTuple):
    """Something that happened: ``says`` holds what belongs to its ``kind``; ``at`` is local time."""

    id: str
    at: datetime
    kind: str
    says: dict

    def body(self, number: int) -> str:
        """The line without its hash and its closing brace."""
        head = {"n": number, "id": self.id, "at": self.at.isoformat(" "), "kind": self.kind}
        return json.dumps({**head, **self.says}, ensure_ascii=False, separators=(",", ":"))[:-1]


class Log:
    """The log in a state folder, read whole; `append` adds events and `sync` brings them to the disk."""

    def __init__(self, folder: Path):
        self.file = folder / LOG
        self.mended = False  # a torn last line was taken away
        self.events: list[Event] = []
        self._head = read_head(folder)
        self._hash = FIRST
        self._ids: set[str] = set()
        content = self.file.read_bytes() if self.file.exists() else b""
        with gc_at_rest():
            self._read(content)
        self._stream = None

    def __contains__(self, id: str) -> bool:
        return id in self._ids

    def append(self, event: Event) -> bool:
        """Write an event; False where it is there already."""
        if event.id in self._ids:
            return False
        if self._stream is None:
            self._open()
        body = event.body(len(self.events) + 1)
        self._hash = _chained(self._hash, body.encode())
        line = f'{body},"hash":"{self._hash}"}}\n'
        self._stream.write(line)
        self._stream.flush()
        self._count(line.encode())
        self._remember(event)
        return True

    def sync(self) -> None:
        """Bring what was written to the disk, then the head that says so; also what a crash kept the head from."""
        if self._stream is None and self._head and self._head.lines < len(self.events):
            self._open()
        if self._stream is not None:
            os.fsync(self._stream.fileno())
            self._keep_head()

    def close(self) -> None:
        """Sync and close."""
        self.sync()
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _open(self) -> None:
        if self._head is None:  # before the first line: a log without a head has lost it
            write_head(self.file.parent, NOTHING)
        if self.mended:
            os.truncate(self.file, self._bytes)
        self._stream = open_private(self.file, "a")

    def _keep_head(self) -> None:
        head = Head(len(self.events), self._bytes, self._digest.hexdigest(), self._hash)
        if head != self._head:
            write_head(self.file.parent, head)
            self._head = head

    def _count(self, lines: bytes) -> None:
        self._digest.update(lines)
        self._bytes += len(lines)

    def _remember(self, event: Event) -> None:
        self.events.append(event)
        self._ids.add(event.id)

    def _read(self, content: bytes) -> None:
        """Everything up to the head at once where it is as the head was written for it, the rest along the chain."""
        self._bytes, self._digest = content.rfind(b"\n") + 1, sha256()
        self._digest.update(memoryview(content)[: self._bytes])
        self.mended = self._bytes < len(content)
        *lines, _ = content.split(b"\n")
        sound = self._head.lines if self._head and self._head.stands_for(content) else 0
        said = iter(_parsed(lines))
        if sound:
            self._take_all(said, sound)
        for number, line in enumerate(lines[sound:], sound + 1):
            self._take(line, next(said), number)
        self._must_reach_the_head(lines, sound)

    def _take_all(self, said: Iterator[dict], count: int) -> None:
        """The first lines, whose chain was followed before the head was written."""
        parse = datetime.fromisoformat
        for _, one in zip(range(count), said, strict=False):
            del one["n"], one["hash"]
            self.events.append(Event(one.pop("id"), parse(one.pop("at")), one.pop("kind"), one))
        self._ids = {event.id for event in self.events}
        self._hash = self._head.hash

    def _take(self, line: bytes, said: dict, number: int) -> None:
        try:
            digest, event_id = _chained(self._hash, line[:-_TAIL]), said.pop("id")
            if said.pop("hash") != digest or said.pop("n") != number or event_id in self._ids:
                raise ValueError(number)
            event = Event(event_id, datetime.fromisoformat(said.pop("at")), said.pop("kind"), said)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise VerificationFailed(say("evaluators.log_damaged", file=LOG, line=number)) from None
        self._hash = digest
        self._remember(event)

    def _must_reach_the_head(self, lines: list[bytes], sound: int) -> None:
        """VerificationFailed where lines at the end are missing, all of them were written anew, or the head is gone."""
        facts = {"file": LOG, "head": HEAD, "last": len(lines)}
        if self._head is None:
            if lines:
                raise VerificationFailed(say("evaluators.head_missing", **facts))
        elif len(lines) < self._head.lines:
            raise VerificationFailed(say("evaluators.log_cut", **facts, lines=self._head.lines))
        elif sound < self._head.lines:
            raise VerificationFailed(say("evaluators.log_rewritten", **facts, lines=self._head.lines))


@contextmanager
def gc_at_rest() -> Iterator[None]:
    """No search for garbage while a great many small things are made that all stay: it would take the longest."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _parsed(lines: list[bytes]) -> Iterable[dict]:
    """Every line as what it says; {} for one that says nothing. All at once where all are sound, which is fast."""
    try:
        said = json.loads(b"[" + b",".join(lines) + b"]")
    except ValueError:
        said = []
    if len(said) == len(lines):
        return said
    return map(_one, lines)


def _one(line: bytes) -> dict:
    try:
        said = json.loads(line)
    except ValueError:
        said = {}
    return said if isinstance(said, dict) else {}


def _chained(before: str, body: bytes) -> str:
    return sha256(before.encode() + body).hexdigest()
