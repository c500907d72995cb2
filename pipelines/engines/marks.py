"""What the tally marks of every row: one bit for each condition of a measure under each choice of its readings.

A row is counted by a measure if it has the marks of all the measure's parts under the readings in force. Marks are
known by what they say (`Mark.key`), so that a tally can be read by who did not make it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import product

from pipelines.model.measure import (
    CASE_ROWS,
    DERIVED,
    All,
    AnyOf,
    Choice,
    Compare,
    Condition,
    Derived,
    IsGiven,
    Measure,
    Not,
    columns_of,
    readings_of,
)
from pipelines.model.rule import EMPTY, LATER, Rule, Rulebook
from pipelines.model.tally import Marks, spelled
from pipelines.model.words import UsageRefusal
from pipelines.wording import say


def layouts(
    measures: Mapping[str, Measure], readings: Mapping[str, tuple[str, ...]], rules: Iterable[Rule]
) -> dict[str, Marks]:
    """Counted table → its marks; ``readings`` are all values of the book's readings, ``rules`` those in force."""
    known, found = {id: (value,) for id, value in LATER.items()} | dict(readings), {}
    deducted = [rule for rule in rules if rule.kind == "occurrence"]
    for counts in dict.fromkeys(measure.counts for measure in measures.values()):
        own = [measure for measure in measures.values() if measure.counts == counts]
        conditions = {part: None for one in own for chosen in _choices(one, known) for part in wheres(one, chosen)}
        places = {place(one, chosen): None for one in own for chosen in _choices(one, known)}
        quotes = {
            variant(column, chosen, counts): None
            for one in own
            for chosen in _choices(one, known)
            for column in one.quotes
        }
        waived = [rule.id for rule in deducted if measures[rule.measure].counts == counts]
        waivers = ("", *waived)
        conditions |= {priced(rule, value): None for rule in deducted if rule.id in waived for value, _ in rule.prices}
        sums, distincts = ({getattr(one, kind): None for one in own} for kind in ("sum", "distinct"))
        kept = (tuple(filter(None, sums)), tuple(filter(None, distincts)))
        found[counts] = Marks.of(counts, places, conditions, waivers, quotes, *kept)
    return found


def readings_that_count(measure: Measure) -> tuple[str, ...]:
    """The readings that change what a measure counts, in a fixed order."""
    derived = derived_of(measure.counts)
    found = set().union(*(readings_of(part, derived) for part in measure.where))
    found |= {measure.by.reading} - {""}
    for column in measure.by.columns:
        found |= {reading for reading, _ in derived[column].readings} if column in derived else set()
    return tuple(sorted(found))


def derived_of(counts: str) -> Mapping[str, Derived]:
    """The columns that are worked out for the rows of a table."""
    return DERIVED if counts == CASE_ROWS else {}


def _choices(measure: Measure, readings: Mapping[str, tuple[str, ...]]) -> Iterator[dict[str, str]]:
    names = readings_that_count(measure)
    for values in product(*(readings[name] for name in names)):
        yield dict(zip(names, values, strict=True))


def wheres(measure: Measure, readings: Mapping[str, str]) -> tuple[Condition, ...]:
    """The conditions of a measure under these readings: no reading is left open, and nothing that always holds."""
    found = (resolved(part, readings, measure.counts) for part in measure.where)
    return tuple(part for part in found if part != All())


def place(measure: Measure, readings: Mapping[str, str]) -> str:
    """The column that places a row in a month."""
    by = measure.by
    column = dict(by.options)[_value(by.reading, readings)] if by.reading else by.column
    return variant(column, readings, measure.counts)


def variant(column: str, readings: Mapping[str, str], counts: str) -> str:
    """The name of a column under these readings."""
    derived = derived_of(counts)
    if column not in derived:
        return column
    names = [reading for reading, _ in derived[column].readings]
    return derived[column].variant({name: _value(name, readings) for name in names})


