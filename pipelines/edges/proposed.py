"""The pages that a preview words otherwise than the run: kept beside the run as data, rendered when it is sent."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipelines.edges.fingerprints import file_sha256
from pipelines.edges.tablefiles import write_json
from pipelines.edges.tallies import tallies_of
from pipelines.edges.templates import render
from pipelines.edges.wording import say
from pipelines.model.refusals import VerificationFailed

PROPOSED = "proposed.json"


def proposed_file(folder: Path) -> Path:
    """Where the pages of a run's folder lie, outside what its readers are given."""
    return tallies_of(folder) / PROPOSED


def keep_proposed(file: Path, pages: Iterable[tuple[str, str, dict]], beside: dict[str, bool]) -> None:
    """Write pages, each its name, template and page dict; ``beside`` is what `render` is told of their neighbours."""
    told = [{"name": name, "template": template, "page": page} for name, template, page in pages]
    write_json(file, {"beside": beside, "pages": told})


def proposed_pages(folder: Path, promised: str) -> Iterator[tuple[str, str]]:
    """Name and HTML of each page; VerificationFailed where they are not those that the manifest ``promised``."""
    file = proposed_file(folder)
    if not file.is_file():
        raise VerificationFailed(say("publication.lost", folder=file.parent, file=file.name))
    if file_sha256(file) != promised:
        raise VerificationFailed(say("publication.changed", folder=file.parent, file=file.name))
    told = json.loads(file.read_text(encoding="utf-8"))
    for one in told["pages"]:
        yield one["name"], render(one["template"], one["page"], **told["beside"])
