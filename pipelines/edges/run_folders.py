"""The folders of runs and the link to the one in force: a quarter is switched into place whole, or not at all.

`<out>/.staging/<run>/` is being written, `<out>/.runs/<period>/<hash>/` is finished and never changes,
`<out>/<period>` is a relative link to the one in force.
"""

import fcntl
import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from pipelines.edges.faults import machine_fault
from pipelines.edges.fingerprints import note_beside, note_left_out
from pipelines.edges.scratch import scratch
from pipelines.model.period import Period
from pipelines.model.refusals import NotAllowed, Refusal
from pipelines.wording import say

STAGING, RUNS, LOCK = ".staging", ".runs", ".lock"
AT_ONCE = 16  # files that wait for the disk together
OWN_MARK = 'content="Gongping"'  # in every page of ours
MANIFEST = "manifest.json"
PUBLISHED = "published"  # the folder of the editions
ROOM = 16 << 20  # bytes that a run asks for before it begins; a small quarter takes as much


@contextmanager
def staging(out: Path) -> Iterator[Path]:
    """A fresh folder to write into; it is gone afterwards, and leftovers of dead runs with it.

    Every run holds a lock on its own folder while it lives: the kernel lets go of it even after kill -9.
    """
    (out / STAGING).mkdir(parents=True, exist_ok=True)
    name = uuid.uuid4().hex
    folder, mark = out / STAGING / name, out / STAGING / f"{name}.lock"
    with _locked(out):
        _sweep(out)
        own = mark.open("w")
        fcntl.flock(own, fcntl.LOCK_EX)
        folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            mark.unlink()
        own.close()


def must_take(out: Path, period: str) -> None:
    """Refusal where a quarter can certainly not be published; asked before the work, and it leaves nothing behind.

    The room is really written: permissions and quotas that only the system knows speak up by themselves.
    """
    must_be_free(out, period)
    place = next(folder for folder in (out, *out.absolute().parents) if os.path.lexists(folder))
    try:
        with staging(out) if place == out else scratch(place) as folder:
            (folder / "room").write_bytes(bytes(ROOM))
    except OSError as problem:
        raise Refusal(say("publish.no_place", folder=out, why=machine_fault(problem))) from None


def must_be_free(out: Path, period: str) -> None:
    """NotAllowed where `<out>/<period>` is something else than a link of ours."""
    place = out / period
    if place.exists() and not place.is_symlink():
        raise NotAllowed(say("publish.real_folder", folder=place))


def put_in_place(out: Path, period: str, folder: Path, beside: Path | None = None) -> Path:
    """Move a finished staging folder to its place and switch the quarter's link to it; the folder in force.

    The folder is named by its manifest, so an identical run finds itself already there. ``beside`` is copied next to
    it as `<name><suffix of beside>` before the switch.
    """
    sync(folder)
    name = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()[:16]
    runs = out / RUNS / period
    runs.mkdir(parents=True, exist_ok=True)
    with _locked(out):
        must_be_free(out, period)
        target = _place_for(runs, name, folder)
        if not target.exists():
            folder.rename(target)
            sync_folder(runs)
        if beside is not None:
            _put_beside(out, target, beside, out / STAGING / f"{folder.name}.beside")
        link = out / STAGING / f"{folder.name}.link"
        link.symlink_to(Path(RUNS) / period / target.name)
        link.replace(out / period)
        sync_folder(out)
    return out / period


def _put_beside(out: Path, target: Path, beside: Path, staged: Path) -> None:
    place = target.with_name(target.name + beside.suffix)
    if place.exists():
        note_left_out(out, [place])
        return
    shutil.copytree(beside, staged)
    staged.chmod(0o700)
    sync(staged)
    staged.rename(place)
    sync_folder(place.parent)
    note_beside(out, [place])


def published(out: Path) -> list[Path]:
    """The periods that readers can open, the latest first."""
    found = (entry for entry in out.iterdir() if (entry / MANIFEST).is_file() and _is_period(entry.name))
    return sorted(found, key=lambda entry: Period.parse(entry.name), reverse=True)


def _is_period(name: str) -> bool:
    try:
        return str(Period.parse(name)) == name
    except ValueError:
        return False


def replace_page(out: Path, file: Path, page: Callable[[], str]) -> bool:
    """Write a page beside the quarters at once, ``page()`` while no other run may change them.

    False where the file is there and not ours: then it stays as it is.
    """
    with _locked(out):
        if os.path.lexists(file) and OWN_MARK not in _start_of(file):
            return False
        new = out / STAGING / f"{uuid.uuid4().hex}.html"
        new.write_text(page(), encoding="utf-8")
        new.replace(file)
        return True


def _start_of(file: Path) -> str:
    return file.read_bytes()[:1000].decode("utf-8", "replace") if file.is_file() and not file.is_symlink() else ""


def _place_for(runs: Path, name: str, folder: Path) -> Path:
    """The place of a run: its own name, or a numbered one where somebody has changed the files that are there."""
    target, number = runs / name, 1
    while target.exists() and not _same_files(target, folder):
        number += 1
        target = runs / f"{name}.{number}"
    return target


def _same_files(one: Path, other: Path) -> bool:
    names = _files(one)
    return names == _files(other) and all((one / n).read_bytes() == (other / n).read_bytes() for n in names)


def _files(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def _sweep(out: Path) -> None:
    """Remove what dead runs left: a folder whose lock can be had, and anything without a lock."""
    for mark in sorted((out / STAGING).glob("*.lock")):
        with mark.open() as file, suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(mark.with_suffix(""), ignore_errors=True)
            mark.with_suffix(".link").unlink(missing_ok=True)
            mark.unlink(missing_ok=True)
    for left in sorted((out / STAGING).iterdir()):
        if left.suffix == ".lock" or left.with_suffix(".lock").exists():
            continue
        shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """One run at a time may sweep the staging folder or switch a link; held for moments only."""
    with (out / LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def sync(folder: Path) -> None:
    """Bring every file to the disk before its folder gets a name that readers follow; the disk takes many at a time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(sync_folder, (*folder.rglob("*"), folder)):
            pass  # an error of any of them is raised here


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, or what is in a file."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
