"""How a quarter stands: its state, the days left, who approved, and what the latest run changed."""

from contextlib import suppress
from datetime import datetime
from pathlib import Path

from pipelines.edges import clock as machine
from pipelines.edges.begun import under_way
from pipelines.model.period import Period
from pipelines.publication.changes import effects, movements, plain_effect, plain_movement
from pipelines.publication.clock import Clock, moment_of
from pipelines.publication.editions import PUBLISHED, place_of
from pipelines.publication.links import must_hold_no_link
from pipelines.publication.preview import FOLDER as PREVIEWS
from pipelines.publication.preview import place_of_previews
from pipelines.publication.record import RECORD, SUFFIX
from pipelines.publication.runs import FinishedRun, run_in_force, run_on_shelf
from pipelines.publication.settings import Settings, bound, load_settings, with_frozen
from pipelines.publication.signers import SIGNERS
from pipelines.publication.state import State, window
from pipelines.publication.whole import read_whole


def status(
    out: Path, period: Period, at: datetime | None, settings: Settings | None, signers: Path = SIGNERS,
    clock: Clock | None = None,
) -> dict:
    """The state now as a plain document; reads only. ``at`` counts for invented data alone,
    ``clock`` is the machine's where None.

    VerificationFailed where the record was forged, cut, lost or begun again, or a manifest is damaged.
    """
    must_hold_no_link(place_of(out, period), place_of_previews(out, period))
    _, state, _ = read_whole(out, period, signers)
    run, named = run_in_force(out, period), settings is not None
    settings = settings or load_settings()
    if state.settings:
        settings = with_frozen(state.settings, settings) if not named else bound(state.settings, settings, named)
    simulated = bool(run.manifest.get("simulated")) if run and state.simulated is None else bool(state.simulated)
    at = moment_of((clock or machine.now)(), at, simulated, None).at
    days = window(state, at, settings)
    return {
        "period": str(period),
        "at": at.isoformat(" ", "seconds"),
        "simulated": simulated,
        "state": name_of(state, run, days.open if days else False, settings),
        "run": run.sha256 if run else "",
        "revision": state.preview.revision if state.preview else 0,
        "objection": {"until": days.last.isoformat(), "days_left": days.left, "open": days.open} if days else None,
        "approvals": _approvals(state, run),
        "settings": {name: state.settings[name] for name in ("working_days", "needed", "roles")}
        if state.settings else None,
        "needed": settings.approvals,
        "roles": list(settings.roles),
        "editions": [
            {"edition": one.folder, "at": one.at.isoformat(" ", "seconds"), "correction": one.notice, "run": one.run,
             "signed": [{"by": who.by, "role": who.role, "key": who.key} for who in one.signed]}
            for one in state.editions
        ],
        "stopped": state.stopped and {name: state.stopped[name] for name in ("zh", "en")},
        "changed": _changed(out, period, state, run),
    }


def periods(out: Path) -> list[Period]:
    """Every quarter of which the folder holds anything, the latest first: a run, a preview, an edition, a record, or
    the note of a run that was begun.
    """
    names = [one.name for place in (out, out / PUBLISHED, out / PREVIEWS) for one in place.glob("*Q?")]
    names += [file.stem for file in (out / RECORD).glob(f"*Q?{SUFFIX}")]
    names += [one.period for one in under_way(out)]
    return sorted({one for name in names if (one := _read(name))}, reverse=True)


def _read(name: str) -> Period | None:
    with suppress(ValueError):
        found = Period.parse(name)
        return found if str(found) == name else None
    return None


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
         "run": one.run, "key": one.key, "void": one.run != current}
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
