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
from typing import Any, Generic, TypeVar

from pipelines.lazy import durable, durable_rules_engine
from pipelines.model.condition import Condition
from pipelines.model.library import LibraryRule
from pipelines.model.words import Refusal
from pipelines.wording import say

CODE = re.compile(r"[A-Za-z0-9_.\-]+")
LARGEST = 2**62  # beyond 63 bits the library compares wrongly and says nothing
LONGEST_ACTION = 5.0  # seconds of the clock; after 10 the library drops the rest of a chain without a word
TRIES = 5  # of a unit: an action takes microseconds, and what held it up is nearly always a machine that stood still
SID = "unit"
TAKEN = ("id", "sid", "$s")  # words that the library reads as identity
RULESET = "rulebook"
# A fact holds whole numbers and codes; a pattern is durable_rules JSON; an action is what the library calls.
Fact = dict[str, Any]
Pattern = dict[str, Any]
Action = Callable[[Any], None]
Result = TypeVar("Result")
PRIME = {"prime": {"all": [{"m": {"prime": 1}}], "run": "prime"}}


class EngineFault(Refusal):
    """The rule engine did something other than judge every fact once: nothing of the run may be used."""

    def __init__(self, what: str, **facts: object) -> None:
        super().__init__(say(f"judge.engine_{what}", **facts))


class _TooSlow(EngineFault):
    """An action took so long that the library may have dropped what follows."""


@dataclass(frozen=True)
class Match:
    """What an action works on: the unit, the facts that met the patterns, and `tell` for a derived fact."""

    unit_id: str
    facts: tuple[Fact, ...]
    tell: Callable[[Fact], None]

    @property
    def fact(self) -> Fact:
        """The first fact: the only one of most rules."""
        return self.facts[0]


@dataclass(frozen=True)
class Production(Generic[Result]):
    """A rule for the engine: all patterns ``when`` (and none of ``unless``) lead to ``then``.

    A pattern is durable_rules JSON over one fact, such as ``{"$gt": {"n": 0}}``.
    """

    name: str
    when: tuple[Pattern, ...]
    then: Callable[[Match], Result]
    unless: tuple[Pattern, ...] = ()


@dataclass(frozen=True)
class Firing(Generic[Result]):
    """A rule that fired: its name, the fact that it fired on, and what its action returned."""

    rule: str
    fact: Fact
    result: Result


