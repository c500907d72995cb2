"""The head of the log: how far it reached when it was last brought to the disk, so that a cut end cannot pass.

The chain inside the log shows what was changed or taken out in the middle; that lines are missing at its end only
somebody beside it can tell. The head is written whole, after the lines that it speaks of are on the disk: a crash in
between leaves a log that goes further than its head, which is sound.
"""

import json
import os
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from pipelines.edges.shelf import sync_folder
from pipelines.edges.wording import say
from pipelines.evaluators.private import open_private
from pipelines.model.refusals import VerificationFailed

HEAD = "head.json"


@dataclass(frozen=True)
class Head:
    """So many lines and bytes, the sha256 of those bytes, and the hash in the last of the lines."""

    lines: int
    bytes: int
    sha256: str
    hash: str

    def stands_for(self, content: bytes) -> bool:
        """Whether the content begins with just what the head was written for."""
        return len(content) >= self.bytes and sha256(memoryview(content)[: self.bytes]).hexdigest() == self.sha256

    def seal(self) -> str:
        """The sha256 of what the head says: a head that was touched is told from a log that was."""
        return sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def read_head(folder: Path) -> Head | None:
    """The head in the state folder, None where there is none. VerificationFailed where it is damaged."""
    try:
        said = json.loads((folder / HEAD).read_bytes())
        seal, head = said.pop("seal"), Head(**said)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise VerificationFailed(say("evaluators.head_damaged", head=HEAD)) from None
    if seal != head.seal():
        raise VerificationFailed(say("evaluators.head_damaged", head=HEAD))
    return head


def write_head(folder: Path, head: Head) -> None:
    """Switch the head into place, whole and on the disk."""
    part = folder / f".{HEAD}.part"
    with open_private(part, "w") as stream:
        json.dump({**asdict(head), "seal": head.seal()}, stream)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(folder / HEAD)
    sync_folder(folder)
