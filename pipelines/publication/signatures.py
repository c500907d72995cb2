"""Signatures under approvals and corrections: what they cover, and whether each in a record is its signer's own."""

import json
from datetime import date, datetime
from pathlib import Path

from pipelines.model.refusals import NotAllowed, VerificationFailed
from pipelines.publication import ssh
from pipelines.publication.record import FIRST, Event
from pipelines.publication.settings import settings_sha256
from pipelines.publication.signers import Signer, Signers, not_a_signer
from pipelines.publication.state import State, replay
from pipelines.wording import say


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
