"""The output folder: runs that are switched into place whole or not at all, the city it belongs to, its index."""

import fcntl
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from pipelines.edges.fingerprints import as_noted, file_sha256, note_beside, note_left_out
from pipelines.edges.machine import machine_fault
from pipelines.edges.paper import WEB_FONT, font_beside
from pipelines.edges.scratch import scratch
from pipelines.edges.templates import render
from pipelines.model.period import Period
from pipelines.model.words import NotAllowed, Refusal, VerificationFailed, Words
from pipelines.views.frame import Listed, periods
from pipelines.wording import say

# The folders of runs and the link to the one in force: a quarter is switched into place whole, or not at all.
#
# `<out>/.staging/<run>/` is being written, `<out>/.runs/<period>/<hash>/` is finished and never changes,
# `<out>/<period>` is a relative link to the one in force.


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
    with locked(out):
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
    with locked(out):
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
    found = (entry for entry in out.iterdir() if (entry / MANIFEST).is_file() and Period.is_name(entry.name))
    return sorted(found, key=lambda entry: Period.parse(entry.name), reverse=True)


def replace_page(out: Path, file: Path, page: Callable[[], str]) -> bool:
    """Write a page beside the quarters at once, ``page()`` while no other run may change them.

    False where the file is there and not ours: then it stays as it is.
    """
    with locked(out):
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
    """Remove what dead runs left: a folder whose lock can be had, and anything without a lock.

    A run that ends takes its own away meanwhile.
    """
    for mark in sorted((out / STAGING).glob("*.lock")):
        with suppress(BlockingIOError, FileNotFoundError), mark.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(mark.with_suffix(""), ignore_errors=True)
            mark.with_suffix(".link").unlink(missing_ok=True)
            mark.unlink(missing_ok=True)
    for left in sorted((out / STAGING).iterdir()):
        if left.suffix == ".lock" or left.with_suffix(".lock").exists():
            continue
        with suppress(FileNotFoundError):
            shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """One run at a time may sweep the staging folder, switch a link or write for the office; held for moments only."""
    out.mkdir(parents=True, exist_ok=True)
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


# The city of an output folder, `<out>/city.json`: periods of two cities in one folder would be compared in print.
#
# A city is named by the project file, else by the source mapping, else by the rulebook's edition. The first run writes
# the file; a folder that is older than it belongs to the city that its published manifests name.


CITY = "city.json"
MANIFESTS_OF_EDITIONS, IN_FORCE = f"published/*/*/{MANIFEST}", f"*/{MANIFEST}"


def city_of(manifest: dict) -> str:
    """The city of a finished run; "" where its manifest names none."""
    source, rulebook = manifest.get("source"), manifest.get("rulebook")
    named = [
        one.get(key)
        for one, key in ((manifest, "city"), (source, "name"), (rulebook, "edition"))
        if isinstance(one, dict)
    ]
    return next((str(name) for name in named if name), "")


def cities_in(out: Path) -> tuple[str, ...]:
    """The city that a folder belongs to; none for a new one, several for one that is older than this file and mixed.

    VerificationFailed for a `city.json` that says nothing.
    """
    try:
        city = json.loads((out / CITY).read_text(encoding="utf-8"))["city"]
        if isinstance(city, str) and city:
            return (city,)
    except (FileNotFoundError, NotADirectoryError):  # of a file in the way the run itself speaks
        return tuple(sorted(set(_cities_named(out, MANIFESTS_OF_EDITIONS)) or set(_cities_named(out, IN_FORCE))))
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise VerificationFailed(say("publish.city_damaged", file=out / CITY))


def must_be_of(out: Path, city: str) -> None:
    """NotAllowed where a folder belongs to another city; nothing is written."""
    known = cities_in(out)
    if known not in ((), (city,)):
        raise NotAllowed(say("publish.other_city", folder=out, known="、".join(known), city=city))


def must_stay_here(out: Path, manifest: dict) -> None:
    """VerificationFailed where a finished run of another city was put into a folder that has its city noted."""
    city = city_of(manifest)
    if city and (out / CITY).is_file() and (known := cities_in(out)) != (city,):
        raise VerificationFailed(say("publish.other_city", folder=out, known="、".join(known), city=city))


