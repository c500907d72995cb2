"""Draws incidents, instructions, assessments, awards and adjustments."""

from datetime import timedelta

from .draw import Draw, text_row

Rows = list[dict[str, str]]
INCIDENT_TYPES = ("refused_to_sign", "not_handled", "rude_attitude", "poor_service")
ASSESSED = ("A1.1", "A1.2", "A1.3", "A2.1", "A2.2", "A2.3")
AWARD_TYPES = (
    "public_praise", "city_leader_praise", "province_leader_praise", "suggestion_adopted",
    "city_media", "province_media", "briefing_praise",
)
# the same matters in several spellings, and different ones that look alike
MATTERS = (
    "道路维修3号", "道路维修３号", "  道路维修3号 ", "ABC路灯", "ＡＢＣ路灯", "abc路灯", "供水(二期)", "供水（二期）",
    "供水 (二期)", "绿化5㎡", "绿化5m2", "第①批", "第1批", "热线\u3000回访", "热线 回访", "热线回访",
)
SCORES = ("5", "5.00", "4.5", "4.25", "3.33", "0", "2", "0.01")
RULES = ("late_signing", "late_reply", "refusal", "attitude", None)


def draw_incidents(draw: Draw, unit_ids: list[str], cases: Rows) -> Rows:
    """Incidents of every type about the quarter; now and then a unit has more than its item can lose."""
    rows = []
    for unit_id in unit_ids:
        for _ in range(draw.weighted([(0, 3), (2, 3), (6, 3), (70, 1)])):
            case = draw.weighted([(None, 3), ("C9999", 1), (some_case(draw, unit_id, cases), 6)])
            rows.append(
                text_row(
                    incident_id=f"I{len(rows):04d}",
                    unit_id=unit_id,
                    case_id=case,
                    incident_type=draw.rng.choice(INCIDENT_TYPES),
                    occurred_at=draw.about_the_quarter(),
                    verified=draw.chance(0.8),
                )
            )
    return rows


def some_case(draw: Draw, unit_id: str, cases: Rows) -> str | None:
    """A case of the unit, sometimes another unit's."""
    own = [row["case_id"] for row in cases if row["unit_id"] == unit_id or draw.chance(0.02)]
    return draw.rng.choice(own) if own else None


def draw_instructions(draw: Draw, unit_ids: list[str], cases: Rows) -> Rows:
    """Instructions about the quarter, some shared by units, done before, at or after the cutoff."""
    rows = []
    for unit_id in unit_ids:
        diligence = draw.rng.choice((0.02, 0.2, 0.9))
        for number in range(draw.weighted([(0, 2), (3, 3), (10, 2), (50, 1)])):
            due = draw.about_the_quarter()
            instructed = due - draw.weighted([(draw.span(20), 5), (timedelta(0), 1)])
            rows.append(
                text_row(
                    instruction_id=f"L{number:03d}",
                    unit_id=unit_id,
                    case_id=draw.weighted([(None, 3), (some_case(draw, unit_id, cases), 2)]),
                    instructed_at=instructed,
                    due_at=due,
                    closed_at=draw.around(due, instructed, diligence),
                    implemented_at=draw.around(due, instructed, diligence),
                )
            )
    return rows


def draw_assessments(draw: Draw, unit_ids: list[str]) -> Rows:
    """Scores with up to two decimals; complete in half of the quarters."""
    missing = draw.rng.choice((0, 0, 0.1))
    scores = [(unit_id, item_id) for unit_id in unit_ids for item_id in ASSESSED if not draw.chance(missing)]
    return [text_row(unit_id=unit, item_id=item, score=draw.rng.choice(SCORES)) for unit, item in scores]


def draw_awards(draw: Draw, unit_ids: list[str]) -> Rows:
    """Awards that share matters in several spellings, days and points."""
    rows = []
    for unit_id in unit_ids:
        matters = draw.rng.sample(MATTERS, 6)
        days = [draw.day_about_the_quarter() for _ in range(3)]
        for _ in range(draw.weighted([(0, 2), (2, 2), (8, 2)])):
            rows.append(
                text_row(
                    award_id="",
                    unit_id=unit_id,
                    award_type=draw.rng.choice(AWARD_TYPES),
                    matter=draw.rng.choice(matters),
                    awarded_on=draw.rng.choice(days),
                    approved=draw.chance(0.85),
                )
            )
    numbers = draw.rng.sample(range(len(rows)), len(rows))
    return [row | {"award_id": f"B{number:03d}"} for row, number in zip(rows, numbers, strict=True)]


def draw_adjustments(draw: Draw, unit_ids: list[str], cases: Rows, incidents: Rows) -> Rows:
    """Decisions of every kind, some on another period's cases, some that meet one line several times."""
    rows = [draw_adjustment(draw, draw.rng.choice(unit_ids), cases, incidents) for _ in range(draw.rng.randint(2, 24))]
    rows += [row | {"rule_id": ""} for row in rows if row["action"] == "waive_deduction" and draw.chance(0.4)]
    numbers = draw.rng.sample(range(len(rows)), len(rows))
    return [{"adjustment_id": f"J{number:03d}"} | row for row, number in zip(rows, numbers, strict=True)]


def draw_adjustment(draw: Draw, unit_id: str, cases: Rows, incidents: Rows) -> dict[str, str]:
    """One decision on a case row or an incident of the unit, or on a case of two years before.

    A waiver names a case, an incident, or both; the case may be one that only an incident of the unit names.
    """
    action = draw.weighted([("exclude_case", 2), ("waive_deduction", 5), ("void_evaluation", 2)])
    own_cases = [row["case_id"] for row in cases if row["unit_id"] == unit_id]
    elsewhere = f"{draw.start.year - 2}0{draw.rng.randint(1, 9)}15{draw.rng.randint(0, 99):04d}"
    case_id = draw.rng.choice(own_cases) if own_cases and not draw.chance(0.05) else elsewhere
    rule_id, ref_id = None, None
    if action == "waive_deduction":
        rule_id = draw.rng.choice(RULES)
        own = [row for row in incidents if row["unit_id"] == unit_id]
        if own and draw.chance(0.5):
            incident = draw.rng.choice(own)
            ref_id = incident["incident_id"]
            case_id = draw.rng.choice((None, incident["case_id"] or None, draw.rng.choice(own_cases or [None])))
    return text_row(
        action=action,
        unit_id=unit_id,
        case_id=case_id,
        rule_id=rule_id,
        ref_id=ref_id,
        decided_by="市长专线科",
        decided_on=draw.day_about_the_quarter(),
        reason="复核",
    )
