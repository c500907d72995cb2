"""`columns:` of rulebook.yaml → a city's own columns, beside those of the contract (semantics G1)."""

import re
from collections.abc import Mapping

from pipelines.model.block import Block
from pipelines.model.condition import TRUTH
from pipelines.model.contract import Column, Contracts
from pipelines.model.export import folded
from pipelines.model.measure import DERIVED, MONTH
from pipelines.rulebook import fail_if, vocabulary
from pipelines.rulebook.build import words
from pipelines.rulebook.source import attempt, refusal, shown_text

NAME = re.compile(r"[a-z][a-z0-9_]*")
MOST = 16  # own columns of a table: every check of a row is a bit of one number
Own = dict[str, dict[str, Column]]  # table -> name -> column


def own_columns(book: Block, contracts: Contracts) -> Own:
    """The book's own columns by table; RulebookRefusal for a table, type or header that could not be read as meant."""
    if "columns" not in book:
        return {}
    tables = book["columns"]
    fail_if.not_a_block(tables, book, "columns")
    found: Own = {}
    for table in tables:
        if table not in contracts.tables:
            raise refusal(tables, "no_such_table", table, near=(table, contracts.tables), value=table)
        fail_if.not_a_block(tables[table], tables, table)
        columns = contracts.tables[table].columns.values()
        known = {folded(name): one.name for one in columns for name in (one.name, one.title, *one.synonyms)}
        if len(tables[table]) > MOST:
            raise refusal(tables, "too_many_columns", table, n=len(tables[table]), most=MOST)
        made = ((name, attempt(_column, tables[table], name, known, name=name)) for name in tables[table])
        found[table] = {name: column for name, column in made if column}
    return found


def _column(table: Block, name: str, known: dict[str, str]) -> Column:
    """One column; ``known`` are the headers that the table has so far, to which its own are added."""
    if not NAME.fullmatch(name) or name in (*DERIVED, MONTH):
        raise refusal(table, "bad_column", name, value=name)
    fail_if.not_a_block(table[name], table, name)
    block = table[name]
    fail_if.ill_formed(block, "column")
    fail_if.not_a_word(block, ("zh", "type"))
    fail_if.unknown_value(block, "type", vocabulary.TYPES)
    for key in ("required", "deadline"):
        fail_if.unknown_value(block, key, tuple(TRUTH)) if key in block else None
    words(block, "title") if "title" in block else None
    for header in dict.fromkeys((name, block["zh"])):
        if folded(header) in known:
            place, at = (table, name) if header == name else (block, "zh")
            raise refusal(place, "header_taken", at, value=header, other=known[folded(header)])
        known[folded(header)] = name
    if ("values" in block) != (block["type"] == "enum"):
        raise refusal(block, "values_of_enum", "values" if "values" in block else "type", column=name)
    if "deadline" in block and block["type"] != "timestamp":
        raise refusal(block, "deadline_of", "deadline", column=name)
    return Column(
        name,
        block["zh"],
        (),
        block["type"],
        required=False,
        restricted=False,
        labels=_labels(block),
        deadline=block.get("deadline") == "true",
        own=True,
        decisive=block.get("required") == "true",
    )


def _labels(block: Block) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """`values: {found: 发现, repeated: 重复}`: each value with the word that exports may write."""
    if "values" not in block:
        return ()
    fail_if.not_a_block(block["values"], block, "values")
    taken: Mapping[str, str] = {}
    for value, label in block["values"].items():
        fail_if.not_a_word(block["values"], (value,))
        for word in dict.fromkeys((value.casefold(), label.casefold())):
            if not word or not fail_if.ID.fullmatch(value) or word in taken:
                raise refusal(block["values"], "bad_value", value, value=shown_text(value))
            taken = {**taken, word: value}
    return tuple((value, (label,)) for value, label in block["values"].items())
