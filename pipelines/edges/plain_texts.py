"""The texts of a file as it is written and as a reader meets it."""

import io
import re
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path

from pipelines.edges.wording import say
from pipelines.model.refusals import Refusal

_TAG = re.compile(r"<[^>]*>")
_MARKUP = {".html", ".xml", ".svg", ".rels"}


def texts_of(file: Path) -> Iterator[str]:
    """The file as it is written and as a reader meets it: without markup, unpacked, extracted from the page."""
    content = file.read_bytes()
    if file.suffix == ".pdf":
        yield from _printed(content)
    elif file.suffix == ".xlsx":
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            for name in book.namelist():
                yield from views(_decoded(book.read(name)), Path(name).suffix)
    yield from views(_decoded(content), file.suffix)


def views(text: str, suffix: str) -> Iterator[str]:
    """A text as it is, and what a reader sees of its markup."""
    yield text
    if suffix in _MARKUP:
        yield unescape(_TAG.sub("", text))
        yield unescape(text)


def _decoded(content: bytes) -> str:
    return content.decode("utf-8", errors="replace")


def _printed(content: bytes) -> Iterator[str]:
    try:
        import pypdf
    except ImportError:
        raise Refusal(say("publication.no_pdf_reader")) from None
    document = pypdf.PdfReader(io.BytesIO(content))
    yield from (str(value) for value in (document.metadata or {}).values())
    for page in document.pages:
        yield page.extract_text()
