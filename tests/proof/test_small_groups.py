"""E5.5: nobody is found by subtraction over all that is published, tried with everybody of a generated city.

Two cities that differ in one thing about somebody publish the same bytes, so no figure tells it. Every file is
compared: ranking, items, ledger, scorecards, bulletin, feed, workbook, quality; of the manifest all but the sha256 of
the inputs, and of what holds them.
"""

import csv
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipelines.assess import Request, Run
from pipelines.model.period import Period
from pipelines.sample.make import make_sample
from tests.proof import seeds

pytestmark = pytest.mark.slow

PERIOD = Period.parse("2026Q3")
OF_EVALUATORS = ("evaluators", "evaluations", "appointment_steps")
ROW = dict[str, str]
STRUCK = {"adjustment_id": "FH1", "action": "exclude_case", "decided_by": "市长专线科", "decided_on": "2026-10-08",
          "reason": "派发时职责认定有误"}


class City:
    """The exports of a generated city as rows, and what is published of them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        make_sample(folder / "x", PERIOD, 4, 80, seed)
        (folder / "x" / "adjustments.csv").unlink()
        self.tables = {file.stem: self._rows(file) for file in sorted((folder / "x").glob("*.csv"))}
        self.runs = 0

    def _rows(self, file: Path) -> list[ROW]:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            return list(csv.DictReader(stream))

    def published(self, change: Callable[[dict[str, list[ROW]]], None]) -> dict[str, object]:
        """What every file of a run says, by its name, after a change to a copy of the tables."""
        tables = {name: [dict(row) for row in rows] for name, rows in self.tables.items()}
        change(tables)
        for name, rows in tables.items():
            if rows:
                with (self.folder / "x" / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
                    table = csv.DictWriter(stream, list(rows[0]))
                    table.writeheader()
                    table.writerows(rows)
        self.runs += 1
        out = self.folder / f"out{self.runs}"
        with Run(Request(PERIOD, self.folder / "x", out, pdf=False)) as run:
            run.run()
        return _contents((out / str(PERIOD)).resolve())


def _contents(folder: Path) -> dict[str, object]:
    """The bytes of a run; a workbook's sheets without the time of packing."""
    found: dict[str, object] = {file.relative_to(folder).as_posix(): file.read_bytes()
                                for file in folder.rglob("*") if file.is_file()}
    for name in [name for name in found if name.endswith(".xlsx")]:
        with zipfile.ZipFile(folder / name) as packed:
            found[name] = {part: packed.read(part) for part in packed.namelist()}
    manifest = json.loads(found["manifest.json"])
    found["manifest.json"] = {name: facts for name, facts in manifest.items() if name not in ("inputs", "outputs")}
    assert found.keys() >= {"result.json", "results.xlsx", "quality/report.json", "bulletin.html"}
    return found


@pytest.fixture(params=seeds(5, 3))
def city(request, tmp_path) -> City:
    return City(tmp_path, request.param)


def differing(one: dict[str, object], other: dict[str, object]) -> list[str]:
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def test_a_rating_that_was_overturned_publishes_the_same_as_one_of_the_public(city, record_property):
    """Every case in turn that the public rated badly.

    So that as many evaluations are told of, and as many that nobody needed, the one city has one of a case that the
    public rated well, the other one of a case that was struck out.
    """
    cases = city.tables["cases"]
    facts = [n for n, row in enumerate(cases) if "2026-07-20" < row["rated_at"] < "2026-09"]
    bad = [n for n in facts if cases[n]["public_rating"] == "dissatisfied"]
    well = next(n for n in facts if cases[n]["public_rating"] == "satisfied")
    assert len(bad) > 2
    for n in bad:
        struck = next(other for other in bad if cases[other]["case_id"] != cases[n]["case_id"])

        def rated(rating: str, beside: tuple[int, str], n: int = n, struck: int = struck) -> dict[str, object]:
            def change(tables: dict[str, list[ROW]]) -> None:
                tables["cases"][n]["public_rating"] = rating
                tables["adjustments"] = [STRUCK | {key: cases[struck][key] for key in ("unit_id", "case_id")}]
                _evaluate(tables, {n, struck, well}, [(n, "satisfied"), beside])

            return city.published(change)

        overturned, given = rated("dissatisfied", (well, "satisfied")), rated("satisfied", (struck, "dissatisfied"))
        assert differing(overturned, given) == [], cases[n]
    record_property("tried", len(bad))


