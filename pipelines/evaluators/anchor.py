"""Where else the log's head stands: in the record of the output folder, in lines that people signed, in runs.

Whoever writes the log anew, or deletes it with its head to begin again, must change these too. They hold a hash alone:
nothing of people, and no number. A log that lies somewhere else than in `<out>/restricted/evaluators` belongs to no
output folder and has its own head alone.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.edges.heads import HEADS, RECORD, heads, keep_head
from pipelines.edges.shelf import MANIFEST, RUNS
from pipelines.edges.wording import say
from pipelines.evaluators.head import Head
from pipelines.model.refusals import VerificationFailed

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
        for place, told in self._told(everywhere=not hashes):
            if told not in known:
                raise VerificationFailed(say("evaluators.log_lost", place=place))

    def _keep(self, head: dict) -> None:
        place = self.out / RECORD
        place.mkdir(parents=True, exist_ok=True)
        keep_head(place, NAME, head)

    def _told(self, everywhere: bool) -> Iterator[tuple[str, str]]:
        """(place, hash) of everything that tells of the log; of runs only where there is none, which is rare."""
        for file in sorted((self.out / RECORD).glob("*.jsonl")):
            yield from ((f"{RECORD}/{file.name}", told) for told in _in_lines(file))
        runs = sorted((self.out / RUNS).glob(f"*/*/{MANIFEST}")) if everywhere else ()
        for file in runs:
            if told := told_by(_document(file.read_bytes())):
                yield str(file.relative_to(self.out)), told


def anchor_of(folder: Path) -> Anchor | None:
    """The anchor of the log in a state folder; None where it lies in no output folder."""
    place = folder.absolute()
    return Anchor(place.parents[1]) if place.parts[-2:] == FOLDER.parts else None


def told_by(document: dict) -> str:
    """The hash of the log's last line that a record line or a manifest tells, "" where it tells none."""
    told = document.get(NAME)
    return told if isinstance(told, str) else ""


def _last(kept: dict) -> str:
    return kept["sha256"] if kept["lines"] else ""


def _in_lines(file: Path) -> Iterator[str]:
    for line in file.read_bytes().splitlines():
        if told := told_by(_document(line)):
            yield told


def _document(content: bytes) -> dict:
    """What a line or a manifest says; {} for a damaged one, which others refuse."""
    try:
        told = json.loads(content)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
