"""The hashes of what lies beside runs and editions and no manifest holds: lists, previews, kept tallies.

`<out>/.beside.json` says, by path below ``out``, what the program last wrote. Only what is written anew is noted anew,
so a file that somebody changed since is told by `check_beside`.
"""

import fcntl
import json
import os
from collections.abc import Iterable
from pathlib import Path

from pipelines.edges.fingerprints import file_sha256
from pipelines.edges.wording import say
from pipelines.model.refusals import VerificationFailed
from pipelines.model.words import Words

NOTED = ".beside.json"
OF_ALL = ("index.html", "city.json")  # what belongs to every quarter


def note_beside(out: Path, files: Iterable[Path]) -> None:
    """Note files, or everything below folders, as they are now; the caller has just written them."""
    new: dict[str, str] = {}
    for place in files:
        for file in _files(place):
            new[file.relative_to(out).as_posix()] = file_sha256(file)
    with (out / f"{NOTED}.lock").open("w") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        text = _text({**_noted(out), **new})
        part = out / f"{NOTED}.new"
        with part.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(out / NOTED)


def check_beside(out: Path, period: object, notices: list[Words]) -> int:
    """How many files of a quarter, and of all quarters, are as they were written.

    VerificationFailed names the first that is not, is gone, or was put there; a notice where nobody noted anything.
    """
    out = Path(out)
    noted = _noted(out)
    places = [f"{folder}/{period}/" for folder in ("preview", "published", ".runs")]
    ours = {name: sha for name, sha in noted.items() if name in OF_ALL or name.startswith(tuple(places))}
    for name, sha in sorted(ours.items()):
        if not (out / name).is_file() or file_sha256(out / name) != sha:
            raise VerificationFailed(say("publication.not_beside", file=out / name))
    unknown = [file for file in _files(out / "preview" / str(period)) if file.relative_to(out).as_posix() not in ours]
    if unknown and any(name.startswith(places[0]) for name in ours):
        raise VerificationFailed(say("publication.not_beside", file=unknown[0]))
    if unknown or not ours:
        notices.append(say("publication.beside_unknown"))
    return len(ours)


def _noted(out: Path) -> dict[str, str]:
    file = out / NOTED
    try:
        text = file.read_text(encoding="utf-8")
        told = json.loads(text)
        if isinstance(told, dict) and text == _text(told):
            return told
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        pass
    raise VerificationFailed(say("publication.not_beside", file=file))


def _text(told: dict[str, str]) -> str:
    return json.dumps(told, ensure_ascii=False, indent=0, sort_keys=True) + "\n"


def _files(place: Path) -> list[Path]:
    return [place] if place.is_file() else sorted(file for file in place.rglob("*") if file.is_file())
