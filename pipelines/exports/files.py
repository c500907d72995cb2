"""Which file of an exports folder belongs to which table, and who reads it."""

import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from html import unescape
from importlib import import_module
from pathlib import Path

from pipelines.exports.headers import known_headers, resolve
from pipelines.exports.rows import kind_of, texts
from pipelines.exports.xlsx import heads
from pipelines.model.contract import ORIGINALS, Contracts
from pipelines.model.intake import Export, Known, Layout, Notice, UnreadableExport, folded
from pipelines.model.source import SourceMapping, TableSource
from pipelines.model.words import UsageRefusal, Words
from pipelines.wording import note, say

# suffix -> (module, function) of its reader, imported when first needed
READERS = {
    "csv": ("csv", "open_csv"),
    "csv.gz": ("csv", "open_csv"),
    "txt": ("csv", "open_csv"),
    "tsv": ("csv", "open_csv"),
    "xlsx": ("xlsx", "open_xlsx"),
    "parquet": ("parquet", "open_parquet"),
    "jsonl": ("jsonl", "open_jsonl"),
    "jsonl.gz": ("jsonl", "open_jsonl"),
    "json": ("jsonl", "open_json"),
}
SAMPLE_MARKER = "SIMULATED"
CONTROL = "totals"  # the stem of the file that tells how many rows every table has
# Files with these suffixes and a table's name are exports somebody meant to be read: leaving them out would be silent.
SPREADSHEETS = ("xls", "xlsm", "xlsb", "et", "ods")  # of which only the headers are looked at
FOREIGN_SUFFIXES = (
    *SPREADSHEETS,
    "numbers",
    "zip",
    "rar",
    "7z",
    "xlsx.gz",
    "parquet.gz",
    "dbf",
    "crdownload",
    "part",
    "partial",
    "download",
    "tmp",
)
_SUFFIX = re.compile(r"\.(" + "|".join(map(re.escape, sorted([*READERS, *FOREIGN_SUFFIXES], key=len)[::-1])) + ")$")


@dataclass(frozen=True)
class Found:
    """A file to read for a table."""

    path: Path
    suffix: str
    layout: Layout = Layout()

    @property
    def name(self) -> str:
        """The path relative to the exports folder."""
        return self.path.name

    @property
    def shown(self) -> str:
        """What sentences call it: with its sheets where a workbook holds several tables."""
        return f"{self.name}[{'、'.join(self.layout.sheets)}]" if self.layout.sheets else self.name


@dataclass(frozen=True)
class Folder:
    """An exports folder sorted out."""

    tables: dict[str, list[Found]]  # in reading order; a table without a file is not there
    notices: tuple[Notice, ...]
    stops: tuple[Words, ...]
    simulated: bool
    strangers: tuple[str, ...] = ()  # files that belong to no table
    totals: tuple[Found, ...] = ()  # control files
    fixes: tuple[Found, ...] = ()  # the sheets of fix files, in the order of their files


def list_entries(exports: Path) -> list[Path]:
    """What lies in an exports folder, by name, without hidden and lock files; UsageRefusal where it is none."""
    if not exports.exists():
        raise UsageRefusal(say("ingest.no_folder", folder=exports))
    if not exports.is_dir():
        raise UsageRefusal(say("ingest.not_a_folder", folder=exports, parent=exports.parent))
    try:
        entries = list(exports.iterdir())
    except OSError as problem:
        raise UsageRefusal(say("ingest.folder_unreadable", folder=exports, problem=problem.strerror)) from None
    return sorted((one for one in entries if not one.name.startswith((".", "~$"))), key=lambda one: one.name)


def list_files(exports: Path) -> list[Path]:
    """The files of a folder as `list_entries` finds them."""
    return [entry for entry in list_entries(exports) if entry.is_file()]


