"""What a piece of work takes: seconds on the clock and of the processors, and memory of all its processes."""

import resource
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

EVERY = 0.5  # seconds between two looks at the memory


@dataclass(frozen=True)
class Usage:
    """Seconds on the clock, seconds of the processors in this process and its children, highest memory in GiB."""

    seconds: float
    cpu: float
    peak_gib: float


def used(work: Callable[[], object]) -> Usage:
    """Do the work and say what it took."""
    done, peak = threading.Event(), [0]
    watcher = threading.Thread(target=_watch, args=(done, peak), daemon=True)
    watcher.start()
    start, before = time.perf_counter(), _processor()
    work()
    seconds, cpu = time.perf_counter() - start, _processor() - before
    done.set()
    watcher.join()
    return Usage(seconds, cpu, peak[0] / 1024**3)


def _processor() -> float:
    usage = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in usage)


def _watch(done: threading.Event, peak: list[int]) -> None:
    """The memory of this process and all below it, pages that several share counted once."""
    import psutil

    own = psutil.Process()
    while not done.wait(EVERY):
        now = 0
        for process in (own, *own.children(recursive=True)):
            with suppress(psutil.Error):
                now += process.memory_full_info().pss
        peak[0] = max(peak[0], now)
