"""Measures read a second time: the `where` of a rulebook file as it is written, asked of one row after another.

Nothing here is shared with `rulebook/conditions.py` or `engines/marks.py`, which give the queries that count.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

NUMBERS = ("decimal", "integer")
MOMENTS = ("timestamp", "date")


def counts(parts: Sequence[Mapping], row: Mapping, readings: Mapping[str, str], types: Mapping[str, str]) -> bool:
    """Whether a row is counted: every part holds. ``types`` are those of all columns that there could be."""
    return all(holds(part, row, readings, types) for part in parts)


def holds(part: object, row: Mapping, readings: Mapping[str, str], types: Mapping[str, str]) -> bool:
    """Whether one part of a `where` is true of a row; an empty value makes no comparison true."""
    if isinstance(part, list):
        return all(holds(one, row, readings, types) for one in part)
    if "reading" in part:
        chosen = _chosen(part["reading"], readings)
        return holds(part[chosen], row, readings, types)
    return all(_says(key, value, row, readings, types) for key, value in part.items())


def _says(key: str, value: object, row: Mapping, readings: Mapping[str, str], types: Mapping[str, str]) -> bool:
    if key == "any":
        return any(holds(one, row, readings, types) for one in value)
    if key == "all":
        return all(holds(one, row, readings, types) for one in value)
    if key == "not":
        return not holds(value, row, readings, types)
    if not isinstance(value, Mapping):
        value = {"in" if isinstance(value, list) else "equals": value}
    return all(_test(key, test, bound, row, types) for test, bound in value.items())


def _test(column: str, test: str, bound: object, row: Mapping, types: Mapping[str, str]) -> bool:
    have = row.get(column)
    if test == "given":
        return (have is not None) == (bound == "true")
    if test == "not":
        inner = bound if isinstance(bound, Mapping) else {"in" if isinstance(bound, list) else "equals": bound}
        return not all(_test(column, name, value, row, types) for name, value in inner.items())
    if test == "in":
        return have is not None and have in [_value(one, types[column]) for one in bound]
    kind = types[column]
    refers = kind in (*MOMENTS, *NUMBERS) and (bound in types or bound == "cutoff")
    other = row.get(bound) if refers else _value(bound, kind)
    if have is None or other is None:
        return False
    if test == "equals":
        return have == other
    if test == "at_most":
        return have <= other
    if test == "at_least":
        return have >= other
    return have < other if test in ("before", "less_than") else have > other


def _value(text: str, kind: str) -> object:
    if kind == "boolean":
        return text == "true"
    if kind in NUMBERS:
        return Decimal(text)
    if kind == "date":
        return date.fromisoformat(text)
    return datetime.fromisoformat(text) if kind == "timestamp" else text


def spelled(part: object, readings: Mapping[str, str], derived: Mapping[str, Sequence[str]]) -> str:
    """One part of a `where` under these readings, in the one form by which the tally knows it.

    ``derived`` names, for each column that is worked out, the readings that bear on it.
    """
    return json.dumps(_plain(part, readings, derived), ensure_ascii=False, separators=(",", ":"))


def _plain(part: object, readings: Mapping[str, str], derived: Mapping[str, Sequence[str]]) -> dict:
    if isinstance(part, list):
        return _whole([_plain(one, readings, derived) for one in part])
    if "reading" in part:
        return _plain(part[_chosen(part["reading"], readings)], readings, derived)
    found = []
    for key, value in part.items():
        if key in ("any", "all"):
            several = [_plain(one, readings, derived) for one in value]
            found.append({"any": several} if key == "any" else _whole(several))
        elif key == "not":
            found.append({"not": _plain(value, readings, derived)})
        else:
            found.append(_column(key, value, readings, derived))
    return _whole(found)


def _column(name: str, value: object, readings: Mapping[str, str], derived: Mapping[str, Sequence[str]]) -> dict:
    if not isinstance(value, Mapping):
        value = {"in" if isinstance(value, list) else "equals": value}
    found = []
    for test, bound in value.items():
        if test == "not":
            found.append({"not": _column(name, bound, readings, derived)})
        else:
            told = _variant(bound, readings, derived) if isinstance(bound, str) else list(bound)
            found.append({_variant(name, readings, derived): {test: told}})
    return _whole(found)


def _whole(found: list[dict]) -> dict:
    """Several as one; what stands alone stays as it is, and what is whole within a whole is taken out of it."""
    flat = [one for part in found for one in (part["all"] if set(part) == {"all"} else [part])]
    return flat[0] if len(flat) == 1 else {"all": flat}


def _variant(name: str, readings: Mapping[str, str], derived: Mapping[str, Sequence[str]]) -> str:
    return "__".join([name, *(_chosen(one, readings) for one in derived[name])]) if name in derived else name


def _chosen(reading: str, readings: Mapping[str, str]) -> str:
    """The value in force; an older book that does not know `counted_before` counts such rows again."""
    return readings[reading] if reading in readings or reading != "counted_before" else "again"
