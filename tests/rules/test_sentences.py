"""Every sentence beside the score sheet has its part: declared once, checked, shown, and walked on the sample."""

import csv
from datetime import date

import pytest
import yaml

from pipelines.assess import Request, Run
from pipelines.catalogue import SENTENCES, sentences
from pipelines.evaluators.desk import Work, take_steps
from pipelines.evaluators.eligibility import endings
from pipelines.evaluators.practice import make_inbox, moments_of
from pipelines.evaluators.reports import training
from pipelines.evaluators.step import read_exports
from pipelines.model.period import Period
from pipelines.model.words import RulebookRefusal
from pipelines.paths import ROOT
from pipelines.sample.make import make_sample
from scripts import reference
from tests.evaluators.office import rules
from tests.libraries.office import BOOK

PERIOD = Period.parse("2026Q3")
TESTS = ROOT / "tests"
E5_3 = ("request_reasonable", "procedure_followed", "duty_done")
AUGUST = date(2026, 8, 15)


def test_the_page_says_what_the_file_declares():
    assert reference.REGULATION.read_text(encoding="utf-8") == reference.regulation(sentences(BOOK, TESTS))


@pytest.mark.parametrize(("part", "value"), [
    ("by", ["contract guidance.kinds"]), ("by", ["action sleep"]), ("by", ["finding nothing"]), ("by", []),
    ("shows", ["page libraries/nowhere"]), ("tests", ["libraries/test_records.py::test_nothing"]), ("who", None),
    ("tests", ["nowhere.py::test_x"]), ("clause", "K9.9"),
])
def test_what_is_not_there_is_refused_with_the_sentence(tmp_path, part, value):
    rows = yaml.safe_load(SENTENCES.read_text(encoding="utf-8"))
    rows[0][part] = value
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(rows, allow_unicode=True), encoding="utf-8")
    with pytest.raises(RulebookRefusal, match="K0.2 guidance"):
        sentences(BOOK, TESTS, tmp_path / "s.yaml")


def test_the_sample_walks_through_the_sentences(tmp_path):
    """Every sentence on an invented quarter: findings and dues, then what evaluators send in, step by step."""
    make_sample(tmp_path / "x", PERIOD, 20, 2000)
    with Run(Request(PERIOD, tmp_path / "x", tmp_path / "out", pdf=False)) as run:
        assert not run.check()
        report = run.libraries
    found = {finding.rule.id for finding in report.findings}
    declared = {thing[8:] for row in sentences(BOOK, TESTS) for thing in row["by"] if thing.startswith("finding ")}
    # Its one unit without a process was told, and its decisions to add name matters that the library holds.
    assert declared - found == {"unit_not_told", "added_not_entered"}
    assert len(report.waivers) == 4
    seen = read_exports(tmp_path / "x")
    todo = {one.evaluator.evaluator_id: one.todo for one in endings(seen.panel, AUGUST, rules(), seen.steps)}
    assert todo["E001"] == ("term_not_extended",) and "await_replacement" in todo["E003"]
    assert todo["E002"] == ("resigned_late", "undecided", "ask_replacement")
    assert all(one.recommended_by for one in seen.panel)
    assert not training(seen.training, PERIOD.last_day)["overdue"]

    # E3.0, E4.0, E5.3: the evaluators' own work on the same quarter.
    (tmp_path / "x" / "evaluations.csv").unlink()
    make_inbox(tmp_path / "x", tmp_path / "inbox", PERIOD, 1)
    table = tmp_path / "evaluations.csv"
    take_steps(Work(tmp_path / "x", tmp_path / "inbox", tmp_path / "state", evaluations=table), moments_of(PERIOD))
    with table.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    asked, points = ("asked_at", "answered_at", "declined_at", "suggestion"), E5_3
    assert {name for name in (*asked, *points) if not any(row[name] for row in rows)} == set()
    assert any(row["asked_at"] and not row["answered_at"] for row in rows)  # told as unanswered
    rated = [row for row in rows if row["rating"]]
    assert sum(all(row[name] for name in points) for row in rated) > 0
