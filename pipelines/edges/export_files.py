"""Which file of an exports folder belongs to which table, and who reads it."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path

from pipelines.edges.wording import note, say
from pipelines.model.contract import Contracts
from pipelines.model.export import Export, Known, Layout, Notice, UnreadableExport
from pipelines.model.refusals import UsageRefusal
from pipelines.model.source import SourceMapping, TableSource
from pipelines.model.words import Words

# suffix -> (module, function) of its reader, imported when first needed
READERS = {
    "csv": ("exports_csv", "open_csv"),
    "csv.gz": ("exports_csv", "open_csv"),
    "txt": ("exports_csv", "open_csv"),
    "tsv": ("exports_csv", "open_csv"),
    "xlsx": ("exports_xlsx", "open_xlsx"),
    "parquet": ("exports_parquet", "open_parquet"),
    "jsonl": ("exports_jsonl", "open_jsonl"),
    "jsonl.gz": ("exports_jsonl", "open_jsonl"),
}
SAMPLE_MARKER = "SIMULATED"
CONTROL = "totals"  # the stem of the file that tells how many rows every table has
# Files with these suffixes and a table's name are exports somebody meant to be read: leaving them out would be silent.
FOREIGN_SUFFIXES = ("xls", "xlsm", "xlsb", "et", "ods", "numbers", "json", "zip", "rar", "7z", "xlsx.gz", "parquet.gz",
                    "dbf", "crdownload", "part", "partial", "download", "tmp")  # fmt: skip
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


@dataclass(frozen=True)
class Folder:
    """An exports folder sorted out."""

    tables: dict[str, list[Found]]  # in reading order; a table without a file is not there
    notices: tuple[Notice, ...]
    stops: tuple[Words, ...]
    simulated: bool
    strangers: tuple[str, ...] = ()  # files that belong to no table
    totals: tuple[Found, ...] = ()  # control files


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

    With a source mapping its tables have the files that it names, and other tables those of their own name.
    """
    from pipelines.edges.unread import unread_file, unread_folder

    entries = [entry for entry in list_entries(exports) if entry.name != SAMPLE_MARKER]
    files = [entry for entry in entries if entry.is_file()]
    sources = mapping.tables if mapping else {}
    tables, stops = _mapped_files(files, sources)
    stops += [words for one in entries if not one.is_file() and (words := unread_folder(one, contracts, sources))]
    notices, strangers, totals = [], [], []
    for file in files:
        stem, suffix = split_name(file.name)
        if stem == CONTROL and suffix in READERS:
            totals.append(Found(file, suffix))
            continue
        table = table_of(stem, contracts)
        if table in sources or (mapping and not table):
            continue
        if table and suffix in READERS:
            tables.setdefault(table, []).append(Found(file, suffix))
        elif table and suffix in FOREIGN_SUFFIXES:
            stops.append(say(f"ingest.{_foreign(suffix)}", file=file.name, table=table, suffix=suffix))
        elif unread := unread_file(file, contracts):
            stops.append(unread)
        else:
            strangers.append(file.name)
            notices.append(_unrecognised(file.name, stem, contracts))
    notices += [_two_formats(table, found) for table, found in tables.items() if _same_stem(found)]
    if not files:
        stops.append(say("ingest.empty_folder", folder=exports))
    return Folder(tables, tuple(notices), tuple(stops), (exports / SAMPLE_MARKER).is_file(),
                  tuple(strangers), tuple(totals))  # fmt: skip


def _foreign(suffix: str) -> str:
    """The sentence for a table in a format that is not read."""
    if suffix in ("zip", "rar", "7z"):
        return "packed"
    return "under_way" if suffix in ("crdownload", "part", "partial", "download", "tmp") else "foreign_format"


def _mapped_files(files: list[Path], sources: dict[str, TableSource]) -> tuple[dict[str, list[Found]], list[Words]]:
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
                stops.append(say("ingest.source_no_file", table=table, wanted=wanted, hint=hint))
            for file in named:
                suffix = split_name(file.name)[1]
                if suffix in READERS:
                    tables.setdefault(table, []).append(Found(file, suffix, source.layout))
                else:
                    suffix = suffix or file.suffix.lstrip(".")
                    stops.append(say(f"ingest.{_foreign(suffix)}", file=file.name, table=table, suffix=suffix))
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
    names = [(name, table.name) for table in contracts.tables.values()
             for name in (table.name, unicodedata.normalize("NFKC", table.title.zh).casefold())]  # fmt: skip
    found = [(name, table) for name, table in names
             if (re.search(rf"(?<![a-z]){name}(?![a-z])", stem.replace("_", " ")) if name.isascii() else name in stem)
             or (name.isascii() and "_" in name and name in stem)]  # fmt: skip
    return max(found, key=lambda pair: len(pair[0]))[1] if found else ""


def open_export(found: Found, known: Known) -> Export:
    """Open a file with the reader of its suffix; UnreadableExport where it cannot be read as a whole."""
    module, function = READERS[found.suffix]
    reader: Callable = getattr(import_module(f"pipelines.edges.{module}"), function)
    try:
        return reader(found.path, found.layout, known)
    except PermissionError:
        raise UnreadableExport(say("ingest.no_permission", file=found.name)) from None


def _unrecognised(name: str, stem: str, contracts: Contracts) -> Notice:
    names = [CONTROL, *(alias for table in contracts.tables.values() for alias in (table.name, table.title.zh))]
    near = get_close_matches(stem.partition("_")[0], names, 1, 0.5) or get_close_matches(stem, names, 1, 0.5)
    hint = say("ingest.hint_table", name=near[0]) if near else Words("", "")
    return note("ingest.unrecognised_file", file=name, hint=hint)


def _same_stem(found: list[Found]) -> bool:
    return len({split_name(one.name)[0] for one in found}) < len(found)


def _two_formats(table: str, found: list[Found]) -> Notice:
    files = "、".join(one.name for one in found)
    return replace(note("ingest.two_formats", of=table, table=table, files=files), file=files)
