"""Read from published tables: a unit's score, clause by clause to the case, and what differs between two runs."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction

from pipelines.edges.published import PublishedQuarter
from pipelines.model.points import published
from pipelines.model.words import UsageRefusal
from pipelines.wording import say

# A unit's score from its published ledger: clause by clause to the case, summing up before the reader's eyes.


@dataclass(frozen=True)
class ExplainedItem:
    """An item, the lines that cost or brought points, and what is left; figures as published text."""

    item_id: str
    full_marks: str
    lines: tuple[dict, ...]  # of ledger.csv
    score: str
    note: str
    misses: tuple[dict, ...] = ()  # of evidence.csv: the rows behind its lines of rates

    def misses_of(self, line: dict) -> list[dict]:
        """The rows behind a line of a rate: those of its month, of the whole period where it names none."""
        same = (row for row in self.misses if row["rule_id"] == line["rule_id"])
        return [row for row in same if line["month"] in ("", row["month"])]


@dataclass(frozen=True)
class Explanation:
    """A unit's quarter: ``unit`` is its line of ranking.csv."""

    period: str
    unit: dict
    items: tuple[ExplainedItem, ...]


def explain(quarter: PublishedQuarter, unit: str, cases: Collection[str] = ()) -> Explanation:
    """Explain the unit with this id or name; with ``cases`` only the lines of those and the rates that they miss.

    UsageRefusal with the nearest name for an unknown unit.
    """
    line = find_unit(quarter, unit)
    ledger = _by_item(quarter.ledger_of(line["unit_id"]), cases)
    misses = _by_item(quarter.misses_of(line["unit_id"]), cases)
    items = tuple(
        ExplainedItem(
            item_id, item["full_marks"], ledger.get(item_id, ()), item["score"], item["note"], misses.get(item_id, ())
        )
        for (unit_id, item_id), item in quarter.items.items()
        if unit_id == line["unit_id"]
    )
    return Explanation(line["period"], line, items)


def _by_item(rows: list[dict], cases: Collection[str]) -> dict[str, tuple[dict, ...]]:
    found: dict[str, list[dict]] = {}
    for row in rows:
        if not cases or row["case_id"] in cases or row["ref_id"] in cases:
            found.setdefault(row["item_id"], []).append(row)
    return {item: tuple(own) for item, own in found.items()}


def find_unit(quarter: PublishedQuarter, given: str) -> dict:
    """The ranking line of the unit with this id or this name."""
    if given in quarter.ranking:
        return quarter.ranking[given]
    named = [line for line in quarter.ranking.values() if line["unit_name"] == given]
    if len(named) == 1:
        return named[0]
    names = [*quarter.ranking, *(line["unit_name"] for line in quarter.ranking.values())]
    near = get_close_matches(given, names, n=3, cutoff=0.3) or names[:3]
    raise UsageRefusal(say("published.no_unit", given=given, period=quarter.folder.parent.name, near=" ".join(near)))


# What differs between two finished runs: places, points, and the rules whose lines made the difference.


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

    def shown(self, value: Fraction) -> str:
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
