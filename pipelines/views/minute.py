"""The first page of a scorecard: what a head of unit must know in a minute."""

from fractions import Fraction

from pipelines.model.assessment import Assessment
from pipelines.model.points import half_up, points, shown
from pipelines.model.score import Standing, UnitScore
from pipelines.views.figures import NOTHING, Say, quarter, signed

MOST = 3  # so many causes are named, those that cost most


def summary(score: UnitScore, say: Say) -> str:
    """The arithmetic of the total in one sentence."""
    items = score.items.values()
    lost = -sum((item.deducted for item in items if item.deducted < 0), Fraction(0))
    facts = {"base": shown(score.base), "bonus": shown(score.bonus), "total": shown(score.total)}
    full = shown(sum((item.full_marks for item in items), Fraction(0)))
    return say("pages.summary_lost" if lost else "pages.summary_clean", full=full, lost=shown(lost), **facts).zh


def costliest(lines: list[dict], named: dict[str, dict]) -> list[dict]:
    """The rules that cost most, the dearest first: title, clause, lines that count, points lost, remedy."""
    sums: dict[str, list[dict]] = {}
    for line in lines:
        if line["points"] < 0 and line["rule_id"] in named:
            sums.setdefault(line["rule_id"], []).append(line)
    ordered = sorted(sums.items(), key=lambda pair: (sum(line["points"] for line in pair[1]), pair[0]))
    return [
        {
            **named[rule_id],
            "clause": found[0]["clause"],
            "count": str(len(found)),
            "points": str(-sum(line["points"] for line in found)),
        }
        for rule_id, found in ordered[:MOST]
    ]


def trend(assessment: Assessment, standing: Standing, places: tuple[int, int]) -> list[dict]:
    """A row per published quarter, this one last: quarter, total, change, place, place in the group."""
    score = assessment.scores[standing.unit_id]
    now = {
        "quarter": quarter(assessment.period),
        "total": shown(score.total),
        "rank": _of(standing.rank, places[0]),
        "group_rank": _of(standing.group_rank, places[1]),
    }
    before = assessment.previous.get(standing.unit_id, {})
    try:
        was = points(str(before["total"]))
        change = signed(half_up(score.total - was))
    except (KeyError, ValueError, ZeroDivisionError):
        return []
    ranked = [line for line in assessment.previous.values() if line.get("rank")]
    earlier = {
        "quarter": quarter(assessment.period.previous),
        "total": shown(half_up(was)),
        "rank": _of(before.get("rank"), len(ranked)),
        "group_rank": _of(before.get("group_rank"), sum(line.get("unit_group") == before.get("unit_group")
                                                        for line in ranked)),
        "change": "",
    }
    return [earlier, {**now, "change": change}]


def _of(place: object, size: int) -> str:
    return f"{place} / {size}" if place else NOTHING
