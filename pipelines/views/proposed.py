"""What a preview says otherwise than the run that is signed: before publication commendations are proposed (拟)."""

from pipelines.model.words import Words
from pipelines.views.figures import Say

PROPOSED = frozenset({
    "site.verdicts", "site.list_commend", "site.list_criticise", "bulletin.heading_verdicts",
    "scorecard.given_commend", "scorecard.given_criticise",
})  # fmt: skip
PROPOSING = ("commend", "criticise")  # lists of verdicts


def proposing(say: Say) -> Say:
    """``say`` with the sentence ``<key>_proposed`` for every sentence that publication makes final."""

    def proposed(key: str, /, **facts: object) -> Words:
        return say(f"{key}_proposed" if key in PROPOSED else key, **facts)

    return proposed
