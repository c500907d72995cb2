"""Tiny tables for hand-worked examples: a clean row each, with the one thing under test written over it."""

from collections.abc import Mapping

from .scorer import OracleResult, score

Rows = list[dict[str, str]]


def unit(unit_id: str = "U1", **changes: str) -> dict[str, str]:
    """A ranked unit."""
    return {"unit_id": unit_id, "unit_name": unit_id, "unit_group": "甲", "ranked": ""} | changes


def case(case_id: str = "C1", unit_id: str = "U1", **changes: str) -> dict[str, str]:
    """A case row of July 2026 without any fault, not rated."""
    row = {
        "case_id": case_id,
        "unit_id": unit_id,
        "role": "lead",
        "dispatched_at": "2026-07-06 09:00:00",
        "sign_due_at": "2026-07-07 09:00:00",
        "signed_at": "2026-07-06 10:00:00",
        "reply_due_at": "2026-07-13 09:00:00",
        "replied_at": "2026-07-10 09:00:00",
        "closed_at": "2026-07-10 09:00:00",
        "public_rating": "",
        "rated_at": "",
    }
    return row | changes


def cases(count: int, unit_id: str = "U1", first: int = 1, **changes: str) -> Rows:
    """So many equal case rows."""
    return [case(f"C{number}", unit_id, **changes) for number in range(first, first + count)]


def extension(until: str, **changes: str) -> dict[str, str]:
    """An extension of case C1 of U1, asked for and approved in time."""
    row = {
        "extension_id": "X1",
        "case_id": "C1",
        "unit_id": "U1",
        "requested_at": "2026-07-10 09:00:00",
        "decided_at": "2026-07-11 09:00:00",
        "decision": "approved",
        "extended_until": until,
    }
    return row | changes


def evaluation(rated_at: str, rating: str = "satisfied", **changes: str) -> dict[str, str]:
    """An assignment of case C1 of U1, made on Monday 13 July 2026 at nine, reminded a day later."""
    row = {
        "assignment_id": "P1",
        "case_id": "C1",
        "unit_id": "U1",
        "evaluator_id": "E1",
        "assigned_at": "2026-07-13 09:00:00",
        "reminded_at": "2026-07-14 09:00:00",
        "returned_at": "",
        "withdrawn_at": "",
        "rated_at": rated_at,
        "rating": rating,
        "reason": "程序合规",
    }
    return row | changes


def evaluator(**changes: str) -> dict[str, str]:
    """Evaluator E1, appointed for 2026 and 2027, employed elsewhere."""
    row = {
        "evaluator_id": "E1",
        "name": "某某",
        "employer_unit_id": "U9",
        "appointed_on": "2026-01-01",
        "term_ends_on": "2027-12-31",
        "ended_on": "",
    }
    return row | changes


def incident(incident_id: str = "I1", **changes: str) -> dict[str, str]:
    """A verified refusal of U1 on case C1 in July 2026."""
    row = {
        "incident_id": incident_id,
        "unit_id": "U1",
        "case_id": "C1",
        "incident_type": "refused_to_sign",
        "occurred_at": "2026-07-08 09:00:00",
        "verified": "true",
    }
    return row | changes


def instruction(number: int = 1, **changes: str) -> dict[str, str]:
    """An instruction to U1 due in August 2026, closed and implemented in time."""
    row = {
        "instruction_id": f"L{number}",
        "unit_id": "U1",
        "case_id": "",
        "instructed_at": "2026-08-03 09:00:00",
        "due_at": "2026-08-10 09:00:00",
        "closed_at": "2026-08-07 09:00:00",
        "implemented_at": "2026-08-07 09:00:00",
    }
    return row | changes


def award(award_id: str, award_type: str, matter: str = "某事", **changes: str) -> dict[str, str]:
    """An approved award of U1 on 3 August 2026."""
    row = {
        "award_id": award_id,
        "unit_id": "U1",
        "award_type": award_type,
        "matter": matter,
        "awarded_on": "2026-08-03",
        "approved": "true",
    }
    return row | changes


def adjustment(action: str, **changes: str) -> dict[str, str]:
    """A decision J1 about U1, taken after the quarter."""
    row = {
        "adjustment_id": "J1",
        "action": action,
        "unit_id": "U1",
        "case_id": "",
        "rule_id": "",
        "ref_id": "",
        "decided_by": "科室",
        "decided_on": "2026-10-20",
        "reason": "复核",
    }
    return row | changes


def scored(readings: Mapping[str, str] | None = None, cutoff: str | None = None, **tables: Rows) -> OracleResult:
    """The result of 2026Q3 for tables given by name; one unit and one clean case row where none are given."""
    return score({"units": [unit()], "cases": [case()]} | tables, "2026Q3", cutoff, readings)


def item(result: OracleResult, item_id: str, unit_id: str = "U1") -> float:
    """An item's score as a number that reads well in an assertion (quarters and halves are exact in it)."""
    return float(result.items[unit_id, item_id].score)


def drawn_up(result: OracleResult, item_id: str, unit_id: str = "U1") -> list[tuple]:
    """An item's ledger lines as (rule, month, case, reference, points as text, adjustment)."""
    return [
        (line.rule_id, line.month, line.case_id, line.ref_id, f"{float(line.points):.2f}", line.adjustment_id)
        for line in result.lines(unit_id, item_id)
    ]
