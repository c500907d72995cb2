"""Rank: scores → places, and the verdicts that follow from a place."""

from collections import Counter, defaultdict
from fractions import Fraction
from itertools import groupby

from pipelines.model.points import CENT, points
from pipelines.model.rule import Item, Rulebook
from pipelines.model.score import Fired, GivenVerdict, Standing, UnitScore
from pipelines.model.tally import UnitTally


def rank(
    rulebook: Rulebook, readings: dict[str, str], tallies: dict[str, UnitTally], scores: dict[str, UnitScore]
) -> list[Standing]:
    """Standings in listing order, the unranked last (readings.md, Rank): equal figures share a place, 1, 2, 2, 4."""
    figure = {unit_id: getattr(score, rulebook.ranked_by(readings)) for unit_id, score in scores.items()}
    listed = sorted(scores, key=lambda id: _listing(figure[id], scores[id], tallies[id], rulebook.listed_by))
    ranked = [id for id in listed if not _why_unranked(tallies[id])]
    overall = places({id: figure[id] for id in ranked})
    groups = defaultdict(dict)
    for id in ranked:
        groups[tallies[id].unit.unit_group][id] = figure[id]
    inside = {id: place for group in groups.values() for id, place in places(group).items()}
    unranked = [id for id in listed if id not in overall]
    return [_standing(tallies[id], overall.get(id), inside.get(id), rulebook.listed_by) for id in (*ranked, *unranked)]


def places(figures: dict[str, Fraction]) -> dict[str, int]:
    """A place for each, 1 for the highest figure; equals share one and the next is skipped."""
    found, above = {}, 0
    for _, equals in groupby(sorted(figures, key=lambda id: -figures[id]), key=lambda id: figures[id]):
        equals = list(equals)
        found |= dict.fromkeys(equals, above + 1)
        above += len(equals)
    return found


def _listing(figure: Fraction, score: UnitScore, tally: UnitTally, by: tuple[str, str] | None) -> tuple:
    """Sort key: the ranked figure, base, the book's rate (none last), case rows, each descending; then the id."""
    part, of = map(tally.count, by) if by else (0, 0)
    rate = Fraction(part, of) if of else Fraction(-1)
    return -figure, -score.base, -rate, -tally.case_rows, tally.unit.unit_id


def _why_unranked(tally: UnitTally) -> tuple[str, ...]:
    reasons = {"not_ranked": not tally.unit.ranked, "no_cases": not tally.case_rows}
    return tuple(note for note, holds in reasons.items() if holds)


def _standing(tally: UnitTally, place: int | None, group_place: int | None, by: tuple[str, str] | None) -> Standing:
    part, of = map(tally.count, by) if by else (0, 0)
    return Standing(tally.unit.unit_id, place, group_place, part, of, tally.case_rows, _why_unranked(tally))


def give_verdicts(
    rulebook: Rulebook,
    standings: list[Standing],
    scores: dict[str, UnitScore],
    tallies: dict[str, UnitTally],
    previous: dict[str, dict],
) -> tuple[list[GivenVerdict], list[Fired]]:
    """Commendations, criticisms and remarks for the ranked units (A0.1), in listing order, and the trace.

    ``previous`` maps unit_id to its line in the ranking of the quarter before; empty where there is none.
    """
    from pipelines.engines.verdicts import Adjudicator

    engine = Adjudicator(rulebook.verdicts)
    ranked = [standing for standing in standings if standing.rank is not None]
    groups = {s.unit_id: tallies[s.unit_id].unit.unit_group for s in ranked}
    own = _placed_facts({s.unit_id: (groups[s.unit_id], s.rank, s.group_rank) for s in ranked})
    before = _previous_facts(previous)
    level = Counter(standing.rank for standing in ranked)
    named = {condition.fact: condition.thing for verdict in rulebook.verdicts for condition in verdict.when}
    given, fired = [], []
    for standing in ranked:
        id = standing.unit_id
        facts = {
            **own[id],
            "ranked": len(ranked),
            "level": level[standing.rank],
            "level_share": Fraction(100 * level[standing.rank], len(ranked)),
            "case_rows": standing.case_rows,
            **_score_facts(scores[id], rulebook.items),
            **before.get(id, {}),
            **_book_facts(named, rulebook, scores[id], tallies[id]),
        }
        found, trace = engine.adjudicate(id, facts)
        given += found
        fired += trace
    return given, fired


