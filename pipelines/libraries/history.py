"""The matter library through time: the export's rows and the approved changes as spans of days (M1, M2, M3)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

from pipelines.model.library import LibraryEntry, MatterChange
from pipelines.model.text import same_text

DAY = timedelta(days=1)


def history(entries: Iterable[LibraryEntry], changes: Iterable[MatterChange]) -> list[LibraryEntry]:
    """Every entry that ever was in force, ordered by matter, unit and first day.

    ``changes`` are the approved ones. A unit changes its own entries alone: what another unit applies for finds
    nothing to remove or to modify. An entry ends on the day before a removal or a modification takes effect.
    """
    held: dict[tuple[str, str], list[LibraryEntry]] = {}
    for entry in entries:
        held.setdefault((entry.matter_id, entry.unit_id), []).append(entry)
    for change in sorted(changes, key=lambda c: (c.effective_on, c.change_id)):
        key = change.matter_id, change.unit_id
        held[key] = APPLY[change.change](held.get(key, []), change)
    return sorted((entry for group in held.values() for entry in group), key=_order)


def in_force(entry: LibraryEntry, on: date) -> bool:
    """Whether an entry holds on a day; its first and last day are included."""
    return entry.valid_from <= on and (entry.valid_to is None or entry.valid_to >= on)


def _add(held: list[LibraryEntry], change: MatterChange) -> list[LibraryEntry]:
    """A new entry, unless the export has the same process in force already."""
    process = same_text(change.process or "")
    if any(in_force(entry, change.effective_on) and same_text(entry.process) == process for entry in held):
        return held
    return [*held, _entry(change, change.matter_name or "", change.process or "")]


def _remove(held: list[LibraryEntry], change: MatterChange) -> list[LibraryEntry]:
    return [_ended(entry, change) for entry in held]


def _modify(held: list[LibraryEntry], change: MatterChange) -> list[LibraryEntry]:
    """What was in force goes on under the new name, the new process, or both."""
    before = [entry for entry in held if _touched(entry, change)]
    if not before:
        return held
    last = max(before, key=_order)
    renewed = _entry(change, change.matter_name or last.matter_name, change.process or last.process)
    return [*(_ended(entry, change) for entry in held), replace(renewed, valid_to=last.valid_to)]


def _touched(entry: LibraryEntry, change: MatterChange) -> bool:
    """In force on the day and not begun on it: what begins that day is the export's own account of the change."""
    return entry.valid_from < change.effective_on and in_force(entry, change.effective_on)


def _ended(entry: LibraryEntry, change: MatterChange) -> LibraryEntry:
    if not _touched(entry, change):
        return entry
    return replace(entry, valid_to=change.effective_on - DAY, change_id=change.change_id)


def _entry(change: MatterChange, matter_name: str, process: str) -> LibraryEntry:
    return LibraryEntry(
        change.matter_id, change.unit_id, matter_name, process, change.effective_on, change_id=change.change_id
    )


def _order(entry: LibraryEntry) -> tuple:
    return entry.matter_id, entry.unit_id, entry.valid_from, entry.valid_to or date.max, entry.process


APPLY = {"add": _add, "remove": _remove, "modify": _modify}
