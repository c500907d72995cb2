"""What if a case had been answered in time: a unit's numbers for its page, which counts again, and the best steps.

Only what the page can count exactly is offered: occurrences at one price, and rates held to a target, in items that
begin full, of books whose totals are plain sums. An item that does not come to its printed score is left out.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from pipelines.model.points import half_up, hundredths
from pipelines.model.rule import STEPS, Item, Rule, chosen
from pipelines.model.score import ScoredPeriod, Standing
from pipelines.model.tally import UnitTally
from pipelines.views.figures import Say, month_name

CLOSING = ("rounding", "floor", "ceiling")  # lines of an item that follow from its others
MOST_STEPS = 3


class Counterfactuals:
    """Makes every unit's numbers; the totals that places are told by are gathered once."""

    def __init__(self, result: ScoredPeriod) -> None:
        self.result, self.book = result, result.rulebook
        self.offered = self.book.sums_items and not self.book.ranking.by_share
        self.by_base = self.book.ranked_by(result.readings) == "base"
        placed = [s for s in result.standings if s.ranked and self.offered]
        self.figures = {s.unit_id: self._figure(s) for s in placed}
        groups: dict[str, list[int]] = {}
        for one in placed:
            groups.setdefault(result.tallies[one.unit_id].unit.unit_group, []).append(self.figures[one.unit_id])
        self.all = sorted(self.figures.values())
        self.groups = {group: sorted(found) for group, found in groups.items()}
        self._made: dict[str, Case | None] = {}

    def _figure(self, standing: Standing) -> int:
        score = self.result.scores[standing.unit_id]
        return hundredths(score.base if self.by_base else score.total)

    def of(self, standing: Standing, lines: list[dict]) -> "Case | None":
        """The numbers of a unit from its ledger ``lines``; None where nothing of it can be counted again."""
        if standing.unit_id not in self._made:  # its page is made in each language, and for paper
            self._made[standing.unit_id] = self._of(standing, lines)
        return self._made[standing.unit_id]

    def _of(self, standing: Standing, lines: list[dict]) -> "Case | None":
        score = self.result.scores[standing.unit_id]
        if not self.offered or not standing.ranked or score.whole:
            return None
        tally = self.result.tallies[standing.unit_id]
        items = [one for item in self.book.items.values() if (one := self._item(item, tally, lines))]
        if not items:
            return None
        group = self.groups[tally.unit.unit_group]
        own = self.figures[standing.unit_id]
        total, others, peers = hundredths(score.total), _without(self.all, own), _without(group, own)
        return Case(total, own, items, others, peers, standing.rank is not None)

    def _item(self, item: Item, tally: UnitTally, lines: list[dict]) -> dict | None:
        score = self.result.scores[tally.unit.unit_id].items.get(item.id)
        own = [entry for entry in lines if entry["item_id"] == item.id and entry["rule_id"] not in CLOSING]
        if score is None or not score.full_marks or item.starts != "full":
            return None
        rules = [made for rule in self.book.rules.values() if (made := self._rule(rule, item, tally, own))]
        if not rules:
            return None
        counted = {rule["id"] for rule in rules}
        fixed = -sum((Fraction(entry["points"]) for entry in own if entry["rule_id"] not in counted), Fraction(0))
        made = {
            "id": item.id,
            "full": item.full_marks,
            "floor": item.floor,
            "fixed": fixed,
            "whole": item.round != "deduction",
            "rules": rules,
        }
        return made if score_of(made, {}) == score.score else None

    def _rule(self, rule: Rule, item: Item, tally: UnitTally, lines: list[dict]) -> dict | None:
        """A rule that the page can count: what an occurrence costs and how many there are, or the cells of a rate."""
        if rule.item != item.id or not rule.is_for(tally.unit.unit_group):
            return None
        if rule.times != 1 or rule.at_most is not None or not rule.is_exact:
            return None
        if rule.kind == "occurrence" and not (rule.prices or rule.once_with or rule.beyond):
            n = sum(1 for entry in lines if entry["rule_id"] == rule.id and Fraction(entry["points"]))
            return {"id": rule.id, "deduct": rule.deduct, "n": n} if n else None
        readings, months = self.result.readings, self.result.period.months
        mode, per = chosen(rule.mode, readings), chosen(rule.per, readings)
        if rule.kind != "rate" or mode not in STEPS or not rule.each:
            return None
        if rule.fewer or rule.round_rate is not None or rule.over_award or rule.best:
            return None
        measures = [self.book.measures[id] for id in (rule.part, rule.of)]
        if {rule.part, rule.of} & tally.lacking or any(one.scale != 1 or one.distinct for one in measures):
            return None
        spans = [m for m in months if rule.holds_on(m)] if per in ("sum", "mean", "month") else [""]
        cells = [
            {
                "month": span,
                "part": tally.count(rule.part, span),
                "of": of if (of := tally.count(rule.of, span)) >= rule.needs else 0,
                "target": rule.target_of(tally.unit.unit_group, span or months[0]),
            }
            for span in spans
        ]
        return {
            "id": rule.id,
            "deduct": rule.deduct / (len(spans) if per == "mean" else 1),
            "each": rule.each,
            "mode": mode,
            "cells": cells,
        }


def score_of(item: Mapping, ticks: Mapping[tuple[int, int], int]) -> Fraction:
    """The score of an item in which so many of each (rule, cell) had been as they should; exact."""
    taken = item["fixed"]
    for j, rule in enumerate(item["rules"]):
        for k in range(len(rule["cells"]) if "cells" in rule else 1):
            taken += _cost(rule, k, ticks.get((j, k), 0))
    return _left(item, taken)


