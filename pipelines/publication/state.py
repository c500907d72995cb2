"""Where a quarter stands on its way to publication, derived from its record alone."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

from pipelines.model.refusals import VerificationFailed
from pipelines.publication.record import Event
from pipelines.publication.settings import Settings, folded, settings_sha256, sound
from pipelines.wording import say


@dataclass(frozen=True)
class Preview:
    """A run that went to the units: ``revision`` counts them, ``run`` is the sha256 of its manifest."""

    revision: int
    run: str
    at: datetime


@dataclass(frozen=True)
class Approval:
    """A person's signature under one revision; ``key`` is the fingerprint of the key, "" where a name was enough."""

    by: str
    role: str
    at: datetime
    revision: int
    run: str
    key: str = ""
    until: date | None = None  # the last day of objections that was signed with it
    early: str = ""  # why publication need not wait for that day, signed with it too
    checks: tuple[dict, ...] = ()  # every line of the checklist with the answer, signed with it too


@dataclass(frozen=True)
class Edition:
    """A publication: where it lies below the quarter's folder; ``notice`` is the number of its correction, else 0."""

    folder: str
    run: str
    at: datetime
    notice: int = 0
    says: dict = field(default_factory=dict)
    signed: tuple[Approval, ...] = ()  # under whose signatures
    head: str = ""  # of the record, after the publication
    clock: datetime | None = None  # None in a record older than keys
    sheet: dict | None = None  # sha256 by file name, once the publication sheet is recorded


@dataclass(frozen=True)
class State:
    """All that the record says; ``stopped`` is why the last attempt to score gave nothing.

    ``settings`` are those that the first preview froze, ``opened`` the moment from which the objection window counts,
    ``before`` the record's head before the quarter's first act. ``keyed`` tells that acts need keys: they do from the
    first line on, or from the adoption of a record that is older than keys.
    """

    previews: tuple[Preview, ...] = ()
    approvals: tuple[Approval, ...] = ()
    editions: tuple[Edition, ...] = ()
    stopped: dict | None = None
    last: datetime | None = None
    clock: datetime | None = None
    settings: dict | None = None
    simulated: bool | None = None
    opened: datetime | None = None
    before: str = ""
    keyed: bool = False
    older: int = 0  # lines that are older than keys

    @property
    def preview(self) -> Preview | None:
        """The revision that lies with the units."""
        return self.previews[-1] if self.previews else None

    @property
    def edition(self) -> Edition | None:
        """The publication in force."""
        return self.editions[-1] if self.editions else None

    @property
    def early(self) -> str:
        """Why publication need not wait for the end of the window, where every signature covers a reason; else ""."""
        reasons = list(dict.fromkeys(one.early for one in self.approvals))
        return "；".join(reasons) if all(reasons) else ""

    def approved(self, run: str, needed: int) -> bool:
        """Whether ``run`` is the revision that enough people have approved, with keys."""
        return self.keyed and bool(self.preview) and self.preview.run == run and len(self.approvals) >= needed


@dataclass(frozen=True)
class Window:
    """The days in which units may object: up to the end of ``last``; ``left`` working days after the moment."""

    last: date
    left: int
    open: bool


def replay(events: tuple[Event, ...], file: Path) -> State:
    """The state after all events; VerificationFailed with the line of an event that could not have happened.

    Of a signature only what the line says is looked at: `signatures.must_be_signed` asks `ssh-keygen`.
    """
    state = State()
    for event in events:
        try:
            state = _timed(state, event)
            state = _STEPS[event.kind](state, event)
        except (KeyError, TypeError, AttributeError, ValueError):
            raise VerificationFailed(say("publication.record_damaged", file=file.name, line=event.n)) from None
    return state


def window(state: State, at: datetime, settings: Settings) -> Window | None:
    """The objection window at ``at``, from the first preview on; None before it. A Refusal for an uncovered year."""
    from pipelines.edges.calendar import Calendar

    if state.opened is None:
        return None
    calendar = Calendar.load()
    day, today = state.opened.date(), at.date()
    days = [calendar.add_working_days(day, n) for n in range(1, settings.objection_days + 1)]
    return Window(days[-1], sum(one > today for one in days), today <= days[-1])


def same_person(one: str, other: str) -> bool:
    """Whether two spellings name one person: width, case, blanks and invisible marks do not count."""
    return folded(one) == folded(other)


