"""A deadline and what is to be done by it under each other's headers: told as a sign of a damaged export."""

from datetime import datetime, timedelta
from random import Random

import pytest

from pipelines.edges.warehouse import Warehouse
from pipelines.model.period import Period
from pipelines.stages.validate import is_exchanged, validate
from tests.contracts.world import CONTRACTS, good, good_tables, read

PERIOD = Period.parse("2026Q3")


def cases(swapped: tuple[str, str] = ("", ""), n: int = 80, **usual: str) -> dict[str, list[dict]]:
    """Case rows signed and answered in time, at any second of the days after their dispatch; two columns exchanged."""
    draw, rows = Random(1), []
    for number in range(n):
        sent = datetime(2026, 7, 1, 8) + timedelta(seconds=draw.randrange(60 * 86_400))
        moments = {
            "received_at": sent, "dispatched_at": sent, "sign_due_at": sent + timedelta(hours=24),
            "signed_at": sent + timedelta(seconds=draw.randrange(60, 86_000)),
            "reply_due_at": (sent + timedelta(days=7)).replace(hour=23, minute=59, second=59),
            "replied_at": sent + timedelta(seconds=draw.randrange(100_000, 500_000)),
            "closed_at": sent + timedelta(seconds=draw.randrange(500_000, 600_000)),
        }
        row = {name: str(moment) for name, moment in moments.items()} | usual
        for one, other in (swapped, swapped[::-1]) if swapped[0] else ():
            row[one] = str(moments[other])
        rows.append(good("cases", case_id=f"C{number}", rated_at=None, public_rating=None, **row))
    return good_tables() | {"cases": rows}


def signs(tables: dict[str, list[dict]], **more) -> list:
    warehouse = Warehouse()
    validation = validate(warehouse, read(warehouse, tables, **more), CONTRACTS, PERIOD)
    return [one for one in validation.warnings if one.promise == "exchanged"]


@pytest.mark.parametrize("swapped", [("sign_due_at", "signed_at"), ("reply_due_at", "replied_at")])
def test_a_deadline_under_the_header_of_what_is_done_is_told_with_both_headers(swapped):
    due, done = swapped
    found = [one for one in signs(cases(swapped)) if one.value == f"{due}, {done}"]
    [sign] = found
    assert (sign.table, sign.file, sign.line) == ("cases", "cases.csv", 0)
    titles = [CONTRACTS.tables["cases"].columns[name].title for name in swapped]
    assert all(title in sign.remedy.zh for title in titles) and "80" in sign.remedy.zh
    assert f"{due} and {done} of cases seem to be exchanged" in sign.remedy.en


@pytest.mark.parametrize(
    ("n", "usual"),
    [
        (80, {}),
        (49, {}),  # too few to say anything, exchanged or not
        (80, {"signed_at": ""}),  # nobody signed
    ],
)
def test_a_right_export_says_nothing_of_the_kind(n, usual):
    assert signs(cases(n=n, **usual)) == []


def test_what_is_signed_as_it_is_sent_out_is_no_exchange():
    """A system that signs by itself does so as regularly as a deadline comes, and before it."""
    tables = cases()
    tables["cases"] = [row | {"signed_at": row["dispatched_at"], "sign_due_at": row["replied_at"]}
                       for row in tables["cases"]]
    assert signs(tables) == []


def test_a_column_that_is_declared_absent_is_not_looked_at():
    tables = cases(("sign_due_at", "signed_at"))
    assert signs(tables) and signs(tables, declared_absent=(("cases", "signed_at"),)) == []


@pytest.mark.parametrize(
    ("n", "late", "due", "done", "told"),
    [
        (100, 51, 30, 5, True),
        (100, 50, 30, 5, False),
        (100, 51, 29, 5, False),
        (100, 51, 30, 6, False),
        (50, 26, 15, 2, True),
        (49, 26, 15, 2, False),
    ],
)
def test_the_bounds(n, late, due, done, told):
    assert is_exchanged(n, late, due, done) is told
