"""Second opinions: what the queries made of case rows is judged again, literally; a difference stops the run."""

from collections import Counter
from datetime import datetime

from pipelines.edges.calendar import Calendar
from pipelines.edges.warehouse import Warehouse
from pipelines.edges.wording import say
from pipelines.engines import literal
from pipelines.engines.literal import Papers, Quarter
from pipelines.model.period import Period
from pipelines.model.refusals import JudgesDisagree
from pipelines.model.rule import Rulebook

SAMPLE = {"all_of": 5_000, "sample": 1_000, "units": 10}  # case rows; all rows that cost points, of so many units
COUNTED = (  # what the cube counts by, beside the unit
    "month_due_approved", "month_due_requested", "month_dispatched", "role", "signing", "reply_approved",
    "reply_requested", "closed", "closed_in_time_approved", "closed_in_time_requested", "rating_reminder",
    "rating_assignment", "counted_before",
)
QUOTED = (  # of a late row, by the ledger
    "signing", "reply_approved", "reply_requested", "due_approved", "due_requested", "sign_due_at", "signed_at",
    "replied_at", "signing_waived_by", "reply_waived_by",
)
MONTHS = COUNTED[:3]
ON_TIME = "on_time"

Key = tuple[str, str]  # case_id, unit_id


def must_read_alike(
    warehouse: Warehouse, period: Period, cutoff: datetime, rulebook: Rulebook, calendar: Calendar, seed: str
) -> None:
    """Judge case rows again, all of a small quarter or a sample drawn by ``seed``; JudgesDisagree names the first.

    Of a small quarter the cube is counted again as well.
    """
    warehouse.run("opinions/sampled", seed=seed, **SAMPLE)
    quarter = Quarter(period.start, period.end, cutoff, is_working=calendar.is_working, **rulebook.evaluation)
    ours = _literal(warehouse, quarter)
    _same_rows(ours, warehouse.records("opinions/facts"))
    [(whole,)] = warehouse.rows("opinions/whole")
    if whole:
        _same_cube(ours, warehouse.arrow("tallies.cube").to_pylist(), ("", *period.months))


def _literal(warehouse: Warehouse, quarter: Quarter) -> dict[Key, dict]:
    """The flags of every sampled row that the quarter answers for."""
    tables = ("extensions", "evaluations", "adjustments", "counted_before")
    papers = {name: literal.by_row(warehouse.records(f"opinions/{name}")) for name in tables}
    evaluators = {row["evaluator_id"]: row for row in warehouse.records("opinions/evaluators")}
    found = {}
    for row in warehouse.records("opinions/cases"):
        key = row["case_id"], row["unit_id"]
        flags = literal.judged(row, Papers(*(papers[name].get(key, ()) for name in tables)), evaluators, quarter)
        if flags is not None and literal.belongs(flags):
            found[key] = flags
    return found


def _same_rows(ours: dict[Key, dict], theirs: list[dict]) -> None:
    counted = [row for row in theirs if any(row[name] for name in MONTHS)]
    keys = Counter((row["case_id"], row["unit_id"]) for row in counted)
    for key in sorted(ours.keys() | keys.keys()):
        if keys[key] != (key in ours):
            _differ(key, "case_rows", keys[key], int(key in ours))
    for row in counted:
        key = row["case_id"], row["unit_id"]
        for name, value in ours[key].items():
            if row[name] != value:
                _differ(key, name, row[name], value)
        _same_quotes(key, ours[key], row)


def _same_quotes(key: Key, ours: dict, row: dict) -> None:
    """A row that any reading calls late or waived is one that the ledger can quote, with its moments; no other is."""
    late = any(ours[name] != ON_TIME for name in ("signing", "reply_approved", "reply_requested"))
    if row["quoted"] != late:
        _differ(key, "ledger", row["quoted"], late)
    for name in QUOTED if late else ():
        if row[f"quoted_{name}"] != ours[name]:
            _differ(key, name, row[f"quoted_{name}"], ours[name])


def _same_cube(ours: dict[Key, dict], cube: list[dict], months: tuple[str, ...]) -> None:
    again: Counter = Counter()
    for (_, unit), flags in ours.items():
        again[unit, *(months[flags[name]] if name in MONTHS else flags[name] for name in COUNTED)] += 1
    counted: Counter = Counter()
    for row in cube:
        if any(row[name] for name in MONTHS):
            counted[row["unit_id"], *(row[name] for name in COUNTED)] += row["case_rows"]
    for cell in sorted(again.keys() | counted.keys(), key=str):
        if again[cell] != counted[cell]:
            _differ(("", cell[0]), "case_rows", counted[cell], again[cell])


def _differ(key: Key, name: str, first: object, second: object) -> None:
    case, unit = key
    raise JudgesDisagree(say("judge.rows_differ", case=case or "-", unit=unit, fact=name, first=first, second=second))
