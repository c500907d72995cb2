"""The head of the log: how far it reaches, and how far it will once the lines that are announced are on the disk.

The chain inside the log shows what was changed or taken out in the middle; that lines are missing at its end, or were
put there by somebody else, only something beside it can tell. The head announces lines before they are written and is
written again after they are on the disk: what a crash left of announced lines never happened, and a line that nobody
announced is a stranger's. Heads of form 1, from before that, were written afterwards alone; a log may go further than
such a head.
"""

import json
import os
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

from pipelines.edges.shelf import sync_folder
from pipelines.edges.wording import say
from pipelines.evaluators.private import open_private
from pipelines.model.refusals import VerificationFailed

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

    def told(self) -> dict:
        """What its file says, but the seal; form 1 as it always was."""
        told = asdict(self)
        return {name: told[name] for name in ("lines", "bytes", "sha256", "hash")} if self.form == 1 else told

    def seal(self) -> str:
        """The sha256 of what the head says: a head that was touched is told from a log that was."""
        return sha256(json.dumps(self.told(), sort_keys=True).encode()).hexdigest()

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
        json.dump({**head.told(), "seal": head.seal()}, stream)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(folder / HEAD)
    sync_folder(folder)
