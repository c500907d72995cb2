"""The log of events: JSON Lines that are only ever added to, each numbered and chained to the one before.

A line is ``{"n": …, "id": …, "at": …, "kind": …, …, "hash": …}``; ``hash`` is the sha256 of the hash before and of the
line without it. An event's id follows from what it says, so the same event is never written twice. A line that a
crash cut short is taken away when the log is opened; any other damage is a refusal.
"""

import fcntl
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
from pipelines.model.refusals import UsageRefusal, VerificationFailed

LOG, LOCK = "log.jsonl", ".lock"
FIRST = "0" * 64
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


@contextmanager
def locked(folder: Path) -> Iterator[Path]:
    """The state folder, for the owner alone, and one writer at a time; the kernel lets go even after kill -9."""
    private_folder(folder)
    with open_private(folder / LOCK, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield folder


def private_folder(folder: Path) -> Path:
    """``folder`` with mode 0700, its missing parents made. UsageRefusal where a file is in the way."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise UsageRefusal(say("evaluators.not_a_folder", folder=folder)) from None
    folder.chmod(0o700)
    return folder


def open_private(file: Path, mode: str):
    """Open a file that only its owner may read."""
    return open(file, mode, encoding="utf-8", newline="", opener=lambda path, flags: os.open(path, flags, 0o600))  # noqa: PTH123


class Log:
    """The log in a state folder, read whole; `append` adds events and `sync` brings them to the disk."""

    def __init__(self, folder: Path):
        self.file = folder / LOG
        self.mended = False  # a torn last line was taken away
        self.events: list[Event] = []
        self._hash = FIRST
        self._ids: set[str] = set()
        self._read()
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
        self._stream.write(f'{body},"hash":"{self._hash}"}}\n')
        self._stream.flush()
        self._remember(event)
        return True

    def sync(self) -> None:
        """Bring what was written to the disk."""
        if self._stream is not None:
            os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Sync and close."""
        if self._stream is not None:
            self.sync()
            self._stream.close()
            self._stream = None

    def _open(self) -> None:
        whole = self.file.read_bytes() if self.mended else b""
        if self.mended:
            os.truncate(self.file, whole.rfind(b"\n") + 1)
        self._stream = open_private(self.file, "a")

    def _remember(self, event: Event) -> None:
        self.events.append(event)
        self._ids.add(event.id)

    def _read(self) -> None:
        try:
            content = self.file.read_bytes()
        except FileNotFoundError:
            return
        *lines, torn = content.split(b"\n")
        self.mended = bool(torn)
        with gc_at_rest():
            for number, (line, said) in enumerate(zip(lines, _parsed(lines), strict=True), 1):
                try:
                    self._take(line, said, number)
                except (ValueError, KeyError, TypeError, AttributeError):
                    raise VerificationFailed(say("evaluators.log_damaged", file=self.file.name, line=number)) from None

    def _take(self, line: bytes, said: dict, number: int) -> None:
        digest = _chained(self._hash, line[:-_TAIL])
        event_id = said.pop("id")
        if said.pop("hash") != digest or said.pop("n") != number or event_id in self._ids:
            raise ValueError(number)
        self._hash = digest
        self._remember(Event(event_id, datetime.fromisoformat(said.pop("at")), said.pop("kind"), said))


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
