"""How sure a place is: under every combination of the readings, and against chance in small numbers."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from pipelines.engines.batch import Batch, Combinations, alternatives, by_item, combinations
from pipelines.engines.cube import Cube
from pipelines.engines.rereading import rereading
from pipelines.engines.vector import Rescored, deduction, overall_figure, places, rescore, worth_nothing
from pipelines.laboratory.answer import Answer, copied
from pipelines.laboratory.changes import names, whole_number
from pipelines.laboratory.charts import ranges
from pipelines.laboratory.charts import text as chart_text
from pipelines.lazy import pandas
from pipelines.model.measure import CASE_ROWS
from pipelines.model.points import CENT
from pipelines.model.rule import Rule, Rulebook, chosen
from pipelines.model.score import HowSure, PlaceRange
from pipelines.model.words import UsageRefusal
from pipelines.wording import say


@dataclass(frozen=True, eq=False)
class PlaceRanges:
    """Of every unit, in the order of ``unit_ids``; 0 and "" for the unranked."""

    unit_ids: tuple[str, ...]
    place: np.ndarray
    readings: Combinations
    mover: tuple[str, ...]  # the one reading that moves the unit most, such as ``satisfied=full_only``
    moved_to: np.ndarray  # the place under it
    chance: tuple[np.ndarray, np.ndarray]  # best and worst place that chance allows
    jointly: tuple[np.ndarray, np.ndarray]  # the same for all units at once


def in_turn(work: Callable, things: Sequence) -> list:
    """The result of the work on each thing, one after the other."""
    return [work(one) for one in things]


def place_ranges(
    cube,
    rulebook: Rulebook,
    readings: Mapping[str, str],
    ranked: np.ndarray,
    seed: int = 1,
    run_each: Callable[[Callable, Sequence], list] = in_turn,
) -> PlaceRanges:
    """The places of a quarter and how far they could have been elsewhere; ``run_each`` does its three parts."""
    scores = rescore(cube, rulebook, readings)
    figure = overall_figure(rulebook, _figure(rulebook, scores.base, scores.total, readings), scores.full)
    place = np.where(ranked, places(figure, ranked), 0)
    parts = (
        partial(combinations, cube, rulebook, readings, ranked),
        partial(_by_chance, cube, rulebook, readings, scores, ranked, seed),
        partial(_movers, cube, rulebook, readings, ranked, place),
    )
    elsewhere, (by_chance, jointly), (names, moved_to) = run_each(lambda part: part(), parts)
    return PlaceRanges(cube.unit_ids, place, elsewhere, names, moved_to, by_chance, jointly)


def _figure(rulebook: Rulebook, base: np.ndarray, total: np.ndarray, readings: Mapping[str, str]) -> np.ndarray:
    return base if rulebook.ranked_by(readings) == "base" else total


def _movers(
    cube, rulebook: Rulebook, readings: Mapping[str, str], ranked: np.ndarray, place: np.ndarray
) -> tuple[tuple[str, ...], np.ndarray]:
    """The single reading that moves each unit most, and the place that it moves it to; the same units have a place."""
    batch, sheet = Batch(cube), by_item(rulebook)
    far, names, to = np.zeros(len(place), np.int64), np.full(len(place), "", object), place.copy()
    for id, values in alternatives(rulebook, readings).items():
        for value in values[1:]:
            under = {**readings, id: value}
            base, bonus = batch.base_and_bonus(sheet, under)
            figure = _figure(rulebook, base, base + bonus + batch.whole(sheet, under, base), under)
            found = np.where(ranked, places(batch.overall(rulebook, sheet, under, figure), ranked), 0)
            further = np.abs(found - place) > far
            far[further], to[further] = np.abs(found - place)[further], found[further]
            names[further] = f"{id}={value}"
    return tuple(names), to


def _by_chance(cube, rulebook: Rulebook, readings: Mapping[str, str], scores, ranked, seed: int) -> tuple:
    """(best, worst) that chance allows each unit, and the same for all units at once."""
    chances = Chances.counted(cube, rulebook, readings)
    rates = drawn_rates(chances, DRAWS, np.random.default_rng(seed))
    fixed = _fixed(cube, rulebook, readings)
    drawn = scored_rates(rates, chances, rulebook, readings, fixed)
    drawn = drawn + untouched(scores, rulebook, readings, chances)
    if rulebook.ranking.by_share:
        drawn = drawn / np.maximum(scores.full, 1)
    drawn = np.broadcast_to(drawn, (DRAWS, len(ranked)))[:, ranked]  # where no rule is drawn, every draw is alike
    levels = (BAND, simultaneous_level(drawn)) if ranked.any() else ()
    found = []
    for level in levels:
        interval = np.zeros((2, len(ranked)), np.int64)
        interval[:, ranked] = place_interval(*band(drawn, level))
        found.append((interval[0], interval[1]))
    nothing = (np.zeros(len(ranked), np.int64),) * 2
    return tuple(found) or (nothing, nothing)


def _fixed(cube, rulebook: Rulebook, readings: Mapping[str, str]) -> dict[str, np.ndarray]:
    """Points that the untouched rules of an item take."""
    found: dict[str, np.ndarray] = {}
    counts = cube.counts(readings)
    for item, rules in by_item(rulebook):
        for rule in rules:
            if item.full_marks and not touched(rule, rulebook, cube.told_of_nobody()):
                took = deduction(cube, counts, rule, item, rules, readings)
                took = (took.whole + took.near) / CENT
                found[item.id] = found.get(item.id, 0.0) + took
    return found


@dataclass(frozen=True, eq=False, repr=False)
class Robustness(Answer):
    """``frame`` has a line a ranked unit: place, best and worst under the readings and by chance, shares, the mover."""

    MOST = 500

    quarter: object = field(repr=False)
    place_ranges: PlaceRanges = field(repr=False)

    @classmethod
    def of(cls, quarter, seed: int = 1) -> "Robustness":
        """Of a finished quarter; the draws are the same for the same ``seed``, a whole number from 0 up."""
        if not quarter.rulebook.tells_chance:
            raise UsageRefusal(say("laboratory.no_plain_sum"))
        seed = whole_number(seed) or 0
        ranked = quarter.as_it_was.placed.place > 0
        return cls(quarter, place_ranges(quarter.world.cube, quarter.rulebook, quarter.readings, ranked, seed))

    @property
    def combinations(self) -> int:
        """How many combinations of the readings there are."""
        return self.place_ranges.readings.number

    @copied
    def frame(self):
        """In the order of the places; shares between 0 and 1."""
        ranges, all_of = self.place_ranges, self.place_ranges.readings
        units = [self.quarter.world.registers[id].unit for id in ranges.unit_ids]
        frame = pandas.DataFrame(
            {
                "unit_id": [unit.unit_id for unit in units],
                "unit_name": [unit.unit_name for unit in units],
                "place": ranges.place,
                "best": all_of.best,
                "worst": all_of.worst,
                "in_top_ten": all_of.top / all_of.number,
                "in_bottom_ten": all_of.bottom / all_of.number,
                "moved_most_by": ranges.mover,
                "moved_to": ranges.moved_to,
                "chance_best": ranges.chance[0],
                "chance_worst": ranges.chance[1],
                "jointly_best": ranges.jointly[0],
                "jointly_worst": ranges.jointly[1],
            }
        )
        frame = frame[frame["place"] > 0].sort_values(["place", "unit_id"], kind="stable")
        return frame.reset_index(drop=True)

    def chart(self, units: Iterable[str] | str = ()):
        """The place of each unit, or of these units, with its ranges under the readings and by chance."""
        asked = {self.quarter.world.unit(given) for given in names(units)}
        return ranges(self._frame[self._frame["unit_id"].isin(asked)] if asked else self._frame, self.title)

    @property
    def title(self) -> str:
        """Of the table and of the chart."""
        return f"{self.quarter.period}: {chart_text('combinations', n=self.combinations)}"


def how_sure(
    cube: Cube,
    rulebook: Rulebook,
    readings: Mapping[str, str],
    standings,
    run_each: Callable[[Callable, Sequence], list] = in_turn,
) -> HowSure:
    """Of every ranked unit of a run, from its cube; the same for the same quarter."""
    if not rulebook.tells_chance:
        return HowSure()  # chance is worked out for totals that are plain sums alone (docs/robustness.md)
    with_place = [standing.unit_id for standing in standings if standing.rank is not None]
    ranked = np.isin(cube.unit_ids, with_place)
    found = place_ranges(cube, rulebook, readings, ranked, run_each=run_each)
    spans = [np.stack(pair, axis=1).tolist() for pair in ((found.readings.best, found.readings.worst), found.chance)]
    ranges = {
        id: PlaceRange(
            int(found.place[k]), tuple(spans[0][k]), tuple(spans[1][k]), found.mover[k], int(found.moved_to[k])
        )
        for k, id in enumerate(cube.unit_ids)
        if ranked[k]
    }
    return HowSure(ranges, rereading(cube, rulebook, readings, with_place) if with_place else None)


# What chance alone could do to a place: draws of the true rates behind small counts (Jeffreys), scored again.


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
    def counted(cls, cube: Cube, rulebook: Rulebook, readings: Mapping[str, str]) -> "Chances":
        """The counts of a period under its readings."""
        counts, not_exported = cube.counts(readings), cube.told_of_nobody()
        rules = [rule for rule in rulebook.rules.values() if touched(rule, rulebook, not_exported)]
        part = {r.id: counts[r.part] if r.kind == "rate" else counts.occurrences(r) for r in rules}
        of = {r.id: counts[r.of if r.kind == "rate" else CASE_ROWS] for r in rules}
        nothing = {item.id: worth_nothing(cube, counts, item, rules, readings) for item, rules in by_item(rulebook)}
        return cls(part, of, nothing)


def touched(rule: Rule, rulebook: Rulebook, not_exported: Collection[str] = ()) -> bool:
    """Rates, and what may happen to a case row as a rate of all case rows; incidents, assessments and awards stay.

    So does what the exports do not tell.
    """
    if any(measure in not_exported for measure in (rule.part, rule.of, rule.measure)):
        return False
    return (rule.kind == "rate" and not rule.over_award and not rule.groups) or (
        rule.kind == "occurrence" and rulebook.measures[rule.measure].counts == CASE_ROWS
    )


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
            start = float(item.full_marks) if item.starts == "full" else 0.0
            left = np.minimum(start - lost - fixed.get(item.id, 0.0), float(item.full_marks))
            left = left if item.floor is None else np.maximum(left, float(item.floor))
            total = total + np.where(chances.nothing.get(item.id, False), 0.0, left)
    return total


def _lost(rule: Rule, rate: np.ndarray, of: np.ndarray, readings: Mapping[str, str]) -> np.ndarray:
    if rule.kind == "occurrence":
        return (rate * of).sum(axis=-1) * float(rule.deduct)
    if chosen(rule.per, readings) in ("period", "pooled"):
        weights = of / np.maximum(of.sum(axis=-1, keepdims=True), 1)
        rate, of = (rate * weights).sum(axis=-1, keepdims=True), of.sum(axis=-1, keepdims=True)
    gap = 100 * rate - float(rule.target) if rule.fewer else float(rule.target) - 100 * rate
    short = np.maximum(gap, 0) * (of > 0) / float(rule.each)
    steps = {"whole_steps": np.floor(short + TINY), "any_part": np.ceil(short - TINY)}.get(
        chosen(rule.mode, readings), short
    )
    cost = steps.sum(axis=-1) * float(rule.deduct)
    return cost / of.shape[-1] if chosen(rule.per, readings) == "mean" else cost


def untouched(scores: Rescored, rulebook: Rulebook, readings: Mapping[str, str], chances: Chances) -> np.ndarray:
    """Of every unit: the points of the items that chance leaves alone, bonus included where it ranks."""
    moved = {rulebook.rules[id].item for id in chances.part}
    by_total = rulebook.ranked_by(readings) == "total"
    kept = [id for id, item in rulebook.items.items() if id not in moved and (item.full_marks or by_total)]
    stretched = scores.whole if by_total else 0  # as it was: an estimate needs no more
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
