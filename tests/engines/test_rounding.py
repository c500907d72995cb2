"""An item's deduction is rounded once, halves up, by both judges: below a half-hundredth, on it, above it."""

from fractions import Fraction

import pytest

from tests.engines.cubes import MONTHS
from tests.engines.test_two_judges import DEFAULTS, both

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
    """A3.2 (20 marks; 1 for each 2 points below 95 %) by the first and the second judge; month → (closed, due)."""
    cube = [row for month, (closed, due) in counted.items() for row in rows(month, closed, due)]
    first, _, _, second, _ = both((cube, {}, [], IN_FORCE | chosen))
    return first["U1"].items["A3.2"].score, Fraction(int(second.items["A3.2"][second.unit_ids.index("U1")]), 100)


@pytest.mark.parametrize(("counted", "chosen", "score"), [
    ({"2026-07": (9499, 10000)}, {}, "19.99"),  # 0.01 short: half a hundredth, up
    ({"2026-07": (9500, 10001)}, {}, "20"),  # 0.0095 short: less than half
    ({"2026-07": (9499, 9999)}, {}, "20"),  # 0.0005 short
    ({"2026-07": (9498, 9999)}, {}, "19.99"),  # 0.0105 short: more than half
    ({"2026-07": (9497, 10000)}, {}, "19.98"),  # 0.03 short: one and a half, up to two
    ({"2026-07": (18999, 20000), "2026-08": (18999, 20000)}, {}, "19.99"),  # a quarter twice is half, rounded once
    ({"2026-07": (9497, 10000)}, {"months": "mean"}, "19.99"),  # a third of one and a half is half
    ({"2026-07": (9400, 10000)}, {"months": "mean"}, "19.83"),  # a third of a half point: 0.1666…
    ({"2026-07": (93, 100)}, {"months": "mean", "shortfall": "whole_steps"}, "19.67"),  # a third: 0.3333…
    ({"2026-07": (91, 100)}, {"months": "mean", "shortfall": "whole_steps"}, "19.33"),  # two thirds: 0.6666… up
    ({"2026-07": (9499, 10000)}, {"months": "pooled"}, "19.99"),
])
def test_a_deduction_is_rounded_once_and_halves_go_up(counted, chosen, score):
    assert scores(counted, **chosen) == (Fraction(score), Fraction(score))
