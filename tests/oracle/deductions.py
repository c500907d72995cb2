"""Exact ledger lines of the deductions A1 to A3, before rounding and floors."""

from fractions import Fraction
from math import ceil, floor

from .cases import CaseRow, excluded
from .ledger import Line
from .moments import month_of, months_of
from .quarter import Quarter
from .tables import Row

ASSESSED_ITEMS = dict.fromkeys(("A1.1", "A1.2", "A1.3", "A2.1", "A2.2", "A2.3"), 5)
FULL_MARKS = ASSESSED_ITEMS | {"A3.1": 20, "A3.2": 20, "A3.3": 20, "A3.4": 10}
PER_OCCURRENCE = Fraction(1, 2)
INCIDENT_RULES = {
    "refused_to_sign": "refusal",
    "not_handled": "refusal",
    "rude_attitude": "attitude",
    "poor_service": "attitude",
}


class MissingAssessment(Exception):
    """Reading `missing_assessment=stop`: nothing is scored."""


def item_lines(quarter: Quarter, unit_id: str, rows: list[CaseRow]) -> dict[str, list[Line]]:
    """The score sheet: every item of A1 to A3 with the exact lines of a unit whose case rows are given."""
    lines = {item_id: assessed_lines(quarter, unit_id, item_id) for item_id in ASSESSED_ITEMS}
    lines["A3.1"] = lateness_lines(quarter, unit_id, rows)
    lines["A3.2"] = monthly_rate_lines(quarter, unit_id, rows)
    lines["A3.3"] = incident_lines(quarter, unit_id)
    lines["A3.4"] = instruction_lines(quarter, unit_id)
    return lines


def assessed_lines(quarter: Quarter, unit_id: str, item_id: str) -> list[Line]:
    """The assessed score, or reading `missing_assessment` where a unit has none on the item."""
    full_marks = ASSESSED_ITEMS[item_id]
    for row in quarter.tables["assessments"]:
        if (row["unit_id"], row["item_id"]) == (unit_id, item_id):
            return [Line(unit_id, item_id, "assessed", row["score"] - full_marks)]
    if quarter.readings["missing_assessment"] == "stop":
        raise MissingAssessment(f"{unit_id} {item_id}")
    lost = full_marks if quarter.readings["missing_assessment"] == "zero" else 0
    return [Line(unit_id, item_id, "assessed", Fraction(-lost))]


def lateness_lines(quarter: Quarter, unit_id: str, rows: list[CaseRow]) -> list[Line]:
    """Late signing and late reply: 0.5 per case row of any role; both can cost on one case."""
    lines = []
    for row in rows:
        if row.late_signing:
            lines.append(occurrence(quarter, unit_id, "A3.1", "late_signing", row.month, row.case_id, ""))
        if row.late_reply:
            lines.append(occurrence(quarter, unit_id, "A3.1", "late_reply", row.month, row.case_id, ""))
    return lines


def incident_lines(quarter: Quarter, unit_id: str) -> list[Line]:
    """Incidents: 0.5 per verified one that occurred in the quarter and whose case is not excluded."""
    gone = excluded(quarter)
    return [
        occurrence(
            quarter, unit_id, "A3.3", INCIDENT_RULES[row["incident_type"]],
            month_of(row["occurred_at"]), row["case_id"] or "", row["incident_id"],
        )
        for row in quarter.tables["incidents"]
        if row["unit_id"] == unit_id
        and row["verified"]
        and quarter.covers(row["occurred_at"])
        and (unit_id, row["case_id"]) not in gone
    ]


def occurrence(
    quarter: Quarter, unit_id: str, item_id: str, rule_id: str, month: str, case_id: str, ref_id: str
) -> Line:
    """One occurrence, at 0 points with the decision beside it where a waiver meets it (the first by its id)."""
    waivers = [
        row["adjustment_id"]
        for row in quarter.tables["adjustments"]
        if row["unit_id"] == unit_id and waives(row, rule_id, case_id, ref_id)
    ]
    points = Fraction(0) if waivers else -PER_OCCURRENCE
    return Line(unit_id, item_id, rule_id, points, month, case_id, ref_id, min(waivers, default=""))


