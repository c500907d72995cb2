"""The running period by brute force: the tables as they were known, changed row by row, scored by the oracle."""

from collections.abc import Collection, Mapping
from datetime import datetime
from random import Random

from tests.oracle.by_hand import evaluation, evaluator
from tests.oracle.quarters import Sample, draw_readings, make_quarter
from tests.oracle.scorer import OracleResult, score
from tests.oracle.tables import RawTables

CAME = {
    "cases": "dispatched_at", "incidents": "occurred_at", "instructions": "instructed_at", "awards": "awarded_on",
    "evaluations": "assigned_at", "adjustments": "decided_on", "extensions": "requested_at",
}
HAPPENS = {
    "cases": ("signed_at", "replied_at", "closed_at", "rated_at", "received_at"),
    "instructions": ("closed_at", "implemented_at"),
    "evaluations": ("reminded_at", "returned_at", "withdrawn_at", "rated_at"),
}
TO_DO = {"cases": ("signed_at", "replied_at", "closed_at"), "instructions": ("closed_at", "implemented_at")}

Key = tuple[str, str, str, str]  # table, unit, case or instruction, event


def known(tables: RawTables, at: datetime) -> dict[str, list[dict[str, str]]]:
    """What had come and what had happened before an instant."""
    return {table: [row for old in rows if (row := _known(table, dict(old), at))] for table, rows in tables.items()}


def _known(table: str, row: dict[str, str], at: datetime) -> dict[str, str] | None:
    def yet_to_come(column: str) -> bool:
        return bool(row.get(column)) and datetime.fromisoformat(row[column]) >= at

    if table in CAME and yet_to_come(CAME[table]) or table == "extensions" and yet_to_come("decided_at"):
        return None
    if table == "cases" and yet_to_come("rated_at" if row.get("rated_at") else "closed_at"):
        row["public_rating"] = ""
    for column in HAPPENS.get(table, ()):
        if yet_to_come(column):
            row[column] = ""
            if table == "evaluations" and column == "rated_at":
                row["rating"] = row["reason"] = ""
    return row


def without_orphans(tables: RawTables) -> tuple[dict[str, list[dict[str, str]]], int]:
    """The tables without extensions and evaluations of cases that had not come, and how many other rows name one."""
    there = {(row["unit_id"], row["case_id"]) for row in tables["cases"]}
    cases = {case for _, case in there}

    def of_nothing(row: Mapping[str, str]) -> bool:
        return bool(row.get("case_id")) and (row.get("unit_id"), row["case_id"]) not in there

    left = {"extensions", "evaluations"}
    kept = {table: [row for row in rows if table not in left or not of_nothing(row)] for table, rows in tables.items()}
    others = [row for table, rows in kept.items() if table != "cases" for row in rows if of_nothing(row)]
    return kept, sum(row["case_id"] not in cases or "action" in row for row in others)


def todo(tables: RawTables) -> list[Key]:
    """Everything that is not done yet."""
    return [
        (table, row["unit_id"], row[number], event)
        for table, number in (("cases", "case_id"), ("instructions", "instruction_id"))
        for row in tables.get(table, ())
        for event in TO_DO[table]
        if not row.get(event)
    ]


def done(tables: RawTables, keys: Collection[Key], at: datetime) -> dict[str, list[dict[str, str]]]:
    """The tables with these acts done at an instant."""
    wanted = set(keys)

    def filled(table: str, row: Mapping[str, str]) -> dict[str, str]:
        number = row.get("case_id" if table == "cases" else "instruction_id", "")
        events = [event for event in TO_DO.get(table, ()) if (table, row["unit_id"], number, event) in wanted]
        return {**row, **dict.fromkeys(events, f"{at}")}

    return {table: [filled(table, row) for row in rows] for table, rows in tables.items()}


def rated(tables: RawTables, unit: str, cases: Collection[str], rating: str, at: datetime) -> dict[str, list[dict]]:
    """The tables with these cases of a unit rated so; a dissatisfied rating stands before the evaluator, too."""
    fills = {"public_rating": rating, "rated_at": f"{at}"}
    found = {table: [dict(row) for row in rows] for table, rows in tables.items()}
    for row in found["cases"]:
        if row["unit_id"] == unit and row["case_id"] in cases:
            row.update(fills)
    if rating == "dissatisfied":
        terms = {"appointed_on": "2000-01-01", "term_ends_on": "2099-12-31", "employer_unit_id": ""}
        ours = evaluator(evaluator_id="VX", **terms)
        found["evaluators"] = [*found.get("evaluators", []), ours]
        found["evaluations"] = found.get("evaluations", []) + [
            evaluation(f"{at}", rating, assignment_id=f"PX{k}", case_id=case, unit_id=unit, evaluator_id="VX",
                       assigned_at=f"{at}", reminded_at=f"{at}")
            for k, case in enumerate(sorted(cases))
        ]
    return found


def judged_already(tables: RawTables) -> set[tuple[str, str]]:
    """Unit and case of what an evaluator or the office has a say in already."""
    rows = [row for table in ("evaluations", "adjustments") for row in tables.get(table, ())]
    return {(row["unit_id"], row["case_id"]) for row in rows}


def scored(sample: Sample, tables: RawTables, readings: Mapping[str, str]) -> OracleResult:
    """What the oracle makes of the tables at the period's cutoff."""
    return score(tables, sample.period, sample.cutoff, readings, (), sample.counted)


def totals(result: OracleResult) -> dict[str, int]:
    """Hundredths by unit."""
    return {row.unit_id: int(row.total * 100) for row in result.ranking}


def drawn(seed: int) -> tuple[Sample, dict[str, str]]:
    """A nasty quarter and readings for it; every fourth time those of the edition."""
    readings = draw_readings(seed, changed=0 if seed % 4 == 0 else 5)
    return make_quarter(seed), readings


def instant(seed: int, start: datetime, end: datetime) -> datetime:
    """An instant of the period, on a whole second."""
    return start + (end - start) * Random(seed).randrange(1, 1000) / 1000
