"""Source mappings: the YAML that says how a city's own export reads as our tables, loaded and checked."""

import hashlib
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import available_timezones

from pipelines.edges.located_yaml import Block, read_blocks
from pipelines.exports.files import READERS, Found, open_export, split_name
from pipelines.exports.rows import texts
from pipelines.model.contract import Column, Contracts, TableContract
from pipelines.model.intake import Known, Layout, UnreadableExport, folded
from pipelines.model.source import After, ByFlag, ColumnSource, Lookup, Of, SourceMapping, TableSource, Unpivot, Where
from pipelines.model.text import compared
from pipelines.model.words import Words
from pipelines.paths import CONTRACTS
from pipelines.wording import load_plain

# The words of the mapping language, as `data_contracts/mapping/words.yaml` declares them.


FILE = CONTRACTS / "mapping" / "words.yaml"


@dataclass(frozen=True)
class Word:
    """A word of a block: what may stand after it."""

    name: str
    kind: str  # text, raw, texts, number, choice, words, values, flag, block, blocks
    says: Words
    of: str = ""  # block, blocks: of which block
    choices: tuple[str, ...] = ()
    keys: str = ""  # blocks: what their names are: table, column, header
    required: bool = False
    origin: bool = False  # a column has exactly one of these
    goes_with: tuple[str, ...] = ()  # the origins; () = any place


@cache
def vocabulary() -> dict[str, dict[str, Word]]:
    """The words of every block, in the order in which they are declared."""
    return {
        block: {name: _word(name, facts) for name, facts in words.items()} for block, words in declarations().items()
    }


@cache
def declarations() -> dict[str, dict[str, dict]]:
    """The declarations as they stand in the file, with their examples."""
    return load_plain(FILE.read_text(encoding="utf-8"))


def _word(name: str, facts: dict) -> Word:
    of = facts.get("of", "")
    return Word(
        name,
        facts["kind"],
        Words(facts["zh"], facts["en"]),
        of if isinstance(of, str) else "",
        tuple(of) if isinstance(of, list) else (),
        facts.get("keys", ""),
        facts.get("required", False),
        facts.get("origin", False),
        tuple(facts.get("with", ())),
    )


ANY_OTHER, KEEP, REJECT = "*", "keep", "reject"
ALIASES = (("value", "值"), ("reads", "读作"))  # the header of a file of values
BESIDE = ("lookup", "values_from")  # words that name a file beside the mapping
DIRECTIVES = "aAwdbBmyYHIpMSfzZjUWcxXGuV"  # of strptime
NO_PLACES = {"Factory", "localtime", "posixrules"}  # zones that the machine decides
_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
DAY = 24 * 60


