"""The signers: who may approve, each with one key, in a record of their own that two of them sign every change of.

`<out>/record/signers.jsonl` holds the lines, `rules/signers` what follows from them in OpenSSH's allowed_signers form:
name, roles as namespaces, valid-after, valid-before. The file is a copy for people and other programs; one that says
something else than the record is refused.
"""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pipelines.edges import process
from pipelines.model.words import NotAllowed, UsageRefusal, VerificationFailed
from pipelines.publication import record, ssh
from pipelines.publication.record import Event, Moment
from pipelines.publication.state import FEWEST, folded, is_role
from pipelines.wording import say

SIGNERS = Path("rules") / "signers"
NAME = "signers"  # of the record
CHANGES = "gongping-signers"  # the namespace of signatures under changes
LONGEST_NAME = 100
_HEAD = "# 审签人 signers · OpenSSH allowed_signers · gongping signers; 不要手工修改 do not edit\n"


def signers_of_city() -> Path:
    """The city's own: beside its project file, else below the current folder."""
    file = process.project().file
    return file.parent / SIGNERS if file else SIGNERS


@dataclass(frozen=True)
class Signer:
    """A person with a key, ``TYPE BASE64``, from ``after`` until ``before`` (local time by the clock, None: still)."""

    name: str
    roles: tuple[str, ...]
    key: str
    fingerprint: str
    after: datetime
    before: datetime | None = None
    simulated: bool = False

    def in_force(self, clock: datetime) -> bool:
        """Whether the key counts at a moment of the clock."""
        return self.after <= clock and (self.before is None or clock < self.before)


@dataclass(frozen=True)
class Change:
    """A change that waits for signatures: ``do`` is add, revoke or replace; ``by`` are those who signed it."""

    line: int
    sha256: str
    do: str
    name: str
    signer: Signer | None = None
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Signers:
    """Everybody who ever was one, in order; ``waiting`` changes; ``adopted`` are heads of records without keys."""

    all: tuple[Signer, ...] = ()
    waiting: tuple[Change, ...] = ()
    adopted: dict[str, str] | None = None
    heads: tuple[tuple[str, datetime], ...] = ()  # sha256 and clock of every line
    stood: tuple[tuple[datetime, dict], ...] = ()  # the clock of a line, and how far each other record reached then

    @property
    def head(self) -> str:
        """The sha256 of the last line, "" where nobody has begun."""
        return self.heads[-1][0] if self.heads else ""

    def now(self, clock: datetime) -> tuple[Signer, ...]:
        """Those in force."""
        return tuple(one for one in self.all if one.in_force(clock))

    def of(self, name: str, clock: datetime) -> Signer | None:
        """The signer of that name in force, however it is spelt."""
        return next((one for one in self.now(clock) if folded(one.name) == folded(name)), None)

    def text(self) -> str:
        """All of them as OpenSSH reads it."""
        return _HEAD + "".join(f"{_line(one)}\n" for one in self.all)


def signers_file(out: Path) -> Path:
    """The signers' record."""
    return record.record_file(out, NAME)


def read_signers(out: Path, copy: Path | None = None) -> Signers:
    """The signers of an output folder, each signature checked; ``copy`` is `rules/signers`.

    VerificationFailed where the record was forged, cut or begun again, or the copy says something else.
    """
    file = signers_file(out)
    events = record.read(file)
    record.must_reach_its_head(file, events)
    found = _replayed(events, file)
    if copy is not None and copy.is_file() and not _says(copy, found):
        missing = say("signers.without_record", copy=copy, record=file)
        raise VerificationFailed(say("signers.copy_differs", copy=copy, record=file) if found.heads else missing)
    return found


def _says(copy: Path, found: Signers) -> bool:
    """Whether the copy is that of these signers."""
    if not found.heads or copy.is_symlink():
        return False
    return copy.read_text(encoding="utf-8", errors="replace") == found.text()