def claim(out: Path, city: str) -> None:
    """Note the city of a folder that has no note of it yet; NotAllowed where it belongs to another.

    Of two first runs at once the first to come here has the folder.
    """
    out.mkdir(parents=True, exist_ok=True)
    with (out / f".{CITY}.lock").open("w") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        must_be_of(out, city)
        if (out / CITY).is_file():
            note_left_out(out, [out / CITY])
            return
        new = out / f".{CITY}.new"
        new.write_text(json.dumps({"city": city}, ensure_ascii=False) + "\n", encoding="utf-8")
        new.replace(out / CITY)
        note_beside(out, [out / CITY])


def _cities_named(out: Path, pattern: str) -> Iterator[str]:
    for file in out.glob(pattern):
        try:
            city = city_of(json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, AttributeError):
            continue  # damage is found by the acts that need that period
        if city:
            yield city


# The list of periods, `<out>/index.html`: made anew after every act, outside every period's own folder.


INDEX, EDITIONS, PREVIEWS = "index.html", "published", "preview"


def list_periods(out: Path) -> tuple[Words, ...]:
    """Write the list, and beside every folder of runs a page that leads to it; a notice if the name is taken.

    The link `../index.html` of a page means `<out>/index.html`, or `<out>/.runs/<period>/index.html` in a program
    that follows links of the file system before it reads the page.
    """
    if not replace_page(out, out / INDEX, lambda: render("site/periods.html.j2", _page(out))):
        return (say("site.foreign_index", file=out / INDEX),)
    written = [out / INDEX]
    for runs in sorted((out / RUNS).glob("*")):
        if runs.is_dir():
            replace_page(out, runs / INDEX, lambda: render("site/moved.html.j2", _page(out)))
            written.append(runs / INDEX)
    if any(out.glob(f"*/{WEB_FONT}")):
        if not as_noted(out, out / WEB_FONT):  # somebody changed it: it would be kept for the characters that it has
            (out / WEB_FONT).unlink(missing_ok=True)
        written += font_beside(out, list(written))
    note_beside(out, written)
    return ()


def _page(out: Path) -> dict:
    run = {folder.name for folder in published(out)}
    signed = {file.parent.name for file in (out / EDITIONS).glob("*/index.json")}
    return periods([_listing(out, name) for name in sorted(run | signed, reverse=True, key=Period.parse)], say)


def _listing(out: Path, name: str) -> Listed:
    """How a period stands, from the lists of its editions and of its previews and from the run in force."""
    editions, previews = (_listed(out / place / name / "index.json") for place in (EDITIONS, PREVIEWS))
    file = out / name / MANIFEST
    run = file_sha256(file) if file.is_file() else ""
    shown = out / EDITIONS / name / str(editions[0].get("folder")) / MANIFEST if editions else file
    return Listed(
        name,
        _read(shown),
        str(editions[0].get("folder")) if editions else "",
        next((str(one.get("revision")) for one in previews if one.get("run") == run), ""),
        bool(run and editions and editions[0].get("run") != run),
    )


def _listed(file: Path) -> list[dict]:
    """The entries of a list, the newest first; none where there is no list."""
    document = _read(file)
    return [one for name in ("editions", "previews") for one in document.get(name, ()) if isinstance(one, dict)]


def _read(file: Path) -> dict:
    """A document of another period: what is wrong with it stops that period's acts, not this list."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


# How far each record of an output folder reached: `<out>/record/heads.json`, written before and after every line.


RECORD, HEADS = "record", "heads.json"


def heads(folder: Path) -> dict[str, dict]:
    """The entries by name; VerificationFailed where they cannot be read."""
    file = folder / HEADS
    try:
        document = json.loads(file.read_bytes())
        if all(isinstance(one["lines"], int) and isinstance(one["sha256"], str) for one in document.values()):
            return document
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
        document = {**heads(folder), name: head}
        new = place.with_name(f".{HEADS}.new")
        new.write_text(json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        with new.open("rb") as stream:
            os.fsync(stream.fileno())
        new.replace(place)
    sync_folder(folder)
