"""JSON exports: one object a line, or an array of objects; numbers kept as they are written."""

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

from pipelines.exports.rows import UTF8, UTF8_BOM, as_utf8, find_encoding, line_blocks
from pipelines.model.intake import Batch, Export, Fault, Known, Layout, UnreadableExport, folded
from pipelines.model.words import Words
from pipelines.wording import say

LONGEST_NUMBER = 40
BATCH = 20_000
LARGEST = 512 << 20  # of a file that is read as one value
EXACT_TO = 2**53  # what the doubles of other programs hold digit by digit


def open_jsonl(path: Path, layout: Layout, known: Known) -> Export:
    """Open a JSON Lines file; its header is every key of every object, in the order in which they first appear."""
    encoding = layout.encoding or find_encoding(path)
    unended: list[int] = []
    header = _header(_records(path, encoding, known, unended))
    return Export(header, lambda: _batches(_records(path, encoding, known, []), header), encoding, unended=unended)


def open_json(path: Path, layout: Layout, known: Known) -> Export:
    """Open a JSON file that holds an array of objects, by itself or where ``layout.path`` leads.

    UnreadableExport for one that is no JSON to its end, holds no such array, or is too large to be read at once.
    """
    if path.stat().st_size > LARGEST:
        raise UnreadableExport(say("ingest.json_large", file=path.name, size=LARGEST >> 20))
    encoding = layout.encoding or find_encoding(path)
    content, bad = as_utf8(path.read_bytes(), UTF8 if encoding == UTF8_BOM else encoding)
    if bad:
        raise UnreadableExport(say("ingest.json_wrong", file=path.name, line=min(bad) + 1))
    try:
        rows = list(_elements(content.decode().removeprefix("\ufeff"), layout.path, path.name, known))
    except (json.JSONDecodeError, RecursionError) as problem:
        line = getattr(problem, "lineno", 1)
        raise UnreadableExport(say("ingest.json_wrong", file=path.name, line=line)) from None
    header = _header(rows)
    return Export(header, lambda: _batches(rows, header), encoding)


def _header(records: Iterable[tuple[int, "dict | Fault"]]) -> tuple[str, ...]:
    header: dict[str, None] = {}
    for _, row in records:
        if isinstance(row, dict):
            header |= dict.fromkeys(row)
    return tuple(header)


def _elements(text: str, path: tuple[str, ...], file: str, known: Known) -> Iterator[tuple[int, "dict | Fault"]]:
    """The line on which every element of the array at ``path`` begins, and its object or fault."""
    decoder = json.JSONDecoder(parse_float=_number, parse_int=str, parse_constant=_Constant, object_pairs_hook=_Pairs)
    at = _blank(text, 0)
    for depth, key in enumerate(path):
        at = _inside(decoder, text, at, key, path[: depth + 1], file)
    if text[at : at + 1] != "[":
        value, _ = decoder.raw_decode(text, at)
        keys = [name for name, _ in value] if isinstance(value, _Pairs) else []
        raise _no_array(file, path, keys, _array_in(value, path))
    at, line, counted = _blank(text, at + 1), 1, 0
    while text[at : at + 1] != "]":
        value, end = decoder.raw_decode(text, at)
        line, counted = line + text.count("\n", counted, at), at
        yield line, _object(value, line, known)
        at = _blank(text, end)
        if text[at : at + 1] == ",":
            at = _blank(text, at + 1)
        elif text[at : at + 1] != "]":
            raise json.JSONDecodeError("no end", text, at)
    _end(decoder, text, at, path)


def _no_array(file: str, path: tuple[str, ...], keys: list[str], nearest: tuple[str, ...] = ()) -> UnreadableExport:
    place = say("ingest.json_at", path=".".join(path)) if path else say("ingest.json_outermost")
    hint = say("ingest.json_nearest", path=".".join(nearest)) if nearest else Words("", "")
    return UnreadableExport(say("ingest.json_no_array", file=file, place=place, keys="、".join(keys), hint=hint))


def _array_in(value: object, path: tuple[str, ...]) -> tuple[str, ...]:
    """Where the first array of objects inside an object lies; () for none."""
    if isinstance(value, _Pairs):
        inside = (_array_in(inner, (*path, name)) for name, inner in value)
        return next((place for place in inside if place), ())
    return path if isinstance(value, list) and value and isinstance(value[0], _Pairs) else ()


def _end(decoder: json.JSONDecoder, text: str, at: int, path: tuple[str, ...]) -> None:
    """A file that goes on after its array is read to its end: one that was cut is no JSON."""
    decoder.decode(text) if path else decoder.decode(f"[]{text[at + 1 :]}")


def _inside(decoder: json.JSONDecoder, text: str, at: int, key: str, path: tuple[str, ...], file: str) -> int:
    """Where the value of a key of the object at ``at`` begins."""
    keys = []
    if text[at : at + 1] == "{":
        at = _blank(text, at + 1)
        while text[at : at + 1] == '"':
            name, end = decoder.raw_decode(text, at)
            at = _blank(text, end)
            if text[at : at + 1] != ":":
                break
            at = _blank(text, at + 1)
            if name == key:
                return at
            keys.append(name)
            _, end = decoder.raw_decode(text, at)
            at = _blank(text, end)
            at = _blank(text, at + 1) if text[at : at + 1] == "," else at
    raise _no_array(file, path, keys)


