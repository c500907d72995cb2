"""The present process: the project in force, the city's clock, its processors, and no telemetry."""

import gc
import os
import pickle
import signal
import tempfile
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import IO, NoReturn, TypeVar
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
