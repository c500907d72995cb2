"""The canaries: texts that must not stand in anything published, looked for in bytes, cells and printed lines."""

import re
from pathlib import Path

from pipelines.edges.plain_texts import texts_of
from pipelines.publication.settings import Settings

_BLANK = re.compile(r"\s+")


def canary_hit(folder: Path, settings: Settings) -> tuple[str, str] | None:
    """(file, what was found) of the first canary below a folder, in the order of the names; None where none is."""
    if not (settings.texts or settings.patterns):
        return None
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    for file in files:
        for text in (file.name, *texts_of(file)):
            if found := found_in(text, settings):
                return file.relative_to(folder).as_posix(), found
    return None


def found_in(text: str, settings: Settings) -> str:
    """The first canary in a text, "" where none is: blanks and line ends do not hide a text."""
    squeezed = _BLANK.sub("", text)
    for canary in settings.texts:
        if _BLANK.sub("", canary) in squeezed:
            return canary
    for pattern in settings.patterns:
        if pattern.search(text) or pattern.search(squeezed):
            return pattern.pattern
    return ""
