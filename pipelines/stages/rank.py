"""Rank: scores → places, and the verdicts that follow from a place."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import groupby
from typing import Any

from pipelines.engines.rete import Match, Pattern, Production, Session
from pipelines.model.condition import BEFORE, Before, Condition, UnitFacts, Value
from pipelines.model.points import added, half_up, plain, points
from pipelines.model.rule import Item, Ranking, Rulebook, Verdict
from pipelines.model.score import APART, Fired, GivenVerdict, Standing, UnitScore
from pipelines.model.tally import UnitTally

# Verdicts by the rule engine: conditions on a unit's standing, and on verdicts given before.


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
    for k, value in enumerate(condition.numbers):
        sides[f"{name}_{k}_has"] = fact.numerator * value.denominator
        sides[f"{name}_{k}_asks"] = value.numerator * fact.denominator
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


def rank(
    rulebook: Rulebook, readings: dict[str, str], tallies: dict[str, UnitTally], scores: dict[str, UnitScore]
) -> list[Standing]:
    """Standings in listing order (readings.md, Rank): the ranked, those apart, the unranked.

    Equal figures share a place: 1, 2, 2, 4.
    """
    how = rulebook.ranking
    figure = {
        unit_id: Fraction(0) if vetoed(rulebook, score) == "total" else getattr(score, rulebook.ranked_by(readings))
        for unit_id, score in scores.items()
    }
    over_all = {id: _share(figure[id], scores[id]) for id in figure} if how.by_share else figure
    why = {id: _why_unranked(tallies[id], how.apart_below, _struck(rulebook, scores[id])) for id in scores}
    groups: dict[str, dict[str, Fraction]] = defaultdict(dict)
    for id in scores:
        if not why[id]:
            groups[tallies[id].unit.unit_group][id] = figure[id]
    overall = places({id: over_all[id] for id in scores if not why[id]}) if how.overall else {}
    inside = {id: place for group in groups.values() for id, place in places(group).items()}

    def listing(id: str) -> tuple[object, ...]:
        """Those with a place first, by group if there is none over all.

        Then figure, base, the book's rate (none last), case rows, each descending; then as the register orders them.
        """
        part, of = map(tallies[id].count, how.listed_by) if how.listed_by else (0, 0)
        rate = Fraction(part, of) if of else Fraction(-1)
        group = "" if how.overall or why[id] else tallies[id].unit.unit_group
        figures = (-over_all[id] if how.overall else -figure[id], -scores[id].base, -rate, -tallies[id].case_rows)
        return bool(why[id]), why[id] != APART, group, *figures, tallies[id].unit.order

    return [
        _standing(tallies[id], overall.get(id), inside.get(id), how, why[id], grade(rulebook, scores[id], tallies[id]))
        for id in sorted(scores, key=listing)
    ]


def grade(rulebook: Rulebook, score: UnitScore, tally: UnitTally) -> str:
    """The grade of a unit's total, read from the top; "" without case rows or without grades."""
    if not rulebook.grades or not tally.case_rows:
        return ""
    if vetoed(rulebook, score) == "grade" and (veto := rulebook.rules[score.veto].veto):
        return veto.grade
    reached = (one.id for one in rulebook.grades if score.total >= one.at_least)
    return next(reached, rulebook.grades[-1].id)


def vetoed(rulebook: Rulebook, score: UnitScore) -> str:
    """What a veto holds against a unit: total, rank, grade; "" for none."""
    veto = rulebook.rules[score.veto].veto if score.veto else None
    return veto.kind if veto else ""


def _struck(rulebook: Rulebook, score: UnitScore) -> tuple[str, ...]:
    return (f"vetoed {score.veto}",) if vetoed(rulebook, score) == "rank" else ()


def _share(figure: Fraction, score: UnitScore) -> Fraction:
    return figure / score.full_marks if score.full_marks else Fraction(0)


