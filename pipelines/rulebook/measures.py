"""`measures/<id>.yaml` → measures: conditions checked against the contract, each measure tried on its own examples."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from pipelines.engines.literal import Reader
from pipelines.engines.marks import derived_of
from pipelines.model.condition import TRUTH, Block, day, exact, typed
from pipelines.model.contract import Column, Contracts, TableContract
from pipelines.model.measure import (
    CASE_ROWS,
    CUTOFF,
    MONTH,
    TABLE_OF,
    All,
    AnyOf,
    Choice,
    Compare,
    Condition,
    Derived,
    IsGiven,
    Measure,
    Moment,
    Not,
    columns_of,
)
from pipelines.model.words import Words
from pipelines.rulebook import build, fail_if
from pipelines.rulebook.source import attempt, read_yaml, refusal, shown_text
from pipelines.rulebook.vocabulary import BETTER
from pipelines.wording import say

# A `where` of a measure → conditions, every word of it checked against the contract (rule-language, "Conditions").


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
    return _made(block, MONTH, {READING: by.reading, **options})


def _of_column(block: Block, key: str, value: Any, column: str, words: Vocabulary) -> Block:
    """A month, a list of months, or tests of it, as they stand at ``key``, of one moment."""
    if isinstance(value, list):
        return _made(block, key, {"any": [_within(block, key, one, column, words) for one in value]})
    if not isinstance(value, Block):
        return _within(block, key, value, column, words)
    tests = []
    for test, bound in value.items():
        if test == "given":
            tests.append(_made(value, test, {column: _made(value, test, {test: bound})}))
        elif test == "not":
            tests.append(_made(value, test, {test: _of_column(value, test, bound, column, words)}))
        elif test == "in":
            fail_if.not_a_list(bound, value, test)
            tests.append(_of_column(value, test, bound, column, words))
        elif test in OF_MONTH:
            test_of_moment, later = OF_MONTH[test]
            first = _first(value, test, bound, later, words.columns[column])
            tests.append(_made(value, test, {column: _made(value, test, {test_of_moment: first})}))
        else:
            known = (*OF_MONTH, "in", "given", "not")
            raise refusal(value, "test_of_type", test, near=(test, known), column=MONTH, test=test)
    return _made(block, key, {"all": tests})


def _within(block: Block, key: str, month: Any, column: str, words: Vocabulary) -> Block:
    first, after = (_first(block, key, month, later, words.columns[column]) for later in (0, 1))
    return _made(block, key, {column: _made(block, key, {"at_least": first, "before": after})})


def _first(block: Block, key: str, month: Any, later: int, kind: str) -> str:
    """The beginning of a month such as 2026-07, or of the one after it, as a column of that type has it."""
    start = day(f"{month}-01") if isinstance(month, str) else None
    if start is None:
        raise refusal(block, "bad_constant", key, column=MONTH, value=shown_text(month), type="2026-07")
    whole = start.year * 12 + start.month - 1 + later
    start = date(whole // 12, whole % 12 + 1, 1)
    return f"{start}T00:00:00" if kind == "timestamp" else str(start)


def _made(block: Block, key: str, said: Mapping[str, Any]) -> Block:
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


# `measures/<id>.yaml` of a rulebook → measures, each tried on its own examples (rule-language, semantics C15, G11).


FOLDER = "measures"
SCALES = {"integer": 1, "decimal": 100}  # of the types that can be added up
# Case rows that an earlier published period counted are left out, or count again (semantics C18).
ADMITTED = (
    Choice("counted_before", (("left_out", Not(Compare("counted_before", "equals", "true"))), ("again", All()))),
    {"reading": "counted_before", "left_out": {"not": {"counted_before": "true"}}, "again": {}},
)


def read_measures(
    folder: Path, contracts: Contracts, readings: Mapping[str, tuple[str, ...]], book: Block
) -> dict[str, Measure]:
    """The measures of a rulebook folder by id, and `case_rows` as the book says; the book may hold them itself.

    RulebookRefusal names file and line of what cannot be counted, of a measure without examples, and of an example
    that comes out otherwise.
    """
    blocks = list(book["measures"] if "measures" in book else _blocks(folder))
    fail_if.duplicate_id(blocks, "measure")
    for block in blocks:
        if block["measure"] == CASE_ROWS:
            raise refusal(block, "bad_id", "measure", value=CASE_ROWS)
    by_id = {block["measure"]: block for block in blocks}
    found = {CASE_ROWS: _case_rows(book, contracts, readings)}
    for id in by_id:
        attempt(_build, id, by_id, contracts, readings, found, (), name=id)
    for block in blocks:
        if block["measure"] in found:
            attempt(_try_examples, found[block["measure"]], block, contracts, readings)
    return found


def _blocks(folder: Path) -> Iterable[Block]:
    for file in sorted((folder / FOLDER).glob("*.y*ml")):
        if block := attempt(_block, file, name=file.stem):
            yield block


def _block(file: Path) -> Block:
    block = read_yaml(file, f"{FOLDER}/{file.name}")
    fail_if.not_a_block(block, Block(f"{FOLDER}/{file.name}", 1))
    fail_if.missing_field(block, ("measure",))
    fail_if.not_a_word(block, ("measure", "counts", "among", "better", "sum", "distinct"))
    fail_if.bad_id(block, "measure")
    if block["measure"] != file.stem:
        raise refusal(block, "measure_elsewhere", "measure", id=block["measure"], file=file.stem)
    return block


def _case_rows(book: Block, contracts: Contracts, readings: Mapping[str, tuple[str, ...]]) -> Measure:
    """Which rows make a unit's case rows: who is ranked, small numbers, plausibility (semantics G23)."""
    block = book["case_rows"]
    fail_if.not_a_block(block, book, "case_rows")
    fail_if.ill_formed(block, "case_rows")
    derived = {name: one.type for name, one in derived_of(CASE_ROWS).items()}
    vocabulary = words_of(contracts.tables[TABLE_OF[CASE_ROWS]].columns, derived, readings)
    by = _by(block, vocabulary)
    both = [ADMITTED, *_where(block, by, vocabulary)]
    return Measure(
        CASE_ROWS,
        say("rulebook.case_rows"),
        CASE_ROWS,
        tuple(condition for condition, _ in both),
        by,
        "",
        ("case_id",),
        None,
        (),
        block.file,
        "",
        {},
        (),
        tuple(written for _, written in both),
    )


