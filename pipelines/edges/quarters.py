"""The list of quarters, `<out>/index.html`: made anew after every act, outside every quarter's own folder."""

import json
from pathlib import Path

from pipelines.edges import shelf
from pipelines.edges.beside import note_beside
from pipelines.edges.fingerprints import file_sha256
from pipelines.edges.templates import render
from pipelines.edges.wording import say
from pipelines.model.period import Period
from pipelines.model.words import Words
from pipelines.views.quarters import Quarter, quarters

INDEX, EDITIONS, PREVIEWS = "index.html", "published", "preview"


def list_quarters(out: Path) -> tuple[Words, ...]:
    """Write the list, and beside every shelf of runs a page that leads to it; a notice where the name is taken.

    The link `../index.html` of a page means `<out>/index.html`, or `<out>/.runs/<period>/index.html` in a program
    that follows links of the file system before it reads the page.
    """
    if not shelf.replace_page(out, out / INDEX, lambda: render("site/quarters.html.j2", _page(out))):
        return (say("site.foreign_index", file=out / INDEX),)
    written = [out / INDEX]
    for shelf_of_runs in sorted((out / shelf.RUNS).glob("*")):
        if shelf_of_runs.is_dir():
            shelf.replace_page(out, shelf_of_runs / INDEX, lambda: render("site/moved.html.j2", _page(out)))
            written.append(shelf_of_runs / INDEX)
    note_beside(out, written)
    return ()


def _page(out: Path) -> dict:
    run = {folder.name for folder in shelf.published(out)}
    published = {file.parent.name for file in (out / EDITIONS).glob("*/index.json")}
    return quarters([_quarter(out, name) for name in sorted(run | published, reverse=True, key=Period.parse)], say)


def _quarter(out: Path, name: str) -> Quarter:
    """How a quarter stands, from the lists of its editions and of its previews and from the run in force."""
    editions, previews = (_listed(out / place / name / "index.json") for place in (EDITIONS, PREVIEWS))
    file = out / name / shelf.MANIFEST
    run = file_sha256(file) if file.is_file() else ""
    shown = out / EDITIONS / name / str(editions[0].get("folder")) / shelf.MANIFEST if editions else file
    return Quarter(
        name,
        _read(shown),
        str(editions[0].get("folder")) if editions else "",
        next((str(one.get("revision")) for one in previews if one.get("run") == run), ""),
        bool(run and editions and editions[0].get("run") != run),
    )


def _listed(file: Path) -> list[dict]:
    """The entries of a list, the newest first; none where there is no list."""
    told = _read(file)
    return [one for name in ("editions", "previews") for one in told.get(name, ()) if isinstance(one, dict)]


def _read(file: Path) -> dict:
    """A document of another quarter: what is wrong with it stops that quarter's acts, not this list."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
