"""Lists and previews against what they follow from: the record, and the runs that it names.

Their hashes in `.beside.json` are plain, and whoever edits a page can edit its hash. What people signed cannot be
edited, so the pages are made from it once more. Another version of the program may word them otherwise: then only the
data of the lists are compared, and a notice says so.
"""

import json
from pathlib import Path

from pipelines.edges.fingerprints import code_version, folder_sha256
from pipelines.edges.scratch import scratch
from pipelines.model.period import Period
from pipelines.model.refusals import VerificationFailed
from pipelines.model.words import Words
from pipelines.publication.editions import edition_run, place_of
from pipelines.publication.pages import index_into, previews_into
from pipelines.publication.preview import copy_into, place_of_previews, preview_folder
from pipelines.publication.runs import FinishedRun, finished_run
from pipelines.publication.state import Preview, State
from pipelines.wording import say


def must_follow(out: Path, period: Period, state: State, notices: list[Words]) -> None:
    """VerificationFailed with the first list or preview that does not follow from the record and its runs."""
    runs = [finished_run(out, period, one.run) for one in state.previews]
    with scratch() as folder:
        if state.editions:
            same = _same_program(edition_run(out, period, state.edition))
            _compare(index_into(folder / "editions", out, period, state), place_of(out, period), same, notices)
        if state.previews and all(runs):
            same = _same_program(runs[-1])
            made = previews_into(folder / "previews", out, period, state)
            _compare(made, place_of_previews(out, period), same, notices)
        for preview, run in zip(state.previews, runs, strict=True):
            place = preview_folder(out, period, preview)
            if run and place.is_dir() and _same_program(run):
                _must_be_its_copy(place, preview, run, folder / str(preview.revision))


def _must_be_its_copy(place: Path, preview: Preview, run: FinishedRun, fresh: Path) -> None:
    copy_into(fresh, preview, run)
    there, made = folder_sha256(place), folder_sha256(fresh)
    for name in sorted({*there, *made}):
        if there.get(name) != made.get(name):
            raise VerificationFailed(say("publication.does_not_follow", file=place / name))


def _same_program(run: FinishedRun) -> bool:
    return run.manifest.get("code") == code_version()


def _compare(made: list[Path], place: Path, same: bool, notices: list[Words]) -> None:
    for file in made:
        there = place / file.name
        known = there.is_file() or not same  # an older version may have made fewer pages
        if not known or (same and there.read_bytes() != file.read_bytes()):
            raise VerificationFailed(say("publication.does_not_follow", file=there))
        if not same and file.suffix == ".json" and there.is_file() and _entries(there) != _entries(file):
            raise VerificationFailed(say("publication.does_not_follow", file=there))
    if not same:
        notices.append(say("publication.lists_by_another", place=place))


def _entries(file: Path) -> list[tuple]:
    """What a list says of each act that every version wrote: number, run, moment; nothing of a damaged one."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        return [
            (one.get("folder"), one.get("revision"), one["run"], one["at"])
            for one in document.get("editions", document.get("previews"))
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []
