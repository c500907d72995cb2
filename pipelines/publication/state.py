"""Where a quarter stands on its way to publication: the office's settings, and the state derived from its record."""

import json
import re
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path

from pipelines.edges import process
from pipelines.edges.calendar import Calendar
from pipelines.edges.located_yaml import read_blocks
from pipelines.model.words import NotAllowed, UsageRefusal, VerificationFailed, Words
from pipelines.paths import RULES
from pipelines.publication.record import Event
from pipelines.wording import say

# What the office has settled about publication: `rules/publication.yaml`, or a file like it.
#
# A quarter's first preview freezes them: window, number of approvals, roles and what must not be published stand in the
# record with their hash and bind every later act of the quarter.


STANDARD = RULES / "publication.yaml"
FEWEST = 2  # people without whom nothing is published
SHORTEST = 1  # working days in which units may object
_ROLE = re.compile(r"[^\W_](?:[\w-]{0,38}[^\W_])?")  # a role is a namespace of signatures: no blanks, commas or quotes
PARTS = {
    "objection": {"working_days"},
    "approval": {"roles", "needed"},
    "canaries": {"texts", "patterns", "coincidences"},
}


@dataclass(frozen=True)
class Settings:
    """Days of the objection window, who approves, what must not be published."""

    objection_days: int
    roles: tuple[str, ...]
    approvals: int
    texts: tuple[str, ...] = ()
    patterns: tuple[re.Pattern, ...] = ()
    coincidences: tuple[str, ...] = ()  # hold an evaluator's name and mean something else: a run looks past them


def load_settings(file: Path | None = None) -> Settings:
    """The settings of a file, the project's own if None; UsageRefusal (file, place, remedy) for a bad one."""
    file = file or process.project().publication or STANDARD
    document, _ = read_blocks(file)
    _known(file, "", document, PARTS)
    for part, names in PARTS.items():
        if not isinstance(document.get(part), dict):
            raise _wrong(file, part, say("publication.settings_missing"))
        _known(file, part, document[part], names)
    roles = _texts(file, "approval.roles", document["approval"].get("roles"))
    needed = _count(file, "approval.needed", document["approval"].get("needed"), FEWEST)
    for role in roles:
        if not is_role(role):
            raise _wrong(file, "approval.roles", say("publication.settings_role", role=role))
    if len({folded(role) for role in roles}) != len(roles) or needed > len(roles):
        raise _wrong(file, "approval.roles", say("publication.settings_roles", n=needed))
    return Settings(
        _count(file, "objection.working_days", document["objection"].get("working_days"), SHORTEST),
        roles,
        needed,
        _texts(file, "canaries.texts", document["canaries"].get("texts", [])),
        tuple(
            _pattern(file, one) for one in _texts(file, "canaries.patterns", document["canaries"].get("patterns", []))
        ),
        _texts(file, "canaries.coincidences", document["canaries"].get("coincidences", [])),
    )


def frozen(settings: Settings) -> dict:
    """What the first preview writes down; of what must not be published only the hashes."""
    canaries = (*settings.texts, *(pattern.pattern for pattern in settings.patterns))
    return {
        "working_days": settings.objection_days,
        "needed": settings.approvals,
        "roles": list(settings.roles),
        "canaries": sorted(sha256(text.encode()).hexdigest() for text in canaries),
    }


def settings_sha256(document: dict) -> str:
    """The hash of frozen settings, which every signature covers."""
    return sha256(json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def bound(document: dict, given: Settings, named: bool) -> Settings:
    """The settings in force: those frozen in the record, with the texts and patterns of what was ``given``.

    NotAllowed saying what differs, where the file was ``named`` on the command line; one that no longer looks for
    something that must not be published is refused also where nobody named it. Looking for more is never refused.
    """
    now = frozen(given)
    differ = [
        say(f"publication.differs_{name}", then=_shown(document[name]), now=_shown(now[name]))
        for name in ("working_days", "needed", "roles")
        if named and now[name] != document[name]
    ]
    if lost := set(document["canaries"]) - set(now["canaries"]):
        differ.append(say("publication.differs_canaries", n=len(lost)))
    if differ:
        what = Words("；".join(one.zh for one in differ), "; ".join(one.en for one in differ))
        raise NotAllowed(say("publication.settings_differ", what=what))
    return with_frozen(document, given)


def with_frozen(document: dict, given: Settings) -> Settings:
    """``given`` with the window, the number and the roles that were frozen."""
    return replace(
        given, objection_days=document["working_days"], approvals=document["needed"], roles=tuple(document["roles"])
    )


def sound(document: dict) -> bool:
    """Whether frozen settings of a record are any that could have been loaded."""
    roles, days, needed = document["roles"], document["working_days"], document["needed"]
    return (
        set(document) == {"working_days", "needed", "roles", "canaries"}
        and all(type(one) is int for one in (days, needed))
        and all(is_role(role) for role in roles)
        and days >= SHORTEST
        and FEWEST <= needed <= len(roles) == len({folded(role) for role in roles})
        and all(isinstance(one, str) for one in document["canaries"])
    )


def is_role(value: object) -> bool:
    """Whether something can be a role, which is a namespace of signatures too."""
    return isinstance(value, str) and bool(_ROLE.fullmatch(value))


def folded(text: str) -> str:
    """A name or role as it is compared: width, case, blanks and invisible signs do not count."""
    folded_text = unicodedata.normalize("NFKC", text).casefold()
    return "".join(sign for sign in folded_text if not sign.isspace() and unicodedata.category(sign)[0] != "C")


def _shown(value: object) -> object:
    return "、".join(value) if isinstance(value, list) else value


def _known(file: Path, part: str, document: dict, names) -> None:
    for name in document:
        if name not in names:
            raise _wrong(file, f"{part}.{name}".strip("."), say("publication.settings_unknown", known=" ".join(names)))


def _count(file: Path, place: str, value: object, least: int) -> int:
    if not isinstance(value, str) or not value.isascii() or not value.isdecimal() or int(value) < least:
        raise _wrong(file, place, say("publication.settings_count", least=least))
    return int(value)


def _texts(file: Path, place: str, values: object) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(one, str) and one.strip() for one in values):
        raise _wrong(file, place, say("publication.settings_list"))
    return tuple(one.strip() for one in values)


def _pattern(file: Path, text: str) -> re.Pattern:
    try:
        return re.compile(text)
    except re.error as problem:
        why = say("publication.settings_pattern", text=text, why=problem)
        raise _wrong(file, "canaries.patterns", why) from None


def _wrong(file: Path, place: str, why: Words) -> UsageRefusal:
    return UsageRefusal(say("publication.settings_wrong", file=file.name, place=place, why=why))


# Where a quarter stands on its way to publication, derived from its record alone.


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
