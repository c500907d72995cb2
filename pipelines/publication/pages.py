"""What stands beside the editions for readers: the index that lists them, and the notices of correction."""

import os
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from pipelines.edges import shelf
from pipelines.edges.tablefiles import write_json
from pipelines.model.period import Period
from pipelines.model.text import masked, plain
from pipelines.publication.changes import effects, movements, plain_effect, plain_movement
from pipelines.publication.editions import place_of
from pipelines.publication.state import State

INDEX, NOTICE = "publication/index.html.j2", "publication/notice.html.j2"


def notice(period: Period, number: int, before: Path, after: Path, facts: dict) -> dict:
    """A correction as a document: who, when, why, and what changed in places and points."""
    moment: datetime = facts["at"]
    return {
        "period": str(period),
        "correction": number,
        "corrects": before.name,
        "at": moment.isoformat(" ", "seconds"),
        "by": plain(facts["by"]),
        "role": facts["role"],
        "reason": plain(masked(facts["reason"])),
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
    document = {"period": str(period), "editions": editions}
    place = place_of(out, period)
    _replace(place / "index.json", lambda file: write_json(file, document))
    _replace(place / "index.html", lambda file: _write(file, INDEX, document))


def _page(file: Path, document: dict) -> None:
    _write(file, NOTICE, document)


def _write(file: Path, template: str, document: dict) -> None:
    from pipelines.edges.templates import environment

    file.write_text(environment().get_template(template).render(page=document), encoding="utf-8", newline="\n")


def _replace(file: Path, write) -> None:
    """Readers see the old file or the new one, whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.new")
    write(new)
    with new.open("rb") as stream:
        os.fsync(stream.fileno())
    new.replace(file)
    shelf.sync_folder(file.parent)
