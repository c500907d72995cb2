"""Rules, findings, settings and their examples as sentences; and the method page, clause by clause."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from string import Formatter

from pipelines.model.condition import BEFORE, Condition
from pipelines.model.library import SUBJECTS, LibraryRule
from pipelines.model.measure import Measure
from pipelines.model.points import half_up
from pipelines.model.rule import (
    ANY,
    EXACT,
    POOLED,
    Band,
    Clause,
    Item,
    Left,
    Own,
    Reading,
    Rule,
    Rulebook,
    Target,
    Verdict,
)
from pipelines.model.score import FLAGGED, MEAN, ScoredPeriod
from pipelines.model.words import LANGUAGES, Words
from pipelines.views.figures import NOTHING, Say, known, listed, plainly, signed, speaking
from pipelines.views.frame import frame, words

# Rules, findings, settings and their examples as sentences.


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
                "award": plainly(rule.award),
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
        """What bounds it: how a rate is measured, how many times it counts, what is free, at most so many points."""
        told = [*self._measured(rule)]
        told += [] if rule.times == 1 else [self._words("bound_times", n=plainly(rule.times))]
        told += [self._words("bound_tier", start=start, points=plainly(points)) for start, points in rule.tiers[1:]]
        if rule.once_with:
            others = (self.rulebook.rules[id] for id in rule.once_with if id in self.rulebook.rules)
            titles = (other.title.into(self.lang) for other in others)
            told += [self._words("bound_once", rules=listed(titles, self.lang))]
        free = "bound_beyond_month" if rule.by_month else "bound_beyond"
        told += [self._words(free, n=rule.beyond)] if rule.beyond else []
        told += [] if rule.at_most is None else [self._words("bound_at_most", points=plainly(rule.at_most))]
        told += [self._words("bound_groups", groups=listed(rule.groups, self.lang))] if rule.groups else []
        days = {"bound_from": rule.in_force_from, "bound_to": rule.in_force_to}
        told += [self._words(key, day=day) for key, day in days.items() if day]
        return "".join(told)

    def _measured(self, rule: Rule) -> Iterator[str]:
        """How the gap to a target counts, what is over it, the mean of months, the rounded rate, the least whole.

        What a reading decides stands with the readings.
        """
        if rule.kind == "rate" and rule.mode and isinstance(rule.mode, str):
            yield self._words(f"bound_{rule.mode}", each=plainly(rule.each))
        if rule.over_award:
            side = self._words("below" if rule.fewer else "above")
            yield self._words("bound_over", side=side, each=plainly(rule.over_each), award=plainly(rule.over_award))
        if rule.per == "mean":
            yield self._words("bound_mean")
        if rule.round_rate is not None:
            yield self._words("bound_round_rate", n=rule.round_rate)
        if rule.needs > 1:
            yield self._words("bound_needs", of=self.measure(rule.of), n=rule.needs)

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
        flags = SUBJECTS[rule.of].flags
        conditions = listed((self.condition(one, "measure", flags) for one in rule.when), self.lang)
        return {
            "title": rule.title.into(self.lang),
            "when": self._words("verdict_when", text=conditions),
            "remedy": self._words("remedy", text=rule.remedy.into(self.lang).rstrip("。.")),
            "examples": [
                {
                    "given": listed(
                        (
                            self._words(
                                "one_count",
                                name=self.measure(name),
                                value=self._words(f"said_{value}") if name in flags else value,
                            )
                            for name, value in example["given"].items()
                        ),
                        self.lang,
                    ),
                    "result": self._words("found" if str(example["found"]).lower() == "true" else "not_found"),
                }
                for example in rule.examples
            ],
        }

    def condition(self, condition: Condition, kind: str = "fact", flags: Collection[str] = ()) -> str:
        """A comparison in words; ``kind`` says whose words the fact's name is among: fact, measure.

        Of ``flags``, 1 is yes and 0 no.
        """
        if " " in condition.fact:
            fact = self._thing(*condition.thing)
        else:
            name = condition.fact.removeprefix(BEFORE)
            fact = self._words(f"{kind}_{name}")
            fact = fact if name == condition.fact else self._words("fact_before", fact=fact)
        test = self._words(f"test_{condition.test}")
        values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
        grades = {one.id: one.title.into(self.lang) for one in self.rulebook.grades}

        def said(value: object) -> str:
            if condition.fact in flags:
                return self._words(f"said_{value}")
            return grades.get(value, value) if isinstance(value, str) else plainly(half_up(Fraction(value)))

        return self._words("condition", fact=fact, test=test, value=listed(map(said, values), self.lang))

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
        """The name of a measure, of the rulebook or of the libraries' findings."""
        if name in self.rulebook.measures:
            return self.rulebook.measures[name].title.into(self.lang)
        return self._words(f"measure_{name}")

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
        self._missing, self._says = cache(self._missing), cache(self._says)  # the same for a million rows
        self._costs = cache(self._costs)

    def rendered(self, lines: Iterable[tuple]) -> Iterator[tuple]:
        """Lines of the ledger with their sentence in place of its key and facts: the columns of `ledger.csv`."""
        for *line, sentence, facts in lines:
            yield *line, self.text(line[4], sentence, facts)

    def missed(self, rows: Iterable[tuple]) -> Iterator[tuple]:
        """Misses of rates with their words in place of the facts: the columns of `evidence.csv`."""
        for *row, facts in rows:
            yield *row, BETWEEN[self.lang].join(filter(None, (self._missing(row[3]), self.miss(row[3], facts))))

    def _missing(self, rule_id: str) -> str:
        """What a row has that a rate missed."""
        rule = self.rulebook.rules[rule_id]
        part = self.rulebook.measures[rule.part].title
        return self.say("ledger.missed_fewer" if rule.fewer else "ledger.missed", part=part).into(self.lang)

    def miss(self, rule_id: str, facts: str) -> str:
        """What the part of a rate says of a row that it missed; "" where that would tell more than moments."""
        says, names = self._says(rule_id)
        if not says:
            return ""
        shown = {name: self._nothing if value is None else value for name, value in json.loads(facts).items()}
        return says.format_map(shown) if shown.keys() >= names else ""

    def _says(self, rule_id: str) -> tuple[str, frozenset[str]]:
        """The words of the part of a rate for a row, and the facts that they name."""
        part = self.rulebook.measures[self.rulebook.rules[rule_id].part]
        says = part.says.into(self.lang) if part.says else ""
        return says, frozenset(name for _, name, _, _ in Formatter().parse(says) if name)

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
        costs = self._costs(rule.id, shown.pop("deduct", ""), shown.pop("n", "1"))
        said = rule.says.into(self.lang).format_map({**costs, **shown})
        if sentence == FLAGGED:
            return said, self.say("ledger.flagged", measure=measure.title).into(self.lang)
        return said, measure.says.into(self.lang).format_map(shown) if measure.says else ""

    def _costs(self, rule_id: str, deduct: str, n: str) -> Mapping[str, str]:
        """The figures of a line that costs ``deduct``, as the rule says where that is empty, for each of ``n``."""
        rule = self.rulebook.rules[rule_id]
        each = Fraction(deduct or rule.deduct * rule.times)
        return {"deduct": plainly(each), "points": plainly(each * int(n)), "n": n}

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


