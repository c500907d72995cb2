"""Writes a city's own project: a folder with all that a city changes, which runs at once on invented exports."""

import csv
import json
import re
import shutil
import sys
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from string import Template

from pipelines.edges import process
from pipelines.edges.located_yaml import OFFICE
from pipelines.model.period import LENGTH, Period, Periods
from pipelines.model.rule import Rulebook
from pipelines.model.words import UsageRefusal
from pipelines.paths import CALENDARS, REPORTS, ROOT, STANDARD_RULES
from pipelines.project import FILE, load
from pipelines.publication.state import STANDARD
from pipelines.rulebook.load import load_rulebook, periods_of
from pipelines.sample.make import make_sample
from pipelines.wording import say

TEMPLATES = REPORTS / "project"
BOOK, CALENDAR_FOLDER, EXPORTS = "rules", "calendars", "exports"  # as TEMPLATES/gongping.yaml names them
UNITS, CASES, SEED = 20, 1500, 1  # of the invented exports
_COUNTS = re.compile(r": \[\d+(?:, *\d+)+\]")
DAY = 6  # of the month after a period on which it is scored, when its last replies are in


@dataclass(frozen=True)
class Founded:
    """A new project: its folder, the period of its invented exports, and one of the units in them."""

    folder: Path
    period: Period
    unit_id: str


def books() -> dict[str, Path]:
    """The rulebooks that a project can begin with, by name: the standard edition first, then the examples."""
    examples = {folder.parent.name: folder for folder in sorted((ROOT / "examples").glob("*/rulebook"))}
    return {"standard": STANDARD_RULES, **examples}


def found(folder: Path, name: str, book: str = "standard", kind: str = "") -> Founded:
    """Write the project ``folder`` of the city ``name``.

    Args:
        folder: a new folder, or an empty one.
        name: the city's, as pages and the project file have it; one line.
        book: a name of `books`, whose folder is copied.
        kind: which periods the book shall score instead of its own: month, quarter, half_year or year.

    Raises:
        UsageRefusal: the folder holds something, the book is unknown, the name is no line of text.
        RulebookRefusal: the book cannot score such periods.

    """
    known = books()
    if book not in known:
        near = get_close_matches(book, known, 1, 0.4)
        raise UsageRefusal(say("init.no_book", book=book, near=f"{near[0]}?" if near else "", known="、".join(known)))
    if not name.strip() or not name.isprintable():
        raise UsageRefusal(say("init.no_name"))
    if "/" in name:  # it names folders too, such as a city's among the deliveries to its province
        raise UsageRefusal(say("init.path_for_name", name=name, city=Path(name).name))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageRefusal(say("init.occupied", folder=folder))
    shutil.copytree(known[book], folder / BOOK)
    try:
        return _fill(folder, name.strip(), kind)
    except BaseException:
        shutil.rmtree(folder)  # half a project is none
        raise


def _fill(folder: Path, name: str, kind: str) -> Founded:
    if kind:
        _score_by(folder / BOOK, kind)
    periods = periods_of(folder / BOOK)
    period = Periods(periods.kind, periods.year_starts).before(process.now())
    rulebook = load_rulebook(folder / BOOK, period)
    shutil.copytree(CALENDARS, folder / CALENDAR_FOLDER)
    shutil.copy(OFFICE, folder / "office.yaml")
    shutil.copy(STANDARD, folder / "publication.yaml")
    make_sample(folder / EXPORTS / str(period), period, UNITS, CASES, SEED)
    _speak_the_book(folder / EXPORTS / str(period), rulebook)
    founded = Founded(folder, period, "U001")
    facts = {
        "name": name,
        "name_yaml": json.dumps(name, ensure_ascii=False),
        "folder": folder,
        "period": period.kind,
        "example": period,
        "next": period.next,
        "unit": founded.unit_id,
        "cron": cron(periods, 7),
        "home": folder.absolute(),
        "command": Path(sys.executable).absolute().with_name("gongping"),
    }
    for template in sorted(TEMPLATES.iterdir()):
        text = Template(template.read_text(encoding="utf-8")).substitute(facts)
        (folder / template.name).write_text(text, encoding="utf-8", newline="\n")
    (folder / "alerts.yaml").chmod(0o600)  # the office writes passwords into it
    load(folder / FILE)
    return founded


def _speak_the_book(exports: Path, book: Rulebook) -> None:
    """Put a book's types and items into the invented exports, which know those of the standard edition."""
    items = {rule.item: book.items[rule.item].full_marks for rule in book.rules.values() if rule.kind == "assessed"}
    spoken = (
        ("incidents", "incident_type", list(book.incident_types)),
        ("awards", "award_type", list(book.award_types)),
        ("assessments", "item_id", list(items)),
    )
    for table, column, known in spoken:
        rows = _read(exports / f"{table}.csv")
        named = sorted({row[column] for row in rows})
        if set(named) <= set(known):
            continue
        words = dict(zip(named, known, strict=False))
        rows = [{**row, column: words[row[column]]} for row in rows if row[column] in words]
        if table == "assessments":
            rows = [{**row, "score": str(min(int(Decimal(row["score"])), int(items[row["item_id"]])))} for row in rows]
        _replace(exports / f"{table}.csv", rows)
    decisions = _read(exports / "adjustments.csv")
    if any(row["rule_id"] and row["rule_id"] not in book.rules for row in decisions):
        _replace(exports / "adjustments.csv", [row for row in decisions if not (row["rule_id"] or row["ref_id"])])


def _read(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def _replace(file: Path, rows: list[dict[str, str]]) -> None:
    """The same table with other rows; a table without any goes."""
    if not rows:
        file.unlink()
        return
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _score_by(book: Path, kind: str) -> None:
    """Make a copied book score other periods: its `period:`, and no example that lists another number of months."""
    file = book / "rulebook.yaml"
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("period:")]
    at = next(number for number, line in enumerate(lines, 1) if line.startswith("edition:"))
    _write(file, [*lines[:at], f"period: {kind}", *lines[at:]])
    for file in sorted(book.glob("*/*.yaml")):
        lines = file.read_text(encoding="utf-8").splitlines()
        _write(file, [line for line in lines if _months(line) in (None, LENGTH[kind])])


def _months(line: str) -> int | None:
    """How many months the counts of an example are listed for; None for any other line."""
    found = _COUNTS.search(line) if line.lstrip().startswith("- {name:") else None
    return found[0].count(",") + 1 if found else None


def _write(file: Path, lines: list[str]) -> None:
    file.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def cron(periods: Periods, hour: int) -> str:
    """The sixth day after every period of a book, in cron's words; of a book of spans, every month."""
    n = LENGTH.get(periods.kind, 1)
    months = sorted({(periods.year_starts - 1 + first) % 12 + 1 for first in range(0, 12, n)})
    return f"0 {hour} {DAY} {'*' if n == 1 else ','.join(map(str, months))} *"
