"""The likely end of a running period: an interval of each unit's total and place, from its own pace and chance.

Method and sources (docs/running.md): case rows come by Poisson draws, each unit's pace between its own months and the
city's; every measure is a part of another, in the end of the case rows, by beta-binomial draws around the unit's own
share. All units are drawn together, those without a case so far too, and what moves the whole city moves them alike.
Each draw is scored and placed by the rules. An estimate: floats.
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
from pipelines.model.measure import CASE_ROWS, Measure, columns_of
from pipelines.model.points import CENT
from pipelines.model.rule import chosen
from pipelines.model.score import APART
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
TOGETHER, MONTHS_SAID = 0.25, 3  # by how much (logarithms) a city moves from month to month, if so many months say so
LOG_RATES = np.linspace(-6, 10, 321)  # logarithms of rows a month
ROUNDS, LEAST_SPREAD = 40, 0.3  # of the fit of the city's paces
UNLIKE, SEEN = 3, 0.25  # a past with so many times more or fewer rows a month says nothing; from so many months on
FOR_PLACES = 2  # finished months without which nothing tells how months differ
RATING = frozenset({"rated", "final_rating", "satisfied", "evaluation_pending"})
TINY = 1e-3
PLAIN = ("rate", "occurrence", "assessed", "award")  # kinds of rules that counts alone decide


@dataclass(frozen=True)
class Likely:
    """By unit_id: lowest and highest total (hundredths) and best and worst place that are likely.

    The place is None for a unit without one so far, and for all where ``no_place`` tells why; ``why_not`` tells why
    there is no interval at all. ``months`` is how many finished months it rests on.
    """

    total: Mapping[str, tuple[int, int]]
    place: Mapping[str, tuple[int, int] | None]
    months: int
    why_not: Words | None = None
    no_place: Words | None = None


def likely(watched: Watched, history: Iterable[Cube] = (), seed: int = 1, draws: int = DRAWS) -> Likely:
    """The intervals that are meant to hold ``LEVEL`` of the ends.

    ``history`` are the counts of finished periods, newest first.
    """
    model = _Model(watched, list(history))
    if why := model.why_not():
        return Likely({}, {}, model.months, why)
    total, place = model.drawn(np.random.default_rng(seed), draws)
    no_place = say("running.no_forecast_place") if model.months < FOR_PLACES else None
    inner, lines = [(1 - LEVEL) / 2, (1 + LEVEL) / 2], dict(enumerate(watched.watch.missed.unit_ids))
    low, high = np.quantile(total, inner, axis=0, method="closest_observation")
    best, worst = np.quantile(place, inner, axis=0, method="closest_observation")
    with_place = model.ranked & (no_place is None)
    return Likely(
        {id: (int(low[k]), int(high[k])) for k, id in lines.items()},
        {id: (int(best[k]), int(worst[k])) if with_place[k] else None for k, id in lines.items()},
        model.months,
        no_place=no_place,
    )


class _Model:
    def __init__(self, watched: Watched, history: list[Cube]) -> None:
        self.watched, self.watch = watched, watched.watch
        self.book, self.readings = self.watch.rulebook, self.watch.readings
        self.city, self.at = self.watch.missed, watched.at
        used = {id for rule in self.book.rules.values() for id in (rule.part, rule.of, rule.measure)}
        self.measures = [one for one in self.book.measures.values() if one.id in self._asked({*used, CASE_ROWS})]
        self.now = {one.id: self.city.count(one.id, self.readings) for one in self.measures}
        held = watched.held_cube
        self.room = {one.id: held.count(one.id, self.readings) - self.now[one.id] for one in self.measures}
        self.past, self.history = self._past(history), history
        self.months = next((len(table[0]) for table in self.past.values()), 0)
        at_unit = {one.unit_id: one for one in watched.standings}
        standings = [at_unit[id] for id in self.city.unit_ids]
        self.ranked = np.array([one.rank is not None for one in standings], bool)
        # without a place for want of cases alone: some of these join before the end
        self.waits = np.array([one.notes in (("no_cases",), APART) for one in standings], bool)

    def _asked(self, used: set[str]) -> set[str]:
        """The measures that rules name, with those that they are a part of."""
        known = {id for id in used if id in self.book.measures}
        while more := {self._among(self.book.measures[id]) for id in known} - known - {""}:
            known |= more
        return known

    def _among(self, one: Measure) -> str:
        """The measure that one is a part of: case rows of all case rows, where the book names no other."""
        return one.among or (CASE_ROWS if one.counts == CASE_ROWS and one.id != CASE_ROWS else "")

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
        return self._unlike()

    def _unlike(self) -> Words | None:
        """That far more or far fewer case rows come than in the periods before."""
        running, before = 1 - self._left(self.at), sum(len(cube.months) for cube in self.history)
        own = self.months - before
        seen, months = self.past[CASE_ROWS][:, :own].sum() + self.watched.came.sum(), own + _part(running)
        if not before or months < SEEN:
            return None
        now, then = seen / months, self.past[CASE_ROWS][:, own:].sum() / before
        if now <= UNLIKE * then and then <= UNLIKE * now:
            return None
        return say("running.no_forecast_pace", now=round(now), then=round(then), times=UNLIKE)

    def _left(self, at: datetime) -> np.ndarray:
        """Of every month the share that is still to come at an instant."""
        found = []
        for month in self.city.months:
            first = datetime(int(month[:4]), int(month[5:]), 1)
            end = datetime(first.year + first.month // 12, first.month % 12 + 1, 1)
            found.append(min(max((end - at) / (end - first), 0.0), 1.0))
        return np.array(found)

    def drawn(self, rng: np.random.Generator, draws: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw × unit: totals in hundredths, and places among the ranked."""
        units = len(self.city.unit_ids)
        left = np.broadcast_to(self._left(self.at), (draws, units, len(self.city.months)))
        swing = rng.gamma(SWING, 1 / SWING, (draws, units, 1))  # one month has more of everything than another
        swing = swing * _together(np.log(self.past[CASE_ROWS].sum(axis=0) + 0.5), rng, draws)[:, None, None]
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
        enough = np.asarray(scores.case_rows).reshape(draws, units) >= max(self.book.ranking.apart_below, 1)
        ranked = self.ranked | self.waits & enough
        placed = [np.where(among, places(row, among), 0) for row, among in zip(figure, ranked, strict=True)]
        return total.reshape(draws, units), np.stack(placed)

    def _awards(self, rng: np.random.Generator, draws: int) -> np.ndarray:
        """Draw × unit: hundredths of awards to come, as many a month as there were, each like one of those."""
        rules = {rule.measure: rule for rule in self.book.rules.values() if rule.kind == "award"}
        cubes, ids = [self.city, *self.history], self.city.unit_ids
        worth = [
            int(rules[kind].award * rules[kind].times * CENT)
            for cube in cubes
            for kind in cube.awards.types
            if kind in rules
        ]
        months = len(self.city.months) - self._left(self.at).sum() + sum(len(cube.months) for cube in self.history)
        count = np.zeros(len(ids))
        for cube in cubes:
            of = [ids.index(cube.unit_ids[k]) for k in cube.awards.unit.tolist() if cube.unit_ids[k] in ids]
            count += np.bincount(np.array(of, np.int64), minlength=len(ids))
        if not worth:
            return np.zeros((draws, len(ids)), np.int64)
        rate = rng.gamma(count + MONTHS * count.mean() + TINY, 1 / (months + MONTHS), (draws, len(ids)))
        number = rng.poisson(rate * self._left(self.at).sum())
        found = np.zeros(number.shape, np.int64)
        for k in range(int(number.max(initial=0))):
            found += np.where(number > k, rng.choice(np.array(worth), number.shape), 0)
        bonus = next((item.bonus for item in self.book.items.values() if not item.full_marks), None)
        most = chosen(bonus.cap, self.readings) if bonus else "none"
        return found if most == "none" else np.minimum(found, int(Fraction(most) * CENT))

    def _in_order(self) -> list[Measure]:
        """Every measure after the one that it is a part of."""

        def depth(one: Measure) -> int:
            return 1 + depth(self.book.measures[self._among(one)]) if self._among(one) else 0

        return sorted(self.measures, key=depth)

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
        among = self._among(one)
        if not among:
            return self._to_come(one, past, now, left, swing, rng)
        whole = self.past[among].sum(axis=1)
        share = _share(past.sum(axis=1), whole, rng, len(left))
        odds = _together(_log_odds(past.sum(axis=0), self.past[among].sum(axis=0)), rng, len(left))[:, None]
        share = (share * odds / (1 - share + share * odds))[:, :, None]
        fresh = np.maximum(added[among], 0)
        whole_now = self.now[among]
        if one.better == "fewer":
            # all that is open counts as missed already: of what falls due from now on, some is done in time after all
            room = self.room[one.id]
            due = np.rint((whole_now + fresh) * left).astype(np.int64) if room.any() else fresh
            return room + rng.binomial(due, np.broadcast_to(share, due.shape))
        open_now = whole_now - now
        if (self.room[one.id] != 0).any() or RATING & set().union(*map(columns_of, one.where)) == {"rated"}:
            short = (share * whole_now - now) / np.maximum(open_now, 1)
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
        months, seen = past.shape[1], past.sum(axis=1)
        if one.id == CASE_ROWS:  # of these is known when they came, and how long after that they count
            months, seen = months + _part(1 - self._left(self.at)), seen + self.watched.came
        rate = _pace(seen, months, rng, len(left))[:, :, None] * swing
        if one.id == CASE_ROWS:
            return rng.poisson(rate * self._left(self.at + self.watched.lag))
        if one.better == "fewer":  # all that is open counts as missed already: some of it is done in time after all
            return self.room[one.id] + rng.poisson(rate * left)
        return rng.poisson(np.maximum(rate - now, 0) * (left > 0))


