"""The record of a quarter's publication: JSON Lines that are only ever added to, each chained to the one before."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from pipelines.edges import folders
from pipelines.edges.fingerprints import file_sha256, folder_sha256
from pipelines.edges.folders import HEADS, MANIFEST, RECORD, RUNS, heads, keep_head
from pipelines.edges.published import TALLIES
from pipelines.model.words import NotAllowed, UsageRefusal, VerificationFailed
from pipelines.wording import say

# When something is done: the machine's clock counts, a typed time is a note beside it.
#
# A quarter marked SIMULATED is the exception: there the typed time counts, and every line says so. A test hands over
# another clock in Python; no option and no variable of the environment sets it.


Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Moment:
    """The moment ``at`` of an act, which counts; what the ``clock`` showed, and what was ``noted`` beside it.

    Local time, whole seconds. ``at`` is the clock's unless the quarter is ``simulated``.
    """

    at: datetime
    clock: datetime
    noted: datetime | None = None
    simulated: bool = False


def moment_of(clock: datetime, typed: datetime | None, simulated: bool, cutoff: datetime | None) -> Moment:
    """The moment of an act: ``typed`` is what ``--at`` gave, ``cutoff`` that of the run in force.

    UsageRefusal where a typed time lies outside cutoff and clock (a simulated one: before the cutoff); NotAllowed
    where the clock itself stands before the cutoff of a quarter that is none of invented data.
    """
    clock, typed = clock.replace(microsecond=0), typed and typed.replace(microsecond=0)
    if simulated:
        if typed and cutoff and typed < cutoff:
            raise UsageRefusal(say("publication.noted_too_early", at=typed, cutoff=cutoff))
        return Moment(typed or clock, clock, None, True)
    if cutoff and clock < cutoff:
        raise NotAllowed(say("publication.not_over", clock=clock, cutoff=cutoff))
    if typed and not (cutoff or typed) <= typed <= clock:
        raise UsageRefusal(say("publication.noted_outside", at=typed, cutoff=cutoff or "–", clock=clock))
    return Moment(clock, clock, typed)


# Finished runs in the output folder and their bytes against the manifest.


# No symbolic link inside what is recorded or published: one could lead a reader, or the next act, somewhere else.


def must_hold_no_link(*places: Path) -> None:
    """VerificationFailed with the first link at or below one of the places; what is not there is no matter."""
    for place in places:
        for name in (str(place), *_below(place)):
            if os.path.islink(name):  # noqa: PTH114 - names, not Path objects: there may be very many
                raise VerificationFailed(say("publication.link", file=name))


def _below(place: Path):
    for folder, inside, files in os.walk(place):
        yield from (os.path.join(folder, name) for name in sorted((*inside, *files)))  # noqa: PTH118


@dataclass(frozen=True)
class FinishedRun:
    """A run's folder, and the sha256 that its manifest has, which names it; ``beside`` is what else may lie in it."""

    folder: Path
    sha256: str
    beside: frozenset[str] = frozenset()

    @cached_property
    def manifest(self) -> dict:
        """What went in and what came out; VerificationFailed where it is no manifest."""
        try:
            found = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
            if isinstance(found["outputs"], dict):
                return found
        except (OSError, ValueError, KeyError, TypeError):
            pass
        raise VerificationFailed(say("publication.changed", folder=self.folder, file=MANIFEST))

    def check(self) -> int:
        """Compare every byte with the manifest; how many files. VerificationFailed names the first that differs."""
        must_hold_no_link(self.folder)
        present = {name: sha for name, sha in folder_sha256(self.folder).items() if name not in self.beside}
        if present.pop(MANIFEST, "") != self.sha256:
            raise VerificationFailed(say("publication.changed", folder=self.folder, file=MANIFEST))
        promised = self.manifest["outputs"]
        for name in sorted({*present, *promised}):
            if present.get(name) != promised.get(name):
                raise VerificationFailed(
                    say(f"publication.{_how(name, present, promised)}", folder=self.folder, file=name)
                )
        return len(present) + 1


def run_in_force(out: Path, period: object) -> FinishedRun | None:
    """The run that `<out>/<period>` leads to, None where there is none.

    VerificationFailed if its manifest is not the one whose hash names its folder.
    """
    link = Path(out) / str(period)
    if not (link / MANIFEST).is_file():
        return None
    folder = link.resolve()
    found = FinishedRun(folder, file_sha256(folder / MANIFEST))
    if link.is_symlink() and not found.sha256.startswith(folder.name.split(".")[0]):
        raise VerificationFailed(say("publication.changed", folder=link, file=MANIFEST))
    return found


def finished_runs(out: Path, period: object) -> list[FinishedRun]:
    """Every run of a quarter, each named by its manifest; VerificationFailed for one whose manifest is another."""
    found = []
    for folder in sorted((Path(out) / RUNS / str(period)).glob("*")):
        if folder.is_dir() and not folder.name.endswith(TALLIES):
            manifest = folder / MANIFEST
            run = FinishedRun(folder, file_sha256(manifest) if manifest.is_file() else "")
            if not run.sha256.startswith(folder.name.split(".")[0]):
                raise VerificationFailed(say("publication.changed", folder=folder, file=MANIFEST))
            found.append(run)
    return found


def finished_run(out: Path, period: object, sha256: str) -> FinishedRun | None:
    """The run of that name, wherever the link leads now."""
    runs = Path(out) / RUNS / str(period)
    for folder in sorted(runs.glob(f"{sha256[:16]}*")):
        if (folder / MANIFEST).is_file() and file_sha256(folder / MANIFEST) == sha256:
            return FinishedRun(folder, sha256)
    return None


