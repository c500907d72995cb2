"""The ledger out of the warehouse, in portions, so that half a million lines need little memory."""

from collections.abc import Iterator
from itertools import groupby

from pipelines.edges.warehouse import Warehouse, query_text
from pipelines.model import text

PORTION = 20_000
_MASKS = {
    "identity": text.IDENTITY,
    "identity_mask": text.IDENTITY_MASK,
    "mobile": text.MOBILE,
    "mobile_mask": text.MOBILE_MASK,
}


def ledger_lines(warehouse: Warehouse, query: str = "publish/ledger") -> Iterator[tuple]:
    """Every ledger line as a tuple in the columns of `ledger.csv`, ``points`` as Decimal, in the file's order."""
    cursor = warehouse.connection.cursor()
    cursor.execute(query_text(query), _MASKS)
    while portion := cursor.fetchmany(PORTION):
        yield from portion


def ledger_by_unit(warehouse: Warehouse, columns: tuple[str, ...]) -> Iterator[tuple[str, list[dict]]]:
    """The ledger lines of every unit that has any, as dicts: one query for all units."""
    lines = ledger_lines(warehouse, "publish/ledger_by_unit")
    for unit_id, group in groupby(lines, key=lambda line: line[2]):
        yield unit_id, [dict(zip(columns, line, strict=True)) for line in group]
