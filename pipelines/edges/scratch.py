"""Folders for what a run spills, in the machine's temporary folder: each dies with its process, or is swept.

A scratch folder is its owner's alone (mode 0700) and locked while its process lives; the kernel lets go of the lock
even after kill -9. Whoever makes the next one, and the doctor, removes every folder whose lock can be had.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

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
