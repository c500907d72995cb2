"""Workbook exports: the zip looked at first, then parsed in a child process with limits on memory and time."""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from pipelines.exports import workbook_child
from pipelines.exports.rows import kind_of
from pipelines.model.intake import Batch, Export, Fault, Known, Layout, OddCell, UnreadableExport, folded
from pipelines.model.words import Words
from pipelines.wording import note, say

MAX_ENTRIES = 2000
FREE_SIZE = 32 << 20  # expanded; below it no ratio is suspicious
MAX_SIZE = 4 << 30
MAX_RATIO = 150
MEMORY = 6 << 30
# The parser lays a sheet out as a rectangle: two cells far apart in a small file would take what a machine has. A cell
# that is really there takes some twenty bytes in the file and up to two hundred in the parser.
ROOM, ROOM_BY_SIZE = 512 << 20, 12
SECONDS = 300


def open_xlsx(path: Path, layout: Layout, known: Known) -> Export:
    """Open the sheets of a workbook that hold the table; UnreadableExport for anything that is none."""
    output = _parsed(path, layout, known)
    contents = json.loads(output.readline())
    if contents["chosen"] is None:
        names = "、".join(contents["sheets"])
        wanted = layout.sheet or "、".join(layout.sheets)
        raise UnreadableExport(say("ingest.no_such_sheet", file=path.name, sheet=wanted, sheets=names))
    if contents["hidden_tables"]:
        names = "、".join(contents["hidden_tables"])
        raise UnreadableExport(say("ingest.hidden_table", file=path.name, sheets=names))
    sheets = _sheets(output, bool(layout.sheets) or len(contents["chosen"]) > 1)
    first = next(sheets)
    if not first["header"]:
        return Export((), lambda: iter(()), notices=_not_read(path, contents, layout, known))
    header = tuple(first["header"])
    export = Export(
        header,
        lambda: _batches(path, output, first, sheets, header, known, export.later),
        notices=_not_read(path, contents, layout, known),
    )
    return export


def heads(path: Path, known: Known) -> dict[str, list[str]]:
    """The header of every visible sheet that holds anything, of a workbook of any format.

    UnreadableExport for what is no workbook.
    """
    with _parsed(path, Layout(), known, heads_only=True) as output:
        found = json.loads(output.readline())
    return {name: header for name, header in found["heads"].items() if name not in found["hidden"]}


def _not_read(path: Path, contents: dict, layout: Layout, known: Known) -> tuple[Words, ...]:
    """Sheets that were passed over, and which were read where there are several."""
    chosen, notices = "、".join(contents["chosen"]), []
    for name in contents["sheets"]:
        if not layout.sheet and name not in (*contents["chosen"], *contents["hidden"]) and folded(name) in known.others:
            raise UnreadableExport(say("ingest.sheet_of_other_table", file=path.name, sheet=name))
    others = [name for name in contents["sheets"] if name not in contents["chosen"]] if not layout.sheet else []
    hidden = [name for name in others if name in contents["hidden"]]
    shown = [name for name in others if name not in contents["hidden"]]
    if len(contents["chosen"]) > 1:
        notices.append(note("ingest.several_sheets", file=path.name, sheets=chosen))
    if shown:
        notices.append(note("ingest.other_sheets", file=path.name, sheet=chosen, others="、".join(shown)))
    if hidden:
        notices.append(note("ingest.hidden_sheets", file=path.name, sheet=chosen, others="、".join(hidden)))
    return tuple(notices)


def _look_at_zip(path: Path, part: str = "xl/") -> int:
    """The expanded size in bytes; UnreadableExport for what is no workbook or expands without measure.

    ``part`` is how the name of some entry begins.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            is_workbook = any(entry.filename.startswith(part) for entry in entries)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        _must_be_workbook(path)
        is_workbook = False
    if not is_workbook:
        _must_be_workbook(path)
        raise UnreadableExport(say("ingest.not_a_workbook", file=path.name))
    size = sum(entry.file_size for entry in entries)
    ratio = size // max(path.stat().st_size, 1)
    if len(entries) > MAX_ENTRIES or size > MAX_SIZE or (size > FREE_SIZE and ratio > MAX_RATIO):
        facts = {"entries": len(entries), "size": size >> 20, "ratio": ratio}
        raise UnreadableExport(say("ingest.zip_bomb", file=path.name, **facts))
    return size


def _parsed(path: Path, layout: Layout, known: Known, heads_only: bool = False) -> IO[str]:
    """The child's whole output; UnreadableExport where it does not end well, so nothing is half read."""
    kind = kind_of(path) if heads_only else ""
    if kind == "old_workbook":
        size = path.stat().st_size
    else:
        size = _look_at_zip(path, "content.xml" if kind == "open_document" else "xl/")
    memory = min(ROOM + ROOM_BY_SIZE * size, MEMORY)
    asked = {
        "sheet": layout.sheet,
        "sheets": layout.sheets,
        "header_row": layout.header_row,
        "known": sorted(known.headers),
        "needed": [sorted(names) for names in known.needed],
        "heads_only": heads_only,
    }
    output = tempfile.TemporaryFile("w+", encoding="ascii")  # noqa: SIM115 - closed when its last batch is read
    command = [sys.executable, "-I", workbook_child.__file__, str(path), str(memory), str(SECONDS), str(os.getpid())]
    try:
        done = subprocess.run(
            command,
            input=json.dumps(asked).encode(),
            stdout=output,
            stderr=subprocess.DEVNULL,
            timeout=2 * SECONDS,
            check=False,
        )
        failed = done.returncode != 0
    except subprocess.TimeoutExpired:
        failed = True
    if failed:
        output.close()
        raise UnreadableExport(say("ingest.workbook_unreadable", file=path.name))
    output.seek(0)
    return output


