"""A unit's score from its published ledger: clause by clause to the case, summing up before the reader's eyes."""

from dataclasses import dataclass
from difflib import get_close_matches

from pipelines.edges.published import PublishedQuarter
from pipelines.model.refusals import UsageRefusal
from pipelines.wording import say


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


def explain(quarter: PublishedQuarter, unit: str, case_id: str | None = None) -> Explanation:
    """Explain the unit with this id or name; with ``case_id`` only the lines of that case and the rates it misses.

    UsageRefusal with the nearest name for an unknown unit.
    """
    line = find_unit(quarter, unit)
    ledger = _by_item(quarter.ledger_of(line["unit_id"]), case_id)
    misses = _by_item(quarter.misses_of(line["unit_id"]), case_id)
    items = tuple(
        ExplainedItem(
            item_id, item["full_marks"], ledger.get(item_id, ()), item["score"], item["note"], misses.get(item_id, ())
        )
        for (unit_id, item_id), item in quarter.items.items()
        if unit_id == line["unit_id"]
    )
    return Explanation(line["period"], line, items)


def _by_item(rows: list[dict], case_id: str | None) -> dict[str, tuple[dict, ...]]:
    found: dict[str, list[dict]] = {}
    for row in rows:
        if case_id is None or row["case_id"] == case_id:
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