# The method page: the rulebook as readable text, clause by clause, with the readings in force.


WORDS = (
    "method_title",
    "method_says",
    "contents",
    "sheet",
    "col_clause",
    "col_item",
    "col_full",
    "readings",
    "readings_says",
    "col_reading",
    "col_in_force",
    "col_others",
    "col_why",
    "chosen_mark",
    "examples",
    "finding",
    "verdict",
    "col_given",
    "col_where",
    "col_points",
    "col_found",
)
PARTS = ("sheet", "panel", "knowledge", "matters", "other")  # of the method page, by what a book makes of its clauses


def method(result: ScoredPeriod, say: Say, lang: str = "zh") -> dict:
    """The rules of the period: the ``sheet``, the ``readings``, and ``parts`` with their ``clauses``."""
    say = speaking(say, result.period.kind)
    rulebook, around = result.rulebook, frame(result, say, lang)
    full = plainly(sum(item.full_marks * item.weight for item in rulebook.items.values()))
    texts = RuleTexts(rulebook, say, lang)
    return {
        "frame": around,
        "words": words(say, WORDS, lang),
        "title": say("site.method_heading", period_name=around["period_name"]).into(lang),
        "sheet_says": say("site.sheet_says", full=full).into(lang),
        "sheet": [
            {
                "id": item.id,
                "title": item.title.into(lang),
                "full": plainly(item.full_marks),
                "linked": item.id in rulebook.clauses,
            }
            for item in rulebook.items.values()
        ],
        "whole": [words.into(lang) for words in _whole(rulebook, say)],
        "readings": [
            _reading(one, result.readings[one.id], say, lang)
            for one in rulebook.readings.values()
            if one.id in result.readings
        ],
        "parts": _parts(rulebook, [_clause(clause, texts) for clause in rulebook.clauses.values()], say, lang),
    }