def load_source(path: Path, contracts: Contracts, verifying: bool = False) -> SourceMapping:
    """Read a mapping; UsageRefusal with file, line and nearest name for every word that nothing would execute.

    One of the old form that declares data absent is taken for ``verifying`` what was published by it, and only then.
    """
    whole, content = _extended(Path(path), ())
    _check(whole, "mapping")
    form = int(_choice(whole, "format") or "1")
    tables: dict[str, TableSource] = {}
    beside: dict[str, bytes] = {}
    for name in whole["tables"]:
        if name not in contracts.tables:
            raise whole["tables"].refuse(name, "unknown", contracts.tables, word=name)
        tables[name] = _table(whole["tables"][name], contracts.tables[name], form, beside)
    if "absent" in whole and form < 2 and not verifying:
        raise whole.refuse("absent", "old_absent")
    absent, absent_tables = _absent(whole, contracts, tables)
    for name, table in tables.items():
        if table.is_whole:
            _required_columns(whole["tables"], table, contracts.tables[name], absent)
    for file in sorted(beside):
        content += beside[file]
    return SourceMapping(
        _text(whole, "name"),
        _words(whole, "title"),
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
    _find_beside(block, path.parent)
    if "extends" not in block:
        return block, content
    if path in above:
        raise block.refuse("extends", "circle")
    base, below = _extended(path.parent / _text(block, "extends"), (*above, path))
    if "tables" in block and not isinstance(block["tables"], Block):
        raise block.refuse("tables", "not_mapping")
    for name, table in base["tables"].items() if isinstance(base.get("tables"), Block) and "tables" in block else ():
        if isinstance(table, Block) and isinstance(block["tables"].get(name), Block):
            _lay_over(table, block["tables"][name])
            block["tables"][name] = table
        else:
            block["tables"].setdefault(name, table)
    _lay_over(base, block)
    return base, below + content


def _lay_over(base: Block, over: Block) -> None:
    base.update(over)
    base.places.update(over.places)


def _find_beside(block: Block, folder: Path) -> None:
    """Files that columns name by the words of ``BESIDE`` lie in the folder of the mapping that names them."""
    for table in _blocks_in(block.get("tables")):
        for column in _blocks_in(table.get("columns")):
            for word in BESIDE:
                if isinstance(name := column.get(word), str):
                    if "/" in name or "\\" in name:
                        raise column.refuse(word, "beside_path", word=name)
                    column[word] = str(folder / name)


def _blocks_in(value: object) -> list[Block]:
    return [one for one in value.values() if isinstance(one, Block)] if isinstance(value, Block) else []


# What may stand after a word, by its kind; the vocabulary says which word is of which.


def _check(block: Block, kind: str) -> None:
    """Refuse a word that the vocabulary does not have, and a value that its word cannot hold, at any depth."""
    words = vocabulary()[kind]
    for key in block:
        if key not in words:
            raise block.refuse(key, "unknown", words, word=key)
    for key, word in words.items():
        if key in block or word.required:
            _KINDS[word.kind](block, key, word)


def _check_block(block: Block, key: str, word: Word) -> None:
    _check(_block(block, key), word.of)


def _check_blocks(block: Block, key: str, word: Word) -> None:
    for name in _block(block, key):
        if not (word.keys == "column" and isinstance(block[key][name], str)):  # a column may be its header alone
            _check(_block(block[key], name), word.of)


def _check_flag(block: Block, key: str, word: Word) -> None:
    flag = _block(block, key)
    if len(flag) != 1:
        raise block.refuse(key, "one_flag")
    _text(flag, next(iter(flag)))


def _check_values(block: Block, key: str, word: Word) -> None:
    for value, canonical in _block(block, key).items():
        if not isinstance(canonical, str):
            raise block[key].refuse(value, "not_text")


_KINDS: dict[str, Callable[[Block, str, Word], object]] = {
    "text": lambda block, key, word: _text(block, key),
    "raw": lambda block, key, word: _text(block, key, ""),  # may be blank
    "texts": lambda block, key, word: _texts(block, key),
    "number": lambda block, key, word: _number(block, key),
    "choice": lambda block, key, word: _choice(block, key, word.choices),
    "words": lambda block, key, word: _words(block, key),
    "values": _check_values,
    "flag": _check_flag,
    "block": _check_block,
    "blocks": _check_blocks,
}


# Tables and columns, whose words are known to be sound by now.


def _table(block: Block, contract: TableContract, form: int, beside: dict[str, bytes]) -> TableSource:
    columns = block.get("columns", Block(block.place))
    for name in columns:
        if name not in contract.columns:
            raise columns.refuse(name, "unknown", contract.columns, word=name)
    sources = tuple(_column(columns, name, contract, beside) for name in columns)
    _check_order(columns, sources, contract)
    files = _texts(block, "files", ())
    for file in files:
        if "/" in file or "\\" in file:
            raise block.refuse("files", "path", word=file)
    one_row_per = _texts(block, "one_row_per", ())
    for name in one_row_per:
        if name not in contract.columns:
            raise block.refuse("one_row_per", "unknown", contract.columns, word=name)
    if "sheet" in block and "sheets" in block:
        raise block.refuse("sheets", "sheet_or_sheets")
    layout = Layout(
        _text(block, "encoding", ""),
        _text(block, "delimiter", ""),
        _text(block, "sheet", ""),
        _number(block, "header_row", 0),
        _texts(block, "sheets", ()),
        tuple(filter(None, _text(block, "path", "").split("."))),
    )
    zone = _text(block, "zone", "")
    if zone and zone not in (known := available_timezones() - NO_PLACES):
        raise block.refuse("zone", "unknown", known, word=zone)
    return TableSource(
        contract.name,
        files,
        layout,
        _texts(block, "null_values", ()),
        one_row_per,
        sources,
        tuple(_where(block["where"], header) for header in block.get("where", ())),
        _unpivot(block["unpivot"]) if "unpivot" in block else None,
        zone,
        is_whole=form < 2,
    )


def _unpivot(block: Block) -> Unpivot:
    made = Unpivot(_text(block, "names"), _text(block, "values"), _texts(block, "columns"))
    if len({folded(one) for one in (made.names, made.values, *made.columns)}) < 2 + len(made.columns):
        raise block.refuse("columns", "unpivot_twice")
    return made


def _where(block: Block, header: str) -> Where:
    """`{not_in: [value, …]}` or `{in: [value, …]}` of one header."""
    condition = block[header]
    if len(condition) != 1:
        raise block.refuse(header, "one_condition")
    word = next(iter(condition))
    return Where(header, tuple(compared(value) for value in _texts(condition, word)), word == "in")


def _column(columns: Block, name: str, contract: TableContract, beside: dict[str, bytes]) -> ColumnSource:
    if isinstance(columns[name], str):
        return ColumnSource(name, headers=(_text(columns, name),))
    block, words, column = columns[name], vocabulary()["column"], contract.columns[name]
    origins = [word for word in block if words[word].origin]
    if len(origins) != 1:
        raise columns.refuse(name, "one_origin", origins="、".join(key for key, word in words.items() if word.origin))
    [origin] = origins
    for word in block:
        if words[word].goes_with and origin not in words[word].goes_with:
            raise block.refuse(word, "only_with", origins="、".join(words[word].goes_with))
    for form in (formats := _texts(block, "format", ())):
        _check_format(block, form)
    if "end_of_day" in block and column.type != "timestamp":
        raise block.refuse("end_of_day", "needs_timestamp", word=name)
    choice = origin.removesuffix("_of") if origin in ("worst_of", "best_of", "mean_of") else ""
    if choice and column.type != "decimal" and not column.best_first:
        raise block.refuse(origin, "no_order", word=name)
    values, otherwise = _values(block, column, beside)
    return ColumnSource(
        name,
        headers=_texts(block, origin) if origin in ("from", "join", "first_of") else (),
        first=origin == "first_of",
        constant=_text(block, "constant", "") if origin == "constant" else None,
        row_number=origin == "row_number",
        lookup=_lookup(block, contract, beside) if origin == "lookup" else None,
        of=Of(choice, _texts(block, origin)) if choice else None,
        after=_after(block[origin], origin.removesuffix("_after")) if origin.endswith("_after") else None,
        by_flag=_by_flag(block["by_flag"]) if origin == "by_flag" else None,
        pattern=_pattern(block),
        values=values,
        otherwise=otherwise,
        formats=formats,
        end_of_day="end_of_day" in block,
    )


def _pattern(block: Block) -> str:
    text = _text(block, "pattern", "")
    try:
        if text and "value" not in re.compile(text).groupindex:
            raise block.refuse("pattern", "pattern_group", word=text)
    except (re.error, RecursionError, OverflowError) as problem:
        raise block.refuse("pattern", "pattern_wrong", word=text, problem=problem) from None
    return text


SOME_DAY = datetime(2026, 7, 23, 15, 4, 5, tzinfo=UTC)


def _check_format(block: Block, form: str) -> None:
    """Refuse a format with a directive that does not exist, one that stands there twice, or none of a year."""
    for sign in re.findall(r"%(.?)", form.replace("%%", "")):
        if not sign or sign not in DIRECTIVES:
            raise block.refuse("format", "directive", word=f"%{sign}", form=form)
    try:
        datetime.strptime("", form)
    except re.error:
        raise block.refuse("format", "directive_twice", form=form) from None
    except ValueError:
        pass  # an empty text fits hardly any format
    with suppress(ValueError):
        if datetime.strptime(SOME_DAY.strftime(form), form).year != SOME_DAY.year:
            raise block.refuse("format", "no_year", form=form)


def _values(block: Block, column: Column, beside: dict[str, bytes]) -> tuple[tuple[tuple[str, str], ...], str | None]:
    """Every value with what it is mapped to, and what becomes of any other.

    What a value is mapped to must be one that the column knows; an empty text means no value.
    """
    known = {word: None for value, labels in column.labels for word in (value, *labels)} | {"": None}
    known |= dict.fromkeys(column.empty_labels)
    values: dict[str, str] = {}
    if "values_from" in block:
        for line, (value, canonical) in _side_rows(block, "values_from", ALIASES, beside):
            facts = {"file": Path(block["values_from"]).name, "line": line}
            if column.labels and canonical not in known:
                raise block.refuse("values_from", "beside_unknown", known, word=canonical, **facts)
            if values.setdefault(compared(value), canonical) != canonical:
                raise block.refuse("values_from", "beside_twice", word=value, **facts)
    written = dict(block.get("values", {}))
    otherwise = written.pop(ANY_OTHER, REJECT)
    for value, canonical in written.items():
        if column.labels and canonical not in known:
            raise block["values"].refuse(value, "unknown", [*known], word=canonical)
    if column.labels and otherwise not in {*known, KEEP, REJECT}:
        raise block["values"].refuse(ANY_OTHER, "unknown", [*known, KEEP, REJECT], word=otherwise)
    values |= {compared(value): canonical for value, canonical in written.items()}
    return tuple(values.items()), None if otherwise == REJECT else otherwise


def _lookup(block: Block, contract: TableContract, beside: dict[str, bytes]) -> Lookup:
    for word in ("by", "take"):
        _text(block, word)
    by, take = block["by"], block["take"]
    column = contract.columns.get(by)
    keys = (column.name, column.title, *column.synonyms) if column else (by,)
    found: dict[str, str] = {}
    for line, (key, value) in _side_rows(block, "lookup", (keys, (take,)), beside):
        if found.setdefault(compared(key), value) != value:
            facts = {"file": Path(block["lookup"]).name, "line": line}
            raise block.refuse("lookup", "beside_twice", word=key, **facts)
    return Lookup(Path(block["lookup"]).name, by, column is None, tuple(found.items()))


def _side_rows(block: Block, key: str, wanted: tuple[tuple[str, ...], ...], beside: dict[str, bytes]):
    """Line and cells of the ``wanted`` columns (each by its headers) of a file beside the mapping."""
    path = Path(block[key])
    suffix = split_name(path.name)[1]
    if not path.is_file() or suffix not in READERS:
        near = sorted(one.name for one in path.parent.iterdir() if split_name(one.name)[1] in READERS)
        raise block.refuse(key, "beside_missing", near, word=path.name)
    try:
        beside[str(path)] = path.read_bytes()
        headers = [frozenset(map(folded, names)) for names in wanted]
        export = open_export(Found(path, suffix), Known(frozenset().union(*headers), tuple(headers)))
        places = [[i for i, cell in enumerate(export.header) if folded(cell) in names] for names in headers]
        for names, found in zip(wanted, places, strict=True):
            if len(found) != 1:
                facts = {"headers": "、".join(export.header), "names": " / ".join(names), "n": len(found)}
                raise block.refuse(key, "beside_header", word=path.name, **facts)
        rows = []
        for batch in export.batches():
            for fault in batch.faults:
                raise block.refuse(key, "beside_row", word=path.name, line=fault.line)
            cells = [[(cell or "").strip() for cell in texts(batch.columns[place])] for [place] in places]
            rows += [(int(line), row) for line, *row in zip(batch.lines, *cells, strict=True) if any(row)]
    except UnreadableExport as problem:
        raise block.refuse(key, "beside_unreadable", why=problem.words) from None
    except OSError as problem:
        raise block.refuse(key, "beside_unreadable", why=f"{path.name}: {problem.strerror}") from None
    return rows


def _after(block: Block, unit: str) -> After:
    count = _number(block, unit.removeprefix("working_"))
    return After(_text(block, "column"), count, unit, _day(block) if "day" in block else ())


def _day(block: Block) -> tuple[tuple[int, int], ...]:
    """The spans of a working day in minutes of the day; each ends after it begins, and before the next begins."""
    spans: list[tuple[int, int]] = []
    for text in _texts(block, "day"):
        found = _SPAN.fullmatch(text.strip())
        first, last = (int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])) if found else (0, 0)
        if not (spans[-1][1] if spans else 0) <= first < last <= DAY:
            raise block.refuse("day", "span", word=text)
        spans.append((first, last))
    if not spans:
        raise block.refuse("day", "span", word="")
    return tuple(spans)


