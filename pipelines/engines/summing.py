"""The second judge's sums: base, bonus and what is said of the whole; whole numbers, nothing shared with the first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from pipelines.model.rule import Rulebook

PART = 1_000_000  # a factor of 1: two decimals each of a section's weight, an item's and a sheet's coefficient
CENTS = 100
ORDER = {"total": 0, "rank": 1, "grade": 2}


@dataclass(frozen=True)
class Summed:
    """Of every unit, in hundredths: whole ones, but fractions of them in a book that is finer."""

    base: np.ndarray
    bonus: np.ndarray
    whole: np.ndarray  # what belongs to no single item
    kept: np.ndarray  # whether the bonus stands
    veto: tuple[str, ...]  # the rule whose veto holds, "" = none


def summed(
    rulebook: Rulebook,
    items: Mapping[str, np.ndarray],
    stretched: Callable[[np.ndarray], np.ndarray],
    fired: Mapping[str, np.ndarray],
    out: Mapping[str, np.ndarray] = {},
) -> Summed:
    """Base, bonus and whole from the items of every unit.

    ``stretched`` tells what a base (parts of hundredths, `PART`) gains by stretching, ``fired`` where rules with a
    veto fired, ``out`` where items do not count.
    """
    base, bonus = weighed(rulebook, items, out)
    kept = np.ones(len(base), bool)
    shown = rounded_to(base, rulebook.decimals)
    for item in rulebook.items.values():
        if item.bonus and item.bonus.only_when:
            asked = item.bonus.only_when
            bound = int(asked.bounds[0] * CENTS)
            kept = {
                "more_than": shown > bound,
                "at_least": shown >= bound,
                "at_most": shown <= bound,
                "less_than": shown < bound,
                "equals": shown == bound,
            }[asked.test]
    bonus = np.where(kept, bonus, 0)
    total = rounded_to(base + bonus + stretched(base) * PART, rulebook.decimals)
    for limit, hold in ((rulebook.total_floor, np.maximum), (rulebook.total_cap, np.minimum)):
        total = total if limit is None else hold(total, int(limit * CENTS))
    vetoes = sorted(fired, key=lambda id: ORDER[_kind(rulebook, id)])
    first = np.full(len(base), "", object)
    for id in reversed(vetoes):
        first[fired[id]] = id
    struck = np.array([bool(id) and _kind(rulebook, id) == "total" for id in first], bool)
    total = np.where(struck, 0, total)
    extra = rounded_to(bonus, rulebook.decimals)
    return Summed(shown, extra, total - shown - extra, kept, tuple(first.tolist()))


def weighed(
    rulebook: Rulebook, items: Mapping[str, np.ndarray], out: Mapping[str, np.ndarray] = {}
) -> tuple[np.ndarray, np.ndarray]:
    """What items bring to base and bonus, in parts of hundredths; a section that says so stays within its marks."""
    nothing = np.zeros(len(next(iter(items.values()))), np.int64)
    base, bonus = nothing, nothing
    sections: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for id, points in items.items():
        item = rulebook.items[id]
        share = wide(points) * int(item.weight * item.times * PART)
        if item.full_marks and item.capped:
            marks = np.where(out.get(id, nothing != 0), 0, int(item.full_marks * item.weight * CENTS * PART))
            so_far = sections.get(item.section, (nothing, nothing))
            sections[item.section] = so_far[0] + share, so_far[1] + marks
        elif item.full_marks:
            base = base + share
        else:
            bonus = bonus + share
    for both in sections.values():
        base = base + np.minimum(*both)
    return base, bonus


def _kind(rulebook: Rulebook, id: str) -> str:
    veto = rulebook.rules[id].veto
    return veto.kind if veto else "grade"


def wide(points: np.ndarray) -> np.ndarray:
    """Room for products: 64 bits, or the fractions that they are."""
    return points if points.dtype == object else points.astype(np.int64)


def rounded_to(value: np.ndarray, decimals: int) -> np.ndarray:
    """Hundredths out of parts of them (`PART`), rounded to so many decimals, halves away from nothing."""
    if value.dtype == object or decimals > 2:
        found = [nearest(Fraction(one) / PART, decimals) for one in value.tolist()]
        return np.array(found, object) if decimals > 2 else np.array([int(one) for one in found], np.int64)
    step = PART * 10 ** (2 - decimals)
    return np.sign(value) * ((2 * np.abs(value) + step) // (2 * step)) * 10 ** (2 - decimals)


def as_shown(hundredths: "np.integer | Fraction", places: int) -> int | Fraction:
    """One figure in hundredths as it is printed: a whole number, or the fraction rounded to so many decimals."""
    return nearest(hundredths, places) if isinstance(hundredths, Fraction) else int(hundredths)


def nearest(hundredths: Fraction, decimals: int) -> Fraction:
    """Hundredths rounded to so many decimals of a point, halves away from nothing."""
    scale = Fraction(10**decimals, CENTS)
    size, half = abs(hundredths) * scale, Fraction(1, 2)
    whole = (size + half).numerator // (size + half).denominator
    return Fraction(-whole if hundredths < 0 else whole) / scale
