"""Hashes of files: what went into a quarter, what came out, and which code made it."""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipelines.model.words import VerificationFailed, Words
from pipelines.paths import CONTRACTS, PACKAGE, REPORTS, SHIPPED, SQL
from pipelines.wording import say

_CODE = (PACKAGE, SQL, REPORTS)  # the names of these folders are the same in a clone and in a wheel
_SUFFIXES = frozenset({".py", ".sql", ".j2", ".css", ".js", ".yaml"})


def file_sha256(file: Path) -> str:
    """The sha256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def folder_sha256(folder: Path) -> dict[str, str]:
    """sha256 of every file below a folder, by its path with `/`, sorted."""
    files = sorted((file.relative_to(folder).as_posix(), file) for file in folder.rglob("*") if file.is_file())
    return {name: file_sha256(file) for name, file in files}


@cache
def code_version() -> dict[str, str]:
    """The version of the package and one hash over the project's own code, queries, templates and sentences."""
    try:
        number = version("gongping")
    except PackageNotFoundError:
        number = ""
    return {"version": number, "sha256": _sha256_of(_code_files())}


def contract_hashes() -> dict[str, str]:
    """sha256 of every data contract of the project."""
    return folder_sha256(CONTRACTS)


def _code_files() -> dict[str, Path]:
    """The project's own code by its name in the project, wherever it lies."""
    return {
        file.relative_to(folder.parent).as_posix(): file
        for folder in _CODE
        for file in folder.rglob("*")
        if file.suffix in _SUFFIXES and not (folder == PACKAGE and file.is_relative_to(SHIPPED))
    }


def _sha256_of(files: dict[str, Path]) -> str:
    whole = hashlib.sha256()
    for name, file in sorted(files.items()):
        whole.update(f"{name}\0{file_sha256(file)}\n".encode())
    return whole.hexdigest()


# The hashes of what lies beside runs and editions and no manifest holds: lists, previews, kept tallies.


NOTED = ".beside.json"


def note_beside(out: Path, files: Iterable[Path]) -> None:
    """Note files, or everything below folders, as they are now; the caller has just written them."""
    new = {file.relative_to(out).as_posix(): file_sha256(file) for place in files for file in _files(place)}
    _note(out, lambda noted: {**noted, **new})


def as_noted(out: Path, file: Path) -> bool:
    """Whether a file is as it was when it was noted."""
    return file.is_file() and _noted(out).get(file.relative_to(out).as_posix()) == file_sha256(file)


def note_left_out(out: Path, places: Iterable[Path]) -> None:
    """Note the files and folders of which nothing is noted: a crash came between them and their note."""
    noted = {(out / name) for name in _noted(out)}
    known = noted | {folder for file in noted for folder in file.parents}
    if missed := [place for place in places if place.exists() and place not in known]:
        note_beside(out, missed)


def forget_beside(out: Path, place: Path) -> None:
    """Note no longer what lies below a folder: the caller is about to delete it."""
    below = f"{place.relative_to(out).as_posix()}/"
    _note(out, lambda noted: {name: sha for name, sha in noted.items() if not name.startswith(below)})


def _note(out: Path, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
    with (out / f"{NOTED}.lock").open("w") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        text = _text(change(_noted(out)))
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
    of_all = {name for name in noted if "/" not in name}  # the list of all periods with its font, the city's name
    ours = {name: sha for name, sha in noted.items() if name in of_all or name.startswith(tuple(places))}
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
        document = json.loads(text)
        if isinstance(document, dict) and text == _text(document):
            return document
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        pass
    raise VerificationFailed(say("publication.not_beside", file=file))


def _text(hashes: dict[str, str]) -> str:
    return json.dumps(hashes, ensure_ascii=False, indent=0, sort_keys=True) + "\n"


def _files(place: Path) -> list[Path]:
    return [place] if place.is_file() else sorted(file for file in place.rglob("*") if file.is_file())
