"""A rulebook from its weak side: which behaviour buys most points per case, which clauses tell no units apart."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from pipelines.laboratory import answer, html
from pipelines.laboratory.answer import copied
from pipelines.laboratory.steps import variants
from pipelines.lazy import pandas
from pipelines.model.measure import CASE_ROWS
from pipelines.model.points import CENT
from pipelines.model.rule import Rulebook

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
        return "".join(html.table(frame, title) for title, frame in self._tables)

    @property
    def _tables(self) -> tuple:
        return ("points per case 每件所得分数", self._frame), ("clauses 条款", self._clauses)
