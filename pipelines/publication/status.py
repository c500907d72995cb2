"""How a quarter stands: its state, the days left, who approved, and what the latest run changed."""

import csv
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path

from pipelines.edges import process as machine
from pipelines.edges.folders import PUBLISHED
from pipelines.edges.published import PublishedQuarter
from pipelines.edges.runs import under_way
from pipelines.explain import Movement, compare
from pipelines.model.period import Period
from pipelines.model.points import shown
from pipelines.model.rule import Reading
from pipelines.model.text import unguarded
from pipelines.publication.editions import FOLDER as PREVIEWS
from pipelines.publication.editions import place_of, place_of_previews
from pipelines.publication.record import (
    RECORD,
    SUFFIX,
    Clock,
    FinishedRun,
    finished_run,
    moment_of,
    must_hold_no_link,
    run_in_force,
)
from pipelines.publication.signatures import read_whole
from pipelines.publication.signers import SIGNERS
from pipelines.publication.state import Settings, State, bound, load_settings, window, with_frozen


def status(
    out: Path,
    period: Period,
    at: datetime | None,
    settings: Settings | None,
    signers: Path = SIGNERS,
    clock: Clock | None = None,
) -> dict:
    """The state now as a plain document; reads only.

    ``at`` counts for invented data alone; ``clock`` is the machine's if None.

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
        "previews": [{"revision": one.revision, "run": one.run} for one in state.previews],
        "objection": {"until": days.last.isoformat(), "days_left": days.left, "open": days.open} if days else None,
        "approvals": _approvals(state, run),
        "settings": {name: state.settings[name] for name in ("working_days", "needed", "roles")}
        if state.settings
        else None,
        "needed": settings.approvals,
        "roles": list(settings.roles),
        "editions": [
            {
                "edition": one.folder,
                "at": one.at.isoformat(" ", "seconds"),
                "correction": one.notice,
                "run": one.run,
                "signed": [{"by": who.by, "role": who.role, "key": who.key} for who in one.signed],
            }
            for one in state.editions
        ],
        "stopped": state.stopped and {name: state.stopped[name] for name in ("zh", "en")},
        "changed": _changed(out, period, state, run),
    }


def periods(out: Path) -> list[Period]:
    """Every quarter of which the folder holds anything, the latest first.

    A run, a preview, an edition, a record, or the note of a run that was begun.
    """
    names = [one.name for place in (out, out / PUBLISHED, out / PREVIEWS) for one in place.glob("*")]
    names += [file.stem for file in (out / RECORD).glob(f"*{SUFFIX}")]
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
        {
            "by": one.by,
            "role": one.role,
            "at": one.at.isoformat(" ", "seconds"),
            "revision": one.revision,
            "run": one.run,
            "key": one.key,
            "void": one.run != current,
        }
        for one in state.approvals
    ]


def _changed(out: Path, period: Period, state: State, run: FinishedRun | None) -> dict | None:
    """The latest run against the run before it: the last preview of another run that is still there."""
    if run is None:
        return None
    for preview in reversed(state.previews):
        if preview.run != run.sha256 and (before := finished_run(out, period, preview.run)):
            return {
                "against": preview.revision,
                "adjustments": [plain_effect(one) for one in effects(before.folder, run.folder)],
                "units": [plain_movement(one) for one in movements(before.folder, run.folder)],
            }
    return None


# What a run changed against the one before: places, points, and the adjustments that are new in it.


TABLE = "adjustments.csv"


@dataclass(frozen=True)
class Effect:
    """An adjustment that the run before did not have, and the points of the ledger lines it is about, then and now.

    ``before`` and ``after`` hold the sums of lines of the case or incident that it names; what follows from rates
    shows in the unit's movement.
    """

    adjustment: dict
    before: Fraction
    after: Fraction


def effects(before: Path, after: Path) -> list[Effect]:
    """The new or reworded adjustments of a run, in the order of its table."""
    known = _adjustments(before)
    names = set(known[0]) if known else set()  # a run of an older version tells less of each
    new = [one for one in _adjustments(after) if {name: one[name] for name in one if name in names} not in known]
    old, now = (list(PublishedQuarter.open(folder).ledger()) if new else [] for folder in (before, after))
    return [Effect(one, _points(old, one), _points(now, one)) for one in new]


def movements(before: Path, after: Path) -> list[Movement]:
    """Every unit that changed place or points."""
    return compare(PublishedQuarter.open(before), PublishedQuarter.open(after))


def made_from(then: dict, now: dict) -> list[dict]:
    """What two manifests were made from differently: ``what``, ``name``, and the values ``before`` and ``after``."""
    found = []
    for what in ("cutoff", "rulebook", "source", "calendar", "zone", "code"):
        found.append((what, "", _shown_fact(then.get(what)), _shown_fact(now.get(what))))
    readings = then.get("readings", {}), now.get("readings", {})
    found += [
        ("reading", name, *(str(one.get(name, "")) for one in readings))
        for name in sorted({*readings[0], *readings[1]})
    ]
    inputs = [{one["file"]: one["sha256"][:16] for one in manifest.get("inputs", ())} for manifest in (then, now)]
    found += [("input", name, *(one.get(name, "") for one in inputs)) for name in sorted({*inputs[0], *inputs[1]})]
    return [
        {"what": what, "name": name, "before": before, "after": after}
        for what, name, before, after in found
        if before != after
    ]


def in_words(facts: list[dict], readings: dict[str, Reading]) -> list[dict]:
    """The same facts; a reading that the rulebook knows brings its ``title``, and what its values mean as ``says``."""
    return [
        {**one, **_meaning(readings[one["name"]], one)} if one["what"] == "reading" and one["name"] in readings else one
        for one in facts
    ]


def plain_effect(effect: Effect) -> dict:
    """An effect for machines and pages."""
    points = {
        "before": shown(effect.before),
        "after": shown(effect.after),
        "points": shown(effect.after - effect.before),
    }
    return {**effect.adjustment, **points}


def plain_movement(movement: Movement) -> dict:
    """A unit's movement for machines and pages."""
    before, after = movement.total_before, movement.total_after
    return {
        "unit_id": movement.unit_id,
        "unit_name": movement.unit_name,
        "rank_before": movement.rank_before,
        "rank_after": movement.rank_after,
        "total_before": "" if before is None else movement.shown(before),
        "total_after": "" if after is None else movement.shown(after),
        "points": movement.shown(movement.points),
        "by_rule": {rule: shown(points) for rule, points in movement.by_rule},
    }


