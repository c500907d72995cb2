"""`gongping rulebook check`: everything that is wrong at once, nothing that only follows from it, and notes."""

import json
import shutil

import pytest

from pipelines.rulebook.check import check, check_every_day
from tests.cli.conftest import gongping as run_cli
from tests.rules.book import STANDARD, TODAY, changed
from tests.rules.test_refusals import BOOK, BROKEN, RANK, refused

WRONG = {  # in eight files, one thing or several in each
    "A3.1/late_reply.yaml": [("deduct: 0.5", "deduct: half\ndeducts: 1"), ("remedy:", "remdy:")],
    "A3.1/late_signing.yaml": [("points: -20", "points: -19")],
    "A3.2/completion_rate.yaml": [("part: completed", "part: complete")],
    "A1.1/leadership_attention.yaml": [("assessed: A1.1", "assessed: A9.9")],
    "measures/late_reply.yaml": [("replied_at: {after", "replied: {after")],
    "readings.yaml": [("- reading: rank_on\n  clause:", "- reading: rank_on\n  claus:")],
    "verdicts.yaml": [("fact: group_place, equals", "fact: group_plac, equals")],
    "rulebook.yaml": [("working_days: 2", "working_days: two")],
}


@pytest.fixture
def broken(tmp_path):
    book = tmp_path / "book"
    shutil.copytree(STANDARD, book)
    for file, edits in WRONG.items():
        text = (book / file).read_text(encoding="utf-8")
        for old, new in edits:
            assert old in text, (file, old)
            text = text.replace(old, new, 1)
        (book / file).write_text(text, encoding="utf-8")
    return book


def told(book):
    refusals, _ = check(book, TODAY)
    return [one.words.en for one in refusals]


def test_everything_wrong_is_told_at_once(broken):
    said = "\n".join(told(broken))
    for words in (
        "late_reply.yaml, line 8: deduct is 'half'",
        "unknown field deducts",
        "unknown field remdy",
        "remedy is missing",
        "there is no column replied.",
        "unknown field claus",
        "clause is missing",
        "group_plac",
        "working_days",
    ):
        assert words in said, words


def test_what_lies_in_another_file_than_the_book_is_told_beside_it(broken):
    """Once the forms are right, all that is wrong with the meaning is told: examples, names, parts."""
    for file in ("rulebook.yaml", "readings.yaml"):
        shutil.copyfile(STANDARD / file, broken / file)
    said = "\n".join(told(broken))
    for words in ("A3.1/late_signing.yaml", "name is completed", "item A9.9", "there is no column replied."):
        assert words in said, words


def test_what_only_follows_is_not_told(tmp_path):
    """A measure that does not load makes neither its parts nor its rules wrong."""
    book = changed(tmp_path, "measures/due.yaml", "lead_only: {role: lead}", "lead_only: {rol: lead}")
    assert len(told(book)) == 1


@pytest.mark.parametrize("case", BROKEN)
def test_what_the_loader_refuses_is_among_them(case, tmp_path):
    file, old, new, _ = BROKEN[case]
    book = changed(tmp_path, file, old, new)
    first, said = refused(book), told(book)
    place = first.split(": ")[0]
    assert any(words == first or words.startswith(place) for words in said), (first, said)


def test_a_book_that_loads_has_no_refusals_and_no_notes():
    assert check(STANDARD, TODAY) == ([], [])


def test_notes_tell_what_loads_and_may_mislead(tmp_path):
    book = changed(tmp_path, "A3.1/late_reply.yaml", "deduct: 0.5", "deduct: 0.5\nper: occurrence")
    shutil.copyfile(book / "measures" / "late_reply.yaml", book / "measures" / "slow.yaml")
    text = (book / "measures" / "slow.yaml").read_text(encoding="utf-8")
    (book / "measures" / "slow.yaml").write_text(text.replace("measure: late_reply", "measure: slow"), encoding="utf-8")
    (book / "A1.1" / "leadership_attention.yaml").unlink()
    clauses = (book / "regulation.md").read_text(encoding="utf-8")
    place = clauses.index("\n", clauses.index("- en:", clauses.index("## A1.1\n"))) + 1
    reason = "- no rule zh: 试点期间不评。\n- no rule en: Not judged in the trial.\n"
    (book / "regulation.md").write_text(clauses[:place] + reason + clauses[place:], encoding="utf-8")
    refusals, notes = check(book, TODAY)
    assert refusals == []
    said = "\n".join(note.en for note in notes)
    assert "per: occurrence" in said and "late_reply" in said
    assert "measures/slow.yaml: no rule" in said and "no rule judges item A1.1" in said and len(notes) == 3


LATER = """rule: later
clause: A3.1
item: A3.1
title: {zh: 另一规则, en: Another}
measure: late_reply
deduct: 1
in_force: {from: 2027-01-01}
says: {zh: "扣{deduct}分", en: "{deduct} off"}
remedy: {zh: 改进, en: Mend}
examples:
  - {name: none, given: {late_reply: 0}, points: 0}
  - {name: one, given: {late_reply: 1}, points: -1}
  - {name: two, given: {late_reply: 2}, points: -2}
"""


def test_what_is_wrong_on_a_later_day_alone_is_told_with_that_day(tmp_path):
    book = shutil.copytree(STANDARD, tmp_path / "book")
    gives = LATER.replace("deduct: 1", "bands: [{at_least: 1, points: 1}, {points: 0}]").replace("{deduct}", "{points}")
    gives = gives.replace("points: -1", "points: 1").replace("points: -2", "points: 1")
    (book / "A3.1" / "later.yaml").write_text(gives, encoding="utf-8")
    assert check(book, TODAY) == ([], [])
    refusals, _ = check_every_day(book, TODAY)
    [mixed] = [one.words for one in refusals]
    assert mixed.en.startswith("On 2027-01-01: ") and "A3.1" in mixed.en and mixed.zh.startswith("按 2027-01-01 的规则")
    (book / "A3.1" / "later.yaml").write_text(LATER, encoding="utf-8")
    assert check_every_day(book, TODAY) == ([], [])


