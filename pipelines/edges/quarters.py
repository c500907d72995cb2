"""The list of quarters, `<out>/index.html`: made anew after every publication, outside every quarter's own folder."""

import json
from pathlib import Path

from pipelines.edges import shelf
from pipelines.edges.templates import render
from pipelines.edges.wording import say
from pipelines.model.words import Words
from pipelines.views.quarters import quarters

INDEX = "index.html"


def list_quarters(out: Path) -> tuple[Words, ...]:
    """Write the list, and beside every shelf of runs a page that leads to it; a notice where the name is taken.

    The link `../index.html` of a page means `<out>/index.html`, or `<out>/.runs/<period>/index.html` in a program
    that follows links of the file system before it reads the page.
    """
    if not shelf.replace_page(out, out / INDEX, lambda: render("site/quarters.html.j2", _page(out))):
        return (say("site.foreign_index", file=out / INDEX),)
    for shelf_of_runs in sorted((out / shelf.RUNS).iterdir()):
        if shelf_of_runs.is_dir():
            shelf.replace_page(out, shelf_of_runs / INDEX, lambda: render("site/moved.html.j2", _page(out)))
    return ()


def _page(out: Path) -> dict:
    manifests = {folder.name: folder / shelf.MANIFEST for folder in shelf.published(out)}
    return quarters({name: json.loads(file.read_text(encoding="utf-8")) for name, file in manifests.items()}, say)
