"""Sentences for people, Chinese and English, kept in `reports/wording/*.yaml` as `key: {zh, en}`."""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from string import Formatter
from typing import Any

import yaml

from pipelines.model.intake import Notice
from pipelines.model.words import Words
from pipelines.paths import WORDING

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C library where the installed PyYAML has it


def load_plain(text: str | bytes) -> Any:
    """The one document of a text; yaml.YAMLError where it is none."""
    return yaml.load(text, Loader=LOADER)


@cache
def _topic(topic: str) -> dict[str, dict[str, str]]:
    text = (WORDING / f"{topic}.yaml").read_text(encoding="utf-8")
    return load_plain(text)


@cache
def _sentence(key: str) -> tuple[str, str, frozenset[str]]:
    """A sentence in both languages, and the facts that it names: pages give more than one needs."""
    topic, name = key.split(".", 1)
    zh, en = (_topic(topic)[name][lang] for lang in ("zh", "en"))
    return zh, en, frozenset(fact for text in (zh, en) for _, fact, _, _ in Formatter().parse(text) if fact)


class _Counted(Formatter):
    """Facts as `str.format` fills them in, and ``{n:row|rows}``: the word for one, else that for any other number."""

    def format_field(self, value: object, spec: str) -> str:
        one, several, many = spec.partition("|")
        return format(value, spec) if not several else one if str(value) == "1" else many


_COUNTED = _Counted()


def _filled(sentence: str, facts: dict[str, object]) -> str:
    return _COUNTED.vformat(sentence, (), facts) if "|" in sentence else sentence.format(**facts)


def say(key: str, /, **facts: object) -> Words:
    """The sentence ``topic.name`` with its ``{facts}`` filled in; KeyError for an unknown sentence or fact."""
    zh, en, named = _sentence(key)
    given = {name: value for name, value in facts.items() if name in named}
    return Words(
        zh.format(**{name: value.zh if isinstance(value, Words) else value for name, value in given.items()}),
        _filled(en, {name: value.en if isinstance(value, Words) else value for name, value in given.items()}),
    )


def note(key: str, /, value: str = "", of: str = "", public: str = "", **facts: object) -> Notice:
    """A sentence about a ``file`` as a line of `warnings.csv`; its kind is the sentence's name, ``of`` its table.

    ``public`` is the sentence for public pages, where it is another.
    """
    words = say(key, value=value, **facts)
    shown = say(public, value=value, **facts) if public else None
    return Notice(words.zh, words.en, key.rpartition(".")[2], value, str(facts.get("file", "")), of, shown)


def hint(word: str, known: Iterable[str]) -> Words:
    """The nearest of the known names, or all of them where none is near and they are few; nothing of none."""
    known = list(known)
    if not known:
        return Words("", "")
    near = get_close_matches(str(word), known, n=1, cutoff=0.5)
    if near:
        return say("rulebook.nearest", name=near[0])
    return say("rulebook.known", names="、".join(known[:20]))
