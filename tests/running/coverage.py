"""How often the forecast's interval held the end: `python -m tests.running.coverage [CITIES] [FOLDER]`, for the docs.

On the project's sample, and on cities with another process than the model assumes, with the quarter before as history;
and on the exports of the published cities in FOLDER, every quarter with the two before it as history.
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from pipelines.assess import Request
from pipelines.engines.cube import Cube
from pipelines.model.period import Period
from pipelines.paths import ROOT
from pipelines.running.forecast import likely
from pipelines.running.watch import Watch
from pipelines.sample.make import make_sample
from tests.running.cities import restless

BEFORE, PERIOD = Period.parse("2026Q2"), Period.parse("2026Q3")
ABSENT = ("incidents", "instructions", "awards", "extensions", "evaluations", "evaluators", "adjustments")
FIRST = 201  # the seeds before were looked at while the model was made
PUBLISHED = {"baltimore": ("2014Q3", "2018Q4", 2), "pingshan": ("2018Q4", "2018Q4", 1)}  # quarters, and how many before
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
    )


CITIES = {"sample": sample_city, "restless": restless_city}


def counted(request: Request) -> Cube:
    """The counts of a period that is over."""
    with Watch(request, request.period.end) as watch:
        return watch.run().missed


def held(history: list[Cube], request: Request, seed: int) -> Counter:
    """By instant and figure: how many units' ends lay in the interval, and of how many; and how wide it was.

    `units` and `placed` are those with an end, `told` and `told_place` those of them with a forecast.
    """
    found: Counter = Counter()
    with Watch(request, request.period.end) as watch:
        end = watch.run().look()
        totals = {one.unit.unit_id: one.held_total for one in end.units}
        places = {one.unit.unit_id: one.place for one in end.units}
    for name, part in INSTANTS.items():
        at = (request.period.start + (request.period.end - request.period.start) / part).replace(microsecond=0)
        with Watch(request, at) as watch:
            told = likely(watch.run().look(), history, seed)
        for id, total in totals.items():
            low, high = told.total.get(id, (1, 0))
            found[name, "units"] += 1
            found[name, "told"] += id in told.total
            found[name, "total"] += low <= total <= high
            found[name, "width"] += high - low if id in told.total else 0
            if places[id]:
                best, worst = told.place.get(id) or (1, 0)
                found[name, "placed"] += 1
                found[name, "told_place"] += bool(worst)
                found[name, "place"] += best <= places[id] <= worst
    return found


def measured(kind: str, cities: int, first: int = 1) -> Counter:
    """The same over several cities of a kind."""
    found: Counter = Counter()
    for seed in range(first, first + cities):
        with tempfile.TemporaryDirectory() as folder:
            before, request = CITIES[kind](Path(folder), seed)
            found += held([counted(before)], request, seed)
    return found


def published(name: str, exports: Path, first: str, last_of_all: str, before: int) -> Counter:
    """The same of every quarter of a published city from the first to the last, with those ``before`` it as history."""
    found: Counter = Counter()
    period, last, history = Period.parse(first), Period.parse(last_of_all), []
    for _ in range(before):
        period = period.previous
    while period <= last:
        with tempfile.TemporaryDirectory() as folder:
            mapping = ROOT / "examples" / name / "mapping.yaml"
            request = Request(period, exports, Path(folder) / "out", source=mapping, pdf=False, counted=())
            if len(history) == before:
                found += held(history, request, 1)
            history = [counted(request), *history][:before]
        period = period.next
    return found


def lines(kind: str, found: Counter) -> list[str]:
    """Rows of the table in docs/running.md: of those with a forecast how many it held, and how many had none."""

    def share(name: str, part: str, of: str) -> str:
        return f"{100 * found[name, part] / found[name, of]:.1f} %" if found[name, of] else "–"

    return [
        f"| {kind} | {name} | {found[name, 'units']} | {share(name, 'total', 'told')} "
        f"| {100 - 100 * found[name, 'told'] / found[name, 'units']:.1f} % | {share(name, 'place', 'told_place')} "
        f"| {100 - 100 * found[name, 'told_place'] / found[name, 'placed']:.1f} % "
        f"| {found[name, 'width'] / max(found[name, 'told'], 1) / 100:.1f} |"
        for name in INSTANTS
    ]


if __name__ == "__main__":
    numbers = [int(one) for one in sys.argv[1:] if one.isdecimal()]
    for kind in CITIES:
        print("\n".join(lines(kind, measured(kind, *numbers or [12], FIRST))), flush=True)
    for folder in [Path(one) for one in sys.argv[1:] if not one.isdecimal()]:
        for name, quarters in PUBLISHED.items():
            print("\n".join(lines(name, published(name, folder, *quarters))), flush=True)
