"""A rulebook as a folder: what must be there, what must not, which edition holds on which day."""

from datetime import date
from fractions import Fraction
from shutil import copy

import pytest

from pipelines.model.words import RulebookRefusal
from pipelines.rulebook.load import load_rulebook
from tests.rules.book import FROZEN, STANDARD, TODAY, changed, refused


def test_the_standard_rulebook_is_the_score_sheet():
    """A1 to A4: seven assessed or counted items of the sheet, 100 marks, and a bonus without full marks."""
    book = load_rulebook(FROZEN, TODAY)
    assert {id: int(item.full_marks) for id, item in book.items.items()} == {
        "A1.1": 5, "A1.2": 5, "A1.3": 5, "A2.1": 5, "A2.2": 5, "A2.3": 5,
        "A3.1": 20, "A3.2": 20, "A3.3": 20, "A3.4": 10, "A4": 0,
    }
    assert {id: str(rule.award) for id, rule in book.rules.items() if rule.kind == "award"} == {
        "public_praise": "1/2", "city_leader_praise": "2", "province_leader_praise": "5", "suggestion_adopted": "2",
        "city_media": "1", "province_media": "3", "briefing_praise": "2",
    }
    assert {id: (int(r.target), int(r.each), int(r.deduct)) for id, r in book.rules.items() if r.kind == "rate"} == {
        "completion_rate": (95, 2, 1), "satisfaction_rate": (90, 2, 1),
        "instruction_closing": (100, 2, 1), "instruction_implementation": (100, 2, 1),
    }
    assert {id: r.deduct for id, r in book.rules.items() if r.kind == "occurrence"} == dict.fromkeys(
        ("late_signing", "late_reply", "refusal", "attitude"), Fraction(1, 2)
    )
    assert book.evaluation == {"working_days": 2, "reminder_after_hours": 24}


def test_a_folder_that_is_not_there_is_refused_by_name(tmp_path):
    with pytest.raises(RulebookRefusal) as caught:
        load_rulebook(tmp_path / "nowhere", TODAY)
    assert "nowhere" in caught.value.words.en and caught.value.exit_code == 2


@pytest.mark.parametrize("name", ["rulebook.yaml", "readings.yaml", "regulation.md"])
def test_a_missing_file_is_named(name, tmp_path):
    book = changed(tmp_path, "rulebook.yaml", "edition: standard", "edition: mine")
    (book / name).unlink()
    with pytest.raises(RulebookRefusal) as caught:
        load_rulebook(book, TODAY)
    assert name in caught.value.words.en


def test_a_book_without_a_file_of_verdicts_has_none(tmp_path):
    book = changed(tmp_path, "rulebook.yaml", "edition: standard", "edition: mine")
    (book / "verdicts.yaml").unlink()
    assert load_rulebook(book, TODAY).verdicts == ()


@pytest.mark.parametrize(
    "place", ["late.yaml", "A3.1/deep/late.yaml", "A3.1/late.yml", "A3.1/late.YAML", "A3.9/late.yaml"]
)
def test_a_rule_that_nobody_would_read_is_refused(place, tmp_path):
    book = changed(tmp_path, "rulebook.yaml", "edition: standard", "edition: mine")
    (book / place).parent.mkdir(parents=True, exist_ok=True)
    copy(book / "A3.1/late_reply.yaml", book / place)
    with pytest.raises(RulebookRefusal) as caught:
        load_rulebook(book, TODAY)
    assert place in caught.value.words.en


@pytest.mark.parametrize("content", [b"\xff\xfe\x00rule", b"rule: [", b"- just\n- a list\n", b"word", b""])
def test_a_file_that_is_no_rule_is_refused_with_its_name(content, tmp_path):
    book = changed(tmp_path, "rulebook.yaml", "edition: standard", "edition: mine")
    (book / "A3.1/late_reply.yaml").write_bytes(content)
    assert refused(book).startswith("A3.1/late_reply.yaml, line ")