def _build(
    id: str,
    blocks: Mapping[str, Block],
    contracts: Contracts,
    readings: Mapping[str, tuple[str, ...]],
    found: dict[str, Measure],
    above: tuple[str, ...],
) -> Measure:
    """The measure, and before it those that it is among."""
    if id in found:
        return found[id]
    block = blocks[id]
    fail_if.ill_formed(block, "measure")
    whole = None
    if "among" in block:
        if block["among"] not in blocks or block["among"] in (*above, id):
            near = (block["among"], [name for name in blocks if name not in (*above, id)])
            raise refusal(block, "among_nothing", "among", near=near, value=block["among"])
        whole = _build(block["among"], blocks, contracts, readings, found, (*above, id))
    found[id] = _measure(block, contracts, readings, whole)
    return found[id]


def _measure(
    block: Block, contracts: Contracts, readings: Mapping[str, tuple[str, ...]], whole: Measure | None
) -> Measure:
    table = counted_table(block, contracts)
    derived = derived_of(block["counts"])
    vocabulary = words_of(table.columns, {name: one.type for name, one in derived.items()}, readings)
    if whole and whole.counts != block["counts"]:
        raise refusal(block, "among_other", "counts", id=block["measure"], whole=whole.id, table=whole.counts)
    fail_if.unknown_value(block, "better", ("", *BETTER)) if "better" in block else None
    by = _by(block, vocabulary) if "by" in block or whole is None else whole.by
    own = _where(block, by, vocabulary)
    inherited = [] if whole is None else list(zip(whole.where, whole.written, strict=True))
    if whole is None and block["counts"] == CASE_ROWS:
        inherited = [ADMITTED]
    both = [*inherited, *own]
    quotes = _quotes(block, vocabulary)
    where = tuple(condition for condition, _ in both)
    summed, distinct = _counted_column(block, table)
    return Measure(
        block["measure"],
        build.words(block, "title"),
        block["counts"],
        where,
        by,
        block.get("better", ""),
        quotes,
        _says(block, quotes),
        _needs(block, where, by, table, derived, (summed, distinct)),
        block.file,
        block.get("among", ""),
        _labels(table, quotes),
        tuple(build.blocks(block["examples"], block, "examples")),
        tuple(written for _, written in both),
        summed,
        distinct,
        SCALES[table.columns[summed].type] if summed else 1,
    )


