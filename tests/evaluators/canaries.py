"""Exports and an inbox in which every confidential field carries a word that nothing else would say."""

import csv
import shutil
import zipfile
from pathlib import Path

from pipelines.contracts.declared import load_contracts

CANARY = "KANARIE"
# Columns that carry an ordinary value beside the word, so that the row is accepted.
TEXTS = {
    "evaluators": ("evaluator_id", "name", "fields", "recommended_by"),
    "evaluations": ("assignment_id", "evaluator_id", "reason", "suggestion"),
    "appointment_steps": ("step_id", "evaluator_id", "decided_by"),
    "cases": ("title",),
    "matter_steps": ("done_by",),
    "guidance": ("topic",),
    "difficulties": ("reason",),
    "commendations": ("person", "reason"),
    "evaluator_actions": ("evaluator_id", "reason"),
}
OPEN = {"case_id", "unit_id", "action_id"}  # what the pages may name
WHOLE = ("evaluators", "evaluations", "appointment_steps", "evaluator_actions")  # everything in them is confidential


def plant(folder: Path, table: str, file: Path | None = None) -> list[str]:
    """Plant the word in every field of a table's file; the words that are there now.

    Every row gets it where the row is still accepted; for every two other confidential columns there is one more row,
    broken by them, that must go to quarantine without it.
    """
    file = file or folder / f"{table}.csv"
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    columns = list(rows[0])
    others = [column for column in columns if column not in {*TEXTS[table], *OPEN} and table in WHOLE]
    pairs = [others[n : n + 2] for n in range(0, len(others), 2)]
    broken = [{**rows[0], columns[0]: f"broken{n}", **{column: word(table, column) for column in pair}}
              for n, pair in enumerate(pairs)]
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
    """Every column that must carry the word: all about evaluators, and what else is restricted in these tables."""
    columns = {(name, column) for name, table in load_contracts().tables.items() for column in table.columns.values()}
    kept = {(name, c.name) for name, c in columns if name in WHOLE or (c.restricted and name in TEXTS)}
    return kept - {("evaluations", "case_id"), ("evaluations", "unit_id")}
