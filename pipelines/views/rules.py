"""Rules, findings, settings and their examples as sentences."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from string import Formatter

from pipelines.model.condition import Condition
from pipelines.model.facts import BEFORE
from pipelines.model.library import LibraryRule
from pipelines.model.measure import Measure
from pipelines.model.points import half_up
from pipelines.model.rule import ANY, Band, Rule, Rulebook, Target
from pipelines.model.score import FLAGGED, MEAN
from pipelines.model.words import Words
from pipelines.views.figures import NOTHING, Say, known, listed, plainly, signed, speaking

OF_A_VALUE = ("bands", "by_place", "change")  # kinds that give points by steps of a value
BESIDE = ("place", "best", "group", "month")  # what an example says of other units, of its own, of the day


@dataclass(frozen=True, eq=False)
class RuleTexts:
    """Writes what a rulebook says, in one language."""

    rulebook: Rulebook
    say: Say
    lang: str

    def rule(self, rule: Rule) -> dict:
        """A rule: ``title``, ``says`` with its figures, ``remedy``, ``examples``."""
        return {
            "id": rule.id,
            "title": rule.title.into(self.lang),
            "says": self._words(f"rule_of_{_said(rule)}", **self._figures(rule)),
            "remedy": self._words("remedy", text=rule.remedy.into(self.lang).rstrip("。.")),
            "examples": [self._example(rule, example) for example in rule.examples],
        }

    def _figures(self, rule: Rule) -> dict[str, str]:
        """What the sentence of a rule's kind may name."""
        if rule.is_rate or rule.kind in ("density", *OF_A_VALUE, "merit"):
            part, of = self.measure(rule.part or rule.measure), self.measure(rule.of) if rule.of else ""
            return {
                "part": self._words("percent", part=part, of=of) if of and rule.kind in OF_A_VALUE else part,
                "of": of,
                "per": self._words("per_month" if rule.by_month else "per_period"),
                "target": self._target(rule),
                "each": plainly(rule.each),
                "deduct": plainly(rule.deduct),
                "worth": plainly(rule.worth),
                "bands": listed((self._band(band) for band in rule.bands), self.lang),
                "award": listed((plainly(points) for _, points in rule.tiers), self.lang) or plainly(rule.award),
                "against": self._words(f"against_{rule.against}") if rule.against else "",
                "side": self._words("above" if rule.fewer else "below"),
                "bound": self._bound(rule),
            }
        points = {"deduct": self._price(rule), "points": plainly(rule.award)}
        return {
            "full": plainly(self.rulebook.items[rule.item].full_marks),
            "scale": self._scale(rule),
            "says": self.open(rule.says, **points),
            "once": self._words("once_per_matter") if rule.once_per else "",
            "bound": self._bound(rule),
        }

    def _target(self, rule: Rule) -> str:
        """The target, or the targets of groups and days."""
        if not rule.targets:
            return self._words("target", value=plainly(rule.target))
        return listed((self._one_target(one) for one in rule.targets), self.lang)

    def _one_target(self, one: Target) -> str:
        value, dated = plainly(one.value), (one.first > date.min, one.last < date.max)
        if any(dated):
            key = {(False, True): "target_until", (True, True): "target_between", (True, False): "target_from"}[dated]
            return self._words(key, value=value, day=one.first, last=one.last)
        if one.group != ANY:
            return self._words("target_of", value=value, group=one.group)
        return self._words("target_of_others", value=value)

    def _band(self, band: Band) -> str:
        points = plainly(band.points)
        if band.each:
            return self._words("band_then", each=plainly(band.each), points=points)
        if not band.test:
            return self._words("band_rest", points=points)
        return self._words("band", test=self._words(f"test_{band.test}"), bound=plainly(band.bound), points=points)

    def _scale(self, rule: Rule) -> str:
        """The words in which people mark, where the rule has such."""
        words = listed((f"{word} {plainly(points)}" for word, points in rule.scale), self.lang)
        return self._words("scale", words=words) if words else ""

    def _price(self, rule: Rule) -> str:
        """What a row costs; by each value of the rule's column where it has several prices."""
        if not rule.prices:
            return plainly(rule.deduct)
        labels = self.rulebook.labels(rule.measure, rule.by) if self.lang == "zh" else {}
        texts = (f"{labels.get(value, value)} {plainly(points)}" for value, points in rule.prices)
        return listed(texts, self.lang)

    def _bound(self, rule: Rule) -> str:
        """What bounds it: how many times it counts, a row costs once, so many are free, at most so many points."""
        told = [] if rule.times == 1 else [self._words("bound_times", n=plainly(rule.times))]
        if rule.once_with:
            others = (self.rulebook.rules[id] for id in rule.once_with if id in self.rulebook.rules)
            titles = (other.title.into(self.lang) for other in others)
            told += [self._words("bound_once", rules=listed(titles, self.lang))]
        told += [self._words("bound_beyond", n=rule.beyond)] if rule.beyond else []
        told += [] if rule.at_most is None else [self._words("bound_at_most", points=plainly(rule.at_most))]
        told += [self._words("bound_groups", groups=listed(rule.groups, self.lang))] if rule.groups else []
        return "".join(told)

    def _example(self, rule: Rule, example: dict) -> dict:
        """What is given, where that lies against the threshold, and what it comes to."""
        told = [self._given(rule, name, value) for name, value in example.get("given", {}).items()]
        told += [self._words(f"example_{key}", value=example[key]) for key in BESIDE if key in example]
        if "before" in example:
            were = listed((self._given(rule, name, value) for name, value in example["before"].items()), self.lang)
            told.append(self._words("example_before", value=were))
        given = listed(told, self.lang)
        under = [self._under(id, str(value)) for id, value in example.get("readings", {}).items()]
        where = against(rule, example.get("given", {}))
        return {
            "given": "".join([given, *under]),
            "where": self._words(f"where_{where}") if where else NOTHING,
            "points": signed(half_up(Fraction(str(example["points"])))),
        }

    def _given(self, rule: Rule, name: str, value: object) -> str:
        if rule.kind == "assessed":
            return self._words("one_assessed", value=value)
        if rule.kind == "award":
            return self._words("some_awards", n=len(value), matters=len(set(map(str, value))))
        if isinstance(value, dict):
            labels = self.rulebook.labels(name, rule.by) if self.lang == "zh" else {}
            parts = (self._words("one_count", name=labels.get(key, key), value=_listed(n)) for key, n in value.items())
            return listed(parts, self.lang)
        if isinstance(value, list):
            return self._words("by_month", name=self.measure(name), values=listed(map(str, value), self.lang))
        return self._words("one_count", name=self.measure(name), value=value)

    def _under(self, id: str, value: str) -> str:
        reading = self.rulebook.readings[id]
        said = reading.says[value].into(self.lang) if value in reading.says else value
        return self._words("under_reading", reading=reading.title.into(self.lang), value=said)

    def finding(self, rule: LibraryRule) -> dict:
        """A finding of the libraries: ``title``, ``when``, ``remedy``, ``examples``."""
        conditions = listed((self.condition(one, "measure") for one in rule.when), self.lang)
        return {
            "title": rule.title.into(self.lang),
            "when": self._words("verdict_when", text=conditions),
            "remedy": self._words("remedy", text=rule.remedy.into(self.lang).rstrip("。.")),
            "examples": [
                {
                    "given": listed(
                        (
                            self._words("one_count", name=self.measure(name), value=value)
                            for name, value in example["given"].items()
                        ),
                        self.lang,
                    ),
                    "result": self._words("found" if str(example["found"]).lower() == "true" else "not_found"),
                }
                for example in rule.examples
            ],
        }

    def condition(self, condition: Condition, kind: str = "fact") -> str:
        """A comparison in words; ``kind`` says whose words the fact's name is among: fact, measure."""
        if " " in condition.fact:
            fact = self._thing(*condition.thing)
        else:
            name = condition.fact.removeprefix(BEFORE)
            fact = known(self.say, f"site.{kind}_{name}", name, self.lang)
            fact = fact if name == condition.fact else self._words("fact_before", fact=fact)
        test = self._words(f"test_{condition.test}")
        values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
        grades = {one.id: one.title.into(self.lang) for one in self.rulebook.grades}
        texts = (
            grades.get(value, value) if isinstance(value, str) else plainly(half_up(Fraction(value)))
            for value in values
        )
        return self._words("condition", fact=fact, test=test, value=listed(texts, self.lang))

    def _thing(self, kind: str, name: str) -> str:
        """One of the book's own rates, measures, items or sections, as a condition looks at it."""
        if kind == "rate":
            part, of = map(self.measure, name.split("/"))
            return self._words("thing_rate", part=part, of=of)
        if kind == "measure":
            return self._words("thing_measure", name=self.measure(name))
        title = self.rulebook.items[name].title if kind == "item" else self.rulebook.sections[name]
        return self._words(f"thing_{kind}", name=name, title=title.into(self.lang))

    def settings(self, clause: str) -> list[str]:
        """The settings of the evaluators' work that rest on a clause."""
        panel = self.rulebook.panel
        if panel is None:
            return []
        found = [
            known(self.say, f"site.setting_{name}", "", self.lang, **vars(panel))
            for name, id in panel.clauses.items()
            if id == clause
        ]
        return [text for text in found if text]

    def open(self, words: Words, **facts: str) -> str:
        """A sentence of the book with these figures; those that only a case knows stay open."""
        return words.into(self.lang).format_map(_Open(facts))

    def measure(self, name: str) -> str:
        """The name of a measure, its id where none is written."""
        if name in self.rulebook.measures:
            return self.rulebook.measures[name].title.into(self.lang)
        return known(self.say, f"site.measure_{name}", name, self.lang)  # of the libraries' findings

    def _words(self, key: str, **facts: object) -> str:
        return self.say(f"site.{key}", **facts).into(self.lang)