class Session(Generic[Result]):
    """A ruleset, compiled once, that judges unit after unit.

    ``known`` are patterns of facts that may come: such a fact is taken even when no rule fires on it,
    and a fact that no pattern knows is an error instead of a silence.
    """

    def __init__(self, productions: Iterable[Production[Result]], known: Iterable[Pattern]) -> None:
        self._actions = {f"rule_{k}": production for k, production in enumerate(productions)}
        self._process = os.getpid()
        self._unit, self._sent, self._asserted = "", 0, False
        self._fault: BaseException | None = None
        self._firings: list[Firing[Result]] = []
        self._host = quiet_host(self._action)
        # The library changes the definitions it is given: it gets a copy.
        self._host.set_rulesets({RULESET: deepcopy({**self._definitions(), **_sinks(known), **PRIME})})
        weakref.finalize(self, _forget, self._host.get_ruleset(RULESET)._handle).atexit = False
        self._prime()

    def run(self, unit_id: str, *batches: list[Fact]) -> list[Firing[Result]]:
        """Assert the batches of facts in order; everything that fired. EngineFault where a fact was lost.

        Actions leave nothing behind but what they return, so a unit that was held up is judged anew, in a fresh state.
        """
        if os.getpid() != self._process:
            raise EngineFault("forked", unit=unit_id)
        for _ in range(TRIES - 1):
            with suppress(_TooSlow):
                return self._judged(unit_id, batches)
        return self._judged(unit_id, batches)

    def _judged(self, unit_id: str, batches: tuple[list[Fact], ...]) -> list[Firing[Result]]:
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

    def _definitions(self) -> dict[str, Pattern]:
        rules = {}
        for name, production in self._actions.items():
            wanted = [{f"m{k}": pattern} for k, pattern in enumerate(production.when)]
            unwanted = [{f"n{k}$not": pattern} for k, pattern in enumerate(production.unless)]
            rules[name] = {"all": wanted + unwanted, "run": name}
        return rules

    def _send(self, batch: list[Fact]) -> None:
        if not batch:
            return
        facts = [self._checked(fact) for fact in batch]
        self._sent += len(facts)
        self._asserted = True
        self._taken(lambda: self._host.assert_facts(RULESET, facts), batch)
        self._nothing_swallowed()

    def _taken(self, assert_them: Callable[[], object], facts: object) -> None:
        """Run an assert of the library; a fact that it knows no rule for, or takes for another one, is a fault."""
        try:
            assert_them()
        except durable.engine.MessageNotHandledException:
            self._fault = self._fault or EngineFault("unknown_fact", unit=self._unit, fact=facts)
        except durable.engine.MessageObservedException:
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

    def _checked(self, fact: Fact) -> Fact:
        for name, value in fact.items():
            whole = type(value) is int and -LARGEST < value < LARGEST
            code = type(value) is str and CODE.fullmatch(value)
            if name in TAKEN or not (whole or code):
                raise EngineFault("bad_value", unit=self._unit, name=name, value=value)
        return {**fact, "sid": SID}

    def _action(self, name: str) -> Action:
        """The function that durable_rules calls: one argument, and no exception leaves it unseen."""
        production = self._actions.get(name)

        def act(closure: Any) -> None:
            try:
                if production:
                    self._fire(production, closure)
            except BaseException as problem:  # the library would swallow it: keep it, raise it after the assert
                self._fault = self._fault or problem

        return act

    def _fire(self, production: Production[Result], closure: Any) -> None:
        started = time.monotonic()
        facts = tuple(closure._m[f"m{k}"] for k in range(len(production.when)))
        result = production.then(Match(self._unit, facts, lambda fact: self._tell(closure, fact)))
        if time.monotonic() - started > LONGEST_ACTION:
            raise _TooSlow("slow", unit=self._unit, rule=production.name)
        self._firings.append(Firing(production.name, facts[0], result))

    def _tell(self, closure: Any, fact: Fact) -> None:
        derived = self._checked(fact)
        self._taken(lambda: closure.assert_fact(derived), fact)
        self._sent += 1


def text_of(fact: Fact) -> str:
    """A fact as one line of the trace: ``n=3`` or ``part=93 of=100``."""
    return " ".join(f"{name}={value}" for name, value in fact.items() if name not in (*TAKEN, "rule", "month"))


def quiet_host(action: Callable[[str], Action]) -> Any:
    """A host that gets its actions from ``action(name)`` and starts nothing of its own."""

    class Host(durable.engine.Host):  # type: ignore[misc]  # the library has no types
        def _run(self) -> None:
            """No background threads, no wall-clock timers."""

        def get_action(self, action_name: str) -> Action:
            return action(action_name)

    return Host()


def _forget(handle: int) -> None:
    durable_rules_engine.delete_ruleset(handle)  # the library keeps every ruleset for ever unless it is told


def _sinks(known: Iterable[Pattern]) -> dict[str, Pattern]:
    # Each waits for a second fact that never comes: known facts are accepted, nothing fires.
    waits = {"never": {"never": 1}}
    return {f"known_{k}": {"all": [{"m": pattern}, waits], "run": "never"} for k, pattern in enumerate(known)}


# A durable_rules statechart as a function: where a subject stands, and a message, to where it stands then.


STATECHART, SUBJECT = "chart", "subject"
CONTEXT = ("label", "chart", "running", "prime")  # words of the library's own in a statechart


@dataclass(frozen=True)
class Transition:
    """From ``source`` to ``target`` on a message that meets ``when``: durable_rules JSON over one message."""

    name: str
    source: str
    target: str
    when: Pattern


