"""Rules as productions of the rule engine, and a unit's tally as the whole-number facts that they fire on."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from math import ceil, floor

from pipelines.engines.rete import Fact, Match, Production, Session
from pipelines.model.contract import AWARDS
from pipelines.model.points import CENT, half_up, hundredths, shown
from pipelines.model.refusals import ContractStop
from pipelines.model.rule import Rule, Rulebook, chosen
from pipelines.model.score import MEAN, UNMEASURED, Finding
from pipelines.model.tally import UnitTally
from pipelines.wording import say

STEPS: dict[str, Callable[[Fraction], int | Fraction]] = {"whole_steps": floor, "pro_rata": Fraction, "any_part": ceil}
WHOLE = ""
BY_MONTH = ("sum", "mean")  # what `per` says of rules that test every month
TESTS = {
    "occurrence": {"$gt": {"n": 0}},
    "rate": {"$lt": {"have": {"$m": "need"}}},
    "assessed": {"$lt": {"score": {"$m": "full"}}},
    "award": {"$gt": {"n": 0}},
}


class Judge:
    """The rulebook under the readings in force, compiled for the rule engine; units come one after another."""

    def __init__(self, rulebook: Rulebook, readings: dict[str, str], months: tuple[str, ...]) -> None:
        self.rulebook, self.readings, self.months = rulebook, readings, months
        rules = rulebook.rules.values()
        self._session = Session(
            [*(self._production(rule) for rule in rules), *(self._without_data(rule) for rule in rules)],
            [{"rule": id} for id in rulebook.rules],
        )
        self._order = {id: k for k, id in enumerate(rulebook.rules)}

    def judge(self, tally: UnitTally) -> tuple[list[Finding], list[tuple[str, str, Fact]]]:
        """A unit's findings in the order of the rulebook, and (rule, month, fact) for each rule that fired."""
        self._awards = tally.awards
        firings = self._session.run(tally.unit.unit_id, list(self._facts(tally)))
        firings.sort(key=lambda f: (self._order[f.result.rule_id], f.result.month, f.result.ref_id))
        return [f.result for f in firings], [(f.result.rule_id, f.result.month, f.fact) for f in firings]

    def spans(self, rule: Rule) -> tuple[str, ...]:
        """The months that a rate rule tests, or the period as a whole."""
        return spans(rule, self.readings, self.months)

    def _production(self, rule: Rule) -> Production[Finding]:
        then = getattr(self, f"_{rule.kind}")
        return Production(rule.id, ({"$and": [{"rule": rule.id}, TESTS[rule.kind]]},), lambda match: then(rule, match))

    def _without_data(self, rule: Rule) -> Production[Finding]:
        """Under `unmeasured=zero` a rule without data takes all that its item can lose."""
        return Production(
            f"{rule.id} unmeasured",
            ({"$and": [{"rule": rule.id}, {"$gt": {"unmeasured": 0}}]},),
            lambda match: Finding(
                unit_id=match.unit_id,
                rule_id=rule.id,
                item_id=rule.item,
                clause=rule.clause,
                month=WHOLE,
                n=0,
                of=0,
                points=-Fraction(match.fact["unmeasured"], CENT),
                unmeasured=True,
            ),
        )

    def _occurrence(self, rule: Rule, match: Match) -> Finding:
        n = match.fact["n"]
        return self._finding(rule, match, n=n, points=-n * rule.deduct)

    def _rate(self, rule: Rule, match: Match) -> Finding:
        part, of = match.fact["part"], match.fact["of"]
        short = rule.target - Fraction(100 * part, of)
        cost = STEPS[chosen(rule.mode, self.readings)](short / rule.each) * rule.deduct
        if is_mean(rule, self.readings):
            cost = Fraction(cost) / len(self.months)
        return self._finding(rule, match, n=part, of=of, points=-Fraction(cost))

    def _assessed(self, rule: Rule, match: Match) -> Finding:
        short = Fraction(match.fact["score"] - match.fact["full"], CENT)
        return self._finding(rule, match, n=match.fact["score"], of=match.fact["full"], points=short)

    def _award(self, rule: Rule, match: Match) -> Finding:
        return self._finding(rule, match, n=1, points=rule.award, ref=match.fact["award"])

    def _finding(self, rule: Rule, match: Match, n: int, points: Fraction, of: int = 0, ref: int = 0) -> Finding:
        month = match.fact["month"]
        return Finding(
            unit_id=match.unit_id,
            rule_id=rule.id,
            item_id=rule.item,
            clause=rule.clause,
            month=self.months[month - 1] if month else WHOLE,
            n=n,
            of=of,
            points=points,
            ref_id=self._awards[ref - 1].award_id if ref else "",
        )

    def _facts(self, tally: UnitTally) -> Iterator[Fact]:
        for rule in self.rulebook.rules.values():
            if rule.kind != "assessed" and unmeasured(rule, tally):
                yield from self._unmeasured_facts(rule)
            else:
                yield from getattr(self, f"_{rule.kind}_facts")(rule, tally)

    def _unmeasured_facts(self, rule: Rule) -> Iterator[Fact]:
        full = hundredths(self.rulebook.items[rule.item].full_marks)
        if full and self.readings.get("unmeasured") == "zero":
            yield {"rule": rule.id, "month": 0, "unmeasured": full}

    def _occurrence_facts(self, rule: Rule, tally: UnitTally) -> Iterator[Fact]:
        for number, month in enumerate(self.months, 1):
            if n := tally.occurrences(rule.id, rule.measure, month):
                yield {"rule": rule.id, "month": number, "n": n}

    def _rate_facts(self, rule: Rule, tally: UnitTally) -> Iterator[Fact]:
        target = hundredths(rule.target)
        for month in self.spans(rule):
            part, of = (tally.count(measure, month) for measure in (rule.part, rule.of))
            if of:
                number = self.months.index(month) + 1 if month else 0
                # part/of < target % without a division: part × 100 % × 100 hundredths < target × of
                yield {
                    "rule": rule.id,
                    "month": number,
                    "part": part,
                    "of": of,
                    "have": part * 100 * CENT,
                    "need": target * of,
                }

    def _assessed_facts(self, rule: Rule, tally: UnitTally) -> Iterator[Fact]:
        full = self.rulebook.items[rule.item].full_marks
        score = tally.assessed.get(rule.measure)
        if score is None:
            score = self._missing(rule, tally, full)
        yield {"rule": rule.id, "month": 0, "score": hundredths(score), "full": hundredths(full)}

    def _missing(self, rule: Rule, tally: UnitTally, full: Fraction) -> Fraction:
        value = chosen(rule.unassessed, self.readings)
        if value == "stop":
            raise ContractStop(
                say("judge.assessment_missing", unit=tally.unit.unit_id, name=tally.unit.unit_name, item=rule.measure)
            )
        return full if value == "full" else Fraction(0)

    def _award_facts(self, rule: Rule, tally: UnitTally) -> Iterator[Fact]:
        for number, award in enumerate(tally.awards, 1):
            if award.award_type == rule.measure:
                month = self.months.index(f"{award.awarded_on:%Y-%m}") + 1
                yield {"rule": rule.id, "month": month, "n": 1, "award": number}


