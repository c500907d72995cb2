"""Judge: rulebook × tallies → findings, by the rule engine of record."""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction
from itertools import pairwise
from math import floor

from pipelines.engines.rete import Fact, Match, Pattern, Production, Session, text_of
from pipelines.model.contract import AWARDS
from pipelines.model.points import CENT, digits, half_up, hundredths, plain, rounded, shown, told_apart
from pipelines.model.rule import ANY, STEPS, Item, Rule, Rulebook, chosen
from pipelines.model.score import AT_MOST, BEYOND, GIVEN, MEAN, OVER, UNMEASURED, UNMEASURED_FULL, Finding, Fired
from pipelines.model.tally import Award, UnitTally
from pipelines.model.words import ContractStop, RulebookRefusal
from pipelines.wording import hint, say

# Rules as productions of the rule engine, and a unit's tally as the whole-number facts that they fire on.
#
# Every threshold, step, tier and cap is a comparison of whole numbers in a production: both sides are multiplied by
# their denominators. Points are computed of what fired.


WHOLE = ""
BY_MONTH = ("sum", "mean")  # what `per` says of rules that test every month
LEAVES_OUT = ("left_out", "reweighted")  # values of `unmeasured` under which an item without data does not count
SOME = {"$gt": {"n": 0}}
# A band's comparison of `have` with what it asks, and that of all bands before it, turned round.
MEETS = {"at_least": "$gte", "more_than": "$gt", "at_most": "$lte", "less_than": "$lt"}
MISSES = {"at_least": "$lt", "more_than": "$lte", "at_most": "$gt", "less_than": "$gte"}


