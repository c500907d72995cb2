"""The language of rulebooks as data (`rules/language.yaml`): which keys each block has, and what each may be."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from pipelines.model.condition import FACTS
from pipelines.model.period import KINDS as PERIODS
from pipelines.model.rule import COMPOSED_BY, MISSING, OF_FIGURES, ROUND_AT
from pipelines.model.words import Words
from pipelines.paths import RULES
from pipelines.rulebook import vocabulary

FILE = RULES / "language.yaml"
CLOSED: dict[str, tuple[str, ...]] = {  # the closed words that `one of` names
    **vocabulary.WORDS,
    **{
        name: getattr(vocabulary, name.upper())
        for name in ("among", "against", "formats", "round", "starts", "all_by", "better")
    },
    "once_per": (*vocabulary.ONCE_PER, *vocabulary.ONCE_PER_ROW),
    "types": vocabulary.TYPES,
    "per": tuple(dict.fromkeys((*vocabulary.PER, *vocabulary.PER_BEYOND))),
    "periods": PERIODS,
    "composed_by": COMPOSED_BY,
    "missing": MISSING,
    "of_figures": OF_FIGURES,
    "round_at": ROUND_AT,
    "facts": FACTS,
}


@dataclass(frozen=True)
class Key:
    """One key of a block. ``is_`` is what it may be, in the words that the head of the file explains."""

    name: str
    is_: str
    needed: bool
    words: Words


@dataclass(frozen=True)
class Form:
    """A block: its title, its keys; ``open`` is what any other key may be, where the book chooses names itself."""

    name: str
    title: Words
    keys: dict[str, Key]
    open: str = ""

    @property
    def needed(self) -> tuple[str, ...]:
        """The keys that must be there."""
        return tuple(key.name for key in self.keys.values() if key.needed)


@cache
def forms() -> dict[str, Form]:
    """Every block by its name, in the order of the file."""
    written = yaml.load(FILE.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    return {name: _form(name, block) for name, block in written.items()}


def _form(name: str, block: dict[str, Any]) -> Form:
    keys = {
        key: Key(key, one["is"], one.get("needed") == "true", Words(one["zh"], one["en"]))
        for key, one in block["keys"].items()
    }
    return Form(name, Words(block["zh"], block["en"]), keys, block.get("open", ""))


def choices(said: str) -> Iterator[tuple[str, str]]:
    """What a key may be, as (sort, rest): ("number", "0 to 1000"), ("list", "words"), ("block", "short") and so on."""
    for one in said.split(" | "):
        first, _, rest = one.partition(" ")
        if one.startswith("<"):
            yield "block", one.strip("<>")
        elif one.startswith("'"):
            yield "word", one.strip("'")
        elif first == "one":
            yield "one", rest.removeprefix("of ")
        elif first in ("list", "map"):
            yield first, rest.removeprefix("of ")
        else:
            yield first, rest


def span(bounds: str) -> tuple[str, str]:
    """Least and most of a number as `0 to 1000` names them."""
    least, _, most = bounds.partition(" to ")
    return least, most