def places(figures: dict[str, Fraction]) -> dict[str, int]:
    """A place for each, 1 for the highest figure; equals share one and the next is skipped."""
    found: dict[str, int] = {}
    above = 0
    for _, group in groupby(sorted(figures, key=lambda id: -figures[id]), key=lambda id: figures[id]):
        equals = list(group)
        found |= dict.fromkeys(equals, above + 1)
        above += len(equals)
    return found


def _why_unranked(tally: UnitTally, apart_below: int, struck: tuple[str, ...]) -> tuple[str, ...]:
    reasons = {"not_ranked": not tally.unit.ranked, "no_cases": not tally.case_rows}
    found = (*(note for note, holds in reasons.items() if holds), *struck)
    return found or (APART if tally.case_rows < apart_below else ())


def _standing(
    tally: UnitTally, place: int | None, group_place: int | None, how: Ranking, why: tuple[str, ...], grade: str
) -> Standing:
    part, of = map(tally.count, how.listed_by) if how.listed_by else (0, 0)
    return Standing(tally.unit.unit_id, place, group_place, part, of, tally.case_rows, why, grade)


def give_verdicts(
    rulebook: Rulebook,
    standings: list[Standing],
    scores: dict[str, UnitScore],
    tallies: dict[str, UnitTally],
    before: Before,
    steady: Mapping[str, int] = {},
) -> tuple[list[GivenVerdict], list[Fired]]:
    """Commendations, criticisms and remarks for the ranked units (A0.1), in listing order, and the trace.

    ``before`` is what the quarter before published; ``steady`` how many places chance leaves open to each unit.
    """
    engine, given, fired = Adjudicator(rulebook.verdicts), [], []
    facts = facts_of_units(rulebook, standings, scores, tallies, before, steady)
    for id, known in facts.items():
        spoilt = vetoed(rulebook, scores[id]) == "grade"
        found, trace = engine.adjudicate(id, known, tallies[id].unit.unit_group, spoilt)
        given += found
        fired += trace
    return given, fired


def facts_of_units(
    rulebook: Rulebook,
    standings: list[Standing],
    scores: dict[str, UnitScore],
    tallies: dict[str, UnitTally],
    before: Before,
    steady: Mapping[str, int] = {},
) -> dict[str, dict[str, Value]]:
    """What verdicts may ask of each ranked unit, in listing order: its facts, those before, and what the book names."""
    ranked = [standing for standing in standings if standing.ranked]
    own = _placed_facts({s.unit_id: (tallies[s.unit_id].unit.unit_group, s.rank, s.group_rank or 0) for s in ranked})
    earlier = _facts_before(before, rulebook.items)
    named = {condition.fact: condition.thing for verdict in rulebook.verdicts for condition in verdict.when}
    found = {}
    for standing in ranked:
        id = standing.unit_id
        of_score = _score_facts(scores[id], rulebook.items)
        facts = UnitFacts(
            **own[id], **of_score, case_rows=standing.case_rows, grade=standing.grade or None, steady=steady.get(id)
        )
        of_book = _book_facts(named, rulebook, scores[id], tallies[id])
        found[id] = {**facts.named(), **earlier.get(id, {}), **of_book}
    return found


def _score_facts(score: UnitScore, items: dict[str, Item]) -> dict[str, Any]:
    """Of a unit's score; an item that was not measured is none at zero."""
    zero = [i.item_id for i in score.items.values() if i.full_marks and i.measured and not i.score]
    return {
        "items_at_zero": len(zero),
        "quality_items_at_zero": sum(items[id].quality for id in zero),
        "share": 100 * score.total / score.full_marks if score.full_marks else None,
        **{name: getattr(score, name) for name in ("total", "base", "bonus", "measured_marks", "full_marks")},
    }


def _book_facts(
    named: dict[str, tuple[str, str]], rulebook: Rulebook, score: UnitScore, tally: UnitTally
) -> dict[str, Value]:
    """The rates, measures, items and sections that verdicts name; what was not measured has no value."""
    found = {
        fact: _book_fact(kind, name, rulebook, score, tally) for fact, (kind, name) in named.items() if kind != "fact"
    }
    return {fact: value for fact, value in found.items() if value is not None}


