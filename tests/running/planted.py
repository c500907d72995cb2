"""What the findings find: `python -m tests.running.planted [CITIES]` prints the table of docs/running.md.

Into a sample city, where nothing of the kind is meant, some of each kind are planted; all else that is found is false.
"""

import csv
import sys
import tempfile
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from pipelines.assess import Request
from pipelines.model.period import Period
from pipelines.running.watch import Watch
from pipelines.sample.make import make_sample

PERIOD, EACH = Period.parse("2026Q3"), 20
MOMENTS = ("received_at", "dispatched_at", "sign_due_at", "signed_at", "reply_due_at", "replied_at", "closed_at",
           "rated_at")
KINDS = ("repeats", "passed_on", "quick", "bunches")


def planted(folder: Path, seed: int) -> dict[str, set[str]]:
    """A sample city with cases of each kind put into its export; their numbers, by kind."""
    make_sample(folder, PERIOD, 12, 900, seed)
    file, rng = folder / "cases.csv", Random(seed)
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    within = [row for row in rows if "2026-07-05" < row["dispatched_at"] < "2026-09-10" and row["role"] == "lead"
              and row["title"] and row["matter_id"]]
    others = iter(rng.sample(within, 3 * EACH + 10))
    found: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for k in range(EACH):
        once = next(others)
        again = {**once, "case_id": f"2026R{seed:03d}{k:05d}", "title": once["title"][:-1]}
        rows.append(_later(again, timedelta(days=rng.uniform(0.01, 3)), MOMENTS))
        found["repeats"].add(again["case_id"])
    for _ in range(EACH):
        once = next(others)
        unit = rng.choice([row["unit_id"] for row in within if row["unit_id"] != once["unit_id"]])
        rows.append({**once, "unit_id": unit})
        found["passed_on"].add(once["case_id"])
    for _ in range(EACH):
        once = next(others)
        closed = _moment(once["dispatched_at"]) + timedelta(minutes=rng.uniform(1, 5))
        once |= dict.fromkeys(("signed_at", "replied_at", "closed_at"), f"{closed:%Y-%m-%d %H:%M:%S}")
        once |= {"public_rating": "", "rated_at": ""}
        found["quick"].add(once["case_id"])
    unit = Counter(row["unit_id"] for row in within).most_common(1)[0][0]
    for k, row in enumerate([row for row in within if row["unit_id"] == unit and row["closed_at"]][-10:]):
        row |= {"public_rating": "satisfied", "rated_at": f"2026-09-28 10:0{k}:00"}
        found["bunches"].add(row["case_id"])
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        table = csv.DictWriter(stream, rows[0])
        table.writeheader()
        table.writerows(rows)
    return found


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _later(row: dict, by: timedelta, names: tuple[str, ...]) -> dict:
    row |= {name: f"{_moment(row[name]) + by:%Y-%m-%d %H:%M:%S}" for name in names if row[name]}
    return row


def measured(cities: int) -> Counter:
    """By kind how many cases were planted, how many of them found, how many others, and of how many rows."""
    found: Counter = Counter()
    for seed in range(1, cities + 1):
        with tempfile.TemporaryDirectory() as place:
            wanted = planted(Path(place, "in"), seed)
            with Watch(Request(PERIOD, Path(place, "in"), Path(place, "out"), pdf=False), PERIOD.end) as watch:
                told = watch.run().findings
                found["rows"] += _rows(Path(place, "in"))
        for kind in KINDS:
            cases = [one.cases[:1] if kind == "repeats" else one.cases for one in told if one.kind == kind]
            named = {case for listed in cases for case in listed}
            found[kind, "planted"] += len(wanted[kind])
            found[kind, "found"] += len(named & wanted[kind])
            found[kind, "others"] += len(named - wanted[kind])
    return found


def _rows(exports: Path) -> int:
    with (exports / "cases.csv").open(encoding="utf-8-sig") as stream:
        return sum(1 for _ in csv.reader(stream)) - 1


if __name__ == "__main__":
    found = measured(int(sys.argv[1]) if len(sys.argv) > 1 else 6)
    for kind in KINDS:
        planted_, others = found[kind, "planted"], found[kind, "others"]
        print(f"| `{kind}` | {planted_} | {found[kind, 'found']} | {others} of {found['rows']} "
              f"({100 * others / found['rows']:.1f} %) |")
