"""The contracts as a rulebook fills them in: types of incident and award, assessed items, rules that can be waived."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from pipelines.contracts.declared import implied
from pipelines.contracts.promises import ON_SCALE, spoken
from pipelines.model.contract import Column, Contracts, Promise, TableContract
from pipelines.model.measure import CASE_ROWS, TABLE_OF, Measure
from pipelines.model.points import plain
from pipelines.model.rule import Rulebook
from pipelines.model.words import Words

FIGURES = "figures"
TYPES = (("incidents", "incident_type"), ("awards", "award_type"))
ASSESSED = ("assessments", "item_id", "score")
WAIVED = ("adjustments", "rule_id")
Labels = tuple[tuple[str, tuple[str, ...]], ...]  # value → what it is called
Scale = tuple[tuple[str, str], ...]  # word → points
NONE: Mapping[str, Iterable[str]] = MappingProxyType({})
OF_A_VALUE = ("enum", "one_of", "between")  # promises that only the book's values fill in


def with_types(
    contracts: Contracts, incident_types: Mapping[str, Words], award_types: Mapping[str, Words]
) -> Contracts:
    """The contracts with the book's types of incident and award in the place of their own."""
    found = contracts
    for (table, column), types in zip(TYPES, (incident_types, award_types), strict=True):
        known = dict(contracts.tables[table].columns[column].labels)
        labels = tuple((id, tuple(dict.fromkeys((words.zh, *known.get(id, ()))))) for id, words in types.items())
        found = _with_labels(found, table, column, labels)
    return found


def with_columns(
    contracts: Contracts, own: Mapping[str, Mapping[str, Column]], summed: Mapping[str, Iterable[str]] = NONE
) -> Contracts:
    """The contracts with a book's own columns; ``summed`` are those of each table that it adds up."""
    found, titles = contracts, {name: one.title for name, one in contracts.tables.items()}
    for table in dict.fromkeys((*own, *summed)):
        contract, mine = contracts.tables[table], dict(own.get(table, {}))
        columns = {**contract.columns, **mine}
        # What follows from a type, of the own columns alone: their promises stand behind those of the contract.
        promises = [one for one in implied(table, (), mine, titles) if one.column]
        wanted = [(name, "decimals", {"at_most": 2}) for name, column in mine.items() if column.type == "decimal"]
        wanted += [(name, "not_negative", {}) for name in dict.fromkeys(summed.get(table, ()))]
        for name, kind, given in wanted:
            says = spoken(kind, name, given, columns, titles)
            promises.append(Promise(f"{name}_{kind}", table, name, kind, "reject", tuple(given.items()), *says))
        found = _with_table(found, replace(contract, columns=columns, promises=(*contract.promises, *promises)))
    return found


def unasked(book: Rulebook) -> tuple[str, ...]:
    """The tables of which the book asks nothing: it names no type of incident, no type of award, no item assessed."""
    assessed = any(rule.kind == "assessed" for rule in book.rules.values())
    asked = {"incidents": book.incident_types, "awards": book.award_types, "assessments": assessed}
    return tuple(table for table, values in asked.items() if not values)


def of_book(contracts: Contracts, book: Rulebook) -> Contracts:
    """The contracts of a run by this book: its types, the items that people assess, the rules that can be waived.

    Where the book has none of them, their column is any text: a run says that it asks nothing of these rows.
    """
    summed: dict[str, list[str]] = {}
    for measure in book.measures.values():
        if measure.sum:
            summed.setdefault(TABLE_OF.get(measure.counts, measure.counts), []).append(measure.sum)
    found = with_types(contracts, book.incident_types, book.award_types)
    found = with_columns(found, book.columns, summed)
    table, item, score = ASSESSED
    rules = [rule for rule in book.rules.values() if rule.kind == "assessed"]
    found = _with_labels(found, table, item, tuple((rule.measure, ()) for rule in rules))
    fulls = [(rule.measure, book.items[rule.measure].full_marks) for rule in rules if not rule.scale]
    ranges = tuple((id, (0, int(full) if full.denominator == 1 else float(full))) for id, full in fulls)
    found = _with_argument(found, table, score, "between", ranges=ranges)
    scales = tuple((r.measure, tuple((word, plain(n)) for word, n in r.scale)) for r in rules if r.scale)
    found = _with_scales(found, scales, ranges) if scales else found
    found = _with_argument(found, *WAIVED, "one_of", values=tuple(waivable(book)))
    titles = Counter(measure.title.zh for measure in book.measures.values())
    told = {id: one.title.zh for id, one in book.measures.items() if can_be_given(id, book)}
    found = _with_labels(
        found, FIGURES, "measure", tuple((id, (zh,) if titles[zh] == 1 else ()) for id, zh in told.items())
    )
    wholes = tuple((id, wholes) for id, one in book.measures.items() if (wholes := _wholes(one, book)))
    found = _with_argument(found, FIGURES, "n", "within_whole", wholes=wholes)
    for table, column in (*TYPES, ASSESSED[:2]):
        found = _any_text(found, table, column) if table in unasked(book) else found
    return found if waivable(book) else _any_text(found, *WAIVED)


