"""What makes a score of findings: bounds of rules and items, the bonus cap, one award per matter, one rounding."""

from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from math import ceil

from pipelines.engines.judging import facts, left_out, sentence
from pipelines.engines.rete import Fact, Firing, Match, Pattern, Production, Session
from pipelines.model.points import half_up, parts_of, plain, rounded
from pipelines.model.rule import Bonus, Item, Left, Rulebook, Word, chosen
from pipelines.model.score import AT_MOST, WHOLE, Entry, Finding
from pipelines.model.tally import Award, UnitTally

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
    base, bonus = Fraction(0), Fraction(0)
    held: dict[str, list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
    for item in (item for item in rulebook.items.values() if item.id in scores):
        points = scores[item.id] * item.factor
        if not item.full_marks:
            bonus += points
        elif item.capped:
            held[item.section][0] += points
            held[item.section][1] += 0 if item.id in gone else item.full_marks * item.weight
        else:
            base += points
    return base + sum((min(*both) for both in held.values()), Fraction(0)), bonus


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
            most, points = self.rulebook.rules[id].at_most, sum((f.points for f in found), Fraction(0))
            if most is not None:
                yield {"step": "rule", "rule": id, "points": ceil(abs(points) * self._grain), "most": self._parts(most)}

    def _at_most(self, match: Match) -> Finding:
        """What a rule took or gave beyond its bound, back again."""
        found, most = self._by_rule[match.fact["rule"]], Fraction(match.fact["most"], self._grain)
        points = sum((f.points for f in found), Fraction(0))
        back = (most if points > 0 else -most) - points
        return replace(found[0], month="", ref_id="", n=0, of=0, points=back, sentence=AT_MOST, unmeasured=False)

    def _starts(self, tally: UnitTally) -> Iterator[Entry]:
        """An item whose rules give begins at nothing: a line takes its full marks."""
        for item in self.rulebook.items.values():
            if item.starts == "zero" and item.full_marks and item.id not in self.gone:
                told = {"item": item.id, "full": plain(item.full_marks)}
                unit = tally.unit.unit_id
                yield Entry(unit, item.id, "starts", item.id, "", "", "", -item.full_marks, "", "starts", told)

    def _whole_fact(self, scores: dict[str, Fraction]) -> Iterator[Fact]:
        """What counts, and what counts or is stretched over; an item that is left out is neither."""
        items = {item.id: item for item in self.rulebook.items.values() if item.full_marks}
        stretched = {id for id in self.gone if items[id].without_data(self.readings) == "reweighted"}
        marks = {id: int(item.full_marks * item.weight * FINE) for id, item in items.items()}
        left = sum(full for id, full in marks.items() if id not in self.gone)
        if left and stretched:
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
            points = sum((f.points for f in by_item[item.id]), Fraction(0))
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
            points = sum((f.points for f in found), Fraction(0))
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
            yield from self._bonus_fact(sum((f.points for f in by_item[self.bonus.id]), Fraction(0)))

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
