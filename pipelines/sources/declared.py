"""The `sources:` of a project file, checked; and the secrets that they name, read when they are needed."""

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from pipelines.edges.located_yaml import Block
from pipelines.model.project import PLACE, Query, Secret, Source
from pipelines.model.words import UsageRefusal
from pipelines.wording import say

DATABASE = ("host", "port", "database", "user", "password", "tls", "ca", "tables", "seconds")
FILES = ("files", "most_megabytes", "seconds")
# kind -> the words that it must have, those that it may have
KINDS = {
    "postgresql": (("host", "database", "user", "tables"), DATABASE),
    "mysql": (("host", "database", "user", "tables"), DATABASE),
    "folder": (("folder", "files"), ("folder", *FILES)),
    "http": (("url", "files"), ("url", "user", "password", "token", "ca", "local", *FILES)),
    "sftp": (
        ("host", "user", "folder", "files", "known_hosts"),
        ("host", "port", "user", "password", "key_file", "known_hosts", "folder", *FILES),
    ),
    "s3": (("folder", "files"), ("folder", "endpoint", "region", "key", "secret", "local", *FILES)),
}
PORTS = {"postgresql": 5432, "mysql": 3306, "sftp": 22}
SECRETS = ("password", "token", "key", "secret")
PATHS = ("ca", "key_file", "known_hosts")
TLS = ("verify", "require", "off")
NAME = re.compile(r"[\w\u4e00-\u9fff-]{1,60}")
LARGEST = 10**7


def declared(block: Block, key: str, home: Path) -> tuple[Source, ...]:
    """The sources of a project file; UsageRefusal with its line for what nothing would honour."""
    sources = block[key]
    if not isinstance(sources, Block) or not sources:
        raise block.refuse(key, "source_block")
    return tuple(_source(sources, name, home) for name in sources)


def _source(sources: Block, name: str, home: Path) -> Source:
    block = sources[name]
    if not NAME.fullmatch(name):
        raise sources.refuse(name, "source_name", word=name)
    if not isinstance(block, Block):
        raise sources.refuse(name, "source_block")
    kind = _text(block, "kind")
    if kind not in KINDS:
        raise block.refuse("kind", "source_kind", KINDS, word=kind, kinds="、".join(KINDS))
    needed, known = KINDS[kind]
    for word in block:
        if word not in ("kind", *known):
            raise block.refuse(word, "source_word", known, word=word, kind=kind, words="、".join(known))
    for word in needed:
        if word not in block:
            raise block.refuse(word, "source_lacks", word=word, kind=kind)
    facts = {word: _value(block, word, home) for word in block if word != "kind"}
    if "port" not in facts and kind in PORTS:
        facts["port"] = PORTS[kind]
    if kind == "http" and not re.match(r"https?://[^/?#@\s]+(/|$)", facts["url"]):
        raise block.refuse("url", "source_url", word=facts["url"])
    if kind == "sftp" and "password" not in facts and "key_file" not in facts:
        raise block.refuse("password", "source_lacks", word="password / key_file", kind=kind)
    return Source(name, kind, **facts)


def _value(block: Block, word: str, home: Path) -> object:
    if word in SECRETS:
        return _secret(block, word, home)
    if word in PATHS:
        return _path(block, word, home)
    if word == "folder" and block["kind"] == "folder":
        return str(home / _text(block, word))
    if word == "tables":
        return _tables(block)
    if word == "files":
        return _files(block)
    if word in ("port", "most_megabytes", "seconds"):
        return _number(block, word)
    if word in ("tls", "local"):
        return _choice(block, word)
    return _text(block, word)


def _text(block: Block, word: str) -> str:
    value = block.get(word)
    if not isinstance(value, str) or not value.strip():
        raise block.refuse(word, "no_text")
    return value.strip()


def _number(block: Block, word: str) -> int:
    text = _text(block, word)
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= (65_535 if word == "port" else LARGEST)):
        raise block.refuse(word, "source_number")
    return int(text)


def _choice(block: Block, word: str) -> object:
    choices = TLS if word == "tls" else ("true", "false")
    if (text := _text(block, word)) not in choices:
        raise block.refuse(word, "source_choice", choices, word=text, choices="、".join(choices))
    return text if word == "tls" else text == "true"


def _path(block: Block, word: str, home: Path) -> Path:
    file = home / _text(block, word)
    if not file.is_file():
        raise block.refuse(word, "no_file", word=file.name, path=file)
    return file


def _secret(block: Block, word: str, home: Path) -> Secret:
    """`{env: NAME}` or `{file: path}`; a secret that stands in the project file itself is refused."""
    inner = block[word]
    if not isinstance(inner, Block) or [*inner] not in (["env"], ["file"]):
        raise block.refuse(word, "source_secret")
    [(where, _)] = inner.items()
    return Secret(env=_text(inner, "env")) if where == "env" else Secret(file=home / _text(inner, "file"))


def _tables(block: Block) -> tuple[Query, ...]:
    tables = block["tables"]
    if not isinstance(tables, Block) or not tables:
        raise block.refuse("tables", "source_block")
    for name in tables:
        if not NAME.fullmatch(name):
            raise tables.refuse(name, "source_name", word=name)
    return tuple(Query(name, _text(tables, name).rstrip("; \n")) for name in tables)


def _files(block: Block) -> tuple[str, ...]:
    files = [block["files"]] if isinstance(block["files"], str) else block["files"]
    if isinstance(files, Block) or not files or not all(isinstance(one, str) and one.strip() for one in files):
        raise block.refuse("files", "no_names")
    for one in files:
        if ".." in one.split("/") or one.startswith("/") or "{" in one.replace(PLACE, ""):
            raise block.refuse("files", "source_files", word=one)
    return tuple(files)


# Secrets, read at the last moment.


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
