"""Rows that break a promise of the contracts, so that the quarantine has something to show."""

from datetime import timedelta

from pipelines.lazy import pyarrow as pa

FEW = 3  # a table other than `cases` gets no more: below every tolerance


def soil(tables: dict, dirt: int, seed: int) -> dict:
    """The tables with ``dirt`` more rows, each to be turned away for one fault; nothing refers to them."""
    if not dirt or not tables["cases"].num_rows:
        return tables
    from pipelines.sample.draw import stream

    rng = stream(seed, "dirt")
    rows = {name: [] for name in tables}
    for n in range(dirt):
        name, fault = _next_fault(n, tables)
        row = tables[name].slice(int(rng.integers(0, tables[name].num_rows)), 1).to_pylist()[0]
        rows[name].append(fault(row, n))
    return {name: _with(table, rows[name]) for name, table in tables.items()}


def _next_fault(n: int, tables: dict):
    """Every fourth fault lies outside `cases` until three each are made."""
    others = [(name, fault) for name, fault in OTHER_FAULTS for _ in range(FEW) if tables[name].num_rows]
    if n % 4 == 3 and n // 4 < len(others):
        return others[n // 4]
    return "cases", CASE_FAULTS[(n - n // 4) % len(CASE_FAULTS)]


def _unknown_unit(row: dict, n: int) -> dict:
    return _own_case(row, n) | {"unit_id": "U999999"}


def _signed_before_dispatch(row: dict, n: int) -> dict:
    return _own_case(row, n) | {"signed_at": row["dispatched_at"] - timedelta(hours=2)}


def _no_deadline(row: dict, n: int) -> dict:
    return _own_case(row, n) | {"reply_due_at": None}


def _unknown_rating(row: dict, n: int) -> dict:
    return _own_case(row, n) | {"public_rating": "还行吧"}


def _no_matter(row: dict, n: int) -> dict:
    return row | {"award_id": f"JF9{n:05d}", "matter": None}


def _incident_of_unknown_unit(row: dict, n: int) -> dict:
    return row | {"incident_id": f"SJ9{n:05d}", "unit_id": "U999999"}


def _own_case(row: dict, n: int) -> dict:
    """A case of its own, for a row that shares a key with a good one would take that one along."""
    return row | {"case_id": f"{row['case_id'][:8]}9{n:06d}"}


CASE_FAULTS = (_unknown_unit, _signed_before_dispatch, _no_deadline, _unknown_rating)
OTHER_FAULTS = (("incidents", _incident_of_unknown_unit), ("awards", _no_matter))


def _with(table, rows: list):
    return pa.concat_tables([table, pa.Table.from_pylist(rows, table.schema)]) if rows else table