def _said(rule: Rule) -> str:
    """Whose sentence says what a rule does: its kind's, or that of a price for each of what no row is one of."""
    return "each" if rule.kind == "density" and not rule.of else rule.kind


class _Open(dict):
    """A sentence's figures that only a case knows stay open."""

    def __missing__(self, name: str) -> str:
        return "…"


def against(rule: Rule, given: dict) -> str:
    """Where an example lies: at, below or above its rule's threshold; "" where it has none or nothing is counted."""
    if rule.kind == "assessed":
        return ""
    if rule.kind in OF_A_VALUE:
        return ""
    if rule.is_rate:
        part, of = total(given.get(rule.part, 0)), total(given.get(rule.of, 0))
        target = 100 if rule.kind == "worth" else rule.target
        return _compared(100 * part, target * of) if of and not rule.targets else ""
    return _compared(len(given[rule.measure]) if rule.kind == "award" else total(given.get(rule.measure, 0)), 1)


def total(value: object) -> Fraction:
    """A count, or the sum of a list of counts or of those by value."""
    several = list(value.values()) if isinstance(value, dict) else value
    return sum(map(total, several), Fraction(0)) if isinstance(several, list) else Fraction(str(value))


def _listed(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _compared(value: Fraction | int, threshold: Fraction | int) -> str:
    return "at" if value == threshold else "below" if value < threshold else "above"


# The sentence of a ledger line in a reader's language: a rule's own words, and its measure's of the row beneath.


BETWEEN = {"zh": "：", "en": ": "}  # a rule's words and what they rest on


class Lines:
    """Writes the lines of one rulebook in one language."""

    def __init__(self, rulebook: Rulebook, say: Say, lang: str = "zh") -> None:
        self.rulebook, self.say, self.lang = rulebook, speaking(say, rulebook.periods.kind), lang
        self._nothing = say("ledger.nothing").into(lang)
        self._types = {**rulebook.incident_types, **rulebook.award_types}

    def rendered(self, lines: Iterable[tuple]) -> Iterator[tuple]:
        """Lines of the ledger with their sentence in place of its key and facts: the columns of `ledger.csv`."""
        for *line, sentence, facts in lines:
            yield *line, self.text(line[4], sentence, facts)

    def missed(self, rows: Iterable[tuple]) -> Iterator[tuple]:
        """Misses of rates with their words in place of the facts: the columns of `evidence.csv`."""
        for *row, facts in rows:
            rule = self.rulebook.rules[row[3]]
            part = self.rulebook.measures[rule.part].title
            said = self.say("ledger.missed_fewer" if rule.fewer else "ledger.missed", part=part).into(self.lang)
            yield *row, BETWEEN[self.lang].join(filter(None, (said, self.miss(rule.id, facts))))

    def miss(self, rule_id: str, facts: str) -> str:
        """What the part of a rate says of a row that it missed; "" where that would tell more than moments."""
        part, given = self.rulebook.measures[self.rulebook.rules[rule_id].part], json.loads(facts)
        shown = {name: self._nothing if value is None else value for name, value in given.items()}
        says = part.says.into(self.lang) if part.says else ""
        return says.format_map(shown) if all(name in shown for _, name, _, _ in Formatter().parse(says) if name) else ""

    def misses(self, rule_id: str, n: int) -> str:
        """How many rows a rate missed, in words; "" where it missed none."""
        if not n:
            return ""
        rule = self.rulebook.rules[rule_id]
        part, of = (self.rulebook.measures[id].title for id in (rule.part, rule.of))
        return self.say("scorecard.misses_fewer" if rule.fewer else "scorecard.misses", n=n, part=part, of=of).into(
            self.lang
        )

    def text(self, rule_id: str, sentence: str, facts: str) -> str:
        """What a line says in full: the rule's words, and after them what the row shows."""
        said, evidence = self.both(rule_id, sentence, facts)
        return BETWEEN[self.lang].join(part for part in (said, evidence) if part)

    def both(self, rule_id: str, sentence: str, facts: str) -> tuple[str, str]:
        """The rule's words, and what its measure says of the row; "" where there is none of them."""
        given, rule = json.loads(facts), self.rulebook.rules.get(rule_id)
        if given.pop("given", ""):  # counts in place of rows
            said, evidence = self.both(rule_id, sentence, json.dumps(given))
            return said + self.say("judge.as_given").into(self.lang), evidence
        if rule is None or sentence not in ("", MEAN, FLAGGED):
            given = {name: self._title(name, value) for name, value in given.items()}
            return self.say(f"judge.{sentence}", **given).into(self.lang), ""
        if rule.kind == "occurrence":
            return self._occurrence(rule, sentence, given)
        text = rule.says.into(self.lang).format_map(self._figures(given))
        return (text + self.say("judge.mean").into(self.lang) if sentence == MEAN else text), ""

    def _occurrence(self, rule: Rule, sentence: str, given: Mapping[str, str | None]) -> tuple[str, str]:
        measure = self.rulebook.measures[rule.measure]
        shown = {name: self._value(measure, name, value) for name, value in given.items()}
        n, each = shown.pop("n", "1"), Fraction(shown.pop("deduct", "") or rule.deduct * rule.times)
        costs = {"deduct": plainly(each), "points": plainly(each * int(n)), "n": n}
        said = rule.says.into(self.lang).format_map({**costs, **shown})
        if sentence == FLAGGED:
            return said, self.say("ledger.flagged", measure=measure.title).into(self.lang)
        return said, measure.says.into(self.lang).format_map(shown) if measure.says else ""

    def _title(self, name: str, value: str) -> str:
        """The title of the rule or the grade that a line of the whole names, anything else as it is."""
        if name == "rule":
            return self.rulebook.rules[value].title.into(self.lang)
        titles = {one.id: one.title.into(self.lang) for one in self.rulebook.grades if name == "grade"}
        return titles.get(value, value)

    def _figures(self, given: Mapping[str, str]) -> Mapping[str, str]:
        if "month" not in given:
            return given
        month = given["month"]
        words = self.say("judge.month", month=int(month[-2:])) if month else self.say("judge.whole")
        return {**given, "month": words.into(self.lang)}

    def _value(self, measure: Measure, column: str, value: str | None) -> str:
        if value is None:
            return self._nothing
        if value in self._types and column in ("incident_type", "award_type"):
            return self._types[value].into(self.lang)
        return measure.labels.get((column, value), value) if self.lang == "zh" else value
