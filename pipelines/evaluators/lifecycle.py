"""The life of a case row among the evaluators, as a statechart (E5.2, E6.0).

waiting → assigned → reminded → final | returned | withdrawn; from there assigned again, or left pending.
Messages carry whole numbers that the driver works out: ``asg`` the assignment meant and ``current`` the one in force,
``age`` seconds since the assignment, ``worked`` full working days since the clock began, ``made`` assignments so far.
"""

from pipelines.engines.chart import Chart, Transition
from pipelines.model.panel import PanelRules

WAITING, ASSIGNED, REMINDED, RETURNED, WITHDRAWN, FINAL, PENDING = STATES = (
    "waiting", "assigned", "reminded", "returned", "withdrawn", "final", "pending",
)  # fmt: skip
OPEN = (ASSIGNED, REMINDED)  # somebody has the case
TO_ASSIGN = (WAITING, RETURNED, WITHDRAWN)  # somebody must get it
SETTLED = (FINAL, PENDING)
HOUR = 3600


def transitions(rules: PanelRules) -> tuple[Transition, ...]:
    """Every way from state to state under the settings, the start first."""
    meant = {"asg": {"$m": "current"}}  # an event of an earlier assignment moves nothing
    in_time, over = {"$lt": {"worked": rules.working_days}}, {"$gte": {"worked": rules.working_days}}
    old = {"$gte": {"age": rules.after_hours * HOUR}}
    ways = [Transition("assign", WAITING, ASSIGNED, {"event": "assign"})]
    ways.append(Transition("remind", ASSIGNED, REMINDED, _all("tick", meant, old, in_time)))
    for state in OPEN:
        ways += [
            Transition(f"rate_{state}", state, FINAL, _all("rate", meant, in_time)),
            Transition(f"return_{state}", state, RETURNED, _all("return", meant, in_time)),
            Transition(f"withdraw_{state}", state, WITHDRAWN, _all("tick", meant, over)),
        ]
    for state in (RETURNED, WITHDRAWN):
        ways += [
            Transition(f"reassign_{state}", state, ASSIGNED, _all("assign", {"$lte": {"made": rules.at_most}})),
            Transition(f"leave_{state}", state, PENDING, _all("assign", {"$gt": {"made": rules.at_most}})),
        ]
    return tuple(ways)


def chart(rules: PanelRules) -> Chart:
    """The statechart, compiled."""
    return Chart(transitions(rules))


def _all(event: str, *tests: dict) -> dict:
    return {"$and": [{"event": event}, *tests]}
