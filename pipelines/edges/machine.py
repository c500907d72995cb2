"""The machine underneath: what it refused, in one sentence with its remedy; folders for what spills; processors."""

import errno
import fcntl
import gc
import os
import pickle
import re
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NoReturn, TypeVar

from pipelines.model.words import Words
from pipelines.wording import say

# What the machine refused, in one sentence with its remedy: a full disk, a read-only place, no rights, no memory.


KINDS = {
    errno.ENOSPC: "full",
    errno.EDQUOT: "quota",
    errno.EFBIG: "quota",
    errno.EROFS: "read_only",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.EMFILE: "files",
    errno.ENFILE: "files",
    errno.EIO: "broken",
    errno.ENOMEM: "memory",
    errno.ENAMETOOLONG: "long_name",
}
# Libraries hand on what the system said as text, and some of them nothing else.
SAID = {os.strerror(number).lower(): kind for number, kind in KINDS.items()}
PLACE = re.compile(r"""["'](/[^"'\\\n]+)""")


def machine_fault(problem: BaseException) -> Words | None:
    """The refusal of the machine behind an exception, or behind what caused it; None where there is none."""
    for one in _behind(problem):
        if kind := _kind(one):
            where = _place(one)
            return say(f"faults.{kind}", where=f"{where}：" if where else "")
    if isinstance(problem, OSError):
        says = problem.strerror or str(problem).splitlines()[0][:200] if str(problem) else type(problem).__name__
        return say("faults.other", where=f"{_place(problem)}：" if _place(problem) else "", says=says)
    return None


def _behind(problem: BaseException | None) -> Iterator[BaseException]:
    seen = set()
    while problem is not None and id(problem) not in seen:
        seen.add(id(problem))
        yield problem
        yield from (one for one in problem.args if isinstance(one, OSError))
        problem = problem.__cause__ or problem.__context__


def _kind(problem: BaseException) -> str | None:
    if isinstance(problem, MemoryError):
        return "memory"
    if isinstance(problem, OSError) and problem.errno in KINDS:
        return KINDS[problem.errno]
    if isinstance(problem, FileNotFoundError | FileExistsError | NotADirectoryError | IsADirectoryError):
        return None
    text = str(problem).lower()
    return next((kind for said, kind in SAID.items() if said in text), None)


def _place(problem: BaseException) -> str:
    """The file or folder; of many, as in `shutil.Error`, the first that could not be written."""
    if isinstance(problem, OSError) and problem.filename:
        return os.fsdecode(problem.filename)
    first = problem.args[0] if problem.args else ""
    if isinstance(first, list) and first:
        pair = first[0]
        return str(pair[1] if isinstance(pair, tuple) and len(pair) > 1 else pair)[:300]
    found = PLACE.search(str(problem))
    return found[1] if found else ""


# Folders for what a run spills, in the machine's temporary folder: each dies with its process, or is swept.
#
# A scratch folder is its owner's alone (mode 0700) and locked while its process lives; the kernel lets go of the lock
# even after kill -9. Whoever makes the next one, and the doctor, removes every folder whose lock can be had.


PREFIX = "gongping-scratch-"
NAMELESS = Path("/proc/self/fd")  # where a process, and a child that was handed it, opens a file that has no name


@contextmanager
def scratch(place: Path | None = None) -> Iterator[Path]:
    """A fresh folder in ``place``, the temporary folder where None; it is gone afterwards, and those of the dead too.

    OSError where there is no room for one.
    """
    place = place or Path(tempfile.gettempdir())
    sweep(place)
    folder, lock = _made(place)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def sweep(place: Path | None = None) -> int:
    """Remove the scratch folders that dead processes of this user left in ``place``; how many there were."""
    place, swept = place or Path(tempfile.gettempdir()), 0
    for folder in place.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
                continue
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
                swept += not folder.exists()
            finally:
                os.close(lock)
    return swept


def nameless(folder: Path) -> tuple[IO[bytes], Path]:
    """A file without a name on the disk of ``folder``, and the path by which this process and its children open it.

    It is gone as soon as nobody holds it open, however its holders end. A child opens it by the same path where it
    was started with the file's number in ``pass_fds``.
    """
    file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - its holder closes it
    return file, NAMELESS / str(file.fileno())


def _made(place: Path) -> tuple[Path, int]:
    """A folder and its lock; once more where a sweep came between the two."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        with suppress(FileNotFoundError):
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.exists():
                return folder, lock
            os.close(lock)


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
