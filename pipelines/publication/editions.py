"""Editions: approved runs frozen below `<out>/published/<period>/<number>/`, never overwritten, never deleted."""

import shutil
import uuid
from pathlib import Path

from pipelines.edges import run_folders
from pipelines.edges.run_folders import PUBLISHED
from pipelines.model.refusals import VerificationFailed
from pipelines.publication.runs import FinishedRun
from pipelines.publication.state import Edition, State
from pipelines.wording import say

UNFINISHED = ".unfinished-"
READ_ONLY = 0o444
SHEETS = frozenset(f"publication.{kind}" for kind in ("html", "json", "pdf"))  # beside the approved bytes


def place_of(out: Path, period: object) -> Path:
    """Where a quarter's editions lie."""
    return Path(out) / PUBLISHED / str(period)


def edition_run(out: Path, period: object, edition: Edition) -> FinishedRun:
    """A recorded edition; VerificationFailed where its folder is gone."""
    folder = place_of(out, period) / edition.folder
    if not folder.is_dir():
        raise VerificationFailed(say("publication.edition_lost", folder=folder))
    return FinishedRun(folder, edition.run, SHEETS)


def freeze(out: Path, period: object, run: FinishedRun, state: State) -> str:
    """Copy a run to a new edition, every byte checked after the copy; the edition's name.

    The caller holds the record's lock. An edition that was frozen but not recorded, because the machine stopped in
    between, is taken over where it is this run, and left alone otherwise.
    """
    place = place_of(out, period)
    place.mkdir(parents=True, exist_ok=True)
    for left in place.glob(f"{UNFINISHED}*"):
        shutil.rmtree(left)
    name = _number(place, run, state)
    if (place / name).exists():
        return name
    copy = place / f"{UNFINISHED}{uuid.uuid4().hex}"
    shutil.copytree(run.folder, copy)
    FinishedRun(copy, run.sha256).check()
    for file in copy.rglob("*"):
        if file.is_file():
            file.chmod(READ_ONLY)
    run_folders.sync(copy)
    copy.rename(place / name)
    run_folders.sync_folder(place)
    return name


def unrecorded(out: Path, period: object, state: State) -> list[str]:
    """Names of edition folders that the record does not know, neither as published nor as left by a crash."""
    known = {name for edition in state.editions for name in (edition.folder, *edition.says.get("left", ()))}
    place = place_of(out, period)
    found = (entry.name for entry in place.iterdir()) if place.is_dir() else ()
    return sorted(name for name in found if name.isdecimal() and name not in known)


def _number(place: Path, run: FinishedRun, state: State) -> str:
    """The next number, or that of the same run frozen before a crash."""
    number = max((int(edition.folder) for edition in state.editions), default=0) + 1
    while (place / str(number)).exists() and not _same(place / str(number), run):
        number += 1
    return str(number)


def _same(folder: Path, run: FinishedRun) -> bool:
    try:
        return bool(FinishedRun(folder, run.sha256).check())
    except VerificationFailed:
        return False