def _part(passed: np.ndarray) -> float:
    """Of the month that is running the share that has passed, from that of all months."""
    return float(passed[(passed > 0) & (passed < 1)].sum())


def _pace(rows: np.ndarray, months: float, rng: np.random.Generator, draws: int) -> np.ndarray:
    """Draw × unit: rows a month, each unit's between its own and the city's: Poisson, with log-normal rates by EM."""
    told = rows[:, None] * LOG_RATES - months * np.exp(LOG_RATES)
    told -= told.max(axis=1, keepdims=True)
    middle, spread = np.log(max(rows.mean() / months, TINY)), 1.0
    for _ in range(ROUNDS):
        weight = np.exp(told - ((LOG_RATES - middle) / spread) ** 2 / 2)
        weight /= weight.sum(axis=1, keepdims=True)
        middle = (weight @ LOG_RATES).mean()
        spread = max(np.sqrt((weight @ (LOG_RATES - middle) ** 2).mean()), LEAST_SPREAD)
    up_to, drawn = weight.cumsum(axis=1), rng.random((draws, len(rows)))
    return np.exp(np.stack([np.interp(drawn[:, k], one, LOG_RATES) for k, one in enumerate(up_to)], axis=1))


def _together(months: np.ndarray, rng: np.random.Generator, draws: int) -> np.ndarray:
    """Draw: by what factor the whole city moves, from its months so far as logarithms."""
    apart = (MONTHS_SAID * TOGETHER**2 + ((months - months.mean()) ** 2).sum()) / (MONTHS_SAID + len(months) - 1)
    return np.exp(rng.normal(0, min(np.sqrt(apart), 2 * TOGETHER), draws))


def _log_odds(hits: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Of the city's months."""
    return np.log(hits + 0.5) - np.log(np.maximum(of - hits, 0) + 0.5)


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
