"""How often the forecast's interval held the end: `python -m tests.running.coverage [CITIES]` prints the table of docs.

On the project's sample, and on cities with another process than the model assumes. The quarter before is the history.
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from pipelines.assess import Request
from pipelines.model.period import Period
from pipelines.running.forecast import likely
from pipelines.running.watch import Watch
from pipelines.sample.make import make_sample
from tests.running.cities import restless

BEFORE, PERIOD = Period.parse("2026Q2"), Period.parse("2026Q3")
ABSENT = ("incidents", "instructions", "awards", "extensions", "evaluations", "evaluators", "adjustments")
FIRST = 201  # the seeds before were looked at while the model was made
INSTANTS = {"1/3": 3, "1/2": 2, "2/3": 1.5}


def sample_city(folder: Path, seed: int) -> tuple[Request, Request]:
    """Two quarters of the sample."""
    for period in (BEFORE, PERIOD):
        make_sample(folder / str(period), period, 12, 900, seed)
    return tuple(Request(period, folder / str(period), folder / "out", pdf=False) for period in (BEFORE, PERIOD))


def restless_city(folder: Path, seed: int) -> tuple[Request, Request]:
    """Two quarters of a city that changes."""
    exports = restless(folder / "exports", seed, BEFORE.start, 190)
    return tuple(
        Request(period, exports, folder / "out", pdf=False, absent=ABSENT) for period in (BEFORE, PERIOD)
    )  # fmt: skip


CITIES = {"sample": sample_city, "restless": restless_city}


def held(before: Request, request: Request, seed: int) -> Counter:
    """By instant and figure: how many units' ends lay in the interval, and of how many; and how wide it was."""
    found: Counter = Counter()
    with Watch(before, before.period.end) as watch:
        history = [watch.run().missed]
    with Watch(request, request.period.end) as watch:
        end = watch.run().look()
        totals = {one.unit.unit_id: one.held_total for one in end.units}
        places = {one.unit.unit_id: one.place for one in end.units}
    for name, part in INSTANTS.items():
        at = (request.period.start + (request.period.end - request.period.start) / part).replace(microsecond=0)
        with Watch(request, at) as watch:
            told = likely(watch.run().look(), history, seed)
        assert told.why_not is None, told.why_not
        for id, (low, high) in told.total.items():
            found[name, "total"] += low <= totals[id] <= high
            found[name, "units"] += 1
            found[name, "width"] += high - low
            if told.place[id] and places[id]:
                found[name, "place"] += told.place[id][0] <= places[id] <= told.place[id][1]
                found[name, "placed"] += 1
    return found


def measured(kind: str, cities: int, first: int = 1) -> Counter:
    """The same over several cities of a kind."""
    found: Counter = Counter()
    for seed in range(first, first + cities):
        with tempfile.TemporaryDirectory() as folder:
            found += held(*CITIES[kind](Path(folder), seed), seed)
    return found


def lines(kind: str, found: Counter) -> list[str]:
    """Rows of the table in docs/running.md."""
    return [
        f"| {kind} | {name} | {found[name, 'units']} | {100 * found[name, 'total'] / found[name, 'units']:.1f} % "
        f"| {100 * found[name, 'place'] / found[name, 'placed']:.1f} % "
        f"| {found[name, 'width'] / found[name, 'units'] / 100:.1f} |"
        for name in INSTANTS
    ]


if __name__ == "__main__":
    for kind in CITIES:
        cities = int(sys.argv[1]) if len(sys.argv) > 1 else 12
        print("\n".join(lines(kind, measured(kind, cities, FIRST))), flush=True)
