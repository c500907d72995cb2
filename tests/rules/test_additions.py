"""What is added to a rulebook by its manual works from the tally to the page: a measure, a rule, a reading, a type."""

import csv
import os
import re
import subprocess
import sys

import pytest

from pipelines import Quarter
from pipelines.assess import Request, Run
from pipelines.model.period import Period
from pipelines.sample import make_sample
from tests.mutants import copy_of_the_project
from tests.rules.book import changed

PERIOD = Period.parse("2026Q3")
MEASURE = """measure: swift_reply
title: {zh: 签收时限内即回复, en: swift replies}
counts: case_rows
where:
  - {replied_at: {at_most: sign_due_at}}
  - {reading: swift, leads: {role: lead}, everybody: {}}
by: dispatched_at
better: more
quotes: [case_id, replied_at]
says: {zh: "{replied_at} 回复", en: "answered {replied_at}"}
examples:
  - {name: on it, row: {role: lead, sign_due_at: 2026-07-02T09:00:00, replied_at: 2026-07-02T09:00:00}, counts: 1}
  - {name: later, row: {role: lead, sign_due_at: 2026-07-02T09:00:00, replied_at: 2026-07-02T09:00:01}, counts: 0}
  - {name: assisting, row: {role: assist, sign_due_at: 2026-07-02T09:00:00, replied_at: 2026-07-02T08:00:00}, counts: 0}
  - {name: where all count, row: {role: assist, sign_due_at: 2026-07-02T09:00:00, replied_at: 2026-07-02T08:00:00},
     readings: {swift: everybody}, counts: 1}
"""
RULE = """rule: too_swift
clause: A3.1
item: A3.1
title: {zh: 草率回复, en: Hasty replies}
measure: swift_reply
deduct: 0.25
says: {zh: "{replied_at} 草率回复，扣{deduct}分", en: "Hasty reply at {replied_at}: {deduct} off"}
remedy: {zh: 核实后再回复, en: Look into it before replying}
examples:
  - {name: none, given: {swift_reply: 0}, points: 0}
  - {name: one, given: {swift_reply: 1}, points: -0.25}
  - {name: two, given: {swift_reply: 2}, points: -0.5}
"""
READING = """- reading: swift
  clause: A3.1
  title: {zh: 草率回复算谁的, en: Whose replies are hasty}
  values:
    leads: {zh: 只算主办单位, en: the lead unit's}
    everybody: {zh: 都算, en: everybody's}
  reason: {zh: 未写明, en: The text does not say.}
"""


@pytest.fixture(scope="module")
def added(tmp_path_factory):
    """The standard book with one of each, and a quarter run by it under the reading's other value."""
    place = tmp_path_factory.mktemp("added")
    book = changed(place, "readings.yaml", "- reading: joint_cases\n", READING + "- reading: joint_cases\n")
    (book / "measures" / "swift_reply.yaml").write_text(MEASURE, encoding="utf-8")
    (book / "A3.1" / "too_swift.yaml").write_text(RULE, encoding="utf-8")
    make_sample(place / "in", PERIOD, units=6, cases=300, seed=4)
    waived = _a_swift_case(place / "in" / "cases.csv")
    with (place / "in" / "adjustments.csv").open("a", encoding="utf-8", newline="") as file:
        columns = next(csv.reader((place / "in" / "adjustments.csv").open(encoding="utf-8-sig")))
        csv.DictWriter(file, columns).writerow(_decision(columns, *waived))
    request = Request(PERIOD, place / "in", place / "out", rules=book, readings={"swift": "everybody"}, pdf=False)
    with Run(request) as run:
        run.run()
        tallies = run.tallies
    return Quarter.open("2026Q3", place / "out"), tallies, waived


@pytest.mark.slow
def test_the_suite_stays_green_where_the_standard_edition_gains_one_of_each(tmp_path):
    """In a copy of the project: one file a measure, one a rule, one block a reading, and no test to mend."""
    there = copy_of_the_project(tmp_path / "there")
    book = there / "rules" / "standard"
    (book / "measures" / "swift_reply.yaml").write_text(MEASURE, encoding="utf-8")
    (book / "A3.1" / "too_swift.yaml").write_text(RULE, encoding="utf-8")
    readings = book / "readings.yaml"
    readings.write_text(readings.read_text(encoding="utf-8").rstrip("\n") + "\n" + READING, encoding="utf-8")
    parts = ("rules", "engines", "kinds", "spec", "sql", "oracle", "laboratory", "pages")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", "-m", "not slow",
               "--deselect", "tests/rules/test_additions.py", *(f"tests/{part}" for part in parts)]
    surroundings = os.environ | {"PYTHONPATH": str(there)}
    done = subprocess.run(command, cwd=there, capture_output=True, text=True, env=surroundings)
    assert done.returncode == 0, done.stdout[-3000:]


