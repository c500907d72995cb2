"""Hashes of files: what went into a quarter, what came out, and which code made it."""

import hashlib
from functools import cache
from pathlib import Path

from pipelines.paths import CONTRACTS, PACKAGE, REPORTS, SHIPPED, SQL

_CODE = (PACKAGE, SQL, REPORTS)  # the names of these folders are the same in a clone and in a wheel
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


def _code_files() -> dict[str, Path]:
    """The project's own code by its name in the project, wherever it lies."""
    return {
        file.relative_to(folder.parent).as_posix(): file
        for folder in _CODE for file in folder.rglob("*")
        if file.suffix in _SUFFIXES and not (folder == PACKAGE and file.is_relative_to(SHIPPED))
    }


def _sha256_of(files: dict[str, Path]) -> str:
    whole = hashlib.sha256()
    for name, file in sorted(files.items()):
        whole.update(f"{name}\0{file_sha256(file)}\n".encode())
    return whole.hexdigest()
