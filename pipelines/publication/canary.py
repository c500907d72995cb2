"""The canaries: texts that must not stand in anything published, looked for in bytes, cells and printed lines."""

import io
import re
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path

from pipelines.edges.wording import say
from pipelines.model.refusals import Refusal
from pipelines.publication.settings import Settings

_TAG = re.compile(r"<[^>]*>")
_BLANK = re.compile(r"\s+")
_MARKUP = {".html", ".xml", ".svg", ".rels"}


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


def texts_of(file: Path) -> Iterator[str]:
    """The file as it is written and as a reader meets it: without markup, unpacked, extracted from the page."""
    content = file.read_bytes()
    if file.suffix == ".pdf":
        yield from _printed(content)
    elif file.suffix == ".xlsx":
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            for name in book.namelist():
                yield from _views(book.read(name), Path(name).suffix)
    yield from _views(content, file.suffix)


def _views(content: bytes, suffix: str) -> Iterator[str]:
    text = content.decode("utf-8", errors="replace")
    yield text
    if suffix in _MARKUP:
        yield unescape(_TAG.sub("", text))
        yield unescape(text)


def _printed(content: bytes) -> Iterator[str]:
    try:
        import pypdf
    except ImportError:
        raise Refusal(say("publication.no_pdf_reader")) from None
    document = pypdf.PdfReader(io.BytesIO(content))
    yield from (str(value) for value in (document.metadata or {}).values())
    for page in document.pages:
        yield page.extract_text()


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
