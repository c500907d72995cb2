"""The ledger out of the warehouse, in portions, so that half a million lines need little memory."""

from collections.abc import Iterator
from itertools import groupby

from pipelines.edges.warehouse import Warehouse, query_text
from pipelines.model import text

PORTION = 20_000
COLUMNS = (
    "entry_id",
    "period",
    "unit_id",
    "item_id",
    "rule_id",
    "clause",
    "month",
    "case_id",
    "ref_id",
    "points",
    "adjustment_id",
    "sentence",
    "facts",
)
_MASKS = {
    "identity": text.IDENTITY,
    "identity_mask": text.IDENTITY_MASK,
    "mobile": text.MOBILE,
    "mobile_mask": text.MOBILE_MASK,
}


def ledger_lines(warehouse: Warehouse, query: str = "publish/ledger") -> Iterator[tuple]:
    """Every ledger line as a tuple in the file's order: the columns of `ledger.csv` up to the sentence, ``points`` as
    Decimal, then the sentence's key and its facts as JSON."""
    cursor = warehouse.connection.cursor()
    cursor.execute(query_text(query), _MASKS)
    while portion := cursor.fetchmany(PORTION):
        yield from portion


def ledger_by_unit(warehouse: Warehouse) -> Iterator[tuple[str, list[dict]]]:
    """The ledger lines of every unit that has any, as dicts: one query for all units."""
    lines = ledger_lines(warehouse, "publish/ledger_by_unit")
    for unit_id, group in groupby(lines, key=lambda line: line[2]):
        yield unit_id, [dict(zip(COLUMNS, line, strict=True)) for line in group]
