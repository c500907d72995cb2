"""Faults found by the warehouse as breaches that may be shown: masked, cut, each with its remedy."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from pipelines.edges.promises import WITH_OTHER
from pipelines.edges.warehouse import Warehouse
from pipelines.edges.wording import say
from pipelines.model.contract import Promise, TableContract
from pipelines.model.export import Notice
from pipelines.model.intake import Breach
from pipelines.model.promises import columns_shown, targets
from pipelines.model.text import masked
from pipelines.model.words import Words

CUT = 60
REFERENCE_REJECTED = "reference_rejected"
_SERIAL = re.compile(r"\d{5}(\.\d+)?")
# Serials that spreadsheets give to the days of 1954 to 2119.
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 80_000
_DAY_ZERO = datetime(1899, 12, 30)
_DAY_SECONDS = 86_400


def breaches_of(
    warehouse: Warehouse,
    contract: TableContract,
    promises: tuple[Promise, ...],
    titles: dict[str, Words],
    context: dict,
) -> tuple[list[Breach], list[Breach]]:
    """(breaches of rejected rows, breaches of kept rows) of one table, in file order; ``titles`` by table."""
    shown = [(promise.id, columns_shown(promise)) for promise in promises]
    by_id = {promise.id: promise for promise in promises}
    found: tuple[list[Breach], list[Breach]] = ([], [])
    for file, line, id, cascade, other, rejected, key, unit, value in warehouse.rows_template(
        "checks/breaches", shown=shown, **context
    ):
        promise = by_id[id]
        breach = Breach(
            table=contract.name,
            file=file,
            line=line,
            key=shown_value(key),
            column="/".join(columns_shown(promise)),
            promise=REFERENCE_REJECTED if cascade else id,
            value=shown_value(value),
            remedy=_remedy(promise, contract, titles, cascade, other, value, unit),
        )
        found[not rejected].append(breach)
    return found


def told_of_file(notice: Notice) -> Breach:
    """A sentence about a whole file as a line of `warnings.csv`."""
    return Breach(notice.table, notice.file, 0, "", "", notice.kind, notice.value, notice)


def shown_value(value: str | None) -> str:
    """A value for the quarantine list: telephone and identity numbers masked, at most 60 characters."""
    text = masked(value or "")
    return text if len(text) <= CUT else text[: CUT - 1] + "…"


def _remedy(promise: Promise, contract: TableContract, titles: dict, cascade: bool, other: str, value: str,
            unit: str) -> Words:  # fmt: skip
    if other and promise.kind in WITH_OTHER:
        return say(f"contracts.{promise.kind}_remedy", first=masked(other))
    if other:
        key = "zeros" if _without_zeros(value) in map(_without_zeros, other.split("、")) else "nearest"
        return say(f"contracts.reference_{key}_remedy", remedy=promise.remedy, first=other)
    if cascade:
        return _cascade_remedy(titles[targets(promise)[0][0]])
    if promise.kind == "plausible" and unit:
        return say("contracts.plausible_of_unit", remedy=promise.remedy, unit=shown_value(unit))
    column = contract.columns.get(promise.column)
    if promise.kind == "type" and column.type in ("timestamp", "date") and not column.restricted:
        return _serial_remedy(column.type, value) or promise.remedy
    if promise.kind == "type" and column.type == "decimal" and value.endswith(("%", "％")):
        return say("contracts.percent_remedy", value=shown_value(value))
    return promise.remedy


def _without_zeros(number: str) -> str:
    return re.sub(r"(^|\D)0+(?=\d)", r"\1", number)


@lru_cache
def _cascade_remedy(table: Words) -> Words:
    return say("contracts.reference_rejected_remedy", table=table)


def _serial_remedy(type: str, value: str) -> Words | None:
    """The remedy for a number that a spreadsheet would show as a date; None for anything else."""
    if not _SERIAL.fullmatch(value) or not _FIRST_SERIAL <= Decimal(value) <= _LAST_SERIAL:
        return None
    seconds = int(Decimal(value) * _DAY_SECONDS + Decimal("0.5"))
    moment = _DAY_ZERO + timedelta(seconds=seconds)
    shown = f"{moment:%Y-%m-%d}" if type == "date" else f"{moment:%Y-%m-%d %H:%M}"
    return say(f"contracts.excel_serial_{type}", moment=shown)
