"""Accepted tables for tests of the queries: name the columns that matter, the rest is filled in."""

from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa

from pipelines.contracts.declared import load_contracts
from pipelines.edges.warehouse import Warehouse

ARROW = {
    "text": pa.string(),
    "enum": pa.string(),
    "timestamp": pa.timestamp("us"),
    "date": pa.date32(),
    "boolean": pa.bool_(),
    "decimal": pa.decimal128(18, 2),
    "integer": pa.int64(),
}
USUAL = {
    "units": {"unit_id": "U1", "unit_name": "甲局", "unit_group": "市直部门", "ranked": True},
    "cases": {
        "unit_id": "U1", "role": "lead", "dispatched_at": "2026-08-03 09:00:00",
        "sign_due_at": "2026-08-04 09:00:00", "signed_at": "2026-08-03 10:00:00",
        "reply_due_at": "2026-08-10 18:00:00", "replied_at": "2026-08-07 12:00:00", "closed_at": "2026-08-07 12:00:00",
    },
    "extensions": {
        "case_id": "C1", "unit_id": "U1", "requested_at": "2026-08-09 09:00:00", "decision": "approved",
        "decided_at": "2026-08-09 15:00:00", "extended_until": "2026-08-20 18:00:00",
    },
    "incidents": {"unit_id": "U1", "incident_type": "not_handled", "occurred_at": "2026-08-05 09:00:00",
                  "verified": True},
    "instructions": {"unit_id": "U1", "instructed_at": "2026-08-01 09:00:00", "due_at": "2026-08-15 18:00:00"},
    "evaluators": {"evaluator_id": "E1", "name": "某甲", "appointed_on": "2025-01-01", "term_ends_on": "2027-01-01"},
    "evaluations": {
        "case_id": "C1", "unit_id": "U1", "evaluator_id": "E1", "assigned_at": "2026-08-12 09:00:00",
        "reminded_at": "2026-08-13 09:00:00", "rated_at": "2026-08-14 10:00:00", "rating": "satisfied",
        "reason": "办理得当",
    },
    "adjustments": {"unit_id": "U1", "decided_by": "某乙", "decided_on": "2026-10-08", "reason": "核实"},
    "awards": {"unit_id": "U1", "award_type": "city_media", "matter": "典型经验", "awarded_on": "2026-08-20",
               "approved": True},
}


def warehouse_with(**tables: list[dict]) -> Warehouse:
    """A warehouse whose accepted tables hold these rows, over the usual values of each table."""
    warehouse = Warehouse()
    tables.setdefault("units", [{}])
    for name, contract in load_contracts().tables.items():
        rows = [{**USUAL.get(name, {}), **row} for row in tables.get(name, [])]
        columns = {
            column.name: pa.array([_value(row.get(column.name), column.type) for row in rows], ARROW[column.type])
            for column in contract.columns.values()
        }
        warehouse.store(f"accepted.{name}", pa.table(columns))
    return warehouse


def _value(value: object, kind: str) -> object:
    if not isinstance(value, str):
        return value
    if kind == "timestamp":
        return datetime.fromisoformat(value)
    if kind == "date":
        return date.fromisoformat(value)
    return Decimal(value) if kind == "decimal" else value