def sort_folder(exports: Path, contracts: Contracts, mapping: SourceMapping | None = None) -> Folder:
    """Every file of the folder under its table, a notice for every file that belongs to none.

    With a source mapping its tables have the files that it names, and those that name none, like other tables, the
    files of their own name.
    """
    entries = [entry for entry in list_entries(exports) if entry.name != SAMPLE_MARKER]
    files = [entry for entry in entries if entry.is_file()]
    fixes = {file: sheets for file in files if ORIGINALS in (sheets := _sheet_names(file))}
    files = [file for file in files if file not in fixes]
    sources = mapping.tables if mapping else {}
    tables, stops = _mapped_files(files, sources, contracts)
    stops += [words for one in entries if not one.is_file() and (words := unread_folder(one, contracts, sources))]
    notices, strangers, totals = [], [], []
    for file in files:
        stem, suffix = split_name(file.name)
        if stem == CONTROL and suffix in READERS:
            totals.append(Found(file, suffix))
            continue
        table = table_of(stem, contracts)
        source = sources.get(table)
        if (source and source.files) or (mapping and not table):
            continue
        if suffix == "xlsx" and not mapping and (book := sheets_of_tables(file, table, contracts)):
            for name, sheets in book.sheets.items():
                tables.setdefault(name, []).append(Found(file, suffix, Layout(sheets=sheets)))
            notices += book.notices
            stops += book.stops
            continue
        if table and suffix in READERS:
            tables.setdefault(table, []).append(Found(file, suffix, source.layout if source else Layout()))
        elif table and suffix in FOREIGN_SUFFIXES:
            stops.append(say(f"ingest.{_foreign(suffix)}", file=file.name, suffix=suffix, **_named(table, contracts)))
        elif unread := unread_file(file, contracts):
            stops.append(unread)
        else:
            strangers.append(file.name)
            notices.append(_unrecognised(file.name, stem, contracts))
    notices += [_two_formats(table, found, contracts) for table, found in tables.items() if _same_stem(found)]
    notices += [words for file in files if mapping and (words := _unchosen(file, tables))]
    if not files and not fixes:
        stops.append(say("ingest.empty_folder", folder=exports))
    return Folder(
        tables,
        tuple(notices),
        tuple(stops),
        (exports / SAMPLE_MARKER).is_file(),
        tuple(strangers),
        tuple(totals),
        tuple(Found(file, "xlsx", Layout(sheets=(name,))) for file, sheets in fixes.items() for name in sheets),
    )


def _foreign(suffix: str) -> str:
    """The sentence for a table in a format that is not read."""
    if suffix in ("zip", "rar", "7z"):
        return "packed"
    return "under_way" if suffix in ("crdownload", "part", "partial", "download", "tmp") else "foreign_format"


def _named(table: str, contracts: Contracts) -> dict[str, object]:
    """A table for a sentence: the name that its files have, and its title."""
    return {"table": table, "title": contracts.tables[table].title}


def _mapped_files(
    files: list[Path], sources: dict[str, TableSource], contracts: Contracts
) -> tuple[dict[str, list[Found]], list[Words]]:
    """The files of every table of a mapping, and a stop for every name or pattern that no file has."""
    tables: dict[str, list[Found]] = {}
    stops = []
    for table, source in sources.items():
        for wanted in source.files:
            named = [file for file in files if file.name == wanted]
            named = named or [file for file in files if fnmatchcase(file.name, wanted)]
            if not named:
                near = get_close_matches(wanted, [file.name for file in files], 1)
                hint = say("ingest.source_nearest", word=near[0]) if near else ""
                facts = {"wanted": wanted, "hint": hint, **_named(table, contracts)}
                stops.append(say("ingest.source_no_file", **facts))
            for file in named:
                suffix = split_name(file.name)[1]
                if suffix in READERS:
                    tables.setdefault(table, []).append(Found(file, suffix, source.layout))
                else:
                    suffix = suffix or file.suffix.lstrip(".")
                    facts = {"file": file.name, "suffix": suffix, **_named(table, contracts)}
                    stops.append(say(f"ingest.{_foreign(suffix)}", **facts))
    return tables, stops