def _blank(text: str, at: int) -> int:
    """The place after blanks."""
    while text[at : at + 1] in (" ", "\t", "\n", "\r"):
        at += 1
    return at


def _batches(records: Iterable[tuple[int, "dict | Fault"]], header: tuple[str, ...]) -> Iterator[Batch]:
    rows, lines, faults = [], [], []
    for line, row in records:
        if isinstance(row, Fault):
            faults.append(row)
        else:
            rows.append([row.get(name) for name in header])
            lines.append(line)
        if len(rows) + len(faults) == BATCH:
            yield _batch(rows, lines, faults, len(header))
            rows, lines, faults = [], [], []
    yield _batch(rows, lines, faults, len(header))


def _batch(rows: list, lines: list[int], faults: list[Fault], width: int) -> Batch:
    return Batch(lines, tuple(zip(*rows, strict=True)) or ((),) * width, tuple(faults))


def _records(path: Path, encoding: str, known: Known, unended: list[int]) -> Iterator[tuple[int, dict | Fault]]:
    """Line and object, or the fault, of every line that is not blank.

    ``unended`` gets the last line, where no line end follows it.
    """
    first = 1
    for block in line_blocks(path):
        content, bad = as_utf8(block, UTF8 if encoding == UTF8_BOM else encoding)
        for i, text in enumerate(content.decode().removesuffix("\n").split("\n")):
            line = first + i
            text = text.removeprefix("\ufeff") if line == 1 else text
            if i in bad:
                yield line, Fault(line, "encoding", bad[i])
            elif "\0" in text:
                yield line, Fault(line, "nul_byte", "0x00")
            elif text.strip():
                yield line, _line_object(text, line, known)
        first += content.count(b"\n")
        unended[:] = [] if block.endswith(b"\n") else [first]


class _Pairs(list):
    """The keys and values of an object, each as it is written."""


class _Constant(str):
    """NaN or an infinity, which is no number of an export."""


def _line_object(text: str, line: int, known: Known) -> dict | Fault:
    try:
        value = json.loads(text, parse_float=_number, parse_int=str, parse_constant=_Constant, object_pairs_hook=_Pairs)
    except RecursionError:
        return Fault(line, "json", "nested")
    except ValueError as problem:
        at = getattr(problem, "colno", None)
        return Fault(line, "json", f"column {at}" if at else str(problem))
    return _object(value, line, known)


def _object(value: object, line: int, known: Known) -> dict | Fault:
    """An object as a row; its nested values under dotted names where one is known."""
    try:
        if not isinstance(value, _Pairs):
            raise ValueError("not an object")
        row = _unique(value)
        names = {name: folded(name) if folded(name) in known.headers else _sound(name) for name in row}
        if len({*names.values()}) < len(names):
            raise ValueError("duplicate key")
        made = {names[name]: _text(inner, names[name], known) for name, inner in row.items()}
        return made | {name: _text(inner, name, known) for name, inner in _nested(row, known)}
    except RecursionError:
        return Fault(line, "json", "nested")
    except ValueError as problem:
        return Fault(line, "json", str(problem))


def _nested(row: dict, known: Known) -> Iterator[tuple[str, object]]:
    """The known dotted names of a row and their values."""
    for name in known.headers:
        first, *rest = name.split(".")
        value: object = next((inner for key, inner in row.items() if folded(key) == first), None) if rest else None
        for key in rest:
            inside = _unique(value) if isinstance(value, _Pairs) else {}
            value = next((inner for own, inner in inside.items() if folded(own) == key), None)
        if value is not None:
            yield name, value


def _unique(pairs: _Pairs) -> dict:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError("duplicate key")
    return row


def _plain(value: object) -> object:
    """A nested value as it is written out again."""
    if isinstance(value, _Pairs):
        return {name: _plain(inner) for name, inner in _unique(value).items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else _checked(value)


def _checked(value: object) -> object:
    if isinstance(value, _Constant):
        raise ValueError(value)
    return value


def _number(text: str) -> str:
    """A number as it is written; one with an exponent that is whole without a guess is written out."""
    if "e" not in text.casefold() or len(text) > LONGEST_NUMBER:
        return text
    try:
        number = Decimal(text)
        whole = abs(number) < EXACT_TO and number == number.to_integral_value()
    except ArithmeticError:  # an exponent that is beyond any number of decimals
        return text
    return str(int(number)) if whole else text


def _text(value: object, name: str, known: Known) -> str | None:
    if isinstance(value, list):
        if name in known.headers:
            raise ValueError(f"{name}: nested")
        return _sound(json.dumps(_plain(value), ensure_ascii=False))  # an extra column is kept as it is
    _checked(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if value is None else _sound(value)


def _sound(text: str) -> str:
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("\\u0000 or half a character")
    return text
