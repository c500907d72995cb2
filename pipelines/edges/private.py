"""What is its owner's alone: files and folders, one writer at a time; keys and secrets."""

import fcntl
import hmac
import os
import secrets
import stat
from base64 import b32encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from pipelines.model.project import Secret
from pipelines.model.words import NotAllowed, UsageRefusal
from pipelines.paths import PACKAGE
from pipelines.wording import say

LOCK = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[Path]:
    """The state folder, for the owner alone, and one writer at a time; the kernel lets go even after kill -9."""
    private_folder(folder)
    with open_private(folder / LOCK, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield folder


def private_folder(folder: Path) -> Path:
    """``folder`` with mode 0700, its missing parents made. UsageRefusal where a file is in the way."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise UsageRefusal(say("evaluators.not_a_folder", folder=folder)) from None
    folder.chmod(0o700)
    return folder


def open_private(file: Path, mode: str):
    """Open a file that only its owner may read."""
    return open(file, mode, encoding="utf-8", newline="", opener=lambda path, flags: os.open(path, flags, 0o600))  # noqa: PTH123


def write_private(file: Path, content: str) -> Path:
    """A file for its owner alone, switched into place whole."""
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)
    with open_private(part, "w") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    return part.replace(file)


# Keyed pseudonyms: what an evaluator is called wherever the restricted folder ends (E4.0, E5.5).


VARIABLE = "GONGPING_KEY_FILE"
BYTES, SHOWN = 32, 8


def key_file() -> Path:
    """Where the key is. UsageRefusal where nothing says so, or it says a place inside the repository."""
    named = os.environ.get(VARIABLE, "").strip()
    if not named:
        raise UsageRefusal(say("evaluators.no_key_file", variable=VARIABLE))
    file = Path(named).expanduser()
    if file.resolve().is_relative_to(PACKAGE.parent):
        raise UsageRefusal(say("evaluators.key_inside", variable=VARIABLE, file=file.name))
    return file


def make_key() -> Path:
    """A new key for its owner alone. NotAllowed where there is one: another key renames everyone."""
    file = key_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise NotAllowed(say("evaluators.key_exists", file=file)) from None
    with os.fdopen(handle, "w") as stream:
        stream.write(secrets.token_hex(BYTES) + "\n")
    return file


def read_key() -> bytes:
    """The key. UsageRefusal where it is missing, open to others, or no key."""
    file = key_file()
    try:
        mode, text = file.stat().st_mode, file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise UsageRefusal(say("evaluators.key_missing", file=file)) from None
    except (UnicodeDecodeError, IsADirectoryError):
        mode, text = 0, ""
    if mode & 0o077:
        raise UsageRefusal(say("evaluators.key_open", file=file))
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) < BYTES:
        raise UsageRefusal(say("evaluators.key_bad", file=file))
    return key


def pseudonym(key: bytes, evaluator_id: str) -> str:
    """The same evaluator's name under the same key, such as ``PJY-7KQ2MZ4A``."""
    digest = hmac.new(key, evaluator_id.encode(), sha256).digest()
    return f"PJY-{b32encode(digest).decode()[:SHOWN]}"


# Secrets of sources, read at the last moment.


def revealed(secret: Secret | None, source: str) -> str:
    """The secret itself; "" where none is declared. UsageRefusal where it is not there, or others can read its file."""
    if secret is None:
        return ""
    if secret.env:
        if not (value := os.environ.get(secret.env)):
            raise UsageRefusal(say("sources.no_variable", source=source, name=secret.env))
        return value
    file = secret.file or Path()
    try:
        found = file.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077 or found.st_uid not in (0, os.geteuid()):
            raise UsageRefusal(say("sources.open_secret", source=source, file=file))
        return file.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise UsageRefusal(say("sources.no_secret", source=source, file=file)) from None


def without(text: object, secrets: Iterable[str]) -> str:
    """A sentence of a library on one line, without any of the secrets."""
    line = " ".join(str(text).split())[:300]
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        line = line.replace(secret, "***")
    return line