def _score_facts(score: UnitScore, items: dict[str, Item]) -> dict[str, int | Fraction]:
    """Of a unit's score; an item that was not measured is none at zero."""
    zero = [i.item_id for i in score.items.values() if i.full_marks and i.measured and not i.score]
    facts = {
        "items_at_zero": len(zero),
        "quality_items_at_zero": sum(items[id].quality for id in zero),
        **{name: getattr(score, name) for name in ("total", "base", "bonus", "measured_marks", "full_marks")},
        **{f"{name}_hundredths": getattr(score, name) * CENT for name in ("total", "base", "bonus")},
    }
    return facts | ({"share": 100 * score.total / score.full_marks} if score.full_marks else {})


def _book_facts(
    named: dict[str, tuple[str, str]], rulebook: Rulebook, score: UnitScore, tally: UnitTally
) -> dict[str, int | Fraction]:
    """The rates, measures, items and sections that verdicts name; what was not measured has no value."""
    found = {
        fact: _book_fact(kind, name, rulebook, score, tally) for fact, (kind, name) in named.items() if kind != "fact"
    }
    return {fact: value for fact, value in found.items() if value is not None}


def _book_fact(kind: str, name: str, rulebook: Rulebook, score: UnitScore, tally: UnitTally) -> int | Fraction | None:
    if kind == "measure":
        return None if name in tally.lacking else tally.count(name)
    if kind == "rate":
        part, of = name.split("/")
        n = tally.count(of)
        return Fraction(100 * tally.count(part), n) if n and not {part, of} & tally.lacking else None
    items = [score.items[id] for id, item in rulebook.items.items() if name == (id if kind == "item" else item.section)]
    measured = any(item.measured for item in items)
    return sum((item.score for item in items), Fraction(0)) if measured else None


def _previous_facts(previous: dict[str, dict]) -> dict[str, dict[str, int | Fraction]]:
    """What the ranking of the quarter before says of each unit that was ranked in it."""
    ranked = {
        id: (line["unit_group"], *(int(line[name]) for name in ("rank", "group_rank")))
        for id, line in previous.items()
        if all((line.get(name) or "").isdecimal() for name in ("rank", "group_rank"))
    }
    placed = _placed_facts(ranked)
    figures = ("total", "base", "bonus", "measured_marks", "case_rows")
    return {
        id: {
            f"previous_{name}": value
            for name, value in {
                **placed[id],
                **{name: points(previous[id][name]) for name in figures if previous[id].get(name)},
            }.items()
        }
        for id in ranked
    }


def _placed_facts(ranked: dict[str, tuple[str, int, int]]) -> dict[str, dict[str, int]]:
    """Places and sizes by unit from (group, place, place in its group)."""
    sizes, of_group = Counter(group for group, _, _ in ranked.values()), defaultdict(dict)
    for id, (group, _, place) in ranked.items():
        of_group[group][id] = place
    lower = {id: n for group in of_group.values() for id, n in _from_bottom(group).items()}
    lower_of_all = _from_bottom({id: place for id, (_, place, _) in ranked.items()})
    return {
        id: {
            "place": place,
            "group_place": group_place,
            "size": len(ranked),
            "group_size": sizes[group],
            "from_bottom": lower[id],
            "from_bottom_of_all": lower_of_all[id],
        }
        for id, (group, place, group_place) in ranked.items()
    }


def _from_bottom(places_of: dict[str, int]) -> dict[str, int]:
    """The place counted from the end, 1 for the last; equals share one."""
    return places({id: Fraction(place) for id, place in places_of.items()})
