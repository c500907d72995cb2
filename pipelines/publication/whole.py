"""Whether a quarter's record is all that there was: what lies beside it tells of lines that are no longer there."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pipelines.edges.run_folders import MANIFEST
from pipelines.evaluators.head import hash_in
from pipelines.evaluators.log_hash import log_of, must_contain_hashes
from pipelines.model.refusals import VerificationFailed
from pipelines.model.result import NOTHING_BEFORE
from pipelines.publication import record
from pipelines.publication.record import Event
from pipelines.publication.runs import FinishedRun
from pipelines.publication.signatures import must_be_signed
from pipelines.publication.signers import NAME, Signers, read_signers
from pipelines.publication.state import State, replay
from pipelines.wording import say

SHEET = "publication.json"
PUBLICATIONS = ("publication", "correction")


def read_whole(out: Path, period: object, copy: Path | None = None) -> tuple[tuple[Event, ...], State, Signers]:
    """The record with all that is asked of it: chain, head, signatures, order, and what lies beside it.

    ``copy`` is `rules/signers`. VerificationFailed where the record was forged, cut, lost, or begun again after a loss.
    """
    file = record.record_file(out, period)
    events = record.read(file)
    record.must_reach_its_head(file, events)
    state = replay(events, file)
    _must_match_what_lies_beside(Path(out), period, state)
    _must_build_on_what_was_published(Path(out), period, state)
    signers = read_signers(out, copy)
    must_be_signed(period, events, file, signers)
    must_contain_hashes(log_of(out), _recorded_hashes(Path(out), period, events, state))
    return events, state, signers


def _recorded_hashes(out: Path, period: object, events: tuple[Event, ...], state: State) -> Iterator[tuple[str, str]]:
    """(where, hash) of all that tells of the evaluators' log: acts, the run in force, editions."""
    name = record.record_file(out, period).name
    found = [(f"{record.RECORD}/{name} {event.n}", event.says) for event in events]
    places = [out / str(period), *(out / "published" / str(period) / one.folder for one in state.editions)]
    for place in places:
        with suppress(VerificationFailed):  # a manifest that was touched is refused by every act that needs it
            if (place / MANIFEST).is_file():
                found.append((f"{place.relative_to(out)}/{MANIFEST}", FinishedRun(place, "").manifest))
    return ((where, hash_in(document)) for where, document in found if hash_in(document))


def head_before(out: Path, period: object) -> str:
    """The record's head as it was before the quarter's first act: that of the last publication, or ``first``."""
    events = record.read(record.record_file(out, period))
    if hash := next((event.says["record_before"] for event in events if "record_before" in event.says), ""):
        return hash
    until = events[0].at if events else None
    published = [event for other in _others(out, period) for event in record.read(other) if event.kind in PUBLICATIONS]
    before = [event for event in published if until is None or event.at <= until]
    return max(before, key=lambda event: (event.clock or event.at, event.at)).sha256 if before else NOTHING_BEFORE


def _others(out: Path, period: object) -> list[Path]:
    files = sorted((Path(out) / record.RECORD).glob(f"*{record.SUFFIX}"))
    return [file for file in files if file.stem not in (str(period), NAME)]


def _must_match_what_lies_beside(out: Path, period: object, state: State) -> None:
    """Previews, lists of editions and publication sheets are made after their line: where one is, its line was."""
    file = record.record_file(out, period)
    known = {edition.folder for edition in state.editions}
    previews = [int(name) for name in _numbered(out / "preview" / str(period))]
    place = out / "published" / str(period)
    editions = {name for name in _numbered(place) if (place / name / SHEET).exists()} | _listed(place / "index.json")
    found = [f"preview/{period}/{n}" for n in previews if n > len(state.previews)]
    found += [f"published/{period}/{name}" for name in sorted(editions - known)]
    if found:
        raise VerificationFailed(say("publication.record_lost", file=file, found=found[0]))


def _must_build_on_what_was_published(out: Path, period: object, state: State) -> None:
    if state.before in ("", NOTHING_BEFORE):
        return
    known = {
        event.sha256 for other in _others(out, period) for event in record.read(other) if event.kind in PUBLICATIONS
    }
    if state.before not in known:
        raise VerificationFailed(say("publication.earlier_lost", period=period, head=state.before[:16]))


def _numbered(place: Path) -> list[str]:
    return sorted(entry.name for entry in place.iterdir() if entry.name.isdecimal()) if place.is_dir() else []


def _listed(file: Path) -> set[str]:
    try:
        return {str(one["folder"]) for one in json.loads(file.read_text(encoding="utf-8"))["editions"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()  # of what it says, `verify` compares the bytes
