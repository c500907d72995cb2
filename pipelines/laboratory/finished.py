"""A finished run's folder, believed only where it is whole, and its scores and lines as pandas frames."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import numpy as np

from pipelines.edges.fingerprints import file_sha256
from pipelines.edges.folders import MANIFEST
from pipelines.edges.published import RULEBOOK, PublishedQuarter, read_flagged
from pipelines.edges.tablefiles import ledger_lines
from pipelines.edges.warehouse import Warehouse
from pipelines.engines.vector import Rescored, in_points, overall_figure, places
from pipelines.lazy import pandas
from pipelines.model.period import Period
from pipelines.model.points import CENT
from pipelines.model.rule import Rulebook
from pipelines.model.score import APART
from pipelines.model.tally import UnitTally
from pipelines.model.text import unguarded
from pipelines.model.words import RulebookRefusal, UsageRefusal, VerificationFailed
from pipelines.rulebook.load import load_rulebook, periods_of
from pipelines.scoring.ledger import write_ledger
from pipelines.stages.measure import given_months
from pipelines.stages.rank import grade
from pipelines.views.figures import notes
from pipelines.views.rules import Lines
from pipelines.views.tables import COUNTS, ITEMS, LEDGER, NUMBERS, RANKING
from pipelines.wording import say

# Scores and ledger lines as pandas frames in the columns of the published files.


def read_csv(file: Path):
    """A published table: points as numbers, counts as nullable whole numbers, everything else as text."""
    types = {name: "float64" if name in NUMBERS else "Int64" for name in (*NUMBERS, *COUNTS)}
    columns = pandas.read_csv(file, nrows=0, encoding="utf-8-sig").columns
    kinds = {name: types.get(name, "str") for name in columns}
    blank = {name: [""] for name, kind in kinds.items() if kind == "Int64"}
    frame = pandas.read_csv(file, encoding="utf-8-sig", dtype=kinds, keep_default_na=False, na_values=blank)
    for name in (name for name, kind in kinds.items() if kind == "str"):
        if frame[name].str.startswith("'").any():
            frame[name] = frame[name].map(unguarded)
    return frame


def ranking(scenario):
    """The ranking of a scenario."""
    scores, placed, period = scenario.scores, scenario.placed, str(scenario.quarter.period)
    units = [scenario.world.registers[id].unit for id in scores.unit_ids]
    apart = say("laboratory.apart").zh
    rows = [
        (
            period,
            units[k].unit_id,
            units[k].unit_name,
            apart if placed.apart[k] else units[k].unit_group,
            float(in_points(scores.base[k])),
            float(in_points(scores.bonus[k])),
            float(in_points(scores.total[k])),
            int(placed.place[k]) or None,
            int(placed.group_place[k]) or None,
            int(scores.case_rows[k]),
            *_of_score(scenario, k),
        )
        for k in placed.order
    ]
    frame = pandas.DataFrame(rows, columns=[name for name in RANKING if name != "steady"])  # that is of a run
    return frame.astype(dict.fromkeys(("rank", "group_rank", "case_rows"), "Int64"))


def _of_score(scenario, k: int) -> tuple[float, str, str]:
    """A unit's measured marks, its grade, and its note."""
    id = scenario.scores.unit_ids[k]
    score = scenario.unit_scores[id]
    given = grade(scenario.rulebook, score, scenario.tallies[id])
    said = notes(say, scenario.placed.notes[k], scenario.rulebook, scenario.quarter.simulated, score.unmeasured_marks)
    return float(score.measured_marks), given, said


def items(scenario):
    """The items of a scenario, units in listing order."""
    period, rows = str(scenario.quarter.period), []
    for k in scenario.placed.order:
        id = scenario.scores.unit_ids[k]
        for item in scenario.unit_scores[id].items.values():
            said = notes(say, item.notes, scenario.rulebook, scenario.quarter.simulated)
            rows.append(
                (
                    period,
                    id,
                    item.item_id,
                    *map(float, (item.full_marks, item.deducted, item.score, item.measured_marks)),
                    said,
                )
            )
    return pandas.DataFrame(rows, columns=list(ITEMS))


