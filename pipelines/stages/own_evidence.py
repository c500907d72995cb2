"""A unit's own evidence: the misses of its rates with their ratings, which the office delivers to it alone."""

import os
import shutil
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path

from pipelines.edges.published import RESTRICTED
from pipelines.edges.tablefiles import CsvFile, own_misses
from pipelines.edges.warehouse import Warehouse
from pipelines.model.contract import Contracts
from pipelines.model.period import Period
from pipelines.model.rule import Rulebook
from pipelines.model.text import file_stem
from pipelines.views.rules import Lines
from pipelines.wording import say

FOLDER = "units"
COLUMNS = ("clause", "rule", "month", "case", "ref", "detail", "public_rating", "evaluated")


def write_own_evidence(
    warehouse: Warehouse,
    rulebook: Rulebook,
    readings: Mapping[str, str],
    contracts: Contracts,
    out: Path,
    period: Period,
) -> Path:
    """`<out>/restricted/<period>/units/<unit>.csv`, a file of the owner's for every unit that a rate missed a row of.

    The only place where a rating stands: public pages show of a miss its number and moments (B11). OSError as it comes.
    """
    folder = Path(out) / RESTRICTED / str(period) / FOLDER
    new = folder.with_name(f"{FOLDER}.new")
    shutil.rmtree(new, ignore_errors=True)
    lines, clock = Lines(rulebook, say), readings.get("evaluation_clock", "reminder")
    labels = {code: known[0] for code, known in contracts.tables["cases"].columns["public_rating"].labels}
    for unit_id, rows in groupby(own_misses(warehouse, clock), key=lambda row: row[0]):
        if not new.exists():
            new.mkdir(parents=True, mode=0o700)
            new.parent.chmod(0o700)
            new.parent.parent.chmod(0o700)
        file = new / f"{file_stem(unit_id)}.csv"
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with CsvFile(file, tuple(say(f"scorecard.own_{name}").zh for name in COLUMNS)) as table:
            for _, rule, clause, month, case, ref, facts, *ratings in rows:
                told = (labels.get(rating, rating or "") for rating in ratings)
                table.write([clause, rulebook.rules[rule].title.zh, month, case, ref, lines.miss(rule, facts), *told])
    shutil.rmtree(folder, ignore_errors=True)
    if new.exists():
        new.rename(folder)
    return folder
