"""What became of the period's objections, in a sentence: how many, how decided, how long it took."""

from collections import Counter
from collections.abc import Collection
from fractions import Fraction

from pipelines.model.points import rounded
from pipelines.views.figures import Say, known, listed, plainly

REFUSED = "refuse"


def told(decisions: Collection[dict], say: Say, lang: str = "zh") -> str:
    """The sentence; "" where nothing was decided.

    ``decisions`` hold action, received_on, answer_by, decided_on. Days are calendar days from receipt to decision.
    """
    if not decisions:
        return ""
    counts = Counter(one["action"] for one in decisions)
    parts = [
        say("bulletin.decided", what=known(say, f"pages.action_{action}", action, lang), n=n).into(lang)
        for action, n in sorted(counts.items(), key=lambda one: (one[0] == REFUSED, -one[1], one[0]))
    ]
    found = say("bulletin.objections", n=len(decisions), parts=listed(parts, lang)).into(lang)
    days = [(one["decided_on"] - one["received_on"]).days for one in decisions if one["received_on"]]
    if days:
        facts = {"n": len(days), "days": plainly(rounded(Fraction(sum(days), len(days)), 1)), "longest": max(days)}
        found += say("bulletin.objections_took", **facts).into(lang)
    if late := sum(bool(one["answer_by"]) and one["decided_on"] > one["answer_by"] for one in decisions):
        found += say("bulletin.objections_late", n=late).into(lang)
    return found + say("bulletin.full_stop").into(lang)
