"""The words of a rulebook: those that the program knows how to honour, and which keys each block has.

The keys are data, `rules/language.yaml`; what each may be it says in the words that its head explains.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from pipelines.model.condition import FACTS
from pipelines.model.period import KINDS as PERIODS
from pipelines.model.rule import COMPOSED_BY, MISSING, OF_FIGURES, ROUND_AT, STEPS
from pipelines.model.words import Words
from pipelines.paths import RULES
from pipelines.rulebook.source import Loader

# The words of settling and ranking, each written where it acts or left there to a reading:
# `mode: {reading: shortfall}` (semantics G7). Readings that change what is counted are named by measures and by derived
# columns (`model/measure.py`).
WORDS = {
    "mode": tuple(STEPS),
    "month": ("sum", "mean"),
    "per": ("sum", "mean", "pooled"),  # what a reading may say of months
    "unassessed": ("full", "zero", "stop"),
    "unmeasured": ("full", "left_out", "reweighted", "zero"),
    "same_matter": ("highest", "first"),
    "scope": ("all_awards", "same_type"),
    "cap": ("none",),
    "rank_on": ("total", "base"),
}
NUMBERS = ("cap",)  # words that any number >= 0 with at most two decimals may stand for
# Which reading decides where a book that has it says nothing: books from before these words (semantics B6).
UNSAID = {
    "mode": "shortfall",
    "per": "months",
    "unassessed": "missing_assessment",
    "same_matter": "same_matter",
    "scope": "same_matter_scope",
    "cap": "bonus_cap",
    "rank_on": "rank_on",
}
OF_THE_BOOK = {"unmeasured": WORDS["unmeasured"]}  # the one reading that acts on every item

# Rule ids that the ledger uses itself.
SETTLING = ("floor", "ceiling", "starts", "cap", "same_matter", "rounding", "reweight", "only_when", "veto", "compose")
LISTS = ("commend", "criticise", "remark", "together")
TESTS = ("equals", "at_most", "at_least", "more_than", "less_than", "in")
# Facts of verdicts in books of format 1: points in hundredths are points, the bound a hundredth of what is written.
HUNDREDTHS = {f"{name}_hundredths": name for name in ("total", "base", "bonus")}

VETOES = {"total": ("0",), "rank": ("false",), "grade": ()}  # what a veto may say of each
VETOING = ("occurrence", "rate")  # kinds of rules that may carry one

EVERY_RULE = ("rule", "clause", "item", "title", "says", "remedy", "examples")
OF_ANY_RULE = ("in_force", "order", "groups", "veto", "times")  # what any of them may have besides
# A rule is of the kind whose mark it carries; beside the mark: what else it must have, what it may have.
RATE = ("per", "round_rate", "needs")
KINDS = {
    "occurrence": ("deduct", ("measure",), ("per", "counts", "beyond", "at_most", "once_per", "with")),
    "density": ("deduct", ("measure",), ("per", "needs", "at_most")),  # `per: {each: 100, of: due}`
    "rate": ("short", ("part", "of", "target"), (*RATE, "over", "at_most")),
    "worth": ("worth", ("part", "of"), (*RATE, "at_most")),
    "bands": ("bands", (), ("part", "of", "measure", *RATE, "at_most")),
    "by_place": ("by_place", (), ("at_most",)),
    "change": ("change", (), ("at_most",)),
    "assessed": ("assessed", (), ("scale",)),
    "award": ("award", ("measure",), ("once_per", "tiers", "at_most")),
    "merit": ("award", ("measure",), ("per", "tiers", "at_most")),  # of a measure instead of a type of award
}
MARKS = tuple(dict.fromkeys(mark for mark, _, _ in KINDS.values()))


def of_mark(mark: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The keys that every rule with this mark needs, and those that one with it may have."""
    kinds = [(needed, optional) for one, needed, optional in KINDS.values() if one == mark]
    always = [key for key in kinds[0][0] if all(key in needed for needed, _ in kinds)]
    others = dict.fromkeys(key for needed, optional in kinds for key in (*needed, *optional))
    return (*EVERY_RULE, *always), (*EVERY_RULE, mark, *others, *OF_ANY_RULE)


PER = ("month", "period", "quarter")  # quarter: in older books, of a period
OLDER_PER = ("quarter", "occurrence")
PER_BEYOND = ("month", "period", "occurrence")  # in which so many are free; occurrence: in older books, without effect
AGAINST = ("previous", "year_before")  # the period before, the same period a year earlier
AMONG = ("group", "all")
LONGER = ("quarter", "half_year", "year")  # that may be made of shorter periods
FORMATS = ("1", "2")  # 1: quarters, eleven measures, seven awards (semantics B7)
ROUND = ("deduction", "score")
STARTS = ("full", "zero")
ALL_BY = ("share",)
BETTER = ("more", "fewer")
ONCE_PER = ("matter",)  # of awards
ONCE_PER_ROW = ("row",)  # of deductions
TYPES = ("boolean", "integer", "decimal", "date", "timestamp", "text", "enum")  # of a city's own columns
PLACES = 4  # decimals of a rate at most
DECIMALS = 4  # of base, bonus and total at most
BANDS = ("at_least", "more_than", "at_most", "less_than")  # the comparisons of bands: falling, falling, rising, rising

# Every block with its keys, and what each may be.

FILE = RULES / "language.yaml"
CLOSED: dict[str, tuple[str, ...]] = {  # the closed words that `one of` names
    **WORDS,
    "among": AMONG,
    "against": AGAINST,
    "formats": FORMATS,
    "round": ROUND,
    "starts": STARTS,
    "all_by": ALL_BY,
    "better": BETTER,
    "once_per": (*ONCE_PER, *ONCE_PER_ROW),
    "types": TYPES,
    "per": tuple(dict.fromkeys((*PER, *PER_BEYOND))),
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
    written = yaml.load(FILE.read_text(encoding="utf-8"), Loader=Loader)
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