def _replayed(events: tuple[Event, ...], file: Path) -> Signers:
    found = Signers()
    for event in events:
        try:
            if event.clock is None or (found.heads and event.clock < found.heads[-1][1]):
                raise ValueError(event.n)
            found = _STEPS[event.kind](found, event)
        except (KeyError, TypeError, AttributeError, ValueError, UsageRefusal):
            raise VerificationFailed(say("publication.record_damaged", file=file.name, line=event.n)) from None
        found = replace(found, heads=(*found.heads, (event.sha256, event.clock)))
        if "records" in event.says:
            found = replace(found, stood=(*found.stood, (event.clock, dict(event.says["records"]))))
    return found


class Register:
    """The signers' record, open for one act; use `open_register`."""

    def __init__(self, out: Path, copy: Path, clock: datetime, file: Path, rewrite: bool = False) -> None:
        self.out, self.copy, self.clock, self._file = Path(out), copy, clock.replace(microsecond=0), file
        self._events = record.read(file)
        record.must_reach_its_head(file, self._events)
        self.signers = _replayed(self._events, file)
        if self._events and not rewrite and not (copy.is_file() and _says(copy, self.signers)):
            self._finish_copy()
        if self.signers.heads and self.clock < self.signers.heads[-1][1]:
            raise NotAllowed(say("publication.clock_back", clock=self.clock, last=self.signers.heads[-1][1]))

    def begin(self, people: list[tuple[str, str, tuple[str, ...]]], simulated: bool = False) -> Signers:
        """The first signers: (name, key, roles) each. NotAllowed where there are some already."""
        self.must_be_empty()
        documents: list[dict] = []
        for name, key, roles in people:
            documents.append(
                _as_document(self._new(name, key, roles, simulated, [_signer(one, self.clock) for one in documents]))
            )
        if len(documents) < FEWEST:
            raise UsageRefusal(say("signers.too_few", n=FEWEST))
        self._note("init", signers=documents, adopts=_without_keys(self.out))
        return self.signers

    def must_be_empty(self) -> None:
        """NotAllowed where there are signers, or a file of some."""
        if self._events or self.copy.exists():
            raise NotAllowed(say("signers.begun", copy=self.copy))

    def propose(self, do: str, name: str, key: str = "", roles: tuple[str, ...] = (), reason: str = "") -> Change:
        """A change, noted; it takes effect when two signers in force have signed it. The same one is noted once."""
        held = self._known(name) if do != "add" else None
        others = [one for one in self.signers.now(self.clock) if one is not held]
        if do == "revoke" and len(others) < FEWEST:
            raise NotAllowed(say("signers.last_two", n=FEWEST, name=held.name))
        says: dict[str, object] = {"do": do, "name": held.name if held else name.strip()}
        if do != "revoke":
            roles = roles or (held.roles if held else ())
            says["signer"] = _as_document(self._new(says["name"], key, roles, False, others))
        for one in self.signers.waiting:  # proposed before, by somebody whose signature then failed
            if (one.do, one.name, one.signer and _as_document(one.signer)) == (do, says["name"], says.get("signer")):
                return one
        self._note("change", **says, **({"reason": reason.strip()} if reason.strip() else {}))
        return self.signers.waiting[-1]

    def agree(self, by: str, key: Path | None = None, line: int | None = None) -> Change:
        """A signer's signature under a change that waits: of ``line``, or the only one that they have not signed."""
        signer = self._known(by)
        change = self._waiting(signer.name, line)
        if len(change.by) + 1 >= FEWEST:
            try:
                _changed(self.signers, change, self.clock)
            except ValueError:
                raise NotAllowed(say("signers.no_longer_fits", line=change.line, name=change.name)) from None
        message = _consent(change, record.head_of(self._events), signer.name)
        signature = ssh.sign(message, CHANGES, signer.key, key)
        if not ssh.verified(message, signature, CHANGES, signer.name, self.signers.text(), self.clock):
            raise NotAllowed(say("signers.not_theirs", name=signer.name))
        self._note("consent", change=change.line, by=signer.name, signature=signature)
        return replace(change, by=(*change.by, signer.name))

    def _waiting(self, by: str, line: int | None) -> Change:
        """The change that a signer means. NotAllowed where none waits for them, or several and they name none."""
        waiting = [one for one in self.signers.waiting if line in (None, one.line)]
        if not waiting:
            raise NotAllowed(say("signers.nothing_waits"))
        unsigned = [one for one in waiting if by not in one.by]
        if not unsigned:
            raise NotAllowed(say("signers.agreed_already", name=by))
        if len(unsigned) > 1:
            raise NotAllowed(say("signers.which_change", lines="、".join(str(one.line) for one in unsigned)))
        return unsigned[0]

    def _finish_copy(self) -> None:
        """Bring up a copy that the act before, cut short, did not reach; VerificationFailed for any other."""
        if os.path.lexists(self.copy) and not _says(self.copy, _replayed(self._events[:-1], self._file)):
            raise VerificationFailed(say("signers.copy_differs", copy=self.copy, record=self._file))
        self.write_copy()

    def write_copy(self) -> Path:
        """`rules/signers` as the record says."""
        if not self._events:
            raise NotAllowed(none_yet())
        self.copy.parent.mkdir(parents=True, exist_ok=True)
        new = self.copy.with_name(f".{self.copy.name}.new")
        new.write_text(self.signers.text(), encoding="utf-8")
        new.replace(self.copy)
        return self.copy

    def _note(self, kind: str, **says: object) -> None:
        with _still(self.out) as records:
            self._events = record.append(
                self._file, self._events, kind, Moment(self.clock, self.clock), **says, records=records
            )
        self.signers = _replayed(self._events, self._file)
        self.write_copy()

    def _known(self, name: str) -> Signer:
        if not self.signers.heads:
            raise NotAllowed(none_yet())
        if found := self.signers.of(name, self.clock):
            return found
        raise NotAllowed(not_a_signer(name, self.signers, self.clock))

    def _new(self, name: str, key: str, roles: tuple[str, ...], simulated: bool, others: list[Signer]) -> Signer:
        """A signer to be, who is none of the others by name or by key, and whose key nobody else ever had."""
        name = name.strip()
        if not _is_name(name):
            raise UsageRefusal(say("signers.bad_name", name=name, longest=LONGEST_NAME))
        if not roles:
            raise UsageRefusal(say("signers.no_roles", name=name))
        for role in roles:
            if not is_role(role):
                raise UsageRefusal(say("signers.bad_role", role=role))
        mark = ssh.fingerprint(key)
        for one in others:
            if folded(one.name) == folded(name):
                raise NotAllowed(say("signers.one_key", name=one.name, fingerprint=one.fingerprint))
        for one in (*others, *self.signers.all):
            if one.fingerprint == mark:
                raise NotAllowed(say("signers.same_key", name=name, other=one.name, fingerprint=mark))
        return Signer(name, tuple(roles), key, mark, self.clock, None, simulated)


