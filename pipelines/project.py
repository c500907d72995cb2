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
from pipelines.model.project import KEYS, LAYERS, LEAST_MEGABYTES, PLACE, UNITS, Keep, Project, Schedule
from pipelines.model.words import UsageRefusal
from pipelines.sources.declared import declared as declared_sources
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


def _text(block: Block, key: str) -> str:
    value = block[key]
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise block.refuse(key, "no_text")
    return value.strip()


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
    "sources": declared_sources,
    "retention": _retention,
    "memory": _memory,
    "spark_master": _spark_master,
    "elsewhere": _elsewhere,
}
