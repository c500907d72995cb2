"""Settle: findings → item scores, base and bonus, totals, and the ledger lines that stand for no single case."""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import combinations
from math import ceil
from typing import NamedTuple

from pipelines.engines.rete import Fact, Firing, Match, Pattern, Production, Session, text_of
from pipelines.model.points import added, half_up, parts_of, plain, rounded, times
from pipelines.model.rule import Bonus, Item, Left, Rule, Rulebook, Veto, Word, chosen
from pipelines.model.score import AT_MOST, OVER, WHOLE, Entry, Finding, Fired, ItemScore, Loss, UnitScore
from pipelines.model.tally import Award, UnitTally
from pipelines.model.words import Words, some_of
from pipelines.stages.judge import LEAVES_OUT, facts, left_out, sentence, spans, unmeasured, whole, without_data
from pipelines.wording import say

# What makes a score of findings: bounds of rules and items, the bonus cap, one award per matter, one rounding.


NO_CAP = "none"
NO_FLOOR = 2**60  # parts: more than anything takes; a pattern on a value that is not there would match
ORDER = ("floor", "ceiling", "rounding", "same_matter", "cap", "reweight")  # the lines that settling adds
FINE = 10**6  # parts of a point in which a base is whole: hundredths times the weights of section and item


def weighted(
    rulebook: Rulebook, scores: Mapping[str, Fraction], gone: Container[str] = ()
) -> tuple[Fraction, Fraction]:
    """What the items bring to base and bonus, exact: times weights and coefficients, sections that say so held.

    ``gone`` are the items that do not count.
    """
    base: list[Fraction] = []
    bonus: list[Fraction] = []
    held: dict[str, list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
    for item in (item for item in rulebook.items.values() if item.id in scores):
        points = times(scores[item.id], item.factor)
        if not item.full_marks:
            bonus.append(points)
        elif item.capped:
            held[item.section][0] += points
            held[item.section][1] += 0 if item.id in gone else item.full_marks * item.weight
        else:
            base.append(points)
    return added([*base, *(min(*both) for both in held.values())]), added(bonus)


class Settler:
    """Compiled once for a rulebook and its readings; settles unit after unit."""

    def __init__(self, rulebook: Rulebook, readings: dict[str, str]) -> None:
        self.rulebook, self.readings = rulebook, readings
        self.bonus = next((item for item in rulebook.items.values() if not item.full_marks), None)
        self._words = self.bonus.bonus if self.bonus and self.bonus.bonus else Bonus()
        self._grain = rulebook.grain
        self._session = Session(
            [
                _production("floor", "item", {"$gt": {"exact": {"$m": "full"}}}, self._floor),
                _production("ceiling", "item", {"$lt": {"exact": {"$m": "least"}}}, self._ceiling),
                _production("rounding", "item", {"$neq": {"lines": {"$m": "exact"}}}, self._rounding),
                _production("same_matter", "award", {"$gt": {"place": 1}}, self._same_matter),
                _production("cap", "bonus", {"$gt": {"bonus": {"$m": "cap"}}}, self._cap),
                _production("reweight", "whole", {"$lt": {"left": {"$m": "all"}}}, self._reweight),
            ],
            [{"step": step} for step in ("item", "award", "bonus", "whole")],
        )
        over = ({"$and": [{"step": "rule"}, {"$gt": {"points": {"$m": "most"}}}]},)
        self._bounds = Session([Production("at_most", over, self._at_most)], [{"step": "rule"}])

    def settle(
        self, tally: UnitTally, findings: list[Finding]
    ) -> tuple[dict[str, Fraction], list[Entry], list[Firing[Entry] | Firing[Finding]]]:
        """A unit's score per item, its ledger lines but for the occurrences, and what fired.

        Lines of no single item come under `ALL`; an item that is left out has neither score nor lines.
        """
        self.gone = left_out(self.rulebook, self.readings, tally)
        self._tally, self._awards = tally, {f.ref_id: f for f in findings if f.ref_id}
        self._ranked = self._places()
        self._by_rule = defaultdict(list)
        for finding in findings:
            if self._counts(finding):
                self._by_rule[finding.rule_id].append(finding)
        bounded = self._bounds.run(tally.unit.unit_id, list(self._rule_facts()))
        findings = [*findings, *(firing.result for firing in bounded)]
        by_item = defaultdict(list)
        for finding in findings:
            if self._counts(finding):
                by_item[finding.item_id].append(finding)
        firings = self._session.run(tally.unit.unit_id, list(self._facts(by_item)))
        firings.sort(key=lambda f: (ORDER.index(f.rule), f.result.item_id, f.result.ref_id))
        entries = [entry for f in findings if (entry := self._entry(f))] + [f.result for f in firings]
        entries += self._starts(tally)
        scores = self._scores(findings, entries)
        self.exact = self._exact(by_item, scores) if self.rulebook.exact_items else scores
        for firing in self._session.run(tally.unit.unit_id, list(self._whole_fact(self.exact))):
            entries.append(firing.result)
            firings.append(firing)
            scores[WHOLE] = firing.result.points
        return scores, entries, [*bounded, *firings]

    def _counts(self, finding: Finding) -> bool:
        """Whether it is none of the awards of a matter that another one stands for."""
        return self._ranked.get(finding.ref_id, (1,))[0] == 1

    def _rule_facts(self) -> Iterator[Fact]:
        """What each bounded rule takes or gives, in parts: a piece of one counts as one, so that > is exact."""
        for id, found in self._by_rule.items():
            most, points = self.rulebook.rules[id].at_most, added(f.points for f in found)
            if most is not None:
                yield {"step": "rule", "rule": id, "points": ceil(abs(points) * self._grain), "most": self._parts(most)}

    def _at_most(self, match: Match) -> Finding:
        """What a rule took or gave beyond its bound, back again."""
        found, most = self._by_rule[match.fact["rule"]], Fraction(match.fact["most"], self._grain)
        points = added(f.points for f in found)
        back = (most if points > 0 else -most) - points
        return replace(found[0], month="", ref_id="", n=0, of=0, points=back, sentence=AT_MOST, unmeasured=False)

    def _starts(self, tally: UnitTally) -> Iterator[Entry]:
        """An item whose rules give begins at nothing: a line takes its full marks."""
        for item in self.rulebook.items.values():
            if item.starts == "zero" and item.full_marks and item.id not in self.gone:
                facts = {"item": item.id, "full": plain(item.full_marks)}
                unit = tally.unit.unit_id
                yield Entry(unit, item.id, "starts", item.id, "", "", "", -item.full_marks, "", "starts", facts)

    def _whole_fact(self, scores: dict[str, Fraction]) -> Iterator[Fact]:
        """What counts, and what counts or is stretched over; an item that is left out is neither."""
        stretched = {id for id in self.gone if self.rulebook.items[id].without_data(self.readings) == "reweighted"}
        if not stretched:
            return
        items = {item.id: item for item in self.rulebook.items.values() if item.full_marks}
        marks = {id: int(item.full_marks * item.weight * FINE) for id, item in items.items()}
        left = sum(full for id, full in marks.items() if id not in self.gone)
        if left:
            self._base, _ = weighted(self.rulebook, scores, self.gone)
            yield {
                "step": "whole",
                "base": int(self._base * FINE),
                "left": left,
                "all": left + sum(marks[id] for id in stretched),
            }

    def _scores(self, findings: list[Finding], entries: list[Entry]) -> dict[str, Fraction]:
        """Full marks and every ledger line: those here, and the occurrences that the warehouse writes."""
        items = self.rulebook.items.values()
        scores = {item.id: 0 if item.id in self.gone else self._parts(item.full_marks) for item in items}
        for entry in entries:
            scores[entry.item_id] += self._parts(entry.points)
        for finding in findings:
            if self._is_occurrence(finding):
                scores[finding.item_id] += self._lines(finding)
        return {item: Fraction(score, self._grain) for item, score in scores.items()}

    def _exact(self, by_item: Mapping[str, list[Finding]], scores: Mapping[str, Fraction]) -> dict[str, Fraction]:
        """The items before anything is rounded; the bonus is held by its cap."""
        found = dict(scores)
        for item in self.rulebook.items.values():
            if item.id in self.gone or not (by_item.get(item.id) or item.starts == "zero"):
                continue
            points = added(f.points for f in by_item[item.id])
            if item is self.bonus:
                most = chosen(self._words.cap, self.readings)
                found[item.id] = points if most == NO_CAP else min(points, Fraction(most))
                continue
            exact = points + (item.full_marks if item.starts == "full" else 0)
            exact = exact if item.floor is None else max(exact, item.floor)
            found[item.id] = min(exact, item.full_marks)
        return found

    def _parts(self, value: Fraction) -> int:
        return parts_of(value, self._grain)

    def _rounded(self, value: Fraction) -> Fraction:
        return rounded(value, self.rulebook.places)

    def _is_occurrence(self, finding: Finding) -> bool:
        return self.rulebook.rules[finding.rule_id].kind == "occurrence" and not finding.sentence

    def _lines(self, finding: Finding) -> int:
        """The finding as its ledger lines sum, in parts: each of n occurrences is rounded alone."""
        if self._is_occurrence(finding):
            return finding.n * self._parts(self._rounded(finding.points / finding.n))
        return self._parts(self._rounded(finding.points))

    def _entry(self, finding: Finding) -> Entry | None:
        points = self._rounded(finding.points)
        if self._is_occurrence(finding) or not points:
            return None
        rule = self.rulebook.rules[finding.rule_id]
        return Entry(
            finding.unit_id,
            finding.item_id,
            finding.rule_id,
            finding.clause,
            finding.month,
            "",
            finding.ref_id,
            points,
            "",
            sentence(rule, finding, self.readings),
            facts(rule, finding, self.rulebook.places),
        )

    def _facts(self, by_item: dict[str, list[Finding]]) -> Iterator[Fact]:
        for item in self.rulebook.items.values():
            found = by_item.get(item.id, [])
            if item is self.bonus or item.id in self.gone or not (found or item.starts == "zero"):
                continue
            start = item.full_marks if item.starts == "full" else Fraction(0)
            points = added(f.points for f in found)
            rounds_score = item.round == "score" or item.exact
            exact = self._rounded(start + points) - start if rounds_score else self._rounded(points)
            yield {
                "step": "item",
                "item": item.id,
                "lines": -sum(map(self._lines, found)),
                "exact": -self._parts(exact),
                "full": NO_FLOOR if item.floor is None else self._parts(start - item.floor),
                "least": self._parts(start - item.full_marks),
            }
        for number, award in enumerate(self._tally.awards, 1):
            if award.award_id in self._ranked:
                yield {"step": "award", "award": number, "place": self._ranked[award.award_id][0]}
        if self.bonus and by_item.get(self.bonus.id):
            yield from self._bonus_fact(added(f.points for f in by_item[self.bonus.id]))

    def _bonus_fact(self, counted: Fraction) -> Iterator[Fact]:
        most = chosen(self._words.cap, self.readings)
        if most != NO_CAP:
            yield {"step": "bonus", "bonus": self._parts(self._rounded(counted)), "cap": self._parts(Fraction(most))}

    def _places(self) -> dict[str, tuple[int, str]]:
        """Each award's place among those of its matter (1 = the one that counts), and the id of that one."""
        matters = defaultdict(list)
        for award in self._tally.awards:
            found = self._awards.get(award.award_id)
            if found and self.rulebook.rules[found.rule_id].once_per:
                matters[self._matter(award)].append(award)
        places: dict[str, tuple[int, str]] = {}
        for awards in matters.values():
            awards.sort(key=self._preference)
            places |= {award.award_id: (k, awards[0].award_id) for k, award in enumerate(awards, 1)}
        return places

    def _matter(self, award: Award) -> tuple[str, ...]:
        inside_type = chosen(self._words.scope, self.readings) == "same_type"
        return (award.matter_key, award.award_type) if inside_type else (award.matter_key,)

    def _preference(self, award: Award) -> tuple[object, ...]:
        earliest = (award.awarded_on, award.award_id)
        if chosen(self._words.same_matter, self.readings) == "first":
            return earliest
        return (-self._awards[award.award_id].points, *earliest)

    def _floor(self, match: Match) -> Entry:
        item, over = self._item(match), match.fact["exact"] - match.fact["full"]
        line = self._line(match, item, "floor", over, item.id, deducted=match.fact["exact"], full=match.fact["full"])
        floor = item.floor or Fraction(0)
        if item.starts == "full" and not floor:
            return line
        return replace(line, sentence="floor_of_item", facts={**line.facts, "floor": plain(floor)})

    def _ceiling(self, match: Match) -> Entry:
        """More than the full marks: what is over comes off."""
        item, over = self._item(match), match.fact["exact"] - match.fact["least"]
        return self._line(match, item, "ceiling", over, item.id, full=self._parts(item.full_marks))

    def _rounding(self, match: Match) -> Entry:
        item, rest = self._item(match), match.fact["lines"] - match.fact["exact"]
        return self._line(match, item, "rounding", rest, item.id, deducted=match.fact["exact"])

    def _same_matter(self, match: Match) -> Entry:
        award = self._tally.awards[match.fact["award"] - 1]
        found = self._awards[award.award_id]
        clause = self._clause(self._words.same_matter)
        facts = {"award": award.award_id, "counted": self._ranked[award.award_id][1]}
        return Entry(
            match.unit_id,
            found.item_id,
            "same_matter",
            clause,
            found.month,
            "",
            award.award_id,
            -found.points,
            "",
            "same_matter",
            facts,
        )

    def _cap(self, match: Match) -> Entry:
        bonus, cap = match.fact["bonus"], match.fact["cap"]
        clause = self._clause(self._words.cap)
        assert self.bonus  # awards are of the bonus item: without one there is no such fact
        return self._line(match, self.bonus, "cap", cap - bonus, clause, bonus=bonus, cap=cap)

    def _clause(self, word: Word) -> str:
        """The clause that a word of the bonus reads; where it is fixed, the bonus item's own."""
        if isinstance(word, Left):
            return self.rulebook.readings[word.reading].clause
        assert self.bonus  # as above
        return self.bonus.id

    def _reweight(self, match: Match) -> Entry:
        left, whole = (Fraction(match.fact[name], FINE) for name in ("left", "all"))
        base = self._base
        gained = self._rounded(base * whole / left) - self._rounded(base)
        reading = self.rulebook.readings.get("unmeasured")
        clause = reading.clause if reading else next(iter(self.rulebook.clauses))
        facts = {name: plain(half_up(value)) for name, value in (("base", base), ("left", left), ("all", whole))}
        return Entry(
            match.unit_id,
            WHOLE,
            "reweight",
            clause,
            "",
            "",
            "",
            gained,
            "",
            "reweight",
            facts,
        )

    def _item(self, match: Match) -> Item:
        return self.rulebook.items[match.fact["item"]]

    def _line(self, match: Match, item: Item, rule: str, points: int, clause: str, **amounts: int) -> Entry:
        facts = {"item": item.id, **{name: plain(Fraction(value, self._grain)) for name, value in amounts.items()}}
        return Entry(match.unit_id, item.id, rule, clause, "", "", "", Fraction(points, self._grain), "", rule, facts)


def _production(name: str, step: str, test: Pattern, then: Callable[[Match], Entry]) -> Production[Entry]:
    return Production(name, ({"$and": [{"step": step}, test]},), then)


# What makes a total of the items, by the rule engine: weights, bonus under a condition, bounds, vetoes, rounding.


VETOES = ("total", "rank", "grade")  # which of several holds: the first
UNMET = {"more_than": "$lte", "at_least": "$lt", "at_most": "$gt", "less_than": "$gte", "equals": "$neq"}


@dataclass
class Sums:
    """Base and bonus as published, the lines, and the rule whose veto holds ("" = none)."""

    base: Fraction
    bonus: Fraction
    lines: list[Entry] = field(default_factory=list)
    firings: list[Firing[Entry]] = field(default_factory=list)
    veto: str = ""

    @property
    def whole(self) -> Fraction:
        """The lines of no single item."""
        return sum((line.points for line in self.lines if line.item_id == WHOLE), Fraction(0))

    @property
    def total(self) -> Fraction:
        """Base, bonus and the lines of no single item (semantics C19)."""
        return self.base + self.bonus + self.whole


class Whole:
    """Compiled once for a rulebook; sums up unit after unit."""

    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook, self._grain = rulebook, rulebook.grain
        self.bonus = next((item for item in rulebook.items.values() if not item.full_marks), None)
        asked = self.bonus.bonus.only_when if self.bonus and self.bonus.bonus else None
        then = {
            "rounding": ("rounding", {"$neq": {"lines": {"$m": "total"}}}, self._rounding),
            "veto": ("veto", {"place": 1}, self._veto),
        }
        if asked:
            unmet = {UNMET[asked.test]: {"base": {"$m": "bound"}}}
            then["only_when"] = "bonus", {"$and": [{"$gt": {"bonus": 0}}, unmet]}, self._only_when
        if rulebook.total_floor is not None:
            then["floor"] = "total", {"$lt": {"total": {"$m": "floor"}}}, self._floor
        if rulebook.total_cap is not None:
            then["cap"] = "total", {"$gt": {"total": {"$m": "cap"}}}, self._cap
        self._session: Session[Entry] = Session(
            [Production(name, ({"$and": [{"step": step}, test]},), do) for name, (step, test, do) in then.items()],
            [{"step": step} for step in ("bonus", "rounding", "total", "veto")],
        )

    def sums(
        self, unit_id: str, scores: Mapping[str, Fraction], findings: list[Finding], gone: Container[str] = ()
    ) -> Sums:
        """Of a unit's item scores, exact where the book keeps them so, and of the lines that settling gave the whole.

        In this order: the bonus where its condition fails, rounding, floor and cap of the total, the veto.
        """
        book, decimals = self.rulebook, self.rulebook.decimals
        exact, bonus = weighted(book, scores, gone)
        found = Sums(rounded(exact, decimals), rounded(bonus, decimals))
        before = scores.get(WHOLE, Fraction(0))
        self._found, self._unit, self._scores = found, unit_id, scores
        if self._fire(self._bonus_facts()):
            found.bonus = bonus = Fraction(0)
        total = rounded(exact + bonus + before, decimals)
        self._total = found.total + before
        self._fire([{"step": "rounding", "lines": self._parts(self._total), "total": self._parts(total)}])
        self._total = total
        self._fire(self._bounds())
        self._total = found.total + before
        self._vetoes = self._fired(findings)
        self._fire({"step": "veto", "place": k} for k in range(1, len(self._vetoes) + 1))
        return found

    def _parts(self, value: Fraction) -> int:
        return parts_of(value, self._grain)

    def _fire(self, facts: Iterator[Fact] | list[Fact]) -> list[Entry]:
        firings = self._session.run(self._unit, list(facts))
        self._found.firings += firings
        lines = [firing.result for firing in firings]
        self._found.lines += lines
        return lines

    def _bonus_facts(self) -> Iterator[Fact]:
        asked = self.bonus.bonus.only_when if self.bonus and self.bonus.bonus else None
        if asked:
            base, bound = (int(value * FINE) for value in (self._found.base, Fraction(asked.bounds[0])))
            points = self._parts(rounded(self._scores[self.bonus.id], self.rulebook.places)) if self.bonus else 0
            yield {"step": "bonus", "bonus": points, "base": base, "bound": bound}

    def _bounds(self) -> list[Fact]:
        bounds = {"floor": self.rulebook.total_floor, "cap": self.rulebook.total_cap}
        said = {name: self._parts(value) for name, value in bounds.items() if value is not None}
        return [{"step": "total", "total": self._parts(self._total), **said}] if said else []

    def _fired(self, findings: list[Finding]) -> list[tuple[str, Veto]]:
        """The rules whose veto holds, the one that counts first."""
        fired = {finding.rule_id for finding in findings if not finding.unmeasured and finding.sentence != OVER}
        held = [(rule.id, rule.veto) for rule in self.rulebook.rules.values() if rule.veto and rule.id in fired]
        return sorted(held, key=lambda one: VETOES.index(one[1].kind))

    def _only_when(self, match: Match) -> Entry:
        assert self.bonus
        points = rounded(self._scores[self.bonus.id], self.rulebook.places)
        facts = {"item": self.bonus.id, "base": plain(self._found.base), "bonus": plain(points)}
        return self._line(self.bonus.id, "only_when", "only_when", self.bonus.id, -points, facts)

    def _rounding(self, match: Match) -> Entry:
        lines, total = (Fraction(int(match.fact[name]), self._grain) for name in ("lines", "total"))
        facts = {"total": plain(total), "lines": plain(lines)}
        return self._line(WHOLE, "rounding", "rounding_of_total", self._clause, total - lines, facts)

    def _floor(self, match: Match) -> Entry:
        return self._bound(match, "floor")

    def _cap(self, match: Match) -> Entry:
        return self._bound(match, "cap")

    def _bound(self, match: Match, name: str) -> Entry:
        total, bound = (Fraction(int(match.fact[key]), self._grain) for key in ("total", name))
        facts = {"total": plain(total), name: plain(bound)}
        return self._line(WHOLE, name, f"{name}_of_total", self._clause, bound - total, facts)

    def _veto(self, match: Match) -> Entry:
        id, veto = self._vetoes[0]
        rule, self._found.veto = self.rulebook.rules[id], id
        points = -self._total if veto.kind == "total" else Fraction(0)
        facts = {"rule": id, "total": plain(self._total), "grade": veto.grade}
        return self._line(WHOLE, "veto", f"veto_{veto.kind}", rule.clause, points, facts)

    @property
    def _clause(self) -> str:
        """The clause of what is said of the whole: the first of the regulation."""
        return next(iter(self.rulebook.clauses))

    def _line(
        self, item: str, rule: str, sentence: str, clause: str, points: Fraction, facts: Mapping[str, str]
    ) -> Entry:
        return Entry(self._unit, item, rule, clause, "", "", "", points, "", sentence, facts)


# Settle: findings → item scores, base and bonus, and the ledger lines that stand for no single case.


class UnitSums(NamedTuple):
    """What a judge makes of a unit's items: base, bonus, the lines of the whole, and the rule whose veto holds."""

    base: Fraction
    bonus: Fraction
    whole: Fraction
    veto: str


def settle(
    rulebook: Rulebook,
    readings: dict[str, str],
    findings: list[Finding],
    tallies: dict[str, UnitTally],
    months: tuple[str, ...],
) -> tuple[dict[str, UnitScore], list[Entry], list[Fired]]:
    """Scores by unit, ledger lines (occurrences are written by the warehouse) and the trace.

    For every unit and item: full marks + lines + occurrences = score (interface.md, "The ledger adds up").
    """
    books = {group: rulebook.of_group(group) for group in ("", *rulebook.sheets)}
    engines = {group: (book, Settler(book, readings), Whole(book)) for group, book in books.items()}
    plain_sums = {group: _is_plain_sum(book) for group, book in books.items()}
    by_unit = defaultdict(list)
    for finding in findings:
        by_unit[finding.unit_id].append(finding)
    scores, entries, fired = {}, [], []
    for unit_id in sorted(tallies):
        tally = tallies[unit_id]
        group = tally.unit.unit_group if tally.unit.unit_group in books else ""
        book, engine, whole = engines[group]
        marks, lines, firings = engine.settle(tally, by_unit[unit_id])
        silent = without_data(book, tally)
        flags = notes(book, readings, tally, months, silent)
        exact = {**marks, **engine.exact}
        sums = whole.sums(unit_id, exact, by_unit[unit_id], engine.gone)
        for line in sums.lines:
            marks[line.item_id] = marks.get(line.item_id, Fraction(0)) + line.points
            exact |= {line.item_id: Fraction(0)} if line.item_id != WHOLE else {}  # a bonus that is not given
        whole_sums = UnitSums(sums.base, sums.bonus, marks.get(WHOLE, Fraction(0)), sums.veto)
        missing = silent, engine.gone
        score = _unit_score(book, unit_id, marks, whole_sums, flags, missing, by_unit[unit_id], exact)
        if WHOLE in marks or not plain_sums[group]:
            score = replace(score, regained=_regained(score, tally, by_unit[unit_id], engine, whole))
        scores[unit_id] = score
        entries += [*lines, *sums.lines]
        firings = [*firings, *sums.firings]
        fired += [Fired(unit_id, "settle", f.rule, f.result.month, text_of(f.fact)) for f in firings]
    return scores, entries, fired


def unit_scores(
    rulebook: Rulebook,
    readings: dict[str, str],
    tallies: dict[str, UnitTally],
    months: tuple[str, ...],
    marks: dict[str, dict[str, Fraction]],
    sums: Mapping[str, UnitSums],
) -> dict[str, UnitScore]:
    """Scores by unit from the points of their items, worked out elsewhere: with notes and with what was measured."""
    found = {}
    for id, tally in tallies.items():
        book = rulebook.of_group(tally.unit.unit_group)
        silent = without_data(book, tally)
        missing = silent, left_out(book, readings, tally)
        flags = notes(book, readings, tally, months, silent)
        found[id] = _unit_score(book, id, marks[id], sums[id], flags, missing)
    return found


def _unit_score(
    rulebook: Rulebook,
    unit_id: str,
    marks: dict[str, Fraction],
    sums: UnitSums,
    flags: dict[str, tuple[str, ...]],
    missing: tuple[Container[str], Container[str]],
    findings: Iterable[Finding] = (),
    exact: Mapping[str, Fraction] | None = None,
) -> UnitScore:
    """``missing``: the items without data, and those that do not count.

    ``exact``: the items before they are rounded; ``marks`` where it says nothing.
    """
    silent, gone = missing
    taken: dict[str, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for finding in findings:
        taken[finding.item_id][finding.rule_id] -= finding.points
    items = {
        item.id: ItemScore(
            item.id,
            Fraction(0) if item.id in gone else item.full_marks,
            rounded(marks[item.id], rulebook.places),
            flags.get(item.id, ()),
            losses(item.full_marks, taken[item.id], item.floor, item.round, rulebook.places)
            if item.full_marks and item.starts == "full"
            else (),
            item.id not in silent,
            item.weight,
            item.times,
            (exact or marks)[item.id] if rulebook.exact_items else None,
        )
        for item in rulebook.items.values()
    }
    return UnitScore(unit_id, items, *sums)


def losses(
    full_marks: Fraction,
    taken: dict[str, Fraction],
    floor: Fraction | None = Fraction(0),
    rounds: str = "deduction",
    places: int = 2,
) -> tuple[Loss, ...]:
    """What an item would get back without each rule, the largest first; ``taken`` is what each rule takes, exact.

    A rule that would bring nothing back, because the others take all there is, is left out. Where that holds for
    every rule, the fewest rules that together bring something back are named.
    """

    def left(without: tuple[str, ...] = ()) -> Fraction:
        rest = added(points for rule, points in taken.items() if rule not in without)
        kept = full_marks - rounded(rest, places) if rounds == "deduction" else rounded(full_marks - rest, places)
        return kept if floor is None else max(kept, floor)

    rules = sorted(rule for rule, points in taken.items() if points)
    now = left() if rules else full_marks
    for size in range(1, len(rules) + 1):
        found = [Loss(some, left(some) - now) for some in combinations(rules, size)]
        if any(loss.back for loss in found):
            found = [loss for loss in found if loss.back]
            return tuple(sorted(found, key=lambda loss: (-loss.back, loss.rules))[: None if size == 1 else 1])
    return ()


def _is_plain_sum(book: Rulebook) -> bool:
    """Whether every point of an item is a point of the total: nothing weighed, rounded again, bounded or struck."""
    items = book.items.values()
    weighed = any(item.factor != 1 or (item.bonus and item.bonus.only_when) for item in items)
    bounded = book.total_floor is not None or book.total_cap is not None or book.decimals < book.places
    return not (weighed or bounded or any(rule.veto for rule in book.rules.values()))


def _regained(
    score: UnitScore, tally: UnitTally, findings: list[Finding], engine: Settler, whole: Whole
) -> tuple[Loss, ...]:
    """What the total would get back without the rules of each item, or without what strikes it: settled anew.

    Where no such step helps, the pair that does and brings most.
    """

    def back(rules: tuple[str, ...]) -> Fraction:
        rest = [finding for finding in findings if finding.rule_id not in rules]
        marks, _, _ = engine.settle(tally, rest)
        return whole.sums(tally.unit.unit_id, {**marks, **engine.exact}, rest, engine.gone).total - score.total

    single = dict.fromkeys(loss.rules for item in score.items.values() for loss in item.losses)
    single |= {(score.veto,): None} if score.veto else {}
    pairs = (tuple(sorted({*one, *other})) for one, other in combinations(single, 2))
    for steps, most in ((single, None), (dict.fromkeys(pairs), 1)):
        found = [Loss(rules, points) for rules in steps if (points := back(rules)) > 0]
        if found:
            return tuple(sorted(found, key=lambda loss: (-loss.back, loss.rules))[:most])
    return ()


def notes(
    rulebook: Rulebook, readings: dict[str, str], tally: UnitTally, months: tuple[str, ...], silent: Container[str]
) -> dict[str, tuple[str, ...]]:
    """Keys of wording/notes.yaml per item: an empty denominator, a missing assessment, what was not assessed.

    ``silent`` are the items without data.
    """
    flags: dict[str, dict[str, None]] = {}
    for rule in rulebook.rules.values():
        if not rule.is_for(tally.unit.unit_group):
            continue
        item = rulebook.items[rule.item]
        worth = item.without_data(readings) if rule.item in silent else ""
        for note in _notes(rule, item, worth, readings, tally, months):
            flags.setdefault(rule.item, {})[note] = None
    return {item: tuple(found) for item, found in flags.items()}


def without_assessment(scores: dict[str, UnitScore], tallies: Mapping[str, UnitTally]) -> tuple[Words, ...]:
    """Lines that name the units without qualitative scores and say what these come to; () if every unit has them."""
    found = []
    for note in ("assessment_full", "assessment_zero"):
        lacking = {id: sum(note in item.notes for item in score.items.values()) for id, score in scores.items()}
        units = sorted(id for id, items in lacking.items() if items)
        named = some_of([tallies[id].unit.unit_name for id in units])
        found += [say(f"assess.{note}", n=sum(lacking.values()), units=len(units), named=named)] if units else []
    return tuple(found)


def _notes(
    rule: Rule, item: Item, worth: str, readings: dict[str, str], tally: UnitTally, months: tuple[str, ...]
) -> Iterator[str]:
    """Of one rule; ``worth``: what its item is worth where no rule of it has anything to be judged by, else ""."""
    missing = unmeasured(rule, tally)
    if rule.kind == "assessed":
        if missing:
            value = item.without_mark(readings)
            left_out = f"unmeasured_{value}" if worth else f"not_judged {rule.id}"
            yield left_out if value in LEAVES_OUT else f"assessment_{value}"
        return
    if rule.of and not {rule.measure, rule.part, rule.of} & tally.lacking:
        counted = [whole(rule, tally, month) for month in spans(rule, readings, months)]
        if not all(counted):
            yield f"no_rows {rule.of}"
        if any(0 < n < rule.needs * tally.parts.get(rule.of, 1) for n in counted):
            yield f"few_rows {rule.of}"
    if missing and rule.kind == "award":
        yield "no_awards"
    elif missing and worth:
        yield f"unmeasured_{worth}"
    elif missing:
        yield f"not_judged {rule.id}"
