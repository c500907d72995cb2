"""Measure: accepted rows become facts, facts become tallies; everything is counted once, under every reading."""

from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction

from pipelines.edges.calendar import Calendar
from pipelines.edges.counted import counted_table
from pipelines.edges.warehouse import Warehouse
from pipelines.model.absence import AWARDS, NOTHING, Absent
from pipelines.model.counted import CountedList
from pipelines.model.period import Period
from pipelines.model.rule import Rulebook
from pipelines.model.tally import Award, Unit, UnitTally
from pipelines.model.text import compared

IN_FORCE_READINGS = (
    "attribution", "joint_cases", "extension", "completed", "satisfied", "unrated", "pending_evaluation",
    "evaluation_clock", "counted_before",
)
MEASURES_OF_A_MONTH = ("late_signing", "late_reply", "due", "completed", "rated", "satisfied")
FACTS = (
    "quarter", "dissatisfied", "adjustments", "extensions", "evaluations", "final_evaluations", "circumstances",
    "case_rows", "counted", "late_rows", "incidents", "instructions",
)


def measure(
    warehouse: Warehouse, period: Period, cutoff: datetime, rulebook: Rulebook, calendar: Calendar,
    before: Iterable[CountedList] = (),
) -> None:
    """Fill ``facts.*`` and ``tallies.*`` from ``accepted.*`` (readings.md, Definitions every reading shares).

    ``before`` lists the case rows that earlier published quarters counted.
    A Refusal where an evaluation needs a working day of a year without a calendar.
    """
    store_working_days(warehouse, calendar)
    warehouse.store("facts.counted_before", counted_table(before))
    span = {"start": period.start, "end": period.end, "cutoff": cutoff, "months": list(period.months)}
    for name in FACTS:
        warehouse.run(f"facts/{name}", **span, **rulebook.evaluation)
        if name == "evaluations":
            for (day,) in warehouse.rows("facts/uncovered_days"):
                calendar.require(day)
    warehouse.run("tallies/cube", **span)
    warehouse.run("tallies/quarter")


def tallies_in_force(
    warehouse: Warehouse, period: Period, readings: dict[str, str], absent: Absent = NOTHING
) -> dict[str, UnitTally]:
    """The tally of every unit, by unit_id, as the readings in force see it; what cannot be counted is in no count."""
    lacking = absent.measures(readings)
    counts, waived, case_rows = _counts(warehouse, readings)
    assessed, awards = _assessed(warehouse), {} if AWARDS in lacking else _awards(warehouse, period)
    return {
        row["unit_id"]: UnitTally(
            unit=Unit(**row),
            case_rows=case_rows.get(row["unit_id"], 0),
            counts={key: n for key, n in counts.get(row["unit_id"], {}).items() if key[0] not in lacking},
            waived={measure: n for measure, n in waived.get(row["unit_id"], {}).items() if measure not in lacking},
            assessed=assessed.get(row["unit_id"], {}),
            awards=tuple(awards.get(row["unit_id"], ())),
            lacking=lacking,
        )
        for row in warehouse.records("tallies/units")
    }


def _counts(warehouse: Warehouse, readings: dict[str, str]) -> tuple[dict, dict, dict]:
    counts, waived, case_rows = {}, {}, {}
    chosen = {name: readings.get(name, "again") for name in IN_FORCE_READINGS}
    for row in warehouse.records("tallies/in_force", **chosen):
        unit, month = row["unit_id"], row["month"]
        case_rows[unit] = case_rows.get(unit, 0) + row["case_rows"]
        for name in MEASURES_OF_A_MONTH:
            counts.setdefault(unit, {})[name, month] = row[name]
        for name in ("late_signing", "late_reply"):
            _add(waived, unit, name, row[f"{name}_waived"])
    for row in warehouse.records("tallies/of_quarter"):
        counts.setdefault(row["unit_id"], {})[row["measure"], row["month"]] = row["n"]
        _add(waived, row["unit_id"], row["measure"], row["waived"])
    return counts, waived, case_rows


def _add(waived: dict, unit: str, name: str, n: int) -> None:
    if n:
        of_unit = waived.setdefault(unit, {})
        of_unit[name] = of_unit.get(name, 0) + n


def _assessed(warehouse: Warehouse) -> dict[str, dict[str, Fraction]]:
    scores: dict[str, dict[str, Fraction]] = {}
    for unit_id, item_id, score in warehouse.rows("tallies/assessed"):
        scores.setdefault(unit_id, {})[item_id] = Fraction(score)
    return scores


def _awards(warehouse: Warehouse, period: Period) -> dict[str, list[Award]]:
    awards: dict[str, list[Award]] = {}
    for unit_id, award_id, award_type, matter, awarded_on in warehouse.rows(
        "tallies/awards", start=period.start, end=period.end
    ):
        awards.setdefault(unit_id, []).append(Award(award_id, award_type, compared(matter), awarded_on))
    return awards


def store_working_days(warehouse: Warehouse, calendar: Calendar) -> None:
    """``facts.working_days``: every covered day, how many are worked up to and including it, whether it is."""
    import pyarrow

    days = calendar.all_days()
    table = pyarrow.table(
        {
            "day": pyarrow.array([day for day, _ in days], pyarrow.date32()),
            "counted": pyarrow.array([counted for _, counted in days], pyarrow.int32()),
            "worked": pyarrow.array([calendar.is_working(day) for day, _ in days], pyarrow.bool_()),
        }
    )
    warehouse.store("facts.working_days", table)