def ledger(scenario):
    """The ledger of a scenario by the ledger's own queries; VerificationFailed where it does not add up."""
    scores, entries = scenario.judged
    warehouse = Warehouse()
    try:
        scenario.world.store_rows(warehouse, scenario.rulebook)
        write_ledger(
            warehouse,
            scenario.quarter.period,
            scenario.rulebook,
            scenario.readings,
            entries,
            scores,
            read_flagged(scenario.quarter.folder),
            scenario.world.cube.not_exported(),
            scenario.world.kept.layouts,
            groups={id: tally.unit.unit_group for id, tally in scenario.world.registers.items()},
            given=given_months(scenario.world.registers, scenario.quarter.period.months),
        )
        lines = Lines(scenario.rulebook, say).rendered(ledger_lines(warehouse))
        frame = pandas.DataFrame(lines, columns=list(LEDGER))
    finally:
        warehouse.close()
    return frame.astype({"points": "float64"})


# Scores of the second judge as tables: the listing order and the places.


@dataclass(frozen=True)
class Placed:
    """Units in the order of a list: positions into ``unit_ids``; places, 0 for the unranked and those ranked apart.

    Units ranked apart are a group: ``group_place`` is their place in their own list.
    """

    order: tuple[int, ...]
    place: np.ndarray
    group_place: np.ndarray
    apart: np.ndarray
    notes: tuple[tuple[str, ...], ...]  # by position, keys of wording/notes.yaml


def placed(
    rescored: Rescored,
    registers: Mapping[str, UnitTally],
    rulebook: Rulebook,
    rank_on: str,
    aside: np.ndarray | None = None,
) -> Placed:
    """Places and the order of the list (readings.md, Rank); ``aside`` marks units that get a list of their own."""
    units = [registers[id].unit for id in rescored.unit_ids]
    figure = rescored.base if rank_on == "base" else rescored.total
    how, held = rulebook.ranking, [rulebook.rules[id].veto if id else None for id in rescored.veto]
    figure = np.where([veto is not None and veto.kind == "total" for veto in held], 0, figure)
    among_all = overall_figure(rulebook, figure, rescored.full)
    notes = tuple(
        (() if unit.ranked else ("not_ranked",))
        + (() if rows else ("no_cases",))
        + ((f"vetoed {by}",) if veto and veto.kind == "rank" else ())
        or (APART if rows < how.apart_below else ())
        for unit, rows, veto, by in zip(units, rescored.case_rows.tolist(), held, rescored.veto, strict=True)
    )
    to_place = np.array([not note for note in notes], bool)
    apart = to_place & (np.zeros(len(units), bool) if aside is None else aside)
    ranked = to_place & ~apart
    groups = np.array([unit.unit_group for unit in units], object)
    inside = np.zeros(len(units), np.int64)
    for members in (*(ranked & (groups == group) for group in dict.fromkeys(groups)), apart):
        inside[members] = places(figure, members)[members]
    few = np.array([note == APART for note in notes], bool)
    after = np.where(ranked, 0, np.where(apart | few, 1, 2)).tolist()
    by_group = ["" if how.overall or not is_ranked else group for is_ranked, group in zip(ranked, groups, strict=True)]
    listing = among_all if how.overall else figure
    order = sorted(range(len(units)), key=lambda k: (after[k], by_group[k], *_listing(rescored, listing, k)))
    said = tuple((*note, "apart") if alone else note for note, alone in zip(notes, apart.tolist(), strict=True))
    overall = np.where(ranked, places(among_all, ranked), 0) if how.overall else np.zeros(len(units), np.int64)
    return Placed(tuple(order), overall, inside, apart, said)


def _listing(rescored: Rescored, figure: np.ndarray, k: int) -> tuple:
    """The ranked figure, base, satisfaction rate (none last), case rows, each descending; then the id."""
    rated = int(rescored.rated[k])
    rate = Fraction(int(rescored.satisfied[k]), rated) if rated else Fraction(-1)
    return -int(figure[k]), -int(rescored.base[k]), -rate, -int(rescored.case_rows[k]), rescored.unit_ids[k]


# A finished run's folder, believed only where it is whole: manifest, tables, and tallies that give its ranking.


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
