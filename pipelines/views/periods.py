"""The list of periods and how each stands, in both languages on one page."""

from dataclasses import dataclass
from datetime import datetime

from pipelines.model.period import SPAN, Period
from pipelines.model.words import Words
from pipelines.views.figures import NOTHING, Say, moment, named, speaking
from pipelines.views.frame import shell

WORDS = (
    "periods_title",
    "periods_says",
    "periods_none",
    "col_period",
    "col_state",
    "col_pages",
    "col_cutoff",
    "moved_here",
    "nav_ranking",
    "nav_bulletin",
    "nav_method",
    "all_editions",
    "newer_run",
)


@dataclass(frozen=True)
class Listed:
    """A period on the list: the manifest of what readers get, its edition, the run's preview, whether it is newer."""

    period: str
    manifest: dict
    edition: str = ""  # in force, "" where nothing is published
    preview: str = ""  # the revision as which the run in force went to the units
    newer: bool = False  # a run that is not what is published


def periods(found: list[Listed], say: Say) -> dict:
    """The page: ``rows`` with ``period_name``, ``state``, the folder that links lead to, ``cutoff``, ``simulated``."""
    kinds = {Period.parse(one.period).kind for one in found}
    say = speaking(say, kinds.pop() if len(kinds) == 1 else SPAN)
    frame = {**shell(say), "period_name": "", "period": "", "simulated": ""}
    texts = {name: say(f"site.{name}") for name in WORDS}
    return {"frame": frame, "words": texts, "rows": [_row(one, say) for one in found]}


def _row(one: Listed, say: Say) -> dict:
    period = Period.parse(one.period)
    return {
        "period": one.period,
        "period_name": Words(named(period), one.period),
        "state": _state(one, say),
        "published": bool(one.edition),
        "folder": f"published/{one.period}/{one.edition}" if one.edition else one.period,
        "newer": one.newer,
        "cutoff": _cutoff(one.manifest),
        "simulated": say("pages.simulated") if one.manifest.get("simulated") else None,
    }


def _state(one: Listed, say: Say) -> Words:
    """Published, with the units as preview, or only computed."""
    if one.edition:
        return say("site.state_published", edition=one.edition)
    return say("site.state_preview", revision=one.preview) if one.preview else say("site.state_computed")


def _cutoff(manifest: dict) -> str:
    try:
        return moment(datetime.fromisoformat(str(manifest["cutoff"])))
    except (KeyError, ValueError):
        return NOTHING
