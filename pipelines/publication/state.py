"""Where a quarter stands on its way to publication, derived from its record alone."""

import unicodedata
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

from pipelines.edges.wording import say
from pipelines.model.refusals import VerificationFailed
from pipelines.publication.record import Event
from pipelines.publication.settings import Settings


@dataclass(frozen=True)
class Preview:
    """A run that went to the units: ``revision`` counts them, ``run`` is the sha256 of its manifest."""

    revision: int
    run: str
    at: datetime


@dataclass(frozen=True)
class Approval:
    """A person's signature under one revision."""

    by: str
    role: str
    at: datetime
    revision: int
    run: str


@dataclass(frozen=True)
class Edition:
    """A publication: where it lies below the quarter's folder; ``notice`` is the number of its correction, else 0."""

    folder: str
    run: str
    at: datetime
    notice: int = 0
    says: dict = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """All that the record says; ``stopped`` is why the last attempt to score gave nothing."""

    previews: tuple[Preview, ...] = ()
    approvals: tuple[Approval, ...] = ()
    editions: tuple[Edition, ...] = ()
    stopped: dict | None = None
    last: datetime | None = None

    @property
    def preview(self) -> Preview | None:
        """The revision that lies with the units."""
        return self.previews[-1] if self.previews else None

    @property
    def edition(self) -> Edition | None:
        """The publication in force."""
        return self.editions[-1] if self.editions else None

    def approved(self, run: str, needed: int) -> bool:
        """Whether ``run`` is the revision that enough people have approved."""
        return bool(self.preview) and self.preview.run == run and len(self.approvals) >= needed


@dataclass(frozen=True)
class Window:
    """The days in which units may object: up to the end of ``last``; ``left`` working days after the moment."""

    last: date
    left: int
    open: bool


def replay(events: tuple[Event, ...], file: Path) -> State:
    """The state after all events; VerificationFailed with the line of an event that could not have happened."""
    state = State()
    for event in events:
        try:
            state = replace(_STEPS[event.kind](state, event.at, event.says), last=event.at)
        except (KeyError, TypeError, AttributeError, ValueError):
            raise VerificationFailed(say("publication.record_damaged", file=file.name, line=event.n)) from None
    return state


def window(state: State, at: datetime, settings: Settings) -> Window | None:
    """The objection window at ``at``, from the first preview on; None before it. A Refusal for an uncovered year."""
    from pipelines.edges.calendar import Calendar

    if not state.previews:
        return None
    calendar = Calendar.load()
    day, today = state.previews[0].at.date(), at.date()
    days = [calendar.add_working_days(day, n) for n in range(1, settings.objection_days + 1)]
    last = days[-1] if days else day
    return Window(last, sum(one > today for one in days), bool(days) and today <= last)


def same_person(one: str, other: str) -> bool:
    """Whether two spellings name one person: width, case, blanks and invisible marks do not count."""
    return _bare(one) == _bare(other)


def _bare(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(sign for sign in folded if not sign.isspace() and unicodedata.category(sign)[0] != "C")


def _previewed(state: State, at: datetime, says: dict) -> State:
    seen = Preview(len(state.previews) + 1, says["run"], at)
    return replace(state, previews=(*state.previews, seen), approvals=(), stopped=None)


def _approved(state: State, at: datetime, says: dict) -> State:
    if says["run"] != state.preview.run:
        raise ValueError(says["run"])
    signed = Approval(says["by"], says["role"], at, state.preview.revision, says["run"])
    return replace(state, approvals=(*state.approvals, signed))


def _published(state: State, at: datetime, says: dict) -> State:
    if says["run"] != state.preview.run or not state.approvals or not str(says["edition"]).isdecimal():
        raise ValueError(says["run"])
    if int(says["notice"]) != len(state.editions):
        raise ValueError(says["notice"])
    made = Edition(str(says["edition"]), says["run"], at, int(says["notice"]), says)
    return replace(state, editions=(*state.editions, made))


def _stopped(state: State, at: datetime, says: dict) -> State:
    return replace(state, stopped={"zh": says["zh"], "en": says["en"], "at": at})


_STEPS = {"preview": _previewed, "approval": _approved, "publication": _published, "correction": _published,
          "stop": _stopped}  # fmt: skip
