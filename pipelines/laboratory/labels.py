"""How a value, a reading or a change is called on a chart: in words, in the language of the session."""

import os

from pipelines.edges.wording import say
from pipelines.model.rule import Rulebook
from pipelines.model.words import Words


def told(words: Words) -> str:
    """In Chinese, or in English where GONGPING_LANG asks for it."""
    return words.into(os.environ.get("GONGPING_LANG", "zh"))


def of_name(rulebook: Rulebook, name: str) -> str:
    """Of a ``rule.field`` or a reading."""
    if name in rulebook.readings:
        return told(rulebook.readings[name].title)
    rule, _, field = name.partition(".")
    return told(say(f"laboratory.field_{field}", rule=rulebook.rules[rule].title))


def of_value(rulebook: Rulebook, name: str, value: str) -> str:
    """Of a value of a reading; a number stays a number."""
    reading = rulebook.readings.get(name)
    return told(reading.says[value]) if reading and value in reading.says else str(value)


def of_change(rulebook: Rulebook, name: str, value: str) -> str:
    """Of one change, such as 满意率目标 → 92."""
    return f"{of_name(rulebook, name)} → {of_value(rulebook, name, value)}"
