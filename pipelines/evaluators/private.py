"""Files and folders for their owner alone, and one writer at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.edges.wording import say
from pipelines.model.refusals import UsageRefusal

LOCK = ".lock"


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


def write_private(file: Path, content: str) -> Path:
    """A file for its owner alone, switched into place whole."""
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)
    with open_private(part, "w") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    return part.replace(file)
