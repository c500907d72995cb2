"""The list of published quarters, in both languages on one page."""

from datetime import datetime

from pipelines.model.period import Period
from pipelines.views.figures import Say, moment, quarter
from pipelines.views.frame import shell

WORDS = ("quarters_title", "quarters_says", "quarters_none", "col_quarter", "col_pages", "col_cutoff", "moved_here")


def quarters(manifests: dict[str, dict], say: Say) -> dict:
    """The page of ``manifests`` by period, in their order: ``rows`` with ``period``, ``cutoff``, ``simulated``."""
    frame = {**shell(say), "quarter": "", "period": "", "simulated": ""}
    texts = {name: say(f"site.{name}") for name in WORDS}
    return {"frame": frame, "words": texts, "rows": [_row(name, facts, say) for name, facts in manifests.items()]}


def _row(name: str, facts: dict, say: Say) -> dict:
    return {
        "period": name,
        "quarter": quarter(Period.parse(name)),
        "cutoff": moment(datetime.fromisoformat(facts["cutoff"])),
        "simulated": say("pages.simulated") if facts["simulated"] else None,
    }
