"""Whether two sides came to the same figures: ranking and ledger compared line by line, in any order."""

import csv
from collections import Counter
from pathlib import Path

LEDGER = ("unit_id", "item_id", "rule_id", "clause", "month", "case_id", "ref_id", "points", "adjustment_id")
RANKING = ("unit_id", "unit_name", "unit_group", "base", "bonus", "total", "rank", "group_rank", "case_rows")
COMPARED = {"ranking.csv": RANKING, "ledger.csv": LEDGER}


def lines(file: Path, columns: tuple[str, ...]) -> Counter:
    """The lines of a table as a multiset of ``columns``."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return Counter(tuple(row[column] for column in columns) for row in csv.DictReader(stream))


def differences(ours: Path, theirs: Path) -> list[str]:
    """Up to ten lines for each table that one folder has and the other has not; empty where all is equal."""
    found = []
    for name, columns in COMPARED.items():
        left, right = lines(ours / name, columns), lines(theirs / name, columns)
        found += [f"{name} only in {ours.name}: {line}" for line in sorted(left - right)[:10]]
        found += [f"{name} only in {theirs.name}: {line}" for line in sorted(right - left)[:10]]
    return found


def find(folder: Path) -> Path:
    """The folder that holds the tables: ``folder`` itself, or the quarter's inside it."""
    return next(path.parent for path in sorted(folder.rglob("ranking.csv")) if "accepted" not in path.parts)
