"""What one case would have meant: counterfactuals of units, and the weak sides of a rulebook that they show."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from pipelines.engines.batch import by_item
from pipelines.engines.cube import Counts, Cube
from pipelines.engines.vector import item_scores, sums_of
from pipelines.laboratory import answer
from pipelines.laboratory.answer import copied
from pipelines.lazy import pandas
from pipelines.model.measure import CASE_ROWS, Measure
from pipelines.model.points import CENT, shown
from pipelines.model.rule import Rulebook
from pipelines.model.words import Words
from pipelines.wording import say

# Counterfactuals: what one more case handled otherwise would have meant for a unit, everything else as it was.


DIRECTION = {"more": 1, "fewer": -1}
MOST = 30  # cases that still count as one step


@dataclass(frozen=True)
class Step:
    """``n`` cases of a measure in a month ("" = the period), and the unit's points (hundredths) and place with it."""

    unit_id: str
    measure: Measure
    month: str
    n: int
    gain: int
    place: int
    better: int

    @property
    def says(self) -> Words:
        """The step as a sentence."""
        facts = {
            "n": self.n,
            "gain": shown_cents(self.gain),
            "place": self.place,
            "better": self.better,
            "month": say("laboratory.step_month", month=int(self.month[-2:])) if self.month else Words("", ""),
            "measure": self.measure.title,
        }
        return say(f"laboratory.step_{self.measure.better}", **facts)


def shown_cents(cents: int) -> str:
    """Hundredths as text."""
    return shown(Fraction(cents, CENT))


def variants(scenario, changes: list[tuple[int, dict[tuple[str, int], int]]]) -> np.ndarray:
    """What ranks, in hundredths, of units with other counts.

    ``changes`` are pairs of a unit's position and {(measure, month): by how much}.
    """
    cube, readings = scenario.world.cube, scenario.readings
    rows = np.array([unit for unit, _ in changes], np.int64)
    changed: dict[str, np.ndarray] = {}
    for row, (_, change) in enumerate(changes):
        for (measure, month), by in change.items():
            table = changed.setdefault(measure, np.zeros((len(rows), len(cube.months)), np.int64))
            table[row, month] += by
    counts = Counts(cube, readings, rows, changed)
    ids = tuple(map(str, range(len(rows))))
    awards = replace(
        cube.awards,
        **{name: getattr(cube.awards, name)[:0] for name in ("unit", "matter", "matter_of_type", "earliest")},
        types=(),
    )
    some = replace(
        cube,
        unit_ids=ids,
        rows={},
        given={id: (there[rows], n[rows]) for id, (there, n) in cube.given.items()},
        awards=awards,
        groups=cube.groups[rows],
        assessed={item: scores[rows] for item, scores in cube.assessed.items()},
        before={key: was[rows] for key, was in cube.before.items()},
        _kept={},
    )
    book = scenario.rulebook
    found = _figure(scenario, replace(book, sheets={}), some, counts, rows)
    for group in book.sheets:
        found = np.where(some.groups == group, _figure(scenario, book.of_group(group), some, counts, rows), found)
    return found


def _figure(scenario, book: Rulebook, some: Cube, counts: Counts, rows: np.ndarray) -> np.ndarray:
    """The base or total by one sheet; bonus items are as they were."""
    readings, sheet = scenario.readings, by_item(book)
    items = {
        item.id: item_scores(some, counts, rules, item, readings)
        if item.full_marks
        else scenario.scores.items[item.id][rows]
        for item, rules in sheet
    }
    sums = sums_of(some, counts, book, sheet, items, readings)
    return sums.base if book.ranked_by(readings) == "base" else sums.base + sums.bonus + sums.whole


def next_step(scenario, unit_id: str) -> Step | None:
    """The step with the fewest cases that betters a unit's place, the one with most points among equals; or None."""
    return _steps_of(scenario, [scenario.scores.unit_ids.index(unit_id)]).get(unit_id)


