"""Verdicts by the rule engine: conditions on a unit's standing, and on verdicts given before."""

from collections.abc import Mapping
from fractions import Fraction

from pipelines.engines.rete import Match, Pattern, Production, Session
from pipelines.model.condition import Condition
from pipelines.model.facts import Value
from pipelines.model.points import half_up, plain
from pipelines.model.rule import Verdict
from pipelines.model.score import Fired, GivenVerdict

TESTS = {
    "at_least": ("$gte",),
    "at_most": ("$lte",),
    "more_than": ("$gt",),
    "less_than": ("$lt",),
    "equals": ("$gte", "$lte"),
}
COMMEND, UNSPOILT = "commend", "no_veto"
Facts = Mapping[str, Value]


class Adjudicator:
    """The verdicts of a rulebook, compiled for the rule engine in rounds.

    A verdict that leans on others (`also`, `unless`) belongs to a later round than they do: the engine
    looks for what is absent only once, so everything that could be there must be there by then.

    The engine knows whole numbers only, and facts are exact fractions (points, percent): each comparison reaches it as
    two whole numbers, both sides multiplied by both denominators.
    """

    def __init__(self, verdicts: tuple[Verdict, ...]) -> None:
        self._verdicts = {verdict.id: verdict for verdict in verdicts}
        self._rounds = rounds(verdicts)
        self._conditions = [(f"{verdict.id}_{k}", c) for verdict in verdicts for k, c in enumerate(verdict.when)]
        kinds = [{"kind": "standing"}, {"kind": "round"}, {"kind": "given"}]
        self._session = Session([self._production(verdict) for verdict in verdicts], kinds)

    def adjudicate(
        self, unit_id: str, facts: Facts, group: str = "", spoilt: bool = False
    ) -> tuple[list[GivenVerdict], list[Fired]]:
        """The verdicts on one unit, in the order of the rulebook, and the trace; a fact without a value is left out.

        ``spoilt``: a veto stands in the way of every commendation.
        """
        self._facts = facts
        turns = [[{"kind": "round", "round": k}] for k in sorted(set(self._rounds.values()))]
        standing: dict[str, int | str] = {"kind": "standing"}
        standing |= {_for(id): 1 for id, v in self._verdicts.items() if group in v.groups}
        standing |= {} if spoilt else {UNSPOILT: 1}
        for name, condition in self._conditions:
            if condition.fact in facts:
                standing |= _sides(name, facts[condition.fact], condition)
        firings = self._session.run(unit_id, [standing], *turns)
        found = {firing.rule: firing for firing in firings}
        given = [found[id].result for id in self._verdicts if id in found]
        fired = [
            Fired(unit_id, "verdict", f.rule, "", " ".join(f"{name}={value}" for name, value in f.result.facts))
            for f in firings
        ]
        return given, fired

    def _production(self, verdict: Verdict) -> Production[GivenVerdict]:
        tests: list[Pattern] = [{"kind": "standing"}, *([{_for(verdict.id): 1}] if verdict.groups else ())]
        tests += [{UNSPOILT: 1}] if verdict.list == COMMEND else []
        tests += (_test(f"{verdict.id}_{k}", c) for k, c in enumerate(verdict.when))
        turn = {"$and": [{"kind": "round"}, {"round": self._rounds[verdict.id]}]}
        return Production(
            verdict.id,
            ({"$and": tests}, turn, *map(_was_given, verdict.also)),
            lambda match: self._give(verdict, match),
            tuple(map(_was_given, verdict.unless)),
        )

    def _give(self, verdict: Verdict, match: Match) -> GivenVerdict:
        match.tell({"kind": "given", "verdict": verdict.id})
        used = tuple((name, shown_fact(self._facts[name])) for name in verdict.facts)
        return GivenVerdict(match.unit_id, verdict.id, used)


def rounds(verdicts: tuple[Verdict, ...]) -> dict[str, int]:
    """The round of each verdict: after every verdict that it names; ValueError (its id) for a circle."""
    named = {verdict.id: (*verdict.also, *verdict.unless) for verdict in verdicts}
    found: dict[str, int] = {}

    def of(id: str, path: tuple[str, ...]) -> int:
        if id in path:
            raise ValueError(id)
        if id not in found:
            found[id] = 1 + max((of(other, (*path, id)) for other in named[id]), default=0)
        return found[id]

    for id in named:
        of(id, ())
    return found


def shown_fact(value: Value) -> str:
    """A fact as text: at most two decimals, or the word that it is."""
    return value if isinstance(value, str) else plain(half_up(Fraction(value)))


def _sides(name: str, fact: Value, condition: Condition) -> dict[str, int]:
    """Both sides of a comparison as whole numbers, one pair for each value that it is compared with.

    Of words, 1 and 1 if they are the same.
    """
    sides: dict[str, int] = {}
    if isinstance(fact, str):
        for k, value in enumerate(condition.bounds):
            sides |= {f"{name}_{k}_has": int(fact == value), f"{name}_{k}_asks": 1}
        return sides
    has = Fraction(fact)
    for k, value in enumerate(map(Fraction, condition.numbers)):
        sides[f"{name}_{k}_has"] = has.numerator * value.denominator
        sides[f"{name}_{k}_asks"] = value.numerator * has.denominator
    return sides


def _test(name: str, condition: Condition) -> Pattern:
    if condition.test == "in":
        pairs = [_compared(f"{name}_{k}", "equals") for k in range(len(condition.bounds))]
        return {"$or": pairs} if len(pairs) > 1 else pairs[0]
    return _compared(f"{name}_0", condition.test)


def _compared(name: str, test: str) -> Pattern:
    pairs = [{word: {f"{name}_has": {"$m": f"{name}_asks"}}} for word in TESTS[test]]
    return {"$and": pairs} if len(pairs) > 1 else pairs[0]


def _for(id: str) -> str:
    """The mark of a unit that a verdict with groups is for."""
    return f"{id}_for"


def _was_given(id: str) -> Pattern:
    return {"$and": [{"kind": "given"}, {"verdict": id}]}
