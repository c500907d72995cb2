"""Counterfactuals: what one more case handled otherwise would have meant for a unit, everything else as it was."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from pipelines.edges.wording import say
from pipelines.engines.batch import by_item
from pipelines.engines.vector import item_scores, stretch
from pipelines.model.points import CENT, shown
from pipelines.model.words import Words

# What one case more or fewer does to the counts of a month: step -> measure -> by how much.
BETTER = {
    "replied": {"late_reply": -1}, "signed": {"late_signing": -1}, "no_refusal": {"refusal": -1},
    "no_attitude": {"attitude": -1}, "closed": {"completed": 1}, "satisfied": {"satisfied": 1},
    "instruction_closed": {"instructions_closed": 1}, "instruction_implemented": {"instructions_implemented": 1},
}
ROOM = {"completed": "due", "satisfied": "rated", "instructions_closed": "instructions_due",
        "instructions_implemented": "instructions_due"}
MOST = 30  # cases that still count as one step


@dataclass(frozen=True)
class Step:
    """``n`` cases of one kind in one month, and the unit's points and place with it (hundredths)."""

    unit_id: str
    name: str
    month: str
    n: int
    gain: int
    place: int
    better: int

    @property
    def says(self) -> Words:
        """The step as a sentence."""
        facts = {"n": self.n, "month": int(self.month[-2:]) if self.month else "", "gain": shown_cents(self.gain),
                 "place": self.place, "better": self.better}
        return say(f"laboratory.step_{self.name}", **facts)


def shown_cents(cents: int) -> str:
    """Hundredths as text."""
    from fractions import Fraction

    return shown(Fraction(cents, CENT))


def variants(scenario, changes: list[tuple[int, dict[tuple[str, int], int]]]) -> np.ndarray:
    """What ranks, in hundredths, of units with other counts.

    ``changes`` are pairs of a unit's position and {(measure, month): by how much}.
    """
    cube, readings = scenario.world.cube, scenario.readings
    rows = np.array([unit for unit, _ in changes], np.int64)
    counts = {name: table[rows].copy() for name, table in cube.counts(readings).items()}
    for row, (_, change) in enumerate(changes):
        for (measure, month), by in change.items():
            table = counts[measure]
            table[row, min(month, table.shape[1] - 1)] += by
    ids = tuple(map(str, range(len(rows))))
    awards = replace(cube.awards, **{name: getattr(cube.awards, name)[:0] for name in
                                     ("unit", "matter", "matter_of_type", "earliest")}, types=())
    some = replace(cube, unit_ids=ids, rows={}, awards=awards,
                   assessed={item: scores[rows] for item, scores in cube.assessed.items()}, _kept={})
    figure = np.zeros(len(rows), np.int64)
    for item, rules in by_item(scenario.rulebook):
        if item.full_marks:
            figure += item_scores(some, counts, list(rules), item, readings)
    if readings["rank_on"] == "base":
        return figure
    return figure + stretch(some, counts, by_item(scenario.rulebook), readings, figure) + scenario.scores.bonus[rows]


def next_step(scenario, unit_id: str) -> Step | None:
    """The step with the fewest cases that betters a unit's place, the one with most points among equals; or None."""
    return _steps_of(scenario, [scenario.scores.unit_ids.index(unit_id)]).get(unit_id)


def no_step(place: int) -> Words:
    """Why a unit is told no step."""
    return say("laboratory.step_first") if place == 1 else say("laboratory.step_none", place=place, most=MOST)


def next_steps(scenario):
    """The next step of every ranked unit, as a frame in listing order; empty figures where no single step does."""
    import pandas

    order = [k for k in scenario.placed.order if scenario.placed.place[k]]
    found, rows = _steps_of(scenario, order), []
    for k in order:
        id = scenario.scores.unit_ids[k]
        step, unit = found.get(id), scenario.world.registers[id].unit
        place = int(scenario.placed.place[k])
        words = step.says if step else no_step(place)
        rows.append((id, unit.unit_name, place, step.better if step else None, step.n if step else None,
                     step.gain / CENT if step else None, words.zh, words.en))
    names = ["unit_id", "unit_name", "place", "better_place", "cases", "points", "step", "step_en"]
    return pandas.DataFrame(rows, columns=names).astype({"better_place": "Int64", "cases": "Int64"})


def _steps_of(scenario, units: list[int]) -> dict[str, Step]:
    """The best step of each of these units, by unit_id."""
    figure = scenario.scores.base if scenario.readings["rank_on"] == "base" else scenario.scores.total
    ranked = scenario.placed.place > 0
    asked = [(unit, *step) for unit in units if ranked[unit] for step in _possible(scenario, unit)]
    if not asked:
        return {}
    totals = variants(scenario, [(unit, {(measure, month): by * n}) for unit, _, measure, month, by, n in asked])
    best: dict[str, Step] = {}
    for (unit, name, measure, month, _, n), total in zip(asked, totals.tolist(), strict=True):
        others = figure[ranked & (np.arange(len(figure)) != unit)]
        place, better = int(scenario.placed.place[unit]), 1 + int((others > total).sum())
        if better < place:
            id, whole = scenario.scores.unit_ids[unit], measure.startswith("instructions")
            step = Step(id, name, "" if whole else scenario.world.cube.months[month], n, total - int(figure[unit]),
                        place, better)
            if id not in best or (n, -step.gain) < (best[id].n, -best[id].gain):
                best[id] = step
    return best


def _possible(scenario, unit: int) -> Iterator[tuple[str, str, int, int, int]]:
    """(step, measure, month, by, n) for as many cases as there are."""
    counts = scenario.world.cube.counts(scenario.readings)
    for name, change in BETTER.items():
        (measure, by), = change.items()
        table = counts[measure]
        for month in range(table.shape[1]):
            there = table[unit, month]
            room = there if by < 0 else counts[ROOM[measure]][unit, month] - there
            for n in range(1, min(int(room), MOST) + 1):
                yield name, measure, month, by, n
