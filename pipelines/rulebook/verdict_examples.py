"""A verdict's own examples, run through the rule engine."""

from fractions import Fraction

from pipelines.edges.wording import say
from pipelines.engines.verdicts import Adjudicator
from pipelines.model.condition import Condition
from pipelines.model.rule import Verdict
from pipelines.rulebook import fail_if
from pipelines.rulebook.numbers import exact
from pipelines.rulebook.source import Block, refusal

TRUE = {"true": True, "false": False}
# On which side of its bound a test looks from one kind of example to the other.
BEYOND = {
    "at_least": lambda given, bound: given < bound, "less_than": lambda given, bound: given < bound,
    "at_most": lambda given, bound: given > bound, "more_than": lambda given, bound: given > bound,
    "equals": lambda given, bound: given != bound,
}


def check_verdict_examples(verdicts: tuple[Verdict, ...], written: list[Block]) -> None:
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
        given = [_given(verdict, example) for example in verdict.examples]
        for example, (facts, stubs) in zip(verdict.examples, given, strict=True):
            _must_hold(verdict, example, engine, {**facts, **stubs})
        for condition in verdict.when:
            _must_be_tried(verdict, condition, blocks[verdict.id], [facts.get(condition.fact) for facts, _ in given])


def _stubs(verdict: Verdict) -> list[Verdict]:
    """The verdicts that it leans on, each given where its own fact is 1."""
    return [
        Verdict(id, verdict.clause, "remark", verdict.title, verdict.says, (Condition(f"stub {id}", "equals", 1),))
        for id in dict.fromkeys((*verdict.also, *verdict.unless))
    ]


def _given(verdict: Verdict, example: Block) -> tuple[dict[str, Fraction], dict[str, int]]:
    """The facts of an example by their names, and which of the verdicts it leans on were given.

    An empty value stands for a fact that has none.
    """
    fail_if.unknown_field(example, ("name", "given", "holds"))
    fail_if.missing_field(example, ("name", "given", "holds"))
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
        if block[label] != "":
            value = exact(block[label])
            if value is None:
                raise refusal(block, "bad_count", label, value=block[label])
            facts[fact] = value
    for id in leans:
        fail_if.unknown_value(block, id, tuple(TRUE))
        stubs[f"stub {id}"] = int(TRUE[block[id]])
    return facts, stubs


def _must_hold(verdict: Verdict, example: Block, engine: Adjudicator, facts: dict) -> None:
    given, _ = engine.adjudicate("example", facts)
    holds = verdict.id in [one.verdict_id for one in given]
    if holds != TRUE[example["holds"]]:
        texts = {"wanted": example["holds"], "got": str(holds).lower()}
        raise refusal(example, "verdict_differs", "holds", id=verdict.id, name=example["name"], **texts)


def _must_be_tried(verdict: Verdict, condition: Condition, block: Block, given: list[Fraction | None]) -> None:
    bounds = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    values = [value for value in given if value is not None]
    beyond = BEYOND.get(condition.test, lambda value, _: value not in bounds)
    tried = {"at": all(bound in values for bound in bounds), "beyond": any(beyond(v, bounds[0]) for v in values)}
    for which, found in tried.items():
        if not found:
            facts = {"fact": condition.label, "test": condition.test, "value": ", ".join(map(str, bounds))}
            raise refusal(block, "verdict_bound", "examples", id=verdict.id, which=say(f"rulebook.bound_{which}"),
                          **facts)  # fmt: skip
