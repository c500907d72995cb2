"""A finished run's folder, believed only where it is whole: manifest, tables, and tallies that give its ranking."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path

from pipelines.edges.fingerprints import file_sha256
from pipelines.edges.published import PublishedQuarter
from pipelines.edges.run_folders import MANIFEST
from pipelines.edges.tallies import RULEBOOK
from pipelines.model.period import Period
from pipelines.model.points import CENT
from pipelines.model.refusals import RulebookRefusal, UsageRefusal, VerificationFailed
from pipelines.model.rule import Rulebook
from pipelines.rulebook import load_rulebook, periods_of
from pipelines.wording import say


@dataclass(frozen=True)
class Manifest:
    """What the laboratory needs of `manifest.json`; ``outputs`` are sha256 by file."""

    period: Period
    readings: Mapping[str, str]
    simulated: bool
    cutoff: datetime
    outputs: Mapping[str, str]

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Of a finished run's folder; UsageRefusal where it cannot be understood."""
        with readable(folder, folder / MANIFEST):
            found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            return cls(
                Period.parse(found["period"]),
                dict(found["readings"]),
                bool(found["simulated"]),
                datetime.fromisoformat(found["cutoff"]),
                dict(found.get("outputs", {})),
            )


@contextmanager
def readable(folder: Path, file: Path | None = None) -> Iterator[None]:
    """UsageRefusal instead of whatever a damaged file does to its reader."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError):  # Arrow's own are among them
        raise UsageRefusal(say("laboratory.damaged", file=file or folder)) from None


def table_of(folder: Path, name: str, outputs: Mapping[str, str]) -> Path:
    """A published table; UsageRefusal where it is missing, VerificationFailed where it is not what the run wrote."""
    file = folder / name
    if not file.is_file():
        raise UsageRefusal(say("laboratory.damaged", file=file))
    if name in outputs and file_sha256(file) != outputs[name]:
        raise VerificationFailed(say("laboratory.tampered", file=file))
    return file


def as_scored(folder: Path, period: Period) -> Period:
    """The period as the run's own edition counts years; UsageRefusal as below."""
    try:
        return period.under(periods_of(folder / RULEBOOK).year_starts)
    except RulebookRefusal as problem:
        raise UsageRefusal(say("laboratory.other_rulebook", why=problem.words)) from None


def rulebook_of(folder: Path, period: Period) -> Rulebook:
    """The edition that a run was scored by; UsageRefusal where this version does not understand it."""
    try:
        return load_rulebook(folder / RULEBOOK, period)
    except RulebookRefusal as problem:
        raise UsageRefusal(say("laboratory.other_rulebook", why=problem.words)) from None


def must_be_as_published(scenario) -> None:
    """VerificationFailed where the tallies under the run's own rules do not give the ranking that it published."""
    folder = scenario.quarter.folder
    if not (folder / "ranking.csv").is_file():
        return
    listed = PublishedQuarter.open(folder).ranking
    scores, columns = scenario.scores, (scenario.scores.base, scenario.scores.bonus, scenario.placed.place)
    for id, base, bonus, place in zip(scores.unit_ids, *(column.tolist() for column in columns), strict=True):
        line = listed.pop(id, {})
        found = (Fraction(base, CENT), Fraction(bonus, CENT), str(place or ""))
        if not line or found != (Fraction(line["base"]), Fraction(line["bonus"]), line["rank"]):
            raise VerificationFailed(say("laboratory.not_as_published", unit=id, folder=folder))
    for id in listed:
        raise VerificationFailed(say("laboratory.not_as_published", unit=id, folder=folder))
