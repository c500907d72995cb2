"""Gives some units a twin with equal points, so that places are shared and the listing order among equals matters."""

from .draw import DAY, SECOND, Draw, text_row

Tables = dict[str, list[dict[str, str]]]
CASE_TIMES = ("dispatched_at", "sign_due_at", "signed_at", "reply_due_at", "replied_at", "closed_at")
# keys that a copied row needs anew, because its own table has them alone as key
OWN_KEYS = {"extension_id", "incident_id", "award_id", "assignment_id", "adjustment_id", "ref_id"}


def add_twins(draw: Draw, tables: Tables) -> Tables:
    """The tables with up to three more units, each a copy of another with one difference that keeps its points."""
    for number in range(draw.rng.randint(0, 3)):
        unit = draw.rng.choice(tables["units"])
        twin_id = f"U{draw.rng.choice((0, 4, 90)) + number}T"
        tables = with_twin(tables, unit, twin_id, draw.rng.choice(tables["units"])["unit_group"])
        difference = draw.rng.choice(("none", "unrated_row", "satisfied_row", "less_base", "unranked"))
        tables = with_difference(draw, tables, twin_id, difference)
    return tables


def with_twin(tables: Tables, unit: dict[str, str], twin_id: str, group: str) -> Tables:
    """Every row of a unit once more under the twin's id."""
    both = {table: rows + copies(rows, unit["unit_id"], twin_id) for table, rows in tables.items()}
    both["units"][-1] |= {"unit_name": f"孪生{twin_id}", "unit_group": group}
    return both


def copies(rows: list[dict[str, str]], unit_id: str, twin_id: str) -> list[dict[str, str]]:
    """The unit's rows for the twin, keys made new."""
    return [
        {column: f"{text}-{twin_id}" if text and column in OWN_KEYS else text for column, text in row.items()}
        | {"unit_id": twin_id}
        for row in rows
        if row.get("unit_id") == unit_id
    ]


def with_difference(draw: Draw, tables: Tables, twin_id: str, difference: str) -> Tables:
    """The twin made different in the figure that orders equals: case rows, satisfaction rate, or base."""
    added: Tables = {}
    if difference.endswith("_row"):
        added["cases"] = [clean_row(draw, tables["cases"][0], twin_id, difference == "satisfied_row")]
    if difference == "less_base":
        added["incidents"] = [one_incident(draw, twin_id)]
        added["awards"] = [one_award(draw, twin_id)]
    if difference == "unranked":
        tables["units"][-1]["ranked"] = "false"
    return tables | {table: tables.get(table, []) + rows for table, rows in added.items()}


def clean_row(draw: Draw, like: dict[str, str], twin_id: str, satisfied: bool) -> dict[str, str]:
    """A row without any fault, in the quarter's middle month."""
    times = dict.fromkeys(CASE_TIMES, draw.start + 45 * DAY)
    values = dict.fromkeys(like) | times | {"case_id": f"C-{twin_id}", "unit_id": twin_id, "role": "lead"}
    return text_row(**values | {"public_rating": "satisfied" if satisfied else None})


def one_incident(draw: Draw, twin_id: str) -> dict[str, str]:
    """Half a point lost."""
    return text_row(
        incident_id=f"I-{twin_id}", unit_id=twin_id, case_id=None, incident_type="rude_attitude",
        occurred_at=draw.end - SECOND, verified=True,
    )


def one_award(draw: Draw, twin_id: str) -> dict[str, str]:
    """Half a point won."""
    return text_row(
        award_id=f"B-{twin_id}", unit_id=twin_id, award_type="public_praise", matter="孪生",
        awarded_on=draw.start.date(), approved=True,
    )
