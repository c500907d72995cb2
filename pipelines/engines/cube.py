"""The tally cube as arrays: counts under any readings, without going back to the cases."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from pipelines.model.absence import NOTHING, Absent
from pipelines.model.tally import UnitTally

EXTENSION = {"approved": "approved", "requested_in_time": "requested"}  # reading value -> column suffix
RATINGS = ("none", "satisfied", "basically_satisfied", "dissatisfied", "pending")
NONE, SATISFIED, BASIC, _, PENDING = range(len(RATINGS))
COUNTING = (
    "attribution", "joint_cases", "extension", "completed", "satisfied", "unrated", "pending_evaluation",
    "evaluation_clock", "counted_before",
)  # the readings that change what is counted


@dataclass(frozen=True)
class Awards:
    """All awards as arrays: ``matter`` and ``matter_of_type`` number the groups of which one award counts."""

    unit: np.ndarray
    types: tuple[str, ...]
    matter: np.ndarray
    matter_of_type: np.ndarray
    earliest: np.ndarray  # place by (awarded_on, award_id)


@dataclass(frozen=True, eq=False)
class Cube:
    """`tallies.cube` and `tallies.quarter` ready for any number of scenarios; counts are kept once made."""

    unit_ids: tuple[str, ...]
    months: tuple[str, ...]
    rows: Mapping[str, np.ndarray]  # flags as whole numbers, one entry a row of the cube
    quarter: Mapping[str, np.ndarray]  # measure -> units × months, or units × 1 for the whole quarter
    assessed: Mapping[str, np.ndarray]  # item -> hundredths per unit, -1 where there is no score
    awards: Awards
    absent: Absent = NOTHING
    _kept: dict = field(default_factory=dict)

    @classmethod
    def prepare(
        cls, cube, quarter, tallies: dict[str, UnitTally], months: tuple[str, ...], absent: Absent = NOTHING
    ) -> "Cube":
        """From the two tables (Arrow, or dicts of arrays), and assessments and awards out of the tallies."""
        units = tuple(sorted(tallies))
        return cls(
            units, months, _rows(cube, units, months), _quarter(quarter, units, months),
            _assessed(tallies, units), _awards(tallies, units), absent,
        )

    def counts(self, readings: Mapping[str, str]) -> dict[str, np.ndarray]:
        """Every measure, and ``case_rows``, as units × months under the readings (whole quarter: units × 1).

        A measure that the exports do not tell counts nothing.
        """
        key = tuple(readings.get(name) for name in COUNTING)
        if key not in self._kept:
            counted, untold = {**self.quarter, **self._count(readings)}, self.untold(readings)
            self._kept[key] = {name: table * (name not in untold) for name, table in counted.items()}
        return self._kept[key]

    def untold(self, readings: Mapping[str, str]) -> set[str]:
        """The measures that nothing in the exports tells: worked out here again, not taken from the first judge."""
        found = set()
        for measure, needs in self.absent.needs.items():
            wanted = set(needs.always)
            for reading, value, names in needs.under:
                wanted |= names if readings.get(reading) == value else set()
            if wanted & self.absent.names:
                found.add(measure)
        return found

    def _count(self, readings: Mapping[str, str]) -> dict[str, np.ndarray]:
        suffix = EXTENSION[readings["extension"]]
        by_dispatch = readings["attribution"] == "dispatched"
        order, bounds = self._cells("month_dispatched" if by_dispatch else f"month_due_{suffix}")
        rows = self.rows
        here = ~rows["counted_before"] | (readings.get("counted_before", "again") == "again")
        lead = rows["lead"] | (readings["joint_cases"] == "all")
        in_time = rows[f"closed_in_time_{suffix}"]
        completed = in_time if readings["completed"] == "by_deadline" else rows["closed"]
        rated, satisfied = _rated(rows[f"rating_{readings['evaluation_clock']}"], readings)
        masks = {
            "case_rows": np.ones_like(lead), "late_signing": rows["signing"], "late_reply": rows[f"reply_{suffix}"],
            "due": lead, "completed": lead & completed, "rated": lead & rated, "satisfied": lead & satisfied,
        }
        return {name: self._sums(rows["n"] * (mask & here), order, bounds) for name, mask in masks.items()}

    def _cells(self, month: str) -> tuple[np.ndarray, np.ndarray]:
        """The rows in the order of their cell (unit, month), and where each cell begins."""
        if month not in self._kept:
            cells = len(self.unit_ids) * len(self.months)
            inside = self.rows[month] >= 0
            cell = np.where(inside, self.rows["unit"] * len(self.months) + self.rows[month], cells)
            order = np.argsort(cell, kind="stable")
            self._kept[month] = order, np.searchsorted(cell[order], np.arange(cells + 1))
        return self._kept[month]

    def _sums(self, values: np.ndarray, order: np.ndarray, bounds: np.ndarray) -> np.ndarray:
        running = np.concatenate(([0], np.cumsum(values[order])))  # whole numbers: exact in any order
        return np.diff(running[bounds]).reshape(len(self.unit_ids), len(self.months))


def _rated(rating: np.ndarray, readings: Mapping[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Which rows enter the satisfaction rate, and which of them count as satisfied."""
    rated = np.ones(len(rating), dtype=bool)
    satisfied = rating == SATISFIED
    if readings["satisfied"] == "with_basic":
        satisfied = satisfied | (rating == BASIC)
    if readings["unrated"] == "satisfied":
        satisfied = satisfied | (rating == NONE)
    else:
        rated &= rating != NONE
    if readings["pending_evaluation"] == "left_out":
        rated &= rating != PENDING
    return rated, satisfied


