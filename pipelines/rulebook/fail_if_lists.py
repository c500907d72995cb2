"""Reasons why readings, verdicts and clauses must not load, one function each, as in `fail_if`."""

from collections.abc import Iterable, Mapping

from pipelines.engines.marks import readings_that_count
from pipelines.engines.verdicts import rounds
from pipelines.model.measure import Measure
from pipelines.model.rule import LATER, Reading, Verdict
from pipelines.rulebook import vocabulary
from pipelines.rulebook.numbers import exact
from pipelines.rulebook.source import Block, refusal, shown_text


def nothing_honours(
    blocks: list[Block], readings: Mapping[str, Reading], honoured: Mapping[str, Iterable[str]]
) -> None:
    """A reading or a value of one that no measure, no derived column, no settling and no ranking acts on."""
    for block in blocks:
        id = block["reading"]
        if id not in readings:
            continue
        if id not in honoured:
            raise refusal(block, "nothing_honours", "reading", near=(id, honoured), value=id)
        for value in readings[id].values:
            amount = id in vocabulary.OPEN_NUMBER and _is_amount(value)
            if value not in honoured[id] and not amount:
                near = (value, honoured[id])
                raise refusal(block, "value_honoured_by_nothing", "values", near=near, reading=id, value=value)


def unknown_reading_value(block: Block, reading: Reading, value: str, key: str) -> None:
    """A value that the reading does not have."""
    if value not in reading.values and not (reading.open_number and _is_amount(value)):
        near = (value, reading.values)
        raise refusal(block, "unknown_reading_value", key, near=near, reading=reading.id, value=value)


def _is_amount(value: str) -> bool:
    amount = exact(value)
    return amount is not None and amount >= 0


def missing_reading(root: Block, present: Iterable[str], measures: Mapping[str, Measure]) -> None:
    """A switch that settling, ranking or a derived column needs and the rulebook leaves open."""
    needed = set(vocabulary.READINGS).union(*map(readings_that_count, measures.values()))
    for reading in sorted(needed):
        if reading not in present and reading not in LATER:
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