def no_step(place: int) -> Words:
    """Why a unit is told no step."""
    return say("laboratory.step_first") if place == 1 else say("laboratory.step_none", place=place, most=MOST)


def next_steps(scenario):
    """The next step of every ranked unit, as a frame in listing order; empty figures where no single step does."""
    order = [k for k in scenario.placed.order if scenario.placed.place[k]]
    found, rows = _steps_of(scenario, order), []
    for k in order:
        id = scenario.scores.unit_ids[k]
        step, unit = found.get(id), scenario.world.registers[id].unit
        place = int(scenario.placed.place[k])
        words = step.says if step else no_step(place)
        rows.append(
            (
                id,
                unit.unit_name,
                place,
                step.better if step else None,
                step.n if step else None,
                step.gain / CENT if step else None,
                words.zh,
                words.en,
            )
        )
    names = ["unit_id", "unit_name", "place", "better_place", "cases", "points", "step", "step_en"]
    return pandas.DataFrame(rows, columns=names).astype({"better_place": "Int64", "cases": "Int64"})


def _steps_of(scenario, units: list[int]) -> dict[str, Step]:
    """The best step of each of these units, by unit_id."""
    figure = scenario.figure
    ranked = scenario.placed.place > 0
    asked = [(unit, *step) for unit in units if ranked[unit] for step in _possible(scenario, unit)]
    if not asked:
        return {}
    totals = variants(scenario, [(unit, {(m.id, month or 0): DIRECTION[m.better] * n}) for unit, m, month, n in asked])
    best: dict[str, Step] = {}
    for (unit, measure, month, n), total in zip(asked, totals.tolist(), strict=True):
        others = figure[ranked & (np.arange(len(figure)) != unit)]
        place, better = int(scenario.placed.place[unit]), 1 + int((others > total).sum())
        if better < place:
            id = scenario.scores.unit_ids[unit]
            named = "" if month is None else scenario.world.cube.months[month]
            step = Step(id, measure, named, n, total - int(figure[unit]), place, better)
            if id not in best or (n, -step.gain) < (best[id].n, -best[id].gain):
                best[id] = step
    return best


def _possible(scenario, unit: int) -> Iterator[tuple[Measure, int | None, int]]:
    """(measure, month, n) for as many cases as there are; no month where its rules judge the period as a whole."""
    counts, rules = scenario.world.cube.counts(scenario.readings), list(scenario.rulebook.rules.values())
    for id, measure in scenario.rulebook.measures.items():
        named = [rule for rule in rules if id == (rule.part if measure.better == "more" else rule.measure)]
        named = [rule for rule in named if rule.kind in ("occurrence", "rate")]
        if not named or not measure.better:
            continue
        room = counts.occurrences(named[0]) if measure.better == "fewer" else counts[named[0].of] - counts[id]
        whole = all(rule.kind == "rate" and not rule.by_month for rule in named)
        months = [(None, int(room[unit].sum()))] if whole else list(enumerate(room[unit].tolist()))
        for month, most in months:
            for n in range(1, min(most, MOST) + 1):
                yield measure, month, n


# A rulebook from its weak side: which behaviour buys most points per case, which clauses tell no units apart.


NEAR = 0.95  # of the units, from which an item counts as the same for all


@dataclass(frozen=True)
class Behaviour:
    """One case handled so: what that does to a month's counts, and what must be there for it (``more`` − ``less``)."""

    name: str
    changes: Mapping[str, int]  # measure -> by how much
    more: str
    less: str = ""


