"""A finished run's tallies: its marked rows and its cube, those of older runs too (semantics B7)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from pipelines.edges import tallies
from pipelines.edges.warehouse import Warehouse
from pipelines.engines.marks import derived_of, selection
from pipelines.model.marks import Marks
from pipelines.model.measure import CASE_ROWS
from pipelines.model.period import Period
from pipelines.model.rule import Rulebook
from pipelines.stages.measure import mark, tally

FORMAT_1 = ("case_rows", "incidents", "instructions")  # what a run kept from before measures were declared


@dataclass(frozen=True, eq=False)
class Kept:
    """The tallies beside a run's ``folder``, as ``layouts`` mark them; ``cutoff`` is the run's."""

    folder: Path
    period: Period
    cutoff: datetime
    rulebook: Rulebook
    layouts: Mapping[str, Marks]
    is_old: bool = False
    _tables: dict = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path, period: Period, cutoff: datetime, rulebook: Rulebook) -> "Kept":
        """Of the run that was scored by ``rulebook``; UsageRefusal where it keeps none or they cannot be read."""
        layouts = tallies.read_layouts(folder)
        return cls(folder, period, cutoff, rulebook, rulebook.marks if layouts is None else layouts, layouts is None)

    @property
    def cube(self):
        """`tallies.cube` as Arrow."""
        return self._of_format_1["cube"] if self.is_old else tallies.read_kept(self.folder, tallies.CUBE)

    def rows(
        self, counts: str, unit_ids: Iterable[str] | None = None, without_cases: Iterable[str] = (),
        columns: list[str] | None = None,
    ):
        """`facts.<table>_marked` as Arrow: of these units (all where None), without the rows of these cases."""
        if self.is_old:
            return tallies.chosen(self._of_format_1[counts], unit_ids, without_cases)
        return tallies.read_rows(self.folder, counts, unit_ids, without_cases, columns)

    def known_cases(self) -> list[str]:
        """Every case id of the quarter: those of its rows first, then what only other tables name."""
        found = (self.rows(counts, columns=["case_id"]) for counts in self.layouts)
        return [id for table in found for id in table["case_id"].to_pylist() if id is not None]

    def counted(self, readings: Mapping[str, str]):
        """case_id and unit_id of the case rows that count under the readings, as Arrow."""
        import numpy as np

        marks, table = self.layouts[CASE_ROWS], self.rows(CASE_ROWS)
        place, pattern = selection(self.rulebook.measures[CASE_ROWS], readings, marks)
        found = table[f"place_{place}"].to_numpy() > 0
        for word, bits in enumerate(pattern):
            found &= table[f"marks_{word}"].to_numpy().astype(np.uint64) & np.uint64(bits) == bits
        return table.filter(found).select(["case_id", "unit_id"])

    @cached_property
    def _of_format_1(self) -> dict[str, object]:
        """Counted table → its marked rows, and `cube` → the tally.

        Such a run kept flags instead of some moments; moments that come to the same flags stand for them.
        """
        warehouse = Warehouse()
        try:
            warehouse.run("facts/quarter", start=self.period.start, end=self.period.end, cutoff=self.cutoff)
            for name in FORMAT_1:
                warehouse.store(f"facts.kept_{name}", tallies.flagged_before(tallies.read_kept(self.folder, name)))
            named = {id: rule.measure for id, rule in self.rulebook.rules.items()}
            waivers = {counts: [(id, named.get(id, "")) for id in m.waivers] for counts, m in self.layouts.items()}
            warehouse.run_template("format_1/case_moments", waivers=waivers[CASE_ROWS])
            warehouse.run_template("facts/case_rows", derived=derived_of(CASE_ROWS))
            others = {counts: waivers[counts] for counts in FORMAT_1[1:]}
            warehouse.run_template("format_1/rows", **others)
            mark(warehouse, self.layouts)
            tally(warehouse, self.layouts, self.rulebook)
            rows = {counts: warehouse.arrow(f"facts.{counts}_marked") for counts in self.layouts}
            return {**rows, "cube": warehouse.arrow("tallies.cube")}
        finally:
            warehouse.close()


