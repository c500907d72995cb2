"""A `where` of a measure → conditions, every word of it checked against the contract (rule-language, "Conditions")."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipelines.model.block import Block
from pipelines.model.contract import Column
from pipelines.model.measure import CUTOFF, All, AnyOf, Choice, Compare, Condition, IsGiven, Not
from pipelines.rulebook import fail_if
from pipelines.rulebook.source import day, exact, refusal, shown_text

READING = "reading"
TRUTH = {"true": True, "false": False}
MOMENTS = ("timestamp", "date")
# Which tests a type allows; `before` and `after` are of moments only (semantics G10).
ORDERED = ("at_most", "at_least")
TESTS = {
    "timestamp": (*ORDERED, "before", "after", "equals", "in"),
    "date": (*ORDERED, "before", "after", "equals", "in"),
    "decimal": (*ORDERED, "more_than", "less_than", "equals", "in"),
    "integer": (*ORDERED, "more_than", "less_than", "equals", "in"),
    "boolean": ("equals",),
    "enum": ("equals", "in"),
    "text": ("equals", "in"),
}


@dataclass(frozen=True)
class Vocabulary:
    """What a condition may name: ``columns`` with their types, the values of enumerations, the book's readings."""

    columns: Mapping[str, str]
    values: Mapping[str, tuple[str, ...]]
    readings: Mapping[str, tuple[str, ...]]


def words_of(
    columns: Mapping[str, Column], derived: Mapping[str, str], readings: Mapping[str, tuple[str, ...]]
) -> Vocabulary:
    """The words that a condition on these columns may use."""
    types = {name: column.type for name, column in columns.items()} | dict(derived)
    values = {name: tuple(value for value, _ in column.labels) for name, column in columns.items() if column.labels}
    return Vocabulary(types, values, readings)


def parts(where: Any, parent: Block, words: Vocabulary) -> list[tuple[Condition, Block]]:
    """The conditions that must all hold, each with what was written: one column, operator or reading a part."""
    if isinstance(where, list):
        return [part for one in where for part in parts(one, parent, words)]
    fail_if.not_a_block(where, parent, "where")
    if READING in where:
        return [(_choice(where, words), where)]
    found: list[tuple[Condition, Block]] = []
    for key in where:
        alone = _alone(where, key)
        if key == "all":
            fail_if.not_a_list(where[key], where, key)
            found += parts(where[key], where, words)
        else:
            found.append((_one(alone, key, words), alone))
    return found


def _all(where: Any, parent: Block, words: Vocabulary) -> Condition:
    found = tuple(condition for condition, _ in parts(where, parent, words))
    return found[0] if len(found) == 1 else All(found)


def _choice(block: Block, words: Vocabulary) -> Choice:
    reading = block[READING]
    if reading not in words.readings:
        raise refusal(block, "measure_reading", READING, near=(reading, words.readings), value=shown_text(reading))
    known = words.readings[reading]
    for value in block:
        if value != READING and value not in known:
            raise refusal(block, "unknown_reading_value", value, near=(value, known), reading=reading, value=value)
    for value in known:
        if value not in block:
            raise refusal(block, "value_not_honoured", READING, reading=reading, value=value)
    return Choice(reading, tuple((value, _all(block[value], block, words)) for value in known))


def _one(block: Block, key: str, words: Vocabulary) -> Condition:
    value = block[key]
    if key == "not":
        return Not(_all(value, block, words))
    if key == "any":
        fail_if.not_a_list(value, block, key)
        return AnyOf(tuple(_all(one, block, words) for one in value))
    if key not in words.columns:
        known = (*words.columns, "any", "all", "not", READING)
        raise refusal(block, "unknown_column", key, near=(key, known), value=key)
    return _column(block, key, value, words)


def _column(block: Block, key: str, value: object, words: Vocabulary) -> Condition:
    if not isinstance(value, Block):
        return _compare(block, key, "in" if isinstance(value, list) else "equals", value, words)
    found: list[Condition] = []
    for test in value:
        if test == "given":
            fail_if.unknown_value(value, test, tuple(TRUTH))
            found.append(IsGiven(key, TRUTH[value[test]]))
        elif test == "not":
            found.append(
                Not(
                    _column(value, key, value[test], words)
                    if isinstance(value[test], Block)
                    else _column(_renamed(value, test, key), key, value[test], words)
                )
            )
        else:
            found.append(_compare(value, key, test, value[test], words, test))
    return found[0] if len(found) == 1 else All(tuple(found))


def _compare(block: Block, column: str, test: str, value: Any, words: Vocabulary, at: str = "") -> Compare:
    kind = words.columns[column]
    at = at or column
    if test not in TESTS[kind]:
        known = (*TESTS[kind], "given", "not")
        raise refusal(block, "test_of_type", at, near=(test, known), column=column, test=test)
    if test == "in":
        fail_if.not_a_list(value, block, at)
        return Compare(column, test, tuple(_constant(block, at, column, one, words) for one in value))
    if isinstance(value, str) and kind in (*MOMENTS, "decimal", "integer"):
        if value == CUTOFF and kind in MOMENTS:
            return Compare(column, test, other=CUTOFF)
        if value in words.columns:
            if _family(words.columns[value]) != _family(kind):
                raise refusal(block, "other_type", at, column=column, other=value)
            return Compare(column, test, other=value)
    return Compare(column, test, _constant(block, at, column, value, words))


def _family(kind: str) -> str:
    return "moment" if kind in MOMENTS else "number"


def _constant(block: Block, at: str, column: str, value: Any, words: Vocabulary) -> str:
    kind = words.columns[column]
    if column in words.values:
        if value not in words.values[column]:
            raise refusal(block, "unknown_value", at, near=(value, words.values[column]), value=shown_text(value))
    elif typed(kind, value) is None:
        raise refusal(block, "bad_constant", at, column=column, value=shown_text(value), type=kind)
    return str(value)


def typed(kind: str, value: object) -> object:
    """A constant as its type reads it: bool, Fraction, date, datetime or text; None if it does not."""
    if not isinstance(value, str) or not value:
        return None
    if kind == "boolean":
        return TRUTH.get(value)
    if kind in ("decimal", "integer"):
        number = exact(value)
        return None if kind == "integer" and number is not None and number.denominator != 1 else number
    if kind == "date":
        return day(value)
    if kind == "timestamp":
        return moment(value)
    return value


def moment(value: str) -> datetime | None:
    """A moment such as 2026-07-03T18:00:00, whole seconds; None for anything else."""
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if len(value) == 19 and found.tzinfo is None else None


def _alone(block: Block, key: str) -> Block:
    one = Block(block.file, block.lines.get(key, block.line))
    one[key], one.lines[key] = block[key], block.lines.get(key, block.line)
    return one


def _renamed(block: Block, key: str, name: str) -> Block:
    one = Block(block.file, block.lines.get(key, block.line))
    one[name], one.lines[name] = block[key], block.lines.get(key, block.line)
    return one
