"""What a run may choose: readings other than the default, and, for a what-if, other points."""

import re
from collections.abc import Mapping
from dataclasses import replace

from pipelines.edges.wording import say
from pipelines.model.points import shown
from pipelines.model.refusals import UsageRefusal
from pipelines.model.rule import Reading, Rulebook
from pipelines.rulebook import vocabulary
from pipelines.rulebook.names import hint
from pipelines.rulebook.numbers import exact

NUMBER = re.compile(r"\d{1,9}(\.\d{1,2})?", re.ASCII)
LIMITS = {"target": ("0", "100"), "each": ("0.01", "100"), "deduct": ("0", "1000"), "award": ("0", "1000")}


def choose_readings(rulebook: Rulebook, overrides: Mapping[str, object]) -> dict[str, str]:
    """Every reading with the value in force: the default, or the one chosen. UsageRefusal for an unknown one."""
    for id in overrides:
        if id not in rulebook.readings:
            raise UsageRefusal(say("rulebook.unknown_reading", value=id, hint=hint(id, rulebook.readings)))
    return {
        id: _value(reading, str(overrides[id]).strip()) if id in overrides else reading.default
        for id, reading in rulebook.readings.items()
    }


def _value(reading: Reading, value: str) -> str:
    if value in reading.values:
        return value
    if reading.open_number and NUMBER.fullmatch(value):
        return shown(exact(value)).rstrip("0").rstrip(".")
    near = say("rulebook.open_number", names="、".join(reading.values)) if reading.open_number else None
    known = near or hint(value, reading.values)
    raise UsageRefusal(say("rulebook.unknown_reading_value", reading=reading.id, value=value, hint=known))


def changeable(rulebook: Rulebook) -> list[str]:
    """Every ``rule.field`` that a what-if may change."""
    return [f"{rule.id}.{field}" for rule in rulebook.rules.values() for field in vocabulary.CHANGEABLE[rule.kind]]


def with_changes(rulebook: Rulebook, changes: Mapping[str, object]) -> Rulebook:
    """The rulebook with other values, such as ``{"late_reply.deduct": "1"}``.

    UsageRefusal names the nearest ``rule.field`` for an unknown one, and the limits of a bad value.
    """
    known, rules = changeable(rulebook), dict(rulebook.rules)
    for name, value in changes.items():
        if name not in known:
            raise UsageRefusal(say("rulebook.unknown_change", value=name, hint=hint(name, known)))
        rule, field = name.split(".")
        least, most = LIMITS[field]
        amount = exact(value)
        if amount is None or not exact(least) <= amount <= exact(most):
            raise UsageRefusal(say("rulebook.bad_change", key=name, value=value, least=least, most=most))
        rules[rule] = replace(rules[rule], **{field: amount})
    return replace(rulebook, rules=rules)
