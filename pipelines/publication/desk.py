"""What people do on the way to publication: send a preview, approve, publish, correct. Each act is one record line."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipelines.edges import process as machine
from pipelines.edges.calendar import Calendar
from pipelines.edges.folders import list_periods, must_stay_here
from pipelines.edges.published import RULEBOOK, found_elsewhere, keep_counted, tallies_of
from pipelines.evaluators.log import NAME as EVALUATORS
from pipelines.evaluators.log import log_of, reached_by
from pipelines.model.period import Period
from pipelines.model.words import NotAllowed, Refusal, UsageRefusal, VerificationFailed, Words
from pipelines.publication import pages
from pipelines.publication.checklist import Checklist, checklist, must_be_fit, must_be_signable, must_hold_no_canary
from pipelines.publication.editions import edition_run, freeze, place_of, place_of_previews, unrecorded, write_preview
from pipelines.publication.pages import write_sheet
from pipelines.publication.record import (
    Clock,
    FinishedRun,
    Moment,
    append,
    head_of,
    locked,
    moment_of,
    must_hold_no_link,
    run_in_force,
)
from pipelines.publication.signatures import (
    approval_message,
    correction_message,
    head_before,
    may_sign,
    read_whole,
    signed_with,
)
from pipelines.publication.signers import SIGNERS, none_yet
from pipelines.publication.state import (
    Edition,
    Preview,
    Settings,
    State,
    Window,
    bound,
    frozen,
    load_settings,
    replay,
    same_person,
    settings_sha256,
    window,
)
from pipelines.rulebook.load import load_rulebook
from pipelines.stages.measure import Kept
from pipelines.wording import say

LONGEST_NAME = 100


@dataclass(frozen=True)
class Person:
    """Who acts, in which role, and the file of the key, None where an agent holds it."""

    by: str
    role: str
    key: Path | None = None


class Desk:
    """A quarter's record, open for one act; use ``open_desk``."""

    def __init__(self, out: Path, period: Period, given: "DeskOptions", file: Path) -> None:
        self.out, self.period, self._file = Path(out), period, file
        must_hold_no_link(place_of(out, period).parent, place_of_previews(out, period).parent)
        must_hold_no_link(place_of(out, period), place_of_previews(out, period))
        self._events, state, self.signers = read_whole(out, period, given.signers)
        self._when, self.cutoff = given, period.end
        self.simulated = bool(state.simulated)
        with suppress(VerificationFailed):  # a run that was touched is refused by every act that needs it
            self._meet(run_in_force(out, period), state)
        self.moment = moment_of((given.clock or machine.now)(), given.typed, self.simulated, self.cutoff)
        self.settings = given.settings or load_settings()
        if state.settings:
            self.settings = bound(state.settings, self.settings, given.settings is not None)

    @property
    def state(self) -> State:
        """What the record says now."""
        return replay(self._events, self._file)

    @property
    def at(self) -> datetime:
        """The moment that counts."""
        return self.moment.at

    @property
    def head(self) -> str:
        """The sha256 of the record's last line."""
        return head_of(self._events)

    def note(self, kind: str, **says: object) -> None:
        """One more line; before it, where the record is older than keys, the line that adopts it as it is."""
        state = self.state
        if state.older and not state.keyed:
            self._append("adoption", lines=state.older, head=self.head, **self._frozen())
        self._append(kind, **says)

    def run(self) -> FinishedRun:
        """The run in force, every byte as its manifest says; NotAllowed where there is none, or one of other data."""
        found = run_in_force(self.out, self.period)
        if found is None:
            raise NotAllowed(_no_run(self))
        found.check()
        must_stay_here(self.out, found.manifest)
        marked = self.state.simulated
        if marked is not None and marked != bool(found.manifest.get("simulated")):
            raise NotAllowed(say("publication.mixed", period=self.period))
        return found

    def seen(self, run: FinishedRun) -> Preview:
        """The preview of a run; noted now where it is a new one."""
        state = self.state
        if state.older and not state.keyed:
            self._append("adoption", lines=state.older, head=self.head, **self._frozen())
            state = self.state
        if state.preview is None or state.preview.run != run.sha256 or state.stopped:
            first = {} if state.settings else {**self._frozen(), "record_before": self._before(run)}
            self._append("preview", run=run.sha256, **first)
        folder = write_preview(self.out, self.period, self.state.preview, run)
        pages.write_previews(self.out, self.period, self.state, folder.parent)
        list_periods(self.out)
        return self.state.preview

    def window(self) -> Window | None:
        """The objection window at the moment of the act."""
        return window(self.state, self.at, self.settings)

    def _frozen(self) -> dict:
        settings = frozen(self.settings)
        return {"settings": settings, "settings_sha256": settings_sha256(settings)}

    def _before(self, run: FinishedRun) -> str:
        """The head that the bulletin of this run shows; NotAllowed where another was published since it was made."""
        now, shown = head_before(self.out, self.period), run.manifest.get("record", {}).get("before")
        if shown not in (None, now):
            raise NotAllowed(say("publication.run_before", period=self.period))
        return now

    def _meet(self, run: FinishedRun | None, state: State) -> None:
        """The cutoff and the marking of a run."""
        if run is None:
            return
        manifest = run.manifest
        if state.simulated is None:
            self.simulated = bool(manifest.get("simulated"))
        if "cutoff" in manifest:
            self.cutoff = datetime.fromisoformat(manifest["cutoff"])

    def _append(self, kind: str, **says: object) -> None:
        state, moment = self.state, self.moment
        if state.clock and moment.clock < state.clock:
            raise NotAllowed(say("publication.clock_back", clock=moment.clock, last=state.clock))
        ordered = state.simulated is not None or (state.older and moment.simulated)
        if ordered and moment.at < state.last:
            if kind != "stop":
                raise UsageRefusal(say("publication.too_early", at=moment.at, last=state.last))
            moment = Moment(state.last, moment.clock, None, True)  # of invented data alone: a clock that is behind
        log = reached_by(log_of(self.out))
        sealed = {EVALUATORS: log} if log else {}  # so that whoever writes the log anew must forge what people signed
        self._events = append(self._file, self._events, kind, moment, **says, **sealed)


