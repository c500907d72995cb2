"""A first source mapping for a folder of foreign exports: what is certain as words, the rest as comments."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

import yaml

from pipelines.exports.files import (
    READERS,
    Found,
    every_header,
    list_files,
    open_export,
    split_name,
    stands_for,
    table_of,
)
from pipelines.exports.headers import standard_places
from pipelines.exports.rows import OFFSET, texts
from pipelines.model.contract import Column, Contracts, TableContract
from pipelines.model.intake import UnreadableExport, folded
from pipelines.model.text import compared, masked
from pipelines.model.words import Words
from pipelines.wording import say

Parse = Callable[[str, Sequence[str | None]], list]
FEW = 30  # different values that are listed
CLOSE = 0.75
MOMENT, DAY, NUMBER, TEXT = "moment", "day", "number", "text"
_KINDS = {MOMENT: "draft_moment", DAY: "draft_day_kind", NUMBER: "draft_number", TEXT: "draft_text"}
FORMATS = (
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%Y%m%d%H%M%S",
    "%Y%m%d %H:%M:%S",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日 %H:%M",
    "%Y年%m月%d日 %H时%M分",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%Y%m%d",
)
NIGHT, WORK = range(0, 6), range(8, 18)


@dataclass
class Seen:
    """What one column of a file holds."""

    header: str
    filled: int = 0
    values: Counter | None = field(default_factory=Counter)  # None: more kinds than are listed
    moments: int = 0  # that the contract reads
    days: int = 0
    numbers: int = 0
    formats: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FORMATS, 0))
    months: Counter = field(default_factory=Counter)
    hours: Counter = field(default_factory=Counter)
    offsets: int = 0

    @property
    def fitting(self) -> list[str]:
        """The formats that every value fits."""
        return [form for form, n in self.formats.items() if n == self.filled > 0]

    @property
    def kind(self) -> str:
        """What the values are, where all are of one kind."""
        if not self.filled:
            return TEXT
        if self.moments == self.filled or any("%H" in form or "%I" in form for form in self.fitting):
            return MOMENT
        if self.days == self.filled or self.fitting and self.numbers < self.filled:
            return DAY
        return NUMBER if self.numbers == self.filled else TEXT


def draft(folder: Path, contracts: Contracts, parse: Parse, lang: str = "zh") -> str:
    """The text of a mapping that loads, with comments in ``lang``; UsageRefusal for a folder that is none.

    A table is in it where a file's name or most of its headers say so; the other files are described in comments.
    """
    groups: dict[tuple, list[Found]] = {}
    notes: list[str] = []
    for file in list_files(folder):
        if (suffix := split_name(file.name)[1]) not in READERS:
            continue
        try:
            header = open_export(Found(file, suffix), every_header(contracts)).header
        except UnreadableExport as problem:
            notes.append(f"# {problem.words.into(lang)}")
            continue
        groups.setdefault((suffix, tuple(map(folded, header))), []).append(Found(file, suffix))
    tables: dict[str, list[str]] = {}
    for files in groups.values():
        lines, table = _described(files, contracts, parse, lang)
        if table and table not in tables:
            tables[table] = lines
        else:
            notes += [f"# {line}" for line in lines]
    head = [
        *(f"# {line}" for line in _say("draft_head", lang).splitlines()),
        "format: 2",
        f"name: {_quoted(folder.resolve().name)}",
        "title: {zh: 来源, en: Source}",
    ]
    body = [line for lines in tables.values() for line in lines]
    return "\n".join([*head, "tables:" if tables else f"# {_say('draft_none', lang)}", *body, *notes]) + "\n"


def _say(key: str, lang: str, **facts: object) -> str:
    return say(f"ingest.{key}", **facts).into(lang)


def _quoted(text: str) -> str:
    """A text as YAML holds it on one line."""
    return yaml.safe_dump(text, allow_unicode=True, width=10**6, default_style='"').splitlines()[0]


def _described(files: list[Found], contracts: Contracts, parse: Parse, lang: str) -> tuple[list[str], str]:
    """Lines about files of one header, and the table that they are; "" where that is not certain."""
    seen, rows = _seen(files, contracts, parse)
    header = [one.header for one in seen]
    table = _table(files, header, contracts)
    names = [one.name for one in files]
    if not table:
        lines = [_say("draft_unknown", lang, files="、".join(names), rows=rows)]
        return [*lines, *(_about(one, lang) for one in seen)], ""
    contract = contracts.tables[table]
    own = table_of(split_name(names[0])[0], contracts) == table
    lines = [f"  {table}:  # {contract.title.into(lang)}, {_say('draft_rows', lang, rows=rows)}"]
    lines += [] if own else [f"    files: [{', '.join(map(_quoted, names))}]"]
    columns, asked = _columns(seen, contract, lang)
    if columns:
        lines += ["    columns:", *columns]
    elif own:
        lines.append("    encoding: utf-8" if files[0].suffix == "csv" else "    null_values: []")
    return [*lines, *(f"    # {line}" for line in asked), *(f"    # {_about(one, lang)}" for one in seen)], table


def _table(files: list[Found], header: list[str], contracts: Contracts) -> str:
    stem = split_name(files[0].name)[0]
    if name := table_of(stem, contracts) or stands_for(stem, contracts):
        return name
    counted = {
        name: sum(bool(places) for places in standard_places(tuple(header), table).values())
        for name, table in contracts.tables.items()
    }
    best = max(counted, key=lambda name: counted[name])
    return best if 2 * counted[best] > len(header) or counted[best] >= len(contracts.tables[best].columns) / 2 else ""


def _seen(files: list[Found], contracts: Contracts, parse: Parse) -> tuple[list[Seen], int]:
    seen: list[Seen] = []
    rows = 0
    for found in files:
        export = open_export(found, every_header(contracts))
        seen = seen or [Seen(header) for header in export.header]
        for batch in export.batches():
            rows += batch.records
            for one, column in zip(seen, batch.columns, strict=True):
                _look(one, [cell.strip() for cell in texts(column) if cell and cell.strip()], parse)
    return seen, rows


def _look(one: Seen, cells: list[str], parse: Parse) -> None:
    before, one.filled = one.filled, one.filled + len(cells)
    if one.values is not None:
        one.values.update(cells)
        one.values = one.values if len(one.values) <= FEW else None
    moments = parse("timestamp", cells) if cells and one.moments == before else []
    one.moments += sum(moment is not None for moment in moments)
    if cells and one.days == before:
        days = parse("date", cells)
        one.days += sum(day is not None for day in days)
        moments = moments if any(moments) else [day and datetime(day.year, day.month, day.day) for day in days]
    if cells and one.numbers == before:
        one.numbers += sum(number is not None for number in parse("decimal", cells))
    for form in [form for form, n in one.formats.items() if n == before] if not any(moments) else ():
        read = [moment for cell in cells if (moment := _fits(cell, form))]
        one.formats[form] += len(read)
        moments = moments if any(moments) or len(read) < len(cells) else read
    for cell, moment in zip(cells, moments, strict=False):
        if moment:
            one.months[f"{moment:%Y-%m}"] += 1
            one.hours[moment.hour] += 1
            one.offsets += bool(OFFSET.search(cell))


def _fits(cell: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(cell, form)
    except ValueError:
        return None


def _columns(seen: list[Seen], contract: TableContract, lang: str) -> tuple[list[str], list[str]]:
    """Columns that are certain, as lines; what is asked of the reader about the others."""
    by_header = {one.header: one for one in seen}
    places = standard_places(tuple(by_header), contract)
    sure, asked = [], []
    rest = [one.header for one in seen if seen.index(one) not in {at for found in places.values() for at in found}]
    for column in contract.columns.values():
        found = [seen[at] for at in places[column.name]]
        if len(found) == 1:
            line, comments = _standard(found[0], column, lang)
            sure += line
            asked += comments
        elif len(found) > 1:
            headers = "、".join(one.header for one in found)
            asked.append(_say("draft_twice", lang, column=column.name, headers=headers))
        elif near := _near(column, rest):
            asked.append(_say("draft_perhaps", lang, line=f"{column.name}: {_quoted(near)}"))
        elif column.required:
            fitting = [one.header for one in seen if one.header in rest and _may_be(one, column)]
            name = Words(f"{column.name}（{column.title}）", column.name)
            asked.append(_say("draft_lacks", lang, headers="、".join(fitting) or "–", column=name))
    return sure, asked


def _near(column: Column, rest: list[str]) -> str:
    names = (column.name, column.title, *column.synonyms)
    return next((cell for name in names for cell in get_close_matches(name, rest, 1, CLOSE)), "")


def _may_be(one: Seen, column: Column) -> bool:
    wanted = {"timestamp": (MOMENT, DAY), "date": (DAY, MOMENT), "decimal": (NUMBER,)}
    return one.kind in wanted.get(column.type, (TEXT, NUMBER))


def _standard(one: Seen, column: Column, lang: str) -> tuple[list[str], list[str]]:
    """Whether a standard header needs a word because of its values."""
    if column.type in ("timestamp", "date") and one.filled and one.moments + one.days < one.filled and one.fitting:
        if len(one.fitting) == 1:
            return [f"      {column.name}: {{from: {_quoted(one.header)}, format: {_quoted(one.fitting[0])}}}"], []
        return [], [_say("draft_formats", lang, column=column.name, formats=" / ".join(one.fitting))]
    if column.type == "timestamp" and one.days and one.days == one.filled and column.deadline:
        return [], [_say("draft_day", lang, line=f"{column.name}: {{from: {_quoted(one.header)}, end_of_day: true}}")]
    if column.labels and one.values is not None:
        known = {compared(word) for value, labels in column.labels for word in (value, *labels)}
        known |= set(map(compared, column.empty_labels))
        unlisted = [(value, n) for value, n in one.values.most_common() if compared(value) not in known]
        if unlisted and not column.restricted:
            values = ", ".join(f"{_quoted(masked(value))}: ?" for value, _ in unlisted)
            counts = "、".join(f"{masked(value)} ({n})" for value, n in unlisted)
            line = f"{column.name}: {{from: {_quoted(one.header)}, values: {{{values}}}}}"
            choices = "、".join(value for value, _ in column.labels)
            return [], [_say("draft_values", lang, line=line, counts=counts, choices=choices)]
    return [], []


def _about(one: Seen, lang: str) -> str:
    """One line about a column: its kind, how often it is filled, its values where they are few, months and hours."""
    parts = [_say(_KINDS[one.kind], lang, n=one.filled)]
    if one.kind in (MOMENT, DAY):
        parts += [*one.fitting, " ".join(f"{month}: {n}" for month, n in sorted(one.months.items())[:24])]
        parts += _zones(one, lang)
    elif one.values is not None and one.kind == TEXT and one.filled > len(one.values):
        parts.append("、".join(f"{masked(value)[:20]} ({n})" for value, n in one.values.most_common()))
    return re.sub(r"\s+", " ", f"{one.header}: " + "; ".join(filter(None, parts)))


def _zones(one: Seen, lang: str) -> Iterator[str]:
    if one.offsets:
        yield _say("draft_offsets", lang, n=one.offsets)
    night, work = (sum(one.hours[hour] for hour in hours) for hours in (NIGHT, WORK))
    if one.kind == MOMENT and len(one.hours) > 1 and night > work:
        yield _say("draft_night", lang, night=night, work=work)
