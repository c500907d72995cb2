"""Findings of the libraries by the rule engine: whole numbers of one row against the conditions of one rule."""

from collections.abc import Iterable

from pipelines.engines.rete import Production, Session
from pipelines.model.condition import Condition
from pipelines.model.library import LibraryRule

TESTS = {"at_least": "$gte", "at_most": "$lte", "more_than": "$gt"}


class Inspector:
    """The rules of the libraries, compiled once.

    Rows with the same numbers are judged once: a city's rows are many, their numbers few.
    """

    def __init__(self, rules: Iterable[LibraryRule]):
        rules = tuple(rules)
        known = [{"finding": rule.id} for rule in rules]
        self._session = Session([_production(rule) for rule in rules], known)
        self._judged: dict[tuple, bool] = {}

    def finds(self, rule: LibraryRule, row: dict) -> bool:
        """Whether a row meets the rule; ``row`` holds its measures (whole numbers) and codes."""
        if any(row[code] not in allowed for code, allowed in rule.only.items()):
            return False
        numbers = {measure: row[measure] for measure in rule.measures}
        key = (rule.id, *numbers.values())
        if key not in self._judged:
            self._judged[key] = bool(self._session.run(rule.id, [{"finding": rule.id, **numbers}]))
        return self._judged[key]


def _production(rule: LibraryRule) -> Production:
    tests = [{"finding": rule.id}, *map(_test, rule.when)]
    return Production(rule.id, ({"$and": tests},), lambda match: True)


def _test(condition: Condition) -> dict:
    pattern = {condition.fact: condition.value}
    return pattern if condition.test == "equals" else {TESTS[condition.test]: pattern}
