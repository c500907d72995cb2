"""Scores of the second judge as tables: the listing order, the places, and tallies for the first judge."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from pipelines.engines.cube import Counts, Cube
from pipelines.engines.vector import Rescored, places
from pipelines.model.measure import CASE_ROWS
from pipelines.model.rule import Rule, Rulebook
from pipelines.model.tally import UnitTally


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
    rescored: Rescored, registers: Mapping[str, UnitTally], rank_on: str, aside: np.ndarray | None = None
) -> Placed:
    """Places and the order of the list (readings.md, Rank); ``aside`` marks units that get a list of their own."""
    units = [registers[id].unit for id in rescored.unit_ids]
    figure = rescored.base if rank_on == "base" else rescored.total
    notes = tuple(
        (() if unit.ranked else ("not_ranked",)) + (() if rows else ("no_cases",))
        for unit, rows in zip(units, rescored.case_rows.tolist(), strict=True)
    )
    to_place = np.array([not note for note in notes], bool)
    apart = to_place & (np.zeros(len(units), bool) if aside is None else aside)
    ranked = to_place & ~apart
    groups = np.array([unit.unit_group for unit in units], object)
    inside = np.zeros(len(units), np.int64)
    for members in (*(ranked & (groups == group) for group in dict.fromkeys(groups)), apart):
        inside[members] = places(figure, members)[members]
    after = np.where(ranked, 0, np.where(apart, 1, 2)).tolist()
    order = sorted(range(len(units)), key=lambda k: (after[k], *_listing(rescored, figure, k)))
    said = tuple((*note, "apart") if alone else note for note, alone in zip(notes, apart.tolist(), strict=True))
    return Placed(tuple(order), np.where(ranked, places(figure, ranked), 0), inside, apart, said)


def _listing(rescored: Rescored, figure: np.ndarray, k: int) -> tuple:
    """The ranked figure, base, satisfaction rate (none last), case rows, each descending; then the id."""
    rated = int(rescored.rated[k])
    rate = Fraction(int(rescored.satisfied[k]), rated) if rated else Fraction(-1)
    return -int(figure[k]), -int(rescored.base[k]), -rate, -int(rescored.case_rows[k]), rescored.unit_ids[k]


def tallies_of(
    cube: Cube, rulebook: Rulebook, readings: Mapping[str, str], registers: Mapping[str, UnitTally]
) -> dict[str, UnitTally]:
    """The tallies under the readings, as the judge of record takes them."""
    counts = cube.counts(readings)
    lacking = frozenset(cube.untold())
    return {
        id: replace(registers[id], lacking=lacking, **_counted(cube, counts, rulebook.rules.values(), k))
        for k, id in enumerate(cube.unit_ids)
    }


def _counted(cube: Cube, counts: Counts, rules: Iterable[Rule], k: int) -> dict:
    """Of one unit: what each measure counts, and what each occurrence rule's waivers meet, by month."""
    listed = {id: dict(zip(cube.months, table[k].tolist(), strict=True)) for id, table in counts.items()}
    waived = {
        rule.id: dict(zip(cube.months, (counts[rule.measure] - counts.occurrences(rule))[k].tolist(), strict=True))
        for rule in rules
        if rule.kind == "occurrence"
    }
    return {"case_rows": sum(listed[CASE_ROWS].values()), "counts": listed, "waived": waived}
