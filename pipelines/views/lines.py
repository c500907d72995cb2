"""The sentence of a ledger line in a reader's language: a rule's own words, and its measure's of the row beneath."""

import json
from collections.abc import Iterable, Iterator, Mapping

from pipelines.model.measure import Measure
from pipelines.model.rule import Rule, Rulebook
from pipelines.model.score import FLAGGED, MEAN, UNMEASURED
from pipelines.views.figures import Say, plainly

BETWEEN = {"zh": "：", "en": ": "}  # a rule's words and what they rest on


class Lines:
    """Writes the lines of one rulebook in one language."""

    def __init__(self, rulebook: Rulebook, say: Say, lang: str = "zh"):
        self.rulebook, self.say, self.lang = rulebook, say, lang
        self._nothing = say("ledger.nothing").into(lang)
        self._types = {**rulebook.incident_types, **rulebook.award_types}

    def told(self, lines: Iterable[tuple]) -> Iterator[tuple]:
        """Lines of `edges.ledger` with their sentence in place of its key and facts: the columns of `ledger.csv`."""
        for *line, sentence, facts in lines:
            yield *line, self.text(line[4], sentence, facts)

    def text(self, rule_id: str, sentence: str, facts: str) -> str:
        """What a line says in full: the rule's words, and after them what the row shows."""
        said, evidence = self.both(rule_id, sentence, facts)
        return BETWEEN[self.lang].join(part for part in (said, evidence) if part)

    def both(self, rule_id: str, sentence: str, facts: str) -> tuple[str, str]:
        """The rule's words, and what its measure says of the row; "" where there is none of them."""
        given, rule = json.loads(facts), self.rulebook.rules.get(rule_id)
        if rule is None or sentence == UNMEASURED:
            return self.say(f"judge.{sentence}", **given).into(self.lang), ""
        if rule.kind == "occurrence":
            return self._occurrence(rule, sentence, given)
        text = rule.says.into(self.lang).format_map(self._figures(given))
        return (text + self.say("judge.mean").into(self.lang) if sentence == MEAN else text), ""

    def _occurrence(self, rule: Rule, sentence: str, given: Mapping[str, str | None]) -> tuple[str, str]:
        measure = self.rulebook.measures[rule.measure]
        shown = {name: self._value(measure, name, value) for name, value in given.items()}
        points = plainly(rule.deduct)
        said = rule.says.into(self.lang).format_map({"deduct": points, "points": points, "n": "1", **shown})
        if sentence == FLAGGED:
            return said, self.say("ledger.flagged", measure=measure.title).into(self.lang)
        return said, measure.says.into(self.lang).format_map(shown) if measure.says else ""

    def _figures(self, given: Mapping[str, str]) -> Mapping[str, str]:
        if "month" not in given:
            return given
        month = given["month"]
        words = self.say("judge.month", month=int(month[-2:])) if month else self.say("judge.quarter")
        return {**given, "month": words.into(self.lang)}

    def _value(self, measure: Measure, column: str, value: str | None) -> str:
        if value is None:
            return self._nothing
        if value in self._types and column in ("incident_type", "award_type"):
            return self._types[value].into(self.lang)
        return measure.labels.get((column, value), value) if self.lang == "zh" else value
