"""The city's project file, `gongping.yaml`: found from the current folder upwards, read strictly, put in force."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from zoneinfo import available_timezones

from pipelines.contracts.declared import declared, load_contracts
from pipelines.edges import process
from pipelines.edges.located_yaml import Block, read_blocks
from pipelines.model.period import LENGTH
from pipelines.model.project import (
    KEYS,
    LAYERS,
    LEAST_MEGABYTES,
    PLACE,
    UNITS,
    Keep,
    Project,
    Query,
    Schedule,
    Secret,
    Source,
)
from pipelines.model.words import UsageRefusal
from pipelines.wording import say

FILE = "gongping.yaml"
FLOWS = {  # each with the module of `flows/` that holds it
    "alerts": "office",
    "evaluators": "evaluators",
    "preview": "score",
    "publish": "office",
    "retain": "office",
    "score": "score",
    "watch": "watch",
}
CRON_FIELDS = 5
LONGEST_KEPT = 9999  # days, months or years
LOCAL = {"Factory", "localtime", "posixrules"}  # no places: what they mean lies in the machine


def take(given: str | Path | None = None) -> Project:
    """Put the project file ``given``, else the one found, in force and return it; UsageRefusal with file and line."""
    file = find() if given is None else _named(given)
    process.use(load(file) if file else Project())
    return process.project()


def find() -> Path | None:
    """`gongping.yaml` of the current folder or of the nearest folder above it that has one."""
    here = Path.cwd()
    above = next((folder for folder in (here, *here.parents) if os.path.lexists(folder / FILE)), None)
    return Path(os.path.relpath(above, here)) / FILE if above else None


def _named(given: str | Path) -> Path:
    if not str(given):
        raise UsageRefusal(say("project.no_name"))
    return Path(given) / FILE if Path(given).is_dir() else Path(given)


def load(file: Path) -> Project:
    """Read a project file; UsageRefusal with its line for a key or a value that nothing would honour."""
    block, _ = read_blocks(file, "project.", str(file))
    for key in block:
        if key not in KEYS:
            raise block.refuse(key, "unknown", KEYS, word=key, keys="、".join(KEYS))
    return Project(**{key: _CHECKS[KEYS[key]["kind"]](block, key, file.parent) for key in block}, file=file)


def _filled(block: Block, key: str) -> str:
    value = block.get(key)
    if not isinstance(value, str) or not value.strip():
        raise block.refuse(key, "no_text")
    return value.strip()


def _text(block: Block, key: str) -> str:
    """On one line."""
    if not (text := _filled(block, key)).isprintable():
        raise block.refuse(key, "no_text")
    return text


def _name(block: Block, key: str, home: Path) -> str:
    return _text(block, key)


def _zone(block: Block, key: str, home: Path) -> str:
    zone, known = _text(block, key), available_timezones() - LOCAL
    if zone not in known:
        raise block.refuse(key, "no_zone", known, word=zone)
    return zone


def _period(block: Block, key: str, home: Path) -> str:
    if _text(block, key) not in LENGTH:
        raise block.refuse(key, "no_period", LENGTH, word=block[key], kinds="、".join(LENGTH))
    return block[key]


def _path(block: Block, key: str, home: Path) -> Path:
    """A path from the project file's folder, or a whole one."""
    if _text(block, key).startswith("~"):
        raise block.refuse(key, "no_home", word=block[key])
    return home / _text(block, key)


def _folder(block: Block, key: str, home: Path) -> Path:
    folder = _path(block, key, home)
    if not folder.is_dir():
        raise block.refuse(key, "no_folder", _beside(folder), word=folder.name, path=folder)
    return folder


def _file(block: Block, key: str, home: Path) -> Path:
    file = _path(block, key, home)
    if not file.is_file():
        raise block.refuse(key, "no_file", _beside(file), word=file.name, path=file)
    return file


def _beside(missing: Path) -> list[str]:
    return sorted(one.name for one in missing.parent.iterdir()) if missing.parent.is_dir() else []


def _output(block: Block, key: str, home: Path) -> Path:
    """A folder that the first run makes."""
    folder = _path(block, key, home)
    if folder.exists() and not folder.is_dir():
        raise block.refuse(key, "no_folder", word=folder.name, path=folder)
    return folder