def _values(table, name: str) -> np.ndarray:
    if isinstance(table, Mapping):
        return np.asarray(table[name])
    return table.column(name).to_numpy()


def _codes(table, name: str, known: Iterable[str]) -> np.ndarray:
    """The position of each value among the known ones; KeyError for a value that is not among them."""
    places = {value: place for place, value in enumerate(known)}
    if isinstance(table, Mapping):
        return np.array([places[value] for value in table[name]], dtype=np.int64)
    encoded = table.column(name).combine_chunks().dictionary_encode()
    found = np.array([places[value] for value in encoded.dictionary.to_pylist()], dtype=np.int64)
    return found[encoded.indices.to_numpy()] if len(encoded) else np.zeros(0, dtype=np.int64)


def _rows(cube, units: tuple[str, ...], months: tuple[str, ...]) -> dict[str, np.ndarray]:
    rows = {
        "unit": _codes(cube, "unit_id", units),
        "n": _values(cube, "case_rows").astype(np.int64),
        "lead": _codes(cube, "role", ("assist", "lead")).astype(bool),
        "closed": _values(cube, "closed").astype(bool),
    }
    known = cube if isinstance(cube, Mapping) else cube.column_names
    flagged = _values(cube, "counted_before").astype(bool) if "counted_before" in known else None  # not in older runs
    rows["counted_before"] = np.zeros(len(rows["n"]), bool) if flagged is None else flagged
    for name in ("month_due_approved", "month_due_requested", "month_dispatched"):
        rows[name] = _codes(cube, name, ("", *months)) - 1
    for name in ("signing", "reply_approved", "reply_requested"):
        rows[name] = _codes(cube, name, ("on_time", "late", "waived")) == 1
    for name in ("closed_in_time_approved", "closed_in_time_requested"):
        rows[name] = _values(cube, name).astype(bool)
    for name in ("rating_reminder", "rating_assignment"):
        rows[name] = _codes(cube, name, RATINGS)
    return rows


def _quarter(table, units: tuple[str, ...], months: tuple[str, ...]) -> dict[str, np.ndarray]:
    monthly = {name: np.zeros((len(units), len(months)), np.int64) for name in ("refusal", "attitude")}
    whole = {
        name: np.zeros((len(units), 1), np.int64)
        for name in ("instructions_due", "instructions_closed", "instructions_implemented")
    }
    found = {**monthly, **whole}
    unit, month, n = _codes(table, "unit_id", units), _codes(table, "month", ("", *months)), _values(table, "n")
    for row, measure in enumerate(_values(table, "measure").tolist()):
        found[measure][unit[row], max(month[row] - 1, 0)] += n[row]
    return found


def _assessed(tallies: dict[str, UnitTally], units: tuple[str, ...]) -> dict[str, np.ndarray]:
    items = sorted({item for tally in tallies.values() for item in tally.assessed})
    return {
        item: np.array([int(tallies[unit].assessed.get(item, -1) * 100) if item in tallies[unit].assessed else -1
                        for unit in units], np.int64)
        for item in items
    }


def _awards(tallies: dict[str, UnitTally], units: tuple[str, ...]) -> Awards:
    listed = [(place, award) for place, unit in enumerate(units) for award in tallies[unit].awards]
    by_date = sorted(range(len(listed)), key=lambda k: (listed[k][1].awarded_on, listed[k][1].award_id))
    earliest = np.empty(len(listed), np.int64)
    earliest[by_date] = np.arange(len(listed))
    matters = _numbered([(unit, award.matter_key) for unit, award in listed])
    of_type = _numbered([(unit, award.matter_key, award.award_type) for unit, award in listed])
    return Awards(
        np.array([unit for unit, _ in listed], np.int64), tuple(award.award_type for _, award in listed),
        matters, of_type, earliest,
    )


def _numbered(keys: list[tuple]) -> np.ndarray:
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return np.array([numbers[key] for key in keys], np.int64)