def split_name(name: str) -> tuple[str, str]:
    """A file name as stem and suffix, both folded: `Cases_01.CSV.GZ` → (`cases_01`, `csv.gz`)."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    found = _SUFFIX.search(plain)
    return (plain[: found.start()], found[1]) if found else (plain.rpartition(".")[0] or plain, "")


def table_of(stem: str, contracts: Contracts) -> str:
    """The table that a file name stands for: `cases`, `cases_01`, `诉求件`, `诉求件_7月`; "" for none."""
    for table in contracts.tables.values():
        for name in (table.name, unicodedata.normalize("NFKC", table.title.zh).casefold()):
            if stem == name or stem.startswith(f"{name}_"):
                return table.name
    return ""


def stands_for(stem: str, contracts: Contracts) -> str:
    """The table that a name seems to mean without being its name, like `加分申报(1)`, `2026Q3 cases`; "" for none."""
    names = [
        (name, table.name)
        for table in contracts.tables.values()
        for name in (table.name, unicodedata.normalize("NFKC", table.title.zh).casefold())
    ]
    found = [
        (name, table)
        for name, table in names
        if (re.search(rf"(?<![a-z]){name}(?![a-z])", stem.replace("_", " ")) if name.isascii() else name in stem)
        or (name.isascii() and "_" in name and name in stem)
    ]
    return max(found, key=lambda pair: len(pair[0]))[1] if found else ""


def open_export(found: Found, known: Known) -> Export:
    """Open a file with the reader of its suffix; UnreadableExport where it cannot be read as a whole."""
    module, function = READERS[found.suffix]
    reader: Callable = getattr(import_module(f"pipelines.exports.{module}"), function)
    try:
        return reader(found.path, found.layout, known)
    except PermissionError:
        raise UnreadableExport(say("ingest.no_permission", file=found.name)) from None


def read_units(exports: Path, contracts: Contracts) -> list[tuple[str, str]]:
    """Code and name of every unit in a folder, as they are written; none where its files cannot be read."""
    contract, units = contracts.tables["units"], {}
    for found in sort_folder(exports, contracts).tables.get(contract.name, ()):
        try:
            export = open_export(found, known_headers(contract))
            columns = resolve(export.header, contract, found.shown)
            if columns.stops:
                return []
            at = [columns.names.index(name) for name in ("unit_id", "unit_name")]
            for batch in export.batches():
                units.update(zip(*(texts(batch.columns[place]) for place in at), strict=True))
        except UnreadableExport:
            return []
    return [(code.strip(), (name or "").strip()) for code, name in units.items() if code and code.strip()]


def _unrecognised(name: str, stem: str, contracts: Contracts) -> Notice:
    names = [CONTROL, *(alias for table in contracts.tables.values() for alias in (table.name, table.title.zh))]
    near = get_close_matches(stem.partition("_")[0], names, 1, 0.5) or get_close_matches(stem, names, 1, 0.5)
    hint = say("ingest.hint_table", name=near[0]) if near else Words("", "")
    return note("ingest.unrecognised_file", file=name, hint=hint)


def _same_stem(found: list[Found]) -> bool:
    return len({split_name(one.name)[0] for one in found}) < len(found)


def _two_formats(table: str, found: list[Found], contracts: Contracts) -> Notice:
    files = "、".join(one.name for one in found)
    return replace(note("ingest.two_formats", of=table, files=files, **_named(table, contracts)), file=files)


# Files and folders that look like a table and would be left out unseen: each a stop with its remedy.


PACKED = ("zip", "rar", "7z")
_SHEET = re.compile(rb'<(?:\w+:)?sheet\b[^>]*?\bname="([^"]*)"')
_LARGEST_PART = 1 << 20


def unread_folder(entry: Path, contracts: Contracts, sources: dict) -> Words | None:
    """A stop for a folder or a broken link with a table's name, and for a folder that holds tables."""
    stem, suffix = split_name(entry.name)
    table = table_of(stem, contracts) or stands_for(stem, contracts)
    if not entry.is_dir():
        named = table and table not in sources
        return say("ingest.no_file", file=entry.name, **_named(table, contracts)) if named else None
    try:
        inside = [one.name for one in entry.iterdir() if one.is_file() and not one.name.startswith((".", "~$"))]
    except OSError:
        inside = []
    if suffix and table and table not in sources:
        return say("ingest.no_file", file=entry.name, **_named(table, contracts))
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
        return say("ingest.packed", file=file.name, **_named(table, contracts)) if table else None
    table = stands_for(stem, contracts) if suffix else ""
    if table:
        ending = suffix if suffix in READERS else "xlsx"
        return say("ingest.looks_like_table", file=file.name, suffix=ending, **_named(table, contracts))
    if suffix not in (*READERS, *SPREADSHEETS):
        return None
    table = _table_of_header(file, suffix, contracts)
    key = "holds_table" if suffix in READERS else "holds_table_foreign"
    return say(f"ingest.{key}", file=file.name, suffix=suffix, **_named(table, contracts)) if table else None


