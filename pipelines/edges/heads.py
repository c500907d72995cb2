"""How far each record of an output folder reached: `<out>/record/heads.json`, written before and after every line.

The chain inside a record shows what was changed or taken out in the middle; that lines are missing at its end, or were
put there by somebody else, only something beside it can tell. An entry is ``{"lines": …, "sha256": …}`` by the
record's name, with ``"next"`` where a line is announced that may not be on the disk yet.
"""

import fcntl
import json
import os
from pathlib import Path

from pipelines.edges.shelf import sync_folder
from pipelines.edges.wording import say
from pipelines.model.refusals import VerificationFailed

RECORD, HEADS = "record", "heads.json"


def heads(folder: Path) -> dict[str, dict]:
    """The entries by name; VerificationFailed where they cannot be read."""
    file = folder / HEADS
    try:
        told = json.loads(file.read_bytes())
        if all(isinstance(one["lines"], int) and isinstance(one["sha256"], str) for one in told.values()):
            return told
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise VerificationFailed(say("publication.heads_damaged", file=file))


def keep_head(folder: Path, name: str, head: dict) -> None:
    """Note how far a record reaches, whole and on the disk, beside those of the other records."""
    place = folder / HEADS
    with (folder / "heads.lock").open("w") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        told = {**heads(folder), name: head}
        new = place.with_name(f".{HEADS}.new")
        new.write_text(json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        with new.open("rb") as stream:
            os.fsync(stream.fileno())
        new.replace(place)
    sync_folder(folder)