def _where(block: Block, by: Moment, vocabulary: Vocabulary) -> list[tuple[Condition, Block]]:
    return parts(with_months(block["where"], by, vocabulary), block, vocabulary) if "where" in block else []


def _counted_column(block: Block, table: TableContract) -> tuple[str, str]:
    """The column that `sum:` adds up, the one of which `distinct:` counts the values; "" where rows are counted."""
    if "sum" in block and "distinct" in block:
        raise refusal(block, "sum_and_distinct", "distinct")
    for key in ("sum", "distinct"):
        if key in block and block[key] not in table.columns:
            raise refusal(block, "unknown_column", key, near=(block[key], table.columns), value=shown_text(block[key]))
    if "sum" in block and table.columns[block["sum"]].type not in SCALES:
        numbers = [name for name, column in table.columns.items() if column.type in SCALES]
        facts = {"column": block["sum"], "type": table.columns[block["sum"]].type}
        raise refusal(block, "sum_of_type", "sum", near=(block["sum"], numbers or ["columns:"]), **facts)
    return block.get("sum", ""), block.get("distinct", "")


def _labels(table: TableContract, quotes: tuple[str, ...]) -> dict[tuple[str, str], str]:
    """The words of the coded values that a line can quote."""
    quoted = (table.columns[name] for name in quotes if name in table.columns)
    return {(column.name, code): labels[0] for column in quoted for code, labels in column.labels if labels}


REGISTER = "units"  # says who is scored, and nothing that happened


def countable(contracts: Contracts) -> dict[str, TableContract]:
    """The tables that a measure may count, by the word of `counts`."""
    return {
        next((word for word, name in TABLE_OF.items() if name == table.name), table.name): table
        for table in contracts.tables.values()
        if table.name != REGISTER
        and "unit_id" in table.columns
        and any(column.type in MOMENTS for column in table.columns.values())
    }


def counted_table(block: Block, contracts: Contracts) -> TableContract:
    """The contract of the table that a measure counts: one with units and with moments."""
    known = countable(contracts)
    if block["counts"] not in known:
        raise refusal(block, "counts_nothing", "counts", near=(block["counts"], known), value=block["counts"])
    return known[block["counts"]]


def _by(block: Block, vocabulary: Vocabulary) -> Moment:
    fail_if.missing_field(block, ("by",))
    by = block["by"]
    if isinstance(by, str):
        return Moment(_moment(block, "by", by, vocabulary))
    fail_if.not_a_block(by, block, "by")
    fail_if.missing_field(by, ("reading",))
    reading = by["reading"]
    if reading not in vocabulary.readings:
        raise refusal(by, "measure_reading", "reading", near=(reading, vocabulary.readings), value=shown_text(reading))
    for value in by:
        if value != "reading" and value not in vocabulary.readings[reading]:
            near = (value, vocabulary.readings[reading])
            raise refusal(by, "unknown_reading_value", value, near=near, reading=reading, value=value)
    for value in vocabulary.readings[reading]:
        if value not in by:
            raise refusal(by, "value_not_honoured", "reading", reading=reading, value=value)
    return Moment(
        "", reading, tuple((value, _moment(by, value, by[value], vocabulary)) for value in vocabulary.readings[reading])
    )


def _moment(block: Block, key: str, column: str, vocabulary: Vocabulary) -> str:
    moments = [name for name, kind in vocabulary.columns.items() if kind in MOMENTS]
    if column not in moments:
        raise refusal(block, "no_moment", key, near=(column, moments), value=shown_text(column))
    return column


def _quotes(block: Block, vocabulary: Vocabulary) -> tuple[str, ...]:
    quotes = block.get("quotes", [])
    fail_if.not_a_list(quotes, block, "quotes")
    fail_if.not_words_in(quotes, block, "quotes")
    for column in quotes:
        if column not in vocabulary.columns:
            raise refusal(block, "unknown_column", "quotes", near=(column, vocabulary.columns), value=column)
    return tuple(quotes)


def _says(block: Block, quotes: tuple[str, ...]) -> Words | None:
    if "says" not in block:
        return None
    words = build.words(block, "says")
    for lang, text in block["says"].items():
        for blank in fail_if.blanks(text):
            if blank not in quotes:
                raise refusal(block, "unknown_placeholder", "says", near=(blank, quotes), lang=lang, value=blank)
    return words


