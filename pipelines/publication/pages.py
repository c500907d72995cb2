"""What stands beside the editions for readers: the index that lists them, and the notices of correction."""

import json
import os
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from pipelines.edges import shelf
from pipelines.edges.tablefiles import write_json
from pipelines.edges.wording import say
from pipelines.model.period import Period
from pipelines.model.text import masked, plain
from pipelines.model.words import Words
from pipelines.publication.changes import effects, movements, plain_effect, plain_movement
from pipelines.publication.editions import place_of
from pipelines.publication.runs import run_on_shelf
from pipelines.publication.state import State

INDEX, NOTICE, PREVIEWS = (f"publication/{name}.html.j2" for name in ("index", "notice", "previews"))
CHANGES = ("movements", "no_movements", "col_unit", "col_rank_before", "col_rank_after", "col_total_before",
           "col_total_after", "col_points", "adjustments", "adjustments_says", "col_adjustment", "col_matter",
           "col_rule", "col_before", "col_after")  # fmt: skip
LISTED = ("editions", "editions_says", "col_edition", "col_at", "col_what", "col_hash", "in_force", "first_edition")
SHELL, LABEL = ("brand", "nav", "nav_quarters"), ("simulated", "simulated_says")


def notice(period: Period, number: int, before: Path, after: Path, facts: dict) -> dict:
    """A correction as a document: who, when, why, and what changed in places and points."""
    moment: datetime = facts["at"]
    return {
        "period": str(period),
        "correction": number,
        "corrects": before.name,
        "simulated": _simulated(after),
        "at": moment.isoformat(" ", "seconds"),
        "by": plain(masked(facts["by"])),
        "role": facts["role"],
        "reason": plain(masked(facts["reason"])),
        **changed(before, after),
    }


def changed(before: Path, after: Path) -> dict:
    """What a run changed against another: ``movements`` of units, ``adjustments`` that are new."""
    return {
        "movements": [plain_movement(one) for one in movements(before, after)],
        "adjustments": [plain_effect(one) for one in effects(before, after)],
    }


def texts(document: object) -> Iterator[str]:
    """Every text in a document."""
    if isinstance(document, dict):
        document = list(document.values())
    if isinstance(document, list):
        for one in document:
            yield from texts(one)
    else:
        yield str(document)


def write_notice(out: Path, period: Period, number: int, document: dict) -> dict[str, str]:
    """The notice for people and for programs; sha256 by file name. A file of that name was never recorded."""
    place = place_of(out, period)
    written = {}
    for name, write in ((f"correction-{number}.json", write_json), (f"correction-{number}.html", _page)):
        _replace(place / name, lambda file, write=write: write(file, document))
        written[name] = sha256((place / name).read_bytes()).hexdigest()
    return written


def write_index(out: Path, period: Period, state: State) -> None:
    """The list of editions, newest first; made anew from the record after every act."""
    editions = [
        {"folder": one.folder, "at": one.at.isoformat(" ", "minutes"), "notice": one.notice, "run": one.run,
         "reason": plain(masked(one.says.get("reason", "")))}
        for one in reversed(state.editions)
    ]  # fmt: skip
    place = place_of(out, period)
    newest = place / state.edition.folder if state.edition else place
    document = {"period": str(period), "simulated": _simulated(newest), "editions": editions}
    words = {
        **_words(LISTED),
        "edition": [_says("edition", n=one["folder"]) for one in editions],
        "correction": [_says("correction", n=one["notice"]) for one in editions],
    }
    _replace(place / "index.json", lambda file: write_json(file, document))
    _replace(place / "index.html", lambda file: _write(file, INDEX, document, words))


def write_previews(out: Path, period: Period, state: State, place: Path) -> None:
    """The list of previews, newest first, with what the newest changed against the one before it."""
    known = {one.revision: run_on_shelf(out, period, one.run) for one in state.previews[-2:]}
    both = list(known.values())
    moved = changed(both[0].folder, both[1].folder) if len(both) == 2 and all(both) else {}
    previews = [{"revision": one.revision, "at": one.at.isoformat(" ", "minutes"), "run": one.run}
                for one in reversed(state.previews)]  # fmt: skip
    document = {"period": str(period), "simulated": bool(both[-1] and _simulated(both[-1].folder)),
                "previews": previews, "against": min(known) if moved else "", **moved}  # fmt: skip
    words = {
        **_words(("previews", "previews_says", *CHANGES)),
        "revision": [_says("revision", n=one["revision"]) for one in previews],
        "against": _says("against", n=document["against"]),
    }
    _replace(place / "index.json", lambda file: write_json(file, document))
    _replace(place / "index.html", lambda file: _write(file, PREVIEWS, document, words))


def _page(file: Path, document: dict) -> None:
    words = {
        **_words(("editions", "reason", *CHANGES)),
        "correction": _says("correction", n=document["correction"]),
        "corrects": _says("corrects", n=document["corrects"]),
    }
    _write(file, NOTICE, document, words)


def _simulated(folder: Path) -> bool:
    """Whether a run was made from invented data."""
    manifest = folder / shelf.MANIFEST
    return manifest.is_file() and bool(json.loads(manifest.read_text(encoding="utf-8")).get("simulated"))


def _words(names: tuple[str, ...]) -> dict:
    return {name: _says(name) for name in names}


def _says(name: str, **facts: object) -> Words:
    return say(f"publication.page_{name}", **facts)


def _write(file: Path, template: str, document: dict, words: dict) -> None:
    from pipelines.edges.templates import environment

    around = {name: say(f"site.{name}") for name in SHELL} | {name: say(f"pages.{name}") for name in LABEL}
    page = environment().get_template(template).render(page=document, words={**around, **words})
    file.write_text(page, encoding="utf-8", newline="\n")


def _replace(file: Path, write) -> None:
    """Readers see the old file or the new one, whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.new")
    write(new)
    with new.open("rb") as stream:
        os.fsync(stream.fileno())
    new.replace(file)
    shelf.sync_folder(file.parent)
