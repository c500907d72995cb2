"""The city of an output folder, `<out>/city.json`: periods of two cities in one folder would be compared in print.

A city is named by the project file, else by the source mapping, else by the rulebook's edition. The first run writes
the file; a folder that is older than it belongs to the city that its published manifests name.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path

from pipelines.edges import run_folders
from pipelines.edges.fingerprints import file_sha256, note_beside, note_left_out
from pipelines.edges.run_folders import sync_folder
from pipelines.edges.templates import render
from pipelines.model.period import Period
from pipelines.model.refusals import NotAllowed, VerificationFailed
from pipelines.model.words import Words
from pipelines.views.periods import Listed, periods
from pipelines.wording import say

CITY = "city.json"
MANIFESTS_OF_EDITIONS, IN_FORCE = f"published/*/*/{run_folders.MANIFEST}", f"*/{run_folders.MANIFEST}"


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
    if not run_folders.replace_page(out, out / INDEX, lambda: render("site/periods.html.j2", _page(out))):
        return (say("site.foreign_index", file=out / INDEX),)
    written = [out / INDEX]
    for runs in sorted((out / run_folders.RUNS).glob("*")):
        if runs.is_dir():
            run_folders.replace_page(out, runs / INDEX, lambda: render("site/moved.html.j2", _page(out)))
            written.append(runs / INDEX)
    note_beside(out, written)
    return ()


def _page(out: Path) -> dict:
    run = {folder.name for folder in run_folders.published(out)}
    published = {file.parent.name for file in (out / EDITIONS).glob("*/index.json")}
    return periods([_listing(out, name) for name in sorted(run | published, reverse=True, key=Period.parse)], say)


def _listing(out: Path, name: str) -> Listed:
    """How a period stands, from the lists of its editions and of its previews and from the run in force."""
    editions, previews = (_listed(out / place / name / "index.json") for place in (EDITIONS, PREVIEWS))
    file = out / name / run_folders.MANIFEST
    run = file_sha256(file) if file.is_file() else ""
    shown = out / EDITIONS / name / str(editions[0].get("folder")) / run_folders.MANIFEST if editions else file
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
