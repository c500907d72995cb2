"""A quarter to be scored: typed tables, period, cutoff and the readings in force."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from .moments import cutoff_of, period_bounds
from .tables import RawTables, Row, read_folder, typed

# every reading, its default first
READINGS: dict[str, tuple[str, ...]] = {
    "attribution": ("reply_due", "dispatched"),
    "joint_cases": ("lead_only", "all"),
    "extension": ("approved", "requested_in_time"),
    "completed": ("by_cutoff", "by_deadline"),
    "satisfied": ("with_basic", "full_only"),
    "unrated": ("left_out", "satisfied"),
    "pending_evaluation": ("dissatisfied", "left_out"),
    "evaluation_clock": ("reminder", "assignment"),
    "shortfall": ("whole_steps", "pro_rata", "any_part"),
    "months": ("sum", "mean", "pooled"),
    "same_matter": ("highest", "first"),
    "same_matter_scope": ("all_awards", "same_type"),
    "bonus_cap": ("none", "0", "3", "4.25"),  # any number with at most 2 decimals; these stand for them
    "missing_assessment": ("full", "zero", "stop"),
    "rank_on": ("total", "base"),
    "unmeasured": ("full", "left_out", "reweighted", "zero"),
    "counted_before": ("left_out", "again"),
}


@dataclass(frozen=True)
class Quarter:
    """What every definition looks at."""

    tables: Mapping[str, list[Row]]
    period: str
    start: datetime
    end: datetime
    cutoff: datetime
    readings: Mapping[str, str]
    absent: frozenset[str] = frozenset()  # tables and table.column names declared absent
    counted: frozenset[tuple[str, str]] = frozenset()  # (unit, case) that an earlier published quarter counted

    def covers(self, moment: datetime | date) -> bool:
        """Period: its first instant belongs to it, the next quarter's first instant does not."""
        if not isinstance(moment, datetime):
            return self.start.date() <= moment < self.end.date()
        return self.start <= moment < self.end

    def seen(self, moment: datetime | None) -> datetime | None:
        """Cutoff: a time at or after it is treated as empty."""
        return moment if moment is not None and moment < self.cutoff else None


def open_quarter(
    exports: Path | str | RawTables, period: str, cutoff: str | datetime | None, readings: Mapping[str, str],
    absent: Iterable[str] = (), counted: Iterable[tuple[str, str]] = (),
) -> Quarter:
    """A folder or text tables as a Quarter, the readings completed by their defaults; unknown readings are errors."""
    unknown = set(readings) - set(READINGS)
    if unknown:
        raise ValueError(f"unknown readings: {sorted(unknown)}")
    tables = typed(exports if isinstance(exports, Mapping) else read_folder(Path(exports)))
    in_force = {name: values[0] for name, values in READINGS.items()} | dict(readings)
    bounds = (*period_bounds(period), cutoff_of(period, cutoff))
    return Quarter(tables, period, *bounds, in_force, frozenset(absent), frozenset(counted))
