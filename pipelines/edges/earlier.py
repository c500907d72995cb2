"""The quarters before one: read from the editions in force, and from runs where nothing is published."""

import json
from collections.abc import Iterator
from pathlib import Path

from pipelines.edges.fingerprints import file_sha256
from pipelines.edges.published import PublishedQuarter
from pipelines.edges.shelf import MANIFEST
from pipelines.edges.wording import say
from pipelines.model.earlier import Earlier
from pipelines.model.period import Period
from pipelines.model.refusals import UsageRefusal

EDITIONS, INDEX, RANKING = "published", "index.json", "ranking.csv"


def earlier_quarters(out: Path, period: Period) -> tuple[Earlier, ...]:
    """Every quarter before ``period`` that lies in ``out``, the oldest first; UsageRefusal for a damaged one.

    A quarter counts with its published edition in force, else with its run.
    """
    found = {before for before in periods_in(out) if before < period}
    folders = {before: edition_in_force(out, before) or out / str(before) for before in sorted(found)}
    return tuple(_read(before, folder) for before, folder in folders.items() if (folder / RANKING).is_file())


def edition_in_force(out: Path, period: object) -> Path | None:
    """The folder of a quarter's newest published edition, None where none is published."""
    place = out / EDITIONS / str(period)
    try:
        editions = json.loads((place / INDEX).read_text(encoding="utf-8"))["editions"]
        return place / str(int(editions[0]["folder"])) if editions else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageRefusal(say("published.damaged", folder=place)) from None


def periods_in(out: Path) -> Iterator[Period]:
    """Every quarter that has a run or an edition in ``out``; one that has both comes twice."""
    for entry in (*_entries(out), *_entries(out / EDITIONS)):
        try:
            yield Period.parse(entry.name)
        except ValueError:
            continue


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _read(period: Period, folder: Path) -> Earlier:
    quarter = PublishedQuarter.open(folder)
    ranking = file_sha256(quarter.folder / RANKING)
    file = quarter.folder / MANIFEST
    if not file.is_file():
        return Earlier(period, quarter.ranking, ranking_sha256=ranking)
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        figures = {name: int(n) for name, n in told.get("figures", {}).items()}
        basis = (told["rulebook"]["sha256"], tuple(sorted(told["readings"].items())))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise UsageRefusal(say("published.damaged", folder=folder)) from None
    return Earlier(period, quarter.ranking, figures, basis, ranking, file_sha256(file))
