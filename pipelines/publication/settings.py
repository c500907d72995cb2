"""What the office has settled about publication: `rules/publication.yaml`, or a file like it."""

import re
from dataclasses import dataclass
from pathlib import Path

from pipelines.edges.located_yaml import read_blocks
from pipelines.edges.wording import say
from pipelines.model.refusals import UsageRefusal
from pipelines.model.words import Words
from pipelines.paths import RULES

STANDARD = RULES / "publication.yaml"
FEWEST = 2  # people without whom nothing is published
PARTS = {"objection": {"working_days"}, "approval": {"roles", "needed"}, "canaries": {"texts", "patterns"}}


@dataclass(frozen=True)
class Settings:
    """Days of the objection window, who approves, what must not be published."""

    objection_days: int
    roles: tuple[str, ...]
    approvals: int
    texts: tuple[str, ...] = ()
    patterns: tuple[re.Pattern, ...] = ()


def load_settings(file: Path | None = None) -> Settings:
    """The settings of a file, the project's own where None; UsageRefusal (file, place, remedy) for a bad one."""
    file = file or STANDARD
    told, _ = read_blocks(file)
    _known(file, "", told, PARTS)
    for part, names in PARTS.items():
        if not isinstance(told.get(part), dict):
            raise _wrong(file, part, say("publication.settings_missing"))
        _known(file, part, told[part], names)
    roles = _texts(file, "approval.roles", told["approval"].get("roles"))
    needed = _count(file, "approval.needed", told["approval"].get("needed"), FEWEST)
    if len(set(roles)) != len(roles) or needed > len(roles):
        raise _wrong(file, "approval.roles", say("publication.settings_roles", n=needed))
    return Settings(
        _count(file, "objection.working_days", told["objection"].get("working_days"), 0),
        roles,
        needed,
        _texts(file, "canaries.texts", told["canaries"].get("texts", [])),
        tuple(_pattern(file, one) for one in _texts(file, "canaries.patterns", told["canaries"].get("patterns", []))),
    )


def _known(file: Path, part: str, told: dict, names) -> None:
    for name in told:
        if name not in names:
            raise _wrong(file, f"{part}.{name}".strip("."), say("publication.settings_unknown", known=" ".join(names)))


def _count(file: Path, place: str, told: object, least: int) -> int:
    if not isinstance(told, str) or not told.isascii() or not told.isdecimal() or int(told) < least:
        raise _wrong(file, place, say("publication.settings_count", least=least))
    return int(told)


def _texts(file: Path, place: str, told: object) -> tuple[str, ...]:
    if not isinstance(told, list) or not all(isinstance(one, str) and one.strip() for one in told):
        raise _wrong(file, place, say("publication.settings_list"))
    return tuple(one.strip() for one in told)


def _pattern(file: Path, text: str) -> re.Pattern:
    try:
        return re.compile(text)
    except re.error as problem:
        why = say("publication.settings_pattern", text=text, why=problem)
        raise _wrong(file, "canaries.patterns", why) from None


def _wrong(file: Path, place: str, why: Words) -> UsageRefusal:
    return UsageRefusal(say("publication.settings_wrong", file=file.name, place=place, why=why))