class Statechart:
    """A statechart, compiled once. The first source is its start, which no transition may lead back to."""

    def __init__(self, transitions: tuple[Transition, ...]) -> None:
        self._process = os.getpid()
        self._fired: list[str] = []
        self._states = {transition.source for transition in transitions}
        self._targets = {transition.name: transition.target for transition in transitions} | {"prime": "primed"}
        self._host = quiet_host(self._action)
        states: dict[str, Pattern] = {state: {} for t in transitions for state in (t.source, t.target)}
        for t in transitions:
            states[t.source][t.name] = {"all": [{"m": deepcopy(t.when)}], "to": t.target, "run": t.name}
        # A state in which nothing ever fired must not be the first to be deleted: one that fires comes before it.
        start = transitions[0].source
        states[start]["prime"] = {"all": [{"m": {"prime": 1}}], "to": "primed", "run": "prime"}
        self._host.set_rulesets({f"{STATECHART}$state": {**states, "primed": {}}})
        self._play(start, {"prime": 1})

    def move(self, state: str, message: Fact) -> tuple[str, str] | None:
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

    def _play(self, state: str, message: Fact) -> tuple[str, str] | None:
        self._fired.clear()
        # `running` keeps the library from entering the start state; posting the label enters the one that holds.
        self._host.update_state(STATECHART, {"sid": SUBJECT, "running": 1})
        try:
            self._host.post(STATECHART, {"sid": SUBJECT, "label": state, "chart": 1})
            self._host.post(STATECHART, {"sid": SUBJECT, **message})
            return self._outcome(state, message)
        except durable.engine.MessageNotHandledException:
            return None  # no transition of any state looks at such a message
        finally:
            self._host.delete_state(STATECHART, SUBJECT)

    def _outcome(self, state: str, message: Fact) -> tuple[str, str] | None:
        swallowed = self._host.get_state(STATECHART, SUBJECT).get("exception")
        if swallowed:
            raise EngineFault("swallowed", unit=state, problem=swallowed)
        pending = self._host.get_pending_events(STATECHART, SUBJECT)
        labels = [event["label"] for event in pending if event.get("chart")]
        if not self._fired and labels == [state] and len(pending) == 2:  # the message lies unused beside it
            return None
        target = self._targets.get(self._fired[0]) if len(self._fired) == 1 else None
        # A state that nothing leaves is not kept by the library; any other must be there, alone.
        if target is None or labels != [target] * (target in self._states) or len(pending) != len(labels):
            raise EngineFault("lost", unit=state, sent=1, accepted=len(self._fired))
        return self._fired[0], target

    def _action(self, name: str) -> Action:
        def act(_: object) -> None:
            self._fired.append(name)

        return act


# Findings of the libraries by the rule engine: whole numbers of one row against the conditions of one rule.


TESTS = {"at_least": "$gte", "at_most": "$lte", "more_than": "$gt"}


class Inspector:
    """The rules of the libraries, compiled once.

    Rows with the same numbers are judged once: a city's rows are many, their numbers few.
    """

    def __init__(self, rules: Iterable[LibraryRule]) -> None:
        rules = tuple(rules)
        known = [{"finding": rule.id} for rule in rules]
        self._session = Session([_production(rule) for rule in rules], known)
        self._judged: dict[tuple[object, ...], bool] = {}

    def finds(self, rule: LibraryRule, row: Fact) -> bool:
        """Whether a row meets the rule; ``row`` holds its measures (whole numbers) and codes."""
        if any(row[code] not in allowed for code, allowed in rule.only.items()):
            return False
        numbers = {measure: row[measure] for measure in rule.measures}
        key = (rule.id, *numbers.values())
        if key not in self._judged:
            self._judged[key] = bool(self._session.run(rule.id, [{"finding": rule.id, **numbers}]))
        return self._judged[key]


def _production(rule: LibraryRule) -> Production[bool]:
    tests = [{"finding": rule.id}, *map(_test, rule.when)]
    return Production(rule.id, ({"$and": tests},), lambda match: True)


def _test(condition: Condition) -> Pattern:
    pattern = {condition.fact: condition.value}
    return pattern if condition.test == "equals" else {TESTS[condition.test]: pattern}
