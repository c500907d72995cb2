"""Workbook exports: the zip looked at first, then parsed in a child process with limits on memory and time."""

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from pipelines.edges import workbook_child
from pipelines.edges.wording import say
from pipelines.model.export import Batch, Export, Fault, Layout, UnreadableExport

MAX_ENTRIES = 2000
FREE_SIZE = 32 << 20  # expanded; below it no ratio is suspicious
MAX_SIZE = 4 << 30
MAX_RATIO = 150
MEMORY = 6 << 30
SECONDS = 300


def open_xlsx(path: Path, layout: Layout, known: frozenset[str]) -> Export:
    """Open a sheet of a workbook; UnreadableExport for anything that is none or that breaks the parser."""
    _look_at_zip(path)
    output = _parsed(path, layout.sheet)
    told = json.loads(output.readline())
    if told["sheet"] is None:
        names = "、".join(told["sheets"])
        raise UnreadableExport(say("ingest.no_such_sheet", file=path.name, sheet=layout.sheet, sheets=names))
    notices = ()
    if len(told["sheets"]) > 1 and not layout.sheet:
        others = "、".join(name for name in told["sheets"] if name != told["sheet"])
        notices = (say("ingest.other_sheets", file=path.name, sheet=told["sheet"], others=others),)
    first = json.loads(output.readline())
    at = _header_index(first["lines"], layout.header_row)
    if at is None:
        return Export((), lambda: iter(()), notices=notices)
    header = first["rows"][at]
    first = {"lines": first["lines"][at + 1 :], "rows": first["rows"][at + 1 :]}
    return Export(tuple(header), lambda: _batches(first, output, len(header)), notices=notices)


def _header_index(lines: list[int], header_row: int) -> int | None:
    """Where among the filled rows the header is: the first of them, or the row that the layout names."""
    if not header_row:
        return 0 if lines else None
    return lines.index(header_row) if header_row in lines else None


def _look_at_zip(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            is_workbook = any(entry.filename.startswith("xl/") for entry in entries)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise UnreadableExport(say("ingest.not_a_workbook", file=path.name)) from None
    if not is_workbook:
        raise UnreadableExport(say("ingest.not_a_workbook", file=path.name))
    size = sum(entry.file_size for entry in entries)
    ratio = size // max(path.stat().st_size, 1)
    if len(entries) > MAX_ENTRIES or size > MAX_SIZE or (size > FREE_SIZE and ratio > MAX_RATIO):
        facts = {"entries": len(entries), "size": size >> 20, "ratio": ratio}
        raise UnreadableExport(say("ingest.zip_bomb", file=path.name, **facts))


def _parsed(path: Path, sheet: str) -> IO[str]:
    """The child's whole output; UnreadableExport where it does not end well, so nothing is half read."""
    output = tempfile.TemporaryFile("w+", encoding="ascii")  # noqa: SIM115 - closed when its last batch is read
    command = [sys.executable, "-I", workbook_child.__file__, str(path), sheet, str(MEMORY), str(SECONDS)]
    try:
        done = subprocess.run(command, stdout=output, stderr=subprocess.DEVNULL, timeout=2 * SECONDS, check=False)
        failed = done.returncode != 0
    except subprocess.TimeoutExpired:
        failed = True
    if failed:
        output.close()
        raise UnreadableExport(say("ingest.workbook_unreadable", file=path.name))
    output.seek(0)
    return output


def _batches(first: dict, output: IO[str], width: int) -> Iterator[Batch]:
    with output:
        yield _batch(first, width)
        for line in output:
            yield _batch(json.loads(line), width)


def _batch(told: dict, width: int) -> Batch:
    """Rows come without their trailing blank cells; cells beyond the header are a fault."""
    rows, lines, faults = [], [], []
    for line, cells in zip(told["lines"], told["rows"], strict=True):
        if len(cells) > width:
            faults.append(Fault(line, "field_count", f"{len(cells)} of {width} fields"))
        else:
            rows.append(cells + [""] * (width - len(cells)))
            lines.append(line)
    return Batch(lines, tuple(zip(*rows, strict=True)) or ((),) * width, tuple(faults))