@pytest.mark.parametrize("name", ["rulebook.yaml", "readings.yaml", "verdicts.yaml", "regulation.md"])
@pytest.mark.parametrize("content", [b"\xff", b"word", b"- a\n- b\n", b"a: b", b"- {a: b}", b""])
def test_no_content_of_a_known_file_ends_in_anything_but_a_refusal(name, content, tmp_path):
    book = changed(tmp_path, "rulebook.yaml", "edition: standard", "edition: mine")
    (book / name).write_bytes(content)
    if name == "verdicts.yaml" and not content:
        assert load_rulebook(book, TODAY).verdicts == ()
    else:
        assert refused(book)


def test_a_day_before_the_edition_is_refused():
    with pytest.raises(RulebookRefusal) as caught:
        load_rulebook(STANDARD, date(2009, 12, 31))
    assert "2010-01-01" in caught.value.words.zh
    assert load_rulebook(STANDARD, date(2010, 1, 1)).edition == "standard"


def two_editions(tmp_path, until: str):
    """late_reply costs 0.5 up to a day and 1 from 2026-07-01 on."""
    old, new = "A3.1/late_reply.yaml", "A3.1/late_reply_2026.yaml"
    book = changed(tmp_path, "rulebook.yaml", "edition: standard", "edition: mine")
    copy(book / old, book / new)
    changed(tmp_path, old, "order: 2", f"in_force: {{to: {until}}}")
    changed(tmp_path, new, "deduct: 0.5\n", "deduct: 1\nin_force: {from: 2026-07-01}\n")
    text = (book / new).read_text(encoding="utf-8")
    for was, now in (("points: -0.5}", "points: -1}"), ("points: -1.5}", "points: -3}")):
        text = text.replace(was, now)
    (book / new).write_text(text, encoding="utf-8")
    return book


def test_an_old_quarter_is_scored_with_the_rule_of_its_time(tmp_path):
    book = two_editions(tmp_path, "2026-06-30")
    assert load_rulebook(book, date(2026, 6, 30)).rules["late_reply"].deduct == Fraction(1, 2)
    assert load_rulebook(book, date(2026, 7, 1)).rules["late_reply"].deduct == 1


def test_two_rules_of_one_id_on_the_same_day_are_refused(tmp_path):
    assert "two rules would hold at once" in refused(two_editions(tmp_path, "2026-07-01"))


def test_a_rule_of_another_time_is_checked_as_well(tmp_path):
    book = two_editions(tmp_path, "2026-06-30")
    text = (book / "A3.1/late_reply.yaml").read_text(encoding="utf-8")
    (book / "A3.1/late_reply.yaml").write_text(text.replace("points: -1.5", "points: -1.4"), encoding="utf-8")
    assert "gives -1.50" in refused(book)


def test_the_digest_depends_on_names_and_bytes_alone(tmp_path):
    book = changed(tmp_path, "rulebook.yaml", "edition: standard", "edition: standard")
    first = load_rulebook(book, TODAY).sha256
    assert first == load_rulebook(STANDARD, TODAY).sha256
    (book / "A3.1/late_reply.yaml").rename(book / "A3.1/reply.yaml")
    second = load_rulebook(book, TODAY).sha256
    changed(tmp_path, "A3.1/reply.yaml", "en: Replied late}", "en: Answered late}")
    assert len({first, second, load_rulebook(book, TODAY).sha256}) == 3


def test_a_book_that_is_changed_where_it_lies_is_read_anew(tmp_path):
    book = changed(tmp_path, "A3.1/late_reply.yaml", "order: 2\n", "order: 3\n")
    first = load_rulebook(book, TODAY)
    assert load_rulebook(book, TODAY) is first  # checked once
    changed(tmp_path, "A3.1/late_reply.yaml", "order: 3\n", "order: 4\n")
    again = load_rulebook(book, TODAY)
    assert (first.rules["late_reply"].order, again.rules["late_reply"].order) == (3, 4)
    assert again.sha256 != first.sha256 and load_rulebook(book, date(2027, 7, 1)) is not again