def _needs(
    block: Block,
    where: tuple[Condition, ...],
    by: Moment,
    table: TableContract,
    derived: Mapping[str, Derived],
    counted: tuple[str, ...],
) -> tuple[str, ...]:
    """What it is counted from; a column with a default only modifies a count, so that its absence means none of it."""
    if "needs" in block:
        fail_if.not_a_list(block["needs"], block, "needs")
        for column in block["needs"]:
            if column not in table.columns:
                raise refusal(block, "unknown_column", "needs", near=(column, table.columns), value=shown_text(column))
        return tuple(f"{table.name}.{column}" for column in block["needs"])
    named = set(by.columns).union(*(columns_of(condition) for condition in where), counted) - {""}
    found = {table.name}
    for column in named:
        if column in derived:
            found.update(derived[column].needs)
        elif not table.columns[column].default:
            found.add(f"{table.name}.{column}")
    return tuple(sorted(found))


def _try_examples(
    measure: Measure, block: Block, contracts: Contracts, readings: Mapping[str, tuple[str, ...]]
) -> None:
    table, derived = counted_table(block, contracts), derived_of(measure.counts)
    types = {column.name: column.type for column in table.columns.values()}
    types |= {name: one.type for name, one in derived.items()} | {"cutoff": "timestamp"}
    rows, counted = [], []
    for example in measure.examples:
        fail_if.ill_formed(example, "measure_example")
        row = _row(example, types)
        chosen = _readings(example, readings)
        wanted, found = exact(example["counts"]), _counted(measure, row, chosen, types)
        if wanted is None or wanted != found:
            texts = {"id": measure.id, "name": example["name"], "wanted": shown_text(example["counts"]), "got": found}
            raise refusal(example, "measure_differs", "counts", **texts)
        rows.append(row)
        counted.append(found)
    if any(condition != ADMITTED[0] for condition in measure.where):
        for which, there in (("counted", any(counted)), ("not_counted", not all(counted))):
            if not there:
                raise refusal(
                    block, "measure_example", "examples", id=measure.id, which=say(f"rulebook.example_{which}")
                )
    for compare in _bounds(measure):
        if not any(
            row.get(compare.column) is not None and row.get(compare.column) == _bound(compare, row, types)
            for row in rows
        ):
            facts: dict[str, Any] = {
                "column": compare.column,
                "test": compare.test,
                "value": compare.other or compare.value,
            }
            raise refusal(block, "measure_bound", "examples", id=measure.id, **facts)


def _counted(
    measure: Measure, row: Mapping[str, object], readings: Mapping[str, str], types: Mapping[str, str]
) -> Fraction:
    """What one row counts for: one, its amount, or one where it has a value of which the different ones count."""
    holds = Reader(readings, types).asks(measure.written)(row)
    amount: Any = row.get(measure.sum) or 0 if measure.sum else measure.distinct in ("", *row)
    return Fraction(amount) if holds else Fraction(0)


def _bound(compare: Compare, row: Mapping[str, object], types: Mapping[str, str]) -> object:
    return row.get(compare.other) if compare.other else typed(types[compare.column], compare.value)


def _bounds(measure: Measure) -> list[Compare]:
    """The comparisons that have an edge."""
    found, waiting = [], list(measure.where)
    while waiting:
        match waiting.pop():
            case Compare(test=test) as compare:
                found += [compare] if test not in ("equals", "in") else []
            case Not(part=part):
                waiting.append(part)
            case Choice(options=options):
                waiting += [part for _, part in options]
            case All(parts=several) | AnyOf(parts=several):
                waiting += several
    return found


def _row(example: Block, types: Mapping[str, str]) -> dict[str, object]:
    given = example.get("row", Block(example.file, example.line)) or Block(example.file, example.line)
    fail_if.not_a_block(given, example, "row")
    row = {}
    for column, value in given.items():
        if column not in types:
            raise refusal(given, "unknown_column", column, near=(column, types), value=column)
        row[column] = typed(types[column], value)
        if row[column] is None:
            texts: dict[str, Any] = {"column": column, "value": shown_text(value), "type": types[column]}
            raise refusal(given, "bad_constant", column, **texts)
    return row


def _readings(example: Block, readings: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    chosen = example.get("readings", Block(example.file, example.line))
    fail_if.not_a_block(chosen, example, "readings")
    fail_if.not_a_word(chosen, chosen)
    for id in chosen:
        if id not in readings:
            raise refusal(chosen, "unknown_reading", id, near=(id, readings), value=id)
        fail_if.unknown_value(chosen, id, readings[id])
    return {id: chosen.get(id, values[0]) for id, values in readings.items()}
