"""What differs between two finished runs: places, points, and the rules whose lines made the difference."""

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction

from pipelines.edges.published import PublishedQuarter
from pipelines.model.points import published


@dataclass(frozen=True)
class Movement:
    """A unit's change from run A to run B; ``by_rule`` holds the points each rule's lines changed by."""

    unit_id: str
    unit_name: str
    rank_before: str
    rank_after: str
    total_before: Fraction | None
    total_after: Fraction | None
    by_rule: tuple[tuple[str, Fraction], ...]
    decimals: int = 2  # with which the runs published their totals

    def told(self, value: Fraction) -> str:
        """A total, or the difference of two, with the decimals of the published ones."""
        return published(value, self.decimals)

    @property
    def points(self) -> Fraction:
        """How many points the total changed by; 0 for a unit that only one run has."""
        if self.total_before is None or self.total_after is None:
            return Fraction(0)
        return self.total_after - self.total_before


def compare(before: PublishedQuarter, after: PublishedQuarter) -> list[Movement]:
    """Every unit that changed place or points or is in one run only, most points moved first, then by id."""
    rules_before, rules_after = _points_by_rule(before), _points_by_rule(after)
    totals = [row["total"] for quarter in (before, after) for row in quarter.ranking.values()]
    decimals = max((len(total.partition(".")[2]) for total in totals), default=2)
    movements = [
        _movement(
            unit_id,
            before.ranking.get(unit_id),
            after.ranking.get(unit_id),
            rules_before[unit_id],
            rules_after[unit_id],
            decimals,
        )
        for unit_id in sorted({*before.ranking, *after.ranking})
    ]
    changed = [m for m in movements if m.by_rule or m.rank_before != m.rank_after or m.points]
    return sorted(changed, key=lambda m: (-abs(m.points), m.unit_id))


def _movement(unit_id: str, old: dict | None, new: dict | None, was: dict, now: dict, decimals: int) -> Movement:
    by_rule = [(rule, now.get(rule, Fraction(0)) - was.get(rule, Fraction(0))) for rule in sorted({*was, *now})]
    return Movement(
        unit_id=unit_id,
        unit_name=(new or old)["unit_name"],
        rank_before=old["rank"] if old else "",
        rank_after=new["rank"] if new else "",
        total_before=Fraction(old["total"]) if old else None,
        total_after=Fraction(new["total"]) if new else None,
        by_rule=tuple((rule, points) for rule, points in by_rule if points) if old and new else (),
        decimals=decimals,
    )


def _points_by_rule(quarter: PublishedQuarter) -> dict[str, dict[str, Fraction]]:
    sums: dict[str, dict[str, Fraction]] = defaultdict(dict)
    for line in quarter.ledger():
        of_unit = sums[line["unit_id"]]
        of_unit[line["rule_id"]] = of_unit.get(line["rule_id"], Fraction(0)) + Fraction(line["points"])
    return sums
