"""Exports and an inbox in which every confidential field carries a word that nothing else would say."""

import csv
import shutil
import zipfile
from pathlib import Path

from pipelines.contracts.declared import load_contracts

CANARY = "KANARIE"
# Columns that carry an ordinary value beside the word, so that the row is accepted.
TEXTS = {
    "evaluators": ("evaluator_id", "name", "fields"),
    "evaluations": ("assignment_id", "evaluator_id", "reason"),
    "cases": ("title",),
    "evaluator_actions": ("evaluator_id", "reason"),
}
OPEN = {"case_id", "unit_id", "action_id"}  # what the pages may name


def plant(folder: Path, table: str, file: Path | None = None) -> list[str]:
    """Plant the word in every field of a table's file; the words that are there now.

    Every row gets it where the row is still accepted; for every other confidential column there is one more row,
    broken by it, that must go to quarantine without it.
    """
    file = file or folder / f"{table}.csv"
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    columns = list(rows[0])
    others = [column for column in columns if column not in {*TEXTS[table], *OPEN} and table != "cases"]
    broken = [{**rows[0], columns[0]: f"broken{n}", column: word(table, column)} for n, column in enumerate(others)]
    for row in rows:
        for column in TEXTS[table]:
            if row[column]:
                row[column] = word(table, column) + row[column]
    with file.open("w", encoding="utf-8", newline="") as stream:
        written = csv.DictWriter(stream, columns)
        written.writeheader()
        written.writerows(rows + broken)
    return [word(table, column) for column in columns]


def word(table: str, column: str) -> str:
    """The word of a field; a code is the same wherever it is written."""
    return f"{CANARY}_{column if column == 'evaluator_id' else f'{table}_{column}'}_"


def found_in(folder: Path, leave_out: Path | None = None) -> list[str]:
    """Every file below ``folder`` that holds the word, in its name, its bytes, or what it has packed."""
    found = []
    for file in folder.rglob("*"):
        if leave_out and file.is_relative_to(leave_out):
            continue
        if CANARY in file.name or (file.is_file() and any(CANARY.encode() in part for part in _parts(file))):
            found.append(str(file))
    return found


def _parts(file: Path):
    yield file.read_bytes()
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as packed:
            yield from (packed.read(name) for name in packed.namelist())
    if file.suffix == ".pdf":
        from pypdf import PdfReader

        yield "".join(page.extract_text() for page in PdfReader(file).pages).encode()


def copied(source: Path, target: Path) -> Path:
    """A copy of a folder of exports."""
    return Path(shutil.copytree(source, target))


def confidential() -> set[tuple[str, str]]:
    """Every column of the tables about evaluators that must carry the word somewhere."""
    tables = load_contracts().tables
    return {(name, column) for name in ("evaluators", "evaluations") for column in tables[name].columns} - {
        ("evaluations", "case_id"), ("evaluations", "unit_id"),
    }  # fmt: skip
