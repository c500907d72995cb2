"""Faults of a machine at the n-th call that writes: killed, killed half-way through, a full or broken or locked disk.

Everything that a process of Python writes goes through the calls that `install` replaces; only those below the current
folder count. Put in place in a process that was made for it.
"""

import builtins
import errno
import io
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

RAISED = {"full": errno.ENOSPC, "broken": errno.EIO, "locked": errno.EROFS}
KINDS = ("killed", "torn", *RAISED, *(f"{kind} for good" for kind in RAISED))
CALLS = ("open", "write", "fsync", "rename", "replace", "symlink", "link", "mkdir", "unlink", "remove", "rmdir",
         "chmod")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass
class Fault:
    """What happens at the ``at``-th call, counted from 1; ``calls`` is how many there were. Nothing happens at 0."""

    kind: str = "killed"
    at: int = 0
    calls: int = 0

    def strike(self, half: Callable[[], object] = lambda: None) -> None:
        """Count a call; where it is the one, let the fault happen. ``half`` does a part of it."""
        self.calls += 1
        if not self.at or self.calls < self.at or self.calls > self.at and "for good" not in self.kind:
            return
        if self.kind in ("torn", "full"):
            half()
        if self.kind in ("killed", "torn"):
            os.kill(os.getpid(), signal.SIGKILL)
        number = RAISED[self.kind.split()[0]]
        raise OSError(number, os.strerror(number))


def install(fault: Fault) -> None:
    """Let every call that writes below the current folder pass the fault."""
    root = str(Path.cwd())
    real = {name: getattr(os, name) for name in CALLS}

    def inside(path: object) -> bool:
        return isinstance(path, str | Path) and os.path.abspath(path).startswith(root)  # noqa: PTH100

    def counted(name: str) -> Callable:
        def call(*given, **named):
            if name == "write":
                fault.strike(lambda: real["write"](given[0], given[1][: len(given[1]) // 2]))
            elif name == "fsync" or inside(given[0]) and (name != "open" or given[1] & WRITING):
                fault.strike()
            return real[name](*given, **named)

        return call

    for name in CALLS:
        setattr(os, name, counted(name))
    opened = io.open

    class Written(io.FileIO):
        def write(self, data) -> int:
            fault.strike(lambda: io.FileIO.write(self, bytes(data)[: len(data) // 2]))
            return super().write(data)

    def open_(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None):
        if not inside(file) or not set(mode) & set("wax+"):
            return opened(file, mode, buffering, encoding, errors, newline, closefd, opener)
        fault.strike()
        raw = Written(file, mode.replace("t", "").replace("b", ""), closefd, opener)
        buffered = (io.BufferedRandom if "+" in mode else io.BufferedWriter)(raw)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding, errors, newline)

    builtins.open = io.open = open_
