"""What the office has settled about publication: `rules/publication.yaml`, or a file like it.

A quarter's first preview freezes them: window, number of approvals, roles and what must not be published stand in the
record with their hash and bind every later act of the quarter.
"""

import json
import re
import unicodedata
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from pipelines.edges import process
from pipelines.edges.located_yaml import read_blocks
from pipelines.model.refusals import NotAllowed, UsageRefusal
from pipelines.model.words import Words
from pipelines.paths import RULES
from pipelines.wording import say

STANDARD = RULES / "publication.yaml"
FEWEST = 2  # people without whom nothing is published
SHORTEST = 1  # working days in which units may object
_ROLE = re.compile(r"[^\W_](?:[\w-]{0,38}[^\W_])?")  # a role is a namespace of signatures: no blanks, commas or quotes
PARTS = {
    "objection": {"working_days"},
    "approval": {"roles", "needed"},
    "canaries": {"texts", "patterns", "coincidences"},
}


@dataclass(frozen=True)
class Settings:
    """Days of the objection window, who approves, what must not be published."""

    objection_days: int
    roles: tuple[str, ...]
    approvals: int
    texts: tuple[str, ...] = ()
    patterns: tuple[re.Pattern, ...] = ()
    coincidences: tuple[str, ...] = ()  # hold an evaluator's name and mean something else: a run looks past them


def load_settings(file: Path | None = None) -> Settings:
    """The settings of a file, the project's own if None; UsageRefusal (file, place, remedy) for a bad one."""
    file = file or process.project().publication or STANDARD
    document, _ = read_blocks(file)
    _known(file, "", document, PARTS)
    for part, names in PARTS.items():
        if not isinstance(document.get(part), dict):
            raise _wrong(file, part, say("publication.settings_missing"))
        _known(file, part, document[part], names)
    roles = _texts(file, "approval.roles", document["approval"].get("roles"))
    needed = _count(file, "approval.needed", document["approval"].get("needed"), FEWEST)
    for role in roles:
        if not is_role(role):
            raise _wrong(file, "approval.roles", say("publication.settings_role", role=role))
    if len({folded(role) for role in roles}) != len(roles) or needed > len(roles):
        raise _wrong(file, "approval.roles", say("publication.settings_roles", n=needed))
    return Settings(
        _count(file, "objection.working_days", document["objection"].get("working_days"), SHORTEST),
        roles,
        needed,
        _texts(file, "canaries.texts", document["canaries"].get("texts", [])),
        tuple(
            _pattern(file, one) for one in _texts(file, "canaries.patterns", document["canaries"].get("patterns", []))
        ),
        _texts(file, "canaries.coincidences", document["canaries"].get("coincidences", [])),
    )


def frozen(settings: Settings) -> dict:
    """What the first preview writes down; of what must not be published only the hashes."""
    canaries = (*settings.texts, *(pattern.pattern for pattern in settings.patterns))
    return {
        "working_days": settings.objection_days,
        "needed": settings.approvals,
        "roles": list(settings.roles),
        "canaries": sorted(sha256(text.encode()).hexdigest() for text in canaries),
    }


def settings_sha256(document: dict) -> str:
    """The hash of frozen settings, which every signature covers."""
    return sha256(json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def bound(document: dict, given: Settings, named: bool) -> Settings:
    """The settings in force: those frozen in the record, with the texts and patterns of what was ``given``.

    NotAllowed saying what differs, where the file was ``named`` on the command line; one that no longer looks for
    something that must not be published is refused also where nobody named it. Looking for more is never refused.
    """
    now = frozen(given)
    differ = [
        say(f"publication.differs_{name}", then=_shown(document[name]), now=_shown(now[name]))
        for name in ("working_days", "needed", "roles")
        if named and now[name] != document[name]
    ]
    if lost := set(document["canaries"]) - set(now["canaries"]):
        differ.append(say("publication.differs_canaries", n=len(lost)))
    if differ:
        what = Words("；".join(one.zh for one in differ), "; ".join(one.en for one in differ))
        raise NotAllowed(say("publication.settings_differ", what=what))
    return with_frozen(document, given)


def with_frozen(document: dict, given: Settings) -> Settings:
    """``given`` with the window, the number and the roles that were frozen."""
    return replace(
        given, objection_days=document["working_days"], approvals=document["needed"], roles=tuple(document["roles"])
    )


def sound(document: dict) -> bool:
    """Whether frozen settings of a record are any that could have been loaded."""
    roles, days, needed = document["roles"], document["working_days"], document["needed"]
    return (
        set(document) == {"working_days", "needed", "roles", "canaries"}
        and all(type(one) is int for one in (days, needed))
        and all(is_role(role) for role in roles)
        and days >= SHORTEST
        and FEWEST <= needed <= len(roles) == len({folded(role) for role in roles})
        and all(isinstance(one, str) for one in document["canaries"])
    )


def is_role(value: object) -> bool:
    """Whether something can be a role, which is a namespace of signatures too."""
    return isinstance(value, str) and bool(_ROLE.fullmatch(value))


def folded(text: str) -> str:
    """A name or role as it is compared: width, case, blanks and invisible signs do not count."""
    folded_text = unicodedata.normalize("NFKC", text).casefold()
    return "".join(sign for sign in folded_text if not sign.isspace() and unicodedata.category(sign)[0] != "C")


def _shown(value: object) -> object:
    return "、".join(value) if isinstance(value, list) else value


def _known(file: Path, part: str, document: dict, names) -> None:
    for name in document:
        if name not in names:
            raise _wrong(file, f"{part}.{name}".strip("."), say("publication.settings_unknown", known=" ".join(names)))


def _count(file: Path, place: str, value: object, least: int) -> int:
    if not isinstance(value, str) or not value.isascii() or not value.isdecimal() or int(value) < least:
        raise _wrong(file, place, say("publication.settings_count", least=least))
    return int(value)


def _texts(file: Path, place: str, values: object) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(one, str) and one.strip() for one in values):
        raise _wrong(file, place, say("publication.settings_list"))
    return tuple(one.strip() for one in values)


def _pattern(file: Path, text: str) -> re.Pattern:
    try:
        return re.compile(text)
    except re.error as problem:
        why = say("publication.settings_pattern", text=text, why=problem)
        raise _wrong(file, "canaries.patterns", why) from None


def _wrong(file: Path, place: str, why: Words) -> UsageRefusal:
    return UsageRefusal(say("publication.settings_wrong", file=file.name, place=place, why=why))