def _packed_tables(file: Path, contracts: Contracts) -> str:
    """A table that a zip file holds."""
    try:
        with zipfile.ZipFile(file) as archive:
            stems = [split_name(name.rpartition("/")[2])[0] for name in archive.namelist()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return ""
    return next((table for stem in stems if (table := table_of(stem, contracts) or stands_for(stem, contracts))), "")


@dataclass(frozen=True)
class Book:
    """A workbook of several tables: the sheets of each, and what is not read."""

    sheets: dict[str, tuple[str, ...]]
    stops: tuple[Words, ...] = ()
    notices: tuple[Notice, ...] = ()


def sheets_of_tables(file: Path, own: str, contracts: Contracts) -> Book | None:
    """The sheets of a workbook by the tables that they are named after; None for a workbook of one table, or of none.

    ``own`` is the table that the file is named after: it has the sheets without a table's name, unless one has its own.
    """
    names = _sheet_names(file)
    tables = {name: table for name in names if (table := table_of(split_name(name)[0], contracts))}
    if not set(tables.values()) - {own}:
        return None
    if own and own not in tables.values():
        tables |= {name: own for name in names if name not in tables}
    try:
        headers = heads(file, every_header(contracts))
    except UnreadableExport as problem:
        return Book({}, (problem.words,))
    others = [name for name in headers if name not in tables]
    stops = [
        say("ingest.sheet_holds_table", file=file.name, sheet=name, table=contracts.tables[table].title)
        for name in others
        if (table := _whole(headers[name], contracts))
    ]
    book = {table: tuple(name for name in names if tables.get(name) == table) for table in tables.values()}
    facts = {"file": file.name, "sheets": "、".join(tables), "others": "、".join(others)}
    return Book(book, tuple(stops), (note("ingest.book_sheets", **facts),) if others else ())


def _unchosen(file: Path, tables: dict[str, list[Found]]) -> Notice | None:
    """The sheets that no table of a mapping names, of a workbook of which every table names its own."""
    layouts = [one.layout for found in tables.values() for one in found if one.path == file]
    asked = {name for one in layouts for name in (one.sheet, *one.sheets) if name}
    names = _sheet_names(file) if all(one.sheet or one.sheets for one in layouts) else []
    chosen = [name for name in names if any(fnmatchcase(name, one) for one in asked)]
    others = "、".join(name for name in names if name not in chosen)
    return (
        note("ingest.other_sheets", file=file.name, sheet="、".join(chosen), others=others)
        if chosen and others
        else None
    )


def _sheet_names(file: Path) -> list[str]:
    """The sheets of a workbook in their order; none of what is no workbook."""
    if split_name(file.name)[1] != "xlsx":
        return []
    try:
        with zipfile.ZipFile(file) as archive, archive.open("xl/workbook.xml") as part:
            return [unescape(one.decode(errors="replace")) for one in _SHEET.findall(part.read(_LARGEST_PART))]
    except (zipfile.BadZipFile, KeyError, OSError, ValueError, NotImplementedError):
        return []


def every_header(contracts: Contracts) -> Known:
    """The headers of every column of every table."""
    return Known(frozenset().union(*(known_headers(table).headers for table in contracts.tables.values())))


def _whole(header: Iterable[str], contracts: Contracts) -> str:
    """The table whose required columns a header all has; "" for none."""
    cells = {folded(cell) for cell in header}
    known = {table.name: known_headers(table) for table in contracts.tables.values()}
    whole = [name for name, one in known.items() if all(cells & names for names in one.needed)]
    return max(whole, key=lambda name: len(cells & known[name].headers), default="")


def _table_of_header(file: Path, suffix: str, contracts: Contracts) -> str:
    """The table whose required columns a file all has; "" for none, and where the file cannot be read."""
    try:
        if suffix in SPREADSHEETS:
            found = heads(file, every_header(contracts)).values()
            return next((table for header in found if (table := _whole(header, contracts))), "")
        return _whole(open_export(Found(file, suffix), every_header(contracts)).header, contracts)
    except UnreadableExport:
        return ""


# Files that are not what their suffix says, with the remedy that fits what they are.


def must_be_text(path: Path) -> None:
    """Refuse a file with a text file's name that is a workbook, a zip or a web page."""
    found = kind_of(path)
    if found in ("encrypted", "old_workbook", "open_document", "web_page", "workbook", "parquet"):
        key = "text_is_workbook" if found == "workbook" else f"disguised_{found}"
        raise UnreadableExport(say(f"ingest.{key}", file=path.name, stem=path.name.partition(".")[0]))
