"""The log of events: JSON Lines that are only ever added to, its head, and its hash for those outside."""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pipelines.edges.folders import HEADS, MANIFEST, RECORD, RUNS, heads, keep_head, sync_folder
from pipelines.edges.private import LOCK, open_private
from pipelines.edges.process import gc_at_rest
from pipelines.model.words import Refusal, VerificationFailed
from pipelines.wording import say

# The head of the log: how far it reaches, and how far it will once the lines that are announced are on the disk.
#
# The chain inside the log shows what was changed or taken out in the middle; that lines are missing at its end, or were
# put there by somebody else, only something beside it can tell. The head announces lines before they are written and is
# written again after they are on the disk: what a crash left of announced lines never happened, and a line that nobody
# announced is a stranger's. Heads of form 1, from before that, were written afterwards alone; a log may go further than
# such a head.


HEAD = "head.json"
ANNOUNCING = 2  # the form in which lines are announced


@dataclass(frozen=True)
class Head:
    """So many lines and bytes, the sha256 of those bytes, and the hash in the last of the lines.

    ``next`` is the head that is announced; ``beside`` tells that the head stands in the output folder's record too.
    """

    lines: int
    bytes: int
    sha256: str
    hash: str
    form: int = 1
    beside: bool = False
    next: "Head | None" = None

    def stands_for(self, content: bytes) -> bool:
        """Whether the content begins with just what the head was written for."""
        return len(content) >= self.bytes and sha256(memoryview(content)[: self.bytes]).hexdigest() == self.sha256

    def fields(self) -> dict:
        """What its file says, but the seal; form 1 as it always was."""
        fields = asdict(self)
        return {name: fields[name] for name in ("lines", "bytes", "sha256", "hash")} if self.form == 1 else fields

    def seal(self) -> str:
        """The sha256 of what the head says: it tells a head that was edited from a log that was."""
        return sha256(json.dumps(self.fields(), sort_keys=True).encode()).hexdigest()

    def done(self) -> "Head":
        """The announced head, its lines being on the disk."""
        return replace(self.next, form=self.form, beside=self.beside)


def read_head(folder: Path) -> Head | None:
    """The head in the state folder, None where there is none. VerificationFailed where it is damaged."""
    try:
        said = json.loads((folder / HEAD).read_bytes())
        seal, after = said.pop("seal"), said.pop("next", None)
        head = Head(**said, next=after and Head(**after))
        sealed = head.seal()
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise VerificationFailed(say("evaluators.head_damaged", head=HEAD)) from None
    if seal != sealed:
        raise VerificationFailed(say("evaluators.head_damaged", head=HEAD))
    return head


def write_head(folder: Path, head: Head) -> None:
    """Switch the head into place, whole and on the disk."""
    part = folder / f".{HEAD}.part"
    with open_private(part, "w") as stream:
        json.dump({**head.fields(), "seal": head.seal()}, stream)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(folder / HEAD)
    sync_folder(folder)


# Where else the log's head stands: in the record of the output folder, in lines that people signed, in runs.


FOLDER = Path("restricted") / "evaluators"  # under the out folder
NAME = "evaluators"  # of the log in `heads.json`, of its hash in record lines and manifests


@dataclass(frozen=True)
class Anchor:
    """The output folder that a log belongs to."""

    out: Path

    def announce(self, now: Head, after: Head) -> None:
        """Lines will be written; called before they are announced beside the log itself."""
        self._keep({"lines": now.lines, "sha256": now.hash, "next": after.hash})

    def keep(self, head: Head) -> None:
        """Lines are on the disk."""
        self._keep({"lines": head.lines, "sha256": head.hash})

    def must_hold(self, head: Head | None, hashes: list[str]) -> None:
        """VerificationFailed where the log is not the one whose head was kept, or lacks what lines and runs tell of."""
        kept = heads(self.out / RECORD).get(NAME)
        if kept is None and head and head.beside:
            raise VerificationFailed(say("evaluators.anchor_missing", heads=f"{RECORD}/{HEADS}"))
        reached = hashes[-1] if hashes else ""
        if kept and not (reached == kept.get("next") or (len(hashes), reached) == (kept["lines"], _last(kept))):
            facts = {"heads": f"{RECORD}/{HEADS}", "known": kept["lines"], "lines": len(hashes)}
            raise VerificationFailed(say("evaluators.anchor_differs", **facts))
        known = set(hashes)
        for place, hash in self._recorded_hashes(everywhere=not hashes):
            if hash not in known:
                raise VerificationFailed(say("evaluators.log_lost", place=place))

    def _keep(self, head: dict) -> None:
        place = self.out / RECORD
        place.mkdir(parents=True, exist_ok=True)
        keep_head(place, NAME, head)

    def _recorded_hashes(self, everywhere: bool) -> Iterator[tuple[str, str]]:
        """(place, hash) of everything that tells of the log; of runs only where there is none, which is rare."""
        for file in sorted((self.out / RECORD).glob("*.jsonl")):
            yield from ((f"{RECORD}/{file.name}", hash) for hash in _in_lines(file))
        runs = sorted((self.out / RUNS).glob(f"*/*/{MANIFEST}")) if everywhere else ()
        for file in runs:
            if hash := hash_in(_document(file.read_bytes())):
                yield str(file.relative_to(self.out)), hash