def _with_scales(contracts: Contracts, scales: tuple[tuple[str, Scale], ...], ranges: tuple) -> Contracts:
    """The contracts with marks in words, by item; ``ranges`` are those of the items with numbers."""
    table, item, score = ASSESSED
    contract, titles = contracts.tables[table], {name: one.title for name, one in contracts.tables.items()}
    arguments = {"by": item, "scales": scales}
    says = spoken(ON_SCALE, score, {**arguments, "ranges": ranges}, contract.columns, titles)
    promises = [Promise(f"{score}_{ON_SCALE}", table, score, ON_SCALE, "reject", tuple(arguments.items()), *says)]
    for one in contract.promises:
        if (one.column, one.kind) == (score, "type"):  # what is neither a number nor a word
            promises.append(replace(one, says=says[0], remedy=says[1]))
        elif ranges or (one.column, one.kind) != (score, "between"):
            promises.append(one)
    return _with_table(contracts, replace(contract, promises=tuple(promises)))


def can_be_given(measure: str, book: Rulebook) -> bool:
    """Whether a count alone tells of a measure: not where a row of it costs by a column, or by one rule of several."""
    return measure == CASE_ROWS or not any(
        rule.measure == measure
        and (rule.prices or rule.once_with or any(rule.id in one.once_with for one in book.rules.values()))
        for rule in book.rules.values()
    )


def _wholes(measure: Measure, book: Rulebook) -> tuple[str, ...]:
    """The measures of which it is a part."""
    return (measure.among, *_wholes(book.measures[measure.among], book)) if measure.among else ()


def waivable(book: Rulebook) -> Mapping[str, None]:
    """The names by which a decision may waive: occurrence rules, and in books of format 1 their measures as well."""
    rules = [rule for rule in book.rules.values() if rule.kind == "occurrence"]
    return dict.fromkeys(name for rule in rules for name in book.waived_as(rule.id))


def _with_labels(contracts: Contracts, table: str, column: str, labels: Labels) -> Contracts:
    """The contracts with other values of a column, and its promise in words that tell them."""
    return _with_argument(_with_column(contracts, table, column, labels=labels), table, column, "enum")


def _with_column(contracts: Contracts, table: str, column: str, **changes: object) -> Contracts:
    contract = contracts.tables[table]
    made: Column = replace(contract.columns[column], **changes)
    return _with_table(contracts, replace(contract, columns={**contract.columns, column: made}))


def _any_text(contracts: Contracts, table: str, column: str) -> Contracts:
    """The contracts with a column that holds any text, and without what was promised of its values."""
    found = _with_column(contracts, table, column, type="text", labels=())
    contract = found.tables[table]
    kept = (p for p in contract.promises if not (p.kind in OF_A_VALUE and column in (p.column, p.argument("by"))))
    return _with_table(found, replace(contract, promises=tuple(kept)))


def _with_argument(contracts: Contracts, table: str, column: str, kind: str, **arguments: object) -> Contracts:
    contract = contracts.tables[table]
    titles = {name: one.title for name, one in contracts.tables.items()}
    promises = tuple(
        _bound(one, arguments, contract, titles) if (one.column, one.kind) == (column, kind) else one
        for one in contract.promises
    )
    return _with_table(contracts, replace(contract, promises=promises))


def _bound(
    promise: Promise, arguments: Mapping[str, object], contract: TableContract, titles: Mapping[str, Words]
) -> Promise:
    """The promise with other arguments, in words that tell them."""
    merged = {**dict(promise.arguments), **arguments}
    says, remedy = spoken(promise.kind, promise.column, merged, contract.columns, titles)
    return replace(promise, arguments=tuple(merged.items()), says=says, remedy=remedy)


def _with_table(contracts: Contracts, table: TableContract) -> Contracts:
    return Contracts({**contracts.tables, table.name: table})
