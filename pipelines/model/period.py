"""A quarter of a year as a half-open span of local time."""

import re
from dataclasses import dataclass
from datetime import datetime

YEARS = range(1900, 9999)  # the end of the last quarter of 9999 would be no date


@dataclass(frozen=True, order=True)
class Period:
    """A quarter, written ``2026Q3``: from its first instant to, exclusive, the next quarter's."""

    year: int
    quarter: int

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Read ``2026Q3`` (also ``2026q3``, ``2026-Q3``); ValueError for anything else."""
        match = re.fullmatch(r"(\d{4})-?[Qq]([1-4])", text.strip())
        if not match or int(match[1]) not in YEARS:
            raise ValueError(text)
        return cls(int(match[1]), int(match[2]))

    @property
    def start(self) -> datetime:
        """First instant of the quarter."""
        return datetime(self.year, 3 * self.quarter - 2, 1)

    @property
    def end(self) -> datetime:
        """First instant after the quarter."""
        return self.next.start

    @property
    def months(self) -> tuple[str, str, str]:
        """The three months as ``2026-07``."""
        first = 3 * self.quarter - 2
        return tuple(f"{self.year}-{month:02d}" for month in range(first, first + 3))

    @property
    def next(self) -> "Period":
        """The quarter after this one."""
        return Period(self.year + self.quarter // 4, self.quarter % 4 + 1)

    @property
    def previous(self) -> "Period":
        """The quarter before this one."""
        return Period(self.year - (self.quarter == 1), (self.quarter - 2) % 4 + 1)

    def ago(self, quarters: int) -> "Period":
        """The quarter so many quarters before: 1 is the last, 4 the same of last year."""
        years, quarter = divmod(4 * self.year + self.quarter - 1 - quarters, 4)
        return Period(years, quarter + 1)

    def __str__(self) -> str:
        return f"{self.year}Q{self.quarter}"