def behaviours(rulebook: Rulebook) -> list[Behaviour]:
    """What the book's rates and occurrences invite to: handling better, asking more, and keeping cases out."""
    rules = list(rulebook.rules.values())
    rates = list(dict.fromkeys((rule.part, rule.of) for rule in rules if rule.kind == "rate"))
    rates = [(part, of) for part, of in rates if rulebook.measures[of].counts == CASE_ROWS]
    roots = [of for of in dict.fromkeys(of for _, of in rates) if not rulebook.measures[of].among]
    out = dict.fromkeys((*roots, CASE_ROWS), -1)
    found = []
    if rates:  # the honest way, to compare with
        found.append(Behaviour("all_better", {part: 1 for part, _ in rates}, rates[0][1], rates[0][0]))
    for part, of in rates:
        found.append(Behaviour(f"{part}_more", {part: 1}, of, part))
        whole = rulebook.measures[of].among
        if whole:
            found.append(Behaviour(f"{of}_kept_out", {of: -1}, of, part))
            found.append(Behaviour(f"{of}_asked_more", {of: 1, part: 1}, whole, of))
        else:
            found.append(Behaviour(f"{of}_kept_out", {**out, of: -1}, of, part))
    for rule in rules:
        if rule.kind == "occurrence" and rulebook.measures[rule.measure].counts == CASE_ROWS:
            found.append(Behaviour(f"{rule.measure}_excluded", {rule.measure: -1, **out}, rule.measure))
    return found


@dataclass(frozen=True, eq=False, repr=False)
class Gaming:
    """``frame``: a line a behaviour; ``clauses``: a line an item, whether it still tells units apart."""

    scenario: object = field(repr=False)

    @classmethod
    def of(cls, scenario) -> "Gaming":
        """Of a scenario's rulebook on its quarter."""
        return cls(scenario)

    @copied
    def frame(self):
        """Points per case that each behaviour buys: where it is possible, on average and at most, and for whom."""
        names = ["behaviour", "possible", "buys", "mean_points", "most_points", "most_for"]
        rows = [self._line(one) for one in behaviours(self.scenario.rulebook)]
        frame = pandas.DataFrame(rows, columns=names)
        return frame.sort_values(["mean_points", "behaviour"], ascending=[False, True]).reset_index(drop=True)

    @copied
    def clauses(self):
        """Shares of the units at full marks and at zero, and the spread of the points."""
        scores, rows = self.scenario.scores, []
        for item in self.scenario.rulebook.items.values():
            marks, full = scores.items[item.id], int(item.full_marks * CENT)
            at_full, at_zero = float((marks == full).mean()) if full else 0.0, float((marks == 0).mean())
            rows.append(
                (
                    item.id,
                    item.title.zh,
                    item.title.en,
                    at_full,
                    at_zero,
                    float(marks.astype(float).std()) / CENT,
                    max(at_full, at_zero) < NEAR,
                )
            )
        names = ["item_id", "title", "title_en", "at_full_marks", "at_zero", "spread", "tells_apart"]
        return pandas.DataFrame(rows, columns=names)

    def _line(self, one: Behaviour) -> tuple:
        cube, readings = self.scenario.world.cube, self.scenario.readings
        counts = cube.counts(readings)
        possible = np.argwhere(counts[one.more] - (counts[one.less] if one.less else 0) > 0)
        if not len(possible):
            return one.name, 0, 0, 0.0, 0.0, ""
        changes = [
            (int(unit), {(measure, int(month)): by for measure, by in one.changes.items()}) for unit, month in possible
        ]
        was = self.scenario.figure
        gain = variants(self.scenario, changes) - was[possible[:, 0]]
        best = int(gain.argmax())
        most_for = self.scenario.world.registers[cube.unit_ids[possible[best, 0]]].unit.unit_name
        return (
            one.name,
            len(possible),
            int((gain > 0).sum()),
            round(float(gain.astype(float).mean()) / CENT, 4),
            float(gain[best]) / CENT,
            most_for if gain[best] > 0 else "",
        )

    def __repr__(self) -> str:
        return "\n\n".join(answer.table(frame, title) for title, frame in self._tables)

    def _repr_html_(self) -> str:
        return "".join(answer.html_table(frame, title) for title, frame in self._tables)

    @property
    def _tables(self) -> tuple:
        return ("points per case 每件所得分数", self._frame), ("clauses 条款", self._clauses)