def _a_swift_case(file) -> tuple[str, str]:
    """A case row that was answered before it had to be signed, of the quarter: its case and unit."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            named = {name: row.get(name) for name in row}
            case, unit, due, replied, sent = _columns(named)
            if replied and replied <= due and "2026-07-01" <= sent < "2026-10-01":
                return case, unit
    raise AssertionError("no case of the sample was answered so soon")


def _columns(row: dict) -> tuple[str, ...]:
    names = (("case_id", "诉求件编号"), ("unit_id", "承办单位编码"), ("sign_due_at", "签收时限"),
             ("replied_at", "回复时间"), ("dispatched_at", "派发时间"))
    return tuple(next(row[name] for name in pair if name in row) for pair in names)


def _decision(columns: list[str], case: str, unit: str) -> dict:
    facts = {"adjustment_id": "DNEW", "决定编号": "DNEW", "action": "waive_deduction", "决定": "waive_deduction",
            "unit_id": unit, "承办单位编码": unit, "case_id": case, "诉求件编号": case, "rule_id": "too_swift",
            "规则编号": "too_swift", "decided_by": "某甲", "决定人": "某甲", "decided_on": "2026-10-08",
            "决定日期": "2026-10-08", "reason": "核实", "理由": "核实"}
    return {column: facts.get(column, "") for column in columns}


def test_both_judges_count_and_cost_it(added):
    quarter, tallies, _ = added
    counted = {unit: tally.count("swift_reply") for unit, tally in tallies.items()}
    assert sum(counted.values())
    lines = quarter.ledger[quarter.ledger["rule_id"] == "too_swift"]
    assert len(lines) == sum(counted.values())
    assert set(lines["points"]) <= {-0.25, 0.0}
    assert re.fullmatch(r"2026-\S+ \S+ 草率回复，扣0.25分：2026-\S+ \S+ 回复", lines.iloc[0]["detail"])


def test_a_decision_waives_the_new_rule_and_no_other_line(added):
    quarter, _, (case, unit) = added
    lines = quarter.ledger[(quarter.ledger["case_id"] == case) & (quarter.ledger["unit_id"] == unit)]
    waived = lines[lines["adjustment_id"] == "DNEW"]
    assert waived["rule_id"].tolist() == ["too_swift"] and waived["points"].tolist() == [0.0]


def test_the_reading_tells_two_quarters_apart(added):
    quarter, _, _ = added
    other = quarter.what_if({}, readings={"swift": "leads"})
    assert other.ranking["base"].sum() > quarter.ranking["base"].sum()
    assert other.ledger[other.ledger["rule_id"] == "too_swift"].shape[0] < quarter.ledger[
        quarter.ledger["rule_id"] == "too_swift"].shape[0]


def test_what_ifs_steps_and_the_probe_know_it(added):
    quarter, _, _ = added
    assert "too_swift.deduct" in quarter.changeable
    assert quarter.what_if({"too_swift.deduct": 0}).ranking["base"].sum() > quarter.ranking["base"].sum()
    assert "swift_reply_excluded" in set(quarter.gaming().frame["behaviour"])
    assert quarter.next_steps().shape[0]


@pytest.mark.parametrize("page", ["method.html", "bulletin.html", "index.html"])
def test_no_page_shows_a_raw_id(added, page):
    quarter, _, _ = added
    html = (quarter.folder / page).read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", " ", html)
    assert "swift_reply" not in text and "too_swift" not in text
    if page == "method.html":
        assert "草率回复" in text and "草率回复算谁的" in text and "都算" in text


def test_a_measure_that_nobody_declared_is_an_error_and_never_nought(added):
    _, tallies, _ = added
    with pytest.raises(KeyError):
        next(iter(tallies.values())).count("swift_answer")
