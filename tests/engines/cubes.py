"""Drawn quarters for both judges: cube rows, and a slow, obvious count of them under the readings."""

from datetime import date
from fractions import Fraction

from hypothesis import strategies as st

from pipelines.model.tally import Award, Unit, UnitTally
from pipelines.rulebook import vocabulary

MONTHS = ("2026-07", "2026-08", "2026-09")
UNITS = ("U1", "U2", "U3")
RATINGS = ("none", "satisfied", "basically_satisfied", "dissatisfied", "pending")
LATENESS = ("on_time", "late", "waived")
ASSESSED = ("A1.1", "A1.2", "A1.3", "A2.1", "A2.2", "A2.3")
INCIDENTS = ("refusal", "attitude")

month = st.sampled_from(("", *MONTHS))
cube_rows = st.fixed_dictionaries({
    "unit_id": st.sampled_from(UNITS), "month_due_approved": month, "month_due_requested": month,
    "month_dispatched": month, "role": st.sampled_from(("lead", "assist")), "signing": st.sampled_from(LATENESS),
    "reply_approved": st.sampled_from(LATENESS), "reply_requested": st.sampled_from(LATENESS),
    "closed": st.booleans(), "closed_in_time_approved": st.booleans(), "closed_in_time_requested": st.booleans(),
    "rating_reminder": st.sampled_from(RATINGS), "rating_assignment": st.sampled_from(RATINGS),
    "case_rows": st.integers(1, 60),
})
quarter_rows = st.fixed_dictionaries({
    "unit_id": st.sampled_from(UNITS), "measure": st.sampled_from(INCIDENTS), "month": st.sampled_from(MONTHS),
    "n": st.integers(0, 25),
})
hundredths = st.integers(0, 500).map(lambda n: Fraction(n, 100))
award = st.tuples(
    st.sampled_from(UNITS), st.sampled_from(vocabulary.AWARD_TYPES), st.sampled_from(("bridge", "lamp", "桥")),
    st.dates(date(2026, 7, 1), date(2026, 9, 30)),
)
readings = st.fixed_dictionaries({
    **{id: st.sampled_from(values) for id, values in vocabulary.READINGS.items()},
    "bonus_cap": st.sampled_from(("none", "0", "2.5", "6")),
    "missing_assessment": st.sampled_from(("full", "zero")),
})


@st.composite
def quarters(draw):
    """(cube rows, quarter rows, assessments, awards, readings)."""
    cube = draw(st.lists(cube_rows, max_size=25))
    incidents = draw(st.lists(quarter_rows, max_size=6, unique_by=lambda r: (r["unit_id"], r["measure"], r["month"])))
    instructions = [row for unit in UNITS for row in _instructions(unit, draw(st.tuples(*[st.integers(0, 9)] * 3)))]
    keys = st.tuples(st.sampled_from(UNITS), st.sampled_from(ASSESSED))
    assessed = draw(st.dictionaries(keys, hundredths, max_size=12))
    return cube, incidents + instructions, assessed, draw(st.lists(award, max_size=9)), draw(readings)


def _instructions(unit: str, drawn: tuple[int, int, int]) -> list[dict]:
    due, closed, implemented = drawn
    counted = {"due": due, "closed": min(due, closed), "implemented": min(due, implemented)}
    return [
        {"unit_id": unit, "measure": f"instructions_{name}", "month": "", "n": n} for name, n in counted.items() if due
    ]


def columns(rows: list[dict], names: tuple[str, ...]) -> dict[str, list]:
    """Rows as a dict of columns."""
    return {name: [row[name] for row in rows] for name in names}


def tallies_of(cube, quarter, assessed, awards, chosen) -> dict[str, UnitTally]:
    """What SQL hands to the first judge, counted row by row."""
    return {unit: _tally(unit, cube, quarter, assessed, awards, chosen) for unit in UNITS}


def _tally(unit, cube, quarter, assessed, awards, chosen) -> UnitTally:
    counts, case_rows = {}, 0
    for row in quarter:
        if row["unit_id"] == unit:
            counts[row["measure"], row["month"]] = row["n"]
    for row in cube:
        of = _month(row, chosen)
        if row["unit_id"] == unit and of:
            case_rows += row["case_rows"]
            for measure in _measures(row, chosen):
                counts[measure, of] = counts.get((measure, of), 0) + row["case_rows"]
    listed = (Award(f"AW{k:02}", kind, matter, on) for k, (of, kind, matter, on) in enumerate(awards) if of == unit)
    scores = {item: score for (of, item), score in assessed.items() if of == unit}
    return UnitTally(Unit(unit, unit, "group", True), case_rows, counts, {}, scores, tuple(listed))


def _month(row: dict, chosen: dict) -> str:
    if chosen["attribution"] == "dispatched":
        return row["month_dispatched"]
    return row["month_due_approved" if chosen["extension"] == "approved" else "month_due_requested"]


def _measures(row: dict, chosen: dict) -> list[str]:
    suffix = "approved" if chosen["extension"] == "approved" else "requested"
    found = []
    if row["signing"] == "late":
        found.append("late_signing")
    if row[f"reply_{suffix}"] == "late":
        found.append("late_reply")
    if row["role"] == "assist" and chosen["joint_cases"] == "lead_only":
        return found
    found.append("due")
    if row["closed" if chosen["completed"] == "by_cutoff" else f"closed_in_time_{suffix}"]:
        found.append("completed")
    return found + _rating(row[f"rating_{chosen['evaluation_clock']}"], chosen)


def _rating(rating: str, chosen: dict) -> list[str]:
    if rating == "none":
        return ["rated", "satisfied"] if chosen["unrated"] == "satisfied" else []
    if rating == "pending":
        return ["rated"] if chosen["pending_evaluation"] == "dissatisfied" else []
    good = rating == "satisfied" or (rating == "basically_satisfied" and chosen["satisfied"] == "with_basic")
    return ["rated", "satisfied"] if good else ["rated"]
