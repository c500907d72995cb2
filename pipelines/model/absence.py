"""What the exports do not hold, and which measures cannot be counted without it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

AWARDS = "awards"  # what every type of award is counted from, as a measure


@dataclass(frozen=True)
class Needs:
    """Tables and ``table.column`` names that a measure is counted from; ``under`` adds some by a reading's value."""

    always: frozenset[str]
    under: tuple[tuple[str, str, frozenset[str]], ...] = ()  # (reading, value, names)


@dataclass(frozen=True)
class Absent:
    """Names declared absent (``incidents``, ``cases.replied_at``), and what each measure needs."""

    names: frozenset[str] = frozenset()
    needs: Mapping[str, Needs] = field(default_factory=dict, hash=False)

    def measures(self, readings: Mapping[str, str]) -> frozenset[str]:
        """The measures that cannot be counted under these readings."""
        return frozenset(measure for measure, needs in self.needs.items() if self._bars(needs, readings))

    def _bars(self, needs: Needs, readings: Mapping[str, str]) -> bool:
        added = [names for reading, value, names in needs.under if readings.get(reading) == value]
        return not self.names.isdisjoint(needs.always.union(*added))


NOTHING = Absent()  # everything is there