@contextmanager
def open_register(out: Path, copy: Path, clock: datetime, rewrite: bool = False) -> Iterator[Register]:
    """The signers' record, locked: one act at a time; to ``rewrite`` the copy it may say anything."""
    with record.locked(out, NAME) as file:
        yield Register(out, copy, clock, file, rewrite)


def none_yet():
    """That nobody may approve yet, and the one line to begin."""
    return say("signers.none")


def not_a_signer(name: str, signers: Signers, clock: datetime):
    """That nobody of that name is a signer, and who is."""
    return say("signers.unknown", name=name, names="、".join(one.name for one in signers.now(clock)))


def _is_name(name: str) -> bool:
    return bool(folded(name)) and len(name) <= LONGEST_NAME and name.isprintable() and not set(name) & set('"\\*?!,#')


def _line(one: Signer) -> str:
    ends = f',valid-before="{ssh.stamp(one.before)}"' if one.before else ""
    spaces = ",".join((*one.roles, CHANGES))
    mark = " SIMULATED" if one.simulated else ""
    return f'"{one.name}" namespaces="{spaces}",valid-after="{ssh.stamp(one.after)}"{ends} {one.key}{mark}'


def _as_document(one: Signer) -> dict:
    return {
        "name": one.name,
        "roles": list(one.roles),
        "key": one.key,
        "fingerprint": one.fingerprint,
        **({"simulated": True} if one.simulated else {}),
    }


