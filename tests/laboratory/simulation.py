"""Quarters with known true rates, to see how often an interval holds the true place.

`python -m tests.laboratory.simulation` prints the tables of docs/robustness.md (some minutes).
"""

from datetime import date

import numpy as np

from pipelines.laboratory.robustness import Chances, band, drawn_rates, place_interval, scored_rates, simultaneous_level
from pipelines.paths import RULES
from pipelines.rulebook.load import choose_readings, load_rulebook

BOOK = load_rulebook(RULES / "standard", date(2026, 7, 1))
UNITS, DRAWS = 40, 800
VOLUMES, SHORTFALLS, REPETITIONS, SEED = (15, 30, 60, 400), ("whole_steps", "pro_rata", "any_part"), 120, 11


def coverage(repetitions: int, seed: int, shortfall: str = "whole_steps", volume: int = 30) -> tuple[float, float]:
    """The share of units whose true place lies inside their interval, and of quarters in which all joint ones hold."""
    readings, rng = choose_readings(BOOK, {"shortfall": shortfall}), np.random.default_rng(seed)
    single, joint = np.mean([_covered(readings, rng, volume) for _ in range(repetitions)], axis=0)
    return float(single), float(joint)


def _covered(readings: dict, rng: np.random.Generator, volume: int) -> tuple[float, float]:
    true, of = _world(rng, volume)
    chances = Chances({id: rng.binomial(of[id], rate) for id, rate in true.items()}, of)
    known = scored_rates({id: rate[None] for id, rate in true.items()}, chances, BOOK, readings, {})[0]
    place = 1 + (known[None, :] > known[:, None] + 1e-9).sum(axis=1)
    drawn = scored_rates(drawn_rates(chances, DRAWS, rng), chances, BOOK, readings, {})
    held = []
    for level in (None, simultaneous_level(drawn)):
        best, worst = place_interval(*(band(drawn) if level is None else band(drawn, level)))
        held.append((best <= place) & (place <= worst))
    return held[0].mean(), held[1].all()


def _world(rng: np.random.Generator, volume: int) -> tuple[dict, dict]:
    """True rates and case rows of units from small to large, month by month."""
    rows = np.maximum(rng.lognormal(np.log(volume), 1, (UNITS, 1)) * rng.uniform(0.8, 1.2, (UNITS, 3)), 2).astype(int)
    rated = np.maximum((rows * 0.6).astype(int), 1)
    drawn = {"satisfaction_rate": rng.beta(30, 3.5, (UNITS, 1)), "completion_rate": rng.beta(60, 2, (UNITS, 1)),
             "late_reply": rng.beta(1, 40, (UNITS, 1)), "late_signing": rng.beta(1, 60, (UNITS, 1))}
    true = {id: np.repeat(rate, 3, axis=1) for id, rate in drawn.items()}
    return true, {id: rated if id == "satisfaction_rate" else rows for id in true}


def lines() -> list[str]:
    """The table of the document: one line a volume; single and joint coverage under each way to count a shortfall."""
    head = ["| case rows a month, middle | " + " | ".join(SHORTFALLS) + " |", "|---|" + "---|" * len(SHORTFALLS)]
    return head + [f"| {volume} | " + " | ".join(row_of(volume, shortfall) for shortfall in SHORTFALLS) + " |"
                   for volume in VOLUMES]


def row_of(volume: int, shortfall: str) -> str:
    """One cell: the share of units, then of whole quarters."""
    single, joint = coverage(REPETITIONS, SEED, shortfall, volume)
    return f"{100 * single:.1f} % · {100 * joint:.0f} %"


if __name__ == "__main__":
    print("\n".join(lines()))
