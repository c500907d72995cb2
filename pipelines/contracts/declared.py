"""Data contracts: Open Data Contract Standard YAML of `data_contracts/exports/`, filled in by the rulebook."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import MappingProxyType

import yaml

from pipelines.contracts.promises import ON_SCALE, PLAUSIBLE, check_arguments, spoken, unknown, wrong
from pipelines.model.contract import Column, Contracts, Promise, TableContract, targets
from pipelines.model.intake import folded
from pipelines.model.measure import CASE_ROWS, TABLE_OF, Measure
from pipelines.model.points import plain
from pipelines.model.rule import Rulebook
from pipelines.model.words import UsageRefusal, Words
from pipelines.paths import CONTRACTS
from pipelines.wording import load_plain, say

# Data contracts: Open Data Contract Standard YAML of `data_contracts/exports/` as the tables the program knows.


LOGICAL_TYPES = {
    "string": "text",
    "timestamp": "timestamp",
    "date": "date",
    "boolean": "boolean",
    "integer": "integer",
    "number": "decimal",
}
# Words of the standard that the program reads; any other is refused, because a promise nothing executes is a lie.
TABLE_WORDS = (
    "name",
    "businessName",
    "physicalType",
    "logicalType",
    "description",
    "dataGranularityDescription",
    "customProperties",
    "quality",
    "properties",
)
COLUMN_WORDS = (
    "name",
    "businessName",
    "description",
    "logicalType",
    "primaryKey",
    "primaryKeyPosition",
    "required",
    "classification",
    "synonyms",
    "enum",
    "customProperties",
    "quality",
    "examples",
)
QUALITY_WORDS = ("id", "severity", "type", "engine", "implementation", "description", "dimension")
TABLE_SETTINGS = ("required", "tolerancePercent", "toleratedRows", "periodBy", "everyMonth", "byHand")
COLUMN_SETTINGS = ("freeText", "default", "emptyLabels", "validity", "deadline", "bestFirst")


@cache
def load_contracts(folder: Path = CONTRACTS / "exports") -> Contracts:
    """All contracts of ``folder``, tables in the order in which references can be checked.

    UsageRefusal for YAML that cannot be read and for every word or promise that nothing would execute.
    """
    files = sorted(Path(folder).glob("*.yaml"))
    documents = {file: _document(file) for file in files}
    titles = {table["name"]: _title(table) for table, _ in documents.values()}
    tables = [_table(file, *document, titles) for file, document in documents.items()]
    return Contracts({table.name: table for table in _in_order(tables)})


def _document(file: Path) -> tuple[dict, str]:
    """The one schema object of a contract file and the file's sha256."""
    raw = file.read_bytes()
    try:
        document = load_plain(raw.decode("utf-8"))
        table = document["schema"][0]
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, IndexError, TypeError) as error:
        why = " ".join(str(error).split())[:200]
        raise UsageRefusal(say("contracts.unreadable", file=file.name, why=why)) from error
    if len(document["schema"]) != 1 or table.get("name") != file.stem:
        raise wrong(file.name, "schema", "name", table.get("name"), f"{file.stem}.yaml ↔ one table of the same name")
    return table, hashlib.sha256(raw).hexdigest()


def _title(table: dict) -> Words:
    return Words(table.get("businessName", table["name"]), table["name"])


def _table(file: Path, table: dict, sha256: str, titles: dict[str, Words]) -> TableContract:
    _known_words(file.name, table["name"], table, TABLE_WORDS)
    _must_have(file.name, table["name"], table, ("properties",))
    settings = _settings(file.name, table["name"], table, TABLE_SETTINGS)
    columns = {column.name: column for column in (_column(file.name, one) for one in table["properties"])}
    _check_headers(file.name, columns)
    keys = sorted((p["primaryKeyPosition"], p["name"]) for p in table["properties"] if p.get("primaryKey"))
    key = tuple(name for _, name in keys)
    promises = implied(table["name"], key, columns, titles) + _written(file.name, table, columns, titles)
    percent, rows = settings.get("tolerancePercent"), settings.get("toleratedRows", 3)
    for name, value in (("tolerancePercent", percent), ("toleratedRows", rows)):
        if type(value) is not int or value < 0:
            raise wrong(file.name, table["name"], name, value, "0, 1, 2 …")
    required, period_by = settings.get("required") is True, settings.get("periodBy", "")
    if period_by and (period_by not in columns or columns[period_by].type not in ("timestamp", "date")):
        raise unknown(file.name, table["name"], "periodBy", period_by, columns)
    every_month = settings.get("everyMonth", False)
    if type(every_month) is not bool or every_month and not period_by:
        raise wrong(file.name, table["name"], "everyMonth", every_month, "true, false (true: beside periodBy)")
    return TableContract(
        table["name"],
        titles[table["name"]],
        required,
        key,
        columns,
        promises,
        percent,
        sha256,
        rows,
        period_by,
        every_month,
        settings.get("byHand") is True,
    )