def _cost(rule: Mapping, k: int, ticked: int = 0) -> Fraction:
    """What a cell of a rate, or all occurrences, take where so many had been as they should."""
    if "cells" not in rule:
        return rule["deduct"] * (rule["n"] - ticked)
    cell = rule["cells"][k]
    short = cell["target"] - Fraction(100 * (cell["part"] + ticked), cell["of"]) if cell["of"] else Fraction(0)
    return STEPS[rule["mode"]](short / rule["each"]) * rule["deduct"] if short > 0 else Fraction(0)


def _left(item: Mapping, taken: Fraction) -> Fraction:
    left = half_up(item["full"] - taken) if item["whole"] else item["full"] - half_up(taken)
    return left if item["floor"] is None else max(left, item["floor"])


@dataclass(frozen=True)
class Case:
    """A unit's numbers: its items, and the figures of all others, and of its group, that its place is told by."""

    total: int  # in hundredths, as all figures here
    own: int  # what its place is told by: the total, or the base
    items: list[dict]
    others: list[int]
    peers: list[int]
    overall: bool  # whether there are places over all units

    def ticks(self) -> dict[tuple[str, str], str]:
        """Under which name the page counts a ledger line of (rule, month), or a miss of it; * of occurrences.

        Only of what costs points: the cases of other rates are not on the page.
        """
        return {
            (rule["id"], month): f"{i}.{j}.{k}"
            for i, item in enumerate(self.items)
            for j, rule in enumerate(item["rules"])
            for k, month in enumerate([cell["month"] for cell in rule["cells"]] if "cells" in rule else ["*"])
            if _cost(rule, k)
        }

    def numbers(self) -> dict:
        """All that the page counts with: whole numbers, fractions as [numerator, denominator], points in hundredths."""
        return {
            "total": self.total,
            "own": self.own,
            "others": self.others if self.overall else [],
            "peers": self.peers,
            "items": [
                {
                    "score": hundredths(score_of(item, {})),
                    "full": hundredths(item["full"]),
                    "floor": None if item["floor"] is None else hundredths(item["floor"]),
                    "fixed": _pair(item["fixed"]),
                    "whole": item["whole"],
                    "rules": [_numbers(rule) for rule in item["rules"]],
                }
                for item in self.items
            ],
        }

    def places(self, gain: Fraction) -> tuple[int, int]:
        """The place over all and in the group with so much more."""
        figure = self.own + hundredths(gain)
        return tuple(1 + len(among) - bisect_right(among, figure) for among in (self.others, self.peers))

    @cached_property
    def best(self) -> list[tuple[dict, str, int, Fraction]]:
        """The steps that bring most, three at most: rule, month, the fewest cases that bring all it can, and points."""
        found = []
        for item in self.items:
            taken = item["fixed"] + sum(
                _cost(rule, k) for rule in item["rules"] for k in range(len(rule.get("cells", "1")))
            )
            for rule in item["rules"]:
                for k, cell in enumerate(rule.get("cells", [{"month": "", "part": 0, "of": rule.get("n", 0)}])):
                    found += self._steps(item, taken, rule, k, cell)
        found.sort(key=lambda step: (self.places(step[3])[0 if self.overall else 1], -step[3], step[2]))
        return found[:MOST_STEPS]

    def _steps(
        self, item: dict, taken: Fraction, rule: dict, k: int, cell: dict
    ) -> list[tuple[dict, str, int, Fraction]]:
        now, rest, most = _left(item, taken), taken - _cost(rule, k), cell["of"] - cell["part"]

        def gain(ticked: int) -> Fraction:
            return _left(item, rest + _cost(rule, k, ticked)) - now

        if most <= 0 or (whole := gain(most)) <= 0:
            return []
        low, high = 1, most
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if gain(middle) >= whole else (middle + 1, high)
        return [(rule, cell["month"], low, whole)]


def told(case: Case, book, say: Say, lang: str) -> list[str]:
    """The best steps in words, each with what it does to the place."""
    found = []
    before = case.places(Fraction(0))[0 if case.overall else 1]
    for rule, month, n, gain in case.best:
        after = case.places(gain)[0 if case.overall else 1]
        own = book.rules[rule["id"]]
        part = book.measures[own.part].title.into(lang) if "cells" in rule else ""
        facts = {"rule": own.title.into(lang), "n": n, "part": part, "month": month_name(month, lang)}
        step = say("scorecard.step_rate" if "cells" in rule else "scorecard.step_occurrence", **facts).into(lang)
        move = say("scorecard.step_moves" if after != before else "scorecard.step_stays", before=before, after=after)
        points = book.sum(gain)
        total = book.sum(Fraction(case.total, 100) + gain)
        found.append(say("scorecard.step", step=step, gain=points, total=total, move=move.into(lang)).into(lang))
    return found


def _numbers(rule: Mapping) -> dict:
    if "cells" not in rule:
        return {"deduct": _pair(rule["deduct"]), "n": rule["n"]}
    cells = [[cell["part"], cell["of"], *_pair(cell["target"])] for cell in rule["cells"]]
    return {"deduct": _pair(rule["deduct"]), "each": _pair(rule["each"]), "mode": rule["mode"], "cells": cells}


def _without(figures: list[int], own: int) -> list[int]:
    """All but one of one's own."""
    at = bisect_right(figures, own)
    return figures[: at - 1] + figures[at:]


def _pair(value: Fraction) -> list[int]:
    return [value.numerator, value.denominator]
