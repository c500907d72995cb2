"""Workbooks that people fill in: the empty forms of `gongping template`, and the fix file of rows to mend.

Every cell is text, so that no spreadsheet makes a number of an id or a date of a word; lists are those of the contract.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import xlsxwriter

from pipelines.model.contract import Column, TableContract
from pipelines.model.fix import FILE, KEPT, LINE, NO, ORIGINALS, OWN, SHA256, USE, WHY, YES, FixSheet
from pipelines.model.refusals import UsageRefusal
from pipelines.wording import say

ROWS = 5000  # of a form with lists and cell formats
LONGEST_LIST = 255  # characters of a list that stands in the validation itself
LONGEST_TITLE, LONGEST_NOTE = 32, 255  # of the note beside a cell
LONGEST_CELL = 32_000
SPARE = ("duplicate_row", "duplicate_key", "type", "enum", "required", "plausible")  # promises that the rest says
WIDTHS = {"timestamp": 19, "date": 12, "boolean": 10, "enum": 16, "integer": 10, "decimal": 10, "text": 20}
OPEN = {"objects": True, "insert_rows": True, "delete_rows": True, "format_columns": True, "format_rows": True}


@dataclass
class _Book:
    """A workbook with its formats."""

    made: xlsxwriter.Workbook
    formats: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        cell = {"num_format": "@", "border": 1, "border_color": "#C9CED6", "valign": "top"}
        head = {"bold": True, "bg_color": "#E8EEF7", "border": 1, "border_color": "#9AA5B5", "text_wrap": True}
        for name, style in {
            "head": head,
            "needed": {**head, "font_color": "#B00020"},
            "cell": {**cell, "locked": False},
            "empty": {"num_format": "@", "locked": False},
            "fault": {**cell, "locked": False, "bg_color": "#FFC7CE", "font_color": "#9C0006"},
            "fixed": {**cell, "bg_color": "#F3F4F6", "font_color": "#5A6472"},
            "why": {**cell, "bg_color": "#FFF8E1", "text_wrap": True},
            "title": {"bold": True, "font_size": 14},
            "text": {"text_wrap": True, "valign": "top"},
        }.items():
            self.formats[name] = self.made.add_format(style)


def _opened(file: Path | str, title: str) -> _Book:
    book = xlsxwriter.Workbook(
        str(file), {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    book.set_properties({"title": title})
    return _Book(book)


def how(column: Column) -> str:
    """How a column is filled in, in Chinese."""
    values = "、".join(choices(column))
    return say(f"forms.how_{'enum' if values and column.type != 'boolean' else column.type}", values=values).zh


def choices(column: Column, contract: TableContract | None = None) -> tuple[str, ...]:
    """What may be chosen for a column, in Chinese; nothing where anything may be written."""
    if column.type == "boolean":
        return YES, NO
    if column.type == "enum":
        return (*(labels[0] if labels else value for value, labels in column.labels), *column.empty_labels)
    found = {p.kind: p for p in contract.promises if p.column == column.name} if contract else {}
    if "on_scale" in found and "between" not in found:  # all marks are words
        words = (word for _, scale in found["on_scale"].argument("scales") for word, _ in scale)
        return tuple(dict.fromkeys(words))
    return found["one_of"].argument("values") if "one_of" in found else ()


def _note(column: Column, contract: TableContract) -> str:
    """What the contract promises of a column."""
    says = [p.says.zh for p in contract.promises if p.column == column.name and p.kind not in SPARE]
    return "；".join([how(column), *says])


def _head(book: _Book, sheet, place: int, column: Column, contract: TableContract, last: int, units: int) -> None:
    """One column: its header, its width, the list and the note of its cells."""
    sheet.write_string(0, place, column.title, book.formats["needed" if column.required else "head"])
    sheet.write_comment(0, place, _note(column, contract), {"x_scale": 2})
    sheet.set_column(place, place, WIDTHS[column.type], book.formats["empty"])
    listed: Sequence[str] | str = choices(column, contract)
    if units and column.name == "unit_id":
        listed = f"='{say('forms.units').zh}'!$A$2:$A${units + 1}"
    if not listed or not isinstance(listed, str) and len(",".join(listed)) > LONGEST_LIST:
        return
    sheet.data_validation(
        1,
        place,
        last,
        place,
        {
            "validate": "list",
            "source": listed if isinstance(listed, str) else list(listed),
            "input_title": column.title[:LONGEST_TITLE],
            "input_message": _note(column, contract)[:LONGEST_NOTE],
            "error_title": column.title[:LONGEST_TITLE],
            "error_message": say("forms.wrong_value").zh,
        },
    )


# The forms.


def write_form(file: Path, tables: Sequence[TableContract], units: Sequence[tuple[str, str]] = ()) -> None:
    """An empty form with a sheet a table, the notes and the units; UsageRefusal where the file is there already.

    With ``units`` (code, name) they are a list to choose from, and a table whose key is the unit and an item has
    its rows there, with their key protected.
    """
    if os.path.lexists(file):
        raise UsageRefusal(say("forms.there", file=file))
    book = _opened(file, "、".join(table.title.zh for table in tables))
    for table in tables:
        _form(book, table, units)
    _notes(book, tables)
    if units:
        _units(book, units)
    _close(book, file)


def _close(book: _Book, file: Path) -> None:
    from xlsxwriter.exceptions import FileCreateError

    try:
        book.made.close()
    except (FileCreateError, OSError) as problem:
        error = problem.args[0] if isinstance(problem.args[0], OSError) else problem
        raise UsageRefusal(say("forms.not_written", file=file, problem=getattr(error, "strerror", error))) from None


def _form(book: _Book, table: TableContract, units: Sequence[tuple[str, str]]) -> None:
    sheet = book.made.add_worksheet(table.title.zh)
    columns = list(table.columns.values())
    for place, column in enumerate(columns):
        _head(book, sheet, place, column, table, ROWS, len(units))
    others = [table.columns[name] for name in table.key if name != "unit_id"]
    if units and "unit_id" in table.key and len(others) == 1 and (items := choices(others[0])):
        names = len(columns)
        sheet.write_string(0, names, say("forms.unit_name").zh, book.formats["head"])
        sheet.set_column(names, names, 24)
        line = 0
        for code, name in units:
            for item in items:
                line += 1
                given = {"unit_id": code, others[0].name: item}
                for place, column in enumerate(columns):
                    if column.name in given:
                        sheet.write_string(line, place, given[column.name], book.formats["fixed"])
                sheet.write_string(line, names, name, book.formats["fixed"])
    sheet.freeze_panes(1, 0)
    sheet.protect("", {**OPEN, "sort": True, "autofilter": True})


def _notes(book: _Book, tables: Sequence[TableContract]) -> None:
    """What every column is, with an example; headers in brackets, so that no reader takes the sheet for a table."""
    sheet = book.made.add_worksheet(say("forms.notes").zh)
    sheet.set_column(0, 1, 18)
    sheet.set_column(2, 2, 70, book.formats["text"])
    sheet.set_column(3, 3, 28)
    sheet.write_string(0, 0, say("forms.about").zh, book.formats["title"])
    line = 2
    for table in tables:
        title = say("forms.title", title=table.title.zh, table=table.name).zh
        sheet.write_string(line, 0, title, book.formats["title"])
        for place, name in enumerate(("column", "must", "how", "example")):
            sheet.write_string(line + 1, place, say(f"forms.{name}").zh, book.formats["head"])
        line += 2
        for column in table.columns.values():
            cells = (
                f"【{column.title}】",
                say("forms.required").zh if column.required else "",
                _note(column, table),
                column.example,
            )
            for place, cell in enumerate(cells):
                sheet.write_string(line, place, cell, book.formats["text"])
            line += 1
        line += 1
    sheet.protect("")


def _units(book: _Book, units: Sequence[tuple[str, str]]) -> None:
    sheet = book.made.add_worksheet(say("forms.units").zh)
    sheet.set_column(0, 1, 24)
    for line, cells in enumerate([("【单位编码】", "【单位名称】"), *units]):
        for place, cell in enumerate(cells):
            sheet.write_string(line, place, cell)
    sheet.protect("")


# The fix file.


def write_fix(file: Path, sheets: Iterable[FixSheet], originals: dict[str, str]) -> None:
    """Rows to mend, for the office alone: a file of the owner's, in a folder of the owner's. OSError as it comes."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.parent.parent.chmod(0o700)
    new = file.with_suffix(".new")
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    new.chmod(0o600)
    told = list(sheets)
    book = _opened(new, "fix")
    for one in told:
        if one.rows:
            _fix_sheet(book, one)
    _fix_notes(book, told)
    sheet = book.made.add_worksheet(ORIGINALS)
    for line, cells in enumerate([(FILE, SHA256), *originals.items()]):
        sheet.write_row(line, 0, cells)
    sheet.protect("")
    sheet.hide()
    book.made.close()
    new.replace(file)