def _whole(book: Rulebook, say: Say) -> list[Words]:
    """What the book says of its items, sheets, total, places and grades beyond what every book says."""
    items = book.items.values()
    found = [
        say("site.whole_floor", item=item.title, floor=plainly(item.floor))
        if item.floor is not None
        else say("site.whole_no_floor", item=item.title)
        for item in items
        if item.floor != 0 and item.full_marks
    ]
    found += [
        say("site.whole_weight", item=item.title, weight=plainly(item.weight)) for item in items if item.weight != 1
    ]
    for group, own in book.sheets.items():
        told = [part for id, one in own.items() for part in _on_sheet(book, book.items[id], one, say)]
        told += _multiplied(book, own, say)
        found.append(say("site.whole_sheet", group=group, items=_together(told)))
    for item in items:
        if item.bonus and item.bonus.only_when:
            condition = {into: RuleTexts(book, say, into).condition(item.bonus.only_when) for into in LANGUAGES}
            found.append(say("site.whole_bonus", condition=Words(condition["zh"], condition["en"])))
    found += _of_bonus(book, say)
    found += [
        say("site.whole_unmeasured", item=item.title, worth=say(f"notes.unmeasured_{item.unmeasured}"))
        for item in items
        if isinstance(item.unmeasured, str) and item.unmeasured not in ("", "full")
    ]
    bounds = {"least": book.total_floor, "most": book.total_cap}
    found += [say(f"site.whole_{name}", points=plainly(at)) for name, at in bounds.items() if at is not None]
    for kind, how in book.compose.items():
        words = {"kind": say(f"period.kind_{kind}"), "of": say(f"period.kind_{how.of}")}
        missing = Words("", "") if how.by == POOLED else say(f"site.compose_missing_{how.missing}")
        found.append(say(f"site.whole_compose_{how.by}", **words, missing=missing))
        found += [say("site.whole_compose_exact", **words)] if how.of_figures == EXACT else []
    found += [say("site.whole_only", item=one.title, kind=say(f"period.kind_{one.only}")) for one in items if one.only]
    found += _rounding(book, say)
    how = book.ranking
    if how.by_share:
        found.append(say("site.whole_share"))
    if not how.overall:
        found.append(say("site.whole_groups_alone"))
    if how.apart_below:
        found.append(say("site.whole_apart", n=how.apart_below))
    grades = {one.id: one.title for one in book.grades}
    for rule in book.rules.values():
        if rule.veto:
            grade = grades.get(rule.veto.grade, Words("", ""))
            found.append(say(f"site.whole_veto_{rule.veto.kind}", rule=rule.title, grade=grade))
    if book.grades:
        told = [say("site.whole_grade", grade=one.title, points=plainly(one.at_least)) for one in book.grades[:-1]]
        told.append(say("site.whole_last_grade", grade=book.grades[-1].title))
        found.append(say("site.whole_grades", grades=_together(told)))
    return found


def _of_bonus(book: Rulebook, say: Say) -> Iterator[Words]:
    """The most bonus points and which award of a matter counts, where the book fixes them otherwise than most do."""
    how = next((item.bonus for item in book.items.values() if item.bonus), None)
    if how is None:
        return
    if isinstance(how.cap, str) and how.cap != "none":
        yield say("site.whole_cap", points=how.cap)
    if how.same_matter == "first":
        yield say("site.whole_first_of_matter")
    if how.scope == "same_type":
        yield say("site.whole_matter_of_type")


def _together(several: list[Words]) -> Words:
    zh, en = (listed([words.into(into) for words in several], into) for into in LANGUAGES)
    return Words(zh, en)


def _rounding(book: Rulebook, say: Say) -> Iterator[Words]:
    if not book.exact_items and any(item.round == "score" for item in book.items.values()):
        yield say("site.whole_round_score")
    if book.exact_items:
        yield say("site.whole_exact_items", n=book.places)
    if book.decimals != 2:
        yield say("site.whole_decimals", n=book.decimals)


def _on_sheet(book: Rulebook, item: Item, own: Own, say: Say) -> Iterator[Words]:
    if own.full_marks == 0:
        yield say("site.whole_sheet_without", item=item.title)
    elif own.full_marks is not None:
        yield say("site.whole_sheet_item", item=item.title, full=plainly(own.full_marks))
    for floor in own.floors if own.full_marks != 0 else ():
        if floor is None:
            yield say("site.whole_sheet_no_floor", item=item.title)
        else:
            yield say("site.whole_sheet_floor", item=item.title, floor=plainly(floor))
    if own.unmeasured and own.full_marks != 0:
        left = isinstance(own.unmeasured, Left)
        worth = book.readings[own.unmeasured.reading].title if left else say(f"notes.unmeasured_{own.unmeasured}")
        yield say("site.whole_sheet_unmeasured", item=item.title, worth=worth)


