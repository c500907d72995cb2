"""What could not be judged: which rules lack data for a unit, what that makes of an item, and of the whole."""

from fractions import Fraction
from math import floor

from .cases import CaseRow
from .deductions import ASSESSED_ITEMS, FULL_MARKS, completion, due_instructions, satisfaction
from .ledger import Line
from .quarter import Quarter

RULES = {
    "A3.1": ("late_signing", "late_reply"),
    "A3.2": ("completion_rate", "satisfaction_rate"),
    "A3.3": ("refusal", "attitude"),
    "A3.4": ("instruction_closing", "instruction_implementation"),
}
# Any one of these absent, and the rule has nothing to go by.
WITHOUT = {
    "late_signing": {"cases.signed_at", "cases.sign_due_at"},
    "late_reply": {"cases.replied_at", "cases.reply_due_at"},
    "completion_rate": {"cases.closed_at"},
    "satisfaction_rate": {"cases.public_rating", "evaluations.rated_at", "evaluations.rating"},
    "refusal": {"incidents"},
    "attitude": {"incidents"},
    "instruction_closing": {"instructions", "instructions.closed_at"},
    "instruction_implementation": {"instructions", "instructions.implemented_at"},
}


def unmeasured_rules(quarter: Quarter, unit_id: str, rows: list[CaseRow]) -> set[str]:
    """The rules that lack what they need, or whose denominator is zero in all months."""
    found = {rule for rule, names in WITHOUT.items() if names & quarter.absent}
    entering = [row for row in rows if row.in_rates]
    if completion(entering)[1] == 0:
        found.add("completion_rate")
    if satisfaction(quarter, entering)[1] == 0:
        found.add("satisfaction_rate")
    if not due_instructions(quarter, unit_id):
        found |= {"instruction_closing", "instruction_implementation"}
    return found


def assessed(quarter: Quarter, unit_id: str, item_id: str) -> bool:
    """Whether somebody gave a mark."""
    return any((row["unit_id"], row["item_id"]) == (unit_id, item_id) for row in quarter.tables["assessments"])


def judged_lines(quarter: Quarter, unit_id: str, item_id: str, lines: list[Line], rules: set[str]) -> list[Line]:
    """The lines of an item without those of rules that lack data; under `zero` each of these takes all full marks."""
    kept = [line for line in lines if line.rule_id not in rules]
    if quarter.readings["unmeasured"] == "zero":
        lacking = [rule for rule in RULES.get(item_id, ()) if rule in rules]
        kept += [Line(unit_id, item_id, rule, Fraction(-FULL_MARKS[item_id])) for rule in lacking]
    return kept


def measured(quarter: Quarter, unit_id: str, item_id: str, rules: set[str]) -> bool:
    """An item is unmeasured when all its rules are; an assessed one when nobody gave a mark."""
    if item_id in ASSESSED_ITEMS:
        return assessed(quarter, unit_id, item_id)
    return not set(RULES[item_id]) <= rules


def counts(quarter: Quarter, item_id: str, is_measured: bool) -> bool:
    """Whether an item enters score and full marks; a missing mark is the reading `missing_assessment`'s alone."""
    leaves = quarter.readings["unmeasured"] in ("left_out", "reweighted")
    return is_measured or item_id in ASSESSED_ITEMS or not leaves


def reweighted(quarter: Quarter, unit_id: str, base: Fraction, full_marks: int) -> list[Line]:
    """Reading `reweighted`: the base stretched from the marks that count to all 100, as a line of the whole."""
    if quarter.readings["unmeasured"] != "reweighted" or full_marks == 0:
        return []
    stretched = Fraction(floor(base * 100 / full_marks * 100 + Fraction(1, 2)), 100)
    return [Line(unit_id, "ALL", "reweight", stretched - base)] if full_marks < 100 else []