def anchor_of(folder: Path) -> Anchor | None:
    """The anchor of the log in a state folder; None where it lies in no output folder."""
    place = folder.absolute()
    return Anchor(place.parents[1]) if place.parts[-2:] == FOLDER.parts else None


def hash_in(document: dict) -> str:
    """The hash of the log's last line that a record line or a manifest tells, "" where it tells none."""
    hash = document.get(NAME)
    return hash if isinstance(hash, str) else ""


def _last(kept: dict) -> str:
    return kept["sha256"] if kept["lines"] else ""


def _in_lines(file: Path) -> Iterator[str]:
    for line in file.read_bytes().splitlines():
        if hash := hash_in(_document(line)):
            yield hash


def _document(content: bytes) -> dict:
    """What a line or a manifest says; {} for a damaged one, which others refuse."""
    try:
        document = json.loads(content)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


# The log of events: JSON Lines that are only ever added to, each numbered and chained to the one before.
#
# A line is ``{"n": …, "id": …, "at": …, "kind": …, …, "hash": …}``; ``hash`` is the sha256 of the hash before and of
# the line without it. An event's id follows from what it says, so the same event is never written twice. The lines of a
# step are written together, after the head has announced them: what a crash left of them never happened, and any other
# damage, an end that is missing, and a line that nobody announced are a refusal.


LOG = "log.jsonl"
FIRST = "0" * 64
_TAIL = len(',"hash":""}') + len(FIRST)


class Event(NamedTuple):
    """Something that happened: ``says`` holds what belongs to its ``kind``; ``at`` is local time."""

    id: str
    at: datetime
    kind: str
    says: dict

    def body(self, number: int) -> str:
        """The line without its hash and its closing brace."""
        head = {"n": number, "id": self.id, "at": self.at.isoformat(" "), "kind": self.kind}
        return json.dumps({**head, **self.says}, ensure_ascii=False, separators=(",", ":"))[:-1]


