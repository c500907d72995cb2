"""A small office: two units, one matter, and whatever rows a test adds; what is found in them."""

from datetime import date

from pipelines.edges.calendar import Calendar
from pipelines.libraries import inspect
from pipelines.model.intake import Intake
from pipelines.model.library import LibraryReport
from pipelines.model.period import Period
from pipelines.rulebook.load import load_rulebook
from tests.rules.book import STANDARD, TODAY
from tests.sql.accepted import warehouse_with

BOOK = load_rulebook(STANDARD, TODAY)
CALENDAR = Calendar.load()
PERIOD = Period.parse("2026Q3")
END = date(2026, 9, 30)
UNITS = [{"unit_id": "U1", "unit_name": "甲局"}, {"unit_id": "U2", "unit_name": "乙局"}]
USUAL = {
    "matters": {"matter_id": "M1", "matter_name": "路灯报修", "unit_id": "U1", "process": "受理—办理—回复",
                "valid_from": "2020-01-01"},
    "matter_changes": {"matter_id": "M1", "unit_id": "U1", "requested_on": "2026-09-01"},
    "knowledge": {"unit_id": "U1", "kind": "duties", "title": "主要工作职责", "updated_on": "2026-09-01",
                  "signed_off_by": "某甲", "status": "published"},
}


def added(name: str = "路灯报修", process: str = "受理—分办—回复", **row) -> dict:
    """An approved addition."""
    return {"change": "add", "matter_name": name, "process": process, "decision": "approved", **row}


def cases(count: int, **row) -> list[dict]:
    """So many cases of matter M1, dispatched on 3 August to U1."""
    prefix = row.pop("prefix", "C")
    return [{"case_id": f"{prefix}{n}", "matter_id": "M1", **row} for n in range(count)]


def report(on: date = END, absent: tuple = (), lacking: tuple = (), period: Period = PERIOD, book=BOOK,
           calendar=CALENDAR, **tables: list[dict]) -> LibraryReport | None:
    """The report on these rows; ``absent`` tables and ``lacking`` columns are not in the exports at all."""
    rows = {name: [{**USUAL.get(name, {}), **row} for row in given] for name, given in tables.items()}
    warehouse = warehouse_with(**{"units": UNITS, **rows})
    intake = Intake((), (), {}, tuple(absent), tuple(lacking))
    try:
        return inspect(warehouse, period, on, book, calendar, intake)
    finally:
        warehouse.close()


def found(rule: str, **given) -> list[tuple[str, str]]:
    """(unit, row) of every finding of a rule."""
    return [(finding.unit_id, finding.row) for finding in report(**given).findings if finding.rule.id == rule]
