"""Personal data that are kept no longer than the project file says: what is due, what is held, and its deletion.

Layers, each a folder a period: `exports`; `raw`, what was pulled; `restricted`, the fix workbook and the units' own
evidence; `runs`, runs that were never sent to units and are in force no longer; `running`, the days of a watch, whose
pages and lists name open cases. Nothing that is published, in force or
named by a record is in any of them, nor is the list of counted cases, which a later period needs.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from glob import escape, glob
from pathlib import Path

from pipelines.edges.fingerprints import file_sha256, forget_beside
from pipelines.edges.folders import RUNS
from pipelines.edges.machine import machine_fault
from pipelines.edges.published import RESTRICTED, RUNNING, TALLIES, list_of
from pipelines.edges.runs import append, under_way
from pipelines.model.period import Period
from pipelines.model.project import PLACE, Keep, Project
from pipelines.model.words import Refusal, UsageRefusal, Words
from pipelines.publication.record import run_in_force
from pipelines.publication.signatures import read_whole
from pipelines.publication.signers import SIGNERS
from pipelines.wording import say

LOG = Path(".log") / "retention.jsonl"  # below the output folder: what was deleted, as hashes and counts


@dataclass(frozen=True)
class Stock:
    """What a layer holds of a period: its ``places``, files and links below them, and until which day it is kept.

    ``held`` is why it is not deleted although its day is over.
    """

    keep: Keep
    period: Period
    places: tuple[Path, ...]
    files: tuple[Path, ...]
    last_day: date
    held: Words | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether its last day is over, held or not."""
        return now.date() > self.last_day

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(file.lstat().st_size for file in self.files)


def stocks(city: Project, out: Path, now: datetime, signers: Path = SIGNERS) -> list[Stock]:
    """Everything that the layers of the project file hold, by layer and period; reads only.

    UsageRefusal where the project file names no place for a layer, or one in which results lie.
    """
    found = []
    for keep in city.retention:
        for period, places in sorted(_places(keep.layer, city, out, signers).items()):
            files = tuple(file for place in places for file in _below(place) if not _is_needed(out, period, file))
            if not files:
                continue
            last, held = keep.last_day(period), None
            if now.date() > last:
                held = _is_open(out, period, signers) or _leads_away(places, files)
            found.append(Stock(keep, period, tuple(places), files, last, held))
    return found


def _places(layer: str, city: Project, out: Path, signers: Path) -> dict[Period, list[Path]]:
    if layer in (RESTRICTED, RUNNING):
        return _periods((out / layer).glob("*"))
    if layer == "runs":
        return {
            period: left
            for period, (place,) in _periods((out / RUNS).glob("*")).items()
            if (left := _left_runs(out, period, place, signers))
        }
    if layer == "raw":
        found = _periods(city.raw.glob("*"))
    elif city.exports:
        found = _named(city)
    else:
        raise UsageRefusal(say("retain.no_place", layer=layer))
    results = out.resolve()
    for place in (place for places in found.values() for place in places):
        own = place.absolute()
        if results.is_relative_to(own.resolve()) or own.is_relative_to(results):
            raise UsageRefusal(say("retain.in_results", layer=layer, place=place, out=out))
    return found


def _periods(folders: Iterable[Path]) -> dict[Period, list[Path]]:
    """The folders that are named as a period is."""
    found = {}
    for folder in folders:
        with suppress(ValueError):
            period = Period.parse(folder.name)
            if str(period) == folder.name:
                found[period] = [folder]
    return found


def _named(city: Project) -> dict[Period, list[Path]]:
    """The folders of exports, wherever the period stands in their path."""
    before, _, after = city.exports.partition(PLACE)
    found = {}
    for path in glob(f"{escape(before)}*{escape(after)}"):  # noqa: PTH207 - its end is cut off as text
        name = path[len(before) : len(path) - len(after)]
        with suppress(ValueError):
            period = Period.parse(name)
            if str(period) == name:
                found[period] = [Path(path)]
    return found


def _left_runs(out: Path, period: Period, place: Path, signers: Path) -> list[Path]:
    """Runs with what is kept beside them, neither in force nor named by the record; none where that is unknown."""
    try:
        _, state, _ = read_whole(out, period, signers)
        run = run_in_force(out, period)
    except Refusal:
        return []
    kept = {one.run[:16] for one in (*state.previews, *state.editions)}
    kept |= {run.folder.name.split(".")[0]} if run else set()
    folders = (folder for folder in sorted(place.glob("*")) if folder.is_dir())
    return [folder for folder in folders if folder.name.split(".")[0] not in kept]


def _below(place: Path) -> Iterator[Path]:
    """Files and links at or below a place; no link is followed."""
    if place.is_symlink() or place.is_file():
        yield place
        return
    for folder, folders, files in os.walk(place):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        yield from (Path(folder) / name for name in sorted((*links, *files)))


def _is_needed(out: Path, period: Period, file: Path) -> bool:
    """Whether it is a list of the cases that an edition counted, which its record pins."""
    return file.parent == list_of(out, period, "1").parent and file.name.startswith("counted-")


def _is_open(out: Path, period: Period, signers: Path) -> Words | None:
    """Why nothing of a period may be deleted yet: it is being scored, or is on its way to publication."""
    if any(one.alive and one.period in (str(period), "") for one in under_way(out)):
        return say("retain.under_way")
    try:
        _, state, _ = read_whole(out, period, signers)
    except Refusal as refusal:
        return refusal.words
    if state.preview and not (state.edition and state.edition.run == state.preview.run):
        return say("retain.not_published")
    return None


def _leads_away(places: Iterable[Path], files: Iterable[Path]) -> Words | None:
    """A link whose end is elsewhere: to delete the link alone would only look like a deletion."""
    for link in (file for file in (*places, *files) if file.is_symlink()):
        if not any(link.resolve().is_relative_to(place.resolve()) for place in places if not place.is_symlink()):
            return say("retain.link", file=link)
    return None


def delete(out: Path, stock: Stock) -> None:
    """Delete what is due, after its hashes and sizes are in the log; a second line tells that it is gone.

    A deletion that was cut short is begun again by the next call, with what is left. Refusal for a file that the
    machine does not let go.
    """
    hashes = sorted(file_sha256(file) for file in stock.files if not file.is_symlink())
    facts = {"layer": stock.keep.layer, "period": str(stock.period), "kept_until": str(stock.last_day)}
    append(out / LOG, {**facts, "state": "begun", "files": len(hashes), "bytes": stock.size, "sha256": hashes})
    try:
        for place in stock.places:
            if place.name.endswith(TALLIES):
                forget_beside(out, place)
        for file in stock.files:
            if not os.access(file.parent, os.W_OK):
                file.parent.chmod(0o700)  # what was pulled is read-only
            file.unlink(missing_ok=True)
        for place in stock.places:
            _clear(place)
    except OSError as problem:
        raise Refusal(say("retain.not_deleted", file=problem.filename, why=machine_fault(problem) or problem)) from None
    append(out / LOG, {**facts, "state": "deleted", "files": len(hashes)})


def _clear(place: Path) -> None:
    """Remove the folders that are empty now, from below."""
    for folder, _, _ in os.walk(place):
        if not os.access(folder, os.W_OK):
            Path(folder).chmod(0o700)
    for folder, _, _ in os.walk(place, topdown=False):
        with suppress(OSError):  # something is in it
            Path(folder).rmdir()
    if not os.access(place.parent, os.W_OK):
        return
    with suppress(OSError):
        place.rmdir()
