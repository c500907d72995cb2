"""How a quarter stands: its state, the days left, who approved, and what the latest run changed."""

from datetime import datetime
from pathlib import Path

from pipelines.model.period import Period
from pipelines.publication.changes import effects, movements, plain_effect, plain_movement
from pipelines.publication.record import read, record_file
from pipelines.publication.runs import FinishedRun, run_in_force, run_on_shelf
from pipelines.publication.settings import Settings
from pipelines.publication.state import State, replay, window


def status(out: Path, period: Period, at: datetime, settings: Settings) -> dict:
    """The state at ``at`` as a plain document; reads only. VerificationFailed where record or manifest is damaged."""
    file = record_file(out, period)
    state, run = replay(read(file), file), run_in_force(out, period)
    days = window(state, at, settings)
    return {
        "period": str(period),
        "at": at.isoformat(" ", "seconds"),
        "state": name_of(state, run, days.open if days else False, settings),
        "run": run.sha256 if run else "",
        "revision": state.preview.revision if state.preview else 0,
        "objection": {"until": days.last.isoformat(), "days_left": days.left, "open": days.open} if days else None,
        "approvals": _approvals(state, run),
        "needed": settings.approvals,
        "roles": list(settings.roles),
        "editions": [
            {"edition": one.folder, "at": one.at.isoformat(" ", "seconds"), "correction": one.notice, "run": one.run}
            for one in state.editions
        ],
        "stopped": state.stopped and {name: state.stopped[name] for name in ("zh", "en")},
        "changed": _changed(out, period, state, run),
    }


def name_of(state: State, run: FinishedRun | None, window_open: bool, settings: Settings) -> str:
    """One word: nothing, computed, preview (window open), objections_over, approved, published, stopped.

    A new run after a publication goes through the same states again, on its way to a correction.
    """
    if run is None:
        return "published" if state.editions else "nothing"
    if state.edition and state.edition.run == run.sha256:
        return "published"
    if state.stopped:
        return "stopped"
    if state.preview is None or state.preview.run != run.sha256:
        return "computed"
    if state.approved(run.sha256, settings.approvals):
        return "approved"
    return "preview" if window_open else "objections_over"


def _approvals(state: State, run: FinishedRun | None) -> list[dict]:
    """Signatures under the last preview; void where the run in force is another one."""
    current = run.sha256 if run else ""
    return [
        {"by": one.by, "role": one.role, "at": one.at.isoformat(" ", "seconds"), "revision": one.revision,
         "run": one.run, "void": one.run != current}
        for one in state.approvals
    ]  # fmt: skip


def _changed(out: Path, period: Period, state: State, run: FinishedRun | None) -> dict | None:
    """The latest run against the run before it: the last preview of another run that is still on the shelf."""
    if run is None:
        return None
    for preview in reversed(state.previews):
        if preview.run != run.sha256 and (before := run_on_shelf(out, period, preview.run)):
            return {
                "against": preview.revision,
                "adjustments": [plain_effect(one) for one in effects(before.folder, run.folder)],
                "units": [plain_movement(one) for one in movements(before.folder, run.folder)],
            }
    return None
