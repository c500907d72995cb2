"""JSON Lines exports: one object a line, numbers kept as they are written."""

import json
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path

from pipelines.exports.text import UTF8, UTF8_BOM, as_utf8, find_encoding, line_blocks
from pipelines.model.export import Batch, Export, Fault, Known, Layout, folded

LONGEST_NUMBER = 40
EXACT_TO = 2**53  # what the doubles of other programs hold digit by digit


def open_jsonl(path: Path, layout: Layout, known: Known) -> Export:
    """Open a JSON Lines file; its header is every key of every object, in the order in which they first appear."""
    encoding = layout.encoding or find_encoding(path)
    header: dict[str, None] = {}
    unended: list[int] = []
    for _, row in _records(path, encoding, known, unended):
        if isinstance(row, dict):
            header |= dict.fromkeys(row)
    batches = partial(_batches, path, encoding, known, tuple(header))
    return Export(tuple(header), batches, encoding, unended=unended)


def _batches(path: Path, encoding: str, known: Known, header: tuple[str, ...]) -> Iterator[Batch]:
    rows, lines, faults = [], [], []
    for line, row in _records(path, encoding, known, []):
        if isinstance(row, Fault):
            faults.append(row)
        else:
            rows.append([row.get(name) for name in header])
            lines.append(line)
        if len(rows) + len(faults) == 20_000:
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
                yield line, _object(text, line, known)
        first += content.count(b"\n")
        unended[:] = [] if block.endswith(b"\n") else [first]


def _object(text: str, line: int, known: Known) -> dict | Fault:
    try:
        row = json.loads(text, parse_float=_number, parse_int=str, parse_constant=_refuse, object_pairs_hook=_unique)
        if not isinstance(row, dict):
            raise ValueError("not an object")
        names = {name: folded(name) if folded(name) in known.headers else _sound(name) for name in row}
        if len({*names.values()}) < len(names):
            raise ValueError("duplicate key")
        return {names[name]: _text(value, names[name], known) for name, value in row.items()}
    except RecursionError:
        return Fault(line, "json", "nested")
    except ValueError as problem:
        at = getattr(problem, "colno", None)
        return Fault(line, "json", f"column {at}" if at else str(problem))


def _unique(pairs: list[tuple[str, object]]) -> dict:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError("duplicate key")
    return row


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _number(text: str) -> str:
    """A number as it is written; one with an exponent that is whole without a guess is written out."""
    if "e" not in text.casefold() or len(text) > LONGEST_NUMBER:
        return text
    number = Decimal(text)
    whole = abs(number) < EXACT_TO and number == number.to_integral_value()
    return str(int(number)) if whole else text


def _text(value: object, name: str, known: Known) -> str | None:
    if isinstance(value, (dict, list)):
        if name in known.headers:
            raise ValueError(f"{name}: nested")
        return _sound(json.dumps(value, ensure_ascii=False))  # an extra column is kept as it is
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if value is None else _sound(value)


def _sound(text: str) -> str:
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("\\u0000 or half a character")
    return text
