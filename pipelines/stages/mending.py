"""After the contracts: the quarantined rows as a fix file, for a person to mend; the next ingest takes it up."""

from collections.abc import Iterable
from pathlib import Path

from pipelines.edges.folders import locked
from pipelines.edges.published import RESTRICTED
from pipelines.edges.warehouse import Warehouse
from pipelines.edges.workbook import write_fix
from pipelines.lazy import pyarrow
from pipelines.model.contract import NAME, Contracts, FixSheet, TableContract, ToMend
from pipelines.model.intake import Breach, Intake, Mended
from pipelines.model.period import Period
from pipelines.model.words import Words
from pipelines.stages.validate import NO_OWN_FAULT
from pipelines.wording import say

MOST = 5000  # rows to mend of a table; a person mends them round by round

Row = tuple[str, int]  # file and line


def write_fix_file(
    warehouse: Warehouse, intake: Intake, breaches: Iterable[Breach], contracts: Contracts, out: Path, period: Period
) -> tuple[Words, ...]:
    """Write the rows that need a person to ``<out>/restricted/<period>/fix.xlsx``, and what to say of it.

    Where there is none, an earlier file goes. A fix file in force is part of the new one, which takes its place.
    """
    file = Path(out) / RESTRICTED / str(period) / NAME
    by_table: dict[str, list[Breach]] = {}
    for breach in breaches:
        if breach.line and breach.promise not in NO_OWN_FAULT:
            by_table.setdefault(breach.table, []).append(breach)
    sheets = [
        _sheet(warehouse, contract, by_table.get(name, []), [one for one in intake.mended if one.table == name])
        for name, contract in contracts.tables.items()
        if name in by_table or any(one.table == name for one in intake.mended)
    ]
    found = [sheet for sheet in sheets if sheet]
    n = sum(bool(row.at_fault) for sheet in found for row in sheet.rows)
    fixes = {one.file.rpartition("[")[0] for one in intake.mended}
    hashes = {receipt.file: receipt.sha256 for receipt in intake.receipts if receipt.file not in fixes}
    try:
        if n:
            with locked(Path(out)):
                write_fix(file, found, hashes)
            return (say("forms.fix_written", n=n, file=file),)
        file.unlink(missing_ok=True)
    except OSError as problem:
        return (say("forms.fix_not_written", file=file, problem=problem.strerror),)
    return ()


def _sheet(
    warehouse: Warehouse, contract: TableContract, breaches: list[Breach], mended: list[Mended]
) -> FixSheet | None:
    """The rows of one table: those that were mended before, then those at fault; None where no row can be shown."""
    origin = {(one.file, one.line): one for one in mended}
    wrong: dict[Row, list[Breach]] = {}
    for breach in breaches:
        wrong.setdefault((breach.file, breach.line), []).append(breach)
    cells = _cells(warehouse, contract, {*origin, *wrong})
    fresh = [place for place in sorted(wrong) if place not in origin and place in cells]
    rows = []
    for place in [*sorted(origin), *fresh[:MOST]]:
        one = origin.get(place) or Mended(contract.name, *place, *place)
        faults = wrong.get(place, [])
        done = say("forms.fix_done" if one.used else "forms.fix_dropped").zh
        rows.append(
            ToMend(
                one.of_file,
                one.of_line,
                cells.get(place, {}),
                "\n".join(dict.fromkeys(_why(fault, contract) for fault in faults)) or done,
                frozenset(name for fault in faults for name in fault.column.split("/") if name in contract.columns),
                one.used,
            )
        )
    unread = len(set(wrong) - set(cells))
    return FixSheet(contract, tuple(rows), len(fresh[MOST:]), unread) if rows or unread else None


def _cells(warehouse: Warehouse, contract: TableContract, places: set[Row]) -> dict[Row, dict[str, str | None]]:
    """The raw rows at these places, those that could not be read as they are among them."""
    if not warehouse.columns(f"raw.{contract.name} aside"):
        return {}
    files, lines = zip(*sorted(places), strict=True)
    text, number = pyarrow.array(files, pyarrow.string()), pyarrow.array(lines, pyarrow.int64())
    warehouse.store("staged.wanted", pyarrow.table({"_file": text, "_line": number}))
    found = warehouse.records_template("staging/originals", table=contract.name)
    return {(row["_file"], row["_line"]): row for row in found}


def _why(breach: Breach, contract: TableContract) -> str:
    """What is wrong with which column, and the remedy."""
    titles = "、".join(contract.columns[name].title for name in breach.column.split("/") if name in contract.columns)
    value = f"“{breach.value}”" if breach.value and breach.value != "***" else ""
    return f"{titles}{value}：{breach.remedy.zh}"
