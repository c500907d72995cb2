"""Ledger lines, exact points, and how an item is settled: rounding, floor, score."""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor


@dataclass(frozen=True)
class Line:
    """One ledger line; points are negative for a deduction."""

    unit_id: str
    item_id: str
    rule_id: str
    points: Fraction
    month: str = ""
    case_id: str = ""
    ref_id: str = ""
    adjustment_id: str = ""


def half_up(amount: Fraction) -> Fraction:
    """Points: an amount rounded to 2 decimals, its magnitude half-up."""
    sign = -1 if amount < 0 else 1
    return sign * Fraction(floor(abs(amount) * 100 + Fraction(1, 2)), 100)


def settle(unit_id: str, item_id: str, full_marks: int, exact: list[Line]) -> tuple[Fraction, list[Line]]:
    """Item score and the item's published lines: the deduction is rounded once, then held between 0 and full marks."""
    deduction = half_up(-sum(line.points for line in exact))
    score = min(max(full_marks - deduction, Fraction(0)), Fraction(full_marks))
    lines = [replace(line, points=half_up(line.points)) for line in exact]
    rest = -deduction - sum(line.points for line in lines)
    lines.append(Line(unit_id, item_id, "rounding", rest))
    lines.append(Line(unit_id, item_id, "floor", score - (full_marks - deduction)))
    return score, [line for line in lines if line.points or line.adjustment_id]
