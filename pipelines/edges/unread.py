"""Files and folders that look like a table and would be left out unseen: each a stop with its remedy."""

import re
import zipfile
from pathlib import Path

from pipelines.edges.export_files import READERS, Found, open_export, split_name, stands_for, table_of
from pipelines.edges.wording import say
from pipelines.model.contract import Contracts
from pipelines.model.export import Known, UnreadableExport, folded
from pipelines.model.words import Words

PACKED = ("zip", "rar", "7z")
_SHEET = re.compile(rb'<(?:\w+:)?sheet\b[^>]*?\bname="([^"]*)"')
_LARGEST_PART = 1 << 20


def unread_folder(entry: Path, contracts: Contracts, sources: dict) -> Words | None:
    """A stop for a folder or a broken link with a table's name, and for a folder that holds tables."""
    stem, suffix = split_name(entry.name)
    table = table_of(stem, contracts) or stands_for(stem, contracts)
    if not entry.is_dir():
        return say("ingest.no_file", file=entry.name, table=table) if table and table not in sources else None
    try:
        inside = [one.name for one in entry.iterdir() if one.is_file() and not one.name.startswith((".", "~$"))]
    except OSError:
        inside = []
    if suffix and table and table not in sources:
        return say("ingest.no_file", file=entry.name, table=table)
    held = [name for name in inside if split_name(name)[1] in READERS and table_of(split_name(name)[0], contracts)]
    if held or (table and table not in sources and inside):
        return say("ingest.folder_of_tables", folder=entry.name, file=(held or inside)[0])
    return None


def unread_file(file: Path, contracts: Contracts) -> Words | None:
    """A stop for a file that seems to be a table by its name or by what it holds; None for any other."""
    stem, suffix = split_name(file.name)
    if suffix in PACKED:
        inside = _packed_tables(file, contracts) if suffix == "zip" else ""
        table = inside or stands_for(stem, contracts)
        return say("ingest.packed", file=file.name, table=table) if table else None
    table = stands_for(stem, contracts) if suffix else ""
    if table:
        ending = suffix if suffix in READERS else "xlsx"
        return say("ingest.looks_like_table", file=file.name, table=table, suffix=ending)
    if suffix not in READERS:
        return None
    if suffix == "xlsx" and (sheets := _sheets_of_tables(file, contracts)):
        return say("ingest.workbook_of_tables", file=file.name, sheets="、".join(sheets))
    table = _table_of_header(file, suffix, contracts)
    return say("ingest.holds_table", file=file.name, table=table, suffix=suffix) if table else None


def _packed_tables(file: Path, contracts: Contracts) -> str:
    """A table that a zip file holds."""
    try:
        with zipfile.ZipFile(file) as archive:
            stems = [split_name(name.rpartition("/")[2])[0] for name in archive.namelist()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return ""
    return next((table for stem in stems if (table := table_of(stem, contracts) or stands_for(stem, contracts))), "")


def _sheets_of_tables(file: Path, contracts: Contracts) -> list[str]:
    """The sheets of a workbook that have the name of a table."""
    try:
        with zipfile.ZipFile(file) as archive, archive.open("xl/workbook.xml") as part:
            names = [name.decode(errors="replace") for name in _SHEET.findall(part.read(_LARGEST_PART))]
    except (zipfile.BadZipFile, KeyError, OSError, ValueError, NotImplementedError):
        return []
    return [name for name in names if table_of(split_name(name)[0], contracts)]


def _table_of_header(file: Path, suffix: str, contracts: Contracts) -> str:
    """The table whose required columns a file all has; "" for none, and where the file cannot be read."""
    from pipelines.edges.headers import known_headers

    known = {table.name: known_headers(table) for table in contracts.tables.values()}
    every = Known(frozenset().union(*(one.headers for one in known.values())))
    try:
        header = {folded(cell) for cell in open_export(Found(file, suffix), every).header}
    except UnreadableExport:
        return ""
    whole = [name for name, one in known.items() if all(header & names for names in one.needed)]
    return max(whole, key=lambda name: len(header & known[name].headers), default="")