def _by_flag(block: Block) -> ByFlag:
    flags = {word: next((header, _text(block[word], header)) for header in block[word]) for word in ("on_time", "late")}
    return ByFlag(_text(block, "deadline"), **flags, open=tuple(map(compared, _texts(block, "open", ()))))


def _check_order(columns: Block, sources: tuple[ColumnSource, ...], contract: TableContract) -> None:
    """A column made from another one comes after it; one that the mapping does not name is read before all others."""
    before: list[str] = [name for name in contract.columns if name not in columns]
    for source in sources:
        moment = (source.after and source.after.column) or (source.by_flag and source.by_flag.deadline)
        needed = moment or (source.lookup and not source.lookup.is_header and source.lookup.by)
        if needed and needed not in before:
            raise columns.refuse(source.name, "needs_before", before, word=needed)
        if moment and contract.columns[moment].type not in ("timestamp", "date"):
            raise columns.refuse(source.name, "needs_moment", word=moment)
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
    for word in both:
        if word not in ("zh", "en"):
            raise both.refuse(word, "unknown", ("zh", "en"), word=word)
    return Words(_text(both, "zh"), _text(both, "en"))


def _number(block: Block, key: str, otherwise: int | None = None) -> int:
    if key not in block and otherwise is not None:
        return otherwise
    value = _text(block, key)
    if not (value.isascii() and value.isdigit() and len(value) < 6):
        raise block.refuse(key, "not_number")
    return int(value)


def _choice(block: Block, key: str, choices: tuple[str, ...] = ()) -> str:
    value = _text(block, key, "")
    if value and choices and value not in choices:
        raise block.refuse(key, "unknown", choices, word=value)
    return value