class Log:
    """The log in a state folder, read whole; `append` adds events and `sync` brings them to the disk.

    ``simulated`` marks the lines that are added as those of invented data.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / LOG
        self.mended = False  # what a crash had left of announced lines was taken away
        self.simulated = False
        self.events: list[Event] = []
        self.hashes: list[str] = []  # in each line
        self._anchor = anchor_of(folder)
        self._head = self._written = read_head(folder)
        self._hash = FIRST
        self._ids: set[str] = set()
        self._waiting: list[bytes] = []
        content = self.file.read_bytes() if self.file.exists() else b""
        with gc_at_rest():
            self._read(self._without_leftovers(content))
        self._there, self._leftovers = self._reached(), self.mended  # what is on the disk and sound, and what is not
        if self._anchor:
            self._anchor.must_hold(self._head, self.hashes)

    def __contains__(self, id: str) -> bool:
        return id in self._ids

    def append(self, event: Event) -> bool:
        """Add an event; False where it is there already."""
        if event.id in self._ids:
            return False
        if self.simulated:
            event = event._replace(says={**event.says, "simulated": True})
        body = event.body(len(self.events) + 1)
        self._hash = _chained(self._hash, body.encode())
        line = f'{body},"hash":"{self._hash}"}}\n'.encode()
        self._waiting.append(line)
        self._count(line)
        self._remember(event, self._hash)
        return True

    def sync(self) -> None:
        """Announce what waits, bring it to the disk, then the head that says so; also a head that a crash kept back."""
        reached = self._reached()
        if self._leftovers:
            self._drop()
        if self._waiting:
            self._announce(reached)
            self._write()
        elif self._written in (None, reached):
            return
        write_head(self.file.parent, reached)
        self._written = self._there = reached
        if self._anchor:
            self._anchor.keep(reached)

    def close(self) -> None:
        """Sync; nothing stays open in between."""
        self.sync()

    @property
    def begun_simulated(self) -> bool | None:
        """Whether the log is of invented data; None where it holds nothing yet."""
        return bool(self.events[0].says.get("simulated")) if self.events else None

    def _announce(self, reached: Head) -> None:
        if self._anchor:
            self._anchor.announce(self._there, reached)
        write_head(self.file.parent, replace(self._there, next=reached))

    def _drop(self) -> None:
        """Take what a crash left off the disk, before anything else is announced in its place."""
        with self.file.open("r+b") as stream:
            stream.truncate(self._there.bytes)
            os.fsync(stream.fileno())
        self._leftovers = False

    def _write(self) -> None:
        with open_private(self.file, "a") as stream:
            stream.write(b"".join(self._waiting).decode())
            stream.flush()
            os.fsync(stream.fileno())
        sync_folder(self.file.parent)
        self._waiting.clear()

    def _reached(self) -> Head:
        return Head(len(self.events), self._bytes, self._digest.hexdigest(), self._hash, ANNOUNCING, bool(self._anchor))

    def _count(self, lines: bytes) -> None:
        self._digest.update(lines)
        self._bytes += len(lines)

    def _remember(self, event: Event, hash: str) -> None:
        self.events.append(event)
        self.hashes.append(hash)
        self._ids.add(event.id)

    def _without_leftovers(self, content: bytes) -> bytes:
        """The content as far as its head goes, or the announced one; VerificationFailed for lines nobody announced.

        A log of form 1 may go further than its head: there the chain alone is followed.
        """
        head = self._head
        if head is None or head.form < ANNOUNCING:
            return content
        if head.next and head.next.bytes == len(content) and head.next.stands_for(content):
            self._head = head.done()
            return content
        if len(content) == head.bytes or not head.stands_for(content):
            return content
        if not head.next or len(content) >= head.next.bytes:
            raise VerificationFailed(say("evaluators.log_foreign", file=LOG, head=HEAD, line=head.lines + 1))
        self.mended = True
        return content[: head.bytes]

    def _read(self, content: bytes) -> None:
        """Everything up to the head at once where it is as the head was written for it, the rest along the chain."""
        self._bytes, self._digest = content.rfind(b"\n") + 1, sha256()
        self._digest.update(memoryview(content)[: self._bytes])
        self.mended |= self._bytes < len(content)
        *lines, _ = content.split(b"\n")
        sound = self._head.lines if self._head and self._head.stands_for(content) else 0
        said = iter(_parsed(lines))
        if sound:
            self._take_all(said, sound)
        for number, line in enumerate(lines[sound:], sound + 1):
            self._take(line, next(said), number)
        self._must_reach_the_head(lines, sound)

    def _take_all(self, said: Iterator[dict], count: int) -> None:
        """The first lines, whose chain was followed before the head was written."""
        parse = datetime.fromisoformat
        for _, one in zip(range(count), said, strict=False):
            del one["n"]
            self.hashes.append(one.pop("hash"))
            self.events.append(Event(one.pop("id"), parse(one.pop("at")), one.pop("kind"), one))
        self._ids = {event.id for event in self.events}
        self._hash = self._head.hash

    def _take(self, line: bytes, said: dict, number: int) -> None:
        try:
            digest, event_id = _chained(self._hash, line[:-_TAIL]), said.pop("id")
            if said.pop("hash") != digest or said.pop("n") != number or event_id in self._ids:
                raise ValueError(number)
            event = Event(event_id, datetime.fromisoformat(said.pop("at")), said.pop("kind"), said)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise VerificationFailed(say("evaluators.log_damaged", file=LOG, line=number)) from None
        self._hash = digest
        self._remember(event, digest)

    def _must_reach_the_head(self, lines: list[bytes], sound: int) -> None:
        """VerificationFailed where lines at the end are missing, all of them were written anew, or the head is gone."""
        facts = {"file": LOG, "head": HEAD, "last": len(lines)}
        if self._head is None:
            if lines:
                raise VerificationFailed(say("evaluators.head_missing", **facts))
        elif len(lines) < self._head.lines:
            raise VerificationFailed(say("evaluators.log_cut", **facts, lines=self._head.lines))
        elif sound < self._head.lines:
            raise VerificationFailed(say("evaluators.log_rewritten", **facts, lines=self._head.lines))


def _parsed(lines: list[bytes]) -> Iterable[dict]:
    """Every line as what it says; {} for one that says nothing. All at once where all are sound, which is fast."""
    try:
        said = json.loads(b"[" + b",".join(lines) + b"]")
    except ValueError:
        said = []
    if len(said) == len(lines):
        return said
    return map(_one, lines)


def _one(line: bytes) -> dict:
    try:
        said = json.loads(line)
    except ValueError:
        said = {}
    return said if isinstance(said, dict) else {}


def _chained(before: str, body: bytes) -> str:
    return sha256(before.encode() + body).hexdigest()


# The log's hash for those outside: what record lines and manifests tell of it, and whether that is still true.


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