def _column(file: str, one: dict) -> Column:
    _must_have(file, str(one.get("name", "properties")), one, ("name", "businessName"))
    _known_words(file, one["name"], one, COLUMN_WORDS)
    settings = _settings(file, one["name"], one, COLUMN_SETTINGS)
    if one.get("logicalType") not in LOGICAL_TYPES:
        raise unknown(file, one["name"], "logicalType", one.get("logicalType"), LOGICAL_TYPES)
    return Column(
        name=one["name"],
        title=one["businessName"],
        synonyms=tuple(entry["synonym"] for entry in one.get("synonyms", ())),
        type="enum" if "enum" in one else LOGICAL_TYPES[one["logicalType"]],
        required=bool(one.get("required")),
        restricted=one.get("classification") == "restricted",
        identifier=not settings.get("freeText", False),
        default=str(settings.get("default", "")).lower(),
        labels=tuple((e["value"], (e["label"],) if "label" in e else ()) for e in one.get("enum", ())),
        empty_labels=tuple(settings.get("emptyLabels", ())),
        validity=settings.get("validity") is True,
        deadline=settings.get("deadline") is True,
        best_first=settings.get("bestFirst") is True,
        example=str(next(iter(one.get("examples", ())), "")),
    )


def implied(table: str, key: tuple[str, ...], columns: dict[str, Column], titles: dict) -> tuple[Promise, ...]:
    """The promises that follow from primaryKey, required, logicalType, validity and enum."""
    wanted = [("duplicate_row", "", "duplicate_row", {"columns": key})]
    wanted += [("duplicate_key", "", "duplicate_key", {"columns": key})]
    for column in columns.values():
        if column.required:
            wanted.append((f"{column.name}_required", column.name, "required", {}))
        if column.type == "enum":
            wanted.append((f"{column.name}_known", column.name, "enum", {}))
        elif column.type != "text":
            wanted.append((f"{column.name}_{column.type}", column.name, "type", {}))
        if column.type in ("timestamp", "date") and not column.validity:
            wanted.append((f"{column.name}_plausible", column.name, "plausible", PLAUSIBLE))
    return tuple(
        Promise(
            id,
            table,
            column,
            kind,
            "reject",
            tuple(arguments.items()),
            *spoken(kind, column, arguments, columns, titles),
        )
        for id, column, kind, arguments in wanted
    )


def _written(file: str, table: dict, columns: dict[str, Column], titles: dict) -> tuple[Promise, ...]:
    """The promises that the YAML spells out, of columns first, then of the table."""
    found = [("", quality) for quality in table.get("quality", ())]
    found = [(p["name"], quality) for p in table["properties"] for quality in p.get("quality", ())] + found
    promises = tuple(_promise(file, table["name"], *one, columns, titles) for one in found)
    ids = [promise.id for promise in promises]
    exact = {promise.column for promise in promises if promise.kind == "decimals"}
    for column in columns.values():
        if column.type == "decimal" and column.name not in exact:  # or a digit would be rounded away unseen
            raise UsageRefusal(say("contracts.missing_word", file=file, place=column.name, what="kind: decimals"))
    for id in ids:
        if ids.count(id) > 1:
            raise wrong(file, table["name"], "id", id, "unique")
    return promises


def _promise(file: str, table: str, column: str, quality: dict, columns: dict[str, Column], titles: dict) -> Promise:
    id = str(quality.get("id", ""))
    _must_have(file, id or table, quality, ("id", "implementation"))
    _known_words(file, id, quality, QUALITY_WORDS)
    for word, wanted in (("type", "custom"), ("engine", "gongping")):
        if quality.get(word) != wanted:
            raise unknown(file, id, word, quality.get(word), [wanted])
    arguments = {name: _frozen(value) for name, value in quality["implementation"].items()}
    kind = arguments.pop("kind", "")
    bare = Promise(
        id,
        table,
        column,
        kind,
        quality.get("severity", "reject"),
        tuple(arguments.items()),
        Words("", ""),
        Words("", ""),
    )
    check_arguments(file, bare, columns)
    for other, _ in targets(bare):
        if other not in titles:
            raise unknown(file, id, "table", other, titles)
    words = spoken(kind, column, arguments, columns, titles)
    return Promise(id, table, column, kind, bare.severity, bare.arguments, *words)


def _frozen(value: object) -> object:
    """Lists as tuples and mappings as tuples of pairs, so that a promise stays hashable."""
    if isinstance(value, dict):
        return tuple((str(key), _frozen(inner)) for key, inner in value.items())
    return tuple(_frozen(inner) for inner in value) if isinstance(value, list) else value


def _known_words(file: str, place: str, given: dict, known: tuple[str, ...]) -> None:
    for word in given:
        if word not in known:
            raise unknown(file, place, "word", word, known)


def _must_have(file: str, place: str, given: dict, wanted: tuple[str, ...]) -> None:
    for word in wanted:
        if word not in given:
            raise UsageRefusal(say("contracts.missing_word", file=file, place=place, what=word))