def _meaning(reading: Reading, fact: dict) -> dict:
    """Title and values in both languages; a value that the rulebook has no words for, such as a number, has none."""
    says = {side: asdict(reading.says[fact[side]]) for side in ("before", "after") if fact[side] in reading.says}
    return {"title": asdict(reading.title), "says": says}


def _shown_fact(value: object) -> str:
    """A fact of a manifest in a word: what it is called, with the beginning of its hash."""
    if not isinstance(value, dict):
        return str(value or "")
    named = next((str(value[key]) for key in ("edition", "name", "version") if value.get(key)), "")
    return f"{named} {value.get('sha256', '')[:16]}".strip()


def _adjustments(folder: Path) -> list[dict]:
    if not (folder / TABLE).is_file():
        return []
    with (folder / TABLE).open(encoding="utf-8-sig", newline="") as stream:
        return [{name: unguarded(cell) for name, cell in line.items()} for line in csv.DictReader(stream)]


def _points(lines: list[dict], adjustment: dict) -> Fraction:
    return sum((Fraction(line["points"]) for line in lines if _about(line, adjustment)), Fraction(0))


def _about(line: dict, adjustment: dict) -> bool:
    """Whether a ledger line is of the matter that an adjustment decides."""
    named = [name for name in ("case_id", "ref_id") if adjustment[name]]
    same_rule = not adjustment["rule_id"] or line["rule_id"] == adjustment["rule_id"]
    return (
        bool(named)
        and same_rule
        and all(line[name] == adjustment[name] for name in ("unit_id", *named) if adjustment[name])
    )
