"""Quarters with known true rates, to see how often an interval holds the true place."""

from datetime import date

import numpy as np

from pipelines.laboratory.chance import Chances, band, drawn_rates, place_interval, scored_rates
from pipelines.paths import RULES
from pipelines.rulebook import choose_readings, load_rulebook

BOOK = load_rulebook(RULES / "standard", date(2026, 7, 1))
UNITS, DRAWS = 40, 800


def coverage(repetitions: int, seed: int, shortfall: str = "whole_steps", volume: int = 30) -> float:
    """The share of units whose true place lies inside the interval, over many invented quarters."""
    readings, rng = choose_readings(BOOK, {"shortfall": shortfall}), np.random.default_rng(seed)
    return float(np.mean([_covered(readings, rng, volume) for _ in range(repetitions)]))


def _covered(readings: dict, rng: np.random.Generator, volume: int) -> float:
    true, of = _world(rng, volume)
    chances = Chances({id: rng.binomial(of[id], rate) for id, rate in true.items()}, of)
    known = scored_rates({id: rate[None] for id, rate in true.items()}, chances, BOOK, readings, {})[0]
    place = 1 + (known[None, :] > known[:, None] + 1e-9).sum(axis=1)
    drawn = scored_rates(drawn_rates(chances, DRAWS, rng), chances, BOOK, readings, {})
    best, worst = place_interval(*band(drawn))
    return ((best <= place) & (place <= worst)).mean()


def _world(rng: np.random.Generator, volume: int) -> tuple[dict, dict]:
    """True rates and case rows of units from small to large, month by month."""
    rows = np.maximum(rng.lognormal(np.log(volume), 1, (UNITS, 1)) * rng.uniform(0.8, 1.2, (UNITS, 3)), 2).astype(int)
    rated = np.maximum((rows * 0.6).astype(int), 1)
    drawn = {"satisfaction_rate": rng.beta(30, 3.5, (UNITS, 1)), "completion_rate": rng.beta(60, 2, (UNITS, 1)),
             "late_reply": rng.beta(1, 40, (UNITS, 1)), "late_signing": rng.beta(1, 60, (UNITS, 1))}
    true = {id: np.repeat(rate, 3, axis=1) for id, rate in drawn.items()}
    return true, {id: rated if id == "satisfaction_rate" else rows for id in true}
