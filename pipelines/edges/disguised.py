"""Files that are not what their suffix says, with the remedy that fits what they are."""

from pathlib import Path

from pipelines.edges.wording import say
from pipelines.model.export import UnreadableExport

START = 4096
_OLE = bytes.fromhex("D0CF11E0A1B11AE1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_LOOKED_AT = 64 << 20  # an encrypted package names itself in the container's directory, which may stand last


def must_be_workbook(path: Path) -> None:
    """Refuse a file with a workbook's name that is none, by what it is; nothing where that is not known."""
    found = kind_of(path)
    if found in ("encrypted", "old_workbook", "web_page", "text"):
        raise UnreadableExport(say(f"ingest.disguised_{found}", file=path.name))


def must_be_text(path: Path) -> None:
    """Refuse a file with a text file's name that is a workbook, a zip, a web page …"""
    found = kind_of(path)
    if found in ("encrypted", "old_workbook", "web_page", "workbook", "parquet"):
        key = "text_is_workbook" if found == "workbook" else f"disguised_{found}"
        raise UnreadableExport(say(f"ingest.{key}", file=path.name, stem=path.name.partition(".")[0]))


def kind_of(path: Path) -> str:
    """What the first bytes say; "" where they say nothing certain."""
    with path.open("rb") as file:
        start = file.read(START)
        if start.startswith(_OLE):
            content = start + file.read(_LOOKED_AT)
            return "encrypted" if _ENCRYPTED in content else "old_workbook"
    if start.startswith(b"PK\x03\x04"):
        return "workbook"
    if start.startswith(b"PAR1"):
        return "parquet"
    plain = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if plain.startswith((b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta", b"<head")):
        return "web_page"
    return "text" if plain and b"\0" not in plain and b"\n" in plain else ""
