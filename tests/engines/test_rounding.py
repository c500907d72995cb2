"""An item's deduction is rounded once, halves up, by both judges: below a half-hundredth, on it, above it."""

from fractions import Fraction

import pytest

from tests.engines.test_two_judges import DEFAULTS, both
from tests.toy.town import MONTHS

IN_FORCE = DEFAULTS | {"shortfall": "pro_rata"}


def rows(month: str, closed: int, due: int) -> list[dict]:
    place = MONTHS.index(month) + 1
    row = {
        "counts": "case_rows", "unit_id": "U1", "places": (place, place, place), "lead": True, "before": False,
        "signing": "on_time", "approved": "on_time", "requested_in_time": "on_time", "in_time_approved": True,
        "in_time_requested_in_time": True, "reminder": "none", "assignment": "none",
    }
    return [{**row, "closed": True, "n": closed}, {**row, "closed": False, "n": due - closed}]


def scores(counted: dict[str, tuple[int, int]], **chosen: str) -> tuple[Fraction, Fraction]:
    """H2.2 (30 marks; 2 for each 5 points below 80 %) by the first and the second judge; month → (closed, due)."""
    cube = [row for month, (closed, due) in counted.items() for row in rows(month, closed, due)]
    first, _, _, second, _ = both((cube, {}, [], IN_FORCE | chosen))
    return first["U1"].items["H2.2"].score, Fraction(int(second.items["H2.2"][second.unit_ids.index("U1")]), 100)


@pytest.mark.parametrize(("counted", "chosen", "score"), [
    ({"2026-07": (64000, 80000)}, {}, "30"),
    ({"2026-07": (63990, 80000)}, {}, "29.99"),  # 0.0125 short cost 0.005: half a hundredth, up
    ({"2026-07": (79988, 100000)}, {}, "30"),  # 0.0048: less than half
    ({"2026-07": (79999, 100000)}, {}, "30"),  # 0.0004
    ({"2026-07": (79987, 100000)}, {}, "29.99"),  # 0.0052: more than half
    ({"2026-07": (63970, 80000)}, {}, "29.98"),  # 0.015: one and a half, up to two
    ({"2026-07": (127990, 160000), "2026-08": (127990, 160000)}, {}, "29.99"),  # a quarter twice is half, rounded once
    ({"2026-07": (63970, 80000)}, {"months": "mean"}, "29.99"),  # a third of one and a half is half
    ({"2026-07": (6300, 8000)}, {"months": "mean"}, "29.83"),  # a third of a half point: 0.1666…
    ({"2026-07": (75, 100)}, {"months": "mean", "shortfall": "whole_steps"}, "29.33"),  # two thirds: 0.6666… up
    ({"2026-07": (70, 100)}, {"months": "mean", "shortfall": "whole_steps"}, "28.67"),  # four thirds: 1.3333…
    ({"2026-07": (63990, 80000)}, {"months": "pooled"}, "29.99"),
])
def test_a_deduction_is_rounded_once_and_halves_go_up(counted, chosen, score):
    assert scores(counted, **chosen) == (Fraction(score), Fraction(score))
