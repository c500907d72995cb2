"""The oracle under other rules: its literal figures replaced, rules left out or added, cases and units excluded."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil, floor

from tests.oracle import bonus, deductions, scorer

TARGETS = {95: "completion_rate", 90: "satisfaction_rate", 100: "instruction_closing"}  # by the usual target
LATE = ("late_signing", "late_reply")


@dataclass
class Asked:
    """One what-if, as `Quarter.what_if` takes it and as the oracle is bent to it."""

    changes: dict[str, Fraction] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    twice: str = ""  # a rule of lateness that counts once more under another name
    exclude_units: tuple[str, ...] = ()
    exclude_cases: tuple[str, ...] = ()

    def figure(self, rule: str, name: str, usual: Fraction | int) -> Fraction:
        """A value of a rule."""
        return Fraction(self.changes.get(f"{rule}.{name}", usual))


def oracle_under(asked: Asked, sample, readings, monkeypatch):
    """What the oracle makes of a sample under a what-if."""
    tables = dict(sample.tables)
    units = [row["unit_id"] for row in tables["units"] if row["unit_id"] not in asked.exclude_units]
    tables["units"] = [row for row in tables["units"] if row["unit_id"] in units]
    decided = tables.get("adjustments", [])  # the table may be absent
    tables["adjustments"] = [*decided, *(
        {"rule_id": "", "ref_id": "", **blank(decided), "adjustment_id": f"Z{k}{unit}", "action": "exclude_case",
         "unit_id": unit, "case_id": case, "decided_by": "x", "decided_on": "2026-10-01", "reason": "x"}
        for k, case in enumerate(asked.exclude_cases) for unit in units)]
    with monkeypatch.context() as bent:
        bent.setattr(scorer, "item_lines", item_lines(asked, deductions.item_lines))
        bent.setattr(deductions, "shortfall", shortfall(asked))
        bent.setattr(bonus, "awards_of", awards_of(asked, bonus.awards_of))
        points = {kind: asked.figure(kind, "award", usual) for kind, usual in bonus.AWARD_POINTS.items()}
        bent.setattr(bonus, "AWARD_POINTS", points)
        return scorer.score(tables, sample.period, sample.cutoff, readings)


def blank(rows: list[dict]) -> dict:
    """An empty row with the columns of these."""
    return dict.fromkeys(rows[0], "") if rows else {}


def item_lines(asked: Asked, usual):
    """Occurrences at their own points, what is dropped left out, the added rule beside the one it repeats."""
    def priced(line):
        known = line.rule_id in (*LATE, "refusal", "attitude") and line.points
        return replace(line, points=-asked.figure(line.rule_id, "deduct", Fraction(1, 2))) if known else line

    def lines(quarter, unit_id, rows):
        found = usual(quarter, unit_id, rows)
        again = [replace(line, rule_id="late_again") for line in found["A3.1"] if line.rule_id == asked.twice]
        found["A3.1"] = [*found["A3.1"], *again]
        return {item: [priced(line) if line.rule_id != "late_again" else line for line in of_item
                       if line.rule_id not in asked.drop] for item, of_item in found.items()}

    return lines


def shortfall(asked: Asked):
    """The steps of a rate under its target, its step and its deduction."""
    def lost(quarter, target, part, whole):
        rule = TARGETS[target]
        if not whole:
            return Fraction(0)
        short = max(asked.figure(rule, "target", target) - Fraction(100 * part, whole), Fraction(0))
        steps = short / asked.figure(rule, "each", 2)
        counted = {"whole_steps": floor(steps), "pro_rata": steps, "any_part": ceil(steps)}
        return Fraction(counted[quarter.readings["shortfall"]]) * asked.figure(rule, "deduct", 1)

    return lost


def awards_of(asked: Asked, usual):
    """Awards whose rule is there."""
    return lambda quarter, unit_id: [row for row in usual(quarter, unit_id) if row["award_type"] not in asked.drop]
