"""Cities whose process is not the one that the forecast assumes: bursts, units that change, a holiday."""

from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from tests.oracle.draw import text_row
from tests.oracle.tables import write_folder

DAY = timedelta(days=1)
ITEMS = ("A1.1", "A1.2", "A1.3", "A2.1", "A2.2", "A2.3")


def restless(folder: Path, seed: int, start: datetime, days: int, units: int = 10) -> Path:
    """Exports of a city from ``start`` on; a longer one begins as a shorter one of the same seed does."""
    names = [f"U{number:02d}" for number in range(1, units + 1)]
    tables = {
        "units": [text_row(unit_id=id, unit_name=f"单位{id}", unit_group="市直部门", ranked=True) for id in names],
        "assessments": [text_row(unit_id=id, item_id=item, score=5) for id in names for item in ITEMS],
        "cases": [row for id in names for row in _cases(id, seed, start, days)],
    }
    return write_folder(tables, folder)


def _cases(unit: str, seed: int, start: datetime, days: int):
    rng = Random(f"{seed} {unit}")
    rate, late, content = rng.choice((0.4, 1, 2, 4)), rng.choice((0.01, 0.03, 0.08)), rng.uniform(0.82, 0.98)
    holiday = start + timedelta(days=rng.randrange(20, max(days - 15, 21)))
    burst_until, number = start, 0
    for n in range(days):
        day = start + n * DAY
        if n % 30 == 0:  # another head of the unit, other habits
            late = min(0.3, max(0.005, late * rng.choice((0.5, 0.7, 1, 1, 1.4, 2))))
            content = min(0.99, max(0.7, content + rng.uniform(-0.05, 0.05)))
        if rng.random() < 0.02:
            burst_until = day + 4 * DAY
        arrivals = rate * (4 if day < burst_until else 1)
        for _ in range(int(arrivals) + (rng.random() < arrivals % 1)):
            number += 1
            yield _case(rng, f"C{unit}{number:05d}", unit, day, late * (5 if holiday <= day < holiday + 7 * DAY else 1),
                        content)


def _case(rng: Random, id: str, unit: str, day: datetime, late: float, content: float) -> dict[str, str]:
    dispatched = day + timedelta(hours=9, seconds=rng.randrange(8 * 3600))
    sign_due, due = dispatched + DAY, day + timedelta(days=6, hours=18)
    signed = sign_due + timedelta(hours=rng.randrange(1, 30)) if rng.random() < late else (
        dispatched + timedelta(hours=rng.uniform(0.1, 20)))
    first = max(signed, dispatched)
    replied = due + timedelta(hours=rng.randrange(1, 100)) if rng.random() < late else (
        first + (due - first) * rng.uniform(0.2, 0.99))
    closed = replied + timedelta(hours=rng.uniform(0, 20)) if rng.random() > 0.03 else None
    rated = closed + timedelta(days=rng.uniform(0.5, 6)) if closed and rng.random() < 0.5 else None
    less = "basically_satisfied" if rng.random() < 0.1 else "dissatisfied"
    rating = "satisfied" if rng.random() < content else less
    moments = (dispatched, sign_due, signed, due, replied, closed)
    whole = [moment and moment.replace(microsecond=0) for moment in moments]
    named = dict(zip(("dispatched_at", "sign_due_at", "signed_at", "reply_due_at", "replied_at", "closed_at"), whole,
                     strict=True))
    return text_row(case_id=id, unit_id=unit, role="lead", **named, public_rating=rating if rated else None,
                    rated_at=rated and rated.replace(microsecond=0))
