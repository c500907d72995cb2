"""What changed since the quarter before, where that one is published: totals of all, and who rose."""

from fractions import Fraction

from pipelines.model.assessment import Assessment
from pipelines.model.points import half_up, shown
from pipelines.model.score import Standing
from pipelines.views.figures import Say

RISEN = 3  # so many units are named that rose most


def whole(assessment: Assessment, say: Say) -> str:
    """A sentence on all units' case rows and mean total beside the quarter before; empty where it is not published."""
    before = [line for line in assessment.previous.values() if _number(line.get("total")) is not None]
    ranked = [_number(line["total"]) for line in before if line.get("rank")]
    now = [assessment.scores[s.unit_id].total for s in assessment.standings if s.rank is not None]
    if not ranked or not now:
        return ""
    rows = sum(s.case_rows for s in assessment.standings) - sum(int(_number(b.get("case_rows")) or 0) for b in before)
    means = [half_up(sum(totals, Fraction(0)) / len(totals)) for totals in (ranked, now)]
    return say(
        "bulletin.compared",
        rows=_change(say, Fraction(rows), str(abs(rows)), "rows"),
        mean=_change(say, means[1] - means[0], shown(abs(means[1] - means[0])), "mean"),
        before=shown(means[0]),
    ).zh


def risen(assessment: Assessment, say: Say) -> list[str]:
    """The units that gained most places and points, the largest gain first."""
    gains = sorted(_gains(assessment), key=lambda gain: (-gain[0], gain[1].rank, gain[1].unit_id))
    return [_risen(assessment, standing, say) for places, standing in gains[:RISEN]]


def _gains(assessment: Assessment) -> list[tuple[int, Standing]]:
    found = []
    for standing in assessment.standings:
        before = assessment.previous.get(standing.unit_id, {})
        place, total = _number(before.get("rank")), _number(before.get("total"))
        if None in (place, total, standing.rank):
            continue
        if place > standing.rank and assessment.scores[standing.unit_id].total > total:
            found.append((int(place) - standing.rank, standing))
    return found


def _risen(assessment: Assessment, standing: Standing, say: Say) -> str:
    before, total = assessment.previous[standing.unit_id], assessment.scores[standing.unit_id].total
    was = _number(before["total"])
    return say(
        "bulletin.risen", name=assessment.tallies[standing.unit_id].unit.unit_name, was=before["rank"],
        rank=standing.rank, before=shown(was), total=shown(total), gain=shown(total - was),
    ).zh  # fmt: skip


def _change(say: Say, change: Fraction, size: str, what: str):
    direction = "up" if change > 0 else "down" if change < 0 else "same"
    return say(f"bulletin.{what}_{direction}", n=size)


def _number(text: object) -> Fraction | None:
    """A figure of a published table, nothing where it is empty or no figure of two decimals."""
    try:
        value = Fraction(str(text))
        return value if half_up(value) == value else None
    except (ValueError, ZeroDivisionError):
        return None
