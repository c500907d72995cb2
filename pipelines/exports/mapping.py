"""Source mappings: the YAML that says how a city's own export reads as our tables, loaded and checked."""

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from pipelines.edges.located_yaml import Block, read_blocks
from pipelines.model.contract import Column, Contracts, TableContract
from pipelines.model.export import Layout
from pipelines.model.source import After, ByFlag, ColumnSource, SourceMapping, TableSource, Where
from pipelines.model.text import compared
from pipelines.model.words import Words

MAPPING_WORDS = ("format", "name", "title", "note", "extends", "tables", "absent")
FORMATS = ("1", "2")
TABLE_WORDS = (
    "files",
    "encoding",
    "delimiter",
    "sheet",
    "header_row",
    "null_values",
    "where",
    "one_row_per",
    "columns",
)
ORIGINS = ("from", "constant", "days_after", "working_days_after", "by_flag")
COLUMN_WORDS = (*ORIGINS, "values", "format")
ENCODINGS = ("utf-8", "gb18030")
ANY_OTHER, KEEP, REJECT = "*", "keep", "reject"
DIRECTIVES = "aAwdbBmyYHIpMSfzZjUWcxXGuV"  # of strptime


def load_source(path: Path, contracts: Contracts, verifying: bool = False) -> SourceMapping:
    """Read a mapping; UsageRefusal with file, line and nearest name for every word that nothing would execute.

    One of the old form that declares data absent is taken for ``verifying`` what was published by it, and only then.
    """
    whole, content = _extended(Path(path), ())
    _known(whole, MAPPING_WORDS)
    tables = {}
    for name in _block(whole, "tables"):
        if name not in contracts.tables:
            raise whole["tables"].refuse(name, "unknown", contracts.tables, word=name)
        tables[name] = _table(_block(whole["tables"], name), contracts.tables[name])
    form = int(_choice(whole, "format", FORMATS) or "1")
    if "absent" in whole and form < 2 and not verifying:
        raise whole.refuse("absent", "old_absent")
    absent, absent_tables = _absent(whole, contracts, tables)
    for name, table in tables.items():
        _required_columns(whole["tables"], table, contracts.tables[name], absent)
    title = _words(whole, "title")
    return SourceMapping(
        _text(whole, "name"),
        title,
        _words(whole, "note", Words("", "")),
        tables,
        absent,
        hashlib.sha256(content).hexdigest(),
        absent_tables,
        form,
    )


def _extended(path: Path, above: tuple[Path, ...]) -> tuple[Block, bytes]:
    """A mapping laid over the one that it extends: its keys win, tables are laid over each other key by key."""
    block, content = read_blocks(path)
    if "extends" not in block:
        return block, content
    if path in above:
        raise block.refuse("extends", "circle")
    base, below = _extended(path.parent / _text(block, "extends"), (*above, path))
    for name, table in _block(base, "tables").items() if "tables" in block else ():
        if isinstance(block["tables"], Block) and isinstance(block["tables"].get(name), Block):
            _lay_over(table, block["tables"][name])
            block["tables"][name] = table
        elif isinstance(block["tables"], Block):
            block["tables"].setdefault(name, table)
    _lay_over(base, block)
    return base, below + content


def _lay_over(base: Block, over: Block) -> None:
    base.update(over)
    base.places.update(over.places)


def _table(block: Block, contract: TableContract) -> TableSource:
    _known(block, TABLE_WORDS)
    columns = _block(block, "columns")
    for name in columns:
        if name not in contract.columns:
            raise columns.refuse(name, "unknown", contract.columns, word=name)
    sources = tuple(_column(columns, name) for name in columns)
    _check_order(columns, sources, contract)
    for source in sources:
        _check_values(columns, source, contract.columns[source.name])
    files = _texts(block, "files")
    for file in files:
        if "/" in file or "\\" in file:
            raise block.refuse("files", "path", word=file)
    one_row_per = _texts(block, "one_row_per", ())
    for name in one_row_per:
        if name not in columns:
            raise block.refuse("one_row_per", "unknown", columns, word=name)
    layout = Layout(
        _choice(block, "encoding", ENCODINGS),
        _text(block, "delimiter", ""),
        _text(block, "sheet", ""),
        _number(block, "header_row", 0),
    )
    where = tuple(_where(_block(block, "where"), header) for header in block["where"]) if "where" in block else ()
    nulls = _texts(block, "null_values", ())
    return TableSource(contract.name, files, layout, nulls, one_row_per, sources, where)


def _where(block: Block, header: str) -> Where:
    """`{not_in: [value, …]}` or `{in: [value, …]}` of one header."""
    condition = _block(block, header)
    _known(condition, ("in", "not_in"))
    if len(condition) != 1:
        raise block.refuse(header, "one_condition")
    word = next(iter(condition))
    return Where(header, tuple(compared(value) for value in _texts(condition, word)), word == "in")


def _column(columns: Block, name: str) -> ColumnSource:
    if isinstance(columns[name], str):
        return ColumnSource(name, header=_text(columns, name))
    block = _block(columns, name)
    _known(block, COLUMN_WORDS)
    origins = [origin for origin in ORIGINS if origin in block]
    if len(origins) != 1:
        raise columns.refuse(name, "one_origin", origins="、".join(ORIGINS))
    for word in ("values", "format"):
        if word in block and origins != ["from"]:
            raise block.refuse(word, "only_with_from")
    values = dict(_block(block, "values")) if "values" in block else {}
    for value, canonical in values.items():
        if not isinstance(canonical, str):
            raise block["values"].refuse(value, "not_text")
    otherwise = values.pop(ANY_OTHER, REJECT)
    for form in (formats := _texts(block, "format", ())):
        _check_format(block, form)
    return ColumnSource(
        name,
        header=_text(block, "from", ""),
        values=tuple((compared(value), canonical) for value, canonical in values.items()),
        otherwise=None if otherwise == REJECT else otherwise,
        formats=formats,
        constant=_text(block, "constant", "") if origins == ["constant"] else None,
        after=_after(_block(block, origins[0]), origins[0]) if origins[0].endswith("days_after") else None,
        by_flag=_by_flag(_block(block, "by_flag")) if origins == ["by_flag"] else None,
    )


