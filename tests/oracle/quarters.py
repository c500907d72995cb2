"""Makes nasty random quarters: contract-clean exports, the same for a seed, crowded with edges."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from .draw import DAY, Draw, text_row
from .drawn_cases import draw_cases, draw_extensions, draw_joint
from .drawn_evaluations import draw_evaluations, draw_evaluators
from .drawn_events import draw_adjustments, draw_assessments, draw_awards, draw_incidents, draw_instructions
from .moments import period_bounds
from .quarter import READINGS
from .scorer import OracleResult, score
from .tables import RawTables
from .twins import add_twins

# Spring Festival, National Day, Mid-autumn, the long holiday of 2020 and the Victory Day make-up day of 2015
PERIODS = ("2026Q1", "2025Q4", "2024Q1", "2026Q3", "2023Q3", "2020Q1", "2015Q3", "2025Q1", "2022Q2", "2021Q4")
MANNERS = ("tidy", "mixed", "mixed", "sloppy", "exact", "empty", "neighbours")
GROUPS = ("市直部门", "县市区", "公共服务企业")
OPTIONAL = (
    "extensions", "incidents", "instructions", "assessments", "awards", "evaluators", "evaluations", "adjustments",
)


@dataclass(frozen=True)
class Sample:
    """A made quarter: its period, a cutoff or none, and its tables as text."""

    seed: int
    period: str
    cutoff: str | None
    tables: RawTables
    counted: tuple[tuple[str, str], ...] = ()  # (unit, case) that an earlier published quarter counted

    def score(self, readings: Mapping[str, str] | None = None, absent: Iterable[str] = ()) -> OracleResult:
        """What the oracle makes of it."""
        return score(self.tables, self.period, self.cutoff, readings, absent, self.counted)


def make_quarter(seed: int, period: str | None = None) -> Sample:
    """The nasty quarter of a seed; the period may be fixed."""
    rng = Random(seed)
    period = period or PERIODS[seed % len(PERIODS)]
    start, end = period_bounds(period)
    cutoff = rng.choice((None, None, end + 9 * DAY, end + timedelta(hours=6, seconds=1)))
    draw = Draw(rng, start, end, cutoff or end)
    tables = draw_tables(draw)
    for rows in tables.values():
        rng.shuffle(rows)
    given = None if cutoff is None else cutoff.strftime("%Y-%m-%d %H:%M:%S")
    filled = {table: rows for table, rows in tables.items() if rows}
    return Sample(seed, period, given, filled, draw_counted(seed, tables))


def draw_counted(seed: int, tables: RawTables) -> tuple[tuple[str, str], ...]:
    """Some case rows of every third quarter as counted before; drawn apart, so that its tables stay as they were."""
    rng = Random(-seed - 1)
    pairs = [(row["unit_id"], row["case_id"]) for row in tables["cases"]]
    return tuple(sorted(rng.sample(pairs, min(len(pairs), 8)))) if seed % 3 == 2 else ()


def draw_tables(draw: Draw) -> dict[str, list[dict[str, str]]]:
    """All tables of a quarter; about every twelfth optional one is left out."""
    units = draw_units(draw)
    unit_ids = [row["unit_id"] for row in units]
    cases = draw_all_cases(draw, unit_ids)
    evaluators = draw_evaluators(draw, unit_ids)
    incidents = draw_incidents(draw, unit_ids, cases)
    missing = {table for table in OPTIONAL if draw.chance(0.08)}
    incidents_there = [] if "incidents" in missing else incidents
    tables = {
        "extensions": draw_extensions(draw, cases),
        "evaluators": evaluators,
        "evaluations": draw_evaluations(draw, cases, evaluators),
        "incidents": incidents,
        "instructions": draw_instructions(draw, unit_ids, cases),
        "assessments": draw_assessments(draw, unit_ids),
        "awards": draw_awards(draw, unit_ids),
        "adjustments": draw_adjustments(draw, unit_ids, cases, incidents_there),
    }
    kept = {table: tables[table] for table in OPTIONAL if table not in missing}
    return add_twins(draw, {"units": units, "cases": cases} | kept)


def draw_units(draw: Draw) -> list[dict[str, str]]:
    """Three to twelve units in two or three groups, their ids not in the order of their numbers."""
    groups = GROUPS[: draw.rng.choice((2, 3))]
    return [
        text_row(
            unit_id=f"U{number}",
            unit_name=f"单位{number}",
            unit_group=draw.rng.choice(groups),
            ranked=draw.weighted([(True, 6), (None, 3), (False, 2)]),
        )
        for number in range(1, draw.rng.randint(3, 12) + 1)
    ]


def draw_all_cases(draw: Draw, unit_ids: list[str]) -> list[dict[str, str]]:
    """The case rows of all units, about 20 to 200, some cases handled jointly."""
    budget = draw.rng.choice((20, 60, 120, 200))
    rows: list[dict[str, str]] = []
    for number, unit_id in enumerate(unit_ids):
        first = 1000 * (number + 1) % 9000
        manner = "mixed" if number == 0 else draw.rng.choice(MANNERS)
        rows += draw_cases(draw, unit_id, manner, range(first, first + max(2, budget // len(unit_ids))))
    return draw_joint(draw, rows)


def draw_readings(seed: int, changed: int) -> dict[str, str]:
    """A random combination: so many readings at another value than their default; never `stop`."""
    rng = Random(seed)
    names = rng.sample(list(READINGS), changed)
    choices = {name: [value for value in READINGS[name][1:] if value != "stop"] for name in names}
    return {name: rng.choice(values) for name, values in choices.items()}


def every_reading_value() -> list[dict[str, str]]:
    """Every value of every reading on its own, the defaults first."""
    alone = [{name: value} for name, values in READINGS.items() for value in values[1:]]
    return [{}, *alone]

