"""durable_rules behind one door: each of its sharp edges becomes an `EngineFault` here.

Facts are small dicts of whole numbers and codes. One unit at a time is asserted, judged and forgotten.
"""

import os
import re
import time
import weakref
from collections.abc import Callable, Iterable
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass

from pipelines.edges.wording import say
from pipelines.model.refusals import Refusal

CODE = re.compile(r"[A-Za-z0-9_.\-]+")
LARGEST = 2**62  # beyond 63 bits the library compares wrongly and says nothing
LONGEST_ACTION = 5.0  # seconds of the clock; after 10 the library drops the rest of a chain without a word
TRIES = 5  # of a unit: an action takes microseconds, and what held it up is nearly always a machine that stood still
SID = "unit"
TAKEN = ("id", "sid", "$s")  # words that the library reads as identity
RULESET = "rulebook"
PRIME = {"prime": {"all": [{"m": {"prime": 1}}], "run": "prime"}}


class EngineFault(Refusal):
    """The rule engine did something other than judge every fact once: nothing of the run may be used."""

    def __init__(self, what: str, **facts: object):
        super().__init__(say(f"judge.engine_{what}", **facts))


class _TooSlow(EngineFault):
    """An action took so long that the library may have dropped what follows."""


@dataclass(frozen=True)
class Match:
    """What an action works on: the unit, the facts that met the patterns, and `tell` for a derived fact."""

    unit_id: str
    facts: tuple[dict, ...]
    tell: Callable[[dict], None]

    @property
    def fact(self) -> dict:
        """The first fact: the only one of most rules."""
        return self.facts[0]


@dataclass(frozen=True)
class Production:
    """A rule for the engine: all patterns ``when`` (and none of ``unless``) lead to ``then``.

    A pattern is durable_rules JSON over one fact, such as ``{"$gt": {"n": 0}}``.
    """

    name: str
    when: tuple[dict, ...]
    then: Callable[[Match], object]
    unless: tuple[dict, ...] = ()


@dataclass(frozen=True)
class Firing:
    """A rule that fired: its name, the fact that it fired on, and what its action returned."""

    rule: str
    fact: dict
    result: object


