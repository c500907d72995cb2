"""What people do on the way to publication: send a preview, approve, publish, correct. Each act is one record line."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipelines.edges.published import found_elsewhere
from pipelines.edges.quarters import list_quarters
from pipelines.edges.wording import say
from pipelines.model.period import Period
from pipelines.model.refusals import NotAllowed, UsageRefusal
from pipelines.model.words import Words
from pipelines.publication import pages
from pipelines.publication.editions import edition_run, freeze, unrecorded
from pipelines.publication.preview import write_preview
from pipelines.publication.record import append, locked, read
from pipelines.publication.runs import FinishedRun, run_in_force
from pipelines.publication.settings import Settings
from pipelines.publication.state import Edition, Preview, State, replay, same_person, window
from pipelines.publication.stops import must_be_fit, must_hold_no_canary

LONGEST_NAME = 100


@dataclass(frozen=True)
class Person:
    """Who acts, and in which role."""

    by: str
    role: str


class Desk:
    """A quarter's record, open for one act at ``at`` (local time); use ``open_desk``."""

    def __init__(self, out: Path, period: Period, at: datetime, settings: Settings, file: Path):
        self.out, self.period, self.at, self.settings, self._file = Path(out), period, at, settings, file
        self._events = read(file)
        if self.state.last and at.replace(microsecond=0) < self.state.last:
            raise UsageRefusal(say("publication.too_early", at=at, last=self.state.last))

    @property
    def state(self) -> State:
        """What the record says now."""
        return replay(self._events, self._file)

    def note(self, kind: str, **says: object) -> None:
        """One more line."""
        self._events = append(self._file, self._events, kind, self.at, **says)

    def run(self) -> FinishedRun:
        """The run in force, every byte as its manifest says; NotAllowed where there is none."""
        found = run_in_force(self.out, self.period)
        if found is None:
            raise NotAllowed(_no_run(self))
        found.check()
        return found

    def seen(self, run: FinishedRun) -> Preview:
        """The preview of a run; noted now where it is a new one."""
        state = self.state
        if state.preview is None or state.preview.run != run.sha256 or state.stopped:
            self.note("preview", run=run.sha256)
        folder = write_preview(self.out, self.period, self.state.preview, run)
        pages.write_previews(self.out, self.period, self.state, folder.parent)
        list_quarters(self.out)
        return self.state.preview


@contextmanager
def open_desk(out: Path, period: Period, at: datetime, settings: Settings) -> Iterator[Desk]:
    """The record, locked: one act at a time. VerificationFailed where the record is damaged."""
    with locked(out, period) as file:
        yield Desk(out, period, at, settings, file)


def note_preview(desk: Desk) -> Preview:
    """The run in force goes to the units; the first preview opens the objection window."""
    run = desk.run()
    edition = desk.state.edition
    if edition and edition.run == run.sha256:
        raise NotAllowed(say("publication.published_already", period=desk.period, edition=edition.folder))
    return desk.seen(run)


def note_stop(desk: Desk, why: Words) -> None:
    """Scoring was stopped: what was approved before must not be published until a run succeeds."""
    desk.note("stop", zh=why.zh, en=why.en)


def approve(desk: Desk, person: Person) -> State:
    """A person's signature under the run in force, whose bytes are checked; the state after it.

    NotAllowed for an unknown role, a second signature of a person, a role that has been signed, or a published run.
    """
    who, run = _known(desk, person), desk.run()
    if desk.state.stopped:
        raise NotAllowed(_stopped(desk.state))
    note_preview(desk)
    for signed in desk.state.approvals:
        if same_person(signed.by, who.by):
            raise NotAllowed(say("publication.same_person", by=who.by, role=signed.role))
        if signed.role == who.role:
            raise NotAllowed(say("publication.same_role", role=who.role, by=signed.by))
    desk.note("approval", by=who.by, role=who.role, revision=desk.state.preview.revision, run=run.sha256)
    return desk.state


def publish(desk: Desk, without_pdf: bool = False, early: str = "") -> Edition:
    """Freeze exactly what was approved as the first edition. ``early`` is why the objection window was cut short."""
    if edition := desk.state.edition:
        _listed(desk)  # a crash may have come between the record and its pages
        raise NotAllowed(say("publication.already", period=desk.period, edition=edition.folder))
    run = _approved_run(desk)
    days = window(desk.state, desk.at, desk.settings)
    if days.open and not early.strip():
        raise NotAllowed(say("publication.window_open", last=days.last, left=days.left))
    must_be_fit(run, desk.settings, without_pdf)
    return _frozen(desk, run, "publication", 0, without_pdf=without_pdf, early=early.strip())


