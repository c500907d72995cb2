"""Case rows that an earlier published quarter counted already."""

from dataclasses import dataclass
from pathlib import Path

from pipelines.model.period import Period


@dataclass(frozen=True)
class CountedList:
    """The list of an earlier quarter's counted case rows, as its published edition keeps it; for the office alone."""

    period: Period
    file: Path
    sha256: str


@dataclass(frozen=True)
class CountedRow:
    """A case row that is left out because the quarter ``counted_in`` counted it."""

    unit_id: str
    case_id: str
    counted_in: str
