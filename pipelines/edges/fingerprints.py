"""Hashes of files: what went into a quarter, what came out, and which code made it."""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from pipelines.paths import CONTRACTS, REPORTS, ROOT, SQL

_CODE = (ROOT / "pipelines", SQL, REPORTS)
_SUFFIXES = frozenset({".py", ".sql", ".j2", ".css", ".js", ".yaml"})


def file_sha256(file: Path) -> str:
    """The sha256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def folder_sha256(folder: Path) -> dict[str, str]:
    """sha256 of every file below a folder, by its path with `/`, sorted."""
    files = sorted((file.relative_to(folder).as_posix(), file) for file in folder.rglob("*") if file.is_file())
    return {name: file_sha256(file) for name, file in files}


@cache
def code_version() -> dict[str, str]:
    """The version of the package and one hash over the project's own code, queries, templates and sentences."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        number = version("gongping")
    except PackageNotFoundError:
        number = ""
    return {"version": number, "sha256": _sha256_of(_code_files())}


def contract_hashes() -> dict[str, str]:
    """sha256 of every data contract of the project."""
    return folder_sha256(CONTRACTS)


def _code_files() -> list[Path]:
    found = (file for folder in _CODE for file in folder.rglob("*") if file.suffix in _SUFFIXES)
    return sorted(found, key=lambda file: file.relative_to(ROOT).as_posix())


def _sha256_of(files: Iterable[Path]) -> str:
    whole = hashlib.sha256()
    for file in files:
        whole.update(f"{file.relative_to(ROOT).as_posix()}\0{file_sha256(file)}\n".encode())
    return whole.hexdigest()
