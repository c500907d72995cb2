"""Whether a record is to be believed: the signatures in it, and that it is all there was."""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

from pipelines.edges.folders import MANIFEST
from pipelines.evaluators.log import hash_in, log_of, must_contain_hashes
from pipelines.model.score import NOTHING_BEFORE
from pipelines.model.words import NotAllowed, VerificationFailed
from pipelines.publication import record, ssh
from pipelines.publication.record import FIRST, Event, FinishedRun
from pipelines.publication.signers import NAME, Signer, Signers, not_a_signer, read_signers
from pipelines.publication.state import State, replay, settings_sha256
from pipelines.wording import say

# Signatures under approvals and corrections: what they cover, and whether each in a record is its signer's own.


def approval_message(period: object, state: State, head: str, signed: dict) -> bytes:
    """What an approval's signature covers.

    ``signed`` holds ``by``, ``role``, ``until`` (the last day to object), ``checks`` where a checklist was answered,
    and ``early`` if somebody signs that publication need not wait for that day: why.
    """
    return _canonical(
        {
            "gongping": "approval",
            "period": str(period),
            "revision": state.preview.revision,
            "manifest": state.preview.run,
            "settings": settings_sha256(state.settings),
            "head": head,
            "simulated": bool(state.simulated),
            **{name: str(signed[name]) for name in ("by", "role", "until")},
            **({"early": str(signed["early"])} if signed.get("early") else {}),
            **({"checks": signed["checks"]} if "checks" in signed else {}),
        }
    )


def correction_message(period: object, state: State, head: str, signed: dict) -> bytes:
    """What the signature under a correction's reason covers."""
    return _canonical(
        {
            "gongping": "correction",
            "period": str(period),
            "correction": len(state.editions),
            "manifest": state.preview.run,
            "head": head,
            "simulated": bool(state.simulated),
            **{name: str(signed[name]) for name in ("by", "role", "reason")},
        }
    )


MESSAGES = {"approval": approval_message, "correction": correction_message}


def may_sign(signers: Signers, name: str, role: str, clock: datetime, simulated: bool) -> Signer:
    """The signer of that name; NotAllowed where there is none in force, not in this role, or only for invented data."""
    signer = signers.of(name, clock)
    if signer is None:
        raise NotAllowed(not_a_signer(name, signers, clock))
    if role not in signer.roles:
        raise NotAllowed(say("signers.not_in_role", name=signer.name, role=role, roles="、".join(signer.roles)))
    if signer.simulated and not simulated:
        raise NotAllowed(say("signers.only_simulated", name=signer.name))
    return signer


def signed_with(message: bytes, role: str, signer: Signer, key: Path | None, signers: Signers, clock: datetime) -> dict:
    """What a record line says of a signature; NotAllowed where it is not the signer's own."""
    signature = ssh.sign(message, role, signer.key, key)
    if not ssh.verified(message, signature, role, signer.name, signers.text(), clock):
        raise NotAllowed(say("signers.not_theirs", name=signer.name))
    return {"key": signer.fingerprint, "signers": signers.head, "signature": signature}


def must_be_signed(period: object, events: tuple[Event, ...], file: Path, signers: Signers) -> None:
    """VerificationFailed with the first line of a record whose signature is not its signer's own.

    Lines older than keys hold none; where signers have begun, such a record must be one that they took over.
    """
    for number, event in enumerate(events):
        if event.clock and event.kind in MESSAGES:
            state = replay(events[:number], file)
            if not _signed(period, state, event, signers, events[number - 1].sha256 if number else FIRST):
                raise VerificationFailed(say("signers.forged", file=file.name, line=event.n, by=event.says.get("by")))
    _must_stand_as_when_signers_changed(period, events, file, signers)
    older = [event for event in events if event.clock is None]
    if older and signers.heads and older[-1].sha256 != (signers.adopted or {}).get(str(period)):
        raise VerificationFailed(say("signers.not_adopted", file=file.name))


def _must_stand_as_when_signers_changed(
    period: object, events: tuple[Event, ...], file: Path, signers: Signers
) -> None:
    """VerificationFailed where lines are gone that were there when the signers changed, or later ones are dated before.

    Somebody whose key ended could otherwise add a line with a date at which it had not.
    """
    for clock, records in signers.stood:
        if str(period) not in records:
            continue
        stood = records[str(period)]
        known = events[: stood["lines"]]
        if len(known) < stood["lines"] or (known[-1].sha256 if known else FIRST) != stood["sha256"]:
            raise VerificationFailed(say("signers.record_before", file=file.name, lines=stood["lines"], clock=clock))
        for event in events[stood["lines"] :]:
            if event.clock and event.clock < clock:
                raise VerificationFailed(say("signers.backdated", file=file.name, line=event.n, clock=clock))


