"""The present process: the project in force, the city's clock, its processors, and no telemetry."""

import gc
import os
import pickle
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import IO, Generic, NoReturn, TypeVar
from zoneinfo import ZoneInfo

from pipelines.model.project import Project

# The project in force in this process: none until a verb or a flow takes one, which it does before any work.
#
# A process works for one city, as it has one current folder: zone and calendars reach what reads them from here.

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


# Work of which every part stands alone, on a second processor.


Thing = TypeVar("Thing")
Result = TypeVar("Result")


def processors() -> int:
    """How many processors this process may use."""
    affinity: Callable[[int], set[int]] | None = getattr(os, "sched_getaffinity", None)  # of Linux
    return len(affinity(0)) if affinity else os.cpu_count() or 1


class Beside(Generic[Result]):
    """Work that a fork of this process does while this one goes on; `result` waits for it.

    A fork knows all that this process knows. What failed there is done again here, so that it fails as it would have.
    Only the main thread forks: what another one holds locked would stay locked; without a second processor nothing
    does. There the work is done when its result is asked for. Results are pickled. As a context manager it ends its
    fork on the way out.
    """

    def __init__(self, work: Callable[[], Result]) -> None:
        self._work, self._fork = work, 0
        if threading.current_thread() is not threading.main_thread() or processors() < 2:
            return
        self._results = tempfile.TemporaryFile()  # noqa: SIM115 - `result` and `stop` close it
        self._fork = os.fork()
        if not self._fork:
            _end_with(work, self._results)

    def __enter__(self) -> "Beside[Result]":
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()

    def result(self) -> Result:
        """What the work comes to; asked once."""
        if not self._fork:
            return self._work()
        _, status = os.waitpid(self._fork, 0)
        self._fork = 0
        with self._results:
            self._results.seek(0)
            return self._work() if status else pickle.load(self._results)  # noqa: S301 - our own fork's

    def stop(self) -> None:
        """End the fork where it still works."""
        if self._fork:
            os.kill(self._fork, signal.SIGKILL)
            os.waitpid(self._fork, 0)
            self._fork = 0
            self._results.close()


def _end_with(work: Callable[[], object], results: IO[bytes]) -> NoReturn:
    """What the fork does; it ends without a word."""
    gc.disable()  # looking through what both share would copy it
    try:
        pickle.dump(work(), results)
        results.flush()
        os._exit(0)
    finally:
        os._exit(1)


def in_two(work: Callable[[Thing], Result], things: Sequence[Thing]) -> list[Result]:
    """The result of the work on each thing, in their order; every second one is done beside this process."""
    here = os.getpid()

    def half() -> list[Result]:
        done = []
        for one in things[1::2]:
            if os.getpid() != here and os.getppid() != here:
                os._exit(1)  # a fork ends with its parent
            done.append(work(one))
        return done

    if len(things) < 2:
        return [work(one) for one in things]
    with Beside(half) as others:
        found: list[Result] = [work(one) for one in things[::2]]
        theirs = others.result()
    return [(theirs if k % 2 else found)[k // 2] for k in range(len(things))]


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