def _exports(block: Block, key: str, home: Path) -> str:
    """Where a period's exports lie, with PLACE for its name; a folder that holds one folder a period otherwise."""
    text = _text(block, key)
    if "{" in text.replace(PLACE, "") or "}" in text.replace(PLACE, ""):
        raise block.refuse(key, "no_place", word=text, place=PLACE)
    place = _path(block, key, home) if PLACE in text else _output(block, key, home) / PLACE
    return str(place)


def _absent(block: Block, key: str, home: Path) -> tuple[str, ...]:
    names = [block[key]] if isinstance(block[key], str) else block[key]
    if isinstance(names, Block) or not all(isinstance(name, str) for name in names):
        raise block.refuse(key, "no_names")
    try:
        declared(names, load_contracts())
    except UsageRefusal as refusal:
        raise block.refuse(key, "no_absence", why=refusal.words) from None
    return tuple(names)


def _schedules(block: Block, key: str, home: Path) -> tuple[Schedule, ...]:
    """Each flow that runs by itself, with `cron` and parameters; the flow itself says which of those it takes."""
    given = block[key]
    if not isinstance(given, Block):
        raise block.refuse(key, "no_schedules")
    found = []
    for name, one in given.items():
        if name not in FLOWS:
            raise given.refuse(name, "no_flow", FLOWS, word=name, flows="、".join(FLOWS))
        if not isinstance(one, Block) or not isinstance(one.get("cron"), str):
            raise given.refuse(name, "no_cron", word=name)
        if len(one["cron"].split()) != CRON_FIELDS:
            raise one.refuse("cron", "bad_cron", word=one["cron"])
        parameters = tuple((word, value) for word, value in one.items() if word != "cron")
        found.append(Schedule(name, one["cron"], parameters, given.places[name][1]))
    return tuple(found)


# `sources:`, where exports are fetched.


DATABASE = ("host", "port", "database", "user", "password", "tls", "ca", "tables", "seconds")
FETCHED = ("files", "most_megabytes", "seconds")
# kind -> the words that it must have, those that it may have
SOURCES = {
    "postgresql": (("host", "database", "user", "tables"), DATABASE),
    "mysql": (("host", "database", "user", "tables"), DATABASE),
    "folder": (("folder", "files"), ("folder", *FETCHED)),
    "http": (("url", "files"), ("url", "user", "password", "token", "ca", "local", *FETCHED)),
    "sftp": (
        ("host", "user", "folder", "files", "known_hosts"),
        ("host", "port", "user", "password", "key_file", "known_hosts", "folder", *FETCHED),
    ),
    "s3": (("folder", "files"), ("folder", "endpoint", "region", "key", "secret", "local", *FETCHED)),
}
PORTS = {"postgresql": 5432, "mysql": 3306, "sftp": 22}
SECRETS = ("password", "token", "key", "secret")
PATHS = ("ca", "key_file", "known_hosts")
TLS = ("verify", "require", "off")
SOURCE_NAME = re.compile(r"[\w\u4e00-\u9fff-]{1,60}")
LARGEST = 10**7


def _sources(block: Block, key: str, home: Path) -> tuple[Source, ...]:
    """Where exports are fetched."""
    sources = block[key]
    if not isinstance(sources, Block) or not sources:
        raise block.refuse(key, "source_block")
    return tuple(_source(sources, name, home) for name in sources)


def _source(sources: Block, name: str, home: Path) -> Source:
    block = sources[name]
    if not SOURCE_NAME.fullmatch(name):
        raise sources.refuse(name, "source_name", word=name)
    if not isinstance(block, Block):
        raise sources.refuse(name, "source_block")
    kind = _filled(block, "kind")
    if kind not in SOURCES:
        raise block.refuse("kind", "source_kind", SOURCES, word=kind, kinds="、".join(SOURCES))
    needed, known = SOURCES[kind]
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
        return _file(block, word, home)
    if word == "folder" and block["kind"] == "folder":
        return str(home / _filled(block, word))
    if word == "tables":
        return _queries(block)
    if word == "files":
        return _patterns(block)
    if word in ("port", "most_megabytes", "seconds"):
        return _number(block, word)
    if word in ("tls", "local"):
        return _choice(block, word)
    return _filled(block, word)