class Judge:
    """The rulebook under the readings in force, compiled for the rule engine; units come one after another."""

    def __init__(self, rulebook: Rulebook, readings: dict[str, str], months: tuple[str, ...]) -> None:
        self.rulebook, self.readings, self.months = rulebook, readings, months
        rules = rulebook.rules.values()
        self._session = Session(
            [production for rule in rules for production in self._productions(rule)],
            [{"rule": id} for id in rulebook.rules],
        )
        self._order = {id: k for k, id in enumerate(rulebook.rules)}
        self._spans = {rule.id: spans(rule, readings, months) for rule in rules}

    def judge(self, tally: UnitTally) -> tuple[list[Finding], list[tuple[str, str, Fact]]]:
        """A unit's findings in the order of the rulebook, and (rule, month, fact) for each rule that fired."""
        self._awards = tally.awards
        firings = self._session.run(tally.unit.unit_id, list(self._facts(tally)))
        firings.sort(key=lambda f: (self._order[f.result.rule_id], f.result.month, f.result.ref_id))
        return [f.result for f in firings], [(f.result.rule_id, f.result.month, f.fact) for f in firings]

    def spans(self, rule: Rule) -> tuple[str, ...]:
        """The months that a rule tests, or the period as a whole."""
        return self._spans[rule.id]

    # Productions: what a rule asks of its facts.

    def _productions(self, rule: Rule) -> Iterator[Production[Finding]]:
        yield from getattr(self, f"_{rule.kind}")(rule)
        yield self._on(rule, "unmeasured", {"$gt": {"unmeasured": 0}}, self._without_data)

    def _on(
        self, rule: Rule, name: str, test: Pattern, then: Callable[..., Finding], *more: object
    ) -> Production[Finding]:
        tests = [{"rule": rule.id}, *test.get("$and", [test])]
        named = f"{rule.id} {name}".strip()
        return Production(named, ({"$and": tests},), lambda match: then(rule, match, *more))

    def _occurrence(self, rule: Rule) -> Iterator[Production[Finding]]:
        for k, (_, price) in enumerate(rule.prices, 1):
            yield self._on(rule, f"price {k}", {"$and": [{"price": k}, SOME]}, self._of_each, price)
        if not rule.prices:
            yield self._on(rule, "", SOME, self._of_each, rule.deduct)
        if rule.beyond:
            yield self._on(rule, "all free", {"$lte": {"happened": {"$m": "free"}}}, self._given_back, "happened")
            yield self._on(rule, "some free", {"$gt": {"happened": {"$m": "free"}}}, self._given_back, "free")

    def _density(self, rule: Rule) -> Iterator[Production[Finding]]:
        yield self._on(rule, "", SOME, self._of_many)

    def _rate(self, rule: Rule) -> Iterator[Production[Finding]]:
        short, over = ("$gt", "$lt") if rule.fewer else ("$lt", "$gt")
        yield self._on(rule, "", {short: {"have": {"$m": "need"}}}, self._short)
        if rule.over_award:
            yield self._on(rule, "over", {over: {"have": {"$m": "need"}}}, self._over)

    def _worth(self, rule: Rule) -> Iterator[Production[Finding]]:
        yield self._on(rule, "", {"$gt": {"have": 0}}, self._of_worth)

    def _bands(self, rule: Rule) -> Iterator[Production[Finding]]:
        for k, band in enumerate(rule.bands):
            missed = [{MISSES[b.test]: {"have": {"$m": f"asks_{j}"}}} for j, b in enumerate(rule.bands[:k])]
            met = [{MEETS[band.test]: {"have": {"$m": f"asks_{k}"}}}] if band.test else []
            yield self._on(rule, f"band {k + 1}", {"$and": [*missed, *met]}, self._in_band, k)

    _by_place = _change = _bands

    def _assessed(self, rule: Rule) -> Iterator[Production[Finding]]:
        yield self._on(rule, "", {"$lt": {"score": {"$m": "full"}}}, self._mark)

    def _award(self, rule: Rule) -> Iterator[Production[Finding]]:
        for name, test, tier in _tiers(rule):
            yield self._on(rule, name, test("nth"), self._awarded, tier)

    def _merit(self, rule: Rule) -> Iterator[Production[Finding]]:
        for k, (start, points) in enumerate(rule.tiers or ((1, rule.award),)):
            end = rule.tiers[k + 1][0] - 1 if k + 1 < len(rule.tiers) else None
            name = f"from {start}" if rule.tiers else ""
            yield self._on(rule, name, {"$gte": {"n": start}}, self._merited, (start, end, points))

    # What follows where a production fires.

    def _without_data(self, rule: Rule, match: Match) -> Finding:
        """A rule that takes takes all its item can lose (`unmeasured=zero`); one that gives gives all it can."""
        points = Fraction(match.fact["unmeasured"], CENT)
        found = replace(self._finding(rule, match, n=0, points=points), points=points if rule.gives else -points)
        return replace(found, unmeasured=True, sentence=UNMEASURED_FULL if rule.gives else UNMEASURED)

    def _of_each(self, rule: Rule, match: Match, price: Fraction) -> Finding:
        n, sentence = match.fact["n"], GIVEN if match.fact.get("given") else ""
        return self._finding(rule, match, n=n, points=-n * price, sentence=sentence)

    def _given_back(self, rule: Rule, match: Match, free: str) -> Finding:
        n = match.fact[free]
        return self._finding(rule, match, n=n, points=n * rule.deduct, sentence=BEYOND)

    def _of_many(self, rule: Rule, match: Match) -> Finding:
        n, of, parts = match.fact["n"], match.fact["of"], self._parts(rule.measure)
        if not rule.of:  # for each, where what is counted are no rows
            return self._finding(rule, match, n=n, points=-n * rule.deduct / parts)
        points = -Fraction(n, parts) * rule.each * rule.deduct / Fraction(of, self._parts(rule.of))
        return self._finding(rule, match, n=n, of=of, points=points)

    def _parts(self, measure: str) -> int:
        """In how many parts of one a measure is counted."""
        return self.rulebook.measures[measure].scale if measure in self.rulebook.measures else 1

    def _short(self, rule: Rule, match: Match) -> Finding:
        target, rate = Fraction(match.fact["target"], CENT), self._rate_of(match)
        short = rate - target if rule.fewer else target - rate
        cost = STEPS[chosen(rule.mode, self.readings)](short / rule.each) * rule.deduct
        return self._of_rate(rule, match, -Fraction(cost))

    def _over(self, rule: Rule, match: Match) -> Finding:
        target, rate = Fraction(match.fact["target"], CENT), self._rate_of(match)
        over = target - rate if rule.fewer else rate - target
        given = STEPS[chosen(rule.mode, self.readings)](over / rule.over_each) * rule.over_award
        return self._of_rate(rule, match, Fraction(given), OVER)

    def _of_worth(self, rule: Rule, match: Match) -> Finding:
        return self._of_rate(rule, match, rule.worth * self._rate_of(match) / 100)

    def _in_band(self, rule: Rule, match: Match, k: int) -> Finding:
        band, before = rule.bands[k], rule.bands[k - 1]
        points = band.points
        if band.each:
            value = Fraction(match.fact["have"], CENT * match.fact["scale"])
            points = before.points + abs(value - before.bound) // band.each * band.points
        return self._of_rate(rule, match, points)

    def _mark(self, rule: Rule, match: Match) -> Finding:
        short = Fraction(match.fact["score"] - match.fact["full"], CENT)
        return self._finding(rule, match, n=match.fact["score"], of=match.fact["full"], points=short)

    def _awarded(self, rule: Rule, match: Match, points: Fraction) -> Finding:
        return self._finding(rule, match, n=1, points=points, ref=match.fact["award"])

    def _merited(self, rule: Rule, match: Match, tier: tuple[int, int | None, Fraction]) -> Finding:
        start, end, points = tier
        n = min(match.fact["n"], end or match.fact["n"]) - start + 1
        return self._finding(rule, match, n=n, points=n * points / self._parts(rule.measure))

    def _of_rate(self, rule: Rule, match: Match, points: Fraction, sentence: str = "") -> Finding:
        """Of one span: a month's share of a mean, or the whole."""
        points = points / len(self.spans(rule)) if is_mean(rule, self.readings) else points
        n = match.fact["part"] if rule.is_rate else match.fact["n"]
        return self._finding(rule, match, n=n, of=match.fact.get("of", 0), points=points, sentence=sentence)

    def _rate_of(self, match: Match) -> Fraction:
        """Percent, as the rule rounds it."""
        return Fraction(match.fact["have"], CENT * match.fact["scale"])

    def _finding(
        self, rule: Rule, match: Match, n: int, points: Fraction, of: int = 0, ref: int = 0, sentence: str = ""
    ) -> Finding:
        month = match.fact["month"]
        return Finding(
            unit_id=match.unit_id,
            rule_id=rule.id,
            item_id=rule.item,
            clause=rule.clause,
            month=self.months[month - 1] if month else WHOLE,
            n=n,
            of=of,
            points=points * rule.times,
            ref_id=self._awards[ref - 1].award_id if ref else "",
            sentence=sentence,
            target=Fraction(match.fact.get("target", 0), CENT),
            place=match.fact.get("place", 0),
            parts=1 if rule.kind in ("assessed", "award") else self._parts(rule.part or rule.measure),
            of_parts=self._parts(rule.of) if rule.of else 1,
            before=(match.fact.get("before", 0), match.fact.get("before_of", 0)),
            given="given" in match.fact,
        )

    # Facts: what there is to ask.

    def _facts(self, tally: UnitTally) -> Iterator[Fact]:
        gone = left_out(self.rulebook, self.readings, tally)
        for rule in self.rulebook.rules.values():
            if not rule.is_for(tally.unit.unit_group):
                continue
            if rule.kind != "assessed" and unmeasured(rule, tally):
                yield from self._unmeasured_facts(rule, gone)
            else:
                for fact in getattr(self, f"_{rule.kind}_facts")(rule, tally):
                    month = self.months[fact["month"] - 1] if fact["month"] else WHOLE
                    given = any(tally.is_given(id, month) for id in rule.counted)
                    yield fact | {"given": 1} if given else fact

    def _unmeasured_facts(self, rule: Rule, gone: set[str]) -> Iterator[Fact]:
        item = self.rulebook.items[rule.item]
        zero = item.without_data(self.readings) == "zero"
        if not item.full_marks or item.id in gone or zero == rule.gives:
            return
        most = rule.most if rule.gives else item.full_marks - min(item.floor or 0, 0)
        if most > 0:
            yield {"rule": rule.id, "month": 0, "unmeasured": hundredths(most)}

    def _occurrence_facts(self, rule: Rule, tally: UnitTally) -> Iterator[Fact]:
        spans = self.spans(rule)
        whole = WHOLE in tally.given.get(rule.measure, {})
        for month in self.months if spans == (WHOLE,) and not whole else spans:
            number = self._number(month)
            for k, (value, _) in enumerate(rule.prices, 1):
                if n := tally.priced.get(rule.id, {}).get(value, {}).get(month, 0):
                    yield {"rule": rule.id, "month": number, "price": k, "n": n}
            if not rule.prices and (n := tally.occurrences(rule.id, rule.measure, month)):
                yield {"rule": rule.id, "month": number, "n": n}
        if rule.beyond:
            for month in spans:
                if n := tally.occurrences(rule.id, rule.measure, month):
                    yield {"rule": rule.id, "month": self._number(month), "happened": n, "free": rule.beyond}

    def _density_facts(self, rule: Rule, tally: UnitTally) -> Iterator[Fact]:
        for month in self.spans(rule):
            n = tally.count(rule.measure, month)
            of = tally.count(rule.of, month) if rule.of else 1
            if not rule.of or of >= rule.needs * self._parts(rule.of):
                yield {"rule": rule.id, "month": self._number(month), "n": n, "of": of}

    def _rates(self, rule: Rule, tally: UnitTally) -> Iterator[Fact]:
        """part/of as `have` hundredths of a percent over `scale`, rounded as the city prints the rate.

        A comparison needs no division: have < target × scale is part × 100 % × 100 hundredths < target × of.
        """
        for month in self.spans(rule):
            part, of = tally.count(rule.part, month), whole(rule, tally, month)
            if of >= rule.needs * self._parts(rule.of):
                have, scale = 100 * part, of
                if rule.round_rate is not None:
                    scale = 10**rule.round_rate
                    have = floor(Fraction(100 * part * scale, of) + Fraction(1, 2))
                yield {
                    "rule": rule.id,
                    "month": self._number(month),
                    "part": part,
                    "of": of,
                    "have": have * CENT,
                    "scale": scale,
                }

    def _rate_facts(self, rule: Rule, tally: UnitTally) -> Iterator[Fact]:
        for fact in self._rates(rule, tally):
            month = self.months[max(fact["month"] - 1, 0)]
            target = hundredths(rule.target_of(tally.unit.unit_group, month))
            yield {**fact, "target": target, "need": target * fact["scale"]}

    def _worth_facts(self, rule: Rule, tally: UnitTally) -> Iterator[Fact]:
        for fact in self._rates(rule, tally):
            yield {**fact, "have": 100 * CENT * fact["scale"] - fact["have"]} if rule.fewer else fact

    def _bands_facts(self, rule: Rule, tally: UnitTally) -> Iterator[Fact]:
        if rule.is_rate:
            found = self._rates(rule, tally)
        else:
            counts = ((month, tally.count(rule.measure, month)) for month in self.spans(rule))
            parts = self._parts(rule.measure)
            found = (
                {"rule": rule.id, "month": self._number(month), "n": n, "have": n * CENT, "scale": parts}
                for month, n in counts
            )
        yield from self._asked(rule, found)

    def _by_place_facts(self, rule: Rule, tally: UnitTally) -> Iterator[Fact]:
        place = tally.places[rule.id]
        counted = {"part": tally.count(rule.part), "of": tally.count(rule.of)} if rule.is_rate else {}
        counted = counted or {"n": tally.count(rule.measure)}
        yield from self._asked(
            rule, [{"rule": rule.id, "month": 0, "place": place, **counted, "have": place * CENT, "scale": 1}]
        )

    def _change_facts(self, rule: Rule, tally: UnitTally) -> Iterator[Fact]:
        """Now less before, in whole numbers over `scale`: hundredths of a case, or of a percentage point."""
        before = tally.before[rule.id]
        if not rule.is_rate:
            n, was = tally.count(rule.measure), before[rule.measure]
            fact = {"n": n, "before": was, "have": (n - was) * CENT, "scale": self._parts(rule.measure)}
        else:
            part, of = tally.count(rule.part), tally.count(rule.of)
            was, was_of = before[rule.part], before[rule.of]
            gone = rule.printed(part, of) - rule.printed(was, was_of)
            fact = {"part": part, "of": of, "before": was, "before_of": was_of}
            fact |= {"have": gone.numerator * CENT, "scale": gone.denominator}
        yield from self._asked(rule, [{"rule": rule.id, "month": 0, **fact}])

    def _asked(self, rule: Rule, found: Iterable[Fact]) -> Iterator[Fact]:
        """Each fact with what every band asks of it."""
        for fact in found:
            asks = {
                f"asks_{k}": hundredths(band.bound) * fact["scale"] for k, band in enumerate(rule.bands) if band.test
            }
            yield fact | asks

    def _assessed_facts(self, rule: Rule, tally: UnitTally) -> Iterator[Fact]:
        item = self.rulebook.items[rule.item]
        full, score = item.full_marks, tally.assessed.get(rule.measure)
        if score is None:
            score = self._missing(item, tally)
        yield {"rule": rule.id, "month": 0, "score": hundredths(score), "full": hundredths(full)}

    def _missing(self, item: Item, tally: UnitTally) -> Fraction:
        """What counts in place of a mark: nothing is taken where the item is left out or has other rules (G2)."""
        value = item.without_mark(self.readings)
        if value == "stop":
            raise ContractStop(
                say("judge.assessment_missing", unit=tally.unit.unit_id, name=tally.unit.unit_name, item=item.id)
            )
        return Fraction(0) if value == "zero" else item.full_marks

    def _award_facts(self, rule: Rule, tally: UnitTally) -> Iterator[Fact]:
        own = [number for number, award in enumerate(tally.awards, 1) if award.award_type == rule.measure]
        for nth, number in enumerate(sorted(own, key=lambda number: _earliest(tally.awards[number - 1])), 1):
            month = self.months.index(f"{tally.awards[number - 1].awarded_on:%Y-%m}") + 1
            yield {"rule": rule.id, "month": month, "nth": nth, "award": number}

    def _merit_facts(self, rule: Rule, tally: UnitTally) -> Iterator[Fact]:
        for month in self.spans(rule):
            yield {"rule": rule.id, "month": self._number(month), "n": tally.count(rule.measure, month)}

    def _number(self, month: str) -> int:
        return self.months.index(month) + 1 if month else 0