def unmeasured(rule: Rule, tally: UnitTally) -> bool:
    """Whether nothing is there to judge a rule by: what it counts is not told, or its denominator is empty all through.

    No occurrence of what is told is a measurement; an assessment that is missing is its item's (`unassessed`).
    """
    if rule.kind == "assessed":
        return rule.measure not in tally.assessed
    if rule.kind == "award":
        return AWARDS in tally.lacking
    if rule.kind == "rate":
        return bool({rule.part, rule.of} & tally.lacking) or not tally.count(rule.of)
    return rule.measure in tally.lacking


def spans(rule: Rule, readings: dict[str, str], months: tuple[str, ...]) -> tuple[str, ...]:
    """The months that a rate rule tests, or ("",) for the period as a whole."""
    return months if chosen(rule.per, readings) in BY_MONTH else (WHOLE,)


def is_mean(rule: Rule, readings: dict[str, str]) -> bool:
    """Whether a rule's monthly deductions are averaged instead of added."""
    return chosen(rule.per, readings) == "mean"


# What the sentence of a ledger line is made of: figures and keys, in no language.


# What the words of a rule may name, by kind; those of an occurrence also what its measure quotes.
FACTS = {
    "occurrence": ("n", "deduct", "points"),
    "rate": ("month", "rate", "part", "of", "target", "short", "points", "each", "deduct"),
    "assessed": ("score", "full", "points"),
    "award": ("points",),
}


def sentence(rule: Rule, finding: Finding, readings: dict[str, str]) -> str:
    """The key of the sentence where it is not the rule's own: not measured, or a month of a mean."""
    if finding.unmeasured:
        return UNMEASURED
    return MEAN if is_mean(rule, readings) else ""


def facts(rule: Rule, finding: Finding) -> dict[str, str]:
    """The figures of a finding by the names that `FACTS` gives them; ``month`` is ``2026-08``, "" for the period."""
    return {"points": plain(half_up(abs(finding.points))), "n": str(finding.n), **_facts(rule, finding)}


def _facts(rule: Rule, finding: Finding) -> dict[str, str]:
    if finding.unmeasured:
        return {}
    if rule.kind == "rate":
        rate = Fraction(100 * finding.n, finding.of)
        return {
            "month": finding.month,
            "rate": shown(half_up(rate)),
            "part": str(finding.n),
            "of": str(finding.of),
            "target": plain(rule.target),
            "short": shown(half_up(rule.target - rate)),
            "each": plain(rule.each),
            "deduct": plain(rule.deduct),
        }
    if rule.kind == "assessed":
        return {"score": plain(Fraction(finding.n, CENT)), "full": plain(Fraction(finding.of, CENT))}
    return {"deduct": plain(rule.deduct)}


def plain(value: Fraction) -> str:
    """A value of at most two decimals without needless zeros: 1, 0.5, 92.25."""
    text = shown(value)
    return text.rstrip("0").rstrip(".")
