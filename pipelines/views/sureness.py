"""How sure a place is, as the box on a scorecard says it."""

from pipelines.model.rule import Rulebook
from pipelines.model.score import Sure
from pipelines.model.text import plain
from pipelines.views.figures import Say


def box(sure: Sure | None, rulebook: Rulebook, say: Say, lang: str = "zh") -> dict | None:
    """``figures`` (label and value) and ``says`` (the reading that matters most); None for a unit without a place."""
    if sure is None:
        return None
    values = {"place": str(sure.place), "readings": span(*sure.readings), "chance": span(*sure.chance)}
    return {
        "figures": [{"label": say(f"pages.sure_{name}").into(lang), "value": value} for name, value in values.items()],
        "says": _mover(sure, rulebook, say, lang),
    }


def span(best: int, worst: int) -> str:
    """``9—17``, or one place."""
    return str(best) if best == worst else f"{best}—{worst}"


def _mover(sure: Sure, rulebook: Rulebook, say: Say, lang: str) -> str:
    if not sure.mover:
        return say("pages.sure_steady").into(lang)
    id, _, value = sure.mover.partition("=")
    reading = rulebook.readings[id]
    chosen = reading.says[value].into(lang) if value in reading.says else value
    facts = {"reading": plain(reading.title.into(lang)), "value": plain(chosen), "place": sure.moved_to}
    return say("pages.sure_mover", **facts).into(lang)