def _tiers(rule: Rule) -> Iterator[tuple[str, Callable[[str], Pattern], Fraction]]:
    """(name, test of a count by its name, points) of each tier of an award; one tier where there are none."""
    tiers = rule.tiers or ((1, rule.award),)
    for k, (start, points) in enumerate(tiers):
        end = tiers[k + 1][0] if k + 1 < len(tiers) else None

        def test(name: str, start: int = start, end: int | None = end) -> Pattern:
            return {"$and": [{"$gte": {name: start}}, *([{"$lt": {name: end}}] if end else [])]}

        yield f"from {start}" if rule.tiers else "", test, points


def _earliest(award: Award) -> tuple[date, str]:
    return award.awarded_on, award.award_id


def unmeasured(rule: Rule, tally: UnitTally) -> bool:
    """Whether nothing is there to judge a rule by: what it counts is not told, or its denominator is under `needs`.

    No occurrence of what is told is a measurement; an assessment that is missing is its item's (`without_mark`).
    """
    if rule.kind == "assessed":
        return rule.measure not in tally.assessed
    if rule.kind == "award":
        return AWARDS in tally.lacking
    if {rule.measure, rule.part, rule.of} & tally.lacking:
        return True
    if rule.kind == "change":
        was = tally.before.get(rule.id)
        return (
            was is None
            or _too_few(rule, tally)
            or bool(rule.of)
            and was[rule.of] < rule.needs * tally.parts.get(rule.of, 1)
        )
    return rule.id not in tally.places if rule.kind == "by_place" else _too_few(rule, tally)


