"""The laboratory: opening a big quarter, one scenario, a sweep, all readings; the same sweep by other means.

Each in a process of its own: `python -m benchmarks.laboratory WORK FOLDER`, so that the memory is its own as well.
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.sides import PERIOD
from pipelines.paths import ROOT

SWEEP = 10_000
BY_ENGINE, BY_PANDAS, REPEATED = 3, 100, 9  # scenarios of the ratios; runs of one scenario
LIMITS = {  # seconds
    "open": ("what if: opening the biggest quarter, up to the first places", 0.3),
    "scenario": ("what if: one scenario", 0.003),
    "sweep": (f"what if: {SWEEP:,} scenarios", 2),
    "readings": ("what if: all combinations of the readings, with the intervals of chance", 30),
}
MEMORY_GIB = 2  # of the sweep's process


def laboratory(accepted: Path, work: Path) -> list[tuple[str, float, float]]:
    """(what, figure, limit) of each question; ``accepted`` are accepted rows as the other benchmarks use them."""
    folder = _kept(accepted, work)
    found = {name: _child(name, folder) for name in LIMITS}
    measured = [(what, found[name]["seconds"], limit) for name, (what, limit) in LIMITS.items()]
    return [*measured, (f"what if: highest memory of {SWEEP:,} scenarios, GiB", found["sweep"]["peak_gib"], MEMORY_GIB)]


def ratios(accepted: Path, work: Path) -> list[tuple[str, float]]:
    """(side, times slower than the sweep) per scenario: the rule engine, and pandas over the monthly counts."""
    return list(_child("beside", _kept(accepted, work)).items())


def _kept(accepted: Path, work: Path) -> Path:
    folder = work / "kept" / PERIOD
    if not folder.exists():
        _child("keep", folder, accepted)
    return folder


def _child(name: str, folder: Path, *more: Path) -> dict:
    command = [sys.executable, "-m", "benchmarks.laboratory", name, str(folder), *map(str, more)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{name}:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def keep(folder: Path, accepted: str) -> None:
    """Count the accepted rows and keep what a finished run keeps, without its pages."""
    from benchmarks.ours import look_at
    from pipelines.assess import Request, Run
    from pipelines.edges.folders import MANIFEST
    from pipelines.edges.published import keep_tallies
    from pipelines.model.intake import Intake, Validation
    from pipelines.model.period import Period

    folder.parent.mkdir(parents=True)
    with Run(Request(Period.parse(PERIOD), Path(accepted))) as run:
        run.intake = Intake((), (), {}, (), (), simulated=True)
        run.validation = Validation({}, (), ())
        look_at(run.warehouse, Path(accepted))
        run.measure()
        keep_tallies(run.warehouse, run.tallies, run.rulebook.marks, run.request.rules, folder)
        manifest = {"period": PERIOD, "readings": run.readings, "simulated": True, "cutoff": run.cutoff.isoformat()}
        (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def opened(folder: Path):
    """The quarter, opened."""
    from pipelines import Quarter

    return Quarter.open(PERIOD, folder.parent)


def open_(folder: Path) -> dict:
    """Opening, up to the first places."""
    from pipelines import Quarter

    return {"seconds": _seconds(lambda: Quarter.open(PERIOD, folder.parent).as_it_was.placed)}


def scenario(folder: Path) -> dict:
    """One scenario, the middle of several."""
    quarter = opened(folder)
    assert quarter.as_it_was.placed
    deducts = [f"{1 + k / 100:.2f}" for k in range(REPEATED)]
    taken = [_seconds(lambda d=d: quarter.what_if({"late_reply.deduct": d}).placed) for d in deducts]
    return {"seconds": statistics.median(taken)}


def sweep(folder: Path) -> dict:
    """Two values over a grid, places included."""
    quarter = opened(folder)
    asked = {
        "satisfaction_rate.target": [f"{80 + k / 5:.1f}" for k in range(100)],
        "completion_rate.deduct": [f"{0.5 + k / 40:.2f}" for k in range(SWEEP // 100)],
    }
    found = {}
    seconds = _seconds(lambda: found.update(made=quarter.sweep(asked)))
    assert len(found["made"]) == SWEEP
    return {"seconds": seconds, "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2}


def readings(folder: Path) -> dict:
    """Every unit's place under all readings, and by chance."""
    return {"seconds": _seconds(opened(folder).robustness)}


def beside(folder: Path) -> dict:
    """Times slower than the sweep, per scenario; AssertionError where another side comes to other places."""
    quarter = opened(folder)
    targets = [f"{80 + k / 100:.2f}" for k in range(2_000)]
    made = {}
    ours = _seconds(lambda: made.update(places=quarter.sweep({"satisfaction_rate.target": targets}).places))
    per_scenario, ranked = ours / len(targets), quarter.as_it_was.placed.place > 0
    engine = _seconds(lambda: [quarter.what_if({"satisfaction_rate.target": t}).judged for t in targets[:BY_ENGINE]])
    frame, found = monthly(quarter), []
    pandas = _seconds(lambda: found.extend(by_pandas(frame, float(t)) for t in targets[::20][:BY_PANDAS]))
    for places, theirs in zip(made["places"][::20], found, strict=True):
        assert (places[ranked] == theirs.to_numpy()).all()
    return {"durable_rules": engine / BY_ENGINE / per_scenario, "pandas": pandas / len(found) / per_scenario}


def monthly(quarter):
    """Counts by ranked unit and month, and all points but the item of the rates, as a frame."""
    import numpy as np
    import pandas

    cube, scores, ranked = quarter.world.cube, quarter.as_it_was.scores, quarter.as_it_was.placed.place > 0
    counts = cube.counts(quarter.readings)
    units = np.array(cube.unit_ids, object)[ranked]
    index = pandas.MultiIndex.from_product([units, cube.months], names=["unit_id", "month"])
    names = ("rated", "satisfied", "due", "completed")
    frame = pandas.DataFrame({name: counts[name][ranked].ravel() for name in names}, index)
    others = (scores.total - scores.items["A3.2"])[ranked] / 100
    return frame.assign(others=np.repeat(others, len(cube.months)))


def by_pandas(frame, target: float):
    """The ranking under another target, as a pandas script would do it."""

    def lost(part: str, of: str, asked: float):
        short = (asked - 100 * frame[part] / frame[of]).clip(lower=0).fillna(0)
        return (short / 2 + 1e-9) // 1

    of_month = lost("satisfied", "rated", target) + lost("completed", "due", 95)
    item = (20 - of_month.groupby("unit_id").sum()).clip(lower=0)
    total = (item + frame["others"].groupby("unit_id").first()).round(2)
    return total.rank(method="min", ascending=False).astype(int)


def _seconds(work: Callable) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    asked = {"keep": keep, "open": open_, "scenario": scenario, "sweep": sweep, "readings": readings, "beside": beside}
    print(json.dumps(asked[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])))