def waives(adjustment: Row, rule_id: str, case_id: str, ref_id: str) -> bool:
    """Waiver: every non-empty one of its rule, case and reference is that of the line."""
    return (
        adjustment["action"] == "waive_deduction"
        and adjustment["rule_id"] in (None, rule_id)
        and adjustment["case_id"] in (None, case_id)
        and adjustment["ref_id"] in (None, ref_id)
    )


def monthly_rate_lines(quarter: Quarter, unit_id: str, rows: list[CaseRow]) -> list[Line]:
    """Completion and satisfaction rates against 95 % and 90 %, the months put together as reading `months` says."""
    entering = [row for row in rows if row.in_rates]
    if quarter.readings["months"] == "pooled":
        groups = [("", entering)]
    else:
        groups = [(month, [row for row in entering if row.month == month]) for month in months_of(quarter.period)]
    share = 3 if quarter.readings["months"] == "mean" else 1
    lines = []
    for month, group in groups:
        for rule_id, target, (part, whole) in (
            ("completion_rate", 95, completion(group)),
            ("satisfaction_rate", 90, satisfaction(quarter, group)),
        ):
            lost = shortfall(quarter, target, part, whole) / share
            lines.append(Line(unit_id, "A3.2", rule_id, -lost, month))
    return lines


def completion(rows: list[CaseRow]) -> tuple[int, int]:
    """Completion rate: completed rows, and rows due."""
    return sum(row.completed for row in rows), len(rows)


def satisfaction(quarter: Quarter, rows: list[CaseRow]) -> tuple[int, int]:
    """Satisfaction rate: satisfied rows, and rated rows, under `satisfied`, `unrated` and `pending_evaluation`."""
    satisfied = {"satisfied"}
    if quarter.readings["satisfied"] == "with_basic":
        satisfied.add("basically_satisfied")
    if quarter.readings["unrated"] == "satisfied":
        satisfied.add("none")
    rated = satisfied | {"satisfied", "basically_satisfied", "dissatisfied"}
    if quarter.readings["pending_evaluation"] == "dissatisfied":
        rated.add("pending")
    return sum(row.rating in satisfied for row in rows), sum(row.rating in rated for row in rows)


def instruction_lines(quarter: Quarter, unit_id: str) -> list[Line]:
    """Instructions due in the quarter, closed and implemented before the cutoff, each against 100 %."""
    due, lines = due_instructions(quarter, unit_id), []
    for rule_id, column in (("instruction_closing", "closed_at"), ("instruction_implementation", "implemented_at")):
        done = sum(quarter.seen(row[column]) is not None for row in due)
        lines.append(Line(unit_id, "A3.4", rule_id, -shortfall(quarter, 100, done, len(due))))
    return lines


def due_instructions(quarter: Quarter, unit_id: str) -> list[Row]:
    """Instructions of the whole quarter by their due date, but for those of excluded cases."""
    gone = excluded(quarter)
    return [
        row
        for row in quarter.tables["instructions"]
        if row["unit_id"] == unit_id and quarter.covers(row["due_at"]) and (unit_id, row["case_id"]) not in gone
    ]


def shortfall(quarter: Quarter, target: int, part: int, whole: int) -> Fraction:
    """Reading `shortfall`: 1 point per 2 percentage points short of the target; an empty denominator costs nothing."""
    if whole == 0:
        return Fraction(0)
    steps = max(target - Fraction(100 * part, whole), Fraction(0)) / 2
    by_reading = {"whole_steps": Fraction(floor(steps)), "pro_rata": steps, "any_part": Fraction(ceil(steps))}
    return by_reading[quarter.readings["shortfall"]]
