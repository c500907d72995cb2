"""When something is done: the machine's clock counts, a typed time is a note beside it.

A quarter marked SIMULATED is the exception: there the typed time counts, and every line says so. A test hands over
another clock in Python; no option and no variable of the environment sets it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pipelines.model.refusals import NotAllowed, UsageRefusal
from pipelines.wording import say

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Moment:
    """The moment ``at`` of an act, which counts; what the ``clock`` showed, and what was ``noted`` beside it.

    Local time, whole seconds. ``at`` is the clock's unless the quarter is ``simulated``.
    """

    at: datetime
    clock: datetime
    noted: datetime | None = None
    simulated: bool = False


def moment_of(clock: datetime, typed: datetime | None, simulated: bool, cutoff: datetime | None) -> Moment:
    """The moment of an act: ``typed`` is what ``--at`` gave, ``cutoff`` that of the run in force.

    UsageRefusal where a typed time lies outside cutoff and clock (a simulated one: before the cutoff); NotAllowed
    where the clock itself stands before the cutoff of a quarter that is none of invented data.
    """
    clock, typed = clock.replace(microsecond=0), typed and typed.replace(microsecond=0)
    if simulated:
        if typed and cutoff and typed < cutoff:
            raise UsageRefusal(say("publication.noted_too_early", at=typed, cutoff=cutoff))
        return Moment(typed or clock, clock, None, True)
    if cutoff and clock < cutoff:
        raise NotAllowed(say("publication.not_over", clock=clock, cutoff=cutoff))
    if typed and not (cutoff or typed) <= typed <= clock:
        raise UsageRefusal(say("publication.noted_outside", at=typed, cutoff=cutoff or "–", clock=clock))
    return Moment(clock, clock, typed)
