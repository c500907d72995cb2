"""The log's hash for those outside: what record lines and manifests tell of it, and whether that is still true."""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pipelines.evaluators.head import FOLDER, HEAD, anchor_of
from pipelines.evaluators.log import LOG, Log
from pipelines.evaluators.private import LOCK
from pipelines.model.refusals import Refusal, VerificationFailed
from pipelines.wording import say


def log_of(out: Path) -> Log | None:
    """The log of an output folder, checked; None where there is none and nothing tells of one.

    VerificationFailed where it was forged, cut, lost or begun again; Refusal where this user may not read it.
    """
    folder = Path(out) / FOLDER
    try:
        if not (folder / LOG).is_file() and not (folder / HEAD).is_file():
            anchor_of(folder).must_hold(None, [])
            return None
        with _for_reading(folder):
            return Log(folder)
    except PermissionError:
        raise Refusal(say("evaluators.log_unreadable", folder=folder)) from None


def reached_by(log: Log | None, cutoff: datetime | None = None) -> str:
    """The hash of the log's last line or, for a ``cutoff``, of the last before the first line from then on; "" of none.

    What is told of a cutoff stays true however long the work goes on after it.
    """
    if log is None:
        return ""
    ends = next((n for n, event in enumerate(log.events) if cutoff and event.at >= cutoff), len(log.events))
    return log.hashes[ends - 1] if ends else ""


def must_contain_hashes(log: Log | None, claims: Iterable[tuple[str, str]]) -> None:
    """VerificationFailed where the log lacks a line whose hash was told: (where, hash)."""
    known = set(log.hashes) if log else set()
    for place, hash in claims:
        if hash not in known:
            raise VerificationFailed(say("evaluators.log_lost", place=place))


@contextmanager
def _for_reading(folder: Path) -> Iterator[None]:
    """While no step is being written; nothing is made where no step was ever taken."""
    if not (folder / LOCK).is_file():
        yield
        return
    mark = os.open(folder / LOCK, os.O_RDONLY)
    try:
        fcntl.flock(mark, fcntl.LOCK_SH)
        yield
    finally:
        os.close(mark)
