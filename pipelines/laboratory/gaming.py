"""A rulebook from its weak side: which behaviour buys most points per case, which clauses tell no units apart."""

from dataclasses import dataclass, field

import numpy as np

from pipelines.laboratory.framed import copied
from pipelines.laboratory.steps import variants
from pipelines.model.points import CENT

NEAR = 0.95  # of the units, from which an item counts as the same for all
# One case handled so, as counts move: behaviour -> measure -> by how much.
BEHAVIOURS = {
    "handled_better": {"completed": 1, "satisfied": 1},  # the honest way, to compare with
    "closed_unsolved": {"completed": 1},
    "late_case_excluded": {"late_reply": -1, "due": -1, "case_rows": -1},
    "open_case_excluded": {"due": -1, "case_rows": -1},
    "dissatisfied_not_asked": {"rated": -1},
    "satisfied_asked_more": {"rated": 1, "satisfied": 1},
    "basic_talked_up": {"satisfied": 1},
}
NEEDS = {  # what must be there for it: a measure less another
    "handled_better": ("due", "completed"), "closed_unsolved": ("due", "completed"),
    "late_case_excluded": ("late_reply", ""), "open_case_excluded": ("due", "completed"),
    "dissatisfied_not_asked": ("rated", "satisfied"), "satisfied_asked_more": ("due", "rated"),
    "basic_talked_up": ("rated", "satisfied"),
}


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
        import pandas

        names = ["behaviour", "possible", "buys", "mean_points", "most_points", "most_for"]
        rows = [self._line(name) for name in BEHAVIOURS]
        frame = pandas.DataFrame(rows, columns=names)
        return frame.sort_values(["mean_points", "behaviour"], ascending=[False, True]).reset_index(drop=True)

    @copied
    def clauses(self):
        """Shares of the units at full marks and at zero, and the spread of the points."""
        import pandas

        scores, rows = self.scenario.scores, []
        for item in self.scenario.rulebook.items.values():
            marks, full = scores.items[item.id], int(item.full_marks * CENT)
            at_full, at_zero = float((marks == full).mean()) if full else 0.0, float((marks == 0).mean())
            rows.append((item.id, item.title.zh, item.title.en, at_full, at_zero,
                         float(marks.std()) / CENT, max(at_full, at_zero) < NEAR))
        names = ["item_id", "title", "title_en", "at_full_marks", "at_zero", "spread", "tells_apart"]
        return pandas.DataFrame(rows, columns=names)

    def _line(self, name: str) -> tuple:
        cube, readings = self.scenario.world.cube, self.scenario.readings
        counts = cube.counts(readings)
        more, less = NEEDS[name]
        possible = np.argwhere(counts[more] - (counts[less] if less else 0) > 0)
        if not len(possible):
            return name, 0, 0, 0.0, 0.0, ""
        changes = [(int(unit), {(measure, int(month)): by for measure, by in BEHAVIOURS[name].items()})
                   for unit, month in possible]
        was = self.scenario.scores.base if readings["rank_on"] == "base" else self.scenario.scores.total
        gain = variants(self.scenario, changes) - was[possible[:, 0]]
        best = int(gain.argmax())
        most_for = self.scenario.world.registers[cube.unit_ids[possible[best, 0]]].unit.unit_name
        return (name, len(possible), int((gain > 0).sum()), round(float(gain.mean()) / CENT, 4),
                float(gain[best]) / CENT, most_for if gain[best] > 0 else "")

    def __repr__(self) -> str:
        from pipelines.laboratory.plain import table

        return "\n\n".join(table(frame, title) for title, frame in self._tables)

    def _repr_html_(self) -> str:
        from pipelines.laboratory.html import table

        return "".join(table(frame, title) for title, frame in self._tables)

    @property
    def _tables(self) -> tuple:
        return ("points per case 每件所得分数", self._frame), ("clauses 条款", self._clauses)