def test_a_day_between_two_versions_of_an_items_only_rule_is_noted(tmp_path):
    book = changed(
        tmp_path, "A1.1/leadership_attention.yaml", "assessed: A1.1", "assessed: A1.1\nin_force: {to: 2026-08-14}"
    )
    first = (book / "A1.1" / "leadership_attention.yaml").read_text(encoding="utf-8")
    second = first.replace("to: 2026-08-14", "from: 2026-08-20")
    (book / "A1.1" / "second.yaml").write_text(second, encoding="utf-8")
    refusals, notes = check_every_day(book, TODAY)
    assert not refusals and [words.en[:15] for words in notes] == ["On 2026-08-15: "] and "A1.1" in notes[0].en
    assert run_cli("rulebook", "check", book, "--on", "2026-08-20", "--lang", "en").stdout.count("On 20") == 0


def test_a_clause_that_only_a_later_verdict_applies_has_its_reason(tmp_path):
    book = changed(tmp_path, "regulation.md", "## A0.2\n", "## A0.9\n- zh: 另有表彰\n- en: another\n\n## A0.2\n")
    assert "A0.9" in told(book)[0]
    file = book / "verdicts.yaml"
    verdict = """- verdict: ninth
  clause: A0.9
  list: remark
  title: {zh: 提示, en: Remark}
  says: {zh: "第{place}名", en: "{place}"}
  in_force: {from: 2027-01-01}
  when: [{fact: place, at_most: 9}]
  examples:
    - {name: ninth, given: {place: 9}, holds: true}
    - {name: tenth, given: {place: 10}, holds: false}
"""
    file.write_text(file.read_text(encoding="utf-8").rstrip() + "\n" + verdict, encoding="utf-8")
    assert check_every_day(book, TODAY) == ([], [])
    file.write_text(
        file.read_text(encoding="utf-8").replace("place: 10}, holds: false", "place: 10}, holds: true"), "utf-8"
    )
    refusals, _ = check_every_day(book, TODAY)
    assert refusals and all("On 2027-01-01: " in one.words.en for one in refusals)


@pytest.mark.parametrize("name", ["A3.1/late_reply.yaml", "regulation.md"])
def test_a_file_in_another_encoding_is_to_be_saved_as_utf_8(name, tmp_path):
    book = shutil.copytree(STANDARD, tmp_path / "book")
    (book / name).write_bytes((book / name).read_text(encoding="utf-8").encode("gb18030"))
    [said] = told(book)
    assert said.startswith(f"{name}, line 1: is not in UTF-8") and "YAML" not in said


def test_the_verb_ends_with_2_and_prints_every_line(broken):
    result = run_cli("rulebook", "check", str(broken), "--on", "2026-07-01", "--lang", "en")
    assert result.returncode == 2 and "to mend" in result.stdout and result.stdout.count(", line ") >= 8
    report = run_cli("rulebook", "check", str(broken), "--on", "2026-07-01", "--json")
    rows = json.loads(report.stdout)["refusals"]
    assert report.returncode == 2 and {"rulebook.yaml", "verdicts.yaml"} <= {row["file"] for row in rows}
    assert all(row["line"] > 0 and row["zh"] and row["en"] for row in rows)


def test_a_folder_that_is_not_there(tmp_path):
    result = run_cli("rulebook", "check", str(tmp_path / "none"), "--lang", "en")
    assert result.returncode == 2 and "no rulebook folder" in result.stdout


@pytest.mark.parametrize(("groups", "others", "clash"), [
    ("", "", True), ("", "[bureaus]", True), ("[districts, bureaus]", "[bureaus]", True),
    ("[districts]", "[bureaus]", False),
])
def test_what_a_mark_lacks_is_taken_once_of_a_unit(groups, others, clash, tmp_path):
    file = "A1.1/leadership_attention.yaml"
    book = changed(tmp_path, file, "item: A1.1\n", "item: A1.1\n" + (f"groups: {groups}\n" if groups else ""))
    text = (STANDARD / file).read_text(encoding="utf-8").replace("rule: leadership_attention", "rule: second")
    text = text.replace("item: A1.1\n", "item: A1.1\n" + (f"groups: {others}\n" if others else ""))
    (book / "A1.1" / "second.yaml").write_text(text, encoding="utf-8")
    said = "\n".join(told(book))
    assert ("A1.1/second.yaml, line" in said and "would be taken twice" in said) == clash


@pytest.mark.parametrize(("more", "noted"), [
    ("grades:\n  - {id: high, at_least: 90, title: {zh: 良, en: A}}\n"
     "  - {id: low, at_least: 0, title: {zh: 良, en: B}}\n",
     "low and high have the same title “良”"),
    ("lists: [{id: red, title: {zh: 红, en: List}}, {id: blue, title: {zh: 蓝, en: List}}]\n",
     "blue and red have the same title “List”"),
    ("lists: [{id: red, title: {zh: 红, en: Red}}, {id: blue, title: {zh: 蓝, en: Blue}}]\n", ""),
])
def test_two_of_one_title_are_noted(more, noted, tmp_path):
    """Such a book loads: older ones may have it."""
    book = changed(tmp_path, BOOK, RANK, more + RANK)
    refusals, notes = check(book, TODAY)
    assert not refusals
    said = [one.en for one in notes if "have the same title" in one.en]
    assert [one.startswith(noted) for one in said] == ([True] if noted else [])