def _how(name: str, present: dict, promised: dict) -> str:
    if name not in present:
        return "lost"
    return "changed" if name in promised else "foreign"


# The record of a quarter's publication: JSON Lines that are only ever added to, each chained to the one before.
#
# A line is ``{"n": …, "at": …, "kind": …, …, "clock": …, "before": …, "sha256": …}``: ``before`` is the ``sha256`` of
# the line before, ``sha256`` that of the line without it. ``at`` counts; it is what the ``clock`` showed, except where
# the line says ``simulated``. Lines without a ``clock`` are older than keys. A line that a crash cut short never
# happened; other damage is refused. How far each record reached stands beside them all in `heads.json`, written before
# and after every line: a line that was taken off the end, or put there by somebody else, is told by it.


SUFFIX = ".jsonl"
FIRST = "0" * 64
_TAIL = len(',"sha256":""}') + len(FIRST)


@dataclass(frozen=True)
class Event:
    """Something that was done: ``says`` holds what belongs to its ``kind``; ``at`` is local time and counts.

    ``clock`` is None in a line that is older than keys.
    """

    n: int
    at: datetime
    kind: str
    says: dict
    sha256: str
    clock: datetime | None = None
    noted: datetime | None = None
    simulated: bool = False


def record_file(out: Path, period: object) -> Path:
    """Where the record of a quarter is."""
    return Path(out) / RECORD / f"{period}{SUFFIX}"


@contextmanager
def locked(out: Path, period: object) -> Iterator[Path]:
    """The record, for one writer at a time; the kernel lets go even after kill -9."""
    file = record_file(out, period)
    must_hold_no_link(file.parent)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_suffix(".lock").open("w") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        yield file


def read(file: Path) -> tuple[Event, ...]:
    """Every event, none where there is no record; VerificationFailed with the line where the chain is broken."""
    events: list[Event] = []
    for number, line in enumerate(_lines(file), 1):
        try:
            events.append(_event(line, number, events[-1].sha256 if events else FIRST))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise VerificationFailed(say("publication.record_damaged", file=file.name, line=number)) from None
    return tuple(events)


def append(file: Path, events: tuple[Event, ...], kind: str, when: Moment, **says: object) -> tuple[Event, ...]:
    """Add an event and bring it to the disk; all events with it. The caller holds the lock and has read ``events``."""
    before = head_of(events)
    line_facts = {"n": len(events) + 1, "at": _written(when.at), "kind": kind, **says, **_timed(when), "before": before}
    body = json.dumps(line_facts, ensure_ascii=False, separators=(",", ":"))[:-1]
    digest = _digest(body)
    line = f'{body},"sha256":"{digest}"}}\n'.encode()
    keep_head(file.parent, file.stem, {"lines": len(events), "sha256": before, "next": digest})
    known = _known_bytes(file)
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    try:
        os.ftruncate(handle, len(known))
        os.pwrite(handle, line, len(known))
        os.fsync(handle)
    finally:
        os.close(handle)
    folders.sync_folder(file.parent)
    keep_head(file.parent, file.stem, {"lines": len(events) + 1, "sha256": digest})
    return (*events, _event(line.decode(), len(events) + 1, before))


def head_of(events: tuple[Event, ...]) -> str:
    """The sha256 of the last line."""
    return events[-1].sha256 if events else FIRST


def must_reach_its_head(file: Path, events: tuple[Event, ...]) -> None:
    """VerificationFailed where lines are missing at the end, were written anew, or were put there by somebody else."""
    head, facts = heads(file.parent).get(file.stem), {"file": file.name, "heads": HEADS, "lines": len(events)}
    if head is None:
        if any(event.clock for event in events):
            raise VerificationFailed(say("publication.head_missing", **facts))
        return
    known = head["lines"]
    if len(events) < known:
        raise VerificationFailed(say("publication.record_cut", **facts, known=known))
    more = events[known:]
    if head_of(events[:known]) != head["sha256"]:
        raise VerificationFailed(say("publication.record_rewritten", **facts, known=known))
    if more and (len(more) > 1 or more[0].sha256 != head.get("next")):
        raise VerificationFailed(say("publication.record_foreign", **facts, line=known + 1))


def _timed(when: Moment) -> dict:
    noted = {"noted": _written(when.noted)} if when.noted else {}
    return {**noted, **({"simulated": True} if when.simulated else {}), "clock": _written(when.clock)}


def _written(moment: datetime) -> str:
    return moment.isoformat(" ", "seconds")


def _lines(file: Path) -> Iterator[str]:
    for raw in _known_bytes(file).split(b"\n")[:-1]:
        yield raw.decode("utf-8", errors="replace")


def _known_bytes(file: Path) -> bytes:
    """The whole lines; what a crash left of the last one is no line."""
    must_hold_no_link(file.parent, file)
    content = file.read_bytes() if file.exists() else b""
    return content[: content.rfind(b"\n") + 1]


def _event(line: str, number: int, before: str) -> Event:
    document = json.loads(line)
    digest = document.pop("sha256")
    if digest != _digest(line.rstrip("\n")[:-_TAIL]) or document.pop("before") != before or document.pop("n") != number:
        raise ValueError(number)
    at, kind = datetime.fromisoformat(document.pop("at")), document.pop("kind")
    clock, noted = (_moment(document.pop(name, None)) for name in ("clock", "noted"))
    simulated = document.pop("simulated", False)
    if clock is None:
        sound = noted is None and simulated is False
    elif simulated:
        sound = simulated is True and noted is None
    else:
        sound = at == clock and (noted is None or noted <= clock)
    if not sound:
        raise ValueError(number)
    return Event(number, at, kind, document, digest, clock, noted, simulated)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _digest(body: str) -> str:
    return sha256(body.encode()).hexdigest()