def _book_fact(kind: str, name: str, rulebook: Rulebook, score: UnitScore, tally: UnitTally) -> Value | None:
    if kind == "measure":
        return None if name in tally.lacking else Fraction(tally.count(name), rulebook.measures[name].scale)
    if kind == "rate":
        part, of = name.split("/")
        n = tally.count(of)
        if not n or {part, of} & tally.lacking:
            return None
        rules = (rule for rule in rulebook.rules.values() if (rule.part, rule.of) == (part, of))
        rule = next((rule for rule in rules if rule.round_rate is not None), None)  # it rounds the rate for all (G18)
        return rule.printed(tally.count(part), n) if rule else Fraction(100 * tally.count(part), n)
    sheet = {id: item for id, item in rulebook.items.items() if id in score.items}
    items = [score.items[id] for id, item in sheet.items() if name == (id if kind == "item" else item.section)]
    measured = any(item.measured for item in items)
    return added(item.score for item in items) if measured else None


def _facts_before(before: Before, items: dict[str, Item]) -> dict[str, dict[str, Value]]:
    """What the quarter before published of each unit that was ranked in it, as facts; older tables tell less."""
    ranked = {
        id: (line["unit_group"], int(line["rank"]) if line["rank"] else None, int(line["group_rank"]))
        for id, line in before.ranking.items()
        if (line.get("group_rank") or "").isdecimal() and (line["rank"] or "0").isdecimal()
    }
    placed = _placed_facts(ranked)
    published = {id: _published_facts(before.ranking[id], before.items.get(id, ()), items) for id in ranked}
    return {id: UnitFacts(**placed[id], **published[id]).named(BEFORE) for id in ranked}


def _published_facts(
    line: Mapping[str, str], lines: Sequence[Mapping[str, str]], items: dict[str, Item]
) -> dict[str, Any]:
    """Of the lines of one unit in ranking.csv and items.csv."""
    names = ("total", "base", "bonus", "measured_marks", "case_rows", "steady")
    found = {name: points(line[name]) if line.get(name) else None for name in names}
    full = sum(points(one["full_marks"]) for one in lines)
    measured = [one for one in lines if points(one["full_marks"]) and points(one.get("measured_marks") or 1)]
    zero = [one["item_id"] for one in measured if not points(one["score"])]
    return {
        **found,
        "grade": line.get("grade") or None,
        "full_marks": full if lines else None,
        "share": 100 * found["total"] / full if full and found["total"] is not None else None,
        "items_at_zero": len(zero) if lines else None,
        "quality_items_at_zero": sum(id in items and items[id].quality for id in zero) if lines else None,
    }


def _placed_facts(ranked: dict[str, tuple[str, int | None, int]]) -> dict[str, dict[str, Any]]:
    """Places and sizes by unit from (group, place, place in its group); no place over all where there is none."""
    sizes = Counter(group for group, _, _ in ranked.values())
    of_group: dict[str, dict[str, int]] = defaultdict(dict)
    level = Counter(place for _, place, _ in ranked.values())
    for id, (group, _, place) in ranked.items():
        of_group[group][id] = place
    lower = {id: n for group in of_group.values() for id, n in _from_bottom(group).items()}
    lower_of_all = _from_bottom({id: place for id, (_, place, _) in ranked.items() if place is not None})
    return {
        id: {
            "place": place,
            "group_place": group_place,
            "size": len(ranked),
            "ranked": len(ranked),
            "group_size": sizes[group],
            "from_bottom": lower[id],
            "from_bottom_of_all": lower_of_all.get(id),
            "level": None if place is None else level[place],
            "level_share": None if place is None else Fraction(100 * level[place], len(ranked)),
        }
        for id, (group, place, group_place) in ranked.items()
    }


def _from_bottom(places_of: dict[str, int]) -> dict[str, int]:
    """The place counted from the end, 1 for the last; equals share one."""
    return places({id: Fraction(place) for id, place in places_of.items()})
