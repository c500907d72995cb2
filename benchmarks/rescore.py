"""A what-if as the second judge answers it: other rule values over tallies that are already counted."""

import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from benchmarks.sides import PERIOD
from pipelines.model.period import Period

RULE = "satisfaction_rate"
TARGETS = (85, 88, 92, 95)


def rescore_seconds(accepted: Path) -> float:
    """The slowest of a few re-scores of every unit, places included, each under another target; no case is read."""
    from pipelines.engines.vector import places, rescore

    cube, rulebook, readings = _counted(accepted)
    seconds = []
    for target in TARGETS:
        changed = replace(rulebook.rules[RULE], target=Fraction(target))
        other = replace(rulebook, rules={**rulebook.rules, RULE: changed})
        start = time.perf_counter()
        scores = rescore(cube, other, readings)
        places(scores.total, scores.case_rows > 0)
        seconds.append(time.perf_counter() - start)
    return max(seconds)


def _counted(accepted: Path):
    """The tally cube of the accepted rows, the rulebook and the default readings."""
    from benchmarks.ours import look_at
    from pipelines.edges.calendar import Calendar
    from pipelines.edges.warehouse import Warehouse
    from pipelines.engines.cube import Cube
    from pipelines.paths import RULES
    from pipelines.rulebook.load import choose_readings, load_rulebook
    from pipelines.stages.measure import measure, tallies_in_force

    period, warehouse = Period.parse(PERIOD), Warehouse()
    look_at(warehouse, accepted)
    rulebook = load_rulebook(RULES / "standard", period.start.date())
    readings = choose_readings(rulebook, {})
    measure(warehouse, period, period.end, rulebook, Calendar.load())
    tallies = tallies_in_force(warehouse, period, rulebook, readings)
    cube = Cube.prepare(warehouse.arrow("tallies.cube"), rulebook.marks, rulebook.measures, tallies, period.months)
    warehouse.close()
    return cube, rulebook, readings