def _multiplied(book: Rulebook, own: Mapping[str, Own], say: Say) -> Iterator[Words]:
    """The coefficients of sections on a sheet."""
    sections = {book.items[id].section: one for id, one in own.items() if one.times != 1}
    for section, one in sections.items():
        held = "capped" if one.capped else "times"
        yield say(f"site.whole_sheet_{held}", section=book.sections[section], times=plainly(one.times))


def _reading(reading: Reading, chosen: str, say: Say, lang: str) -> dict:
    """A reading with the value in force and every alternative."""
    others = [words.into(lang) for value, words in reading.says.items() if value != chosen]
    if reading.open_number and chosen in reading.says:
        others.append(say("site.open_number").into(lang))
    return {
        "id": reading.id,
        "title": reading.title.into(lang),
        "clause": reading.clause,
        "in_force": reading_value(reading, chosen, say, lang),
        "default": chosen == reading.default,
        "others": others,
        "reason": reading.reason.into(lang),
    }


def reading_value(reading: Reading, value: str, say: Say, lang: str) -> str:
    """What a value of a reading means; a number of an open reading as points."""
    if value in reading.says:
        return reading.says[value].into(lang)
    return say("site.number_chosen", value=value).into(lang)


def _parts(book: Rulebook, rows: list[dict], say: Say, lang: str) -> list[dict]:
    """The clauses in parts, the score sheet first; those of one letter stand together."""
    part = {clause[0]: rule.subject.library for rule in book.libraries for clause in _clauses_of(rule)}
    part |= {clause[0]: "panel" for clause in (book.panel.clauses.values() if book.panel else ())}
    part |= {id[0]: "sheet" for id in (*book.items, *book.sections)}
    found: dict[str, list[dict]] = {name: [] for name in PARTS}
    for row in rows:
        name = part.get(row["id"][0], "other")
        found[name if name in found else "other"].append(row)
    return [
        {"id": name, "title": say(f"site.part_{name}").into(lang), "clauses": clauses}
        for name, clauses in found.items()
        if clauses
    ]


def _clause(clause: Clause, texts: RuleTexts) -> dict:
    """A clause with everything that hangs on it."""
    book, lang = texts.rulebook, texts.lang
    title = book.items.get(clause.id) or book.sections.get(clause.id)
    return {
        "id": clause.id,
        "title": getattr(title, "title", title).into(lang) if title else "",
        "text": clause.text.into(lang),
        "why": clause.why_no_rule.into(lang) if clause.why_no_rule else "",
        "rules": [texts.rule(rule) for rule in book.rules.values() if clause.id in _clauses_of(rule)],
        "findings": [texts.finding(rule) for rule in book.libraries if clause.id in _clauses_of(rule)],
        "settings": texts.settings(clause.id),
        "verdicts": [_verdict(verdict, texts) for verdict in book.verdicts if clause.id in _clauses_of(verdict)],
        "readings": [
            {"id": reading.id, "title": reading.title.into(lang)}
            for reading in book.readings.values()
            if clause.id in _clauses_of(reading)
        ],
    }


def _verdict(verdict: Verdict, texts: RuleTexts) -> dict:
    """A verdict with its conditions in words."""
    say, lang = texts.say, texts.lang
    titles = {other.id: other.title.into(lang) for other in texts.rulebook.verdicts}
    conditions = [texts.condition(condition) for condition in verdict.when]
    if verdict.groups:
        conditions.insert(0, say("site.condition_groups", groups=listed(verdict.groups, lang)).into(lang))
    for name in ("also", "unless"):
        conditions += [say(f"site.condition_{name}", title=titles[id]).into(lang) for id in getattr(verdict, name)]
    return {
        "title": verdict.title.into(lang),
        "list": verdict.list,
        "word": (texts.rulebook.lists.get(verdict.list) or say(f"site.list_{verdict.list}")).into(lang),
        "says": texts.open(verdict.says),
        "when": say("site.verdict_when", text=listed(conditions, lang)).into(lang) if conditions else "",
    }


def _clauses_of(thing) -> list[str]:
    return thing.clause.split(", ")
