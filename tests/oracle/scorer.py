"""Scores a quarter: items, base, bonus, total, places, ledger; slow, literal, and on clean rows only."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path

from .bonus import bonus_lines
from .cases import CaseRow, case_rows
from .deductions import FULL_MARKS, item_lines, satisfaction
from .ledger import Line, settle
from .quarter import Quarter, open_quarter
from .tables import RawTables
from .unmeasured import WITHOUT, counts, judged_lines, measured, reweighted, unmeasured_rules


@dataclass(frozen=True)
class ItemScore:
    """One item of a unit; `deducted` is the sum of its ledger points, so negative for a deduction."""

    unit_id: str
    item_id: str
    full_marks: int
    deducted: Fraction
    score: Fraction
    measured_marks: int = 0


@dataclass(frozen=True)
class UnitScore:
    """A unit before it is placed."""

    unit_id: str
    unit_name: str
    unit_group: str
    ranked: bool
    base: Fraction
    bonus: Fraction
    case_rows: int
    satisfaction_rate: Fraction | None
    whole: Fraction  # lines of the whole
    measured_marks: int

    @property
    def total(self) -> Fraction:
        """Total: base plus bonus plus the lines of the whole."""
        return self.base + self.bonus + self.whole


@dataclass(frozen=True)
class RankingRow:
    """A published row of the ranking; no places for the unranked."""

    unit_id: str
    unit_name: str
    unit_group: str
    base: Fraction
    bonus: Fraction
    total: Fraction
    rank: int | None
    group_rank: int | None
    case_rows: int
    measured_marks: int


@dataclass(frozen=True)
class OracleResult:
    """The ranking in listing order, the items, and the ledger as a multiset of lines."""

    ranking: tuple[RankingRow, ...]
    items: dict[tuple[str, str], ItemScore]
    ledger: Counter[Line]

    def row(self, unit_id: str) -> RankingRow:
        """The ranking row of a unit."""
        return next(row for row in self.ranking if row.unit_id == unit_id)

    def lines(self, unit_id: str, item_id: str) -> list[Line]:
        """The ledger lines of a unit's item, sorted by their text."""
        found = [line for line in self.ledger.elements() if (line.unit_id, line.item_id) == (unit_id, item_id)]
        return sorted(found, key=repr)


def score(
    exports: Path | str | RawTables,
    period: str,
    cutoff: str | datetime | None = None,
    readings: Mapping[str, str] | None = None,
    absent: Iterable[str] = (),
    counted: Iterable[tuple[str, str]] = (),
) -> OracleResult:
    """Scores a folder of canonical CSV files (or text tables); raises MissingAssessment under that reading's `stop`."""
    quarter = open_quarter(exports, period, cutoff, readings or {}, absent, counted)
    rows = case_rows(quarter)
    items: dict[tuple[str, str], ItemScore] = {}
    ledger: Counter[Line] = Counter()
    units = []
    for unit in quarter.tables["units"]:
        own = [row for row in rows if row.unit_id == unit["unit_id"]]
        scores, lines = score_unit(quarter, unit["unit_id"], own)
        items |= {(item.unit_id, item.item_id): item for item in scores}
        ledger.update(lines)
        whole = sum((line.points for line in lines if line.item_id == "ALL"), Fraction(0))
        units.append(unit_score(quarter, unit, own, scores, whole))
    return OracleResult(placed(quarter, units), items, ledger)


def score_unit(quarter: Quarter, unit_id: str, rows: list[CaseRow]) -> tuple[list[ItemScore], list[Line]]:
    """Item scores and ledger lines of one unit, the bonus as item A4 with full marks 0."""
    scores, ledger, lacking = [], [], unmeasured_rules(quarter, unit_id, rows)
    for item_id, exact in item_lines(quarter, unit_id, rows).items():
        is_measured, full = measured(quarter, unit_id, item_id, lacking), FULL_MARKS[item_id]
        if not counts(quarter, item_id, is_measured):
            scores.append(ItemScore(unit_id, item_id, 0, Fraction(0), Fraction(0)))
            continue
        item_score, lines = settle(unit_id, item_id, full, judged_lines(quarter, unit_id, item_id, exact, lacking))
        scores.append(ItemScore(unit_id, item_id, full, item_score - full, item_score, full if is_measured else 0))
        ledger += lines
    base = sum((item.score for item in scores), Fraction(0))
    ledger += reweighted(quarter, unit_id, base, sum(item.full_marks for item in scores))
    lines = [] if "awards" in quarter.absent else bonus_lines(quarter, unit_id)
    bonus = sum((line.points for line in lines), Fraction(0))
    return [*scores, ItemScore(unit_id, "A4", 0, bonus, bonus)], ledger + lines


def unit_score(
    quarter: Quarter, unit: Mapping[str, object], rows: list[CaseRow], scores: list[ItemScore], whole: Fraction
) -> UnitScore:
    """Base, bonus and what orders equals; units without a case row in the quarter are not ranked."""
    part, rated = satisfaction(quarter, [row for row in rows if row.in_rates])
    if WITHOUT["satisfaction_rate"] & quarter.absent:
        rated = 0
    return UnitScore(
        unit_id=unit["unit_id"],
        unit_name=unit["unit_name"],
        unit_group=unit["unit_group"],
        ranked=unit["ranked"] and len(rows) > 0,
        base=sum((item.score for item in scores if item.item_id != "A4"), Fraction(0)),
        bonus=sum((item.score for item in scores if item.item_id == "A4"), Fraction(0)),
        case_rows=len(rows),
        satisfaction_rate=Fraction(part, rated) if rated else None,
        whole=whole,
        measured_marks=sum(item.measured_marks for item in scores),
    )


def placed(quarter: Quarter, units: list[UnitScore]) -> tuple[RankingRow, ...]:
    """Rank: one more than the ranked units that are better, overall and in the group; listed with the unranked last."""
    on_base = quarter.readings["rank_on"] == "base"

    def figure(unit: UnitScore) -> Fraction:
        return unit.base if on_base else unit.total

    def place(unit: UnitScore, among: list[UnitScore]) -> int | None:
        return 1 + sum(figure(other) > figure(unit) for other in among) if unit.ranked else None

    def listing(unit: UnitScore) -> tuple:
        rate = -1 if unit.satisfaction_rate is None else unit.satisfaction_rate
        return (not unit.ranked, -figure(unit), -unit.base, -rate, -unit.case_rows, unit.unit_id)

    ranked = [unit for unit in units if unit.ranked]
    return tuple(
        RankingRow(
            unit.unit_id, unit.unit_name, unit.unit_group, unit.base, unit.bonus, unit.total,
            place(unit, ranked), place(unit, [other for other in ranked if other.unit_group == unit.unit_group]),
            unit.case_rows, unit.measured_marks,
        )
        for unit in sorted(units, key=listing)
    )
