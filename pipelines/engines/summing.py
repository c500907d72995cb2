"""The second judge's sums: base, bonus and what is said of the whole; whole numbers, nothing shared with the first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from pipelines.model.rule import Rulebook

PART = 10_000  # a weight of 1: weights have up to four decimals, a section's and an item's together
CENTS = 100
ORDER = {"total": 0, "rank": 1, "grade": 2}


@dataclass(frozen=True)
class Summed:
    """Of every unit, in hundredths."""

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
) -> Summed:
    """Base, bonus and whole from the items of every unit.

    ``stretched`` tells what a base (ten-thousandths of hundredths) gains by stretching, ``fired`` where rules with a
    veto fired.
    """
    nothing = np.zeros(len(next(iter(items.values()))), np.int64)
    base, bonus, kept = nothing, nothing, nothing == 0
    for id, points in items.items():
        item = rulebook.items[id]
        share = points.astype(np.int64) * int(item.weight * PART)
        if item.full_marks:
            base = base + share
        else:
            bonus = bonus + share
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
    first = np.full(len(nothing), "", object)
    for id in reversed(vetoes):
        first[fired[id]] = id
    struck = np.array([bool(id) and _kind(rulebook, id) == "total" for id in first], bool)
    total = np.where(struck, 0, total)
    extra = rounded_to(bonus, rulebook.decimals)
    return Summed(shown, extra, total - shown - extra, kept, tuple(first.tolist()))


def _kind(rulebook: Rulebook, id: str) -> str:
    veto = rulebook.rules[id].veto
    return veto.kind if veto else "grade"


def rounded_to(value: np.ndarray, decimals: int) -> np.ndarray:
    """Hundredths out of ten-thousandths of them, rounded to so many decimals, halves away from nothing."""
    step = PART * 10 ** (2 - decimals)
    return np.sign(value) * ((2 * np.abs(value) + step) // (2 * step)) * 10 ** (2 - decimals)
