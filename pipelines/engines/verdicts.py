"""Verdicts by the rule engine: conditions on a unit's standing, and on verdicts given before."""

from pipelines.engines.rete import Match, Production, Session, text_of
from pipelines.model.rule import Verdict
from pipelines.model.score import Fired, Given

TESTS = {"at_least": "$gte", "at_most": "$lte"}


class Adjudicator:
    """The verdicts of a rulebook, compiled for the rule engine in rounds.

    A verdict that leans on others (`also`, `unless`) belongs to a later round than they do: the engine
    looks for what is absent only once, so everything that could be there must be there by then.
    """

    def __init__(self, verdicts: tuple[Verdict, ...]):
        self._verdicts = {verdict.id: verdict for verdict in verdicts}
        self._rounds = rounds(verdicts)
        kinds = [{"kind": "standing"}, {"kind": "round"}, {"kind": "given"}]
        self._session = Session([self._production(verdict) for verdict in verdicts], kinds)

    def adjudicate(self, unit_id: str, facts: dict[str, int]) -> tuple[list[Given], list[Fired]]:
        """The verdicts on one unit, in the order of the rulebook, and the trace."""
        turns = [[{"kind": "round", "round": k}] for k in sorted(set(self._rounds.values()))]
        firings = self._session.run(unit_id, [{"kind": "standing", **facts}], *turns)
        found = {firing.rule: firing for firing in firings}
        given = [found[id].result for id in self._verdicts if id in found]
        fired = [Fired(unit_id, "verdict", firing.rule, "", text_of(_bare(firing.fact))) for firing in firings]
        return given, fired

    def _production(self, verdict: Verdict) -> Production:
        tests = [{"kind": "standing"}, *(_test(c.fact, c.test, c.value) for c in verdict.when)]
        turn = {"$and": [{"kind": "round"}, {"round": self._rounds[verdict.id]}]}
        return Production(
            verdict.id,
            ({"$and": tests}, turn, *map(_was_given, verdict.also)),
            lambda match: self._give(verdict, match),
            tuple(map(_was_given, verdict.unless)),
        )

    def _give(self, verdict: Verdict, match: Match) -> Given:
        match.tell({"kind": "given", "verdict": verdict.id})
        used = dict.fromkeys(condition.fact for condition in verdict.when)
        return Given(match.unit_id, verdict.id, tuple((name, str(match.fact[name])) for name in used))


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


def _test(fact: str, test: str, value: int) -> dict:
    return {fact: value} if test == "equals" else {TESTS[test]: {fact: value}}


def _was_given(id: str) -> dict:
    return {"$and": [{"kind": "given"}, {"verdict": id}]}


def _bare(fact: dict) -> dict:
    return {name: value for name, value in fact.items() if name != "kind"}
