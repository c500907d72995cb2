"""A ledger line's sentence in English: recognised by the template that it was written from, its figures kept."""

import re
from functools import cache
from string import Formatter

from pipelines.model.rule import Rulebook
from pipelines.model.words import Words
from pipelines.views.figures import Say

OCCURRENCES = ("late_signing_late", "late_signing_never", "late_signing_flagged", "late_reply_late",
               "late_reply_never", "late_reply_flagged", "refused_to_sign", "not_handled", "rude_attitude",
               "poor_service")  # fmt: skip
CLOSING = {"floor": ("item", "deducted", "full"), "rounding": ("item", "deducted"), "cap": ("bonus", "cap"),
           "same_matter": ("award", "counted"), "reweight": ("left", "base", "all"),
           "unmeasured_zero": ("points",)}  # fmt: skip
MONTHS = range(1, 13)


class Recognised:
    """Gives the English of a sentence that the ledger holds in Chinese, "" where no template made it."""

    def __init__(self, rulebook: Rulebook, say: Say):
        self._mean = say("judge.mean")
        months = [say("judge.month", month=n) for n in MONTHS]
        self._words = {words.zh: words.en for words in (*months, say("judge.quarter"))}
        self._patterns = [(_pattern(words.zh), words.en) for words in _templates(rulebook, say)]
        self.english = cache(self.english)  # most sentences of a rule are alike

    def english(self, sentence: str) -> str:
        """The English sentence with the same figures."""
        body, mean = sentence.removesuffix(self._mean.zh), sentence.endswith(self._mean.zh)
        for pattern, english in self._patterns:
            if found := pattern.fullmatch(body):
                figures = {name: self._words.get(value, value) for name, value in found.groupdict().items()}
                return english.format(**figures) + (self._mean.en if mean else "")
        return ""


def _templates(rulebook: Rulebook, say: Say) -> list[Words]:
    """Every sentence that a ledger line can be, with its figures open."""
    told = [say(f"ledger.{name}", due="{due}", done="{done}") for name in OCCURRENCES]
    told += [say(f"judge.{name}", **{one: f"{{{one}}}" for one in facts}) for name, facts in CLOSING.items()]
    return told + [rule.says for rule in rulebook.rules.values()]


def _pattern(template: str) -> re.Pattern:
    """A template as a pattern: every open figure a named group, which means the same wherever it stands."""
    parts, seen = [], set()
    for text, name, _, _ in Formatter().parse(template):
        parts.append(re.escape(text))
        if name:
            parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>.*?)")
            seen.add(name)
    return re.compile("".join(parts), re.DOTALL)