def _too_few(rule: Rule, tally: UnitTally) -> bool:
    return bool(rule.of) and whole(rule, tally) < rule.needs * tally.parts.get(rule.of, 1)


def whole(rule: Rule, tally: UnitTally, month: str = "") -> int:
    """What a part is of: the rows of a month or the period, or the most that a unit of the group has."""
    return tally.best.get(rule.id, {}).get(month, 0) if rule.best else tally.count(rule.of, month)


def beside_others(
    rulebook: Rulebook, tallies: Mapping[str, UnitTally], months: tuple[str, ...]
) -> dict[str, UnitTally]:
    """The tallies with what rules ask of the other units: the best of the group, and the place."""
    found = dict(tallies)
    for rule in (rule for rule in rulebook.rules.values() if rule.best):
        best: dict[str, dict[str, int]] = {}
        for tally in found.values():
            of_group = best.setdefault(tally.unit.unit_group, dict.fromkeys(("", *months), 0))
            for span in of_group:
                of_group[span] = max(of_group[span], tally.count(rule.of, span))
        for id, tally in found.items():
            found[id] = replace(tally, best={**tally.best, rule.id: best[tally.unit.unit_group]})
    for rule in (rule for rule in rulebook.rules.values() if rule.kind == "by_place"):
        values: dict[str, dict[str, Fraction]] = {}
        for id, tally in found.items():
            if _has_place(rule, tally):
                among = tally.unit.unit_group if rule.among == "group" else ""
                values.setdefault(among, {})[id] = _compared_value(rule, tally) * (1 if rule.fewer else -1)
        for peers in values.values():
            taking = sorted(value for id, value in peers.items() if found[id].case_rows >= rule.apart_below)
            for id, value in peers.items():
                place = 1 + bisect_left(taking, value)
                found[id] = replace(found[id], places={**found[id].places, rule.id: place})
    return found