class Session:
    """A ruleset, compiled once, that judges unit after unit.

    ``known`` are patterns of facts that may come: such a fact is taken even when no rule fires on it,
    and a fact that no pattern knows is an error instead of a silence.
    """

    def __init__(self, productions: Iterable[Production], known: Iterable[dict]):
        self._actions = {f"rule_{k}": production for k, production in enumerate(productions)}
        self._process = os.getpid()
        self._unit, self._sent, self._asserted = "", 0, False
        self._fault: BaseException | None = None
        self._firings: list[Firing] = []
        self._host = quiet_host(self._action)
        # The library changes the definitions it is given: it gets a copy.
        self._host.set_rulesets({RULESET: deepcopy({**self._definitions(), **_sinks(known), **PRIME})})
        weakref.finalize(self, _forget, self._host.get_ruleset(RULESET)._handle).atexit = False
        self._prime()

    def run(self, unit_id: str, *batches: list[dict]) -> list[Firing]:
        """Assert the batches of facts in order; everything that fired. EngineFault where a fact was lost.

        Actions leave nothing behind but what they return, so a unit that was held up is judged anew, in a fresh state.
        """
        if os.getpid() != self._process:
            raise EngineFault("forked", unit=unit_id)
        for _ in range(TRIES - 1):
            with suppress(_TooSlow):
                return self._judged(unit_id, batches)
        return self._judged(unit_id, batches)

    def _judged(self, unit_id: str, batches: tuple[list[dict], ...]) -> list[Firing]:
        self._unit, self._sent, self._fault, self._firings, self._asserted = unit_id, 0, None, [], False
        try:
            for batch in batches:
                self._send(batch)
            self._all_accepted()
        finally:
            if self._asserted:  # the library crashes on deleting a state that never was
                self._host.delete_state(RULESET, SID)
        return self._firings

    def _prime(self) -> None:
        # A state in which no rule ever fired holds uninitialised memory, and deleting it crashes the process.
        # Every unit takes over the place of the state before; so one that did fire comes first.
        self._host.assert_fact(RULESET, {"sid": SID, "prime": 1})
        self._host.delete_state(RULESET, SID)

    def _definitions(self) -> dict[str, dict]:
        rules = {}
        for name, production in self._actions.items():
            wanted = [{f"m{k}": pattern} for k, pattern in enumerate(production.when)]
            unwanted = [{f"n{k}$not": pattern} for k, pattern in enumerate(production.unless)]
            rules[name] = {"all": wanted + unwanted, "run": name}
        return rules

    def _send(self, batch: list[dict]) -> None:
        if not batch:
            return
        facts = [self._checked(fact) for fact in batch]
        self._sent += len(facts)
        self._asserted = True
        self._taken(lambda: self._host.assert_facts(RULESET, facts), batch)
        self._nothing_swallowed()

    def _taken(self, assert_them: Callable[[], object], facts: object) -> None:
        """Run an assert of the library; a fact that it knows no rule for, or takes for another one, is a fault."""
        from durable.engine import MessageNotHandledException, MessageObservedException

        try:
            assert_them()
        except MessageNotHandledException:
            self._fault = self._fault or EngineFault("unknown_fact", unit=self._unit, fact=facts)
        except MessageObservedException:
            self._fault = self._fault or EngineFault("same_fact", unit=self._unit, fact=facts)

    def _nothing_swallowed(self) -> None:
        if self._fault:
            raise self._fault
        swallowed = self._host.get_state(RULESET, SID).get("exception")
        if swallowed:
            raise EngineFault("swallowed", unit=self._unit, problem=swallowed)

    def _all_accepted(self) -> None:
        accepted = len(self._host.get_facts(RULESET, SID)) if self._asserted else 0
        if accepted != self._sent:
            raise EngineFault("lost", unit=self._unit, sent=self._sent, accepted=accepted)

    def _checked(self, fact: dict) -> dict:
        for name, value in fact.items():
            whole = type(value) is int and -LARGEST < value < LARGEST
            code = type(value) is str and CODE.fullmatch(value)
            if name in TAKEN or not (whole or code):
                raise EngineFault("bad_value", unit=self._unit, name=name, value=value)
        return {**fact, "sid": SID}

    def _action(self, name: str) -> Callable:
        """The function that durable_rules calls: one argument, and no exception leaves it unseen."""
        production = self._actions.get(name)

        def act(closure):
            try:
                if production:
                    self._fire(production, closure)
            except BaseException as problem:  # the library would swallow it: keep it, raise it after the assert
                self._fault = self._fault or problem

        return act

    def _fire(self, production: Production, closure) -> None:
        started = time.monotonic()
        facts = tuple(closure._m[f"m{k}"] for k in range(len(production.when)))
        result = production.then(Match(self._unit, facts, lambda fact: self._tell(closure, fact)))
        if time.monotonic() - started > LONGEST_ACTION:
            raise _TooSlow("slow", unit=self._unit, rule=production.name)
        self._firings.append(Firing(production.name, facts[0], result))

    def _tell(self, closure, fact: dict) -> None:
        derived = self._checked(fact)
        self._taken(lambda: closure.assert_fact(derived), fact)
        self._sent += 1


def text_of(fact: dict) -> str:
    """A fact as one line of the trace: ``n=3`` or ``part=93 of=100``."""
    return " ".join(f"{name}={value}" for name, value in fact.items() if name not in (*TAKEN, "rule", "month"))


def quiet_host(action: Callable[[str], Callable]):
    """A host that gets its actions from ``action(name)`` and starts nothing of its own."""
    from durable import engine

    class Host(engine.Host):
        def _run(self):
            """No background threads, no wall-clock timers."""

        def get_action(self, action_name):
            return action(action_name)

    return Host()


def _forget(handle: int) -> None:
    # The library keeps every ruleset for ever unless it is told.
    import durable_rules_engine

    durable_rules_engine.delete_ruleset(handle)


def _sinks(known: Iterable[dict]) -> dict[str, dict]:
    # Each waits for a second fact that never comes: known facts are accepted, nothing fires.
    waits = {"never": {"never": 1}}
    return {f"known_{k}": {"all": [{"m": pattern}, waits], "run": "never"} for k, pattern in enumerate(known)}