def _timed(state: State, event: Event) -> State:
    """The state with the event's moment; ValueError where it stands before the one before, or is of another kind."""
    if event.clock is None:
        if state.keyed:
            raise ValueError(event.n)
        return replace(state, last=event.at, older=state.older + 1)
    if state.older and not state.keyed and event.kind != "adoption":
        raise ValueError(event.n)
    if state.simulated is not None and event.simulated != state.simulated:
        raise ValueError(event.n)
    if state.keyed and (event.clock < state.clock or (state.simulated is not None and event.at < state.last)):
        raise ValueError(event.n)
    return replace(state, last=event.at, clock=event.clock, keyed=True)


def _frozen(state: State, event: Event) -> State:
    """The settings that an event froze, and the marking that binds every later one."""
    settings = event.says["settings"]
    if not sound(settings) or event.says["settings_sha256"] != settings_sha256(settings):
        raise ValueError(event.n)
    return replace(state, settings=settings, simulated=event.simulated, opened=event.at)


def _adopted(state: State, event: Event) -> State:
    says = event.says
    if not state.older or event.n != state.older + 1 or says["lines"] != state.older:
        raise ValueError(event.n)
    return replace(_frozen(state, event), approvals=())


def _previewed(state: State, event: Event) -> State:
    if event.clock and state.settings is None:
        state = replace(_frozen(state, event), before=event.says["record_before"])
    elif state.opened is None:
        state = replace(state, opened=event.at)
    seen = Preview(len(state.previews) + 1, event.says["run"], event.at)
    return replace(state, previews=(*state.previews, seen), approvals=(), stopped=None)


def _approved(state: State, event: Event) -> State:
    says = event.says
    if says["run"] != state.preview.run:
        raise ValueError(says["run"])
    signed = Approval(says["by"], says["role"], event.at, state.preview.revision, says["run"])
    if event.clock:
        signed = replace(signed, key=says["key"], until=date.fromisoformat(says["until"]), early=says.get("early", ""))
        signed = replace(signed, checks=tuple(says.get("checks", ())))
        _must_add(state, signed, says)
    return replace(state, approvals=(*state.approvals, signed))


def _must_add(state: State, signed: Approval, says: dict) -> None:
    """ValueError where a signature adds none: unknown role, person, role or key seen already, other settings."""
    seen = state.approvals
    if (
        signed.role not in state.settings["roles"]
        or any(same_person(one.by, signed.by) or one.role == signed.role or one.key == signed.key for one in seen)
        or says["settings"] != settings_sha256(state.settings)
        or says["revision"] != signed.revision
        or not (signed.key and says["signature"] and says["signers"])
        or state.stopped
    ):
        raise ValueError(signed.by)


def _published(state: State, event: Event) -> State:
    says = event.says
    if says["run"] != state.preview.run or not state.approvals or not str(says["edition"]).isdecimal():
        raise ValueError(says["run"])
    if int(says["notice"]) != len(state.editions) or any(one.folder == says["edition"] for one in state.editions):
        raise ValueError(says["notice"])
    if event.clock:
        over = all(event.at.date() > one.until for one in state.approvals)
        enough = len(state.approvals) >= state.settings["needed"]
        if not enough or state.stopped or not (state.editions or over or state.early == says["early"] != ""):
            raise ValueError(says["edition"])
    made = Edition(
        str(says["edition"]),
        says["run"],
        event.at,
        int(says["notice"]),
        says,
        state.approvals,
        event.sha256,
        event.clock,
    )
    return replace(state, editions=(*state.editions, made))


def _sheeted(state: State, event: Event) -> State:
    edition = state.editions[-1]
    if edition.folder != event.says["edition"] or edition.sheet is not None or not event.says["files"]:
        raise ValueError(event.n)
    return replace(state, editions=(*state.editions[:-1], replace(edition, sheet=dict(event.says["files"]))))


def _stopped(state: State, event: Event) -> State:
    return replace(state, stopped={"zh": event.says["zh"], "en": event.says["en"], "at": event.at})


_STEPS = {
    "preview": _previewed,
    "approval": _approved,
    "publication": _published,
    "correction": _published,
    "stop": _stopped,
    "sheet": _sheeted,
    "adoption": _adopted,
}
