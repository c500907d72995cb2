"""The likely end of a running period: an interval of each unit's total and place, from its own pace and chance.

Method (docs/running.md): every rate of the book is a chain of measures, each a part of the one before. What is still
open becomes a part, and what is still to come comes, by beta-binomial and gamma-Poisson draws around the unit's own
finished months; units with few rows lean towards the city. Each draw is scored by the rules. An estimate: floats.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import numpy as np

from pipelines.edges.published import counted_in, read_absent, read_registers
from pipelines.engines.cube import Cube
from pipelines.engines.vector import overall_figure, places, rescore
from pipelines.model.contract import Absent
from pipelines.model.measure import Measure, columns_of
from pipelines.model.points import CENT
from pipelines.model.rule import chosen
from pipelines.model.words import UsageRefusal, Words
from pipelines.running import moved
from pipelines.running.watch import Watch, Watched
from pipelines.stages.measure import Kept
from pipelines.wording import say

DRAWS = 200
LEVEL = 0.80  # of the draws
LEAN = 5.0  # rows of the city that a unit's own rows are weighed against
MONTHS = 0.4  # months of the city that a unit's own months are weighed against
TRUST = 25.0  # rows of a unit's past that speak for its future at most: units change
SWING = 5.0  # shape of the gamma by which a month's rows differ from the mean of the months before
RATING = frozenset({"rated", "final_rating", "satisfied", "evaluation_pending"})
TINY = 1e-3
PLAIN = ("rate", "occurrence", "assessed", "award")  # kinds of rules that counts alone decide


@dataclass(frozen=True)
class Likely:
    """By unit_id: lowest and highest total (hundredths) and best and worst place (None: unranked) that are likely.

    ``why_not`` tells why there is none; ``months`` is how many finished months it rests on.
    """

    total: Mapping[str, tuple[int, int]]
    place: Mapping[str, tuple[int, int] | None]
    months: int
    why_not: Words | None = None


def likely(watched: Watched, history: Iterable[Cube] = (), seed: int = 1, draws: int = DRAWS) -> Likely:
    """The intervals that are meant to hold ``LEVEL`` of the ends.

    ``history`` are the counts of finished periods, newest first.
    """
    model = _Model(watched, list(history))
    if why := model.why_not():
        return Likely({}, {}, model.months, why)
    total, place = model.drawn(np.random.default_rng(seed), draws)
    ids, ranked = watched.watch.missed.unit_ids, model.ranked
    low, high = np.quantile(total, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0, method="closest_observation")
    best, worst = np.quantile(place, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0, method="closest_observation")
    return Likely(
        {id: (int(low[k]), int(high[k])) for k, id in enumerate(ids)},
        {id: (int(best[k]), int(worst[k])) if ranked[k] else None for k, id in enumerate(ids)},
        model.months,
    )


class _Model:
    def __init__(self, watched: Watched, history: list[Cube]) -> None:
        self.watched, self.watch = watched, watched.watch
        self.book, self.readings = self.watch.rulebook, self.watch.readings
        self.city, self.at = self.watch.missed, watched.at
        used = {id for rule in self.book.rules.values() for id in (rule.part, rule.of, rule.measure)}
        self.measures = [one for one in self.book.measures.values() if one.id in self._asked(used)]
        self.now = {one.id: self.city.count(one.id, self.readings) for one in self.measures}
        held = watched.held_cube
        self.room = {one.id: held.count(one.id, self.readings) - self.now[one.id] for one in self.measures}
        self.past = self._past(history)
        self.history = history
        self.months = next((len(table[0]) for table in self.past.values()), 0)
        with_place = {one.unit_id for one in watched.standings if one.rank is not None}
        self.ranked = np.array([id in with_place for id in self.city.unit_ids], bool)

    def _asked(self, used: set[str]) -> set[str]:
        """The measures that rules name, with those that they are a part of."""
        known = {id for id in used if id in self.book.measures}
        while more := {self.book.measures[id].among for id in known} - known - {""}:
            known |= more
        return known

    def _past(self, history: list[Cube]) -> dict[str, np.ndarray]:
        """Measure → unit × finished month: of this period those that are over, and the months of earlier ones."""
        ended = [k for k, month in enumerate(self.city.months) if f"{self.at:%Y-%m}" > month]
        found: dict[str, list[np.ndarray]] = {one.id: [self.now[one.id][:, ended]] for one in self.measures}
        for cube in history:
            at = {id: k for k, id in enumerate(cube.unit_ids)}
            rows = np.array([at.get(id, -1) for id in self.city.unit_ids])
            for one in self.measures:
                table = cube.count(one.id, self.readings)
                found[one.id].append(np.where(rows[:, None] >= 0, table[rows], 0))
        return {id: np.concatenate(tables, axis=1) for id, tables in found.items()}

    def why_not(self) -> Words | None:
        """Why the data, or the book, do not carry a forecast; None where they do."""
        rules = self.book.rules.values()
        odd = next((one for one in rules if one.kind not in PLAIN or one.prices or one.once_with or one.best), None)
        unlike = next((one for one in self.measures if one.distinct or one.sum), None)
        if odd or unlike:
            return say("running.no_forecast_rules", rule=(odd.title if odd else unlike.title))
        if not self.months:
            return say("running.no_forecast_data")
        return None

    def _left(self) -> np.ndarray:
        """Of every month the share that is still to come."""
        found = []
        for month in self.city.months:
            first = datetime(int(month[:4]), int(month[5:]), 1)
            end = datetime(first.year + first.month // 12, first.month % 12 + 1, 1)
            found.append(min(max((end - self.at) / (end - first), 0.0), 1.0))
        return np.array(found)

    def drawn(self, rng: np.random.Generator, draws: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw × unit: totals in hundredths, and places among the ranked."""
        units = len(self.city.unit_ids)
        left = np.broadcast_to(self._left(), (draws, units, len(self.city.months)))
        swing = rng.gamma(SWING, 1 / SWING, (draws, units, 1))  # one month has more of everything than another
        added: dict[str, np.ndarray] = {}
        for one in self._in_order():
            added[one.id] = self._added(one, added, left, swing, rng)
        of = np.tile(np.arange(units), draws)
        changed = {id: table.reshape(-1, table.shape[-1]).astype(np.int64) for id, table in added.items()}
        scores = rescore(moved.variants(self.city, of, {}, changed), self.book, self.readings)
        bonus = self._awards(rng, draws).ravel()
        total = np.broadcast_to(scores.total, of.shape) + bonus
        total = np.rint(total.astype(float)).astype(np.int64) if total.dtype == object else total
        figure = scores.base if self.book.ranked_by(self.readings) == "base" else total
        figure = overall_figure(self.book, np.broadcast_to(figure, of.shape), scores.full).reshape(draws, units)
        return total.reshape(draws, units), np.stack([places(row, self.ranked) for row in figure])

    def _awards(self, rng: np.random.Generator, draws: int) -> np.ndarray:
        """Draw × unit: hundredths of awards to come, as many a month as there were, each like one of those."""
        rules = {rule.measure: rule for rule in self.book.rules.values() if rule.kind == "award"}
        cubes, ids = [self.city, *self.history], self.city.unit_ids
        worth = [int(rules[kind].award * rules[kind].times * CENT)
                 for cube in cubes for kind in cube.awards.types if kind in rules]  # fmt: skip
        months = len(self.city.months) - self._left().sum() + sum(len(cube.months) for cube in self.history)
        count = np.zeros(len(ids))
        for cube in cubes:
            of = [ids.index(cube.unit_ids[k]) for k in cube.awards.unit.tolist() if cube.unit_ids[k] in ids]
            count += np.bincount(np.array(of, np.int64), minlength=len(ids))
        if not worth:
            return np.zeros((draws, len(ids)), np.int64)
        rate = rng.gamma(count + MONTHS * count.mean() + TINY, 1 / (months + MONTHS), (draws, len(ids)))
        number = rng.poisson(rate * self._left().sum())
        found = np.zeros(number.shape, np.int64)
        for k in range(int(number.max(initial=0))):
            found += np.where(number > k, rng.choice(np.array(worth), number.shape), 0)
        bonus = next((item.bonus for item in self.book.items.values() if not item.full_marks), None)
        most = chosen(bonus.cap, self.readings) if bonus else "none"
        return found if most == "none" else np.minimum(found, int(Fraction(most) * CENT))

    def _in_order(self) -> list[Measure]:
        """Every measure after the one that it is a part of."""

        def depth(one: Measure) -> int:
            return 1 + depth(self.book.measures[one.among]) if one.among else 0

        return sorted(self.measures, key=depth)  # fmt: skip

    def _added(
        self,
        one: Measure,
        added: Mapping[str, np.ndarray],
        left: np.ndarray,
        swing: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Draw × unit × month of what the end has more of a measure than the count where nothing more is done."""
        past, now = self.past[one.id], self.now[one.id]
        if not one.among:
            return self._to_come(one, past, now, left, swing, rng)
        whole = self.past[one.among].sum(axis=1)
        share = _share(past.sum(axis=1), whole, rng, len(left))[:, :, None]
        fresh = added[one.among]
        whole_now = self.now[one.among]
        open_now = whole_now - now
        if (self.room[one.id] != 0).any() or RATING & set().union(*map(columns_of, one.where)) == {"rated"}:
            short = np.maximum(share * whole_now - now, 0) / np.maximum(open_now, 1)
            kept = rng.binomial(np.broadcast_to(np.maximum(open_now, 0), fresh.shape), np.clip(short, 0, 1))
        else:
            kept = 0
        return kept + rng.binomial(np.maximum(fresh, 0), np.broadcast_to(share, fresh.shape))

    def _to_come(
        self,
        one: Measure,
        past: np.ndarray,
        now: np.ndarray,
        left: np.ndarray,
        swing: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        months = past.shape[1]
        city = past.sum() / max(past.size, 1)
        shape = past.sum(axis=1) + MONTHS * city + TINY
        rate = rng.gamma(shape, 1 / (months + MONTHS), (len(left), len(now)))[:, :, None] * swing
        if one.better == "fewer" and (self.room[one.id] != 0).any():
            # all that is open counts as missed already: some of it is done in time after all
            held = now + self.room[one.id]
            return np.broadcast_to(held - now, left.shape) + rng.poisson(rate * left)
        if one.better == "fewer":
            return rng.poisson(rate * left)
        return rng.poisson(np.maximum(rate - now, 0) * (left > 0))


def _share(hits: np.ndarray, of: np.ndarray, rng: np.random.Generator, draws: int) -> np.ndarray:
    """Draw × unit: the share of each unit, around its own past as far as that is trusted, else around the city's."""
    city = (hits.sum() + 0.5) / (of.sum() + 1)
    weight = np.minimum(1, TRUST / np.maximum(of, 1))
    good, bad = hits * weight + LEAN * city, np.maximum(of - hits, 0) * weight + LEAN * (1 - city)
    return rng.beta(good, bad, (draws, len(of)))


def history_of(watch: Watch, most: int = 2) -> list[Cube]:
    """The counts that earlier periods kept in the output folder, newest first; another book's are passed over."""
    found, period = [], watch.period
    for _ in range(most):
        period = period.previous
        folder = counted_in(watch.request.out, period)
        if folder is None:
            continue
        try:
            kept = Kept.open(folder, period, period.end, watch.rulebook)
            registers, absent = read_registers(folder), Absent(read_absent(folder))
            cube = Cube.prepare(kept.cube, kept.layouts, watch.rulebook.measures, registers, period.months, absent)
            for id in watch.rulebook.measures:
                cube.count(id, watch.readings)
            found.append(cube)
        except UsageRefusal:
            continue
    return found