def _has_place(rule: Rule, tally: UnitTally) -> bool:
    measured = not {rule.measure, rule.part, rule.of} & tally.lacking
    return rule.is_for(tally.unit.unit_group) and measured and not _too_few(rule, tally)


def _compared_value(rule: Rule, tally: UnitTally) -> Fraction:
    if rule.is_rate:
        return rule.printed(tally.count(rule.part), tally.count(rule.of))
    return Fraction(tally.count(rule.measure))


def without_data(rulebook: Rulebook, tally: UnitTally) -> set[str]:
    """The items of which no rule has anything to be judged by; an item without rules is none of them."""
    rules: dict[str, list[bool]] = {}
    for rule in rulebook.rules.values():
        if rule.is_for(tally.unit.unit_group):
            rules.setdefault(rule.item, []).append(unmeasured(rule, tally))
    return {item for item, found in rules.items() if all(found)}


def left_out(rulebook: Rulebook, readings: Mapping[str, str], tally: UnitTally) -> set[str]:
    """The items that do not count for a unit; one with an assessed rule only where a missing mark leaves it out."""
    counted = {id: item for id, item in rulebook.items.items() if item.without_data(readings) in LEAVES_OUT}
    if not counted:
        return set()
    stay = {
        rule.item
        for rule in rulebook.rules.values()
        if rule.kind == "assessed" and rulebook.items[rule.item].without_mark(readings) not in LEAVES_OUT
    }
    return {id for id in without_data(rulebook, tally) - stay if id in counted and counted[id].full_marks}