def _number(block: Block, word: str) -> int:
    text = _filled(block, word)
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= (65_535 if word == "port" else LARGEST)):
        raise block.refuse(word, "source_number")
    return int(text)


def _choice(block: Block, word: str) -> object:
    choices = TLS if word == "tls" else ("true", "false")
    if (text := _filled(block, word)) not in choices:
        raise block.refuse(word, "source_choice", choices, word=text, choices="、".join(choices))
    return text if word == "tls" else text == "true"


def _secret(block: Block, word: str, home: Path) -> Secret:
    """`{env: NAME}` or `{file: path}`; a secret that stands in the project file itself is refused."""
    inner = block[word]
    if not isinstance(inner, Block) or [*inner] not in (["env"], ["file"]):
        raise block.refuse(word, "source_secret")
    [(where, _)] = inner.items()
    return Secret(env=_filled(inner, "env")) if where == "env" else Secret(file=home / _filled(inner, "file"))


def _queries(block: Block) -> tuple[Query, ...]:
    tables = block["tables"]
    if not isinstance(tables, Block) or not tables:
        raise block.refuse("tables", "source_block")
    for name in tables:
        if not SOURCE_NAME.fullmatch(name):
            raise tables.refuse(name, "source_name", word=name)
    return tuple(Query(name, _filled(tables, name).rstrip("; \n")) for name in tables)


def _patterns(block: Block) -> tuple[str, ...]:
    files = [block["files"]] if isinstance(block["files"], str) else block["files"]
    if isinstance(files, Block) or not files or not all(isinstance(one, str) and one.strip() for one in files):
        raise block.refuse("files", "no_names")
    for one in files:
        if ".." in one.split("/") or one.startswith("/") or "{" in one.replace(PLACE, ""):
            raise block.refuse("files", "source_files", word=one)
    return tuple(files)


# How long layers are kept, and what a run may take.


def _retention(block: Block, key: str, home: Path) -> tuple[Keep, ...]:
    """How long each layer is kept: `3 years`, `18 months`, `90 days`."""
    given = block[key]
    if not isinstance(given, Block):
        raise block.refuse(key, "no_retention", layers="、".join(LAYERS))
    found = []
    for layer in given:
        if layer not in LAYERS:
            raise given.refuse(layer, "no_layer", LAYERS, word=layer, layers="、".join(LAYERS))
        n, _, unit = str(given[layer]).partition(" ")
        unit = unit.removesuffix("s") + "s"
        if not n.isdecimal() or not 1 <= int(n) <= LONGEST_KEPT or unit not in UNITS:
            raise given.refuse(layer, "no_age", word=given[layer])
        found.append(Keep(layer, int(n), unit))
    return tuple(found)


def _memory(block: Block, key: str, home: Path) -> str:
    """Gigabytes or megabytes, no fewer than the database can work with."""
    found = re.fullmatch(r"(\d{1,6}) ?(GB|MB)", _text(block, key).upper())
    if not found or int(found[1]) * (1000 if found[2] == "GB" else 1) < LEAST_MEGABYTES:
        raise block.refuse(key, "no_memory", least=LEAST_MEGABYTES)
    return found[1] + found[2]


def _spark_master(block: Block, key: str, home: Path) -> str:
    if not re.fullmatch(r"local(\[(\d+|\*)\])?|yarn|(spark|k8s)://\S+", _text(block, key)):
        raise block.refuse(key, "no_master", word=block[key])
    return _text(block, key)


def _elsewhere(block: Block, key: str, home: Path) -> None:
    raise block.refuse(key, "elsewhere")


_CHECKS: dict[str, Callable[[Block, str, Path], object]] = {
    "name": _name,
    "zone": _zone,
    "period": _period,
    "folder": _folder,
    "file": _file,
    "exports": _exports,
    "output": _output,
    "absent": _absent,
    "schedules": _schedules,
    "sources": _sources,
    "retention": _retention,
    "memory": _memory,
    "spark_master": _spark_master,
    "elsewhere": _elsewhere,
}
