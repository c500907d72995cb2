"""Measures as files: what one may say, what is refused and where, and that both readers of one read it alike."""

import shutil
from dataclasses import replace
from datetime import datetime

import pyarrow as pa
import pytest

from pipelines.edges.warehouse import Warehouse
from pipelines.engines.literal import Reader
from pipelines.engines.marks import selection
from pipelines.model.measure import DERIVED, Moment
from pipelines.rulebook.load import load_rulebook
from pipelines.stages.measure import mark, rows_of, types_of
from tests.rules.book import FROZEN, STANDARD, TODAY, changed, refused

BOOK = load_rulebook(STANDARD, TODAY)
REPLY = "measures/late_reply.yaml"
CLOSED = "measures/completed.yaml"

BROKEN = {
    "a word that nothing reads": (REPLY, "better: fewer", "beter: fewer", "nearest known name is better"),
    "another direction": (REPLY, "better: fewer", "better: less", "less is not known"),
    "a table that there is not": (REPLY, "counts: case_rows", "counts: cases_rows", "nearest known name is case_rows"),
    "a table without moments": ("measures/refusal.yaml", "counts: incidents", "counts: units", "no table that can be"),
    "a column that there is not": (REPLY, "{replied_at: {after: due_at}}", "{reply_at: {after: due_at}}",
                                   "there is no column reply_at"),
    "a test that there is not": (REPLY, "{replied_at: {after: due_at}}", "{replied_at: {later: due_at}}",
                                 "cannot be compared by later"),
    "a moment against a word": (REPLY, "{after: due_at}", "{after: tomorrow}", "no value of the column replied_at"),
    "a code that the contract does not have": ("measures/due.yaml", "{role: lead}, all", "{role: leader}, all",
                                               "nearest known name is lead"),
    "a moment that is none": (REPLY, "dispatched: dispatched_at}", "dispatched: case_id}", "is no moment"),
    "a value left open": (REPLY, "reply_due: due_at, dispatched: dispatched_at}", "reply_due: due_at}",
                          "the value dispatched of the reading attribution is not named"),
    "a reading that there is not": (CLOSED, "{reading: completed,", "{reading: complete,",
                                    "nearest known name is completed"),
    "a value that the reading does not have": (CLOSED, "by_cutoff: {closed", "by_cutof: {closed",
                                               "nearest known name is by_cutoff"),
    "a whole that there is not": (CLOSED, "among: due", "among: done", "is no other measure"),
    "itself as its whole": (CLOSED, "among: due", "among: completed", "is no other measure"),
    "a whole of another table": (CLOSED, "among: due", "among: refusal", "must count the same table"),
    "a quote that there is not": (REPLY, "quotes: [case_id, due_at, replied_at]", "quotes: [case_id, due_by]",
                                  "nearest known name is due_at"),
    "a blank that it does not quote": (REPLY, "应于 {due_at} 前", "应于 {sign_due_at} 前", "which nothing fills in"),
    "no example": ("measures/due.yaml", "examples:", "examples: []\nrest:", "unknown field rest"),
    "no example on a bound": (REPLY, "  - {name: on the second, row: {due_at: 2026-07-03T18:00:00, replied_at: "
                              "2026-07-03T18:00:00}, counts: 0}\n", "", "replied_at after due_at"),
    "an example that comes out otherwise": (REPLY, "replied_at: 2026-07-03T18:00:01}, counts: 1",
                                            "replied_at: 2026-07-03T18:00:01}, counts: 0", "counts 1"),
    "an example with a value that is none": (REPLY, "replied_at: 2026-07-03T18:00:01}", "replied_at: noon}",
                                             "no value of the column replied_at"),
    "an example of another column": (REPLY, "replied_at: 2026-07-03T18:00:01}", "repliedat: 2026-07-03T18:00:01}",
                                     "nearest known name is replied_at"),
    "a file of another name": (REPLY, "measure: late_reply", "measure: late", "a file is named after its measure"),
    "the name of the case rows": (REPLY, "measure: late_reply", "measure: case_rows", "named after"),
    "a month that is none": (CLOSED, "where:\n", "where:\n  - {month: 2026-7}\n", "'2026-7' is no value of"),
    "a list among what it quotes": (REPLY, "quotes: [case_id, due_at,", "quotes: [[case_id], due_at,", "a text is"),
    "a list in the place of a reading's value": (CLOSED, "{completed: by_deadline}, counts: 1",
                                                 "{completed: [by_deadline]}, counts: 1", "a text is expected"),
    "a column it needs that there is not": (REPLY, "better: fewer", "needs: [replied]", "nearest known name is"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_measure_does_not_load_with(case, tmp_path):
    file, old, new, says = BROKEN[case]
    message = refused(changed(tmp_path, file, old, new))
    assert says in message
    assert message.startswith(f"{file}, line ")


def with_measure(tmp_path, text: str, rule: str = ""):
    """The standard book with one measure more, and one rule more where it is given."""
    book = changed(tmp_path, "rulebook.yaml", "edition: standard", "edition: mine")
    (book / "measures" / "extra.yaml").write_text(f"measure: extra\ntitle: {{zh: 另计, en: extra}}\n{text}", "utf-8")
    if rule:
        (book / "A3.1" / "extra.yaml").write_text(rule, encoding="utf-8")
    return book


EXTRA = """counts: case_rows
where: {role: assist, channel: {in: [电话, 网站]}, public_rating: {not: dissatisfied}}
by: dispatched_at
better: fewer
quotes: [case_id, channel]
examples:
  - {name: one, row: {role: assist, channel: 电话}, counts: 1}
  - {name: by the lead, row: {role: lead, channel: 电话}, counts: 0}
  - {name: by letter, row: {role: assist, channel: 信函}, counts: 0}
  - {name: dissatisfied, row: {role: assist, channel: 电话, public_rating: dissatisfied}, counts: 0}
"""


def test_a_measure_over_existing_columns_is_one_file(tmp_path):
    book = load_rulebook(with_measure(tmp_path, EXTRA), TODAY)
    assert book.measures["extra"].needs == ("cases", "cases.channel", "cases.dispatched_at", "cases.public_rating")
    assert "dispatched_at" in book.marks["case_rows"].places


IN_JULY = """counts: case_rows
where: {not: {month: {in: [2026-05, 2026-12]}}, month: {at_least: 2026-05, before: 2027-01}}
by: {reading: attribution, reply_due: due_at, dispatched: dispatched_at}
examples:
  - {name: the first second, row: {due_at: 2026-06-01T00:00:00}, counts: 1}
  - {name: a second before, row: {due_at: 2026-05-31T23:59:59}, counts: 0}
  - {name: the end of the first one, row: {due_at: 2026-05-01T00:00:00}, counts: 0}
  - {name: the last second, row: {due_at: 2026-11-30T23:59:59}, counts: 1}
  - {name: the month after, row: {due_at: 2026-12-01T00:00:00}, counts: 0}
  - {name: the next year, row: {due_at: 2027-01-01T00:00:00}, counts: 0}
  - {name: without a moment, row: {}, counts: 0}
  - {name: sent out then, row: {dispatched_at: 2026-06-01T00:00:00}, readings: {attribution: dispatched}, counts: 1}
  - {name: May, row: {dispatched_at: 2026-05-01T00:00:00}, readings: {attribution: dispatched}, counts: 0}
  - {name: December, row: {dispatched_at: 2026-12-01T00:00:00}, readings: {attribution: dispatched}, counts: 0}
  - {name: January, row: {dispatched_at: 2027-01-01T00:00:00}, readings: {attribution: dispatched}, counts: 0}
"""


@pytest.mark.parametrize(("by", "column"), [("by: dispatched_at\n", "dispatched_at"), ("", "")])
def test_a_part_of_a_measure_has_its_months_by_a_moment_of_its_own_or_by_that_of_the_whole(tmp_path, by, column):
    book = load_rulebook(with_measure(tmp_path, f"counts: case_rows\namong: due\n{by}{PART}"), TODAY)
    assert book.measures["extra"].by == (Moment(column) if column else BOOK.measures["due"].by)


PART = """where: {channel: 电话}
examples:
  - {name: by telephone, row: {role: lead, channel: 电话}, counts: 1}
  - {name: by letter, row: {role: lead, channel: 信函}, counts: 0}
"""


def test_a_month_is_the_one_in_which_the_measure_places_a_row(tmp_path):
    """C15: under each reading of `by`; every bound is tried by an example, and both readers of the words agree."""
    measure = load_rulebook(with_measure(tmp_path, IN_JULY), TODAY).measures["extra"]
    assert measure.needs == ("cases", "cases.dispatched_at", "cases.reply_due_at")
    assert "month" not in str(measure.written)


def test_absence_of_what_only_modifies_a_count_leaves_it_measured():
    """B2: a column with a default is none where it is absent; what is compared or counted makes it unmeasured."""
    assert "cases.role" not in BOOK.measures["due"].needs
    assert "cases.replied_at" in BOOK.measures["late_reply"].needs


@pytest.mark.parametrize("id", [id for id in BOOK.measures if id != "case_rows"])
def test_examples_of_a_measure_hold_for_the_reader_of_its_words(id):
    """The literal reading of every example, as the file says it."""
    measure = BOOK.measures[id]
    types = {**types_of(measure.counts, BOOK.columns), "cutoff": "timestamp"}
    for example in measure.examples:
        row = {name: moment(value) if types[name] == "timestamp" else truth(value)
               for name, value in example.get("row", {}).items()}
        readings = {key: reading.default for key, reading in BOOK.readings.items()} | dict(example.get("readings", {}))
        assert int(Reader(readings, types).asks(measure.written)(row)) == int(example["counts"]), example["name"]


EXAMPLES = [(id, number) for id, one in BOOK.measures.items() for number in range(len(one.examples))]


@pytest.mark.parametrize(("id", "number"), EXAMPLES)
def test_examples_of_a_measure_hold_for_the_query_that_counts(id, number):
    """The same rows through `facts.<table>_marked`: derived columns as the example gives them, under every reading."""
    measure, example = BOOK.measures[id], BOOK.measures[id].examples[number]
    marks, types = BOOK.marks[measure.counts], types_of(measure.counts, BOOK.columns)
    readings = {key: reading.default for key, reading in BOOK.readings.items()} | dict(example.get("readings", {}))
    given = dict(example.get("row", {}))
    cutoff, within = given.pop("cutoff", "2026-10-10T00:00:00"), "2026-08-01 00:00:00"
    names = dict.fromkeys(types) | {"ref_id": None} | {f"waived_by__{rule}": None for rule in marks.waivers}
    for column in types:
        for derived in ([one.variant(chosen) for chosen in one.variants()] if (one := DERIVED.get(column)) else ()):
            names[derived] = given.get(column)
    names |= {place: within for place in marks.places if names.get(place) is None} | given
    warehouse = Warehouse()
    arrow = {"timestamp": pa.timestamp("us"), "boolean": pa.bool_()}
    kinds = {column: arrow.get(types.get(column.split("__")[0]), pa.string()) for column in names}
    row = {column: pa.array([_typed(value, kinds[column])], kinds[column]) for column, value in names.items()}
    warehouse.store(f"facts.{rows_of(measure.counts)}", pa.table(row))
    warehouse.run("facts/quarter", start=datetime(2026, 1, 1), end=datetime(2027, 1, 1), cutoff=moment(cutoff))
    mark(warehouse, {measure.counts: marks}, BOOK.columns)
    [(found,)] = warehouse.connection.execute(f"select marks_0 from facts.{measure.counts}_marked").fetchall()
    pattern = selection(measure, readings, marks)[1][0]
    assert int(found & pattern == pattern) == int(example["counts"]), example["name"]


def _typed(value, kind):
    if value is None or kind == pa.string():
        return value
    return moment(value) if kind == pa.timestamp("us") else truth(value)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def truth(text: str) -> object:
    return {"true": True, "false": False}.get(text, text)


def test_every_measure_has_its_marks_under_every_reading():
    readings = {id: reading.default for id, reading in BOOK.readings.items()}
    for measure in BOOK.measures.values():
        for id in readings:
            for value in BOOK.readings[id].values:
                place, pattern = selection(measure, {**readings, id: value}, BOOK.marks[measure.counts])
                assert place >= 0 and len(pattern) == BOOK.marks[measure.counts].words


def test_books_of_before_measures_were_declared_load_as_they_were(tmp_path):
    """B7: format 1 takes its eleven measures for granted."""
    today = load_rulebook(FROZEN, TODAY)
    book = changed(tmp_path, "rulebook.yaml", "format: 2\n", "", of=FROZEN)
    shutil.rmtree(book / "measures")
    text = (book / "rulebook.yaml").read_text(encoding="utf-8")
    start, end = text.index("case_rows:"), text.index("sections:")
    (book / "rulebook.yaml").write_text(text[:start] + text[end:], encoding="utf-8")
    old = load_rulebook(book, TODAY)
    assert old.rules.keys() == today.rules.keys() and list(old.rules) == list(today.rules)
    then = {  # types of incident that the standard edition named later are none of those books
        id: replace(m, file="", labels={(column, code): word for (column, code), word in m.labels.items()
                                        if column != "incident_type" or code in old.incident_types})
        for id, m in today.measures.items()
    }
    assert {id: replace(m, file="") for id, m in old.measures.items()} == then
    assert set(old.measures) == {
        "case_rows", "late_signing", "late_reply", "due", "completed", "rated", "satisfied", "refusal", "attitude",
        "instructions_due", "instructions_closed", "instructions_implemented",
    }
