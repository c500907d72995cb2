"""The present process: the project in force, the work that it began and has not ended, its lines in the log of runs."""

import fcntl
import gc
import json
import os
import pickle
import signal
import socket
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO, NoReturn, TypeVar
from zoneinfo import ZoneInfo

from pipelines.model.project import Project

# The project in force in this process: none until a verb or a flow takes one, which it does before any work.
#
# A process works for one city, as it has one current folder: zone and calendars reach what reads them from here.


Thing = TypeVar("Thing")
Result = TypeVar("Result")

_taken = [Project()]


def project() -> Project:
    """What the project file says; without one the defaults."""
    return _taken[0]


def use(one: Project) -> None:
    """Put a project in force."""
    _taken[0] = one


# The machine's clock, read as the city's wall clock; tests replace it, no option and no variable can.


def now() -> datetime:
    """The present second in local time of the city, without a zone, as the exports have their moments."""
    return datetime.now(ZoneInfo(project().zone)).replace(microsecond=0, tzinfo=None)


# Telemetry of the libraries, switched off before any of them is imported.


SILENT = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "GX_ANALYTICS_ENABLED": "false",
}


def silence_telemetry() -> None:
    """Tell every library to send nothing home, whatever the environment said before."""
    os.environ.update(SILENT)


def telemetry_is_off() -> bool:
    """Whether every library has been told."""
    return all(os.environ.get(name) == value for name, value in SILENT.items())


# Work of which every part stands alone, on a second processor.


def processors() -> int:
    """How many processors this process may use."""
    affinity: Callable[[int], set[int]] | None = getattr(os, "sched_getaffinity", None)  # of Linux
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def in_two(work: Callable[[Thing], Result], things: Sequence[Thing]) -> list[Result]:
    """The result of the work on each thing, in their order; every second one is done by a fork of this process.

    A fork knows all that this process knows. What failed there is done again here, so that it fails as it would have.
    Only the main thread forks: what another one holds locked would stay locked. Results are pickled.
    """
    forks = threading.current_thread() is threading.main_thread() and processors() > 1
    if not forks or len(things) < 2:
        return [work(one) for one in things]
    here = os.getpid()
    with tempfile.TemporaryFile() as results:
        fork = os.fork()
        if not fork:
            _half(work, things[1::2], results, here)
        status = None
        try:
            found = {2 * k: work(one) for k, one in enumerate(things[::2])}
            _, status = os.waitpid(fork, 0)
        finally:
            if status is None:
                os.kill(fork, signal.SIGKILL)
                os.waitpid(fork, 0)
        results.seek(0)
        theirs = [work(one) for one in things[1::2]] if status else pickle.load(results)  # noqa: S301 - our own fork's
    found |= {2 * k + 1: one for k, one in enumerate(theirs)}
    return [found[k] for k in range(len(things))]


def _half(work: Callable[[Thing], Result], things: Sequence[Thing], results: IO[bytes], parent: int) -> NoReturn:
    """What the fork does; it ends without a word, and with its parent."""
    gc.disable()  # looking through what both share would copy it
    try:
        done = []
        for one in things:
            if os.getppid() != parent:
                os._exit(1)
            done.append(work(one))
        pickle.dump(done, results)
        results.flush()
        os._exit(0)
    finally:
        os._exit(1)


# What was begun and has not ended: a note for every piece of work, locked by its process as long as that lives.
#
# `<folder>/.begun/<id>.json` is written before the work and taken away after it, well ended or refused. One that was
# killed leaves its note, and the kernel has let go of the lock: that tells it from one that still works. The note goes
# with the next work of the same kind and period that ends well.


FOLDER = ".begun"
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
    token, missing = _noted.set(True), _missing(folder / FOLDER)
    since = now()
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


def killed(folder: Path) -> list[Begun]:
    """What ended without being able to say so: killed, or the machine went down."""
    return [one for one in under_way(folder) if not one.alive]


def plain(one: Begun) -> dict:
    """For machines."""
    return asdict(one)


def _missing(folder: Path) -> list[Path]:
    """The folders that will have to be made, the innermost first."""
    return [one for one in (folder, *folder.parents) if not os.path.lexists(one)]


def _written(folder: Path, note: Begun) -> tuple[Path, int] | None:
    """The note, locked before it has its name, so that nobody can take a living process for a dead one."""
    place, name = folder / FOLDER, uuid.uuid4().hex
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
    for file in sorted((folder / FOLDER).glob("*.json")):
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


FILE = Path(".log") / "runs.jsonl"
BEGUN, ENDED, FAILED = "begun", "ended", "failed"


@contextmanager
def logged(out: Path, flow: str, period: str = "") -> Iterator[None]:
    """Log the work inside; whatever it raises is logged as failed and goes on its way."""
    facts = {"run": uuid.uuid4().hex[:12], "flow": flow, "period": period}
    append(out / FILE, {**facts, "state": BEGUN})
    try:
        yield
    except BaseException as problem:
        append(out / FILE, {**facts, "state": FAILED, "kind": type(problem).__name__})
        raise
    append(out / FILE, {**facts, "state": ENDED})


def read_log(out: Path) -> list[dict[str, str]]:
    """The lines, the oldest first; what a killed process left half-written is left out."""
    file = out / FILE
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
    line = json.dumps({"at": now().isoformat(), **facts}, ensure_ascii=False) + "\n"
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, line.encode())  # one call: lines of two processes do not mix
    finally:
        os.close(handle)
