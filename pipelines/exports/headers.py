"""Headers of a file against the columns of its contract: which is which, what is missing, what is there twice."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from types import MappingProxyType

from pipelines.model.contract import FOR_REFERENCE, Column, TableContract
from pipelines.model.intake import Known, folded
from pipelines.model.source import TableSource
from pipelines.model.text import masked
from pipelines.model.words import Words
from pipelines.wording import note, say

RESERVED = ("_file", "_line")
NAMED = 5  # headers that a sentence lists
LONGEST_NAME = 30  # what is longer is no header
_REMARK = re.compile(r"[（(\[【:：\n]")  # begins a remark behind a column's name
_SEPARATORS = {",": ",", ";": ";", "\t": "TAB", "|": "|", "，": "，"}
_OF_TIME = re.compile(r"时间|日期|时刻|时限|期限|日$|time|date|_at$|_on$", re.IGNORECASE)


@dataclass(frozen=True)
class Resolved:
    """A header resolved: the raw column of every cell, the extra ones, and why the file cannot be used.

    ``meant`` says of extra columns that look like a column that is not there which one they may be, ``unused`` of
    columns that are there though they are declared absent.
    """

    names: tuple[str, ...]
    extras: tuple[str, ...]
    stops: tuple[Words, ...]
    meant: tuple[Words, ...] = ()
    unused: tuple[Words, ...] = ()


def known_headers(contract: TableContract) -> Known:
    """Every header that the contract accepts, folded, and those of every required column."""
    accepted = {column.name: frozenset(map(folded, _accepted(column))) for column in contract.columns.values()}
    needed = tuple(accepted[column.name] for column in contract.columns.values() if column.required)
    return Known(frozenset().union(*accepted.values()), needed)


def mapped_headers(source: TableSource, contract: TableContract) -> Known:
    """Every header that a source mapping names, folded, and the standard ones that it may leave unnamed."""
    headers = frozenset(map(folded, source.headers))
    own = tuple(frozenset((header,)) for header in headers)
    if source.is_whole:
        return Known(headers, own)
    named = {column.name for column in source.columns}
    standard = replace(contract, columns={name: one for name, one in contract.columns.items() if name not in named})
    known = known_headers(standard)
    return Known(headers | known.headers, (*own, *known.needed))


def standard_places(header: tuple[str, ...], contract: TableContract) -> dict[str, list[int]]:
    """Where every column of the contract stands under a header of its own; synonyms count where there is no other."""
    return {
        column.name: _columns_named(header, (column.name, column.title)) or _columns_named(header, column.synonyms)
        for column in contract.columns.values()
    }


NOTHING_DECISIVE: Mapping[str, Words] = MappingProxyType({})


def resolve(
    header: tuple[str, ...],
    contract: TableContract,
    file: str,
    absent: Collection[str] = (),
    decisive: Mapping[str, Words] = NOTHING_DECISIVE,
) -> Resolved:
    """Canonical columns by their headers; other columns keep their own name, made unique.

    ``absent`` are columns declared so: they may be missing, and are not used where they are there. ``decisive``:
    column → the measures that need it; without one the run stops unless it is declared absent, as for required ones.

    A column's name and its Chinese header go before its synonyms: a synonym beside them is an extra column.
    """
    found: dict[int, str] = {}
    stops: list[Words] = []
    unused: list[Words] = []
    places = standard_places(header, contract)
    for column in contract.columns.values():
        at = places[column.name]
        if column.name in absent:
            name = f"{contract.name}.{column.name}"
            unused += [
                note("ingest.absent_there", file=file, of=contract.name, header=header[i].strip(), name=name)
                for i in at
            ]
            continue
        if len(at) > 1:
            twice = "、".join(f"“{header[i].strip()}”" for i in at)
            stops.append(say("ingest.duplicate_header", file=file, headers=twice, column=column.name))
        found.update(dict.fromkeys(at[:1], column.name))
    names, extras = _all_names(header, found, contract)
    rest = [header[i].strip() for i in range(len(header)) if i not in found]
    if header and not found:
        if sign := _joined_by(header, contract):
            return Resolved(names, extras, (say("ingest.rows_in_one_cell", file=file, sign=sign),))
        stops.append(say("ingest.title_row", file=file))  # not quoted: it may be somebody's row
    for column in contract.columns.values():
        if column.name in (*found.values(), *absent):
            continue
        if column.required or column.name in decisive:
            stops.append(_missing(column, contract, file, rest, bool(found), decisive.get(column.name)))
    return Resolved(names, extras, tuple(stops), tuple(_meant(contract, found, extras, absent)), tuple(unused))


def _joined_by(header: tuple[str, ...], contract: TableContract) -> str:
    """The sign between the names of columns that stand in one cell, as where whole rows are quoted; "" for none."""
    cells = [cell for cell in header if cell.strip()]
    known = known_headers(contract).headers
    found = {sign: sum(folded(name.strip('"')) in known for name in cells[0].split(sign)) for sign in _SEPARATORS}
    most = max(found, key=lambda sign: found[sign])
    return _SEPARATORS[most] if len(cells) == 1 and found[most] > 1 else ""


def _columns_named(header: tuple[str, ...], names: tuple[str, ...]) -> list[int]:
    wanted = {folded(name) for name in names}
    return [i for i, cell in enumerate(header) if folded(cell) in wanted]


def _all_names(header: tuple[str, ...], found: dict[int, str], contract: TableContract):
    taken = {name.casefold() for name in (*contract.columns, *RESERVED)}
    names, extras = [], []
    for i, cell in enumerate(header):
        if i in found:
            names.append(found[i])
            continue
        name = unique_name(" ".join(cell.split()) or f"column {i + 1}", taken)
        names.append(name)
        if cell.strip() and not cell.strip().endswith(FOR_REFERENCE):
            extras.append(name)
    return tuple(names), tuple(extras)


def unique_name(name: str, taken: set[str]) -> str:
    """``name``, or with a number behind it where it is taken (case does not tell columns apart); adds it to taken."""
    unique, n = name, 1
    while unique.casefold() in taken:
        n += 1
        unique = f"{name} {n}"
    taken.add(unique.casefold())
    return unique


def _missing(
    column: Column, contract: TableContract, file: str, rest: list[str], has_header: bool, measures: Words | None
) -> Words:
    hint = _hint(column, rest, has_header)
    if not column.required:
        return say(
            "ingest.missing_decisive",
            file=file,
            table=contract.name,
            name=column.name,
            title=column.title,
            hint=hint,
            measures=measures,
        )
    return say("ingest.missing_column", file=file, name=column.name, title=column.title, hint=hint)


def _hint(column: Column, rest: list[str], has_header: bool) -> Words:
    """Which of the headers that nobody knows may be a missing column: the nearest name, else those of its kind.

    Where no header is known the cells may be somebody's row, and are not repeated.
    """
    cutoff = 0.75 if column.restricted else 0.6  # without its header a file has somebody's row in that place
    names = set(map(folded, _accepted(column)))
    close = [cell for cell in rest if folded(_REMARK.split(cell, maxsplit=1)[0]) in names]
    close += [cell for name in _accepted(column) for cell in get_close_matches(name, rest, 1, cutoff)]
    if close:
        return say("ingest.hint_header", header=close[0])
    named = [cell for cell in rest if 0 < len(cell) <= LONGEST_NAME]
    alike = [cell for cell in named if _OF_TIME.search(cell)] if column.type in ("timestamp", "date") else []
    headers = "、".join(f"“{masked(cell)}”" for cell in (alike or named)[:NAMED])
    if not headers or not has_header or column.restricted:
        return Words("", "")
    return say("ingest.hint_unused", headers=headers, column=column.title, name=column.name)


def _meant(
    contract: TableContract, found: dict[int, str], extras: tuple[str, ...], absent: Collection[str]
) -> Iterable[Words]:
    for column in contract.columns.values():
        if column.name not in (*found.values(), *absent):
            close = [cell for name in _accepted(column) for cell in get_close_matches(name, extras, 1, 0.75)]
            if close:
                yield say("ingest.hint_column", header=close[0], name=column.name, title=column.title)


def _accepted(column: Column) -> tuple[str, ...]:
    return (column.name, column.title, *column.synonyms)
