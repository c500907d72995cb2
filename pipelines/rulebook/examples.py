"""A rule's own examples, run through the judge of record."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

from pipelines.engines.judging import Judge
from pipelines.engines.settling import Settler
from pipelines.engines.verdicts import Adjudicator
from pipelines.model.block import Block
from pipelines.model.condition import Condition
from pipelines.model.facts import WORDS
from pipelines.model.points import points
from pipelines.model.rule import Rule, Rulebook, Verdict
from pipelines.model.tally import Award, Unit, UnitTally
from pipelines.rulebook import fail_if
from pipelines.rulebook.source import count, exact, refusal
from pipelines.wording import say

MONTHS = ("2026-01", "2026-02", "2026-03")
Engines = dict[tuple[object, ...], tuple[Judge, Settler]]


def check_examples(rulebook: Rulebook, rule: Rule, block: Block) -> None:
    """Every example must come out, and one must lie at, below and above the threshold."""
    seen: set[str] = set()
    engines: Engines = {}
    for example in rule.examples:
        fail_if.unknown_field(example, ("name", "given", "points", "readings"))
        fail_if.missing_field(example, ("name", "given", "points"))
        fail_if.bad_number(example, "points", least="-1000")
        fail_if.not_a_block(example["given"], example, "given")
        fail_if.example_differs(example, rule, outcome(rulebook, rule, example, engines))
        seen.add(_where(rulebook, rule, _tally(rulebook, rule, example["given"])))
    fail_if.missing_example(block, rule, seen)


def outcome(rulebook: Rulebook, rule: Rule, example: Block, engines: Engines | None = None) -> Fraction:
    """The points that an example comes to: its item's score less full marks, the rule being the only one.

    ``engines`` keeps what was compiled for one example for the next under the same readings.
    """
    readings = _readings(rulebook, example)
    key, engines = tuple(readings.items()), {} if engines is None else engines
    if key not in engines:
        alone = replace(rulebook, rules={rule.id: rule})
        engines[key] = Judge(alone, readings, MONTHS), Settler(alone, readings)
    judge, settler = engines[key]
    tally = _tally(rulebook, rule, example["given"])
    scores, _, _ = settler.settle(tally, judge.judge(tally)[0])
    return scores[rule.item] - rulebook.items[rule.item].full_marks


def _readings(rulebook: Rulebook, example: Block) -> dict[str, str]:
    chosen = example.get("readings", {})
    if "readings" in example:
        fail_if.not_a_block(chosen, example, "readings")
    for id, value in chosen.items():
        if id not in rulebook.readings:
            raise refusal(chosen, "unknown_reading", id, near=(id, rulebook.readings), value=id)
        if not (rulebook.readings[id].open_number and exact(value) is not None):
            fail_if.unknown_reading_value(chosen, rulebook.readings[id], value, id)
    return {id: chosen.get(id, reading.default) for id, reading in rulebook.readings.items()}


def _tally(rulebook: Rulebook, rule: Rule, given: Block) -> UnitTally:
    counts: dict[str, dict[str, int]] = dict.fromkeys(rulebook.measures, {})
    assessed, awards = {}, []
    known = {"assessed": (rule.measure,), "award": rulebook.award_types}.get(rule.kind, rulebook.measures)
    for key, value in given.items():
        if key not in known:
            raise refusal(given, "unknown_measure", key, near=(key, known), value=key)
        if rule.kind == "assessed":
            fail_if.bad_number(given, key)
            assessed[key] = points(value)
        elif rule.kind == "award":
            fail_if.not_a_list(value, given, key)
            awards += [(key, matter) for matter in value]
        else:
            counts[key] = _counts(given, key)
    listed = tuple(
        Award(f"example-{k}", kind, str(matter), date(2026, 1, k)) for k, (kind, matter) in enumerate(awards[:31], 1)
    )
    return UnitTally(Unit("example", "example", "example", True), 0, counts, {}, assessed, listed)


def _counts(given: Block, key: str) -> dict[str, int]:
    """By month: a count in the first one, or a list of up to three, one a month."""
    values = given[key] if isinstance(given[key], list) else [given[key]]
    numbers = [number for value in values if (number := count(value)) is not None]
    if len(numbers) < len(values) or len(numbers) > len(MONTHS):
        raise refusal(given, "bad_count", key, value=given[key])
    return dict(zip(MONTHS, numbers, strict=False))


def _where(rulebook: Rulebook, rule: Rule, tally: UnitTally) -> str:
    """Where an example lies: at, below or above the threshold of its rule."""
    if rule.kind == "assessed":
        score, full = tally.assessed.get(rule.measure), rulebook.items[rule.item].full_marks
        return "at" if score == full else "below" if score == 0 else "above"
    if rule.kind == "rate":
        part, of = tally.count(rule.part), tally.count(rule.of)
        return _compared(100 * part, rule.target * of) if of else ""
    n = len(tally.awards) if rule.kind == "award" else tally.count(rule.measure)
    return _compared(n, 1)


def _compared(value: Fraction | int, threshold: Fraction | int) -> str:
    return "at" if value == threshold else "below" if value < threshold else "above"


# A verdict's own examples, run through the rule engine.


TRUE = {"true": True, "false": False}
# On which side of its bound a test looks from one kind of example to the other.
BEYOND: dict[str, Callable[[Any, Any], bool]] = {
    "at_least": lambda given, bound: given < bound,
    "less_than": lambda given, bound: given < bound,
    "at_most": lambda given, bound: given > bound,
    "more_than": lambda given, bound: given > bound,
    "equals": lambda given, bound: given != bound,
}


def check_verdict_examples(verdicts: tuple[Verdict, ...], written: list[Block], grades: tuple[str, ...] = ()) -> None:
    """Every example must come out; every bound has one on it and one beyond it.

    Editions from before verdicts had examples have none at all, and load.
    """
    if not any(verdict.examples for verdict in verdicts):
        return
    blocks = {block["verdict"]: block for block in written}
    for verdict in verdicts:
        if not verdict.examples:
            raise refusal(blocks[verdict.id], "verdict_without_examples", "verdict", id=verdict.id)
        engine = Adjudicator((*_stubs(verdict), verdict))
        given = [_given(verdict, example, grades) for example in verdict.examples]
        for example, (facts, stubs) in zip(verdict.examples, given, strict=True):
            _must_hold(verdict, example, engine, {**facts, **stubs})
        fail_if.groups_untried(blocks[verdict.id], verdict)
        for condition in verdict.when:
            _must_be_tried(verdict, condition, blocks[verdict.id], [facts.get(condition.fact) for facts, _ in given])


def _stubs(verdict: Verdict) -> list[Verdict]:
    """The verdicts that it leans on, each given where its own fact is 1."""
    return [
        Verdict(id, verdict.clause, "remark", verdict.title, verdict.says, (Condition(f"stub {id}", "equals", 1),))
        for id in dict.fromkeys((*verdict.also, *verdict.unless))
    ]


def _given(verdict: Verdict, example: Block, grades: tuple[str, ...]) -> tuple[dict[str, Fraction], dict[str, int]]:
    """The facts of an example by their names, and which of the verdicts it leans on were given.

    An empty value stands for a fact that has none.
    """
    needed = ("name", "given", "holds", *(("group",) if verdict.groups else ()))
    fail_if.unknown_field(example, needed)
    fail_if.missing_field(example, needed)
    fail_if.unknown_value(example, "holds", tuple(TRUE))
    block = example["given"]
    fail_if.not_a_block(block, example, "given")
    names, leans = {c.label: c.fact for c in verdict.when}, (*verdict.also, *verdict.unless)
    fail_if.unknown_field(block, (*names, *leans))
    facts, stubs = {}, {}
    for label in (*names, *leans):
        if label not in block:
            raise refusal(block, "missing_field", field=label)
    for label, fact in names.items():
        if block[label] != "" and fact in WORDS:
            fail_if.unknown_value(block, label, grades)
            facts[fact] = block[label]
        elif block[label] != "":
            value = exact(block[label])
            if value is None:
                raise refusal(block, "bad_count", label, value=block[label])
            facts[fact] = value
    for id in leans:
        fail_if.unknown_value(block, id, tuple(TRUE))
        stubs[f"stub {id}"] = int(TRUE[block[id]])
    return facts, stubs


def _must_hold(verdict: Verdict, example: Block, engine: Adjudicator, facts: Mapping[str, int | Fraction]) -> None:
    given, _ = engine.adjudicate("example", facts, example.get("group", ""))
    holds = verdict.id in [one.verdict_id for one in given]
    if holds != TRUE[example["holds"]]:
        texts = {"wanted": example["holds"], "got": str(holds).lower()}
        raise refusal(example, "verdict_differs", "holds", id=verdict.id, name=example["name"], **texts)


def _must_be_tried(verdict: Verdict, condition: Condition, block: Block, given: list[Fraction | None]) -> None:
    bounds = condition.bounds
    values = [value for value in given if value is not None]
    beyond = BEYOND.get(condition.test) or (lambda value, _: value not in bounds)
    tried = {"at": all(bound in values for bound in bounds), "beyond": any(beyond(v, bounds[0]) for v in values)}
    for which, found in tried.items():
        if not found:
            facts: dict[str, Any] = {
                "fact": condition.label,
                "test": condition.test,
                "value": ", ".join(map(str, bounds)),
            }
            raise refusal(
                block, "verdict_bound", "examples", id=verdict.id, which=say(f"rulebook.bound_{which}"), **facts
            )