def spans(rule: Rule, readings: Mapping[str, str], months: tuple[str, ...]) -> tuple[str, ...]:
    """The months that a rule tests and in which it holds, or ("",) for the period as a whole."""
    if chosen(rule.per, readings) in BY_MONTH:
        return tuple(month for month in months if rule.holds_on(month))
    return (WHOLE,) if rule.holds_on(months[0]) else ()


def is_mean(rule: Rule, readings: Mapping[str, str]) -> bool:
    """Whether a rule's monthly points are averaged instead of added."""
    return chosen(rule.per, readings) == "mean"


# What the sentence of a ledger line is made of: figures and keys, in no language.


# What the words of a rule may name, by kind; those of an occurrence also what its measure quotes.
RATE = ("month", "rate", "part", "of", "points")
FACTS = {
    "occurrence": ("n", "deduct", "points"),
    "density": ("month", "n", "count", "of", "each", "deduct", "points"),
    "rate": (*RATE, "target", "short", "each", "deduct"),
    "worth": (*RATE, "worth"),
    "bands": (*RATE, "n", "count"),
    "by_place": ("place", *RATE, "n", "count"),
    "change": ("now", "before", *RATE, "n", "count"),
    "assessed": ("score", "full", "points"),
    "award": ("points",),
    "merit": ("month", "n", "count", "points"),
}