def _settings(file: str, place: str, given: dict, known: tuple[str, ...]) -> dict:
    """The custom properties of a table or column by name."""
    found = {entry["property"]: entry["value"] for entry in given.get("customProperties", ())}
    _known_words(file, place, found, known)
    return found


def _check_headers(file: str, columns: dict[str, Column]) -> None:
    """No header may belong to two columns of a table."""
    owner: dict[str, str] = {}
    for column in columns.values():
        for header in dict.fromkeys((column.name, column.title, *column.synonyms)):
            if owner.setdefault(header, column.name) != column.name:
                first = owner[header]
                raise UsageRefusal(
                    say("contracts.ambiguous_header", file=file, word=header, first=first, second=column.name)
                )


def _in_order(tables: list[TableContract]) -> list[TableContract]:
    """Referenced tables before those that refer to them, otherwise by name; UsageRefusal for a circle."""
    needs = {t.name: {name for p in t.promises for name, _ in targets(p)} for t in tables}
    ordered: list[TableContract] = []
    waiting = list(tables)
    while waiting:
        done = {table.name for table in ordered}
        ready = [table for table in waiting if needs[table.name] <= done]
        if not ready:
            raise UsageRefusal(say("contracts.circle", tables=" → ".join(table.name for table in waiting)))
        ordered += ready
        waiting = [table for table in waiting if table not in ready]
    return ordered


# What is declared absent, `TABLE` or `TABLE.COLUMN`: checked against the contracts.


@dataclass(frozen=True)
class Declared:
    """Tables and (table, column) pairs that the exports are declared not to hold."""

    tables: tuple[str, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()

    def __or__(self, other: "Declared") -> "Declared":
        return Declared(
            tuple(dict.fromkeys((*self.tables, *other.tables))), tuple(dict.fromkeys((*self.columns, *other.columns)))
        )

    def columns_of(self, table: str) -> tuple[str, ...]:
        """The columns of a table that are declared absent."""
        return tuple(column for of, column in self.columns if of == table)


def declared(names: Iterable[str], contracts: Contracts) -> Declared:
    """The names as tables and columns, Chinese ones too; UsageRefusal for an unknown name or one never to be absent.

    A required table and a key column cannot be absent: without them there is nothing to score.
    """
    known = _names(contracts)
    tables, columns = [], []
    for given in names:
        found = known.get(_folded(given))
        if found is None:
            near = get_close_matches(_folded(given), known, n=1, cutoff=0.4)
            hint = say("ingest.absent_nearest", name=".".join(known[near[0]])) if near else ""
            raise UsageRefusal(say("ingest.absent_unknown", name=given, hint=hint))
        contract = contracts.tables[found[0]]
        if len(found) == 1 and contract.required or len(found) == 2 and found[1] in contract.key:
            raise UsageRefusal(say("ingest.absent_never", name=".".join(found)))
        (tables if len(found) == 1 else columns).append(found[0] if len(found) == 1 else found)
    return Declared(tuple(dict.fromkeys(tables)), tuple(dict.fromkeys(columns)))


def _names(contracts: Contracts) -> dict[str, tuple[str, ...]]:
    """Every name that may be declared, as people write it, folded."""
    found: dict[str, tuple[str, ...]] = {}
    for table in contracts.tables.values():
        for word in (table.title.zh, table.name):
            found[_folded(word)] = (table.name,)
            for column in table.columns.values():
                found[_folded(f"{word}.{column.title}")] = (table.name, column.name)
                found[_folded(f"{word}.{column.name}")] = (table.name, column.name)
    return found


def _folded(name: str) -> str:
    return ".".join(folded(part) for part in name.split("."))


# The contracts as a rulebook fills them in: types of incident and award, assessed items, rules that can be waived.


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
    """The contracts with the book's types of incident and award in the place of their own.

    A word that two types share is read as an id alone: nobody could tell of which of them a row is.
    """
    found = contracts
    for (table, column), types in zip(TYPES, (incident_types, award_types), strict=True):
        known = dict(contracts.tables[table].columns[column].labels)
        written = {id: dict.fromkeys((words.zh, *known.get(id, ()))) for id, words in types.items()}
        taken = shared_words(written)
        labels = tuple((id, tuple(word for word in words if word not in taken)) for id, words in written.items())
        found = _with_labels(found, table, column, labels)
    return found


def shared_words(written: Mapping[str, Iterable[str]]) -> set[str]:
    """The words by which more than one value is written, of values with their words; each is written by itself too."""
    meant = Counter(word for id, words in written.items() for word in {id, *words})
    return {word for word, n in meant.items() if n > 1}


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
    named = {id: one.title.zh for id, one in book.measures.items() if can_be_given(id, book)}
    found = _with_labels(
        found, FIGURES, "measure", tuple((id, (zh,) if titles[zh] == 1 else ()) for id, zh in named.items())
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
