"""Second opinions: what the queries made of case rows is judged again, literally; a difference stops the run."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import chain, product
from typing import Any

from pipelines.edges.calendar import Calendar
from pipelines.edges.warehouse import Arrow, Warehouse
from pipelines.engines import literal
from pipelines.engines.literal import Papers, Question, Reader, Span, spelled
from pipelines.model.measure import CASE_ROWS, DERIVED
from pipelines.model.period import Period
from pipelines.model.rule import EMPTY, Rulebook
from pipelines.model.tally import WAIVED, WORD, Marks
from pipelines.model.words import JudgesDisagree
from pipelines.stages.measure import columns_of
from pipelines.wording import say

SAMPLE = {"all_of": 5_000, "sample": 1_000, "units": 10}  # case rows; all rows that cost points, of so many units
VALUE = "the value of "  # the column of which different values are counted, by number
PAPERS = ("extensions", "evaluations", "adjustments", "counted_before")
WORKED_OUT = {name: [reading for reading, _ in derived.readings] for name, derived in DERIVED.items()}
UNKNOWN = {"counted_before": ("again",)}  # to books that do not name the reading

Key = tuple[str, str]  # case_id, unit_id


def draw(warehouse: Warehouse, seed: str) -> Arrow:
    """case_id and unit_id of the case rows to judge again: all of a small period, else what ``seed`` draws of them."""
    warehouse.run("opinions/drawn", seed=seed, **SAMPLE)
    return warehouse.arrow("facts.draw")


def must_read_alike(
    warehouse: Warehouse, period: Period, cutoff: datetime, rulebook: Rulebook, calendar: Calendar, seed: str
) -> None:
    """Judge the rows that were drawn and counted again, literally; JudgesDisagree names the first that differs.

    So are all rows that cost points, of a few units that ``seed`` draws; of a small period also the tally.
    """
    warehouse.run("opinions/sampled", seed=seed, **SAMPLE)
    span = Span(period.start, period.end, cutoff, is_working=calendar.is_working, **rulebook.evaluation)
    marks = rulebook.marks[CASE_ROWS]
    ours = _literal(warehouse, span, rulebook, marks)
    _same_rows(ours, counted_rows(warehouse, marks), marks)
    [(whole,)] = warehouse.rows("opinions/whole")
    if whole:
        _same_cube(ours, warehouse.arrow("tallies.cube").to_pylist(), marks)


def counted_rows(warehouse: Warehouse, marks: Marks) -> list[dict[str, Any]]:
    """What the queries counted of the rows that are judged again: months, marks, waivers, values and quotes."""
    return warehouse.records_template("opinions/facts", amounts=[f"amount_{k}" for k in range(len(marks.sums))])


def questions(rulebook: Rulebook, types: Mapping[str, str]) -> dict[str, Question]:
    """Every question that measures and prices ask of case rows under some reading, by the mark that answers it."""
    values = {**UNKNOWN, **{id: reading.values for id, reading in rulebook.readings.items()}}
    found: dict[str, Question] = {}
    measures = [measure for measure in rulebook.measures.values() if measure.counts == CASE_ROWS]
    for part in chain(*(measure.written for measure in measures), _prices(rulebook)):
        names = sorted(_readings(part))
        for chosen in product(*(values[name] for name in names)):
            readings = dict(zip(names, chosen, strict=True))
            key = spelled(part, readings, WORKED_OUT)
            found.setdefault(key, Reader(readings, types, WORKED_OUT).asks(part))
    found.pop('{"all":[]}', None)
    return found


def _prices(rulebook: Rulebook) -> Iterator[dict[str, Any]]:
    """What rules ask of the column by which a case row has its price, as a measure would write it."""
    for rule in rulebook.rules.values():
        if rule.prices and rulebook.measures[rule.measure].counts == CASE_ROWS:
            yield from ({rule.by: {"given": False} if value == EMPTY else value} for value, _ in rule.prices)


def _readings(part: Any) -> Iterator[str]:
    """The readings that a part names, and those that bear on its columns."""
    if isinstance(part, list):
        for one in part:
            yield from _readings(one)
    elif isinstance(part, Mapping):
        for key, value in part.items():
            yield from (value,) if key == "reading" else WORKED_OUT.get(key, ())
            yield from _readings(value)
    elif part == literal.DUE:
        yield from WORKED_OUT[part]


def _literal(warehouse: Warehouse, span: Span, rulebook: Rulebook, marks: Marks) -> dict[Key, dict[str, Any]]:
    """Of every sampled row that the period answers for: its places, marks, waivers and what a ledger line quotes."""
    columns = columns_of(CASE_ROWS, rulebook.columns)
    types = {name: column.type for name, column in columns.items()} | {n: d.type for n, d in DERIVED.items()}
    happened = [name for name, column in columns.items() if column.type == "timestamp" and not column.deadline]
    papers = {name: literal.by_row(warehouse.records(f"opinions/{name}")) for name in PAPERS}
    evaluators = {row["evaluator_id"]: row for row in warehouse.records("opinions/evaluators")}
    asked, found = questions(rulebook, types), {}
    old = rulebook.format == 1  # decisions named the measure of a rule
    names = {id: (id, rule.measure) for id, rule in rulebook.rules.items() if old and rule.kind == "occurrence"}
    for row in warehouse.records("opinions/cases"):
        key = row["case_id"], row["unit_id"]
        own = Papers(*(papers[name].get(key, ()) for name in PAPERS))
        answers = literal.judged(row, own, evaluators, span, happened)
        if answers is None:
            continue
        places = [span.month(answers[column]) for column in marks.places]
        if any(places):
            answers["cutoff"] = span.cutoff
            found[key] = _answers(answers, own, places, asked, marks, names)
    return found


def _answers(
    row: dict[str, Any],
    papers: Papers,
    places: list[int],
    asked: Mapping[str, Question],
    marks: Marks,
    names: Mapping[str, tuple[str, ...]],
) -> dict[str, Any]:
    found: dict[str, Any] = {f"place_{k}": place for k, place in enumerate(places)}
    found |= {key: question(row) for key, question in asked.items()}
    for rule in marks.waivers:
        waiver = literal.waived(papers, *names.get(rule, (rule,) if rule else ()))
        found |= {f"waived_by__{rule}": waiver, WAIVED + rule: waiver is not None}
    for k, column in enumerate(marks.sums):
        amount = row[column] or 0
        found[f"amount_{k}"] = int(amount * 100) if isinstance(amount, Decimal) else amount
    found |= {f"{VALUE}{k}": row[column] for k, column in enumerate(marks.distincts)}
    return found | {f"quoted {column}": row[column] for column in marks.quotes if column != "case_id"}


def _same_rows(ours: dict[Key, dict[str, Any]], theirs: list[dict[str, Any]], marks: Marks) -> None:
    keys = Counter((row["case_id"], row["unit_id"]) for row in theirs)
    for key in sorted(ours.keys() | keys.keys()):
        if keys[key] != (key in ours):
            _differ(key, "case_rows", keys[key], int(key in ours))
    numbers: dict[tuple[int, Any], int] = {}
    values: dict[tuple[int, int], Any] = {}
    for row in theirs:
        key = row["case_id"], row["unit_id"]
        seen = row | {name: bool(row[f"marks_{bit // WORD}"] >> bit % WORD & 1) for bit, name in enumerate(marks.keys)}
        if set(marks.keys) - set(ours[key]):
            _differ(key, "marks", len(marks.keys), len(ours[key]))
        for k in range(len(marks.distincts)):  # its number stands for one value, and no other number for it
            name, number, value = f"value_{k}", row[f"value_{k}"], ours[key].pop(f"{VALUE}{k}")
            same = numbers.setdefault((k, value), number) == number and values.setdefault((k, number), value) == value
            if not same or (number == 0) != (value is None):
                _differ(key, name, number, value)
            ours[key][name] = number
        for name, value in ours[key].items():
            if seen.get(name) != value:
                _differ(key, name, seen.get(name), value)


def _same_cube(ours: dict[Key, dict[str, Any]], cube: list[dict[str, Any]], marks: Marks) -> None:
    names = [f"place_{k}" for k in range(len(marks.places))] + [f"value_{k}" for k in range(len(marks.distincts))]
    sums = [f"amount_{k}" for k in range(len(marks.sums))]
    again: Counter[tuple[Any, ...]] = Counter()
    for (_, unit), answers in ours.items():
        words = [0] * marks.words
        for bit, key in enumerate(marks.keys):
            words[bit // WORD] |= answers[key] << bit % WORD
        cell = unit, *(answers[name] for name in names), *words
        for name in ("n", *sums):
            again[*cell, name] += answers.get(name, 1)
    counted: Counter[tuple[Any, ...]] = Counter()
    for row in cube:
        if row["counts"] == CASE_ROWS:
            cell = *(row[name] for name in names), *(row[f"marks_{k}"] for k in range(marks.words))
            for name in ("n", *sums):
                counted[row["unit_id"], *cell, name] += row[name]
    for cell in sorted(again.keys() | counted.keys(), key=str):
        if again[cell] != counted[cell]:
            _differ(("", cell[0]), "case_rows", counted[cell], again[cell])


def _differ(key: Key, name: str, first: object, second: object) -> None:
    case, unit = key
    raise JudgesDisagree(say("judge.rows_differ", case=case or "-", unit=unit, fact=name, first=first, second=second))