def _signed(period: object, state: State, event: Event, signers: Signers, head: str) -> bool:
    says = event.says
    try:
        began = dict(signers.heads)[says["signers"]]
        signer = next(one for one in signers.all if one.fingerprint == says["key"] and one.in_force(event.clock))
        if event.kind == "approval":
            date.fromisoformat(says["until"])
        message = MESSAGES[event.kind](period, state, head, says)
    except (KeyError, StopIteration, ValueError, TypeError, AttributeError):
        return False
    return (
        began <= event.clock
        and (signer.name, says["role"] in signer.roles) == (says["by"], True)
        and (event.simulated or not signer.simulated)
        and ssh.verified(message, says["signature"], says["role"], signer.name, signers.text(), event.clock)
    )


def _canonical(message: dict) -> bytes:
    return json.dumps(message, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


# Whether a quarter's record is all that there was: what lies beside it tells of lines that are no longer there.


SHEET = "publication.json"
PUBLICATIONS = ("publication", "correction")


def read_whole(out: Path, period: object, copy: Path | None = None) -> tuple[tuple[Event, ...], State, Signers]:
    """The record with all that is asked of it: chain, head, signatures, order, and what lies beside it.

    ``copy`` is `rules/signers`. VerificationFailed where the record was forged, cut, lost, or begun again after a loss.
    """
    file = record.record_file(out, period)
    events = record.read(file)
    record.must_reach_its_head(file, events)
    state = replay(events, file)
    _must_match_what_lies_beside(Path(out), period, state)
    _must_build_on_what_was_published(Path(out), period, state)
    signers = read_signers(out, copy)
    must_be_signed(period, events, file, signers)
    must_contain_hashes(log_of(out), _recorded_hashes(Path(out), period, events, state))
    return events, state, signers


def _recorded_hashes(out: Path, period: object, events: tuple[Event, ...], state: State) -> Iterator[tuple[str, str]]:
    """(where, hash) of all that tells of the evaluators' log: acts, the run in force, editions."""
    name = record.record_file(out, period).name
    found = [(f"{record.RECORD}/{name} {event.n}", event.says) for event in events]
    places = [out / str(period), *(out / "published" / str(period) / one.folder for one in state.editions)]
    for place in places:
        with suppress(VerificationFailed):  # a manifest that was touched is refused by every act that needs it
            if (place / MANIFEST).is_file():
                found.append((f"{place.relative_to(out)}/{MANIFEST}", FinishedRun(place, "").manifest))
    return ((where, hash_in(document)) for where, document in found if hash_in(document))


def head_before(out: Path, period: object) -> str:
    """The record's head as it was before the quarter's first act: that of the last publication, or ``first``."""
    events = record.read(record.record_file(out, period))
    if hash := next((event.says["record_before"] for event in events if "record_before" in event.says), ""):
        return hash
    until = events[0].at if events else None
    published = [event for other in _others(out, period) for event in record.read(other) if event.kind in PUBLICATIONS]
    before = [event for event in published if until is None or event.at <= until]
    return max(before, key=lambda event: (event.clock or event.at, event.at)).sha256 if before else NOTHING_BEFORE


def _others(out: Path, period: object) -> list[Path]:
    files = sorted((Path(out) / record.RECORD).glob(f"*{record.SUFFIX}"))
    return [file for file in files if file.stem not in (str(period), NAME)]


def _must_match_what_lies_beside(out: Path, period: object, state: State) -> None:
    """Previews, lists of editions and publication sheets are made after their line: where one is, its line was."""
    file = record.record_file(out, period)
    known = {edition.folder for edition in state.editions}
    previews = [int(name) for name in _numbered(out / "preview" / str(period))]
    place = out / "published" / str(period)
    editions = {name for name in _numbered(place) if (place / name / SHEET).exists()} | _listed(place / "index.json")
    found = [f"preview/{period}/{n}" for n in previews if n > len(state.previews)]
    found += [f"published/{period}/{name}" for name in sorted(editions - known)]
    if found:
        raise VerificationFailed(say("publication.record_lost", file=file, found=found[0]))


def _must_build_on_what_was_published(out: Path, period: object, state: State) -> None:
    if state.before in ("", NOTHING_BEFORE):
        return
    known = {
        event.sha256 for other in _others(out, period) for event in record.read(other) if event.kind in PUBLICATIONS
    }
    if state.before not in known:
        raise VerificationFailed(say("publication.earlier_lost", period=period, head=state.before[:16]))


def _numbered(place: Path) -> list[str]:
    return sorted(entry.name for entry in place.iterdir() if entry.name.isdecimal()) if place.is_dir() else []


def _listed(file: Path) -> set[str]:
    try:
        return {str(one["folder"]) for one in json.loads(file.read_text(encoding="utf-8"))["editions"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()  # of what it says, `verify` compares the bytes