@dataclass(frozen=True)
class DeskOptions:
    """What an act is called with: the typed time, settings named by the caller, the signers' file, the clock."""

    typed: datetime | None = None
    settings: Settings | None = None
    signers: Path = SIGNERS
    clock: Clock | None = None  # the machine's


@contextmanager
def open_desk(
    out: Path, period: Period, at: datetime | None = None, settings: Settings | None = None, **more: object
) -> Iterator[Desk]:
    """The record, locked: one act at a time; ``at`` is the typed time, ``more`` may hold ``signers`` and ``clock``.

    VerificationFailed where the record is damaged; NotAllowed where ``settings`` are not those of the first preview.
    """
    with locked(out, period) as file:
        yield Desk(out, period, DeskOptions(at, settings, **more), file)


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


def record_stop(refusal: Refusal, out: Path, period: Period, **given: object) -> None:
    """Note why scoring was stopped; where that cannot be noted, the refusal says so too: people must see both."""
    try:
        with open_desk(out, period, **given) as desk:
            note_stop(desk, refusal.words)
    except (Refusal, OSError) as failed:
        why = getattr(failed, "words", None) or failed
        refusal.words = say("publication.stop_not_noted", reason=refusal.words, why=why)


def checklist_of(desk: Desk) -> Checklist:
    """What stops the run in force from being published, and what is unusual about it."""
    try:
        Calendar.load().add_working_days(desk.at.date(), desk.settings.objection_days)
        days, uncounted = desk.window(), None
    except Refusal as refusal:
        days, uncounted = None, refusal
    opened = desk.state.opened
    return checklist(desk.run(), desk.out, desk.period, uncounted, (opened.date(), days.last) if days else None)


NONE_GIVEN: Mapping[int, str] = {}


def approve(desk: Desk, person: Person, early: str = "", answers: Mapping[int, str] = NONE_GIVEN) -> State:
    """A person's signature under the run in force, whose bytes are checked; the state after it.

    ``early`` is why publication need not wait for the end of the objection window, ``answers`` what the person says to
    every line of the checklist, by its number; the signature covers both. Nobody signs past the checklist.
    NotAllowed where there are no signers, the person is none in force, the role is unknown or signed already, the
    person or the key has signed, the key is another's, the run is published or could not be; UsageRefusal for a blank
    reason, or one after the window, and for an open line of the checklist.
    """
    who, run = _known(desk, person), desk.run()
    if not desk.signers.heads:
        raise NotAllowed(none_yet())
    signer = may_sign(desk.signers, who.by, who.role, desk.moment.clock, desk.simulated)
    if desk.state.stopped:
        raise NotAllowed(_stopped(desk.state))
    note_preview(desk)
    found = checklist_of(desk)
    must_be_signable(found)
    checks = found.answered(answers)
    for signed in desk.state.approvals:
        if same_person(signed.by, signer.name) or signed.key == signer.fingerprint:
            raise NotAllowed(say("publication.same_person", by=signer.name, role=signed.role))
        if signed.role == who.role:
            raise NotAllowed(say("publication.same_role", role=who.role, by=signed.by))
    state = desk.state
    days, reason = desk.window(), early.strip()
    if early and (not reason or not days.open):
        raise UsageRefusal(say("publication.early_needless", last=days.last))
    facts = {"by": signer.name, "role": who.role, "until": str(days.last), **({"early": reason} if reason else {})}
    facts |= {"checks": checks}
    message = approval_message(desk.period, state, desk.head, facts)
    seal = signed_with(message, who.role, signer, who.key, desk.signers, desk.moment.clock)
    desk.note(
        "approval",
        **facts,
        revision=state.preview.revision,
        run=run.sha256,
        settings=settings_sha256(state.settings),
        **seal,
    )
    return desk.state