def _sheets(output: IO[str], several: bool) -> Iterator[dict]:
    """What the child tells of every sheet; ``batches`` of one must be read before the next."""
    line = output.readline()
    while line:
        sheet = json.loads(line)
        following = []
        yield sheet | {"part": sheet["sheet"] if several else "", "batches": _until_sheet(output, following)}
        line = following[0] if following else ""


def _until_sheet(output: IO[str], following: list[str]) -> Iterator[dict]:
    for line in output:
        if line.startswith('{"sheet"'):
            following.append(line)
            return
        yield json.loads(line)


def _batches(
    path: Path, output: IO[str], first: dict, others: Iterator[dict], header: tuple[str, ...], known: Known, later: list
) -> Iterator[Batch]:
    with output:
        yield from _of_sheet(path, first, [*range(len(header))], len(header), later)
        for sheet in others:
            yield from _of_sheet(path, sheet, _places(path, sheet, first, known), len(header), later)


def _places(path: Path, sheet: dict, first: dict, known: Known) -> list[int | None]:
    """For every column of a further sheet its place in the first one's header; columns that nobody knows may differ."""
    there = {folded(cell): place for place, cell in enumerate(first["header"])}
    names = [folded(cell) for cell in sheet["header"]]
    lacking = [
        cell for name, cell in zip(there, first["header"], strict=False) if name in known.headers and name not in names
    ]
    surplus = [
        cell for name, cell in zip(names, sheet["header"], strict=True) if name in known.headers and name not in there
    ]
    if lacking or surplus:
        facts = {"file": path.name, "sheet": sheet["sheet"], "first": first["sheet"]}
        raise UnreadableExport(say("ingest.sheets_differ", columns="、".join([*lacking, *surplus]), **facts))
    return [there.get(name) for name in names]


def _of_sheet(path: Path, sheet: dict, places: list[int | None], width: int, later: list) -> Iterator[Batch]:
    facts = {"file": path.name, "sheet": sheet["sheet"]}
    if sheet["above"]:
        later.append(note("ingest.rows_above", row=sheet["line"], above=_lines(sheet["above"]), **facts))
    if sheet["hidden_rows"]:
        later.append(note("ingest.hidden_rows", n=sheet["hidden_rows"], **facts))
    if sheet["hidden_columns"]:
        later.append(note("ingest.hidden_columns", columns="、".join(sheet["hidden_columns"]), **facts))
    for batch in sheet["batches"]:
        yield _batch(batch, places, width, sheet["part"])


def _lines(lines: list[int]) -> str:
    return str(lines[0]) if len(lines) == 1 else f"{lines[0]}–{lines[-1]}"


def _batch(batch: dict, places: list[int | None], width: int, part: str) -> Batch:
    """Rows come without their trailing blank cells; cells beyond the header are a fault."""
    rows, lines, faults, at = [], [], [], {}
    plain = places == [*range(width)]
    for line, cells in zip(batch["lines"], batch["rows"], strict=True):
        if len(cells) > len(places):
            faults.append(Fault(line, "field_count", f"{len(cells)} of {len(places)} fields"))
            continue
        at[line] = len(rows)
        rows.append(cells + [""] * (width - len(cells)) if plain else _placed(cells, places, width))
        lines.append(line)
    odd = tuple(
        OddCell(at[line], places[column], kind, value)
        for line, column, kind, value in batch["odd"]
        if line in at and column < len(places) and places[column] is not None
    )
    return Batch(lines, tuple(zip(*rows, strict=True)) or ((),) * width, tuple(faults), odd, part)


def _placed(cells: list[str], places: list[int | None], width: int) -> list[str]:
    row = [""] * width
    for cell, place in zip(cells, places, strict=False):
        if place is not None:
            row[place] = cell
    return row


def _must_be_workbook(path: Path) -> None:
    """Refuse a file with a workbook's name that is none, by what it is; nothing where that is not known."""
    found = kind_of(path)
    if found in ("encrypted", "old_workbook", "open_document", "web_page", "text"):
        raise UnreadableExport(say(f"ingest.disguised_{found}", file=path.name))
