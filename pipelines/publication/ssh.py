"""OpenSSH's `ssh-keygen`: signatures made and checked, keys read. Private keys are its own business, never read here.

Debian has it in openssh-client; 9.1 and later know times in UTC (`…Z`), which the signers' file is written in.
"""

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pipelines.edges import process
from pipelines.edges.scratch import scratch
from pipelines.model.words import NotAllowed, Refusal, UsageRefusal, VerificationFailed
from pipelines.wording import say

TOOL = "ssh-keygen"
KINDS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)


def public_key(file: Path) -> str:
    """``TYPE BASE64`` of a public key file, without its comment; UsageRefusal where it is none."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        why = getattr(problem, "strerror", "") or "UTF-8"
        raise UsageRefusal(say("signers.unreadable", file=file, why=why)) from None
    if "PRIVATE KEY" in text:
        raise UsageRefusal(say("signers.private", file=file))
    words = text.split()
    if len(text.strip().splitlines()) != 1 or len(words) < 2 or words[0] not in KINDS:
        raise UsageRefusal(say("signers.no_key", file=file))
    key = " ".join(words[:2])
    try:
        fingerprint(key)
    except UsageRefusal:
        raise UsageRefusal(say("signers.no_key", file=file)) from None
    return key


def fingerprint(key: str) -> str:
    """``SHA256:…`` of a public key, as `ssh-keygen -l` shows it."""
    done = _call("-l", "-f", "-", stdin=f"{key}\n".encode())
    words = done.stdout.decode("utf-8", "replace").split()
    if done.returncode or len(words) < 2:
        raise UsageRefusal(say("signers.no_key", file=key[:40]))
    return words[1]


def make_pair(file: Path, comment: str) -> str:
    """A new pair of keys without a passphrase, ``file`` and ``file.pub``; the public key."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    done = _call("-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(file))
    if done.returncode:
        raise Refusal(say("signers.no_pair", file=file, why=_why(done)))
    return public_key(file.with_name(f"{file.name}.pub"))


def sign(message: bytes, namespace: str, public: str, key: Path | None) -> str:
    """The armoured signature under a message, by the key in a file or, where None, by the agent that holds ``public``.

    NotAllowed where nothing comes of it: no such file, a wrong passphrase, no agent.
    """
    if key is not None and not key.is_file():
        raise UsageRefusal(say("signers.no_key_file", file=key))
    with scratch() as folder:
        what = folder / "message"
        what.write_bytes(message)
        by = key or folder / "signer.pub"
        if key is None:
            by.write_text(f"{public}\n", encoding="utf-8")
        done = _call("-Y", "sign", "-q", "-f", str(by), "-n", namespace, str(what))
        made = what.with_name("message.sig")
        if done.returncode or not made.is_file():
            name = "not_signed" if key else "no_agent"
            raise NotAllowed(say(f"signers.{name}", file=key or "", why=_why(done)))
        return made.read_text(encoding="ascii")


def verified(message: bytes, signature: str, namespace: str, name: str, allowed: str, at: datetime) -> bool:
    """Whether a signature is ``name``'s own under this message, by the signers' file ``allowed`` at ``at`` (local)."""
    with scratch() as folder:
        signers, sealed = folder / "signers", folder / "signature"
        signers.write_text(allowed, encoding="utf-8")
        sealed.write_text(signature, encoding="utf-8")
        done = _call(
            "-Y",
            "verify",
            "-f",
            str(signers),
            "-I",
            name,
            "-n",
            namespace,
            "-s",
            str(sealed),
            f"-Overify-time={stamp(at)}",
            stdin=message,
        )
    return done.returncode == 0


def stamp(at: datetime) -> str:
    """A local moment as OpenSSH writes it, in UTC."""
    return at.replace(tzinfo=ZoneInfo(process.project().zone)).astimezone(UTC).strftime("%Y%m%d%H%M%SZ")


def _call(*arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess:
    try:
        return subprocess.run([TOOL, *arguments], input=stdin, capture_output=True, check=False)  # noqa: S603, S607
    except FileNotFoundError:
        raise Refusal(say("signers.no_tool")) from None
    except ValueError:  # a NUL in what a damaged record holds
        raise VerificationFailed(say("signers.nonsense")) from None


def _why(done: subprocess.CompletedProcess) -> str:
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return said[-1][:120] if said else str(done.returncode)
