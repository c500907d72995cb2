"""Case rows of the quarter: which month, late or not, completed or not, and their final rating."""

from dataclasses import dataclass
from datetime import datetime

from .moments import month_of
from .quarter import Quarter
from .ratings import final_rating
from .tables import Row


@dataclass(frozen=True)
class CaseRow:
    """A case row that the quarter answers for, judged under the readings in force."""

    unit_id: str
    case_id: str
    month: str
    in_rates: bool
    late_signing: bool
    late_reply: bool
    completed: bool
    rating: str  # none, satisfied, basically_satisfied, dissatisfied, pending


def case_rows(quarter: Quarter) -> list[CaseRow]:
    """All rows attributed to the quarter that no adjustment excludes and no earlier quarter counted, of any role."""
    gone = excluded(quarter)
    if quarter.readings["counted_before"] == "left_out":
        gone = gone | quarter.counted
    rows = [row for row in quarter.tables["cases"] if (row["unit_id"], row["case_id"]) not in gone]
    return [judged(quarter, row) for row in rows if quarter.covers(attributed_to(quarter, row))]


def judged(quarter: Quarter, row: Row) -> CaseRow:
    """One case row with every definition applied to it."""
    deadline = effective_deadline(quarter, row)
    return CaseRow(
        unit_id=row["unit_id"],
        case_id=row["case_id"],
        month=month_of(attributed_to(quarter, row)),
        in_rates=row["role"] == "lead" or quarter.readings["joint_cases"] == "all",
        late_signing=is_late(quarter, row["signed_at"], row["sign_due_at"]),
        late_reply=is_late(quarter, row["replied_at"], deadline),
        completed=is_completed(quarter, row["closed_at"], deadline),
        rating=final_rating(quarter, row),
    )


def excluded(quarter: Quarter) -> set[tuple[str, str]]:
    """Adjustments: units and cases whose row, incidents and instructions leave every measure, whenever decided."""
    return {
        (row["unit_id"], row["case_id"]) for row in quarter.tables["adjustments"] if row["action"] == "exclude_case"
    }


def attributed_to(quarter: Quarter, row: Row) -> datetime:
    """Reading `attribution`: the instant whose month and quarter a case row belongs to."""
    if quarter.readings["attribution"] == "dispatched":
        return row["dispatched_at"]
    return effective_deadline(quarter, row)


def effective_deadline(quarter: Quarter, row: Row) -> datetime:
    """Effective reply deadline: the latest of the original one and of all valid extensions."""
    extensions = [
        extension
        for extension in quarter.tables["extensions"]
        if (extension["unit_id"], extension["case_id"]) == (row["unit_id"], row["case_id"])
        and is_valid_extension(quarter, extension, row["reply_due_at"])
    ]
    return max([row["reply_due_at"]] + [extension["extended_until"] for extension in extensions])


def is_valid_extension(quarter: Quarter, extension: Row, reply_due_at: datetime) -> bool:
    """Reading `extension`: approved before the cutoff (no time given: before it), and perhaps asked for in time."""
    if extension["decision"] != "approved":
        return False
    if extension["decided_at"] is not None and quarter.seen(extension["decided_at"]) is None:
        return False
    return quarter.readings["extension"] == "approved" or extension["requested_at"] <= reply_due_at


def is_late(quarter: Quarter, done_at: datetime | None, due_at: datetime) -> bool:
    """Late signing, late reply: done after the limit, or not done though the limit lies before the cutoff."""
    done_at = quarter.seen(done_at)
    if done_at is None:
        return due_at < quarter.cutoff
    return done_at > due_at


def is_completed(quarter: Quarter, closed_at: datetime | None, deadline: datetime) -> bool:
    """Reading `completed`: closed before the cutoff, and under `by_deadline` also by the effective deadline."""
    closed_at = quarter.seen(closed_at)
    if closed_at is None:
        return False
    return quarter.readings["completed"] == "by_cutoff" or closed_at <= deadline
