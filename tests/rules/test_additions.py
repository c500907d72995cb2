"""What is added to a rulebook by its manual works from the tally to the page: a measure, a rule, a reading, a flag."""

import csv
import filecmp
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from shutil import copytree

import pytest

from pipelines import Quarter
from pipelines.assess import Request, Run
from pipelines.model.period import Period
from pipelines.rulebook.load import load_rulebook
from pipelines.sample.make import make_sample
from tests.mutants import copy_of_the_project
from tests.rules.book import STANDARD, refused

PERIOD = Period.parse("2026Q3")
MEASURE = """# yaml-language-server: $schema=../../schemas/measure.schema.json
measure: swift_reply
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
RULE = """# yaml-language-server: $schema=../../schemas/rule.schema.json
rule: too_swift
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
COLUMN = """columns:
  cases:
    called_back: {zh: 已回访, type: boolean}
"""
FLAGGED = """# yaml-language-server: $schema=../../schemas/measure.schema.json
measure: called_back
title: {zh: 已回访, en: called back}
counts: case_rows
where: [{role: lead}, {called_back: "true"}]
by: dispatched_at
examples:
  - {name: called, row: {role: lead, called_back: "true"}, counts: 1}
  - {name: not called, row: {role: lead, called_back: "false"}, counts: 0}
  - {name: nobody says, row: {role: lead}, counts: 0}
  - {name: assisting, row: {role: assist, called_back: "true"}, counts: 0}
"""


ADDED = {  # what the manual says to write for each: a file, or a block at the end of one that is there
    "measure": {"measures/swift_reply.yaml": MEASURE},
    "reading": {"readings.yaml": READING},
    "rule": {"A3.1/too_swift.yaml": RULE},
    "flag": {"rulebook.yaml": COLUMN, "measures/called_back.yaml": FLAGGED},
}
PLAIN = MEASURE.partition("  - {name: where all count")[0].replace(  # the same under no reading
    "{reading: swift, leads: {role: lead}, everybody: {}}", "{role: lead}"
)


def _put(book: Path, parts: dict[str, str]) -> None:
    for name, text in parts.items():
        file = book / name
        there = file.read_text(encoding="utf-8").rstrip("\n") + "\n" if file.exists() else ""
        file.write_text(there + text, encoding="utf-8")


def _files(book: Path) -> set[str]:
    """The files of a book that the standard edition has not, or has otherwise."""
    names = {file.relative_to(book).as_posix() for file in book.rglob("*") if file.is_file()}
    _, differ, missing = filecmp.cmpfiles(book, STANDARD, names, shallow=False)
    return {*differ, *missing}


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    make_sample(folder, PERIOD, units=6, cases=300, seed=4)
    _call_back(folder / "cases.csv")
    return folder


@pytest.fixture(scope="module")
def added(tmp_path_factory, exports):
    """The standard book with one of each, and a quarter run by it under the reading's other value."""
    place = tmp_path_factory.mktemp("added")
    book = Path(copytree(STANDARD, place / "book"))
    for parts in ADDED.values():
        _put(book, parts)
    waived = _a_swift_case(exports / "cases.csv")
    with (exports / "adjustments.csv").open("a", encoding="utf-8", newline="") as file:
        columns = next(csv.reader((exports / "adjustments.csv").open(encoding="utf-8-sig")))
        csv.DictWriter(file, columns).writerow(_decision(columns, *waived))
    request = Request(PERIOD, exports, place / "out", rules=book, readings={"swift": "everybody"}, pdf=False)
    with Run(request) as run:
        run.run()
        tallies = run.tallies
    return Quarter.open("2026Q3", place / "out"), tallies, waived


@pytest.mark.parametrize(("written", "files"), [
    ({"measures/swift_reply.yaml": PLAIN}, 1),
    ({"measures/swift_reply.yaml": PLAIN, **ADDED["rule"]}, 2),
    ({**ADDED["measure"], **ADDED["reading"]}, 2),
    (ADDED["flag"], 2),
], ids=["a measure over columns that are there", "and a rule on it", "a reading and what honours it", "a flag"])
def test_an_addition_takes_no_more_files_than_are_promised(tmp_path, written, files):
    book = Path(copytree(STANDARD, tmp_path / "book"))
    _put(book, written)
    loaded = load_rulebook(book, PERIOD)
    assert len(_files(book)) == files
    assert loaded.measures.keys() - load_rulebook(STANDARD, PERIOD).measures.keys() <= {"swift_reply", "called_back"}
    one_short = [name for name in written if name != "A3.1/too_swift.yaml" and files > 1]
    for name in one_short[:1]:  # and no less: without the first of them the rest is refused
        rest = Path(copytree(STANDARD, tmp_path / "rest"))
        _put(rest, {other: text for other, text in written.items() if other != name})
        refused(rest)


@pytest.mark.slow
def test_the_suite_stays_green_where_the_standard_edition_gains_one_of_each(tmp_path):
    """In a copy of the project: one file a measure, one a rule, one block a reading, and no test to mend."""
    there = copy_of_the_project(tmp_path / "there")
    for kind in ("measure", "rule", "reading"):
        _put(there / "rules" / "standard", ADDED[kind])
    parts = ("rules", "engines", "kinds", "spec", "sql", "oracle", "laboratory", "pages")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", "--dist", "loadfile",
               "-m", "not slow and not long", "--deselect", "tests/rules/test_additions.py",
               *(f"tests/{part}" for part in parts)]
    surroundings = os.environ | {"PYTHONPATH": str(there), "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(command, cwd=there, capture_output=True, text=True, env=surroundings)
    assert done.returncode == 0, done.stdout[-3000:]


def _a_swift_case(file: Path) -> tuple[str, str]:
    """A case row that was answered before it had to be signed, of the quarter: its case and unit."""
    return next((row["case_id"], row["unit_id"]) for row in _rows(file)
                if "" < row["replied_at"] <= row["sign_due_at"] and "2026-07-01" <= row["dispatched_at"] < "2026-10-01")


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def _call_back(file: Path) -> None:
    """Give the export a column of its own: every third row is called back, and of every fifth nobody says."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        header, *rows = csv.reader(lines)
    told = ["" if k % 5 == 0 else "是" if k % 3 == 0 else "否" for k in range(len(rows))]
    with file.open("w", encoding="utf-8-sig", newline="") as lines:
        csv.writer(lines).writerows([[*header, "已回访"], *([*row, one] for row, one in zip(rows, told, strict=True))])


def _decision(columns: list[str], case: str, unit: str) -> dict:
    facts = {"adjustment_id": "DNEW", "action": "waive_deduction", "unit_id": unit, "case_id": case,
             "rule_id": "too_swift", "decided_by": "某甲", "decided_on": "2026-10-08", "reason": "核实"}
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


def test_a_flag_of_the_export_is_counted(added, exports):
    _, tallies, _ = added
    left_out = {(row["case_id"], row["unit_id"]) for row in _rows(exports / "adjustments.csv")
                if row["action"] == "exclude_case"}
    called = Counter(
        row["unit_id"] for row in _rows(exports / "cases.csv")
        if row["已回访"] == "是" and row["role"] == "lead" and "2026-07-01" <= row["dispatched_at"] < "2026-10-01"
        and (row["case_id"], row["unit_id"]) not in left_out
    )
    assert called and {unit: n for unit, tally in tallies.items() if (n := tally.count("called_back"))} == called


def test_a_measure_that_nobody_declared_is_an_error_and_never_nought(added):
    _, tallies, _ = added
    with pytest.raises(KeyError):
        next(iter(tallies.values())).count("swift_answer")
