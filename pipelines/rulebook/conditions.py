"""A `where` of a measure → conditions, every word of it checked against the contract (rule-language, "Conditions")."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pipelines.model.block import Block
from pipelines.model.condition import TRUTH, day, typed
from pipelines.model.contract import Column
from pipelines.model.measure import CUTOFF, MONTH, All, AnyOf, Choice, Compare, Condition, IsGiven, Moment, Not
from pipelines.rulebook import fail_if
from pipelines.rulebook.source import refusal, shown_text

READING = "reading"
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


# `month`: what a `where` says of it is said of the moment that places the row, before anything reads it.


OF_MONTH = {"before": ("before", 0), "after": ("at_least", 1), "at_least": ("at_least", 0), "at_most": ("before", 1)}


def with_months(where: Any, by: Moment, words: Vocabulary) -> Any:
    """A `where` whose every `month: 2026-07` is asked of the moment by which a row is placed in a month."""
    if isinstance(where, list):
        return [with_months(one, by, words) for one in where]
    if not isinstance(where, Block):
        return where
    found, months = Block(where.file, where.line), []
    found.lines |= where.lines
    for key, value in where.items():
        if key == MONTH and READING not in where:
            months.append(_placed(where, value, by, words))
        else:
            inner = READING in where or key in ("any", "all", "not")
            found[key] = with_months(value, by, words) if inner else value
    return [found, *months] if months else found


def _placed(block: Block, value: Any, by: Moment, words: Vocabulary) -> Block:
    """What a condition on the month is of the column that places the row, or of each that a reading may choose."""
    if not by.reading:
        return _of_column(block, MONTH, value, by.column, words)
    options = {choice: _of_column(block, MONTH, value, column, words) for choice, column in by.options}
    return _block(block, MONTH, {READING: by.reading, **options})


def _of_column(block: Block, key: str, value: Any, column: str, words: Vocabulary) -> Block:
    """A month, a list of months, or tests of it, as they stand at ``key``, of one moment."""
    if isinstance(value, list):
        return _block(block, key, {"any": [_within(block, key, one, column, words) for one in value]})
    if not isinstance(value, Block):
        return _within(block, key, value, column, words)
    tests = []
    for test, bound in value.items():
        if test == "given":
            tests.append(_block(value, test, {column: _block(value, test, {test: bound})}))
        elif test == "not":
            tests.append(_block(value, test, {test: _of_column(value, test, bound, column, words)}))
        elif test == "in":
            fail_if.not_a_list(bound, value, test)
            tests.append(_of_column(value, test, bound, column, words))
        elif test in OF_MONTH:
            test_of_moment, later = OF_MONTH[test]
            first = _first(value, test, bound, later, words.columns[column])
            tests.append(_block(value, test, {column: _block(value, test, {test_of_moment: first})}))
        else:
            known = (*OF_MONTH, "in", "given", "not")
            raise refusal(value, "test_of_type", test, near=(test, known), column=MONTH, test=test)
    return _block(block, key, {"all": tests})


def _within(block: Block, key: str, month: Any, column: str, words: Vocabulary) -> Block:
    first, after = (_first(block, key, month, later, words.columns[column]) for later in (0, 1))
    return _block(block, key, {column: _block(block, key, {"at_least": first, "before": after})})


def _first(block: Block, key: str, month: Any, later: int, kind: str) -> str:
    """The beginning of a month such as 2026-07, or of the one after it, as a column of that type has it."""
    start = day(f"{month}-01") if isinstance(month, str) else None
    if start is None:
        raise refusal(block, "bad_constant", key, column=MONTH, value=shown_text(month), type="2026-07")
    whole = start.year * 12 + start.month - 1 + later
    start = date(whole // 12, whole % 12 + 1, 1)
    return f"{start}T00:00:00" if kind == "timestamp" else str(start)


def _block(block: Block, key: str, said: Mapping[str, Any]) -> Block:
    """A block that was not written, at the line of what it stands for."""
    one = Block(block.file, block.lines.get(key, block.line))
    one.update(said)
    return one


def _alone(block: Block, key: str) -> Block:
    one = Block(block.file, block.lines.get(key, block.line))
    one[key], one.lines[key] = block[key], block.lines.get(key, block.line)
    return one


def _renamed(block: Block, key: str, name: str) -> Block:
    one = Block(block.file, block.lines.get(key, block.line))
    one[name], one.lines[name] = block[key], block.lines.get(key, block.line)
    return one
