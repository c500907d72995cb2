"""The rules of the libraries: their own examples one by one, and what does not load."""

import re

import pytest

from pipelines.catalogue import catalogue
from pipelines.engines.rete import Inspector
from pipelines.model.library import SUBJECTS
from pipelines.paths import ROOT, SQL
from tests.libraries.office import BOOK
from tests.rules.book import changed, refused

FILE = "libraries.yaml"
EXAMPLES = [(rule, example) for rule in BOOK.libraries for example in rule.examples]
INSPECTOR = Inspector(BOOK.libraries)
CLAUSES = ("K0.1", "K0.2", "M0.1", "M1", "M2", "M3")

LINE = "    - {{name: {} working days, given: {{waiting: {}}}, found: {}}}\n"

# old text, new text, what the refusal says
BROKEN = {
    "an unknown field": ("  of: processes", "  off: processes", "nearest known name is of"),
    "an unknown clause": ("M0.1\n  of: processes", "M0.7\n  of: processes", "nearest known name is M0.1"),
    "an unknown subject": ("of: processes", "of: proceses", "nearest known name is processes"),
    "an unknown measure": ("measure: processes", "measure: process", "nearest known name is processes"),
    "another subject's measure": ("measure: processes", "measure: waiting", "nothing measures waiting"),
    "an unknown comparison": ("processes, at_least: 2", "processes, atleast: 2", "nearest known name is at_least"),
    "no comparison": ("{measure: processes, at_least: 2}", "{measure: processes}", "exactly one of"),
    "two comparisons": ("processes, at_least: 2", "processes, at_least: 2, at_most: 9", "exactly one of"),
    "half a day": ("more_than: 10}", "more_than: 10.5}", "not a count"),
    "a share compared from above": ("share, at_least: 50", "share, at_most: 50", "unknown field at_most"),
    "an unknown code": ("kind: [duties,", "kind: [duty,", "nearest known name is duties"),
    "a selection of nothing": ("only: {kind: [duties, policy, law, guide]}", "only: {kind: []}", "kind is missing"),
    "a selection by something else": ("only: {kind:", "only: {status:", "unknown field status"),
    "a blank that nothing fills": ("{expires_on}失效", "{expired_on}失效", "nearest known name is expires_on"),
    "no remedy": ("  remedy: {zh: 由市长专线科审", "  # remedy: {zh: 由市长专线科审", "remedy is missing"),
    "the same finding twice": ("finding: untouched", "finding: expired", "appears twice"),
    "an id that no engine takes": ("finding: untouched", "finding: 久未更新", "cannot be an id"),
    "an example that does not come out": ("{waiting: 11}, found: true", "{waiting: 11}, found: false", "otherwise"),
    "no example above": (LINE.format("eleven", 11, "true"), "", "waiting above 10"),
    "no example at": (LINE.format("ten", 10, "false"), "", "waiting at 10"),
    "no example below": (LINE.format("nine", 9, "false"), "", "waiting below 10"),
    "an example of something else": ("given: {waiting: 9}", "given: {waited: 9}", "nearest known name is waiting"),
    "an example that says neither": ("{waiting: 9}, found: false", "{waiting: 9}, found: no", "found: no is not known"),
    "an example without a number": ("given: {waiting: 9}", "given: {waiting: nine}", "not a count"),
}


@pytest.mark.parametrize(("rule", "example"), EXAMPLES, ids=lambda part: getattr(part, "id", None) or part["name"])
def test_an_example_comes_out(rule, example):
    """K0.1, K0.2, M0.1, M1, M2, M3: at, below and above every number."""
    row = {code: allowed[0] for code, allowed in rule.only.items()}
    row |= {measure: int(value) for measure, value in example["given"].items()}
    assert INSPECTOR.finds(rule, row) is (example["found"] == "true")


def test_a_row_that_a_rule_does_not_look_at_is_not_found():
    rule = next(rule for rule in BOOK.libraries if rule.id == "published_unsigned")
    assert INSPECTOR.finds(rule, {"status": "published", "signed": 0})
    assert not INSPECTOR.finds(rule, {"status": "draft", "signed": 0})


@pytest.mark.parametrize("case", BROKEN)
def test_the_file_does_not_load_with(case, tmp_path):
    old, new, says = BROKEN[case]
    message = refused(changed(tmp_path, FILE, old, new))
    assert says in message
    assert re.match(r"libraries\.yaml, line \d+: ", message)


def test_a_rulebook_without_the_file_loads_but_says_why_no_clause_is_applied(tmp_path):
    book = changed(tmp_path, FILE, "finding: untouched", "finding: untouched")
    (book / FILE).unlink()
    assert "clause K0.1" in refused(book)


def test_every_clause_of_the_libraries_is_implemented_and_tested():
    """K0.1, K0.2, M0.1, M1, M2, M3"""
    rows = {row["clause"]: row for row in catalogue(BOOK, ROOT / "tests")}
    for clause in CLAUSES:
        assert rows[clause]["findings"] and rows[clause]["tests"] and not rows[clause]["why_none"]["zh"], clause


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=lambda subject: subject.name)
def test_every_subject_has_its_query_and_no_query_has_a_threshold(subject):
    text = (SQL / "libraries" / f"{subject.name}.sql").read_text(encoding="utf-8")
    code = "\n".join(line.split("--")[0] for line in text.splitlines())
    assert set(re.findall(r"(?<![\w'])\d+", code)) <= {"0", "100"}  # nothing but zero and per cent
