"""What chance alone could do to a place: draws of the true rates behind small counts (Jeffreys), scored again.

Floats are at home here: an interval is an estimate, no score.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from pipelines.engines.batch import by_item
from pipelines.engines.cube import Cube
from pipelines.engines.vector import Rescored, worth_nothing
from pipelines.model.measure import CASE_ROWS
from pipelines.model.points import CENT
from pipelines.model.rule import Rule, Rulebook

DRAWS = 1_000
# Two units count as told apart where their bands do not overlap; bands of 80 % that do not overlap differ by
# 2 × 1.28 / √2 = 1.8 standard errors, which is a place interval of 90 % and a little to spare (docs/robustness.md).
BAND = 0.80
SIMULTANEOUS = 0.90
TINY = 1e-9


@dataclass(frozen=True)
class Chances:
    """The counts behind the rules that chance touches, by rule id: successes and tries, unit × month."""

    part: dict[str, np.ndarray]
    of: dict[str, np.ndarray]
    # by item, of every unit: whether what was not measured leaves nothing of it
    nothing: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def of_quarter(cls, cube: Cube, rulebook: Rulebook, readings: Mapping[str, str]) -> "Chances":
        """The counts of a quarter under its readings; measures of the whole quarter as one month."""
        counts, untold = cube.counts(readings), cube.untold()
        rules = [rule for rule in rulebook.rules.values() if touched(rule, rulebook, untold)]
        part = {r.id: counts[r.part] if r.kind == "rate" else counts.occurrences(r) for r in rules}
        of = {r.id: counts[r.of if r.kind == "rate" else CASE_ROWS] for r in rules}
        nothing = {item.id: worth_nothing(cube, counts, rules, readings) for item, rules in by_item(rulebook)}
        return cls(part, of, nothing)


def touched(rule: Rule, rulebook: Rulebook, untold: Collection[str] = ()) -> bool:
    """Rates, and what may happen to a case row as a rate of all case rows; incidents, assessments and awards stay.

    So does what the exports do not tell.
    """
    if any(measure in untold for measure in (rule.part, rule.of, rule.measure)):
        return False
    return rule.kind == "rate" or (rule.kind == "occurrence" and rulebook.measures[rule.measure].counts == CASE_ROWS)


def drawn_rates(chances: Chances, draws: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw × unit × month of each rule's true rate: Beta(successes + ½, failures + ½)."""
    return {
        id: rng.beta(part + 0.5, np.maximum(chances.of[id] - part, 0) + 0.5, (draws, *part.shape))
        for id, part in chances.part.items()
    }


def scored_rates(
    rates: Mapping[str, np.ndarray],
    chances: Chances,
    rulebook: Rulebook,
    readings: Mapping[str, str],
    fixed: Mapping[str, np.ndarray],
) -> np.ndarray:
    """Draw × unit: the points of the items that chance touches; ``fixed`` are an item's other deductions."""
    total = 0.0
    for item in rulebook.items.values():
        rules = [rule for rule in rulebook.rules.values() if rule.item == item.id and rule.id in rates]
        if rules:
            lost = sum(_lost(rule, rates[rule.id], chances.of[rule.id], readings) for rule in rules)
            left = np.maximum(float(item.full_marks) - lost - fixed.get(item.id, 0.0), 0.0)
            total = total + np.where(chances.nothing.get(item.id, False), 0.0, left)
    return total


def _lost(rule: Rule, rate: np.ndarray, of: np.ndarray, readings: Mapping[str, str]) -> np.ndarray:
    if rule.kind == "occurrence":
        return (rate * of).sum(axis=-1) * float(rule.deduct)
    if readings["months"] == "pooled" and rule.per == "month":
        weights = of / np.maximum(of.sum(axis=-1, keepdims=True), 1)
        rate, of = (rate * weights).sum(axis=-1, keepdims=True), of.sum(axis=-1, keepdims=True)
    short = np.maximum(float(rule.target) - 100 * rate, 0) * (of > 0) / float(rule.each)
    steps = {"whole_steps": np.floor(short + TINY), "any_part": np.ceil(short - TINY)}.get(readings["shortfall"], short)
    cost = steps.sum(axis=-1) * float(rule.deduct)
    return cost / of.shape[-1] if rule.per == "month" and readings["months"] == "mean" else cost


def untouched(scores: Rescored, rulebook: Rulebook, readings: Mapping[str, str], chances: Chances) -> np.ndarray:
    """Of every unit: the points of the items that chance leaves alone, bonus included where it ranks."""
    moved = {rulebook.rules[id].item for id in chances.part}
    kept = [
        id
        for id, item in rulebook.items.items()
        if id not in moved and (item.full_marks or readings["rank_on"] == "total")
    ]
    stretched = scores.whole if readings["rank_on"] == "total" else 0  # as it was: an estimate needs no more
    return (sum((scores.items[id] for id in kept), np.zeros(len(scores.unit_ids))) + stretched) / CENT


def band(drawn: np.ndarray, level: float = BAND) -> tuple[np.ndarray, np.ndarray]:
    """Of every unit: the interval of its points that holds ``level`` of the draws."""
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def simultaneous_level(drawn: np.ndarray, level: float = SIMULTANEOUS) -> float:
    """The level of every unit's band at which ``level`` of the draws lie inside all bands at once."""
    ranks = np.argsort(np.argsort(drawn, axis=0, kind="stable"), axis=0) / max(len(drawn) - 1, 1)
    return float(np.quantile(np.abs(2 * ranks - 1).max(axis=1), level))


def place_interval(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Best and worst place of every unit: behind those surely above it, before those surely below it."""
    best = 1 + (low[None, :] > high[:, None] + TINY).sum(axis=1)
    worst = 1 + (high[None, :] > low[:, None] + TINY).sum(axis=1) - (high > low + TINY)
    return best, worst