def waits_for(desk: Desk) -> Words | None:
    """What the first publication still waits for, though nothing is wrong; None where it can be tried."""
    state, run = desk.state, run_in_force(desk.out, desk.period)
    if state.edition:
        return say("publication.already", period=desk.period, edition=state.edition.folder)
    if run is None:
        return _no_run(desk)
    if not state.stopped and not state.approved(run.sha256, desk.settings.approvals):
        return not_approved(state, run.sha256, desk.period, desk.settings)
    days = window(state, desk.at, desk.settings)
    if days and days.open:
        return say("publication.window_open", last=days.last, left=days.left)
    return None


def correct(desk: Desk, reason: str, person: Person, without_pdf: bool = False) -> Edition:
    """Publish an approved new run as a numbered correction with its reason and difference; nothing old changes."""
    who = _known(desk, person)
    if not reason.strip():
        raise UsageRefusal(say("publication.no_reason"))
    edition = desk.state.edition
    if edition is None:
        raise NotAllowed(say("publication.nothing_to_correct", period=desk.period))
    before = edition_run(desk.out, desk.period, edition)
    before.check()
    run = _approved_run(desk, edition)
    must_be_fit(run, desk.settings, without_pdf)
    number = len(desk.state.editions)
    notice = pages.notice(desk.period, number, before.folder, run.folder,
                          {"by": who.by, "role": who.role, "reason": reason.strip(), "at": desk.at})  # fmt: skip
    must_hold_no_canary(f"correction-{number}", "\n".join(pages.texts(notice)), desk.settings)
    files = pages.write_notice(desk.out, desk.period, number, notice)
    return _frozen(desk, run, "correction", number, without_pdf=without_pdf, reason=reason.strip(), by=who.by,
                   role=who.role, files=files)  # fmt: skip


def _approved_run(desk: Desk, edition: Edition | None = None) -> FinishedRun:
    """The run in force where it is whole and approved by enough people."""
    run, state = desk.run(), desk.state
    if edition and edition.run == run.sha256:
        raise NotAllowed(say("publication.same_run", period=desk.period, edition=edition.folder))
    if state.stopped:
        raise NotAllowed(_stopped(state))
    if not state.approved(run.sha256, desk.settings.approvals):
        raise NotAllowed(not_approved(state, run.sha256, desk.period, desk.settings))
    return run


def not_approved(state: State, run: str, period: Period, settings: Settings) -> Words:
    """Why a run counts as not approved: nobody, too few, or what was approved is another run."""
    current = state.preview is not None and state.preview.run == run
    if not current and state.approvals:
        return say("publication.void", period=period, revision=state.preview.revision)
    have = len(state.approvals) if current else 0
    return say("publication.not_approved", period=period, have=have, needed=settings.approvals,
               roles="、".join(settings.roles))  # fmt: skip


def _stopped(state: State) -> Words:
    return say("publication.stopped", why=Words(state.stopped["zh"], state.stopped["en"]))


def _frozen(desk: Desk, run: FinishedRun, kind: str, number: int, **says: object) -> Edition:
    folder = freeze(desk.out, desk.period, run, desk.state)
    left = [name for name in unrecorded(desk.out, desk.period, desk.state) if name != folder]
    desk.note(kind, edition=folder, run=run.sha256, notice=number, **({"left": left} if left else {}), **says)
    _listed(desk)
    return desk.state.edition


def _listed(desk: Desk) -> None:
    """What is published, on the pages that list it."""
    pages.write_index(desk.out, desk.period, desk.state)
    list_quarters(desk.out)


def _known(desk: Desk, person: Person) -> Person:
    """The person with blanks trimmed; NotAllowed for a role that nobody can have."""
    by, role = person.by.strip(), person.role.strip()
    if not by or len(by) > LONGEST_NAME or not by.isprintable() or same_person(by, ""):
        raise UsageRefusal(say("publication.no_name", longest=LONGEST_NAME))
    if role not in desk.settings.roles:
        raise NotAllowed(say("publication.no_role", role=role, roles="、".join(desk.settings.roles)))
    return Person(by, role)


def _no_run(desk: Desk) -> Words:
    return say("publication.no_run", period=desk.period, out=desk.out,
               remedy=found_elsewhere(desk.out / str(desk.period)))
