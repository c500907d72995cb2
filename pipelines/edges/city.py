"""The city of an output folder, `<out>/city.json`: quarters of two cities in one folder would be compared in print.

A city is named by the project file, else by the source mapping, else by the rulebook's edition. The first run writes
the file; a folder that is older than it belongs to the city that its published manifests name.
"""

import fcntl
import json
from collections.abc import Iterator
from pathlib import Path

from pipelines.edges import shelf
from pipelines.edges.beside import note_beside
from pipelines.edges.wording import say
from pipelines.model.refusals import NotAllowed, VerificationFailed

CITY = "city.json"
EDITIONS, IN_FORCE = f"published/*/*/{shelf.MANIFEST}", f"*/{shelf.MANIFEST}"


def city_of(manifest: dict) -> str:
    """The city of a finished run; "" where its manifest names none."""
    source, rulebook = manifest.get("source"), manifest.get("rulebook")
    named = [one.get(key) for one, key in ((manifest, "city"), (source, "name"), (rulebook, "edition"))
             if isinstance(one, dict)]  # fmt: skip
    return next((str(name) for name in named if name), "")


def cities_in(out: Path) -> tuple[str, ...]:
    """The city that a folder belongs to; none for a new one, several for one that is older than this file and mixed.

    VerificationFailed for a `city.json` that says nothing.
    """
    try:
        told = json.loads((out / CITY).read_text(encoding="utf-8"))["city"]
        if isinstance(told, str) and told:
            return (told,)
    except (FileNotFoundError, NotADirectoryError):  # of a file in the way the run itself speaks
        return tuple(sorted(set(_told(out, EDITIONS)) or set(_told(out, IN_FORCE))))
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
            return
        new = out / f".{CITY}.new"
        new.write_text(json.dumps({"city": city}, ensure_ascii=False) + "\n", encoding="utf-8")
        new.replace(out / CITY)
        note_beside(out, [out / CITY])


def _told(out: Path, pattern: str) -> Iterator[str]:
    for file in out.glob(pattern):
        try:
            city = city_of(json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, AttributeError):
            continue  # damage is found by the acts that need that quarter
        if city:
            yield city
