"""The published figures come out of counts alone: `figures.csv` in place of every row."""

import csv
from fractions import Fraction

import pytest

from pipelines.assess import Request, Run
from pipelines.model.period import Period
from pipelines.paths import ROOT
from tests.kinds.conftest import checked_once  # noqa: F401

LIANYUNGANG = {
    "2023-01": {("U1", "B1.1"): "14.82", ("U1", "B1.2"): "19.75", ("U2", "B1.2"): "17.67",
                ("U3", "B1.1"): "0.00", ("U3", "B1.2"): "12.50"},
    "2022-02": {("U1", "B1.2"): "12.50", ("U2", "B1.2"): "12.50", ("U3", "B1.2"): "12.80"},
}
PANJIN = {"U1": "99.3", "U2": "99.2", "U3": "99.1", "U4": "97.4", "U5": "100", "U6": "99.0"}


def table(city, month, out, name):
    """A published table of a month that was scored from the city's figures alone."""
    folder = ROOT / "examples" / city
    exports, rules = folder / "figures" / month, folder / "rulebook"
    with Run(Request(Period.parse(month), exports, out, rules=rules, pdf=False)) as run:
        run.run()
    with (run.published.folder / name).open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("month", LIANYUNGANG)
def test_lianyungang(month, tmp_path):
    rows = table("lianyungang", month, tmp_path, "items.csv")
    found = {(row["unit_id"], row["item_id"]): row["score"] for row in rows}
    assert {key: found[key] for key in LIANYUNGANG[month]} == LIANYUNGANG[month]


def test_panjin(tmp_path):
    found = {row["unit_id"]: Fraction(row["total"]) for row in table("panjin", "2023-01", tmp_path, "ranking.csv")}
    assert found == {unit: Fraction(total) for unit, total in PANJIN.items()}
