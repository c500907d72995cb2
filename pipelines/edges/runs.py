"""What runs in a folder, as a note that lives as long as its process; and what the schedule ran, as lines of a log.

`<folder>/.begun/<id>.json` is written before the work and taken away after it, well ended or refused. One that was
killed leaves its note, and the kernel has let go of the lock: that tells it from one that still works. The note goes
with the next work of the same kind and period that ends well.
"""

import fcntl
import json
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pipelines.edges import process

NOTES = ".begun"
RUN, STEP = "run", "step"
_noted: ContextVar[bool] = ContextVar("noted", default=False)  # the work is part of one that has its note


@dataclass(frozen=True)
class Begun:
    """One piece of work: its kind, period and beginning, who does it, and whether that process still lives."""

    kind: str  # run, step
    period: str  # empty where the kind has none
    at: str  # local time
    pid: int
    host: str
    flow_run: str = ""  # its id in Prefect, where Prefect started it
    alive: bool = False


@contextmanager
def begun(folder: Path, kind: str, period: str = "", flow_run: str = "") -> Iterator[None]:
    """Note in ``folder`` that work begins; the note is gone when it has ended, in whatever way a process can tell.

    Where nothing can be written no note is kept: the work itself says so, better. Folders that were made for the note
    are removed where they stay empty.
    """
    if _noted.get():
        yield
        return
    token, missing = _noted.set(True), _missing(folder / NOTES)
    since = process.now()
    note = _written(folder, Begun(kind, period, str(since), os.getpid(), socket.gethostname(), flow_run))
    try:
        yield
        _settle(folder, kind, period)
    finally:
        _noted.reset(token)
        if note:
            file, lock = note
            file.unlink(missing_ok=True)
            os.close(lock)
        for made in missing:
            with suppress(OSError):  # something is in it
                made.rmdir()


def under_way(folder: Path) -> list[Begun]:
    """Everything that was begun in ``folder`` and has not ended, the earliest first; reads only."""
    found = [one for _, one in _notes(folder)]
    return sorted(found, key=lambda one: (one.at, one.pid))


def _missing(folder: Path) -> list[Path]:
    """The folders that will have to be made, the innermost first."""
    return [one for one in (folder, *folder.parents) if not os.path.lexists(one)]


def _written(folder: Path, note: Begun) -> tuple[Path, int] | None:
    """The note, locked before it has its name, so that nobody can take a living process for a dead one."""
    place, name = folder / NOTES, uuid.uuid4().hex
    for _ in range(5):  # another process may take the empty folder away
        with suppress(FileNotFoundError):
            try:
                place.mkdir(mode=0o700, parents=True, exist_ok=True)
                lock = os.open(place / f".{name}.part", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            except FileNotFoundError:
                raise
            except OSError:
                return None
            fcntl.flock(lock, fcntl.LOCK_EX)
            os.write(lock, json.dumps(asdict(note)).encode())
            (place / f".{name}.part").rename(place / f"{name}.json")
            return place / f"{name}.json", lock
    return None


def _notes(folder: Path) -> Iterator[tuple[Path, Begun]]:
    for file in sorted((folder / NOTES).glob("*.json")):
        with suppress(OSError, ValueError, TypeError), file.open(encoding="utf-8") as stream:
            yield file, replace(Begun(**json.load(stream)), alive=not _free(stream))


def _free(stream) -> bool:
    try:
        fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _settle(folder: Path, kind: str, period: str) -> None:
    """Take away the notes of killed work of the kind and period: it has been done now."""
    for file, one in _notes(folder):
        if not one.alive and (one.kind, one.period) == (kind, period):
            file.unlink(missing_ok=True)


# The log of scheduled runs: `<out>/.log/runs.jsonl`, a line when one begins and one when it ends; nothing personal.
#
# A line has `at` (local time), `run` (an id), `flow`, `period` ("" until it is known), `state` (begun, ended, failed)
# and of a failure the kind of refusal or fault, never its text, which may hold data.


LOG = Path(".log") / "runs.jsonl"
BEGUN, ENDED, FAILED = "begun", "ended", "failed"


@contextmanager
def logged(out: Path, flow: str, period: str = "") -> Iterator[None]:
    """Log the work inside; whatever it raises is logged as failed and goes on its way."""
    facts = {"run": uuid.uuid4().hex[:12], "flow": flow, "period": period}
    append(out / LOG, {**facts, "state": BEGUN})
    try:
        yield
    except BaseException as problem:
        append(out / LOG, {**facts, "state": FAILED, "kind": type(problem).__name__})
        raise
    append(out / LOG, {**facts, "state": ENDED})


def read_log(out: Path) -> list[dict[str, str]]:
    """The lines, the oldest first; what a killed process left half-written is left out."""
    file = out / LOG
    found = []
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def append(file: Path, facts: dict) -> None:
    """Add a line with the moment to a log of this kind."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    line = json.dumps({"at": process.now().isoformat(), **facts}, ensure_ascii=False) + "\n"
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, line.encode())  # one call: lines of two processes do not mix
    finally:
        os.close(handle)