def sentence(rule: Rule, finding: Finding, readings: dict[str, str]) -> str:
    """The key of the sentence where it is not the rule's own: not measured, or a month of a mean."""
    if finding.sentence:
        return finding.sentence
    return MEAN if is_mean(rule, readings) else ""


def facts(rule: Rule, finding: Finding, places: int = 2) -> dict[str, str]:
    """The figures of a finding by the names that `FACTS` gives them, points rounded as a line.

    ``month`` is ``2026-08``, "" for the period.
    """
    n = plain(Fraction(finding.n, finding.parts))
    given = {"given": "1"} if finding.given else {}
    return {"points": plain(rounded(abs(finding.points), places)), "n": n, **_facts(rule, finding), **given}


def _facts(rule: Rule, finding: Finding) -> dict[str, str]:
    if finding.unmeasured or finding.sentence == AT_MOST:
        return {}
    if rule.kind == "assessed":
        score = Fraction(finding.n, CENT)
        word = {"word": rule.word(score) or plain(score)} if rule.scale else {}
        return {"score": plain(score), "full": plain(Fraction(finding.of, CENT)), **word}
    found = {"deduct": plain(rule.deduct)}
    if rule.kind not in ("occurrence", "award"):
        found = {
            "month": finding.month,
            "count": plain(Fraction(finding.n, finding.parts)),
            "of": plain(Fraction(finding.of, finding.of_parts)),
            "each": plain(rule.each),
            **found,
        }
    if rule.kind == "by_place":
        found |= {"place": str(finding.place)}
    if rule.kind == "change":
        then = (finding.n, finding.of), finding.before
        values = (shown(half_up(rule.printed(*one))) if rule.is_rate else _counted(one[0], finding) for one in then)
        found |= dict(zip(("now", "before"), values, strict=True))
    if rule.is_rate:
        rate = rule.printed(finding.n, finding.of) if finding.of else Fraction(0)
        rate = told_apart(rate, _marks(rule, finding))
        found |= {"rate": digits(rate), "part": found["count"], "worth": plain(rule.worth)}
        if rule.kind == "rate":
            found |= {"target": plain(finding.target), "short": digits(abs(rate - finding.target))}
    return found


def _marks(rule: Rule, finding: Finding) -> list[tuple[Fraction, Fraction]]:
    """Where a rate begins to cost or to bring points, with the steps from there (`told_apart`)."""
    if rule.kind == "rate":
        return [(finding.target, rule.each), (finding.target, rule.over_each)]
    if rule.kind != "bands":
        return []
    bounds = [(band.bound, Fraction(0)) for band in rule.bands if band.test]
    return bounds + [(before.bound, band.each) for before, band in pairwise(rule.bands) if band.each]


def _counted(n: int, finding: Finding) -> str:
    return plain(half_up(Fraction(n, finding.parts)))


def must_know_groups(rulebook: Rulebook, known: Collection[str]) -> None:
    """RulebookRefusal for a rule, a sheet or a verdict for a group which no unit is of: it would never act."""
    named = [("sheets", group) for group in rulebook.sheets]
    named += [(verdict.id, group) for verdict in rulebook.verdicts for group in verdict.groups]
    for rule in rulebook.rules.values():
        named += [(rule.id, group) for group in (*rule.groups, *(one.group for one in rule.targets)) if group != ANY]
    for where, group in named:
        if group not in known:
            near = hint(group, sorted(known))
            raise RulebookRefusal(say("rulebook.no_such_group", rule=where, group=group, hint=near))


def judge(
    rulebook: Rulebook, readings: dict[str, str], tallies: dict[str, UnitTally], months: tuple[str, ...]
) -> tuple[list[Finding], list[Fired]]:
    """Findings of every unit, in unit and rulebook order, and the trace of what fired.

    ContractStop where `missing_assessment=stop` and a score is missing; EngineFault where the engine lost a fact.
    """
    engines = {group: Judge(rulebook.of_group(group), readings, months) for group in ("", *rulebook.sheets)}
    findings, fired = [], []
    for unit_id in sorted(tallies):
        group = tallies[unit_id].unit.unit_group
        found, trace = engines.get(group, engines[""]).judge(tallies[unit_id])
        findings += found
        fired += [Fired(unit_id, "judge", rule, month, text_of(fact)) for rule, month, fact in trace]
    return findings, fired
