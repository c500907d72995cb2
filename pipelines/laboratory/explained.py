"""A unit's score from full marks to the case, as a notebook shows it, with the cheapest step to a better place."""

from dataclasses import dataclass, field

from pipelines.edges.published import PublishedQuarter
from pipelines.explain import Explanation, explain
from pipelines.laboratory.framed import copied
from pipelines.laboratory.steps import Step, next_step, no_step

COLUMNS = ("item_id", "full_marks", "clause", "rule_id", "month", "case_id", "ref_id", "points", "detail", "score")


@dataclass(frozen=True, eq=False, repr=False)
class Explained:
    """``frame`` holds the unit's ledger lines with their items; ``step`` the cheapest way to a better place."""

    explanation: Explanation = field(repr=False)
    step: Step | None

    @classmethod
    def of(cls, quarter, unit: str) -> "Explained":
        """Of the unit with this id or name; UsageRefusal with the nearest name for one that is not there."""
        explanation = explain(PublishedQuarter.open(quarter.folder), str(unit))
        return cls(explanation, next_step(quarter.as_it_was, explanation.unit["unit_id"]))

    @copied
    def frame(self):
        """A line of the ledger with the full marks and the score of its item."""
        import pandas

        rows = [
            (item.item_id, float(item.full_marks), line["clause"], line["rule_id"], line["month"], line["case_id"],
             line["ref_id"], float(line["points"]), line["detail"], float(item.score))
            for item in self.explanation.items for line in item.lines
        ]
        return pandas.DataFrame(rows, columns=list(COLUMNS))

    @property
    def says(self) -> str:
        """Place and points in a line, then the step."""
        unit = self.explanation.unit
        sums = f"{unit['total']} = {unit['base']} + {unit['bonus']}"
        head = f"{unit['unit_id']} {unit['unit_name']}: {sums}, {unit['rank'] or '–'}"
        if not unit["rank"]:
            return head
        words = self.step.says if self.step else no_step(int(unit["rank"]))
        return f"{head}\n{words.zh}\n{words.en}"

    def __repr__(self) -> str:
        from pipelines.laboratory.plain import table

        return table(self._frame, self.says)

    def _repr_html_(self) -> str:
        from pipelines.laboratory.html import lines, table

        return lines(self.says.splitlines()) + table(self._frame)
