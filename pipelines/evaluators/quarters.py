"""Which periods the evaluators work on at a moment: the one that runs, and the one before until it is published."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from pipelines.edges.run_folders import PUBLISHED
from pipelines.evaluators.desk import STANDARD_RULES, Work
from pipelines.model.project import PLACE
from pipelines.model.refusals import UsageRefusal
from pipelines.rulebook import periods_of
from pipelines.wording import say


def work_at(
    at: datetime,
    exports: str,
    inbox: Path | None,
    out: Path,
    state: Path,
    evaluations: str | None = None,
    rules: Path = STANDARD_RULES,
    readings: Mapping[str, str] | None = None,
) -> Work:
    """The work of the period of ``at`` and, until that is published, of the one before; of the folders that are there.

    ``{period}`` in ``exports`` and ``evaluations`` stands for the period; without it the folder is taken as it is.
    UsageRefusal if no folder is there.
    """
    period = periods_of(rules).holding(at)
    periods = [period, period.previous] if PLACE in exports else [period]
    places = [Path(exports.replace(PLACE, str(one))) for one in periods]
    work = None
    for one, place in reversed(list(zip(periods, places, strict=True))):
        over = one != period and (out / PUBLISHED / str(one)).is_dir()
        if place.is_dir() and not over:
            table = Path(evaluations.replace(PLACE, str(one))) if evaluations else None
            work = Work(place, inbox, state, rules, readings or {}, table, before=work)
    if work is None:
        raise UsageRefusal(say("evaluators.no_exports", folder=places[0], before=places[-1]))
    return work