def _signer(document: dict, after: datetime) -> Signer:
    kind, _, rest = document["key"].partition(" ")
    if not _is_name(document["name"]) or kind not in ssh.KINDS or not rest.isascii() or len(rest.split()) != 1:
        raise ValueError(document["name"])
    if not document["roles"] or not all(is_role(role) for role in document["roles"]):
        raise ValueError(document["name"])
    if ssh.fingerprint(document["key"]) != document["fingerprint"]:
        raise ValueError(document["name"])
    return Signer(
        document["name"],
        tuple(document["roles"]),
        document["key"],
        document["fingerprint"],
        after,
        None,
        bool(document.get("simulated")),
    )


def _consent(change: Change, head: str, by: str) -> bytes:
    message = {"gongping": "signers", "change": change.sha256, "head": head, "by": by}
    return json.dumps(message, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _begun(found: Signers, event: Event) -> Signers:
    if found.heads:
        raise ValueError(event.n)
    people = tuple(_signer(one, event.clock) for one in event.says["signers"])
    marks, names = {one.fingerprint for one in people}, {folded(one.name) for one in people}
    if not len(marks) == len(names) == len(people) >= FEWEST:
        raise ValueError(event.n)
    return replace(found, all=people, adopted=dict(event.says["adopts"]))


def _proposed(found: Signers, event: Event) -> Signers:
    says = event.says
    signer = _signer(says["signer"], event.clock) if says["do"] in ("add", "replace") else None
    if says["do"] not in ("add", "replace", "revoke") or not found.heads:
        raise ValueError(event.n)
    return replace(found, waiting=(*found.waiting, Change(event.n, event.sha256, says["do"], says["name"], signer)))


def _agreed(found: Signers, event: Event) -> Signers:
    says, clock = event.says, event.clock
    change = next(one for one in found.waiting if one.line == says["change"]) if found.waiting else None
    signer = found.of(says["by"], clock)
    if change is None or signer is None or signer.name != says["by"] or signer.name in change.by:
        raise ValueError(event.n)
    message = _consent(change, found.head, signer.name)
    if not ssh.verified(message, says["signature"], CHANGES, signer.name, found.text(), clock):
        raise ValueError(event.n)
    signed = replace(change, by=(*change.by, signer.name))
    rest = tuple(one for one in found.waiting if one is not change)
    if len(signed.by) < FEWEST:
        return replace(
            found,
            waiting=(
                *(one for one in rest if one.line < change.line),
                signed,
                *(one for one in rest if one.line > change.line),
            ),
        )
    return replace(_changed(found, signed, clock), waiting=rest)


def _changed(found: Signers, change: Change, clock: datetime) -> Signers:
    """The signers after a change that two have signed; ValueError where it no longer fits."""
    everybody = found.all
    if change.do != "add":
        held = found.of(change.name, clock)
        if held is None:
            raise ValueError(change.name)
        everybody = tuple(replace(one, before=clock) if one is held else one for one in everybody)
    if change.signer:
        if change.do == "add" and found.of(change.signer.name, clock):
            raise ValueError(change.name)
        if any(one.fingerprint == change.signer.fingerprint for one in everybody):
            raise ValueError(change.name)
        everybody = (*everybody, replace(change.signer, after=clock))
    if len([one for one in everybody if one.in_force(clock)]) < FEWEST:
        raise ValueError(change.name)
    return replace(found, all=everybody)


@contextmanager
def _still(out: Path) -> Iterator[dict[str, dict]]:
    """How far the records of all quarters reach, and no act is in the middle of one: it would be dated before.

    A key that ends now adds nothing to them with a date at which it had not ended.
    """
    names = sorted(file.stem for file in (Path(out) / record.RECORD).glob(f"*{record.SUFFIX}") if file.stem != NAME)
    with ExitStack() as held:
        found = {name: record.read(held.enter_context(record.locked(out, name))) for name in names}
        yield {name: {"lines": len(events), "sha256": record.head_of(events)} for name, events in found.items()}


def _without_keys(out: Path) -> dict[str, str]:
    """The heads of the records that are older than keys, which the first signers take over as they are."""
    found = {}
    for file in sorted((Path(out) / record.RECORD).glob(f"*{record.SUFFIX}")):
        events = record.read(file)
        if file.stem != NAME and events and events[0].clock is None:
            found[file.stem] = record.head_of(events)
    return found


_STEPS = {"init": _begun, "change": _proposed, "consent": _agreed}
