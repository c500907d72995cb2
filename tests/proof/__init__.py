"""What is promised, how it is proven, and what came of it: `python -m tests.proof`."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

SIGNALS = (signal.SIGTERM, signal.SIGHUP)
GRACE = 10  # seconds for a group to end its own groups


def seeds(first: int, usual: int) -> range:
    """The seeds of a sweep: ``usual`` many from ``first`` on, or as many and from where a proof says."""
    first += 1_000_000 * int(os.environ.get("GONGPING_SEED", 0))
    return range(first, first + int(os.environ.get("GONGPING_COUNT", usual)))


@contextmanager
def group(command: list, **options) -> Iterator[subprocess.Popen]:
    """A process in a group of its own, all of which ends with the block, also where an error or a signal ends that."""
    before = {number: signal.signal(number, _leave) for number in SIGNALS}
    try:
        with subprocess.Popen(command, start_new_session=True, **options) as process:
            try:
                yield process
            finally:
                _end(process)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, _) -> None:
    sys.exit(128 + number)


def _end(process: subprocess.Popen) -> None:
    with suppress(ProcessLookupError):  # where all of it has ended
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
        os.killpg(process.pid, signal.SIGKILL)