def _fix_sheet(book: _Book, one: FixSheet) -> None:
    sheet = book.made.add_worksheet(one.contract.title.zh)
    at_fault = frozenset().union(*(row.at_fault for row in one.rows))
    columns = [c for c in one.contract.columns.values() if not c.restricted or c.name in at_fault]
    for place, (name, width) in enumerate(zip(OWN, (18, 8, 7, 60), strict=True)):
        sheet.write_string(0, place, name, book.formats["head"])
        sheet.set_column(place, place, width)
    last = len(one.rows)
    use = OWN.index(USE)
    sheet.data_validation(1, use, last, use, {"validate": "list", "source": [YES, NO]})
    for place, column in enumerate(columns, len(OWN)):
        _head(book, sheet, place, column, one.contract, last, 0)
    for line, row in enumerate(one.rows, 1):
        own = {FILE: row.file, LINE: str(row.line), USE: YES if row.used else NO, WHY: row.why}
        for place, name in enumerate(OWN):
            sheet.write_string(line, place, own[name], book.formats[{USE: "cell", WHY: "why"}.get(name, "fixed")])
        for place, column in enumerate(columns, len(OWN)):
            fault = column.name in row.at_fault
            value = row.cells.get(column.name) or ""
            if not fault and (column.restricted or len(value) > LONGEST_CELL):
                value = KEPT
            sheet.write_string(line, place, value, book.formats["fault" if fault else "cell"])
    sheet.freeze_panes(1, len(OWN))
    sheet.protect("", {**OPEN, "insert_rows": False})


def _fix_notes(book: _Book, sheets: list[FixSheet]) -> None:
    sheet = book.made.add_worksheet(say("forms.notes").zh)
    sheet.set_column(0, 0, 110, book.formats["text"])
    lines = [say(f"forms.fix_about_{n}", kept=KEPT) for n in range(1, 6)]
    for one in sheets:
        facts = {"title": one.contract.title.zh, "table": one.contract.name}
        lines += [say(f"forms.fix_{name}", n=n, **facts) for name in ("more", "unread") if (n := getattr(one, name))]
    for line, words in enumerate(lines):
        sheet.write_string(line, 0, words.zh)
    sheet.protect("")
