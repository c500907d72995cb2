"""The tables in the state folder, made anew from the log: `evaluations` for the scoring run, and what was refused."""

import csv
import os
from collections.abc import Iterable
from pathlib import Path

from pipelines.edges.wording import say
from pipelines.evaluators.private import open_private
from pipelines.evaluators.state import Assignment, CaseKey, State
from pipelines.model.refusals import NotAllowed, UsageRefusal
from pipelines.model.text import BYTE_MARK, guarded

KEYS = ("assignment_id", "派评编号")
EVALUATIONS, REFUSED = "evaluations.csv", "refused.csv"
COLUMNS = ("assignment_id", "case_id", "unit_id", "evaluator_id", "assigned_at", "reminded_at", "returned_at",
           "withdrawn_at", "rated_at", "rating", "reason")  # fmt: skip
REFUSED_COLUMNS = ("at", "file", "line", "action_id", "evaluator_id", "assignment_id", "action", "why", "row")


def write_evaluations(file: Path, state: State, keys: set[CaseKey]) -> None:
    """The table `evaluations` for the case rows of the exports at hand: a scoring run takes it as it is."""
    found = (one for key in sorted(keys & state.cases.keys()) for one in state.cases[key].assignments)
    _write(file, COLUMNS, (_evaluation(one) for one in found))


def must_be_ours(file: Path, state: State) -> None:
    """NotAllowed where ``file`` holds anything but evaluations that the log knows; UsageRefusal for no such place."""
    if file.is_dir() or not file.parent.is_dir():
        raise UsageRefusal(say("evaluators.no_place", file=file))
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            table = csv.DictReader(stream)
            key = next((name for name in KEYS if name in (table.fieldnames or KEYS)), None)
            ids = [(table.line_num, row.get(key)) for row in table] if key else [(1, "")]
    except FileNotFoundError:
        return
    except (UnicodeDecodeError, csv.Error):
        ids = [(1, "")]
    if foreign := [line for line, id in ids if id not in state.assignments]:
        raise NotAllowed(say("evaluators.not_ours", file=file, line=foreign[0]))


def write_refused(file: Path, state: State) -> None:
    """Every refused action with its reason, as it was sent."""
    _write(file, REFUSED_COLUMNS, (_refused(event.at, event.says) for event in state.refused))


def _evaluation(one: Assignment) -> list[str]:
    moments = (one.assigned_at, one.reminded_at, one.returned_at, one.withdrawn_at, one.rated_at)
    shown = [moment.isoformat(" ") if moment else "" for moment in moments]
    return [one.id, *one.case, one.evaluator_id, *shown, one.rating, guarded(one.reason) if one.rating else ""]


def _refused(at, says: dict) -> list[object]:
    row = says["row"]
    named = [row.get(name, "") for name in ("action_id", "evaluator_id", "assignment_id", "action")]
    whole = "; ".join(f"{name}={value}" for name, value in row.items())
    line, why = says["line"] or "", says["why"]["zh"]
    return [at.isoformat(" "), says["file"], line, *map(guarded, named), why, guarded(whole)]


def _write(file: Path, columns: tuple[str, ...], rows: Iterable[list]) -> None:
    """A CSV file for its owner alone, switched into place whole."""
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)
    with open_private(part, "w") as stream:
        stream.write(BYTE_MARK)
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(columns)
        table.writerows(rows)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(file)
