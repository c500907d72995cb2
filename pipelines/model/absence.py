"""What the exports do not hold, and which measures cannot be counted without it."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.model.measure import Measure

AWARDS = "awards"  # what every type of award is counted from, as a measure
AWARD_NEEDS = frozenset({AWARDS, "awards.award_type", "awards.matter", "awards.awarded_on", "awards.approved"})


@dataclass(frozen=True)
class Absent:
    """Tables and ``table.column`` names that the exports are declared not to hold."""

    names: frozenset[str] = frozenset()

    def measures(self, measures: Mapping[str, Measure]) -> frozenset[str]:
        """The measures that cannot be counted; `awards` stands for every type of award."""
        lacking = {id for id, measure in measures.items() if not self.names.isdisjoint(measure.needs)}
        return frozenset(lacking | ({AWARDS} if self.names & AWARD_NEEDS else set()))


NOTHING = Absent()  # everything is there
