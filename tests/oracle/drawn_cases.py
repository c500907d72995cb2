"""Draws case rows and their extensions, dense with deadlines met or missed by a second."""

from datetime import datetime, timedelta

from .draw import DAY, SECOND, Draw, text_row

# how likely a step of a case is late or never done, by the unit's manner
LATENESS = {"tidy": 0.05, "mixed": 0.35, "sloppy": 0.95}
RATINGS = [("satisfied", 6), ("basically_satisfied", 3), ("dissatisfied", 6), (None, 3), ("未评价", 1)]


def draw_cases(draw: Draw, unit_id: str, manner: str, numbers: range) -> list[dict[str, str]]:
    """The case rows of a unit; `exact` ones hit a rate to the point, `empty` units have none."""
    if manner == "empty":
        return []
    if manner == "exact":
        return exact_cases(draw, unit_id, numbers)
    if manner == "neighbours":
        limits = [draw.rng.choice((draw.start - SECOND - draw.span(20), draw.end + draw.span(20))) for _ in numbers]
    else:
        limits = [draw.about_the_quarter() for _ in numbers]
    lateness = LATENESS.get(manner, 0.3)
    return [
        draw_case(draw, unit_id, f"C{number:04d}", limit, lateness)
        for number, limit in zip(numbers, limits, strict=True)
    ]


def draw_case(draw: Draw, unit_id: str, case_id: str, reply_due: datetime, lateness: float) -> dict[str, str]:
    """One case row due at a given instant; every time is at or after its dispatch."""
    dispatched = reply_due - draw.weighted([(draw.span(25), 9), (timedelta(0), 1)])
    if draw.chance(0.1) and draw.start <= reply_due:
        dispatched = draw.start - draw.rng.choice((0, 1)) * SECOND
    sign_due = dispatched + draw.weighted([(DAY, 6), (timedelta(0), 1), (timedelta(hours=4), 3)])
    if draw.chance(0.05):
        sign_due = max(dispatched, draw.cutoff - draw.rng.choice((0, 1)) * SECOND)
    rating = draw.weighted(RATINGS)
    return text_row(
        case_id=case_id,
        unit_id=unit_id,
        role=draw.weighted([("lead", 6), (None, 2), ("assist", 3)]),
        dispatched_at=dispatched,
        sign_due_at=sign_due,
        signed_at=draw.around(sign_due, dispatched, lateness),
        reply_due_at=reply_due,
        replied_at=draw.around(reply_due, dispatched, lateness),
        closed_at=draw.around(reply_due, dispatched, lateness),
        public_rating=rating,
        rated_at=draw_rated_at(draw, dispatched) if rating else None,
    )


def draw_rated_at(draw: Draw, dispatched: datetime) -> datetime | None:
    """When the public rated: soon, unknown, or about the cutoff."""
    rated_at = draw.weighted(
        [(dispatched + draw.span(30), 12), (None, 3), (draw.cutoff, 1), (draw.cutoff - SECOND, 1),
         (draw.cutoff + draw.span(5), 1)]
    )
    return rated_at and max(rated_at, dispatched)


def exact_cases(draw: Draw, unit_id: str, numbers: range) -> list[dict[str, str]]:
    """Tidy lead rows of one month whose rates fall on, or just beside, a whole step of two points."""
    size = draw.rng.choice((10, 20, 25, 40, 50, 100))
    unclosed, dissatisfied = draw.rng.randint(0, size // 4), draw.rng.randint(0, size // 2)
    middle = draw.start + draw.rng.choice((10, 40, 70)) * DAY
    rows = []
    for index in range(size):
        row = draw_case(draw, unit_id, f"C{numbers.start + index:04d}", middle + draw.span(5), 0)
        row |= {"role": "lead", "closed_at": "" if index < unclosed else row["reply_due_at"]}
        row |= {"public_rating": "dissatisfied" if index < dissatisfied else "satisfied", "rated_at": ""}
        rows.append(row)
    return rows


def draw_joint(draw: Draw, rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The rows with some case numbers taken over from other units, so that cases are handled jointly."""
    taken = {(row["case_id"], row["unit_id"]) for row in rows}
    joint = []
    for row in rows:
        case_id = draw.rng.choice(rows)["case_id"]
        if draw.chance(0.2) and (case_id, row["unit_id"]) not in taken:
            taken.add((case_id, row["unit_id"]))
            row = row | {"case_id": case_id}
        joint.append(row)
    return joint


def draw_extensions(draw: Draw, cases: list[dict[str, str]]) -> list[dict[str, str]]:
    """Extensions of about a third of the rows; moves the reply and closing of some rows to the new limit."""
    extensions = []
    for row in cases:
        for _ in range(draw.weighted([(0, 7), (1, 2), (2, 1), (3, 1)])):
            extension = draw_extension(draw, row, f"X{len(extensions):04d}")
            extensions.append(extension)
            if extension["extended_until"] and draw.chance(0.6):
                move_to(draw, row, datetime.fromisoformat(extension["extended_until"]))
    return extensions


def draw_extension(draw: Draw, row: dict[str, str], extension_id: str) -> dict[str, str]:
    """An extension asked for early, on the second or late, decided or not, into this quarter or the next."""
    due = datetime.fromisoformat(row["reply_due_at"])
    requested = due + draw.rng.choice((-DAY, -SECOND, 0 * SECOND, SECOND, DAY))
    decision = draw.weighted([("approved", 7), ("rejected", 2), (None, 2)])
    until = draw.weighted(
        [(due + draw.span(15), 6), (due - DAY, 1), (draw.end, 1), (draw.end - SECOND, 1),
         (draw.start + 45 * DAY, 1), (draw.cutoff, 1)]
    )
    decided = draw.weighted(
        [(requested + draw.span(2), 6), (None, 1), (draw.cutoff, 1), (draw.cutoff - SECOND, 1)]
    )
    return text_row(
        extension_id=extension_id,
        case_id=row["case_id"],
        unit_id=row["unit_id"],
        requested_at=requested,
        decided_at=decided if decision else None,
        decision=decision,
        extended_until=until if decision == "approved" or draw.chance(0.5) else None,
    )


def move_to(draw: Draw, row: dict[str, str], limit: datetime) -> None:
    """Lets a row be replied to and closed about a new limit, never before its dispatch."""
    dispatched = datetime.fromisoformat(row["dispatched_at"])
    row["replied_at"] = text_row(at=draw.around(limit, dispatched, 0.5))["at"]
    row["closed_at"] = text_row(at=draw.around(limit, dispatched, 0.5))["at"]
