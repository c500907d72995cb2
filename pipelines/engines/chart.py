"""A durable_rules statechart as a function: where a subject stands, and a message, to where it stands then.

The log of events is the memory, never the engine: each message meets a fresh state that holds where its subject
stands. So nothing stays pending to fire later, and no clock but the message's own figures takes part.
"""

import os
from copy import deepcopy
from dataclasses import dataclass

from pipelines.engines.rete import CODE, LARGEST, TAKEN, EngineFault, quiet_host

CHART, SID = "chart", "subject"
CONTEXT = ("label", "chart", "running", "prime")  # words of the library's own in a statechart


@dataclass(frozen=True)
class Transition:
    """From ``source`` to ``target`` on a message that meets ``when``: durable_rules JSON over one message."""

    name: str
    source: str
    target: str
    when: dict


class Chart:
    """A statechart, compiled once. The first source is its start, which no transition may lead back to."""

    def __init__(self, transitions: tuple[Transition, ...]):
        self._process = os.getpid()
        self._fired: list[str] = []
        self._states = {transition.source for transition in transitions}
        self._targets = {transition.name: transition.target for transition in transitions} | {"prime": "primed"}
        self._host = quiet_host(self._action)
        states: dict[str, dict] = {t.source: {} for t in transitions} | {t.target: {} for t in transitions}
        for t in transitions:
            states[t.source][t.name] = {"all": [{"m": deepcopy(t.when)}], "to": t.target, "run": t.name}
        # A state in which nothing ever fired must not be the first to be deleted: one that fires comes before it.
        start = transitions[0].source
        states[start]["prime"] = {"all": [{"m": {"prime": 1}}], "to": "primed", "run": "prime"}
        self._host.set_rulesets({f"{CHART}$state": {**states, "primed": {}}})
        self._play(start, {"prime": 1})

    def move(self, state: str, message: dict) -> tuple[str, str] | None:
        """(name of the transition, new state), or None where nothing follows. EngineFault for anything else."""
        if os.getpid() != self._process:
            raise EngineFault("forked", unit=state)
        if state not in self._states:
            return None
        for name, value in message.items():
            whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST
            if name in (*TAKEN, *CONTEXT) or not (whole or isinstance(value, str) and CODE.fullmatch(value)):
                raise EngineFault("bad_value", unit=state, name=name, value=value)
        return self._play(state, message)

    def _play(self, state: str, message: dict) -> tuple[str, str] | None:
        from durable.engine import MessageNotHandledException

        self._fired.clear()
        # `running` keeps the library from entering the start state; posting the label enters the one that holds.
        self._host.update_state(CHART, {"sid": SID, "running": 1})
        try:
            self._host.post(CHART, {"sid": SID, "label": state, "chart": 1})
            self._host.post(CHART, {"sid": SID, **message})
            return self._outcome(state, message)
        except MessageNotHandledException:
            return None  # no transition of any state looks at such a message
        finally:
            self._host.delete_state(CHART, SID)

    def _outcome(self, state: str, message: dict) -> tuple[str, str] | None:
        swallowed = self._host.get_state(CHART, SID).get("exception")
        if swallowed:
            raise EngineFault("swallowed", unit=state, problem=swallowed)
        pending = self._host.get_pending_events(CHART, SID)
        labels = [event["label"] for event in pending if event.get("chart")]
        if not self._fired and labels == [state] and len(pending) == 2:  # the message lies unused beside it
            return None
        target = self._targets.get(self._fired[0]) if len(self._fired) == 1 else None
        # A state that nothing leaves is not kept by the library; any other must be there, alone.
        if target is None or labels != [target] * (target in self._states) or len(pending) != len(labels):
            raise EngineFault("lost", unit=state, sent=1, accepted=len(self._fired))
        return self._fired[0], target

    def _action(self, name: str):
        def act(_):
            self._fired.append(name)

        return act
