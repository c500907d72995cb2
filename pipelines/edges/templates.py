"""Jinja2: page dicts → HTML, everything escaped, an unknown name an error."""

import sys
from base64 import b64encode
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pickle import UnpicklingError
from typing import Any

from markupsafe import Markup

from pipelines.lazy import jinja2
from pipelines.model.text import plain
from pipelines.paths import COMPILED, REPORTS

STYLE = "shared/base.css"
SITE_STYLE = "site/site.css"
PINYIN = "site/pinyin.txt"  # made by scripts/pinyin.py
SCRIPTS = {"ranking": "site/ranking.js", "card": "scorecard/card.js"}


@cache
def environment():
    """The one environment: templates of `reports/`, compiled once, autoescape for every suffix."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(REPORTS),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        finalize=_shown,
        bytecode_cache=compiled(),
    )
    made.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    made.filters["pinyin"] = pinyin
    own = {"style": style(), "site_style": _file(SITE_STYLE)}
    for name, file in SCRIPTS.items():
        own |= {f"{name}_script": _file(file), f"{name}_hash": _hash(_file(file))}
    made.globals |= {name: Markup(text) for name, text in own.items()}  # noqa: S704 - our own files, no data in them
    return made


@cache
def compiled():
    """Keeps compiled templates on disk from one process to the next, as Python does its modules, if it can."""

    class Compiled(jinja2.FileSystemBytecodeCache):
        def load_bytecode(self, bucket: Any) -> None:
            try:
                super().load_bytecode(bucket)
            except (OSError, EOFError, ValueError, UnpicklingError):  # a damaged file is as good as none
                bucket.reset()

        def dump_bytecode(self, bucket: Any) -> None:
            if not sys.dont_write_bytecode:
                with suppress(OSError):  # a folder that is not ours, or full
                    COMPILED.mkdir(exist_ok=True)
                    super().dump_bytecode(bucket)

    return Compiled(str(COMPILED))


def _shown(value: object) -> object:
    """Whatever a page shows passes here: characters that nobody sees become visible."""
    return plain(value) if type(value) is str else value


def pinyin(name: str) -> str:
    """The syllables of a name's Chinese characters, a blank between them: `zhu jian ju`, `zhang/chang xing`."""
    return " ".join(said for one in name if (said := _syllables().get(one)))


@cache
def _syllables() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _file(PINYIN).splitlines():
        syllable, _, characters = line.partition(" ")
        for one in characters:
            found[one] = f"{found[one]}/{syllable}" if one in found else syllable
    return found


def _hash(script: str) -> str:
    """The one script that a page's content security policy lets run."""
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"


def _file(name: str) -> str:
    return (REPORTS / name).read_text(encoding="utf-8")


@cache
def style() -> str:
    """The style sheet that screen and paper share."""
    return _file(STYLE)


def render(
    template: str,
    page: dict,
    paper: bool = False,
    pdf: bool = False,
    quality: bool = False,
    libraries: bool = False,
    alone: bool = False,
) -> str:
    """The HTML of ``reports/<template>`` for a page dict.

    ``paper`` leaves out what only a screen can use; ``pdf``, ``quality`` and ``libraries`` tell that a printed twin
    and the reports on quality and libraries lie beside the page; ``alone`` that no other page does.
    """
    beside = {"pdf": pdf, "quality": quality, "libraries": libraries, "alone": alone}
    facts = {"page": page, "frame": page["frame"], "paper": paper, **beside}
    return environment().get_template(template).render(facts)