def _value(reading: str, readings: Mapping[str, str]) -> str:
    return readings[reading] if reading in readings else LATER[reading]


def resolved(condition: Condition, readings: Mapping[str, str], counts: str) -> Condition:
    """A condition with the readings chosen and derived columns by their own names."""
    match condition:
        case Choice(reading=reading, options=options):
            return resolved(dict(options)[_value(reading, readings)], readings, counts)
        case Not(part=part):
            return Not(resolved(part, readings, counts))
        case All(parts=parts) | AnyOf(parts=parts):
            return type(condition)(tuple(resolved(part, readings, counts) for part in parts))
        case IsGiven(column=column, given=given):
            return IsGiven(variant(column, readings, counts), given)
    other = variant(condition.other, readings, counts) if condition.other else ""
    return Compare(variant(condition.column, readings, counts), condition.test, condition.value, other)


def selection(measure: Measure, readings: Mapping[str, str], marks: Marks) -> tuple[int, tuple[int, ...]]:
    """The position of the place column, and the marks that a row of the measure has, one number a word.

    UsageRefusal if the rows were not marked for this measure: they were counted by another book.
    """
    keys, column = [spelled(part) for part in wheres(measure, readings)], place(measure, readings)
    if column not in marks.places or any(key not in marks.position for key in keys):
        raise UsageRefusal(say("laboratory.not_tallied", measure=measure.id))
    return marks.places.index(column), marks.pattern(marks.position[key] for key in keys)


def priced(rule: Rule, value: str) -> Condition:
    """What a row has that costs by this value of the rule's column (semantics G16)."""
    return IsGiven(rule.by, False) if value == EMPTY else Compare(rule.by, "equals", value)


def of_price(measure: Measure, rule: Rule, value: str) -> Measure:
    """The rows of a measure that cost by this value of the rule's column; all of them where the rule has one price."""
    return replace(measure, where=(*measure.where, priced(rule, value))) if value else measure


def patterns_of(marks: Marks, rulebook: Rulebook) -> list[tuple[int, ...]]:
    """The marks, under every reading, of the rows of a table that can cost points one by one."""
    values = readings_of_book(rulebook)
    found: dict[tuple[int, ...], None] = {}
    for rule in rulebook.rules.values():
        measure = rulebook.measures[rule.measure] if rule.kind == "occurrence" else None
        if measure and measure.counts == marks.counts:
            found |= {selection(measure, chosen, marks)[1]: None for chosen in _choices(measure, values)}
    return list(found)


def readings_of_book(rulebook: Rulebook) -> dict[str, tuple[str, ...]]:
    """Every value of every reading of a book, and how it is read where it lacks one."""
    return {id: (value,) for id, value in LATER.items()} | {
        id: reading.values for id, reading in rulebook.readings.items()
    }


def used_reading_values(
    measures: Mapping[str, Measure], settling: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Reading → the values that something acts on: measures, the columns that they ask, ``settling`` with ranking."""
    found: dict[str, dict[str, None]] = {id: dict.fromkeys(values) for id, values in settling.items()}
    for measure in measures.values():
        asked = set(measure.by.columns).union(*map(columns_of, measure.where))
        for column in asked & set(derived_of(measure.counts)):
            for reading, values in DERIVED[column].readings:
                found.setdefault(reading, {}).update(dict.fromkeys(values))
        named = [(measure.by.reading, [value for value, _ in measure.by.options])] if measure.by.reading else []
        for reading, several in (*named, *(pair for part in measure.where for pair in _named(part))):
            found.setdefault(reading, {}).update(dict.fromkeys(several))
    return {reading: tuple(values) for reading, values in found.items()}


def _named(condition: Condition) -> Iterator[tuple[str, list[str]]]:
    match condition:
        case Choice(reading=reading, options=options):
            yield reading, [value for value, _ in options]
            for _, part in options:
                yield from _named(part)
        case Not(part=part):
            yield from _named(part)
        case All(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from _named(part)