def publish(desk: Desk, without_pdf: bool = False) -> Edition:
    """Freeze exactly what was approved as the first edition; before the objection window ends where all signed that."""
    if edition := desk.state.edition:
        _listed(desk)  # a crash may have come between the record and its pages
        raise NotAllowed(say("publication.already", period=desk.period, edition=edition.folder))
    run = _approved_run(desk)
    days = desk.window()
    early = desk.state.early if days.open else ""
    if days.open and not early:
        raise NotAllowed(say("publication.window_open", last=days.last, left=days.left))
    must_be_fit(run, desk.settings, without_pdf)
    return _frozen(desk, run, "publication", 0, without_pdf=without_pdf, early=early)


def waits_for(desk: Desk) -> Words | None:
    """What the first publication still waits for, though nothing is wrong; None where it can be tried."""
    state, run = desk.state, run_in_force(desk.out, desk.period)
    if state.edition:
        return say("publication.already", period=desk.period, edition=state.edition.folder)
    if run is None:
        return _no_run(desk)
    if not state.stopped and not state.approved(run.sha256, desk.settings.approvals):
        return not_approved(state, run.sha256, desk.period, desk.settings)
    days = desk.window()
    if days and days.open and not state.early:
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
    signer = may_sign(desk.signers, who.by, who.role, desk.moment.clock, desk.simulated)
    must_be_fit(run, desk.settings, without_pdf)
    number, state = len(desk.state.editions), desk.state
    facts = {"by": signer.name, "role": who.role, "reason": reason.strip()}
    notice = pages.notice(desk.period, number, before, run, {**facts, "at": desk.at})
    must_hold_no_canary(f"correction-{number}", "\n".join(pages.texts(notice)), desk.settings)
    message = correction_message(desk.period, state, desk.head, facts)
    seal = signed_with(message, who.role, signer, who.key, desk.signers, desk.moment.clock)
    files = pages.write_notice(desk.out, desk.period, number, notice)
    return _frozen(desk, run, "correction", number, without_pdf=without_pdf, **facts, files=files, **seal)


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
    have = len(state.approvals) if current and state.keyed else 0
    return say(
        "publication.not_approved", period=period, have=have, needed=settings.approvals, roles="、".join(settings.roles)
    )


def _stopped(state: State) -> Words:
    return say("publication.stopped", why=Words(state.stopped["zh"], state.stopped["en"]))


def _frozen(desk: Desk, run: FinishedRun, kind: str, number: int, **says: object) -> Edition:
    folder = freeze(desk.out, desk.period, run, desk.state)
    left = [name for name in unrecorded(desk.out, desk.period, desk.state) if name != folder]
    kept = _counted(desk, run, folder)
    desk.note(kind, edition=folder, run=run.sha256, notice=number, **({"left": left} if left else {}), **kept, **says)
    _listed(desk)
    return desk.state.edition


def _counted(desk: Desk, run: FinishedRun, edition: str) -> dict[str, str]:
    """What the record says of the case rows that the run counted, so that no later quarter counts them again."""
    if not tallies_of(run.folder).is_dir():
        return {}
    manifest, period = run.manifest, desk.period
    book = load_rulebook(run.folder / RULEBOOK, period)
    kept = Kept.open(run.folder, period, datetime.fromisoformat(manifest["cutoff"]), book)
    return {"counted": keep_counted(desk.out, desk.period, edition, kept.counted(manifest["readings"]))}


def _listed(desk: Desk) -> None:
    """The publication sheet where it is not recorded yet, and what is published on the pages that list it."""
    edition = desk.state.edition
    if edition.clock and edition.sheet is None:
        files = write_sheet(desk.out, desk.period, desk.state, desk.signers)
        desk.note("sheet", edition=edition.folder, files=files)
    pages.write_index(desk.out, desk.period, desk.state)
    list_periods(desk.out)


def _known(desk: Desk, person: Person) -> Person:
    """The person with blanks trimmed; NotAllowed for a role that nobody can have."""
    by, role = person.by.strip(), person.role.strip()
    if not by or len(by) > LONGEST_NAME or not by.isprintable() or same_person(by, ""):
        raise UsageRefusal(say("publication.no_name", longest=LONGEST_NAME))
    if role not in desk.settings.roles:
        raise NotAllowed(say("publication.no_role", role=role, roles="、".join(desk.settings.roles)))
    return Person(by, role, person.key)


def _no_run(desk: Desk) -> Words:
    return say(
        "publication.no_run", period=desk.period, out=desk.out, remedy=found_elsewhere(desk.out / str(desk.period))
    )
