"""Rank: scores → places, and the verdicts that follow from a place."""

from collections import Counter, defaultdict
from fractions import Fraction
from itertools import groupby

from pipelines.model.points import CENT
from pipelines.model.rule import Rulebook
from pipelines.model.score import Fired, Given, Standing, UnitScore
from pipelines.model.tally import UnitTally

QUALITY = "A3"  # the section whose items count as quality of handling


def rank(
    rulebook: Rulebook, readings: dict[str, str], tallies: dict[str, UnitTally], scores: dict[str, UnitScore]
) -> list[Standing]:
    """Standings in listing order, the unranked last (readings.md, Rank): equal figures share a place, 1, 2, 2, 4."""
    figure = {unit_id: getattr(score, readings["rank_on"]) for unit_id, score in scores.items()}
    listed = sorted(scores, key=lambda id: _listing(figure[id], scores[id], tallies[id]))
    ranked = [id for id in listed if not _why_unranked(tallies[id])]
    overall = places({id: figure[id] for id in ranked})
    groups = defaultdict(dict)
    for id in ranked:
        groups[tallies[id].unit.unit_group][id] = figure[id]
    inside = {id: place for group in groups.values() for id, place in places(group).items()}
    unranked = [id for id in listed if id not in overall]
    return [_standing(tallies[id], overall.get(id), inside.get(id)) for id in (*ranked, *unranked)]


def places(figures: dict[str, Fraction]) -> dict[str, int]:
    """A place for each, 1 for the highest figure; equals share one and the next is skipped."""
    found, above = {}, 0
    for _, equals in groupby(sorted(figures, key=lambda id: -figures[id]), key=lambda id: figures[id]):
        equals = list(equals)
        found |= dict.fromkeys(equals, above + 1)
        above += len(equals)
    return found


def _listing(figure: Fraction, score: UnitScore, tally: UnitTally) -> tuple:
    """Sort key: the ranked figure, base, satisfaction rate (none last), case rows, each descending; then the id."""
    rated = tally.count("rated")
    rate = Fraction(tally.count("satisfied"), rated) if rated else Fraction(-1)
    return -figure, -score.base, -rate, -tally.case_rows, tally.unit.unit_id


def _why_unranked(tally: UnitTally) -> tuple[str, ...]:
    reasons = {"not_ranked": not tally.unit.ranked, "no_cases": not tally.case_rows}
    return tuple(note for note, holds in reasons.items() if holds)


def _standing(tally: UnitTally, place: int | None, group_place: int | None) -> Standing:
    return Standing(
        tally.unit.unit_id, place, group_place,
        tally.count("satisfied"), tally.count("rated"), tally.case_rows, _why_unranked(tally),
    )


def give_verdicts(
    rulebook: Rulebook,
    standings: list[Standing],
    scores: dict[str, UnitScore],
    tallies: dict[str, UnitTally],
    previous: dict[str, dict],
) -> tuple[list[Given], list[Fired]]:
    """Commendations, criticisms and remarks for the ranked units (A0.1), in listing order, and the trace.

    ``previous`` maps unit_id to its line in the ranking of the quarter before; empty where there is none.
    """
    from pipelines.engines.verdicts import Adjudicator

    engine = Adjudicator(rulebook.verdicts)
    before = _previous_facts(previous)
    sizes = Counter(tallies[s.unit_id].unit.unit_group for s in standings if s.rank)
    lower = _from_bottom({s.unit_id: (tallies[s.unit_id].unit.unit_group, s.group_rank) for s in standings if s.rank})
    given, fired = [], []
    for standing in standings:
        if standing.rank is None:
            continue
        id = standing.unit_id
        facts = {
            "place": standing.rank, "group_place": standing.group_rank, "from_bottom": lower[id],
            "group_size": sizes[tallies[id].unit.unit_group], "case_rows": standing.case_rows,
            **_score_facts(scores[id]), **before.get(id, {}),
        }
        found, trace = engine.adjudicate(id, facts)
        given += found
        fired += trace
    return given, fired


def _score_facts(score: UnitScore) -> dict[str, int]:
    zero = [item.item_id for item in score.items.values() if item.full_marks and not item.score]
    return {
        "items_at_zero": len(zero),
        "quality_items_at_zero": sum(id.startswith(QUALITY) for id in zero),
        "total_hundredths": (score.total * CENT).numerator,
        "base_hundredths": (score.base * CENT).numerator,
        "bonus_hundredths": (score.bonus * CENT).numerator,
    }


def _previous_facts(previous: dict[str, dict]) -> dict[str, dict[str, int]]:
    """What the ranking of the quarter before says of each unit that was ranked in it."""
    ranked = {
        id: (line["unit_group"], int(line["group_rank"]))
        for id, line in previous.items()
        if (line.get("group_rank") or "").isdecimal()
    }
    sizes = Counter(group for group, _ in ranked.values())
    lower = _from_bottom(ranked)
    return {
        id: {"previous_group_place": place, "previous_group_size": sizes[group], "previous_from_bottom": lower[id]}
        for id, (group, place) in ranked.items()
    }


def _from_bottom(ranked: dict[str, tuple[str, int]]) -> dict[str, int]:
    """The place counted from the group's end, 1 for the last; equals share one."""
    groups = defaultdict(dict)
    for id, (group, place) in ranked.items():
        groups[group][id] = place
    return {id: place for group in groups.values() for id, place in places(group).items()}