def _check_format(block: Block, form: str) -> None:
    """Refuse a format with a directive that does not exist, or one that stands there twice."""
    for sign in re.findall(r"%(.?)", form.replace("%%", "")):
        if not sign or sign not in DIRECTIVES:
            raise block.refuse("format", "directive", word=f"%{sign}", form=form)
    try:
        datetime.strptime("", form)
    except re.error:
        raise block.refuse("format", "directive_twice", form=form) from None
    except ValueError:
        pass  # an empty text fits hardly any format


def _check_values(columns: Block, source: ColumnSource, column: Column) -> None:
    """What a value is mapped to must be one that the column knows; an empty text means no value."""
    known = {word: None for value, labels in column.labels for word in (value, *labels)} | {"": None}
    known |= dict.fromkeys(column.empty_labels)
    for value, canonical in source.values:
        if column.labels and canonical not in known:
            raise columns[source.name]["values"].refuse(value, "unknown", [*known], word=canonical)
    if column.labels and source.otherwise not in {*known, None, KEEP}:
        raise columns[source.name]["values"].refuse(ANY_OTHER, "unknown", [*known, KEEP, REJECT], word=source.otherwise)


def _after(block: Block, origin: str) -> After:
    _known(block, ("column", "days"))
    return After(_text(block, "column"), _number(block, "days"), origin == "working_days_after")


def _by_flag(block: Block) -> ByFlag:
    _known(block, ("deadline", "on_time", "late"))
    flags = {}
    for word in ("on_time", "late"):
        flag = _block(block, word)
        if len(flag) != 1:
            raise block.refuse(word, "one_flag")
        flags[word] = next((header, _text(flag, header)) for header in flag)
    return ByFlag(_text(block, "deadline"), **flags)


def _check_order(columns: Block, sources: tuple[ColumnSource, ...], contract: TableContract) -> None:
    """A column made from another one comes after it."""
    before: list[str] = []
    for source in sources:
        needed = (source.after and source.after.column) or (source.by_flag and source.by_flag.deadline)
        if needed and needed not in before:
            raise columns.refuse(source.name, "needs_before", before, word=needed)
        if needed and contract.columns[needed].type not in ("timestamp", "date"):
            raise columns.refuse(source.name, "needs_moment", word=needed)
        before.append(source.name)


def _absent(
    whole: Block, contracts: Contracts, mapped: Iterable[str]
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """The declared columns, and the declared tables."""
    columns, tables = [], []
    names = {f"{table.name}.{column}" for table in contracts.tables.values() for column in table.columns}
    for entry in _texts(whole, "absent", ()):
        if entry in names:
            columns.append(tuple(entry.split(".")))
        elif entry not in contracts.tables or entry in mapped:
            raise whole.refuse("absent", "unknown", sorted({*contracts.tables, *names} - {*mapped}), word=entry)
        else:
            tables.append(entry)
    return tuple(columns), tuple(tables)


def _required_columns(tables: Block, table: TableSource, contract: TableContract, absent) -> None:
    given = {column.name for column in table.columns} | {column for name, column in absent if name == contract.name}
    for column in contract.columns.values():
        if column.required and column.name not in given:
            raise tables.refuse(table.name, "required", word=column.name)


def _known(block: Block, words: tuple[str, ...]) -> None:
    for key in block:
        if key not in words:
            raise block.refuse(key, "unknown", words, word=key)


def _block(block: Block, key: str) -> Block:
    if not isinstance(block.get(key), Block) or not block[key]:
        raise block.refuse(key, "not_mapping")
    return block[key]


def _text(block: Block, key: str, otherwise: str | None = None) -> str:
    value = block.get(key, otherwise)
    if not isinstance(value, str) or (otherwise is None and not value.strip()):
        raise block.refuse(key, "not_text")
    return value


def _texts(block: Block, key: str, otherwise: tuple[str, ...] | None = None) -> tuple[str, ...]:
    value = block.get(key, otherwise)
    value = [value] if isinstance(value, str) else value
    if value is None or isinstance(value, Block) or not all(isinstance(one, str) for one in value):
        raise block.refuse(key, "not_texts")
    return tuple(value)


def _words(block: Block, key: str, otherwise: Words | None = None) -> Words:
    if key not in block and otherwise is not None:
        return otherwise
    both = _block(block, key)
    _known(both, ("zh", "en"))
    return Words(_text(both, "zh"), _text(both, "en"))


def _number(block: Block, key: str, otherwise: int | None = None) -> int:
    if key not in block and otherwise is not None:
        return otherwise
    value = _text(block, key)
    if not (value.isascii() and value.isdigit() and len(value) < 6):
        raise block.refuse(key, "not_number")
    return int(value)


def _choice(block: Block, key: str, choices: tuple[str, ...]) -> str:
    value = _text(block, key, "")
    if value and value not in choices:
        raise block.refuse(key, "unknown", choices, word=value)
    return value
