"""The head of the log: how far it reaches, and how far it will once the lines that are announced are on the disk.

The chain inside the log shows what was changed or taken out in the middle; that lines are missing at its end, or were
put there by somebody else, only something beside it can tell. The head announces lines before they are written and is
written again after they are on the disk: what a crash left of announced lines never happened, and a line that nobody
announced is a stranger's. Heads of form 1, from before that, were written afterwards alone; a log may go further than
such a head.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

from pipelines.edges.folder import HEADS, RECORD, heads, keep_head
from pipelines.edges.run_folders import MANIFEST, RUNS, sync_folder
from pipelines.evaluators.private import open_private
from pipelines.model.refusals import VerificationFailed
from pipelines.wording import say

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
