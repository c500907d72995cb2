"""The first page of a scorecard: what a head of unit must know in a minute."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from pipelines.model.period import Period
from pipelines.model.points import half_up, points, published, rounded, shown
from pipelines.model.result import Earlier, ScoredPeriod
from pipelines.model.rule import Rulebook
from pipelines.model.score import Loss, PlaceRange, Standing, UnitScore
from pipelines.model.text import plain
from pipelines.views.figures import NOTHING, Say, signed

MOST = 3  # so many causes are named, those that cost most


@dataclass(frozen=True)
class Row:
    """A unit in one quarter: its total, places of how many, the change of the total."""

    period: Period
    total: Fraction
    rank: str
    group_rank: str
    change: str = ""


def summary(score: UnitScore, say: Say, lang: str = "zh", decimals: int = 2) -> str:
    """The arithmetic of the total in one sentence."""
    items = score.items.values()
    lost = -sum((item.brought for item in items if item.deducted < 0), Fraction(0))
    facts = {name: published(getattr(score, name), decimals) for name in ("base", "bonus", "total")}
    facts |= {"full": shown(half_up(score.full_marks)), "lost": shown(rounded(lost, max(2, decimals)))}
    if any(item.times != 1 for item in items):
        return say("pages.summary_times", **facts).into(lang)
    return say("pages.summary_lost" if lost else "pages.summary_clean", **facts).into(lang)


def costliest(score: UnitScore, lines: list[dict], named: dict[str, dict]) -> list[dict]:
    """The causes that would bring most back if they alone fell away, the largest first (`stages.settle`).

    ``points`` is what would come back, ``gross`` what the lines of the cause come to, empty where that is the same.
    A cause has several rules where no single rule of its item would bring anything back.
    """
    sums: dict[str, list[dict]] = {}
    for line in lines:
        if line["points"] < 0 and line["rule_id"] in named:
            sums.setdefault(line["rule_id"], []).append(line)
    found = [loss for loss in score.losses if set(loss.rules) <= sums.keys()]
    return [_cause(loss, [line for rule in loss.rules for line in sums[rule]], named) for loss in found[:MOST]]


def _cause(loss: Loss, lines: list[dict], named: dict[str, dict]) -> dict:
    gross = -sum(line["points"] for line in lines)
    return {
        "rules": [named[rule] for rule in loss.rules],
        "clause": lines[0]["clause"],
        "count": str(len(lines)),
        "points": shown(loss.back),
        "gross": "" if gross == loss.back else str(gross),
    }


@dataclass(frozen=True)
class Past:
    """An earlier quarter with what every scorecard needs of it: how many were ranked, overall ("") and by group."""

    earlier: Earlier
    sizes: Counter


def pasts(result: ScoredPeriod) -> list[Past]:
    """The earlier quarters, the oldest first."""
    return [Past(one, _sizes(one.ranking)) for one in result.earlier]


def _sizes(ranking: dict[str, dict]) -> Counter:
    ranked = [line for line in ranking.values() if line.get("rank")]
    return Counter(["" for _ in ranked] + [line.get("unit_group") or NOTHING for line in ranked])


def trend(result: ScoredPeriod, past: list[Past], standing: Standing, places: tuple[int, int]) -> list[Row]:
    """A row per quarter in which the unit was scored, this one last; none where this is the first.

    ``change`` is against the quarter just before, empty where that one is not known.
    """
    rows = [row for one in past if (row := _past_row(one, standing.unit_id))]
    if not rows:
        return []
    total = result.scores[standing.unit_id].total
    rows.append(Row(result.period, total, _of(standing.rank, places[0]), _of(standing.group_rank, places[1])))
    written = result.rulebook.sum
    return [rows[0], *(_changed(row, before, written) for before, row in pairwise(rows))]


def _past_row(past: Past, unit_id: str) -> Row | None:
    line = past.earlier.ranking.get(unit_id, {})
    try:
        total = half_up(points(str(line["total"])))
    except (KeyError, ValueError, ZeroDivisionError):
        return None
    group = line.get("unit_group") or NOTHING
    return Row(
        past.earlier.period,
        total,
        _of(line.get("rank"), past.sizes[""]),
        _of(line.get("group_rank"), past.sizes[group]),
    )


def _changed(row: Row, before: Row, written: Callable[[Fraction], str]) -> Row:
    near = before.period == row.period.previous
    return replace(row, change=signed(half_up(row.total - before.total), written) if near else "")


def _of(place: object, size: int) -> str:
    return f"{place} / {size}" if place else NOTHING


# How sure a place is, as the box on a scorecard says it.


def box(sure: PlaceRange | None, rulebook: Rulebook, say: Say, lang: str = "zh") -> dict | None:
    """``figures`` (label and value) and ``says`` (the reading that matters most); None for a unit without a place."""
    if sure is None:
        return None
    values = {"place": str(sure.place), "readings": span(*sure.readings), "chance": span(*sure.chance)}
    if not rulebook.readings:
        del values["readings"]
    return {
        "figures": [{"label": say(f"pages.sure_{name}").into(lang), "value": value} for name, value in values.items()],
        "says": _mover(sure, rulebook, say, lang),
    }


def span(best: int, worst: int) -> str:
    """``9—17``, or one place."""
    return str(best) if best == worst else f"{best}—{worst}"


def _mover(sure: PlaceRange, rulebook: Rulebook, say: Say, lang: str) -> str:
    if not rulebook.readings:
        return say("pages.sure_chance_says").into(lang)
    if not sure.mover:
        return say("pages.sure_steady").into(lang)
    id, _, value = sure.mover.partition("=")
    reading = rulebook.readings[id]
    chosen = reading.says[value].into(lang) if value in reading.says else value
    facts = {"reading": plain(reading.title.into(lang)), "value": plain(chosen), "place": sure.moved_to}
    return say("pages.sure_mover", **facts).into(lang)
