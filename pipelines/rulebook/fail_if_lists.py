"""Reasons why readings, verdicts and clauses must not load, one function each, as in `fail_if`."""

from collections.abc import Iterable

from pipelines.engines.verdicts import rounds
from pipelines.model.rule import Verdict
from pipelines.rulebook import vocabulary
from pipelines.rulebook.numbers import exact
from pipelines.rulebook.source import Block, refusal, shown_text


def unknown_reading(block: Block, known: Iterable[str], key: str = "reading") -> None:
    """A reading that the program does not honour."""
    if block[key] not in known:
        raise refusal(block, "unknown_reading", key, near=(block[key], known), value=shown_text(block[key]))


def unknown_reading_value(block: Block, reading: str, values: Iterable[str], key: str = "values") -> None:
    """A value that the program does not honour."""
    known = vocabulary.READINGS[reading]
    for value in values:
        if value not in known and not (reading in vocabulary.OPEN_NUMBER and _is_amount(value)):
            raise refusal(block, "unknown_reading_value", key, near=(value, known), reading=reading, value=value)


def _is_amount(value: str) -> bool:
    amount = exact(value)
    return amount is not None and amount >= 0


def missing_reading(root: Block, present: Iterable[str]) -> None:
    """A switch of the program that the rulebook leaves open."""
    for reading in vocabulary.READINGS:
        if reading not in present and reading not in vocabulary.LATER:
            raise refusal(root, "missing_reading", value=reading)


def unknown_fact(block: Block) -> None:
    """A condition on something that no verdict can see."""
    if block["fact"] not in vocabulary.FACTS:
        near = (block["fact"], vocabulary.FACTS)
        raise refusal(block, "unknown_fact", "fact", near=near, value=shown_text(block["fact"]))


def no_fact(block: Block) -> None:
    """A condition that looks at nothing, or at two things."""
    if sum(kind in block for kind in ("fact", *vocabulary.THINGS)) != 1:
        raise refusal(block, "no_fact")


def no_test(block: Block) -> None:
    """A condition with no comparison, or with two."""
    if sum(test in block for test in vocabulary.TESTS) != 1:
        raise refusal(block, "no_test")


def unknown_verdict(block: Block, key: str, known: Iterable[str]) -> None:
    """A verdict that leans on one that is not there."""
    for value in block.get(key, []):
        if value not in known:
            raise refusal(block, "unknown_verdict", key, near=(value, known), value=shown_text(value))


def circle(blocks: list[Block], verdicts: tuple[Verdict, ...]) -> None:
    """Verdicts that lean on each other in a circle."""
    try:
        rounds(verdicts)
    except ValueError as problem:
        block = next(block for block in blocks if block["verdict"] == str(problem))
        raise refusal(block, "circle", "verdict", id=problem) from None


def clause_without_reason(root: Block, clauses: dict, named: set[str]) -> None:
    """A clause that nothing applies, without a word on why."""
    for clause in clauses.values():
        if clause.id not in named and clause.why_no_rule is None:
            raise refusal(root, "clause_without_reason", clause.id, id=clause.id)
