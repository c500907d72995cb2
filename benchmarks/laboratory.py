"""The laboratory: one scenario, a sweep, all readings, opening a big quarter; the same sweep by other means."""

import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

SCENARIO_SECONDS, SWEEP_SECONDS, READINGS_SECONDS, OPEN_SECONDS = 0.05, 10, 30, 1
SWEEP = 10_000
BY_ENGINE = 3  # scenarios that the rule engine scores for its ratio


def laboratory(accepted: Path, work: Path) -> list[tuple[str, float, float]]:
    """(what, seconds, limit) of each; ``accepted`` is a folder of accepted rows as the other benchmarks use it."""
    quarter = kept_quarter(accepted, work / "kept")
    assert quarter.as_it_was.placed  # the rulebook and the cube are read once, before the first question
    units = len(quarter.world.registers)
    values = np.linspace(80, 99, 100).round(2), np.linspace(0.5, 3, SWEEP // 100).round(2)
    asked = {"satisfaction_rate.target": values[0], "completion_rate.deduct": values[1]}
    return [
        (f"one scenario at {units} units", _seconds(lambda: quarter.what_if({"late_reply.deduct": 1}).placed),
         SCENARIO_SECONDS),
        (f"{SWEEP:,} scenarios at {units} units", _seconds(lambda: quarter.sweep(asked).places), SWEEP_SECONDS),
        (f"all combinations of the readings at {units} units", _seconds(quarter.robustness), READINGS_SECONDS),
        ("opening the quarter's tallies", _seconds(lambda: _opened(quarter)), OPEN_SECONDS),
    ]


def _opened(quarter):
    return type(quarter.world).open(quarter.folder, quarter.period).cube


def ratios(accepted: Path, work: Path) -> list[tuple[str, float]]:
    """(side, times slower than the sweep) per scenario: the rule engine, and pandas over the published tallies."""
    quarter = kept_quarter(accepted, work / "kept-ratios")
    targets = [str(value) for value in np.linspace(80, 99, 2_000).round(3).round(2)]
    ours = _seconds(lambda: quarter.sweep({"satisfaction_rate.target": targets}).places) / len(targets)
    engine = _seconds(lambda: [quarter.what_if({"satisfaction_rate.target": t}).judged for t in targets[:BY_ENGINE]])
    frame = monthly(quarter)
    pandas = _seconds(lambda: [by_pandas(frame, float(t)) for t in targets[:100]]) / 100
    return [("durable_rules", engine / BY_ENGINE / ours), ("pandas", pandas / ours)]


def peak_mb() -> int:
    """The highest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def kept_quarter(accepted: Path, folder: Path):
    """The quarter of accepted rows as a finished run would keep it."""
    import pyarrow.parquet as parquet

    from benchmarks.sides import PERIOD
    from pipelines.assess import STANDARD_RULES
    from pipelines.edges.calendar import Calendar
    from pipelines.edges.tallies import keep_tallies
    from pipelines.edges.warehouse import Warehouse
    from pipelines.laboratory.quarter import Quarter
    from pipelines.laboratory.world import World
    from pipelines.model.period import Period
    from pipelines.rulebook import choose_readings, load_rulebook
    from pipelines.stages.measure import measure, tallies_in_force

    period, warehouse = Period.parse(PERIOD), Warehouse()
    for file in sorted(accepted.glob("*.parquet")):
        warehouse.store(f"accepted.{file.stem}", parquet.read_table(file))
    rulebook = load_rulebook(STANDARD_RULES, period.start.date())
    readings = choose_readings(rulebook, {})
    measure(warehouse, period, period.end, rulebook, Calendar.load())
    keep_tallies(warehouse, tallies_in_force(warehouse, period, readings), STANDARD_RULES, folder)
    warehouse.close()
    return Quarter(folder, period, readings, True, World.open(folder, period))


def monthly(quarter):
    """Rated and satisfied rows by unit and month, and every other point, as a frame."""
    import pandas

    cube, scores = quarter.world.cube, quarter.as_it_was.scores
    counts = cube.counts(quarter.readings)
    index = pandas.MultiIndex.from_product([cube.unit_ids, cube.months], names=["unit_id", "month"])
    frame = pandas.DataFrame({name: counts[name].ravel() for name in ("rated", "satisfied", "due", "completed")}, index)
    others = (scores.total - scores.items["A3.2"]) / 100
    return frame.assign(others=np.repeat(others, len(cube.months)))


def by_pandas(frame, target: float):
    """The same ranking under another target, as a pandas script would do it."""
    def lost(part: str, of: str, asked: float):
        short = (asked - 100 * frame[part] / frame[of]).clip(lower=0).fillna(0)
        return (short / 2 + 1e-9) // 1

    of_month = lost("satisfied", "rated", target) + lost("completed", "due", 95)
    item = (20 - of_month.groupby("unit_id").sum()).clip(lower=0)
    return (item + frame["others"].groupby("unit_id").first()).rank(method="min", ascending=False)


def _seconds(work: Callable) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start