def _evaluate(tables: dict[str, list[ROW]], only: set[int], given: list[tuple[int, str]]) -> None:
    """These evaluations of the cases ``only`` and no others, by somebody who may."""
    cases, who = tables["cases"], next(_free(tables))["evaluator_id"]
    ids = {cases[n]["case_id"] for n in only}
    like = tables["evaluations"][0]
    tables["evaluations"] = [row for row in tables["evaluations"] if row["case_id"] not in ids]
    for number, (n, rating) in enumerate(given):
        case, at = cases[n], f"{cases[n]['rated_at'][:10]} 23:00:00"
        facts = {"assignment_id": f"PJX{number}", "evaluator_id": who, "assigned_at": at, "rated_at": at}
        facts |= {"rating": rating, "reason": "in order", "case_id": case["case_id"], "unit_id": case["unit_id"]}
        tables["evaluations"].append(dict.fromkeys(like, "") | facts)


def _free(tables: dict[str, list[ROW]]) -> Iterator[ROW]:
    """Evaluators of no unit who were there all the time."""
    return (row for row in tables["evaluators"][4:] if not row["employer_unit_id"] and not row["ended_on"]
            and not row["away_from"] and row["term_ends_on"] > "2026-10-31")


def test_whoever_an_evaluator_is_the_same_is_published(city, record_property):
    """Everybody who was asked in turn under another code and name, then all of them at once, in the other order."""
    usual = city.published(lambda tables: None)
    people = [row["evaluator_id"] for row in city.tables["evaluators"]]
    asked = [[id] for id in people if id in {row["evaluator_id"] for row in city.tables["evaluations"]}]
    for some in [*asked, people]:

        def renamed(tables: dict[str, list[ROW]], some: list[str] = some) -> None:
            codes = {id: f"E{900 - n}" for n, id in enumerate(some)}
            for row in (row for name in OF_EVALUATORS for row in tables[name] if row["evaluator_id"] in codes):
                row |= {"evaluator_id": codes[row["evaluator_id"]]} | ({"name": "某某"} if "name" in row else {})

        assert differing(usual, city.published(renamed)) == [], some
    record_property("tried", len(asked) + 1)


def test_whoever_gave_an_evaluation_the_same_is_published(city, record_property):
    """Every evaluation in turn, given by somebody else who might have."""
    people = [row["evaluator_id"] for row in _free(city.tables)]
    assert len(people) > 2
    mine = [n for n, row in enumerate(city.tables["evaluations"]) if row["evaluator_id"] in people]
    usual, tried = city.published(lambda tables: None), 0
    for n in mine:
        row = city.tables["evaluations"][n]
        of_case = {other["evaluator_id"] for other in city.tables["evaluations"] if other["case_id"] == row["case_id"]}
        for other in [id for id in people if id not in of_case][:3]:

            def handed_over(tables: dict[str, list[ROW]], n: int = n, other: str = other) -> None:
                tables["evaluations"][n]["evaluator_id"] = other

            assert differing(usual, city.published(handed_over)) == [], (row, other)
            tried += 1
    assert tried
    record_property("tried", tried)


def test_whatever_anybody_complained_of_the_same_is_published(city):
    """All complainants' words at once, in the other order."""
    usual = city.published(lambda tables: None)

    def told(tables: dict[str, list[ROW]]) -> None:
        titles = [row["title"] for row in tables["cases"]]
        for row, title in zip(tables["cases"], reversed(titles), strict=True):
            row["title"] = title

    assert differing(usual, city.published(told)) == []
